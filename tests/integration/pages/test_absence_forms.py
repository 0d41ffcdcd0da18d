"""An absence stays unexplained until a named agent qualifies it; what is known of it stands beside the form."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from shared.ids import new_id
from tests.doors import OFFER, START, a_house, csv_of, person, xlsx_of
from tests.forms import Visitor


@pytest.fixture(scope="module")
def absent(tmp_path_factory):
    """Return a house in which one of the people of a signed roll was absent, and that person's reference."""
    with a_house(tmp_path_factory.mktemp("absences") / "var") as house:
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.send("mars.csv", csv_of([person(n) for n in range(1, 25)])).raise_for_status()
        run_id = str(new_id())
        body = {"territory": "93", "programme": "cir-2019", "publish_on": str(START.date()), "work_limit": 2}
        house.planner.put(f"/planning/api/v1/runs/{run_id}", body)
        house.stage.run_jobs()
        house.planner.post(f"/planning/api/v1/runs/{run_id}/publication")
        house.drain()
        body_door = house.door("body-ORG")
        day = START
        while True:
            day += timedelta(days=1)
            house.clock.set(datetime(day.year, day.month, day.day, 20, tzinfo=UTC))
            rolls = [
                one
                for one in body_door.items("/attendance/api/v1/rolls", day=str(day.date()), people="true")
                if one["people"]
            ]
            if rolls:
                break
        missing = rolls[0]["people"][0]
        marks = [
            {"id": str(new_id()), "signatory_id": one["signatory_id"]}
            | ({"status": "absent_unexplained"} if one is missing else {"status": "present", "act": "qr"})
            for one in rolls[0]["people"]
        ]
        body_door.post(
            "/attendance/api/v1/rolls/marks", {"rolls": [{"meeting_id": rolls[0]["id"], "marks": marks, "sign": True}]}
        )
        house.drain()
        yield house, missing["reference"]


def test_an_agent_of_another_territory_may_not_qualify_it(absent):
    house, reference = absent
    planner = Visitor(house, "planner")
    house.account("elsewhere", "planner", "75")
    other = Visitor(house, "elsewhere")
    assert reference not in other.open("/attendance/absences").text
    other.page = planner.open("/attendance/absences")

    assert other.send("/absences/", reason="health").status_code == 403


def test_an_agent_notes_an_attempt_then_qualifies_the_absence_with_its_reason(absent):
    house, reference = absent
    planner = Visitor(house, "planner")
    listed = planner.open("/attendance/absences")
    assert reference in listed.text
    assert "personne n’a encore tenté" in listed.text

    tried = planner.send("/attempts", attempt="call:no_answer")
    assert "1 tentative" in re.sub(r"<[^>]+>", "", tried.text)

    done = planner.send("/absences/", reason="health")
    assert reference not in done.text
    assert "Aucune absence à qualifier" in done.text

"""Somebody who does not read was told by a person: from then on attendance has the proof that they were invited."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.forms import Visitor
from tests.integration.attendance.taken import a_roll_taken


def absence_of(door, person):
    items = door.items("/attendance/api/v1/absences", territory="93")
    return next(one for one in items if one["signatory_id"] == person)


def session_of(door, task):
    return door.get(f"/notices/api/v1/notices/{task['notice_id']}")["session_id"]


def test_a_convocation_is_proven_once_somebody_says_on_which_day_they_told_it(tmp_path):
    with a_roll_taken(tmp_path / "var", lecture="non") as (house, roll, missing):
        planner, who = house.planner, missing["signatory_id"]
        assert absence_of(planner, who)["proof"] is False
        relays = planner.items("/notices/api/v1/tasks", territory="93", kind="relay")
        theirs = [one for one in relays if (one["person_id"], one["about"]) == (who, "convocation")]
        relay = next(one for one in theirs if session_of(planner, one) == roll["session_id"])

        visitor = Visitor(house, "planner")
        page = visitor.open("/notices/tasks?kind=relay")
        assert "jour passé" in page.text
        local = datetime.fromisoformat(relay["due_by"]).astimezone(ZoneInfo("Europe/Paris"))
        assert f"avant le {local:%d/%m/%Y %H:%M}" in " ".join(re.sub(r"<[^>]+>", "", page.text).split())
        visitor.send(f"/notices/tasks/{relay['id']}", outcome="told_by_helper", on="yesterday")
        assert absence_of(planner, who)["proof"] is False
        visitor.open("/notices/tasks?kind=relay")
        visitor.send(f"/notices/tasks/{relay['id']}", outcome="told_by_helper", on=relay["made_at"][:10])
        house.drain()

        assert absence_of(planner, who)["proof"] is True
        notice = planner.get(f"/notices/api/v1/notices/{relay['notice_id']}")
        (done,) = notice["tasks"]
        assert (done["outcome"], done["done_on"], done["actor"]) == (
            "told_by_helper", relay["made_at"][:10], "planner:planner",
        )  # fmt: skip
        shown = visitor.open(f"/notices/messages/{relay['notice_id']}").text
        assert "dit par la personne de confiance" in shown

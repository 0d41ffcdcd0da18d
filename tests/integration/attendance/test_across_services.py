"""What a roll sets off in the other services, and what its correction takes back; missing rolls; the command line."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from parcours.cli import cli
from shared.ids import new_id
from tests.doors import OFFER, SCANNED, START, a_house, csv_of, person, xlsx_of


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Return a house whose month is planned and published, and its folder."""
    var = tmp_path_factory.mktemp("across") / "var"
    with a_house(var) as house:
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.send("mars.csv", csv_of([person(n) for n in range(1, 25)])).raise_for_status()
        run_id = str(new_id())
        body = {"territory": "93", "programme": "cir-2019", "publish_on": str(START.date()), "work_limit": 2}
        house.planner.put(f"/planning/api/v1/runs/{run_id}", body)
        house.stage.run_jobs()
        house.planner.post(f"/planning/api/v1/runs/{run_id}/publication")
        house.drain()
        house.var = var
        yield house


def rolls_on(house, day):
    listed = house.door("body-ORG").items("/attendance/api/v1/rolls", day=str(day.date()), people="true")
    return [one for one in listed if one["people"]]


def first_civic_day(house):
    """Return the first day with civic rolls, its half-days in order."""
    day = START
    while True:
        day += timedelta(days=1)
        house.clock.set(datetime(day.year, day.month, day.day, 18, tzinfo=UTC))
        found = [one for one in rolls_on(house, day) if one["training"] == "civic"]
        if found:
            (session, *_) = {one["session_id"] for one in found}
            return sorted((one for one in found if one["session_id"] == session), key=lambda one: one["starts_at"])


def take(house, roll, absent):
    marks = [
        {"id": str(new_id()), "signatory_id": one["signatory_id"]}
        | ({"status": "absent_unexplained"} if one["signatory_id"] == absent else {"status": "present", **SCANNED})
        for one in roll["people"]
    ]
    body = {"rolls": [{"meeting_id": roll["id"], "marks": marks, "sign": True}]}
    (answer,) = house.door("body-ORG").post("/attendance/api/v1/rolls/marks", body)["rolls"]
    assert answer["code"] == "", answer


def needs_of(house, who, part):
    found = [
        one
        for one in house.planner.items("/planning/api/v1/needs", territory="93")
        if (one["signatory_id"], one["part"]) == (who, part)
    ]
    return [(one["again"], one["state"]) for one in sorted(found, key=lambda one: one["again"])]


def test_a_missed_day_that_a_correction_takes_back_is_taken_back_everywhere(planned):
    house = planned
    morning, *rest = first_civic_day(house)
    somebody = morning["people"][0]
    who, part = somebody["signatory_id"], morning["part"]
    for roll in (morning, *rest):
        take(house, roll, who)
    house.drain()
    assert needs_of(house, who, part) == [(0, "replaced"), (1, "open")]
    house.clock.set(house.clock.now() + timedelta(days=1))
    house.drain()
    kinds = [one["kind"] for one in house.notices_of(somebody["reference"])]
    assert "missed" in kinds

    headers = {"Authorization": f"Bearer {house.token('body-ORG')}"}
    for n, roll in enumerate((morning, *rest)):
        mark = {"id": str(new_id()), "signatory_id": who, "status": "present", **SCANNED}
        body = {"mark": mark, "reason": "person_proved_presence"}
        path = f"/attendance/api/v1/rolls/{roll['id']}/corrections"
        house.client.post(path, json=body, headers=headers).raise_for_status()
        house.drain()
        whole_day = n == len(rest)
        assert needs_of(house, who, part) == (
            [(0, "placed"), (1, "not_owed")] if whole_day else [(0, "replaced"), (1, "open")]
        )

    kinds = [one["kind"] for one in house.notices_of(somebody["reference"])]
    assert kinds.count("not_missed") == 1
    versions = house.client.get(f"/attendance/api/v1/rolls/{morning['id']}/versions", headers=headers).json()["marks"]
    assert [one["version"] for one in versions if one["signatory_id"] == who] == [1, 2]


def correct(house, roll, who, **changed):
    mark = {"id": str(new_id()), "signatory_id": who, "status": "present", **SCANNED, **changed}
    body = {"mark": mark, "reason": "came_later"}
    headers = {"Authorization": f"Bearer {house.token('body-ORG')}"}
    path = f"/attendance/api/v1/rolls/{roll['id']}/corrections"
    house.client.post(path, json=body, headers=headers).raise_for_status()
    house.drain()


def test_a_civic_day_bears_some_minutes_and_a_longer_lateness_opens_it_again_without_a_reproach(planned):
    house = planned
    house.clock.set(house.clock.now() + timedelta(days=1))
    day = house.clock.now()
    while not (rolls := [one for one in rolls_on(house, day) if one["training"] == "civic" and one["state"] == "open"]):
        day += timedelta(days=1)
        house.clock.set(datetime(day.year, day.month, day.day, 18, tzinfo=UTC))
    session = rolls[0]["session_id"]
    rolls = sorted((one for one in rolls if one["session_id"] == session), key=lambda one: one["starts_at"])
    who, part = rolls[0]["people"][0]["signatory_id"], rolls[0]["part"]
    for roll in rolls:
        take(house, roll, None)
    house.drain()
    (before,) = needs_of(house, who, part)[-1:]
    assert before[1] in {"placed", "followed"}

    correct(house, rolls[0], who, status="late", minutes_lost=20)
    assert needs_of(house, who, part)[-1] == before, "some minutes are borne"
    correct(house, rolls[0], who, status="late", minutes_lost=90)
    assert needs_of(house, who, part)[-2:] == [(before[0], "replaced"), (before[0] + 1, "open")]
    correct(house, rolls[0], who)
    assert needs_of(house, who, part)[-2:] == [(before[0], "placed"), (before[0] + 1, "not_owed")]

    reference = rolls[0]["people"][0]["reference"]
    assert not {"missed", "not_missed"} & {one["kind"] for one in house.notices_of(reference)}


def test_a_roll_that_nobody_takes_comes_to_the_worklist_of_ofii_and_goes_when_it_is_taken(planned):
    house = planned
    house.drain()
    day = house.clock.now()
    while not (open_rolls := [one for one in rolls_on(house, day) if one["state"] == "open"]):
        day += timedelta(days=1)
        house.clock.set(datetime(day.year, day.month, day.day, 18, tzinfo=UTC))

    def waiting():
        listed = house.ask("planner", "GET", "/worklist?territory=93").json()
        rows = listed["items"] if isinstance(listed, dict) else listed
        return [one for one in rows if one["kind"] == "missing_roll" and one["due_on"] == str(day.date())]

    house.drain()
    assert waiting() == [], "the training body is asked first"
    mine = house.door("body-ORG").get("/attendance/api/v1/missing-rolls", stage="provider")["items"]
    assert open_rolls[0]["id"] in {one["id"] for one in mine}
    house.clock.set(house.clock.now() + timedelta(days=4))
    house.drain()
    assert len(waiting()) == len(open_rolls)

    for roll in open_rolls:
        take(house, roll, None)
    house.clock.set(house.clock.now() + timedelta(hours=1))
    house.drain()
    assert waiting() == []


def test_what_was_sealed_is_verified_from_the_command_line_and_an_altered_mark_is_named(planned, monkeypatch):
    house = planned
    house.clock.set(house.clock.now() + timedelta(days=1))
    house.drain()
    monkeypatch.setenv("PARCOURS_VAR", str(house.var))
    runner = CliRunner()

    good = runner.invoke(cli, ["attendance", "verify"])
    assert good.exit_code == 0, good.output
    assert "everything is as it was sealed" in good.output
    assert "notifications, scheduler" in good.output
    again = runner.invoke(cli, ["attendance", "rebuild"])
    assert (again.exit_code, "the numbers are the same" in again.output) == (0, True), again.output

    database = house.house.services["attendance"].database
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER mark_append_only_update")
        (mark,) = connection.exec_driver_sql("SELECT id FROM mark WHERE status = 'present' LIMIT 1").one()
        connection.exec_driver_sql("UPDATE mark SET minutes_lost = 30, status = 'late' WHERE id = ?", (mark,))
    bad = runner.invoke(cli, ["attendance", "verify"])
    assert bad.exit_code == 1
    assert f"mark {mark[:8]}" in bad.output
    assert "mark_altered" in bad.output
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE mark SET minutes_lost = 0, status = 'present' WHERE id = ?", (mark,))
    assert runner.invoke(cli, ["attendance", "verify", "--head", "nonsense"]).exit_code == 2
    assert runner.invoke(cli, ["attendance", "verify"]).exit_code == 0

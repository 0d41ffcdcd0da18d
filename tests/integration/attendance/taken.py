"""A house in which a roll was taken and signed, and one of its people was absent."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from shared.ids import new_id
from tests.doors import OFFER, SCANNED, START, a_house, csv_of, person, xlsx_of


@contextmanager
def a_roll_taken(var, **everybody):
    """Yield the house, the roll, and who of its people was absent; `everybody` is what their rows say alike."""
    with a_house(var) as house:
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.send("mars.csv", csv_of([person(n, **everybody) for n in range(1, 25)])).raise_for_status()
        run_id = str(new_id())
        body = {"territory": "93", "programme": "cir-2019", "publish_on": str(START.date()), "work_limit": 2}
        house.planner.put(f"/planning/api/v1/runs/{run_id}", body)
        house.stage.run_jobs()
        house.planner.post(f"/planning/api/v1/runs/{run_id}/publication")
        house.drain()
        body_door = house.door("body-ORG")
        day = START
        rolls = []
        while not rolls:
            day += timedelta(days=1)
            house.clock.set(datetime(day.year, day.month, day.day, 20, tzinfo=UTC))
            listed = body_door.items("/attendance/api/v1/rolls", day=str(day.date()), people="true")
            rolls = [one for one in listed if one["people"]]
        missing = rolls[0]["people"][0]
        marks = [
            {"id": str(new_id()), "signatory_id": one["signatory_id"]}
            | ({"status": "absent_unexplained"} if one is missing else {"status": "present", **SCANNED})
            for one in rolls[0]["people"]
        ]
        body_door.post(
            "/attendance/api/v1/rolls/marks", {"rolls": [{"meeting_id": rolls[0]["id"], "marks": marks, "sign": True}]}
        )
        house.drain()
        yield house, rolls[0], missing

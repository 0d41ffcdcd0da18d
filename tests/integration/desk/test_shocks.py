"""After a shock only those move who must, started groups stay, and whoever moves is listed with the reason."""

from datetime import timedelta

import pytest

from services.scheduler import storage
from services.scheduler.usecases import shocks
from shared.errors import ConflictError, ForbiddenError
from shared.rights import Principal
from tests.doors import OFFER, xlsx_of


def shaken(counter):
    return counter.do(shocks.no_longer_hold, "93", "cir-2019")


def offer(counter, sheet, rows):
    counter.send("offer", "offre.xlsx", xlsx_of({**OFFER, sheet: [OFFER[sheet][0], *rows]}))


def seated(counter, session_id):
    active = storage.placement.c.state == "active"
    return {
        row["need_id"] for row in counter.rows(storage.placement, storage.placement.c.session_id == session_id, active)
    }


def test_what_is_published_holds_until_the_offer_changes(counter):
    assert shaken(counter) == []


def test_a_closed_day_moves_the_people_of_its_group_and_nobody_else(counter):
    sessions = counter.rows(storage.session)
    hit = min((row for row in sessions if row["training"] == "civic"), key=lambda row: row["starts_on"])
    others = {row["id"]: seated(counter, row["id"]) for row in sessions if row["id"] != hit["id"]}
    day = str(hit["starts_on"])
    offer(counter, "fermetures", [["*", day, day, "panne"]])
    (found,) = [one for one in shaken(counter) if one["id"] == hit["id"]]
    assert found["reasons"][0]["rule"] == "calendar"
    told = seated(counter, hit["id"])
    assert found["people"] > 0

    counter.do(shocks.cancel, hit["id"], "calendar")
    for one in shaken(counter):
        others.pop(one["id"], None)
    run = counter.plan()
    counter.publish(run)

    for key, before in others.items():
        assert before <= seated(counter, key), "who was told of another group stays there"
    moved = counter.do(shocks.moved, run)
    assert moved
    assert {one["why"] for one in moved} == {shocks.REASONS["calendar"]}
    after = counter.rows(storage.placement, storage.placement.c.state == "active")
    again = {row["need_id"] for row in after} & told
    assert len(moved) == len(again), "everybody who moved is listed, once for each seat"
    meetings = counter.rows(storage.meeting, storage.meeting.c.day == hit["starts_on"])
    assert meetings == [], "nothing is taught on the closed day"


def test_a_trainer_who_leaves_and_an_order_that_is_cut_are_seen(counter):
    civic = [row for row in counter.rows(storage.session) if row["training"] == "civic"]
    gone = [row if row[0] != "F1" else [*row[:-1], "2025-04-01/2026-12-31"] for row in OFFER["formateurs"][1:]]
    offer(counter, "formateurs", gone)
    found = {one["id"]: one["reasons"][0]["rule"] for one in shaken(counter)}
    assert {found[row["id"]] for row in civic} == {"trainer"}

    offer(counter, "formateurs", OFFER["formateurs"][1:])
    cut = [[*row[:6], 14, *row[7:]] if row[0] == "L1" else row for row in OFFER["lots"][1:]]
    offer(counter, "lots", cut)
    named = [one for one in shaken(counter) if one["reasons"][0]["rule"] == "lot"]
    assert named
    assert named[-1]["starts_on"] == max(row["starts_on"] for row in civic), "those that start last go first"


def test_a_group_that_has_begun_or_is_somebody_elses_is_not_cancelled(counter):
    session = counter.rows(storage.session)[0]
    other = Principal(kind="person", id="x", role="planner", scope="75")
    with pytest.raises(ForbiddenError):
        counter.do(shocks.cancel, session["id"], "room", who=other)
    counter.clock.set(counter.clock.now() + timedelta(days=(session["starts_on"] - counter.clock.now().date()).days))

    with pytest.raises(ConflictError) as refused:
        counter.do(shocks.cancel, session["id"], "room")

    assert refused.value.code == "session_started"
    assert seated(counter, session["id"])

"""Rescue: a course that ends after the term, a faster group that fits, the move; or the rule that stands in the way."""

from datetime import timedelta

import pytest

from services.scheduler import storage
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import Plan, SolverFacts, Unplaced
from services.scheduler.usecases import planning, rescue
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.ids import new_id
from shared.rights import Principal
from tests.doors import OFFER, person, xlsx_of
from tests.integration.desk.counter import PLANNER, Counter
from tests.integration.desk.test_races import at_once

MORNINGS = dict.fromkeys(("lundi", "mardi", "mercredi", "jeudi", "vendredi"), "M") | {"samedi": ""}
ALL_DAY = dict.fromkeys(MORNINGS, "MA") | {"samedi": ""}
SIGNED = {"date_signature": "2024-07-15"}  # the term is on 14 July 2025
TWO_TRAINERS = {
    **OFFER,
    "formateurs": [*OFFER["formateurs"], ["F3", "ORG", "Formatrice 3", "600;400;200;100", "", *["MA"] * 5, "", 10, ""]],
}
SLOW, QUICK = range(1, 9), range(9, 18)


@pytest.fixture
def counter(database_url, tmp_path):
    """Eight people in a slow morning course that ends after their term, nine in an intensive one."""
    counter = Counter(tmp_path, database_url)
    counter.send("offer", "offre.xlsx", xlsx_of(TWO_TRAINERS))
    counter.take_in(SLOW, **SIGNED, **MORNINGS)
    counter.take_in(QUICK, **SIGNED, **ALL_DAY)
    counter.publish(counter.plan(work_limit=8))
    yield counter
    counter.close()


def late(counter, who=PLANNER):
    return counter.do(rescue.late, "93", who=who)


def free_all_day(counter, *numbers):
    counter.take_in(numbers, **SIGNED, **ALL_DAY)


def seats(counter, signatory_id):
    table = storage.placement
    rows = counter.rows(table, table.c.signatory_id == signatory_id, table.c.part == "200")
    return {row["session_id"]: row["state"] for row in rows}


def holds(counter):
    """Say whether the judge finds nothing wrong with everything that is published."""
    run = {"territory": "93", "programme": "cir-2019", "publish_on": counter.clock.now().date()}
    problem = counter.do(planning.build, run)
    seated = {one.need for one in problem.placements}
    plan = Plan(
        problem=problem.fingerprint,
        sessions=problem.sessions,
        placements=problem.placements,
        unplaced=tuple(
            Unplaced(need=one.id, code="x", rules=(), fr="x", en="x") for one in problem.needs if one.id not in seated
        ),
        solver=SolverFacts(name="x", version="1", seed=0, status="limit", milliseconds=0, work=0),
    )
    return breaches(problem, plan) == []


def test_who_ends_after_the_term_is_listed_with_the_rule_that_stands_in_the_way(counter):
    found = late(counter)

    assert len(found) == 8
    for one in found:
        assert one["ends_on"] > one["term_on"]
        assert one["ways"] == []
        assert one["why"]["code"] == "no_availability"
        assert "ne peut pas venir" in one["why"]["fr"]
        assert "Bobigny" in one["why"]["en"]


def test_who_can_come_all_day_moves_into_the_faster_group_and_is_told_once(counter):
    free_all_day(counter, 1)
    case = next(one for one in late(counter) if one["reference"] == person(1)["reference"])
    way = case["ways"][0]
    assert way["ends_on"] <= case["term_on"] < case["ends_on"]
    assert way["run_id"] is None
    before = seats(counter, case["signatory_id"])

    moved = counter.do(rescue.move, case["placement_id"], way["session_id"])
    again = counter.do(rescue.move, case["placement_id"], way["session_id"])

    assert again == moved
    assert (moved["session_id"], moved["ends_on"]) == (way["session_id"], way["ends_on"])
    after = seats(counter, case["signatory_id"])
    assert after == dict.fromkeys(before, "withdrawn") | {way["session_id"]: "active"}
    assert case["reference"] not in {one["reference"] for one in late(counter)}
    assert counter.crowded() == {}
    assert holds(counter)
    times = counter.rows(storage.seat_time, storage.seat_time.c.placement_id == case["placement_id"])
    assert times == []


def test_a_full_group_is_named_as_full(counter):
    free_all_day(counter, *SLOW)
    found = late(counter)
    for one in found[:6]:
        counter.do(rescue.move, one["placement_id"], one["ways"][0]["session_id"])

    left = late(counter)

    assert len(left) == 2, "fifteen seats: nine were taken"
    assert {one["why"]["code"] for one in left} == {"no_size"}
    with pytest.raises(ConflictError) as refused:
        counter.do(rescue.move, found[6]["placement_id"], found[6]["ways"][0]["session_id"])
    assert refused.value.code == "no_longer_fits"
    assert counter.crowded() == {}


def test_eight_who_press_at_once_share_the_six_seats_that_are_left(counter):
    free_all_day(counter, *SLOW)
    found = late(counter)

    moved = at_once(
        [
            lambda one=one: counter.do(rescue.move, one["placement_id"], one["ways"][0]["session_id"])
            for one in (*found, *found[:2])  # two of them twice
        ]
    )

    assert moved in {6, 7, 8}, "who presses twice is answered twice"
    assert len(late(counter)) == 2
    assert counter.crowded() == {}
    assert holds(counter)


def test_a_course_that_has_begun_is_not_left(counter):
    free_all_day(counter, 1)
    case = next(one for one in late(counter) if one["ways"])
    counter.clock.set(counter.clock.now() + timedelta(days=(case["joins_on"] - counter.clock.now().date()).days))

    begun = next(one for one in late(counter) if one["reference"] == case["reference"])
    assert (begun["ways"], begun["why"]["code"]) == ([], "course_begun")
    with pytest.raises(ConflictError) as refused:
        counter.do(rescue.move, case["placement_id"], case["ways"][0]["session_id"])
    assert refused.value.code == "course_begun"


def test_nobody_moves_into_a_group_that_is_not_a_way_out(counter):
    case = late(counter)[0]
    own, other = seats(counter, case["signatory_id"]), counter.rows(storage.session)

    for session in other:
        with pytest.raises(ConflictError):
            counter.do(rescue.move, case["placement_id"], session["id"])
    with pytest.raises(ConflictError):
        counter.do(rescue.move, case["placement_id"], new_id())
    with pytest.raises(NotFoundError):
        counter.do(rescue.move, new_id(), other[0]["id"])
    on_time = next(
        row
        for row in counter.rows(storage.placement, storage.placement.c.part == "200")
        if row["signatory_id"] not in {one["signatory_id"] for one in late(counter)}
    )
    with pytest.raises(ConflictError) as refused:
        counter.do(rescue.move, on_time["id"], next(iter(own)))
    assert refused.value.code == "no_longer_fits"
    assert seats(counter, case["signatory_id"]) == own


def test_rescue_is_of_ones_own_territory(counter):
    free_all_day(counter, 1)
    case = next(one for one in late(counter) if one["ways"])
    other = Principal(kind="person", id="x", role="planner", scope="75")

    with pytest.raises(ForbiddenError):
        late(counter, who=other)
    with pytest.raises(ForbiddenError):
        counter.do(rescue.move, case["placement_id"], case["ways"][0]["session_id"], who=other)


def test_a_plan_that_is_ready_shows_its_faster_group_before_it_is_published(counter):
    free_all_day(counter, *SLOW)
    for one in late(counter)[:6]:
        counter.do(rescue.move, one["placement_id"], one["ways"][0]["session_id"])
    more = {**TWO_TRAINERS, "salles": [*OFFER["salles"], ["R3", "S1", "Salle 3", 25, "oui"]]}
    more["formateurs"] = [*TWO_TRAINERS["formateurs"], ["F4", "ORG", "Formateur 4", "200", "", *["MA"] * 5, "", 10, ""]]
    counter.send("offer", "offre.xlsx", xlsx_of(more))
    counter.take_in(range(30, 40), **SIGNED, **(ALL_DAY | {"mercredi": ""}))  # never in the slow course
    run_id = counter.plan(work_limit=8)

    waiting = late(counter)

    assert len(waiting) == 2
    assert {way["run_id"] for one in waiting for way in one["ways"]} == {run_id}
    with pytest.raises(ConflictError):
        counter.do(rescue.move, waiting[0]["placement_id"], waiting[0]["ways"][0]["session_id"])
    counter.publish(run_id)
    case = late(counter)[0]
    counter.do(rescue.move, case["placement_id"], case["ways"][0]["session_id"])
    assert len(late(counter)) == 1


def test_a_plan_made_before_a_move_is_published_with_what_still_holds(counter):
    free_all_day(counter, 1)
    case = next(one for one in late(counter) if one["ways"])
    counter.take_in(range(30, 34), **ALL_DAY)
    run_id = counter.plan()

    counter.do(rescue.move, case["placement_id"], case["ways"][0]["session_id"])
    counter.publish(run_id)

    assert seats(counter, case["signatory_id"])[case["ways"][0]["session_id"]] == "active"
    assert counter.crowded() == {}

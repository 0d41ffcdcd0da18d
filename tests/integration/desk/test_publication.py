"""A plan is published onto what stands by then: seats of desks are kept, what no longer holds goes back to waiting."""

from datetime import timedelta
from itertools import count

from services.scheduler import storage
from services.scheduler.domain.life import Act
from services.scheduler.usecases import desk, life
from shared.ids import new_id
from tests.integration.desk.counter import AUDITOR

_numbers = count(400)


def test_seats_given_at_a_desk_after_the_plan_was_made_stay_and_the_plan_goes_around_them(counter):
    people = counter.take_in([next(_numbers) for _ in range(14)])
    run = counter.plan()
    for person in people[:6]:
        shown = counter.do(desk.show, new_id(), person, who=AUDITOR)
        counter.do(desk.take, shown["id"], 1, who=AUDITOR) if shown["itineraries"] else None
    at_the_desk = counter.rows(storage.placement, storage.placement.c.actor == AUDITOR.actor)
    assert at_the_desk
    held = counter.do(desk.show, new_id(), people[13], who=AUDITOR)

    published = counter.publish(run)

    assert published["state"] == "published"
    assert counter.crowded() == {}
    after = counter.rows(storage.placement, storage.placement.c.state == "active")
    assert [row["id"] for row in at_the_desk] == [row["id"] for row in at_the_desk if row in after]
    needs = [row["need_id"] for row in after]
    assert len(needs) == len(set(needs)), "no need has two seats"
    assert counter.rows(storage.seat_hold) or not held["itineraries"], "the desk still holds what it shows"


def test_whoever_may_not_be_seated_any_more_loses_the_planned_seat_and_is_listed(counter):
    people = counter.take_in([next(_numbers) for _ in range(14)])
    run = counter.plan()
    planned = {one.need for one in counter.plan_of(run).placements}
    needs = counter.rows(storage.need, storage.need.c.signatory_id == people[0])
    assert planned & {str(row["id"]) for row in needs}
    (contract,) = counter.rows(storage.contract, storage.contract.c.signatory_id == people[0])
    counter.do(
        life.act, new_id(), contract["id"], Act(move="postpone", on=counter.clock.now().date(), reason="illness")
    )

    counter.publish(run)

    assert counter.rows(storage.placement, storage.placement.c.signatory_id == people[0]) == []
    states = {row["state"] for row in counter.rows(storage.need, storage.need.c.signatory_id == people[0])}
    assert states == {"held"}


def test_a_plan_published_too_late_for_the_notice_leaves_those_seats_waiting_with_the_reason(counter):
    people = counter.take_in([next(_numbers) for _ in range(14)])
    run = counter.plan()
    first = min(one.joins_on for one in counter.plan_of(run).placements if one.need in _needs_of(counter, people))
    late = first - timedelta(days=1)
    counter.clock.set(counter.clock.now().replace(month=late.month, day=late.day, year=late.year))

    published = counter.publish(run)

    assert published["summary"]["lost"] > 0
    waiting = counter.rows(storage.need, storage.need.c.state == "unplaced")
    assert {row["reason"]["code"] for row in waiting} >= {"seat_gone"}
    for row in counter.rows(storage.placement, storage.placement.c.changed_at == counter.clock.now()):
        assert (row["joins_on"] - late).days >= 7


def _needs_of(counter, people):
    return {str(row["id"]) for row in counter.rows(storage.need, storage.need.c.signatory_id.in_(people))}

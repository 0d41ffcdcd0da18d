"""The desk without a database: what it offers breaks no rule of the judge, and nothing better is left out."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.scheduler.domain.desk import Guest, Opening, Shelf, itineraries, units_of
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.problem import LotUnit, Placement, SessionState, Training
from services.scheduler.domain.travel import Travel
from services.scheduler.domain.view import View, capacity, followed_meetings
from services.scheduler.solver import solve
from tests.unit.scheduler import builders as a


def published(problem, found, without):
    """Return the problem in which a plan is published and one person has no seat."""
    sessions = tuple(replace(one, state=SessionState.PUBLISHED) for one in found.sessions)
    mine = {need.id for need in problem.needs if need.person == without}
    seats = tuple(replace(one, told=True, pinned=True) for one in found.placements if one.need not in mine)
    return replace(problem, sessions=sessions, placements=seats)


def shelf_of(problem):
    view = View(problem, a.plan(problem, problem.sessions, problem.placements))
    taken, left = {}, {lot.id: lot.ordered - lot.consumed for lot in problem.lots}
    for seat in view.seats:
        parts = taken.setdefault(seat.session.id, {})
        parts[seat.need.part] = parts.get(seat.need.part, 0) + 1
        lot = view.lots[seat.session.lot]
        left[lot.id] -= 1 if lot.unit is LotUnit.PERSON_DAYS else sum(one.minutes for one in seat.meetings)
    openings = [Opening.of(one, capacity(problem, one)) for one in problem.sessions]
    return Shelf(problem, openings, taken, left)


def guest_of(problem, name):
    person = next(one for one in problem.people if one.id == name)
    travel = Travel(problem)
    needs = [one for one in problem.needs if one.person == name]
    guest = Guest.of(
        person,
        busy=(),
        minutes={site.id: travel.minutes(person, site) for site in problem.sites},
        first_day=problem.publish_on + timedelta(days=problem.rules.notice_days[person.channel]),
        until=max(meeting.day for session in problem.sessions for meeting in session.meetings),
        owes_course=any(one.training is Training.LANGUAGE for one in needs),
    )
    return guest, units_of(needs, problem.rules, problem.today, problem.weights)


def with_seats(problem, itinerary):
    added = tuple(
        Placement(need=need.id, session=step.opening.session.id, joins_on=step.days[need.part])
        for step in itinerary.steps
        for need in step.unit.needs
    )
    return a.plan(problem, problem.sessions, problem.placements + added)


@pytest.mark.parametrize("seed", range(6))
def test_what_the_desk_offers_breaks_no_rule_of_the_judge(seed):
    problem = a.scarce_problem(seed)
    found = solve(problem, work_limit=3, seed=seed)
    offered = 0
    for person in problem.people[:12]:
        told = published(problem, found, person.id)
        guest, units = guest_of(told, person.id)
        for itinerary in itineraries(guest, units, shelf_of(told)):
            offered += 1
            assert breaches(told, with_seats(told, itinerary)) == []
    assert offered > 0


@pytest.mark.parametrize("seed", range(6))
def test_whoever_has_a_seat_in_the_plan_is_offered_itineraries_at_least_as_good(seed):
    problem = a.scarce_problem(seed)
    found = solve(problem, work_limit=3, seed=seed)
    seated = {seat.person.id for seat in View(problem, found).seats if seat.need.part == "S1"}
    for person in sorted(seated)[:10]:
        told = published(problem, found, person)
        guest, units = guest_of(told, person)
        first = next(unit for unit in units if unit.training is Training.CIVIC)
        best = itineraries(guest, units, shelf_of(told))[0]
        assert any(step.unit == first for step in best.steps), "the seat that the plan gave is still there"


def test_three_itineraries_are_the_three_best_and_never_share_a_half_day():
    monday = a.MONDAY + timedelta(days=14)
    civic = [
        a.civic_session(("S1", day), ("S2", day + timedelta(days=1))) for day in (monday, monday + timedelta(days=7))
    ]
    course = a.course_session(monday)
    problem = a.problem(
        people=(a.person("amina", availability=a.EVERY_DAY),),
        needs=(
            a.need("amina", "S1", training=Training.CIVIC),
            a.need("amina", "S2", training=Training.CIVIC),
            a.need("amina"),
        ),
        sessions=tuple(replace(one, state=SessionState.PUBLISHED) for one in (*civic, course)),
    )
    guest, units = guest_of(problem, "amina")

    found = itineraries(guest, units, shelf_of(problem))

    assert [one.value for one in found] == sorted(one.value for one in found)
    for one in found:
        assert len([step for step in one.steps if step.unit.training is Training.CIVIC]) <= 1
    assert not any(
        first.mask & second.mask for one in found for first in one.steps for second in one.steps if first is not second
    )


def test_a_full_group_an_exhausted_lot_and_a_busy_day_are_not_offered():
    monday = a.MONDAY + timedelta(days=14)
    session = replace(a.civic_session(("S1", monday), ("S2", monday + timedelta(days=1))), state=SessionState.PUBLISHED)
    problem = a.problem(
        people=(a.person("amina", availability=a.EVERY_DAY),),
        needs=(a.need("amina", "S1", training=Training.CIVIC), a.need("amina", "S2", training=Training.CIVIC)),
        sessions=(session,),
    )
    guest, units = guest_of(problem, "amina")
    shelf = shelf_of(problem)
    assert len(itineraries(guest, units, shelf)) == 1

    seats = shelf.openings[0].seats
    full = Shelf(problem, shelf.openings, {session.id: {"S1": 0, "S2": seats}}, shelf.left)
    assert itineraries(guest, units, full) == []
    spent = Shelf(problem, shelf.openings, shelf.taken, dict.fromkeys(shelf.left, 1))
    assert itineraries(guest, units, spent) == []
    taken = [(one.day, one.slot) for one in followed_meetings(session, "S2", monday)][:1]
    busy = Guest.of(
        problem.people[0], busy=taken, minutes=guest.minutes, first_day=problem.today, until=date(2025, 12, 31)
    )
    assert itineraries(busy, units, shelf) == []

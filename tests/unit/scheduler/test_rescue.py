"""A faster rhythm before an extension: by hand, each rule that can stand in the way, and new groups that end in time."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from services.scheduler.domain.codec import from_json
from services.scheduler.domain.desk import Opening
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.problem import SessionState, Size, problem_to_json
from services.scheduler.domain.rescue import closest, ends_on, ways_out
from services.scheduler.domain.view import View, forecast_end
from services.scheduler.solver import solve
from services.scheduler.solver.rescuing import QuickGroup, main, quick_groups
from tests.unit.scheduler import builders as b
from tests.unit.scheduler.test_desk import guest_of, shelf_of

START = b.MONDAY + timedelta(days=14)
SLOW = b.course_session(START, rhythm="soir", state=SessionState.PUBLISHED)  # three weeks
QUICK = b.course_session(START, trainer="second", state=SessionState.PUBLISHED)  # two weeks
TERM = START + timedelta(days=14)  # the slow one ends after it


def late_problem(count=1, sessions=(SLOW, QUICK), **changes):
    """People in the slow course whose contract ends before it does."""
    people = tuple(b.person(f"p{index}", term_on=TERM) for index in range(count))
    of = b.course_problem(
        count, people=people, sessions=sessions, trainers=(b.trainer(), b.trainer("second")), **changes
    )
    return replace(of, placements=tuple(b.seat(one.id, SLOW, told=True, pinned=True) for one in of.needs))


def asked(of, **person):
    """Return who would move, what for, and what is published, without the present seat."""
    of = b.change_person(of, "p0", **person) if person else of
    free = replace(of, placements=tuple(one for one in of.placements if one.need != "p0-100"))
    guest, (unit,) = guest_of(free, "p0")
    return guest, unit, shelf_of(free)


def test_the_faster_group_is_a_way_out_and_the_present_one_is_not():
    (way,) = ways_out(*asked(late_problem()), not_in=SLOW.id)

    assert way.step.opening.session.id == QUICK.id
    assert way.ends_on == QUICK.meetings[-1].day <= TERM < SLOW.meetings[-1].day


def test_the_forecast_end_is_that_of_the_plans():
    of = late_problem()
    joins_on = SLOW.meetings[3].day
    late = replace(of.placements[0], joins_on=joins_on)
    seat = View(of, b.plan(of, of.sessions, (late,))).seats[0]

    assert ends_on(Opening.of(SLOW, 4), of.needs[0].minutes, joins_on) == forecast_end(seat) > SLOW.meetings[-1].day


@pytest.mark.parametrize(
    ("person", "problem", "rules"),
    [
        ({"availability": b.EVENINGS}, {}, ("availability",)),
        ({"latitude": 49.9}, {}, ("reach",)),
        ({"childcare": True}, {}, ("childcare",)),
        ({"step_free": True}, {}, ("room",)),
        ({"latitude": 49.9, "childcare": True}, {}, ("reach", "childcare")),
        ({}, {"lots": (b.lot(), b.lot("language", ordered=100))}, ("lot",)),
        ({}, {"rules": b.rules(notice_days={"sms": 15})}, ("notice",)),
        ({}, {"rules": b.rules(notice_days={"sms": 20}, rolling_entry_weeks=0)}, ("notice",)),
    ],
)
def test_the_fewest_rules_that_stand_in_the_way_are_named(person, problem, rules):
    guest, unit, shelf = asked(late_problem(**problem), **person)
    if "lot" in rules:
        shelf.left = dict.fromkeys(shelf.left, 10)

    assert ways_out(guest, unit, shelf, SLOW.id) == []
    assert closest(guest, unit, shelf, SLOW.id).rules == rules


def test_a_full_group_is_named_and_none_at_all_is_none():
    of = late_problem(3, rules=b.rules(language_size=Size(minimum=1, maximum=2)))
    seats = (of.placements[0], *(b.seat(f"p{n}-100", QUICK, told=True, pinned=True) for n in (1, 2)))
    guest, unit, shelf = asked(replace(of, placements=seats))

    assert closest(guest, unit, shelf, SLOW.id).rules == ("size",)
    assert closest(*asked(late_problem(sessions=(SLOW,))), not_in=SLOW.id) is None


def test_a_new_group_is_opened_for_late_people_and_ends_in_time():
    of = late_problem(3, sessions=(SLOW,), rooms=(b.room(), b.room("other")))

    (group,) = quick_groups(of, [one.id for one in of.needs])

    assert {one.need for one in group.seats} == {one.id for one in of.needs}
    assert group.session.meetings[-1].day <= TERM
    freed = replace(of, placements=())
    assert breaches(freed, b.plan(freed, (*of.sessions, group.session), group.seats)) == []


def test_no_group_is_opened_with_too_few_people_or_without_anybody_late():
    alone = late_problem(1, sessions=(SLOW,))
    assert quick_groups(alone, ["p0-100"]) == []
    of = late_problem(3, sessions=(SLOW,))
    assert quick_groups(of, []) == []
    nobody_teaches = late_problem(3, sessions=(SLOW,))
    busy = replace(nobody_teaches, trainers=tuple(replace(one, max_half_days_week=0) for one in of.trainers))
    assert quick_groups(busy, [one.id for one in of.needs]) == []


@pytest.mark.parametrize("seed", range(4))
def test_new_groups_of_a_town_break_no_rule(seed):
    of = b.scarce_problem(seed, 60)
    plan = solve(of, work_limit=3)
    people = tuple(replace(one, term_on=of.publish_on + timedelta(days=120)) for one in of.people)
    told = tuple(replace(one, told=True, pinned=True) for one in plan.placements)
    opened = tuple(replace(one, state=SessionState.PUBLISHED) for one in plan.sessions)
    of = replace(of, people=people, sessions=opened, placements=told)
    view = View(of, b.plan(of, opened, told))
    late = {one.need.id for one in view.seats if one.need.part.isdigit() and forecast_end(one) > one.person.term_on}

    groups = quick_groups(of, sorted(late))

    moved = {seat.need for group in groups for seat in group.seats}
    freed = replace(of, placements=tuple(one for one in told if one.need not in moved))
    seats = (*freed.placements, *(seat for group in groups for seat in group.seats))
    after = b.plan(freed, (*opened, *(group.session for group in groups)), seats)
    assert breaches(freed, after) == []
    ends = {one.need.id: forecast_end(one) <= one.person.term_on for one in View(freed, after).seats}
    assert all(ends[one] for one in moved)
    assert all(any(seat.need in late for seat in group.seats) for group in groups)


def test_the_door_for_a_process_writes_its_answer(tmp_path):
    of = late_problem(3, sessions=(SLOW,))
    asked_for, late, answer = tmp_path / "problem.json", tmp_path / "late.json", tmp_path / "answer.json"
    asked_for.write_text(json.dumps(problem_to_json(of)))
    late.write_text(json.dumps([one.id for one in of.needs]))

    assert main([str(asked_for), str(late), str(answer)]) == 0

    groups = [from_json(QuickGroup, one) for one in json.loads(answer.read_text())]
    assert groups == quick_groups(of, [one.id for one in of.needs])
    late.write_text("{}")
    assert main([str(asked_for), str(late), str(answer)]) == 2

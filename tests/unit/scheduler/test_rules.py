"""Each hard rule three times: an instance that only it forbids, its absence noticed, and a best value known by hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import builders as b
import pytest

from services.scheduler.domain.judge import RULES, breaches
from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import Problem, SessionState, Size, Slot, Waiver, WeeklySlots
from services.scheduler.domain.view import View
from services.scheduler.solver import solve

FIRST = b.MONDAY + timedelta(days=14)
Case = tuple[Problem, Plan]


def civic(of: Problem | None = None, days: tuple[int, int] = (0, 1)) -> Case:
    of = of or b.civic_problem()
    session = b.civic_session(("S1", FIRST + timedelta(days=days[0])), ("S2", FIRST + timedelta(days=days[1])))
    return of, b.plan(of, (session,), tuple(b.seat(need.id, session) for need in of.needs))


def course(of: Problem | None = None) -> Case:
    of = of or b.course_problem()
    session = b.course_session(FIRST)
    return of, b.plan(of, (session,), tuple(b.seat(need.id, session) for need in of.needs))


def another_package() -> Case:
    of, plan = course()
    needs = tuple(
        replace(one, id="p0-100", part="200", minutes=2880) if one.person == "p0" else one for one in of.needs
    )
    changed = replace(of, needs=needs)
    return changed, replace(plan, problem=changed.fingerprint)


def in_two_places() -> Case:
    of = b.civic_problem()
    of = replace(of, needs=(*of.needs, b.need("p0"), b.need("p1")), rooms=(b.room(), b.room("other")))
    of = replace(of, trainers=(b.trainer(), b.trainer("second")))
    bundle = b.civic_session(("S1", FIRST), ("S2", FIRST + timedelta(days=1)))
    lessons = b.course_session(FIRST, room="other", trainer="second")
    seats = [b.seat(one.id, lessons if one.part == "100" else bundle) for one in of.needs]
    return of, b.plan(of, (bundle, lessons), tuple(seats))


def joined_too_late() -> Case:
    of, plan = course()
    late = plan.sessions[0].meetings[-1].day + timedelta(days=1)
    rules = replace(of.rules, rolling_entry_weeks=0)
    changed = replace(of, rules=rules)
    last = plan.sessions[0].meetings[-1].day
    assert last < late
    seats = (replace(plan.placements[0], joins_on=last), plan.placements[1])
    return changed, replace(plan, problem=changed.fingerprint, placements=seats)


def second_day_alone() -> Case:
    of = b.civic_problem(rules=b.rules(civic_bundles=()))
    session = b.civic_session(("S2", FIRST))
    return of, b.plan(of, (session,), tuple(b.seat(one.id, session) for one in of.needs if one.part == "S2"))


def bundle_taken_apart() -> Case:
    of = b.civic_problem()
    one, two = b.civic_session(("S1", FIRST)), b.civic_session(("S2", FIRST + timedelta(days=1)))
    seats = tuple(b.seat(need.id, one if need.part == "S1" else two) for need in of.needs)
    return of, b.plan(of, (one, two), seats)


def moved_pin() -> Case:
    session = b.civic_session(("S1", FIRST), ("S2", FIRST + timedelta(days=1)), state=SessionState.PUBLISHED)
    of = b.civic_problem(sessions=(session,))
    seats = tuple(b.seat(one.id, session, told=True, pinned=True) for one in of.needs)
    of = replace(of, placements=seats)
    return of, b.plan(of, (session,), seats[:-2])


def false_value() -> Case:
    of, plan = course()
    told = solve(of, work_limit=5)
    tiers = (replace(told.tiers[0], value=told.tiers[0].value + 1), *told.tiers[1:])
    assert plan.problem == told.problem
    return of, replace(told, tiers=tiers)


def lot_used_up() -> Case:
    return civic(b.civic_problem(lots=(b.lot(ordered=3), b.lot("language"))))


FORBIDDEN: dict[str, Callable[[], Case]] = {
    "answer": lambda: (
        b.civic_problem(),
        replace(civic()[1], unplaced=civic()[1].unplaced, problem="of another month"),
    ),
    "level": another_package,
    "availability": lambda: civic(b.change_person(b.civic_problem(), "p0", availability=b.MORNINGS)),
    "reach": lambda: civic(b.change_person(b.civic_problem(), "p0", travel_limit_minutes=0)),
    "one_place": in_two_places,
    "entry": joined_too_late,
    "civic_order": second_day_alone,
    "bundle": bundle_taken_apart,
    "room": lambda: civic(b.change_person(b.civic_problem(), "p0", step_free=True)),
    "trainer": lambda: civic(b.civic_problem(trainers=(b.trainer(max_half_days_week=3),))),
    "interpretation": lambda: civic(b.change_person(b.civic_problem(), "p0", follows_french=False, languages=("ta",))),
    "size": lambda: civic(b.civic_problem(rules=b.rules(civic_size=Size(minimum=3, maximum=4)))),
    "lot": lot_used_up,
    "calendar": lambda: civic(b.civic_problem(public_holidays=(FIRST,))),
    "childcare": lambda: civic(b.change_person(b.civic_problem(), "p0", childcare=True)),
    "notice": lambda: civic(b.civic_problem(publish_on=FIRST - timedelta(days=3))),
    "pinned": moved_pin,
    "value": false_value,
}


# Who sits in another package cannot join at a meeting of their own either, nor count for the group's minimum.
ALSO = {"level": ("entry", "size")}


def test_a_plan_that_states_some_of_its_tiers_only_is_refused() -> None:
    of = b.civic_problem()
    plan = solve(of, work_limit=5)

    assert breaches(of, plan) == []
    assert [one.rule for one in breaches(of, replace(plan, tiers=plan.tiers[:1]))] == ["value"]


@pytest.mark.parametrize("rule", RULES)
def test_a_tiny_instance_is_forbidden_by_this_rule_and_by_no_other(rule: str) -> None:
    of, plan = FORBIDDEN[rule]()
    view = View(of, plan)

    assert {one.rule for one in breaches(of, plan)} == {rule, *ALSO.get(rule, ())}
    # With the rule taken out of the judge nothing would say so.
    left = {breach.rule for name, judge in RULES.items() if name != rule for breach in judge(view)}
    assert left == set(ALSO.get(rule, ()))


def unplaced(of: Problem, work: int = 10) -> int:
    plan = solve(of, work_limit=work)
    assert breaches(of, plan) == []
    first = plan.tiers[0]
    assert first.bound is not None
    assert first.bound <= first.value
    return len(plan.unplaced)


HOLIDAYS = tuple(b.MONDAY + timedelta(days=day) for day in range(70))
BY_HAND: dict[str, tuple[Problem, int]] = {
    "nothing binds": (b.civic_problem(4), 0),
    "availability": (b.change_person(b.civic_problem(4), "p0", availability=b.MORNINGS), 2),
    "availability on one day a week": (
        b.change_person(b.civic_problem(4), "p0", availability=WeeklySlots.of((3, Slot.MORNING), (3, Slot.AFTERNOON))),
        0,
    ),
    "reach": (b.change_person(b.civic_problem(4), "p0", latitude=50.0), 2),
    "reach, waived": (
        replace(
            b.change_person(b.civic_problem(4), "p0", latitude=50.0),
            waivers=(Waiver(rule="reach", person="p0", reason="has a car", agreed=True),),
        ),
        0,
    ),
    "room: two groups of four need two dates": (b.civic_problem(8), 0),
    "room: the only one has a step": (b.change_person(b.civic_problem(4), "p0", step_free=True), 2),
    "trainer: nobody is qualified": (b.civic_problem(4, trainers=(b.trainer(qualifications=("100",)),)), 8),
    "trainer: one half-day a week": (b.civic_problem(4, trainers=(b.trainer(max_half_days_week=1),)), 8),
    "interpretation: nobody speaks it": (
        b.change_person(b.civic_problem(4), "p0", follows_french=False, languages=("ta",)),
        2,
    ),
    "interpretation: one speaks it": (
        replace(
            b.change_person(b.civic_problem(4), "p0", follows_french=False, languages=("ta",)),
            interpreters=(b.interpreter("one", "ta"),),
        ),
        0,
    ),
    "size: one short of the minimum": (b.civic_problem(1), 2),
    "size: five are one too many for one group, one too few for two": (
        b.civic_problem(5, rules=b.rules(civic_size=Size(minimum=4, maximum=4))),
        2,
    ),
    "size: one more than the seats is asked": (
        b.civic_problem(5, rules=b.rules(civic_size=Size(minimum=4, maximum=4, overbooked=1))),
        0,
    ),
    "size: a seat is kept for later arrivals": (
        b.civic_problem(5, rules=b.rules(civic_size=Size(minimum=4, maximum=5, kept=1))),
        2,
    ),
    "size: groups of one": (b.civic_problem(3, rules=b.rules(civic_size=Size(minimum=1, maximum=1))), 0),
    "lot: three people are paid for": (b.civic_problem(4, lots=(b.lot(ordered=7), b.lot("language"))), 2),
    "calendar: a holiday each day": (b.civic_problem(4, public_holidays=HOLIDAYS), 8),
    "childcare": (b.change_person(b.civic_problem(4), "p0", childcare=True), 2),
    "notice: longer than the horizon": (
        b.change_person(
            b.civic_problem(4, rules=b.rules(notice_days={"sms": 7, "courrier": 90})), "p0", channel="courrier"
        ),
        2,
    ),
    "civic order: all four days": (b.civic_problem(4, ("S1", "S2", "S3", "S4")), 0),
    "level: two packages, one person each": (
        b.course_problem(2, needs=(b.need("p0", "100"), b.need("p1", "200"))),
        2,
    ),
    "one place: mornings hold the course, Fridays and Saturdays the civic days": (
        replace(
            b.civic_problem(2), needs=tuple(b.need(who, part) for who in ("p0", "p1") for part in ("S1", "S2", "100"))
        ),
        0,
    ),
    "nobody": (b.problem(), 0),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_fewest_needs_left_out_are_those_counted_by_hand(name: str) -> None:
    of, expected = BY_HAND[name]

    assert unplaced(of) == expected

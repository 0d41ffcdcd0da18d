"""What a training body offers instead, laid into a plan: who still fits stays, who does not waits, no rule is broken."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import builders as b
import pytest

from services.scheduler.domain.consultation import Effect, Offered, change, countered, stand
from services.scheduler.domain.judge import breaches, waived
from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import DateRange, Problem, Session, Waiver, WeeklySlots
from services.scheduler.domain.standing import standing
from services.scheduler.domain.waivers import PERSON_RULES, lifted

FIRST = b.MONDAY + timedelta(days=14)
S1, S2 = FIRST, FIRST + timedelta(days=1)


def civic(of: Problem | None = None, **changes: Any) -> tuple[Problem, Plan, Session]:
    of = of or b.civic_problem(3)
    session = b.civic_session(("S1", S1), ("S2", S2), **changes)
    return of, b.plan(of, (session,), tuple(b.seat(need.id, session) for need in of.needs)), session


def course(of: Problem | None = None) -> tuple[Problem, Plan, Session]:
    of = of or b.course_problem(3)
    session = b.course_session(FIRST)
    return of, b.plan(of, (session,), tuple(b.seat(need.id, session) for need in of.needs)), session


def offered(found: tuple[Problem, Plan, Session], **instead: Any) -> Effect:
    of, plan, session = found
    assert breaches(of, plan) == []
    return change(standing(of, plan, {}), session, countered(of, session, Offered(**instead)))


def sitting(effect: Effect) -> set[str]:
    person_of = {one.id: one.person for one in effect.problem.needs}
    return {person_of[one.need] for one in effect.plan.placements}


def test_civic_days_move_together_and_the_plan_stays_legal() -> None:
    effect = offered(civic(), starts_on=S1 + timedelta(days=7))

    assert (effect.broken, effect.out) == ((), ())
    assert [one.day for one in effect.session.meetings[::2]] == [S1 + timedelta(days=7), S2 + timedelta(days=7)]
    assert breaches(effect.problem, effect.plan) == []
    assert [(tier.bound, tier.gap) for tier in effect.plan.tiers] == [(None, None)] * 3, "nothing is proven of it"


def test_a_course_is_laid_out_anew_around_what_is_closed() -> None:
    holiday = FIRST + timedelta(days=15)  # after the course as planned, inside it as offered
    closed = replace(b.course_problem(3), public_holidays=(holiday,))

    effect = offered(course(closed), starts_on=FIRST + timedelta(days=7))

    assert effect.broken == ()
    assert holiday not in {one.day for one in effect.session.meetings}
    assert sum(one.minutes for one in effect.session.meetings) == 1440


def test_a_course_that_would_begin_in_the_middle_of_a_week_is_refused_in_words() -> None:
    effect = offered(course(), starts_on=FIRST + timedelta(days=9))

    assert [one.rule for one in effect.broken] == ["calendar"]
    assert "without a hole" in effect.broken[0].words


def test_who_cannot_come_then_waits_with_the_rule_and_the_others_stay() -> None:
    away = DateRange(first=S1 + timedelta(days=7), last=S1 + timedelta(days=7))
    of = b.change_person(b.civic_problem(3), "p1", unavailable=(away,))

    effect = offered(civic(of), starts_on=S1 + timedelta(days=7))

    assert effect.broken == ()
    assert sitting(effect) == {"p0", "p2"}
    assert {(one.need, one.code, one.rules) for one in effect.out} == {
        (need, "body_changed", ("availability",)) for need in ("p1-S1", "p1-S2")
    }


def test_a_group_that_would_be_too_small_is_not_changed() -> None:
    away = DateRange(first=S1 + timedelta(days=7), last=S1 + timedelta(days=7))
    of = b.change_person(b.civic_problem(2), "p1", unavailable=(away,))

    assert {one.rule for one in offered(civic(of), starts_on=S1 + timedelta(days=7)).broken} == {"size"}


def test_later_days_that_would_come_first_are_given_back_and_the_moved_ones_kept() -> None:
    of = b.civic_problem(3, parts=("S1", "S2", "S3", "S4"), rooms=(b.room(), b.room("other")))
    first = b.civic_session(("S1", S1), ("S2", S2))
    later = b.civic_session(("S3", S1 + timedelta(days=2)), ("S4", S1 + timedelta(days=3)), room="other")
    seats = tuple(b.seat(one.id, first if one.part in {"S1", "S2"} else later) for one in of.needs)
    plan = b.plan(of, (first, later), seats)

    effect = offered((of, plan, first), starts_on=S1 + timedelta(days=7))

    assert {one.rule for one in effect.broken} == {"size"}, "the later group would stand empty"
    assert {one.need for one in effect.out} == {f"p{n}-{part}" for n in range(3) for part in ("S3", "S4")}


@pytest.mark.parametrize("free", [True, False])
def test_on_other_days_another_interpreter_of_the_language_stands_in(free: bool) -> None:
    away = (DateRange(first=S1 + timedelta(days=7), last=S1 + timedelta(days=13)),)
    pool = (b.interpreter("one", unavailable=away), b.interpreter("two", unavailable=() if free else away))
    people = tuple(b.person(f"p{n}", languages=("ar",), follows_french=False) for n in range(3))
    of = b.civic_problem(3, people=people, interpreters=pool)

    effect = offered(civic(of, interpreters=b.interpreted(("ar", "one"))), starts_on=S1 + timedelta(days=7))

    assert effect.session.interpreters[0].interpreter == ("two" if free else "one")
    assert {one.rule for one in effect.broken} == (set() if free else {"interpretation"})


def test_a_smaller_room_has_no_seat_for_the_least_urgent() -> None:
    of = b.civic_problem(3, rooms=(b.room(), b.room("small", seats=2)))
    needs = tuple(replace(one, deadline=date(2025, 9, 1)) if one.person == "p1" else one for one in of.needs)

    effect = offered(civic(replace(of, needs=needs)), room="small")

    assert (effect.broken, sitting(effect)) == ((), {"p0", "p2"})


def test_a_groups_waiver_goes_along_with_the_group() -> None:
    away = DateRange(first=S1 + timedelta(days=7), last=S1 + timedelta(days=7))
    of = b.change_person(b.civic_problem(2), "p1", unavailable=(away,))
    of, plan, session = civic(of)
    agreed = Waiver(rule="size", session=session.id, reason="the body can", agreed=True)
    of = replace(of, waivers=(agreed,))
    plan = replace(plan, problem=of.fingerprint)

    effect = offered((of, plan, session), starts_on=S1 + timedelta(days=7))

    assert (effect.broken, sitting(effect)) == ((), {"p0"})
    assert [one.session for one in effect.problem.waivers] == [effect.session.id]
    assert {one.rule for one in waived(effect.problem, effect.plan)} == {"size"}
    assert waived(of, plan) == [], "it was not used before"


def test_who_loses_a_first_day_loses_the_later_one_for_the_same_reason_and_nothing_else() -> None:
    of = b.civic_problem(2, parts=("S1", "S2", "S3", "S4"))
    course_of = b.course_problem(2)
    of = replace(
        of,
        needs=(*of.needs, *course_of.needs),
        rooms=(b.room(), b.room("other")),
        trainers=(b.trainer(), b.trainer("second")),
    )
    first = b.civic_session(("S1", S1), ("S2", S2))
    later = b.civic_session(("S3", S1 + timedelta(days=9)), ("S4", S1 + timedelta(days=10)))
    lessons = b.course_session(FIRST + timedelta(days=21), room="other", trainer="second")
    group = {"S1": first, "S2": first, "S3": later, "S4": later, "100": lessons}
    plan = b.plan(of, (first, later, lessons), tuple(b.seat(one.id, group[one.part]) for one in of.needs))
    assert breaches(of, plan) == []

    found = stand(of, plan, {}, {first.id: "room"})

    assert [one.id for one in found.plan.sessions] == [lessons.id]
    assert {(one.need, one.code) for one in found.plan.unplaced} == {
        (f"p{n}-{part}", "body_refused") for n in range(2) for part in ("S1", "S2", "S3", "S4")
    }
    assert breaches(found.problem, found.plan) == []


def test_each_waivable_rule_widens_where_a_person_may_sit() -> None:
    bound = b.person("p0", step_free=True, childcare=True, follows_french=False, availability=WeeklySlots())

    free = lifted(bound, PERSON_RULES)

    assert (free.step_free, free.childcare, free.follows_french) == (False, False, True)
    assert free.travel_limit_minutes > bound.travel_limit_minutes
    assert len(free.availability) == 21
    assert lifted(bound, ()) == bound

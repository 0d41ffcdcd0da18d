"""Each hard rule: a plan that breaks it, and the same plan set right."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import builders as b
import pytest

from services.scheduler.domain.judge import RULES, breaches
from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import (
    Allowance,
    DateRange,
    Problem,
    SessionState,
    Slot,
    TravelOverride,
    Waiver,
    WeeklySlots,
    WeekParity,
)

FIRST = b.MONDAY + timedelta(days=14)  # an odd ISO week again: weeks 10 and 12 are even, 11 is odd
S1, S2 = FIRST, FIRST + timedelta(days=1)


def broken(of: Problem, plan: Plan) -> set[str]:
    return {breach.rule for breach in breaches(of, plan)}


def course(of: Problem | None = None, **changes: Any) -> tuple[Problem, Plan]:
    of = of or b.course_problem()
    session = b.course_session(FIRST, **changes)
    return of, b.plan(of, (session,), tuple(b.seat(need.id, session) for need in of.needs))


def civic(of: Problem | None = None, **changes: Any) -> tuple[Problem, Plan]:
    of = of or b.civic_problem()
    session = b.civic_session(("S1", S1), ("S2", S2), **changes)
    return of, b.plan(of, (session,), tuple(b.seat(need.id, session) for need in of.needs))


def test_a_sound_course_and_a_sound_civic_bundle_break_no_rule() -> None:
    assert breaches(*course()) == []
    assert breaches(*civic()) == []


def test_a_plan_answers_each_need_exactly_once() -> None:
    of, plan = course()

    assert broken(of, replace(plan, placements=plan.placements[:1])) == {"answer", "size"}
    assert broken(of, replace(plan, placements=(*plan.placements, plan.placements[0]))) >= {"answer"}


def test_a_plan_of_another_problem_is_refused() -> None:
    of, plan = course()

    assert "answer" in broken(replace(of, territory="75"), plan)


def test_a_need_does_not_sit_in_another_package() -> None:
    of, plan = course()
    needs = (replace(of.needs[0], part="200"), of.needs[1])
    other = replace(of, needs=needs)

    moved = b.plan(other, plan.sessions, plan.placements)

    assert "level" in broken(other, moved)


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"availability": b.MORNINGS}, True),
        ({"availability": b.EVENINGS}, False),
        ({"weeks": WeekParity.ODD}, False),
        ({"unavailable": (DateRange(first=FIRST + timedelta(days=8), last=FIRST + timedelta(days=8)),)}, False),
        ({"unavailable": (DateRange(first=FIRST + timedelta(days=4), last=FIRST + timedelta(days=6)),)}, True),
    ],
)
def test_people_sit_where_their_days_allow(changes: dict[str, Any], allowed: bool) -> None:
    of, plan = course(b.change_person(b.course_problem(), "p0", **changes))

    assert (broken(of, plan) == set()) is allowed
    assert broken(of, plan) <= {"availability"}


def test_a_civic_bundle_suits_who_comes_in_even_weeks_only() -> None:
    week = FIRST.isocalendar().week
    right = WeekParity.EVEN if week % 2 == 0 else WeekParity.ODD
    wrong = WeekParity.ODD if week % 2 == 0 else WeekParity.EVEN

    assert broken(*civic(b.change_person(b.civic_problem(), "p0", weeks=right))) == set()
    assert broken(*civic(b.change_person(b.civic_problem(), "p0", weeks=wrong))) == {"availability"}


def test_a_site_beyond_the_travel_limit_is_out_of_reach_unless_an_import_says_otherwise() -> None:
    far = b.change_person(b.course_problem(), "p0", latitude=49.4)
    override = TravelOverride(person="p0", site="bobigny", mode="transport", minutes=55)

    assert broken(*course(far)) == {"reach"}
    assert broken(*course(replace(far, travel_overrides=(override,)))) == set()


def test_a_waiver_lifts_a_rule_only_with_the_agreement_of_the_person() -> None:
    far = b.change_person(b.course_problem(), "p0", latitude=49.4)
    waiver = Waiver(rule="reach", person="p0", reason="a relative drives", agreed=True)

    assert broken(*course(replace(far, waivers=(waiver,)))) == set()
    assert broken(*course(replace(far, waivers=(replace(waiver, agreed=False),)))) == {"reach"}


def both(clash: bool) -> tuple[Problem, Plan]:
    of = b.problem(
        people=(b.person("p0"), b.person("p1")),
        needs=tuple(b.need(who, part) for who in ("p0", "p1") for part in ("S1", "S2", "100")),
        rooms=(b.room(), b.room("other")),
        trainers=(b.trainer(), b.trainer("second")),
    )
    lesson = b.course_session(FIRST if clash else FIRST + timedelta(days=7))
    days = b.civic_session(("S1", S1), ("S2", S2), room="other", trainer="second")
    seats = tuple(b.seat(need.id, lesson if need.part == "100" else days) for need in of.needs)
    return of, b.plan(of, (lesson, days), seats)


def test_nobody_is_in_two_places_at_a_time() -> None:
    assert broken(*both(clash=True)) == {"one_place"}
    assert broken(*both(clash=False)) == set()


@pytest.mark.parametrize(("late_weeks", "allowed"), [(0, True), (1, True), (3, False)])
def test_a_course_is_joined_in_its_weeks_of_rolling_entry_only(late_weeks: int, allowed: bool) -> None:
    of = b.course_problem(part="200")
    session = b.course_session(FIRST, part="200")
    late = b.seat("p0-200", session, joins_on=FIRST + timedelta(weeks=late_weeks))
    plan = b.plan(of, (session,), (late, b.seat("p1-200", session)))

    assert (broken(of, plan) == set()) is allowed
    assert broken(of, plan) <= {"entry"}


def four_days(gap: int) -> tuple[Problem, Plan]:
    of = b.civic_problem(parts=("S1", "S2", "S3", "S4"))
    early = b.civic_session(("S1", S1), ("S2", S2))
    late = b.civic_session(("S3", S2 + timedelta(days=gap)), ("S4", S2 + timedelta(days=gap + 1)))
    seats = tuple(b.seat(need.id, early if need.part in {"S1", "S2"} else late) for need in of.needs)
    sessions = tuple(sorted((early, late), key=lambda one: one.meetings[0].day))
    return of, b.plan(of, sessions, seats)


def test_civic_days_come_in_their_order() -> None:
    assert broken(*four_days(gap=1)) == set()
    assert broken(*four_days(gap=-5)) == {"civic_order"}


def test_a_later_civic_day_waits_for_the_earlier_one() -> None:
    of, plan = four_days(gap=1)
    kept = tuple(placement for placement in plan.placements if placement.session == plan.sessions[1].id)

    assert "civic_order" in broken(of, b.plan(of, plan.sessions[1:], kept))


def test_a_bundle_is_not_taken_apart_but_for_a_missed_day() -> None:
    of = b.civic_problem(count=4)
    first = b.civic_session(("S1", S1), ("S2", S2))
    second = b.civic_session(("S1", S1 + timedelta(days=2)), ("S2", S2 + timedelta(days=2)))

    def seats(problem: Problem, split: str) -> Plan:
        placed = []
        for need in problem.needs:
            home = first if need.person in {"p0", "p1"} else second
            placed.append(b.seat(need.id, second if need.id == split else home))
        return b.plan(problem, (first, second), tuple(placed))

    assert "bundle" in broken(of, seats(of, "p0-S2"))
    three = b.civic_problem(count=5)
    again = replace(three, needs=tuple(replace(n, again=True) if n.person == "p0" else n for n in three.needs))
    assert (
        broken(
            again,
            b.plan(
                again,
                (first, second),
                (
                    b.seat("p0-S1", first),
                    b.seat("p0-S2", second),
                    *(b.seat(f"{who}-{part}", first) for who in ("p1", "p2") for part in ("S1", "S2")),
                    *(b.seat(f"{who}-{part}", second) for who in ("p3", "p4") for part in ("S1", "S2")),
                ),
            ),
        )
        == set()
    )


def test_a_room_holds_one_group_at_a_time() -> None:
    of, plan = both(clash=False)
    crowded = replace(plan.sessions[1], room="room", trainer="second")
    lesson = b.course_session(FIRST)
    seats = tuple(b.seat(need.id, lesson if need.part == "100" else crowded) for need in of.needs)

    assert "room" in broken(of, b.plan(of, (lesson, crowded), seats))


def test_a_room_is_open_and_step_free_where_needed() -> None:
    shut = replace(b.course_problem(), sites=(b.site(opening=b.EVENINGS),))
    steps = b.change_person(b.course_problem(), "p0", step_free=True)
    flat = replace(steps, sites=(b.site(step_free=True),), rooms=(b.room(step_free=True),))

    assert broken(*course(shut)) == {"room"}
    assert broken(*course(steps)) == {"room"}
    assert broken(*course(flat)) == set()


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"qualifications": ("civic", "200")}, False),
        ({"slots": b.EVENINGS}, False),
        ({"max_half_days_week": 4}, True),
        ({"max_half_days_week": 3}, False),
        ({"body": "other"}, False),
        ({"body": "other", "sites": ("bobigny",)}, True),
        ({"unavailable": (DateRange(first=FIRST, last=FIRST),)}, False),
    ],
)
def test_a_trainer_is_qualified_at_work_and_within_their_week(changes: dict[str, Any], allowed: bool) -> None:
    of, plan = course(replace(b.course_problem(), trainers=(b.trainer(**changes),)))

    assert (broken(of, plan) == set()) is allowed
    assert broken(of, plan) <= {"trainer"}


def test_a_trainer_has_one_group_at_a_time() -> None:
    of, plan = both(clash=False)
    lesson = b.course_session(FIRST)
    shared = replace(plan.sessions[1], trainer="trainer")
    seats = tuple(b.seat(need.id, lesson if need.part == "100" else shared) for need in of.needs)

    assert "trainer" in broken(of, b.plan(of, (lesson, shared), seats))


def arabic(**changes: Any) -> Problem:
    of = b.change_person(b.civic_problem(), "p0", languages=("ar",), follows_french=False)
    return replace(of, interpreters=(b.interpreter(**changes),))


def test_who_does_not_follow_french_needs_an_interpreter_of_their_language() -> None:
    with_arabic = {"interpreters": b.interpreted(("ar", "interpreter"))}

    assert broken(*civic(arabic())) == {"interpretation"}
    assert broken(*civic(arabic(), **with_arabic)) == set()
    assert broken(*civic(arabic(language="ru"), **with_arabic)) == {"interpretation"}
    assert broken(*civic(arabic(max_half_days_week=3), **with_arabic)) == {"interpretation"}
    assert broken(*civic(arabic(slots=b.MORNINGS), **with_arabic)) == {"interpretation"}


def test_a_group_has_few_interpreted_languages() -> None:
    codes = ("ar", "bn", "ta", "ru")
    of = replace(b.civic_problem(), interpreters=tuple(b.interpreter(code, code) for code in codes))

    assert broken(*civic(of, interpreters=b.interpreted(*((code, code) for code in codes)))) == {"interpretation"}
    assert broken(*civic(of, interpreters=b.interpreted(*((code, code) for code in codes[:3])))) == set()


def test_a_group_has_its_minimum_and_not_more_than_its_seats() -> None:
    assert broken(*course(b.course_problem(1))) == {"size"}
    assert broken(*course(b.course_problem(4))) == set()
    assert broken(*course(b.course_problem(5))) == {"size"}
    assert broken(*course(replace(b.course_problem(3), rooms=(b.room(seats=2),)))) == {"size"}


def test_an_allowance_gives_one_group_a_seat_more_or_a_lower_minimum() -> None:
    session = b.course_session(FIRST)
    more = replace(b.course_problem(5), allowances=(Allowance(session=session.id, extra_seats=1),))
    alone = replace(b.course_problem(1), allowances=(Allowance(session=session.id, minimum=1),))

    assert broken(*course(more)) == set()
    assert broken(*course(alone)) == set()


def test_a_lot_never_gives_more_than_was_ordered() -> None:
    def of(**changes: Any) -> Problem:
        return replace(b.course_problem(), lots=(b.lot("language", **changes),))

    assert broken(*course(of(ordered=2880))) == set()
    assert broken(*course(of(ordered=2879))) == {"lot"}
    assert broken(*course(of(ordered=3000, consumed=121))) == {"lot"}
    assert broken(*course(of(body="other"))) == {"lot"}
    assert broken(*course(of(period=DateRange(first=date(2024, 1, 1), last=date(2024, 12, 31))))) == {"lot"}


def test_no_meeting_falls_on_a_closed_day_and_a_course_has_no_hole() -> None:
    of = b.course_problem()
    week_two = FIRST + timedelta(days=7)

    assert broken(*course(replace(of, public_holidays=(FIRST,)))) == {"calendar"}
    assert broken(*course(replace(of, school_holidays=(DateRange(first=week_two, last=week_two),)))) == {"calendar"}
    closed = (b.site(closures=(DateRange(first=week_two, last=week_two),)),)
    assert broken(*course(replace(of, sites=closed))) == {"calendar"}
    assert broken(*course(replace(of, horizon=FIRST - timedelta(days=1)))) == {"calendar"}
    late = b.course_session(FIRST)
    holed = replace(
        late, meetings=(*late.meetings[:4], *(replace(m, day=m.day + timedelta(7)) for m in late.meetings[4:]))
    )
    assert broken(of, b.plan(of, (holed,), tuple(b.seat(n.id, holed) for n in of.needs))) == {"calendar"}
    short = replace(late, meetings=late.meetings[:-1])
    assert broken(of, b.plan(of, (short,), tuple(b.seat(n.id, short) for n in of.needs))) == {"calendar"}


def test_a_civic_day_has_the_shape_of_the_rule_book() -> None:
    of, plan = civic()
    session = plan.sessions[0]
    evening = replace(
        session, meetings=(session.meetings[0], replace(session.meetings[1], slot=Slot.EVENING), *session.meetings[2:])
    )

    assert broken(of, replace(plan, sessions=(evening,))) == {"calendar"}
    assert broken(*civic(replace(of, rules=b.rules(civic_gap_days=2)))) >= {"calendar"}


def test_childcare_is_there_when_it_is_needed() -> None:
    of = b.change_person(b.course_problem(), "p0", childcare=True)

    assert broken(*course(of)) == {"childcare"}
    assert broken(*course(replace(of, sites=(b.site(childcare=True),)))) == set()


def test_a_letter_takes_longer_than_a_text_message() -> None:
    of = b.change_person(b.course_problem(), "p0", channel="courrier")

    assert broken(*course(of)) == set()
    assert broken(*course(replace(of, publish_on=b.MONDAY + timedelta(days=1)))) == {"notice"}


def pinned() -> tuple[Problem, Plan]:
    session = b.course_session(FIRST, state=SessionState.PUBLISHED)
    seats = tuple(b.seat(f"p{index}-100", session, told=True, pinned=True) for index in range(2))
    of = replace(b.course_problem(), sessions=(session,), placements=seats)
    return of, b.plan(of, (session,), seats)


def test_what_is_pinned_stays_as_it_was() -> None:
    of, plan = pinned()

    assert broken(of, plan) == set()
    assert broken(of, b.plan(of, plan.sessions, plan.placements[:1])) == {"pinned"}
    assert broken(of, b.plan(of, (), ())) == {"pinned"}
    assert "pinned" in broken(of, replace(plan, sessions=(replace(plan.sessions[0], trainer="nobody"),)))


def test_a_pinned_seat_is_not_judged_again() -> None:
    of, plan = pinned()
    moved_away = b.change_person(of, "p0", availability=WeeklySlots())

    assert broken(moved_away, b.plan(moved_away, plan.sessions, plan.placements)) == set()


def test_every_rule_of_the_judge_is_named_once() -> None:
    assert set(RULES) == {
        "answer", "level", "availability", "reach", "one_place", "entry", "civic_order", "bundle", "room", "trainer",
        "interpretation", "size", "lot", "calendar", "childcare", "notice", "pinned", "value",
    }  # fmt: skip

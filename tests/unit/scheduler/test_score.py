"""The objective on plans small enough to be reckoned by hand."""

from dataclasses import replace
from datetime import timedelta

import builders as b

from services.scheduler.domain.judge import breaches, score
from services.scheduler.domain.score import gaps
from services.scheduler.solver import solve


def parts(tier: int, of: object, plan: object) -> dict[str, int]:
    return {part.name: part.quantity for part in score(of, plan)[tier].parts}  # type: ignore[arg-type]


def test_a_need_left_out_costs_its_weight_and_its_urgency() -> None:
    of = b.course_problem(1)  # 60 days to the deadline: 120 - 60 days of urgency

    tier = score(of, b.plan(of, (), ()))[0]

    assert tier.value == 100 + 60


def test_a_course_after_the_term_makes_one_late_contract() -> None:
    of = b.change_person(b.course_problem(), "p0", term_on=b.MONDAY + timedelta(days=20))
    session = b.course_session(b.MONDAY + timedelta(days=14))  # ends on day 24
    plan = b.plan(of, (session,), tuple(b.seat(need.id, session) for need in of.needs))

    assert parts(1, of, plan) == {"late_contract": 1, "told_moved": 0}


def test_minutes_missed_before_joining_put_the_end_off_at_the_pace_of_the_group() -> None:
    of = b.change_person(b.course_problem(), "p0", term_on=b.MONDAY + timedelta(days=30))
    session = b.course_session(b.MONDAY + timedelta(days=14))
    late = b.seat("p0-100", session, joins_on=session.meetings[4].day)  # 720 minutes missed: one week of 720

    on_time = b.plan(of, (session,), (b.seat("p0-100", session), b.seat("p1-100", session)))
    joined_late = b.plan(of, (session,), (late, b.seat("p1-100", session)))

    assert parts(1, of, on_time)["late_contract"] == 0
    assert parts(1, of, joined_late)["late_contract"] == 1


def test_told_people_who_lose_their_seat_are_counted_once_each() -> None:
    session = b.course_session(b.MONDAY + timedelta(days=14), state="published")
    seats = (b.seat("p0-100", session, told=True), b.seat("p1-100", session, told=True))
    of = replace(b.course_problem(), sessions=(session,), placements=seats)

    assert parts(1, of, b.plan(of, (session,), seats))["told_moved"] == 0
    assert parts(1, of, b.plan(of, (session,), seats[:1]))["told_moved"] == 1


def test_comfort_is_the_sum_of_its_named_parts() -> None:
    of = b.course_problem()  # signed 10 days before the run; two of four seats taken, at the site's door
    of = b.change_person(of, "p0", level="NLNS")
    session = b.course_session(b.MONDAY + timedelta(days=14))
    plan = b.plan(of, (session,), tuple(b.seat(need.id, session) for need in of.needs))

    found = parts(2, of, plan)

    assert found["wait"] == 2 * (24 + 24 * 24 // 60)
    assert found["travel_minute"] == 2 * 12
    assert found["language_group"] == 1
    assert found["empty_seat"] == 2
    assert found["level_spread"] == 2
    assert score(of, plan)[2].value == 66 + 24 + 200 + 4 * 2 + 20 * 2


def test_civic_days_before_any_french_are_counted_day_by_day() -> None:
    of = b.problem(
        people=tuple(b.person(who, languages=("ar",), follows_french=False) for who in ("p0", "p1")),
        needs=tuple(b.need(who, part) for who in ("p0", "p1") for part in ("S1", "S2", "100")),
        interpreters=(b.interpreter(),),
    )
    day = b.MONDAY + timedelta(days=7)
    civic = b.civic_session(("S1", day), ("S2", day + timedelta(1)), interpreters=b.interpreted(("ar", "interpreter")))
    plan = b.plan(of, (civic,), tuple(b.seat(need.id, civic) for need in of.needs if need.part != "100"))

    assert parts(2, of, plan)["civic_before_french"] == 4
    assert parts(2, of, plan)["interpreter_half_day"] == 4


def test_the_gap_of_the_third_tier_counts_only_where_the_first_two_are_proven() -> None:
    values = {"T1": 10, "T2": 0, "T3": 200}

    assert gaps(values, {"T1": 10, "T2": 0, "T3": 150}) == {"T1": 0, "T2": 0, "T3": 250}
    assert gaps(values, {"T1": 9, "T2": 0, "T3": 150}) == {"T1": 1, "T2": 0, "T3": None}


def test_the_solver_finds_the_best_course_known_by_hand() -> None:
    of = b.course_problem(2)  # earliest Monday after 7 days of notice: day 7, 17 days after signature

    plan = solve(of, work_limit=5)

    assert plan.sessions[0].meetings[0].day == b.MONDAY + timedelta(days=7)
    assert [tier.value for tier in plan.tiers] == [0, 0, 2 * (17 + 17 * 17 // 60) + 2 * 12 + 200 + 2 * 4]


def test_a_value_that_is_not_the_plans_own_is_caught() -> None:
    of = b.course_problem()
    plan = solve(of, work_limit=2)
    lie = replace(plan, tiers=(*plan.tiers[:2], replace(plan.tiers[2], value=1, gap=None)))

    assert breaches(of, plan) == []
    assert {one.rule for one in breaches(of, lie)} == {"value"}

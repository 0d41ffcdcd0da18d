"""The engine: sound plans, kept promises, the same plan twice, and a door that can be stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import builders as b
import pytest

from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import plan_from_json, plan_to_json
from services.scheduler.domain.problem import Problem, SessionState, Size, problem_to_json
from services.scheduler.solver import Progress, solve

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("seed", range(4))
def test_a_generated_instance_gets_a_sound_plan_with_bounds_below_its_values(seed: int) -> None:
    of = b.scarce_problem(seed, 30)

    plan = solve(of, work_limit=20)

    assert breaches(of, plan) == []
    assert len(plan.placements) > len(of.needs) // 3
    assert all(tier.bound is not None for tier in plan.tiers)
    assert plan.tiers[0].bound <= plan.tiers[0].value


def test_everybody_is_seated_when_there_is_room_for_all() -> None:
    of = b.civic_problem(8, ("S1", "S2", "S3", "S4"))

    plan = solve(of, work_limit=20)

    assert len(plan.placements) == 32
    assert [tier.gap for tier in plan.tiers[:2]] == [0, 0]


def test_nobody_is_seated_in_a_group_below_its_minimum() -> None:
    of = b.course_problem(1)

    plan = solve(of, work_limit=5)

    assert plan.sessions == ()
    assert [one.code for one in plan.unplaced] == ["no_size"]
    assert plan.tiers[0].bound == plan.tiers[0].value


def test_people_of_three_languages_share_a_civic_group_with_three_interpreters() -> None:
    of = b.civic_problem(4)
    for name, language in (("p0", "ar"), ("p1", "bn"), ("p2", "ta")):
        of = b.change_person(of, name, languages=(language,), follows_french=False)
    of = replace(of, interpreters=tuple(b.interpreter(code, code) for code in ("ar", "bn", "ta")))

    plan = solve(of, work_limit=10)

    assert len(plan.sessions) == 1
    assert [one.language for one in plan.sessions[0].interpreters] == ["ar", "bn", "ta"]


def test_a_missed_day_joins_that_day_of_another_group() -> None:
    of = b.civic_problem(3)
    of = replace(
        of,
        needs=tuple(
            replace(need, again=True) if need.id == "p0-S2" else need for need in of.needs if need.id != "p0-S1"
        ),
    )

    plan = solve(of, work_limit=10)

    assert len(plan.placements) == 5
    assert len(plan.sessions) == 1


def test_who_is_away_at_the_start_joins_the_course_within_its_weeks_of_entry() -> None:
    away = (b.DateRange(first=b.MONDAY, last=b.MONDAY + timedelta(days=61)),)
    of = b.change_person(b.course_problem(3), "p0", unavailable=away)

    plan = solve(of, work_limit=10)

    assert breaches(of, plan) == []
    assert len(plan.placements) in {2, 3}


def test_a_problem_in_which_everybody_has_a_seat_comes_back_unchanged() -> None:
    session = b.course_session(b.MONDAY + timedelta(days=14), state=SessionState.PUBLISHED)
    seats = tuple(b.seat(f"p{index}-100", session, told=True) for index in range(2))
    of = replace(b.course_problem(), sessions=(session,), placements=seats)

    plan = solve(of)

    assert (plan.sessions, plan.placements, plan.unplaced) == ((session,), seats, ())
    assert plan.solver.status == "unchanged"
    assert breaches(of, plan) == []


def test_newcomers_take_free_seats_and_told_people_keep_theirs() -> None:
    session = b.course_session(b.MONDAY + timedelta(days=14), state=SessionState.PUBLISHED)
    seats = tuple(b.seat(f"p{index}-100", session, told=True) for index in range(2))
    of = replace(b.course_problem(3), sessions=(session,), placements=seats)

    plan = solve(of, work_limit=10)

    assert set(seats) < set(plan.placements)
    assert {placement.session for placement in plan.placements} == {session.id}


def test_a_seat_kept_for_later_arrivals_is_given_to_a_newcomer_once_the_group_is_published() -> None:
    rules = b.rules(language_size=Size(minimum=2, maximum=3, kept=1))
    session = b.course_session(b.MONDAY + timedelta(days=14), state=SessionState.PUBLISHED)
    seats = tuple(b.seat(f"p{index}-100", session, told=True) for index in range(2))
    of = replace(b.course_problem(3, rules=rules), sessions=(session,), placements=seats)

    plan = solve(of, work_limit=10)

    assert plan.unplaced == ()


def test_a_told_seat_that_no_longer_holds_is_given_up_and_replaced() -> None:
    session = b.course_session(b.MONDAY + timedelta(days=14), rhythm="soir", state=SessionState.PUBLISHED)
    seats = tuple(b.seat(f"p{index}-100", session, told=True) for index in range(2))
    of = replace(b.course_problem(4), sessions=(session,), placements=seats)
    of = b.change_person(of, "p0", availability=b.MORNINGS)

    plan = solve(of, work_limit=20)

    assert breaches(of, plan) == []
    moved = next(placement for placement in plan.placements if placement.need == "p0-100")
    assert moved.session != session.id
    assert plan.tiers[1].value == of.weights.told_moved


def test_the_same_problem_and_work_limit_give_the_same_plan_whatever_the_hash_seed(tmp_path: Path) -> None:
    of = b.scarce_problem(5, 20)
    (tmp_path / "problem.json").write_text(json.dumps(problem_to_json(of)))
    plans = []
    for seed in ("1", "2"):
        out = tmp_path / f"plan{seed}.json"
        subprocess.run(
            [sys.executable, "-m", "services.scheduler.solver", str(tmp_path / "problem.json"), str(out), "--work-limit", "12"],
            check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        plans.append(out.read_bytes())

    assert plans[0] == plans[1]
    assert json.loads(plans[0]) == plan_to_json(solve(of, work_limit=12))


def test_progress_tells_phase_value_and_bound_and_never_gets_worse() -> None:
    told: list[Progress] = []

    solve(b.scarce_problem(1, 20), work_limit=15, progress=told.append)

    improving = [one for one in told if one.phase == "improving"]
    assert told[0].phase == "candidates"
    assert improving
    values = [tuple(one.values.values()) for one in improving]
    assert values == sorted(values, reverse=True)


def test_a_limit_too_short_for_the_search_still_gives_a_built_plan() -> None:
    plan = solve(b.civic_problem(8, ("S1", "S2", "S3", "S4")), limit=timedelta(milliseconds=1))

    assert len(plan.placements) == 32


def test_the_search_stops_when_it_is_asked_to() -> None:
    plan = solve(b.scarce_problem(1, 20), work_limit=10_000, should_stop=lambda: True)

    assert plan.solver.status == "stopped"


def test_the_process_leaves_its_best_plan_when_it_is_stopped(tmp_path: Path) -> None:
    of = b.scarce_problem(2, 60)
    out = tmp_path / "plan.json"
    (tmp_path / "problem.json").write_text(json.dumps(problem_to_json(of)))
    command = [sys.executable, "-m", "services.scheduler.solver", str(tmp_path / "problem.json"), str(out)]
    with subprocess.Popen([*command, "--time-limit", "60"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as solver:
        assert solver.stdout is not None
        line = next(one for one in solver.stdout if json.loads(one)["phase"] == "improving")
        begin = time.monotonic()
        solver.send_signal(signal.SIGTERM)
        solver.stdout.read()
        assert solver.wait(timeout=30) == 0

    assert time.monotonic() - begin < 25
    assert set(json.loads(line)) == {"phase", "seconds", "work", "needs", "placed", "value", "bound", "peak_mb"}
    assert json.loads(out.read_text())["solver"]["status"] == "stopped"


def test_the_process_refuses_a_bad_file_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "problem.json").write_text('{"territory": 93}')

    ended = subprocess.run(
        [sys.executable, "-m", "services.scheduler.solver", str(tmp_path / "problem.json"), str(tmp_path / "plan.json")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1


def mutations(of: Problem) -> dict[str, Problem]:
    """Problems in which a plan of `of` must break a rule."""
    return {
        "availability": replace(of, people=tuple(replace(p, availability=b.WeeklySlots()) for p in of.people)),
        "reach": replace(of, people=tuple(replace(p, travel_limit_minutes=0) for p in of.people)),
        "childcare": replace(
            of,
            people=tuple(replace(p, childcare=True) for p in of.people),
            sites=tuple(replace(s, childcare=False) for s in of.sites),
        ),
        "room": replace(of, sites=tuple(replace(s, opening=b.WeeklySlots()) for s in of.sites)),
        "trainer": replace(of, trainers=tuple(replace(t, max_half_days_week=1) for t in of.trainers)),
        "interpretation": replace(of, interpreters=tuple(replace(i, slots=b.WeeklySlots()) for i in of.interpreters)),
        "size": replace(of, rules=replace(of.rules, civic_size=Size(minimum=40, maximum=40))),
        "lot": replace(of, lots=tuple(replace(one, ordered=1) for one in of.lots)),
        "calendar": replace(of, horizon=of.publish_on),
        "notice": replace(of, rules=replace(of.rules, notice_days=dict.fromkeys(of.rules.notice_days, 400))),
        "civic_order": replace(of, rules=replace(of.rules, civic_gap_days=13)),
        "level": replace(
            of, needs=tuple(replace(n, part="200" if n.part == "100" else "100") if n.part.isdigit() else n for n in of.needs)
        ),
    }  # fmt: skip


def test_a_plan_made_without_bundles_is_caught() -> None:
    of = b.scarce_problem(3, 30)
    plan = solve(replace(of, rules=replace(of.rules, civic_bundles=())), work_limit=3)

    assert "bundle" in {breach.rule for breach in breaches(of, replace(plan, problem=of.fingerprint))}


def test_a_plan_made_without_the_weeks_of_entry_is_caught() -> None:
    away = (b.DateRange(first=b.MONDAY, last=b.MONDAY + timedelta(days=16)),)
    of = b.course_problem(3, horizon=b.MONDAY + timedelta(days=13))
    of = replace(of, people=(*of.people[:2], replace(of.people[2], unavailable=away)))
    plan = solve(replace(of, rules=replace(of.rules, rolling_entry_weeks=8)), work_limit=5)
    strict = replace(of, rules=replace(of.rules, rolling_entry_weeks=0))

    assert len(plan.placements) == 3
    assert "entry" in {breach.rule for breach in breaches(strict, replace(plan, problem=strict.fingerprint))}


def test_a_plan_made_as_if_nobody_had_two_trainings_is_caught() -> None:
    of = b.civic_problem(3, rooms=(b.room(), b.room("second")), trainers=(b.trainer(), b.trainer("second")))
    of = replace(of, needs=(*of.needs, *(b.need(one.id) for one in of.people)))
    twins = tuple(replace(one, id=f"{one.id}-twin") for one in of.people)
    apart = tuple(replace(one, person=f"{one.person}-twin") if one.part == "100" else one for one in of.needs)
    plan = solve(replace(of, people=(*of.people, *twins), needs=apart), work_limit=5)

    assert "one_place" in {breach.rule for breach in breaches(of, replace(plan, problem=of.fingerprint))}


@pytest.mark.parametrize(
    ("kind", "rule"), [("rooms", "room"), ("trainers", "trainer"), ("interpreters", "interpretation"), ("lots", "lot")]
)
def test_a_plan_made_as_if_there_were_two_of_each_is_caught(kind: str, rule: str) -> None:
    """The model without "one group at a time", or with a lot twice as large: each twin is one and the same again."""
    of = b.scarce_problem(3, 60)
    if kind == "interpreters":
        of = b.civic_problem(8, ("S1",), rules=b.rules(civic_bundles=(("S1",),)), horizon=b.MONDAY + timedelta(days=12))
        tamil = tuple(replace(one, follows_french=False, languages=("ta",)) for one in of.people)
        of = replace(of, people=tamil, interpreters=(b.interpreter("one", "ta", max_half_days_week=2),))
    twins = tuple(replace(one, id=f"{one.id}-twin") for one in getattr(of, kind))
    plan = solve(replace(of, **{kind: (*getattr(of, kind), *twins)}), work_limit=5)
    written = json.dumps(plan_to_json(replace(plan, problem=of.fingerprint, tiers=()))).replace("-twin", "")

    assert rule in {breach.rule for breach in breaches(of, plan_from_json(json.loads(written)))}


def test_a_plan_made_with_larger_groups_is_caught() -> None:
    of = b.scarce_problem(3, 40)
    wide = replace(of, rules=replace(of.rules, civic_size=Size(minimum=4, maximum=12)))
    plan = replace(solve(wide, work_limit=5), problem=of.fingerprint, tiers=())

    assert {breach.rule for breach in breaches(of, plan)} == {"size"}


def test_a_plan_made_without_the_pins_is_caught() -> None:
    of = b.course_problem(3)
    first = solve(of, work_limit=3)
    pinned = replace(
        of,
        sessions=tuple(replace(one, state=SessionState.PUBLISHED) for one in first.sessions),
        placements=tuple(replace(one, told=True, pinned=True) for one in first.placements),
    )
    elsewhere = solve(replace(of, rules=replace(of.rules, rhythms=of.rules.rhythms[1:])), work_limit=3)
    both = replace(elsewhere, problem=pinned.fingerprint, tiers=(), sessions=(*pinned.sessions, *elsewhere.sessions))

    assert "pinned" in {breach.rule for breach in breaches(pinned, both)}


def test_a_plan_that_no_longer_fits_is_caught_rule_by_rule() -> None:
    of = b.scarce_problem(3, 40)
    plan = solve(of, work_limit=5)
    sessions = Counter(session.training for session in plan.sessions)
    assert len(sessions) == 2
    assert any(session.interpreters for session in plan.sessions)

    for rule, changed in mutations(of).items():
        assert rule in {breach.rule for breach in breaches(changed, plan)}, rule


@pytest.mark.parametrize("backwards", [False, True])
def test_a_plan_to_begin_from_keeps_each_seat_whatever_the_order_of_its_rows(backwards: bool) -> None:
    of = b.scarce_problem(2, 30)
    made = solve(of, work_limit=20)
    rows = tuple(sorted(made.placements, key=lambda one: one.need, reverse=backwards))

    again = solve(of, work_limit=0, start=replace(made, placements=rows))

    assert [tier.value for tier in again.tiers] <= [tier.value for tier in made.tiers]
    assert len(again.placements) >= len(made.placements)

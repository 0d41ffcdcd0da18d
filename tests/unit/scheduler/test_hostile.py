"""Generated problems, hostile ones too: a sound plan each time, bounds below every value, clear errors."""

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import builders as b
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scheduler.domain.judge import breaches
from services.scheduler.domain.next_best import books_of, next_best
from services.scheduler.domain.plan import plan_to_json
from services.scheduler.domain.problem import (
    FormatError,
    Problem,
    SessionState,
    Size,
    Training,
    WeeklySlots,
    problem_from_json,
    problem_to_json,
)
from services.scheduler.domain.view import View
from services.scheduler.solver import ContradictoryPinsError, solve
from services.scheduler.solver.__main__ import main
from services.scheduler.solver.unopened import not_opened

EXAMPLES = int(os.environ.get("EXAMPLES", "16"))  # 1000 before a release
FIRST = b.MONDAY + timedelta(days=14)


def without_trainers(of: Problem) -> Problem:
    return replace(of, trainers=())


def without_rooms(of: Problem) -> Problem:
    return replace(of, rooms=())


def nobody_eligible(of: Problem) -> Problem:
    return replace(of, people=tuple(replace(one, availability=WeeklySlots()) for one in of.people))


def nothing_ordered(of: Problem) -> Problem:
    return replace(of, lots=tuple(replace(one, ordered=0) for one in of.lots))


def only_holidays(of: Problem) -> Problem:
    days = (of.horizon - of.publish_on).days + 1
    return replace(of, public_holidays=tuple(of.publish_on + timedelta(days=day) for day in range(days)))


def groups_of_one(of: Problem) -> Problem:
    one = Size(minimum=1, maximum=1)
    return replace(of, rules=replace(of.rules, civic_size=one, language_size=one))


def each_day_free(of: Problem) -> Problem:
    return replace(of, rules=replace(of.rules, civic_bundles=()))


def nobody_hears(of: Problem) -> Problem:
    return replace(of, people=tuple(replace(one, follows_french=False) for one in of.people))


def nobody_owes_french(of: Problem) -> Problem:
    return replace(of, needs=tuple(one for one in of.needs if one.training is Training.CIVIC))


def nobody_owes_civic_days(of: Problem) -> Problem:
    return replace(of, needs=tuple(one for one in of.needs if one.training is Training.LANGUAGE))


def nobody_owes_anything(of: Problem) -> Problem:
    return replace(of, needs=())


def without_interpreters(of: Problem) -> Problem:
    return replace(of, interpreters=())


def as_it_is(of: Problem) -> Problem:
    return of


HOSTILE = (
    as_it_is, without_trainers, without_rooms, nobody_eligible, nothing_ordered, only_holidays, groups_of_one,
    each_day_free, nobody_hears, nobody_owes_french, nobody_owes_civic_days, nobody_owes_anything, without_interpreters,
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(min_value=0, max_value=10_000),
    people=st.integers(min_value=1, max_value=12),
    twist=st.sampled_from(HOSTILE),
    again=st.booleans(),
)
def test_every_generated_problem_gets_a_sound_plan(seed: int, people: int, twist, again: bool) -> None:
    of = twist(b.scarce_problem(seed, people))
    if again:  # what was published stays, and the rest is planned around it
        first = solve(of, work_limit=1)
        kept = tuple(replace(one, state=SessionState.PUBLISHED) for one in first.sessions)
        told = tuple(replace(one, told=True) for one in first.placements)
        of = replace(of, sessions=kept, placements=told[::2])

    plan = solve(of, work_limit=3)

    assert breaches(of, plan) == []
    assert all(tier.bound is None or tier.bound <= tier.value for tier in plan.tiers[:1])
    view, books = View(of, plan), books_of(problem_to_json(of), plan_to_json(plan), of)
    assert all(next_best(view, [seat], books).fr for seat in view.seats)
    assert all(one.fr and one.en and one.people >= 0 for one in not_opened(of, plan))


@pytest.mark.parametrize("seed", range(3))
def test_no_bound_is_above_what_another_run_finds(seed: int) -> None:
    of = b.scarce_problem(seed, 20)
    plans = [solve(of, work_limit=work, seed=draw) for work, draw in ((1, 1), (8, 2), (16, 3))]

    for one in plans:
        first, second, third = one.tiers
        for other in plans:
            values = [tier.value for tier in other.tiers]
            assert first.bound <= values[0]
            if values[0] <= first.value:
                assert second.bound <= values[1]
                if values[1] <= second.value:
                    assert third.bound <= values[2]


def pinned_twice() -> Problem:
    one = b.civic_session(("S1", FIRST), ("S2", FIRST + timedelta(days=1)), state=SessionState.PUBLISHED)
    other = b.course_session(FIRST, state=SessionState.STARTED)
    needs = (b.need("p0", "S1"), b.need("p0", "S2"), b.need("p0", "100"))
    seats = tuple(b.seat(need.id, other if need.part == "100" else one, told=True, pinned=True) for need in needs)
    return b.problem(people=(b.person("p0"),), needs=needs, sessions=(one, other), placements=seats)


def test_contradictory_pins_are_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of = pinned_twice()
    with pytest.raises(ContradictoryPinsError) as refused:
        solve(of, work_limit=1)
    assert "p0-S1" in str(refused.value)
    assert "p0-100" in str(refused.value)

    (tmp_path / "problem.json").write_text(json.dumps(problem_to_json(of)))
    assert main([str(tmp_path / "problem.json"), str(tmp_path / "plan.json"), "--work-limit", "1"]) == 2
    assert "p0-100" in capsys.readouterr().err


def test_all_pinned_comes_back_unchanged() -> None:
    session = b.civic_session(("S1", FIRST), ("S2", FIRST + timedelta(days=1)), state=SessionState.STARTED)
    of = b.civic_problem(2, sessions=(session,))
    of = replace(of, placements=tuple(b.seat(need.id, session, told=True, pinned=True) for need in of.needs))

    plan = solve(of, work_limit=1)

    assert plan.placements == of.placements
    assert plan.solver.status == "unchanged"


def test_a_minimum_above_the_maximum_is_refused_at_the_door() -> None:
    data = problem_to_json(b.civic_problem(2))
    data["rules"]["civic_size"] = {"minimum": 5, "maximum": 4}

    with pytest.raises(FormatError, match="civic_size"):
        problem_from_json(data)

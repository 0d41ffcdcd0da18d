"""The bound of T1 from smallest sizes: never above a plan, and exact where only company lacks."""

from dataclasses import replace

import builders as b
import pytest

from services.scheduler.domain.problem import Problem, SessionState, Size, WeeklySlots
from services.scheduler.domain.slots import Slot
from services.scheduler.solver import solve
from services.scheduler.solver.candidates import candidates
from services.scheduler.solver.company import least_left_out
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Facts


def proven(of: Problem) -> int:
    facts = Facts(of)
    units = facts.units(())
    base = Draft(facts, units)
    for session in of.sessions:
        base.adopt(session)
    return least_left_out(base, candidates(facts, units), work=5.0, seconds=None)


def on_one_day(of: Problem, name: str, weekday: int) -> Problem:
    slots = WeeklySlots.of((weekday, Slot.MORNING), (weekday, Slot.AFTERNOON))
    return b.change_person(of, name, availability=slots)


@pytest.mark.parametrize("people", [12, 20, 30])
@pytest.mark.parametrize("seed", range(4))
def test_no_plan_undercuts_the_bound(seed: int, people: int) -> None:
    of = b.scarce_problem(seed, people)

    plan = solve(of, work_limit=30)

    assert proven(of) <= plan.tiers[0].value


def test_people_of_two_days_who_are_too_few_on_each_are_all_counted() -> None:
    of = b.civic_problem(4, rules=b.rules(civic_size=Size(minimum=3, maximum=4)))
    for name, weekday in (("p0", 0), ("p1", 0), ("p2", 3), ("p3", 3)):
        of = on_one_day(of, name, weekday)

    plan = solve(of, work_limit=10)

    assert len(plan.unplaced) == 8
    assert proven(of) == plan.tiers[0].value


def test_five_people_who_need_four_for_each_of_two_days_leave_one_out() -> None:
    """Each day alone could open; both together cannot: the fifth comes on either, the others on one."""
    of = b.civic_problem(5, rules=b.rules(civic_size=Size(minimum=3, maximum=4)))
    for name, weekday in (("p0", 0), ("p1", 0), ("p2", 3), ("p3", 3)):
        of = on_one_day(of, name, weekday)

    plan = solve(of, work_limit=20)

    assert len(plan.unplaced) == 4
    assert proven(of) == plan.tiers[0].value == plan.tiers[0].bound


def test_whoever_could_sit_in_a_published_group_is_not_counted() -> None:
    assert proven(b.course_problem(1)) > 0

    session = b.course_session(b.MONDAY, state=SessionState.PUBLISHED)
    of = replace(b.course_problem(1), sessions=(session,))

    assert proven(of) == 0

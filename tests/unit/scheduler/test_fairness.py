"""The fairness report: true counts, and no group so small that it is somebody."""

from datetime import timedelta

from services.scheduler.domain.fairness import HIDDEN_BELOW, fairness
from services.scheduler.domain.problem import Training
from tests.unit.scheduler import builders as a


def town(levels):
    people = tuple(
        a.person(f"p{index}", level=level, availability=a.EVENINGS if index % 2 else a.EVERY_DAY)
        for index, level in enumerate(levels)
    )
    needs = tuple(a.need(one.id, "S1", training=Training.CIVIC) for one in people)
    return a.problem(people=people, needs=needs)


def test_placed_needs_and_the_median_wait_are_counted_by_group():
    problem = town(["A1"] * 12 + ["A2"] * 12)
    day = a.MONDAY + timedelta(days=14)
    session = a.civic_session(("S1", day))
    seated = a.plan(problem, (session,), tuple(a.seat(f"p{index}-S1", session) for index in range(4)))

    found = fairness(problem, seated)

    (everybody,) = found["all"]
    assert (everybody.people, everybody.needs, everybody.placed) == (24, 24, 4)
    by_level = {cell.group: cell for cell in found["level"]}
    assert by_level["A1"].placed == 4
    assert by_level["A1"].median_wait_days == (day - problem.people[0].signed_on).days
    assert (by_level["A2"].placed, by_level["A2"].median_wait_days) == (0, None)


def test_a_group_below_eleven_is_hidden_and_cannot_be_had_by_subtraction():
    problem = town(["A1"] * 30 + ["A2"] * 15 + ["NLNS"] * (HIDDEN_BELOW - 1))

    shown = {cell.group for cell in fairness(problem, a.plan(problem, (), ()))["level"]}

    assert shown == {"A1"}, "A2 is left out too: the total less A1 and A2 would be the ten"


def test_two_small_groups_hide_each_other():
    problem = town(["A1"] * 30 + ["A2"] * 4 + ["NLNS"] * 5)

    assert {cell.group for cell in fairness(problem, a.plan(problem, (), ()))["level"]} == {"A1"}

"""The bare kernel: optimal where every choice can be listed, and never a bound above the best."""

from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
from ortools.graph.python import min_cost_flow

from services.scheduler.solver.kernel import Kernel, Sessions


def drawn(seed: int, classes: int, sessions: int) -> Sessions:
    draw = Random(seed)
    demand = np.array([draw.randint(1, 9) for _ in range(classes)], dtype=float)
    seats = np.array([draw.randint(8, 20) for _ in range(sessions)], dtype=float)
    seats[0] += max(0.0, demand.sum() - seats.sum())
    opening = np.array([draw.randint(20, 120) for _ in range(sessions)], dtype=float)
    cost = np.array([[draw.randint(1, 60) for _ in range(classes)] for _ in range(sessions)], dtype=float)
    return Sessions(demand, seats, opening, cost)


def cheapest(of: Sessions, opened: tuple[int, ...]) -> float:
    flow = min_cost_flow.SimpleMinCostFlow()
    classes = len(of.demand)
    sink = classes + len(opened)
    for place, session in enumerate(opened):
        flow.add_arc_with_capacity_and_unit_cost(classes + place, sink, int(of.seats[session]), 0)
        for one in range(classes):
            flow.add_arc_with_capacity_and_unit_cost(one, classes + place, 1000, int(of.cost[session, one]))
    for one in range(classes):
        flow.set_node_supply(one, int(of.demand[one]))
    flow.set_node_supply(sink, -int(of.demand.sum()))
    if not opened or flow.solve() != flow.OPTIMAL:
        return float("inf")
    return flow.optimal_cost() + float(of.opening[list(opened)].sum())


@pytest.mark.parametrize("part", [0.0, 0.5], ids=["whole seats", "halves, that nobody can sit on"])
@pytest.mark.parametrize("seed", range(12))
def test_the_kernel_finds_and_proves_what_listing_every_choice_finds(seed: int, part: float) -> None:
    of = drawn(seed, 7, 6)
    of = replace(of, seats=of.seats + part)
    best = min(
        cheapest(of, tuple(session for session, chosen in enumerate(choice) if chosen))
        for choice in product((False, True), repeat=6)
    )

    found = Kernel(of, lambda: False).solve(lambda: 5.0)

    assert found.value == pytest.approx(best)
    assert found.bound <= best + 1e-6
    assert found.bound == pytest.approx(best, rel=1e-5)


def test_a_kernel_that_is_stopped_at_once_still_has_a_bound_below_its_plan() -> None:
    asked = iter([False] * 30)

    found = Kernel(drawn(1, 30, 12), lambda: next(asked, True)).solve(lambda: 0.0)

    assert found.bound <= found.value

"""
The search for the prices that prove most: a subgradient ascent on the relaxation, with one record for every proof.

Each evaluation proves `value <= first x T1 + second x T2 + T3` for all plans, whatever the prices. For plans whose T1
and T2 are no worse than given values this bounds T3 from below by value - first x T1 - second x T2. Prices of T1 and
T2 points follow the plan at hand, so that the bound is best where it is needed.
"""

import numpy as np
from numpy.typing import NDArray

from services.scheduler.solver.relaxation import Found, Relaxation

__all__ = ["Ascent"]

# What each price moves by in one step, T3 points, and how far use must be from supply for a full step.
_STEPS = {
    "week": (200.0, 20.0),
    "day": (100.0, 5.0),
    "seat": (4.0, 25.0),
    "civic_lot": (3.0, 100.0),
    "course_lot": (0.005, 300_000.0),
}
_MOMENTUM = 0.7
_FIRST, _SECOND = 30.0, 3.0  # T3 points that T1 and T2 points are worth before there is a plan
_SLOW = 15  # steps after which the steps are half as long
_FIRSTS, _SECONDS = (0.5, 1.0, 2.0, 4.0), (0.05, 0.15, 0.4, 1.0)  # the same, tried once there is a plan
_NEARBY = (0.7, 1.4)  # factors tried on the best of them later
_ALONE = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)  # T2 points that a T1 point may be worth, tried for the bound of T2


class Ascent:
    """The prices at hand, the best that were found, and all that was proven with them."""

    def __init__(self, relaxation: Relaxation) -> None:
        self.relaxation = relaxation
        self.prices = relaxation.start(_FIRST, _SECOND)
        self.best = self.prices.copy()
        self.best_value = float("-inf")
        self.count = 0
        self.proofs: list[tuple[float, float, float]] = []  # value, first, second
        self._followed = False
        self._momentum: dict[str, NDArray[np.float64]] = {}
        plain = relaxation.without_comfort()
        self.alone: list[tuple[float, float]] = []  # value, first: value <= first x T1 + T2
        for first in _ALONE:
            found = plain.solve(plain.start(first, 1.0), steps=False)
            self.alone.append((found.value, first))

    def step(self) -> Found:
        """Evaluate the prices at hand, then move them."""
        prices = self.prices
        found = self.relaxation.solve(prices)
        self.proofs.append((found.value, prices.first, prices.second))
        if found.value > self.best_value:
            self.best, self.best_value = prices.copy(), found.value
        self.count += 1
        length = 0.5 / (1 + self.count / _SLOW)
        for name, (step, norm) in _STEPS.items():
            move = np.clip(found.steps[name] / norm, -3, 3)
            before = self._momentum.get(name)
            move = move if before is None else _MOMENTUM * before + (1 - _MOMENTUM) * move
            self._momentum[name] = move
            setattr(prices, name, np.maximum(0, getattr(prices, name) + length * step * move))
        return found

    def follow(self, first: int, second: int) -> None:
        """Make T1 and T2 points as dear as proves most of T3 for a plan with these values, and go on from there."""
        known = [(value - a * first - b * second, a, b) for value, a, b in self.proofs]
        _, near_first, near_second = max(known)
        pairs = [(near_first * a, near_second * b) for a in (1.0, *_NEARBY) for b in (1.0, *_NEARBY)]
        if not self._followed:
            pairs = [(a, b) for a in _FIRSTS for b in _SECONDS]
            self._followed = True
        tried = []
        for a, b in pairs:
            prices = self.best.copy()
            prices.first, prices.second = a, b
            value = self.relaxation.solve(prices, steps=False).value
            self.proofs.append((value, a, b))
            tried.append((value - a * first - b * second, value, prices))
        _, self.best_value, self.best = max(tried, key=lambda one: one[0])
        self.prices = self.best.copy()

    def third(self, first: int, second: int) -> int:
        """Return the bound of T3 for plans whose T1 and T2 are no worse than these."""
        best = max((value - a * first - b * second for value, a, b in self.proofs), default=0.0)
        return max(0, _rounded_up(best))

    def second(self, first: int) -> int:
        """Return the bound of T2 for plans whose T1 is no worse than this."""
        return max(0, _rounded_up(max(value - price * first for value, price in self.alone)))


def _rounded_up(value: float) -> int:
    """Return the least whole number that a whole value above the bound can have; a hair is left for rounding."""
    return int(np.ceil(value - 1e-6 * max(1.0, abs(value)) - 1e-6))

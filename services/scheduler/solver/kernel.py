"""
Opening and seating in its barest form: which sessions open, and how many people of each class sit where.

A class is a number of people who are alike; a session has seats and an opening cost; a seat's cost depends on class and
session only. Prices on the classes give the bound: at given prices each session takes the people who gain most there,
so the sum of what sessions are worth is below every plan's cost. Enough of them have to open for everybody to sit, and
they open whole: that choice is a knapsack, settled by dynamic programming over seats, and it is what makes the bound
strong. Seats in open sessions are a minimum-cost flow; sessions are added, dropped and exchanged by its prices. What is
left is closed by branching on sessions.

Costs here are floating-point numbers, because the public instances that measure this kernel are not whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kernel", "KernelResult", "Sessions"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SCALE = 1_000_000  # the flow's costs are whole numbers of such parts of the mean seat cost
_PATIENCE = 15  # evaluations without a better bound after which steps are halved
_SHAKEN = 0.1  # share of the time for which plans are shaken
_SHAKES = 200  # plans shaken at most
_COVERED = 2_000_000  # seats x sessions up to which enough sessions open whole in the bound
_FLIPS = 3  # sessions changed in one shake
_MOVES = 6  # sessions tried for each kind of move
_SAFE = 1e-9  # relative; taken off every bound for rounding


@dataclass(frozen=True, slots=True)
class Sessions:
    """Demands by class, seats and opening costs by session, and the cost of one person's seat (session x class)."""

    demand: Floats
    seats: Floats
    opening: Floats
    cost: Floats


@dataclass(frozen=True, slots=True)
class KernelResult:
    """The best plan found, what it costs, and what no plan can undercut."""

    value: float
    bound: float
    opened: Bools


class Kernel:
    """One search; `over` is asked between evaluations."""

    def __init__(self, sessions: Sessions, over: Callable[[], bool]) -> None:
        self.sessions = sessions
        self.over = over
        self.total = float(sessions.demand.sum())
        self.whole_seats = bool((sessions.seats == np.floor(sessions.seats)).all())
        self.best = float("inf")
        self.opened = np.ones(len(sessions.seats), dtype=bool)
        self.bound = float("-inf")
        self.known: dict[bytes, tuple[float, Floats]] = {}
        self.unit = float(sessions.cost.mean()) / _SCALE or 1.0

    def solve(self, seconds_left: Callable[[], float]) -> KernelResult:
        """Return the best plan and bound found before `over` says so."""
        count = len(self.sessions.seats)
        free = np.full(count, -1, dtype=np.int8)  # -1 undecided, 0 closed, 1 open
        prices = np.partition(self.sessions.cost, min(1, count - 1), axis=0)[min(1, count - 1)]
        prices = prices + float((self.sessions.opening / self.sessions.seats).mean())
        bound, prices, worth, shares = self._ascend(prices, free, 400)
        self.bound = bound
        for threshold in (0.5, 0.3, 0.7):
            self._local(shares >= threshold)
        self._shake(shares, seconds_left)
        self._branch(prices, free, worth)
        return KernelResult(self.best, min(self.bound, self.best), self.opened)

    # -- bound ------------------------------------------------------------------------------------------------------

    def _evaluate(self, prices: Floats, state: NDArray[np.int8]) -> tuple[float, Floats, Floats, Floats]:
        """Return the bound at these prices, how much of each class is served, what opening is worth, what opens."""
        one = self.sessions
        reduced = one.cost - prices[None, :]
        order = np.argsort(reduced, axis=1)
        ranked = np.take_along_axis(reduced, order, axis=1)
        demand = one.demand[order]
        before = np.cumsum(demand, axis=1) - demand
        taken = np.clip(one.seats[:, None] - before, 0, demand) * (ranked < 0)
        worth = one.opening + (taken * ranked).sum(axis=1)
        share = ((worth < 0) & (state != 0) | (state == 1)).astype(float)
        value = float(prices @ one.demand) + float(worth @ share)
        lacking = self.total - float(one.seats @ share)
        if lacking > 1e-9:
            rest = np.nonzero((share == 0) & (state != 0))[0]
            if float(one.seats[rest].sum()) < lacking - 1e-9:
                return float("inf"), one.demand, worth, share
            more = self._cover(rest, worth[rest], lacking)
            share[rest] = more
            value += float(worth[rest] @ more)
        served = np.zeros_like(one.demand)
        np.add.at(served, order.ravel(), (taken * share[:, None]).ravel())
        return value, one.demand - served, worth, share

    def _cover(self, rest: NDArray[np.int64], worth: Floats, lacking: float) -> Floats:
        """
        Return which of these sessions open so that everybody has a seat, the least worth in all.

        They open whole, by dynamic programming over seats, where seats are whole numbers and few enough; else the last
        one opens in part.
        """
        seats = self.sessions.seats[rest]
        if not self.whole_seats or lacking * len(rest) > _COVERED:
            share = np.zeros(len(rest))
            for number in np.argsort(worth / seats).tolist():
                share[number] = min(1.0, max(0.0, lacking / seats[number]))
                lacking -= share[number] * seats[number]
            return share
        need = int(np.ceil(lacking - 1e-9))
        least = np.full(need + 1, np.inf)  # by seats still lacking
        least[0] = 0.0
        took = np.zeros((len(rest), need + 1), dtype=bool)
        for number, size in enumerate(np.minimum(seats, need).astype(np.int64).tolist()):
            before = np.concatenate([np.full(size, least[0]), least[: need + 1 - size]])
            took[number] = before + worth[number] < least
            least = np.where(took[number], before + worth[number], least)
        share = np.zeros(len(rest))
        at = need
        for number in range(len(rest) - 1, -1, -1):
            if took[number, at]:
                share[number] = 1.0
                at = max(0, at - int(seats[number]))
        return share

    def _ascend(self, prices: Floats, state: NDArray[np.int8], steps: int) -> tuple[float, Floats, Floats, Floats]:
        """Return the best bound found from these prices on, with its prices, worths and average openings."""
        best, best_prices, best_worth = float("-inf"), prices, np.zeros(len(self.sessions.seats))
        average = np.zeros(len(self.sessions.seats))
        scale, quiet = 1.0, 0
        move = np.zeros_like(prices)
        for number in range(steps):
            value, lack, worth, share = self._evaluate(prices, state)
            average = share if number == 0 else 0.9 * average + 0.1 * share
            if value > best + 1e-7 * abs(best if np.isfinite(best) else 1.0):
                best, best_prices, best_worth, quiet = value, prices, worth, 0
            else:
                quiet += 1
                if quiet >= _PATIENCE:
                    scale, quiet, prices = scale / 2, 0, best_prices
            if value == float("inf") or best >= self.best or scale < 1e-3 or self.over():
                break
            aim = self.best if np.isfinite(self.best) else best + 0.05 * abs(best)
            move = 0.3 * move + lack
            size = float(move @ move)
            if size < 1e-12:
                break
            prices = prices + scale * max(aim - value, 1e-4 * abs(value)) / size * move
        return best - _SAFE * abs(best), best_prices, best_worth, average

    # -- plans --------------------------------------------------------------------------------------------------------

    def _seat(self, opened: Bools) -> tuple[float, Floats]:
        """Return the cost of the cheapest seating in these sessions, and the seats (session x class)."""
        from ortools.graph.python import min_cost_flow

        one = self.sessions
        key = np.packbits(opened).tobytes()
        if key in self.known:
            return self.known[key]
        places = np.nonzero(opened)[0]
        if float(one.seats[places].sum()) < self.total - 1e-9:
            return float("inf"), np.zeros((0, 0))
        classes = len(one.demand)
        flow = min_cost_flow.SimpleMinCostFlow()
        tails = np.repeat(np.arange(classes), len(places))
        heads = np.tile(classes + np.arange(len(places)), classes)
        costs = np.rint(one.cost[places].T.ravel() / self.unit).astype(np.int64)
        most = np.repeat(one.demand.astype(np.int64), len(places))
        arcs = flow.add_arcs_with_capacity_and_unit_cost(tails, heads, most, costs)
        sink = classes + len(places)
        flow.add_arcs_with_capacity_and_unit_cost(
            classes + np.arange(len(places)),
            np.full(len(places), sink),
            one.seats[places].astype(np.int64),
            np.zeros(len(places), dtype=np.int64),
        )
        flow.set_nodes_supplies(np.arange(classes), one.demand.astype(np.int64))
        flow.set_node_supply(sink, -int(self.total))
        if flow.solve() != flow.OPTIMAL:
            return float("inf"), np.zeros((0, 0))
        seats = np.zeros((len(one.seats), classes))
        seats[places] = np.asarray(flow.flows(arcs), dtype=float).reshape(classes, len(places)).T
        empty = opened & (seats.sum(axis=1) == 0)
        value = float((seats * one.cost).sum() + one.opening[opened & ~empty].sum())
        self.known[key] = (value, seats)
        if value < self.best:
            self.best, self.opened = value, opened & ~empty
        return value, seats

    def _local(self, opened: Bools) -> None:
        """Open until everybody has a seat, then add, drop and exchange while it pays."""
        one = self.sessions
        opened = opened.copy()
        for session in np.argsort((one.opening + one.cost @ one.demand / self.total * one.seats) / one.seats).tolist():
            if float(one.seats[opened].sum()) >= self.total:
                break
            opened[session] = True
        value, seats = self._seat(opened)
        better = np.isfinite(value)
        while better and not self.over():
            better = False
            paid = (seats * one.cost).sum(axis=0) / one.demand
            gain = np.maximum(0, paid[None, :] - one.cost)
            order = np.argsort(-gain, axis=1)
            ranked = np.take_along_axis(gain, order, axis=1)
            demand = one.demand[order]
            fits = np.clip(one.seats[:, None] - (np.cumsum(demand, axis=1) - demand), 0, demand)
            adds = np.where(opened, -np.inf, (ranked * fits).sum(axis=1) - one.opening)
            others = np.where(opened[:, None], one.cost, np.inf)
            two = np.partition(others, 1, axis=0)[:2] if opened.sum() > 1 else np.repeat(others[:1], 2, axis=0)
            losses = (seats * np.maximum(0, two[1][None, :] - one.cost)).sum(axis=1) - one.opening
            losses = np.where(opened, losses, np.inf)
            best_adds = np.argsort(-adds)[:_MOVES].tolist()
            best_drops = np.argsort(losses)[:_MOVES].tolist()
            moves: list[tuple[int, ...]] = [(one,) for one in (*best_adds, *best_drops)]
            moves += [(a, d) for a in best_adds for d in best_drops]
            for move in moves:
                if self.over():
                    return
                trial = opened.copy()
                for session in move:
                    trial[session] = not trial[session]
                found, there = self._seat(trial)
                if found < value - 1e-9 * abs(value):
                    opened, value, seats, better = trial, found, there, True
                    break

    def _shake(self, shares: Floats, seconds_left: Callable[[], float]) -> None:
        """Change a few of the sessions that the prices leave open to doubt, and search from there, again and again."""
        random = Random(1)  # noqa: S311 - a search, not a secret
        doubtful = np.nonzero((shares > 0.02) & (shares < 0.98))[0].tolist()
        until = (1 - _SHAKEN) * seconds_left()
        for _ in range(_SHAKES):
            done = seconds_left() <= until or self.bound >= self.best * (1 - 1e-9)
            if len(doubtful) < _FLIPS or done or self.over():
                return
            trial = self.opened.copy()
            for session in random.sample(doubtful, _FLIPS):
                trial[session] = not trial[session]
            self._local(trial)

    # -- proof --------------------------------------------------------------------------------------------------------

    def _branch(self, prices: Floats, state: NDArray[np.int8], worth: Floats) -> None:
        """Branch on sessions, the lowest bound first; each side is bounded from its parent's prices."""
        queue: list[tuple[float, int, NDArray[np.int8], Floats, Floats, float]] = []
        number = 0
        heappush(queue, (self.bound, number, state, prices, worth, self.bound))
        while queue and not self.over():
            bound, _, state, prices, worth, own = heappop(queue)
            self.bound = bound
            if bound >= self.best * (1 - 1e-9):
                self.bound = self.best
                return
            undecided = np.nonzero(state == -1)[0]
            if not len(undecided):
                self._seat(state == 1)
                continue
            # What changing its mind would cost decides alone where that is more than is left to gain.
            state = state.copy()
            sure = undecided[np.abs(worth[undecided]) > self.best - own]
            if len(sure) and float(self.sessions.seats[worth < 0].sum()) >= self.total:
                state[sure] = (worth[sure] < 0).astype(np.int8)
                undecided = np.nonzero(state == -1)[0]
                if not len(undecided):
                    self._seat(state == 1)
                    continue
            session = int(undecided[np.argmin(np.abs(worth[undecided]))])
            for side in (1, 0):
                child = state.copy()
                child[session] = side
                value, found, worths, shares = self._ascend(prices, child, 60)
                own, value = value, max(value, bound)
                if value < self.best * (1 - 1e-9):
                    number += 1
                    heappush(queue, (value, number, child, found, worths, own))
                    if number % 10 == 1:
                        self._local((shares >= 0.5) & (child != 0) | (child == 1))
        if not queue and not self.over():
            self.bound = self.best

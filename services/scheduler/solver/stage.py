"""
One kind of group (S1+S2, S3+S4, or all courses) as arrays: what each seat costs whom, what the rest of a draft forbids.

Costs are T2 and T3 points, a T2 point counted `SECOND` times; T1 comes in as the penalty of having no seat.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from services.scheduler.domain.problem import Training
from services.scheduler.domain.score import LONG_WAIT_DAYS
from services.scheduler.solver.candidates import Candidate
from services.scheduler.solver.draft import Draft, Group
from services.scheduler.solver.facts import Facts, Shape, Unit

__all__ = ["FAR", "FIRST", "SECOND", "Clash", "Rest", "Stage", "bools_of"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Clash = Callable[[Unit, Shape, int], int]

FIRST = 200  # T3 points that outweigh one T1 point while groups are chosen
SECOND = 4  # T3 points that outweigh one T2 point while groups are chosen
FAR = 1 << 26  # a seat that is not possible; above every cost
_KEPT = 1500  # candidates that are scanned because many people are near their best seat there
_OWN = 16  # candidates kept for each unit beyond those
# What a stage knows of each of its units, in their order.
_BY_UNIT = (
    "index",
    "signed",
    "travel",
    "penalty",
    "hears",
    "speaks",
    "needs_lift",
    "awaits_french",
    "terms",
    "owed",
)


def bools_of(mask: int, count: int) -> Bools:
    """Return the lowest bits of a whole number as booleans."""
    raw = np.frombuffer((mask & ((1 << count) - 1)).to_bytes((count + 7) // 8, "little"), dtype=np.uint8)
    return np.unpackbits(raw, count=count, bitorder="little").astype(bool)


class Stage:
    """All units and candidates of one kind of group; no parts stand for every course."""

    def __init__(self, facts: Facts, units: list[Unit], candidates: list[Candidate], parts: tuple[str, ...]) -> None:
        self.facts = facts
        self.parts = parts
        self.length = max(1, len(parts))  # civic days of one seat; a course counts once
        self.civic = bool(parts)
        self.units = [unit for unit in units if (unit.parts == parts if parts else unit.training is Training.LANGUAGE)]
        rules, weights, people = facts.problem.rules, facts.problem.weights, facts.problem.people
        self.limits = rules.civic_size if self.civic else rules.language_size
        self.opening = weights.civic_group if self.civic else weights.language_group
        self.index = np.array([unit.index for unit in self.units], dtype=np.int64)
        self.signed = np.array([facts.signed[unit.person] for unit in self.units], dtype=np.int64)
        self.travel = np.array([facts.minutes[unit.person] for unit in self.units], dtype=np.int64).reshape(
            len(self.units), len(facts.problem.sites)
        )
        self.penalty = np.array([FIRST * unit.weight for unit in self.units], dtype=np.int64)
        self.hears = np.array([not self.civic or facts.hears[unit.person] for unit in self.units], dtype=bool)
        self.languages = sorted(facts.interpreters_of) if self.civic else []
        self.speaks = np.array(
            [[one in people[unit.person].languages for one in self.languages] for unit in self.units], dtype=bool
        ).reshape(len(self.units), len(self.languages))
        self.needs_lift = np.array(
            [people[unit.person].step_free and not facts.waived("room", people[unit.person]) for unit in self.units],
            dtype=bool,
        )
        self.awaits_french = np.array(
            [
                self.civic and unit.person in facts.owes_language and not people[unit.person].follows_french
                for unit in self.units
            ],
            dtype=bool,
        )
        self.terms = np.array([people[unit.person].term_on.toordinal() for unit in self.units], dtype=np.int64)
        self.owed = np.array([unit.needs[0].minutes for unit in self.units], dtype=np.int64)
        self.count = len(units)
        self.rents: NDArray[np.float64] | None = None  # site x day from the day after publication
        self.clash: Clash | None = None
        found = [one for one in candidates if self.holds(one.shape)] if self.units else []
        self._position = {unit.index: number for number, unit in enumerate(self.units)}
        costs = np.zeros((len(found), len(self.units)), dtype=np.int64)
        for row, one in enumerate(found):
            costs[row] = self.column(one.shape, one.site, one.takers, one.entries)
        kept = _worth_scanning(costs, self.limits.minimum, [(one.shape.days[0] // 7, one.site) for one in found])
        self.candidates = [found[row] for row in kept]
        self.costs: Ints = costs[kept]
        self._row = {(one.shape.mask, one.site, one.rhythm): row for row, one in enumerate(self.candidates)}
        self.days = np.array([one.shape.part_days for one in self.candidates], dtype=np.int64).reshape(
            len(kept), self.length
        )
        self.sites = np.array([one.site for one in self.candidates], dtype=np.int64)

    def holds(self, shape: Shape) -> bool:
        """Tell whether groups of this shape belong to the stage."""
        return shape.parts == self.parts if self.parts else shape.training is Training.LANGUAGE

    def part(self, mask: Bools) -> "Stage":
        """Return the same stage for some of its units only."""
        twin = Stage.__new__(Stage)
        twin.__dict__.update(self.__dict__)
        twin.units = [unit for unit, chosen in zip(self.units, mask.tolist(), strict=True) if chosen]
        twin._position = {unit.index: number for number, unit in enumerate(twin.units)}  # noqa: SLF001 - its own
        for name in _BY_UNIT:
            setattr(twin, name, getattr(self, name)[mask])
        twin.costs = self.costs[:, mask]
        return twin

    def column(self, shape: Shape, site: int, takers: int, entries: dict[int, int]) -> Ints:
        """Return what a seat costs each unit in T2 and T3 points, FAR for those who may not sit there."""
        weights, facts = self.facts.problem.weights, self.facts
        able = bools_of(takers, self.count)[self.index] if len(self.index) else np.zeros(0, dtype=bool)
        days = shape.part_days if self.civic else shape.days[:1]
        waiting = np.zeros(len(self.units), dtype=np.int64)
        for day in days:
            passed = np.maximum(0, day - self.signed)
            waiting += passed + passed * passed // LONG_WAIT_DAYS
        cost = weights.wait * waiting + weights.travel_minute * self.travel[:, site] * len(days)
        if not self.civic:
            cost += SECOND * weights.late_contract * facts.are_late(self.owed, self.terms, shape)
            for index, day in entries.items():
                number = self._position.get(index)
                if number is not None:
                    unit = self.units[number]
                    late = SECOND * weights.late_contract if facts.is_late(unit, shape, day) else 0
                    cost[number] = facts.comfort(unit, shape, site, day) + late
        return np.asarray(np.where(able, cost, FAR), dtype=np.int64)

    def cost_of(self, group: Group) -> Ints:
        """Return the costs of a group that is open, whoever sits elsewhere."""
        row = self._row.get((group.shape.mask, group.site, group.rhythm))
        if row is not None and self.candidates[row].shape.parts == group.shape.parts and not group.kept:
            known: Ints = self.costs[row]
            return known
        return self.column(group.shape, group.site, group.takers, group.entries)

    def half_days(self) -> int:
        """Return the half-days of one civic group."""
        return self.length * len(self.facts.problem.rules.civic_slots)

    def bonus(self) -> int:
        """Return what filling a seat saves."""
        return self.facts.problem.weights.empty_seat * self.length

    def fixed_cost(self, group: Group) -> int:
        """Return the points of a group with nobody in it, what its trainer could do elsewhere included."""
        if group.kept:
            return 0
        spoken = self.facts.problem.weights.interpreter_half_day * len(group.interpreters) * len(group.shape.meetings)
        return self.opening + spoken + self.bonus() * group.seats + self.rent(group.shape, group.site)

    def rent(self, shape: Shape, site: int) -> int:
        """Return what the trainer of a civic group would be worth to others, T3 points."""
        if self.rents is None or not self.civic:
            return 0
        first = self.facts.problem.publish_on.toordinal() + 1
        return int(sum(self.rents[site, day - first] for day in shape.part_days))


class Rest:
    """What the rest of a draft leaves to the units of one stage."""

    def __init__(self, stage: Stage, draft: Draft) -> None:
        self.stage = stage
        facts = stage.facts
        units = stage.units
        self.busy = [draft.busy[unit.person] for unit in units]
        self.anybody_busy = any(self.busy)
        self.after = np.zeros(len(units), dtype=np.int64)
        self.before = np.full(len(units), 1 << 30, dtype=np.int64)
        self.followers = np.zeros(len(units), dtype=np.int64)
        self.starts = np.zeros(len(units), dtype=np.int64)
        if not stage.civic:
            return
        self.horizon = facts.horizon - facts.base + 1
        ranks = [slot.rank for slot in facts.problem.rules.civic_slots]
        self.taken = np.zeros((len(units), self.horizon), dtype=bool)
        for number, unit in enumerate(units):
            if self.busy[number]:
                half_days = bools_of(self.busy[number], 3 * self.horizon).reshape(self.horizon, 3)
                self.taken[number] = half_days[:, ranks].any(axis=1)
            for other, earlier, gap in draft.kin[unit.index]:
                placed = draft.where[other] >= 0
                if earlier:
                    self.after[number] = max(self.after[number], draft.last_day[other] + gap if placed else 1 << 30)
                elif not placed:
                    self.followers[number] += len(draft.units[other].parts)
                elif not draft.fixed >> other & 1:
                    self.before[number] = min(self.before[number], draft.first_day[other] - gap)
            if stage.awaits_french[number]:
                self.starts[number] = 1 << 30
                for other in draft.of_person[unit.person]:
                    key = draft.where[other]
                    if key >= 0 and draft.units[other].training is Training.LANGUAGE:
                        self.starts[number] = draft.groups[key].units[other]

    def priced(self, costs: Ints, shapes: list[Shape], entries: list[dict[int, int]], days: Ints) -> Ints:
        """Return the costs (shape x unit) with what the rest of the draft adds and forbids."""
        stage, facts = self.stage, self.stage.facts
        costs = costs.copy()
        if stage.civic:
            known = np.clip(days - facts.base, 0, self.horizon - 1)
            blocked = (days[:, :1] < self.after[None, :]) | (days[:, -1:] > self.before[None, :])
            points = facts.problem.weights.civic_before_french
            french = points > 0 and bool(self.starts.any())
            for part in range(days.shape[1]):
                blocked |= self.taken[:, known[:, part]].T
                if french:
                    costs += points * (days[:, part : part + 1] < self.starts[None, :])
            for step in range(1, int(self.followers.max(initial=0)) + 1):
                # The civic days that wait for this one can only come after it.
                passed = np.maximum(0, days[:, -1:] + step - stage.signed[None, :])
                ahead = facts.problem.weights.wait * (passed + passed * passed // LONG_WAIT_DAYS)
                costs += np.where(self.followers >= step, ahead, 0)
        else:
            blocked = np.zeros(costs.shape, dtype=bool)
            if self.anybody_busy:
                for row, shape in enumerate(shapes):
                    blocked[row] = self._clashes(shape, entries[row], costs[row])
            if stage.clash is not None:
                for row, shape in enumerate(shapes):
                    for number in np.nonzero(costs[row] < FAR)[0].tolist():
                        unit = stage.units[number]
                        costs[row, number] += stage.clash(unit, shape, entries[row].get(unit.index, shape.days[0]))
        costs[blocked] = FAR
        return np.minimum(costs, FAR)

    def _clashes(self, shape: Shape, entries: dict[int, int], costs: Ints) -> Bools:
        blocked = np.zeros(len(costs), dtype=bool)
        for number in np.nonzero(costs < FAR)[0].tolist():
            taken = self.busy[number] & shape.mask
            if taken:
                joins_on = entries.get(self.stage.units[number].index)
                blocked[number] = joins_on is None or bool(self.stage.facts.from_day(taken, joins_on))
        return blocked


def _worth_scanning(costs: Ints, minimum: int, places: list[tuple[int, int]]) -> list[int]:
    """Return the rows with many people near their best seat, the best of each week and site, everybody's nearest."""
    if not costs.size:
        return []
    ideal = costs.min(axis=0)
    regret = np.where(costs < FAR, costs - ideal, 1 << 20).astype(np.float32)
    least = min(minimum, costs.shape[1])
    score = np.partition(regret, least - 1, axis=1)[:, :least].mean(axis=1)
    chosen = set(np.argsort(score, kind="stable")[:_KEPT].tolist())
    best: dict[tuple[int, int], int] = {}
    for row, place in enumerate(places):
        if place not in best or score[row] < score[best[place]]:
            best[place] = row
    chosen.update(best.values())
    own = regret + score[:, None]
    count = min(_OWN, len(own))
    near = np.argpartition(np.ascontiguousarray(own.T), count - 1, axis=1)[:, :count]
    for number in np.nonzero(ideal < FAR)[0].tolist():
        chosen.update(one for one in near[number].tolist() if costs[one, number] < FAR)
    return sorted(chosen)

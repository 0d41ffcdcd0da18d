"""
Who cannot all have company: a bound of T1 from the smallest sizes of groups, whole.

The other bounds ask of each person alone whether enough people could come with them. Here everybody sits in one group
of each kind at most, and a group has its minimum or does not open. Left out: rooms, trainers, orders, interpreters
beyond one at work, largest sizes, clashes and the order of days; any number of groups may be alike. So only those
dates matter to which no other date brings the same people and more.
"""

from collections.abc import Iterable
from time import monotonic
from typing import TYPE_CHECKING

from services.scheduler.domain.problem import Training
from services.scheduler.solver.candidates import Candidate
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Unit, bits_of

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

__all__ = ["least_left_out"]

Parts = tuple[str, ...]
_MOST_UNITS = 1_000  # civic units beyond which company is plenty and nothing is asked
_MOST = 20_000  # seats in the model of one kind; beyond that company is plenty and only who has none is counted


def least_left_out(base: Draft, candidates: Iterable[Candidate], *, work: float, seconds: float | None) -> int:
    """
    Return T1 points that every plan leaves, at least those of units that nobody could keep company.

    Civic days and each kind of course are looked at apart, and the points add up. `work` is deterministic time for each
    of them, about seconds of one core; `seconds` is wall time in all, None: no clock.
    """
    if sum(unit.training is Training.CIVIC for unit in base.units) > _MOST_UNITS:
        return 0
    civic = _civic(base)
    parts_of = [civic, *({parts: sets} for parts, sets in _courses(base, candidates).items())]
    known = {parts for one in parts_of for parts in one}
    lost = sum(unit.weight for unit in _waiting(base) if unit.training is Training.LANGUAGE and unit.parts not in known)
    until = None if seconds is None else monotonic() + seconds
    for one in sorted(parts_of, key=lambda one: sum(takers.bit_count() for sets in one.values() for takers in sets)):
        left = None if until is None else until - monotonic()
        if left is None or left > 0:
            lost += _left_out(base, one, civic=one is civic, work=work, seconds=left)
    return lost


def _waiting(base: Draft) -> list[Unit]:
    """Return the units to place that no published group could take."""
    free = 0
    for group in base.groups.values():
        if group.kept:
            free |= group.takers
    return [unit for unit in base.units if not (base.fixed | free) >> unit.index & 1]


def _left_out(base: Draft, offers: dict[Parts, list[int]], *, civic: bool, work: float, seconds: float | None) -> int:
    """Return the T1 points that are left of the units of these kinds of groups."""
    from ortools.sat.python import cp_model

    units = [
        unit
        for unit in _waiting(base)
        if (unit.training is Training.CIVIC if civic else unit.training is Training.LANGUAGE and unit.parts in offers)
    ]
    every = sum(1 << unit.index for unit in units)
    sets = [(parts, takers) for parts, found in offers.items() for takers in found]
    reached = 0
    for _, takers in sets:
        reached |= takers
    model = cp_model.CpModel()
    placed: dict[int, cp_model.IntVar] = {}
    for unit in units:
        placed[unit.index] = model.new_bool_var("") if reached >> unit.index & 1 else model.new_constant(0)
    for unit in units:
        for other, earlier, _ in base.kin[unit.index]:
            if earlier and other in placed:
                model.add_implication(placed[unit.index], placed[other])
    if sum(takers.bit_count() for _, takers in sets) <= _MOST:
        _seat(model, base, sets, placed, _minimum(base)[Training.CIVIC if civic else Training.LANGUAGE], every)
    model.maximize(sum(unit.weight * placed[unit.index] for unit in units))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = work
    if seconds is not None:
        solver.parameters.max_time_in_seconds = max(0.1, seconds)
    if not units or solver.solve(model) not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return 0
    return max(0, sum(unit.weight for unit in units) - int(solver.best_objective_bound + 1e-6))


def _seat(  # noqa: PLR0917 - one place calls it
    model: "cp_model.CpModel",
    base: Draft,
    sets: list[tuple[Parts, int]],
    placed: "dict[int, cp_model.IntVar]",
    minimum: int,
    every: int,
) -> None:
    """Ask that whoever is placed sits in a group that has its minimum; who could sit in a published one is company."""
    seats: dict[int, list[cp_model.IntVar]] = {index: [] for index in placed}
    for parts, takers in sets:
        group = model.new_bool_var("")
        inside = {index: model.new_bool_var("") for index in bits_of(takers & every)}
        for index, seat in inside.items():
            seats[index].append(seat)
            model.add_implication(seat, group)
        for part in parts:
            others = sum(part in base.units[index].parts for index in bits_of(takers & ~every))
            there = [seat for index, seat in inside.items() if part in base.units[index].parts]
            model.add(sum(there) + others >= minimum * group)
    for index, seat in placed.items():
        model.add(sum(seats[index]) == seat)


def _minimum(base: Draft) -> dict[Training, int]:
    problem = base.facts.problem
    lowered = [one.minimum for one in problem.allowances if one.minimum is not None]
    return {
        Training.CIVIC: min([problem.rules.civic_size.minimum, *lowered]),
        Training.LANGUAGE: min([problem.rules.language_size.minimum, *lowered]),
    }


def _courses(base: Draft, candidates: Iterable[Candidate]) -> dict[Parts, list[int]]:
    """Return for each kind of course the sets of units that could come together, without those inside another set."""
    found: dict[Parts, set[int]] = {}
    for one in candidates:
        if one.shape.training is Training.LANGUAGE:
            found.setdefault(one.shape.parts, set()).add(one.takers & ~base.fixed)
    return {parts: _largest(sets) for parts, sets in found.items()}


def _civic(base: Draft) -> dict[Parts, list[int]]:
    """
    Return the same for civic days: of a bundle only the first and the last day are looked at, whatever lies between.

    All pairs of days that the rules allow are there, also those that the search does not try.
    """
    facts = base.facts
    rules = facts.problem.rules
    units = [unit for unit in base.units if unit.training is Training.CIVIC and not base.fixed >> unit.index & 1]
    masks = {}
    for day in range(facts.problem.publish_on.toordinal() + 1, facts.horizon + 1):
        masks[day] = sum(facts.bit(day, slot) for slot in rules.civic_slots)
    there = {
        day: _bits(unit for unit in units if facts.notice[unit.person] <= day and not mask & ~facts.free[unit.person])
        for day, mask in masks.items()
    }
    welcome = [
        _bits(unit for unit in units if facts.welcome[site] >> unit.person & 1)
        for site in range(len(facts.problem.sites))
    ]
    spoken = {language: _bits(_speakers(base, units, language)) for language in facts.interpreters_of}
    hears = _bits(unit for unit in units if facts.hears[unit.person])
    found: dict[Parts, set[int]] = {}
    for parts in dict.fromkeys((*rules.civic_bundles, *((part,) for unit in units for part in unit.parts))):
        whole = _bits(unit for unit in units if unit.parts == parts)
        some = _bits(unit for unit in units if unit.parts != parts and set(unit.parts) <= set(parts))
        apart = len(parts) - 1
        steps = range(apart * rules.civic_gap_days, max(rules.civic_bundle_span_days, apart * rules.civic_gap_days) + 1)
        for first, mask in masks.items():
            for last in [first + step for step in (steps if apart else [0]) if first + step in masks]:
                either = some if apart > 1 else some & (there[first] | there[last])
                able = whole & there[first] & there[last] | either
                both = mask | masks[last]
                able &= hears | _union(
                    spoken[language]
                    for language, pool in facts.interpreters_of.items()
                    if any(not both & ~facts.interpreter_free[one] for one in pool)
                )
                for site, near in enumerate(welcome):
                    if able & near and not both & ~facts.site_open[site][Training.CIVIC]:
                        found.setdefault(parts, set()).add(able & near)
    return {parts: _largest(sets) for parts, sets in found.items()}


def _speakers(base: Draft, units: list[Unit], language: str) -> Iterable[Unit]:
    people = base.facts.problem.people
    return (unit for unit in units if language in people[unit.person].languages)


def _bits(units: Iterable[Unit]) -> int:
    return _union(1 << unit.index for unit in units)


def _union(sets: Iterable[int]) -> int:
    every = 0
    for one in sets:
        every |= one
    return every


def _largest(sets: set[int]) -> list[int]:
    kept: list[int] = []
    for one in sorted(sets, key=lambda takers: (-takers.bit_count(), takers)):
        if one and not any(not one & ~other for other in kept):
            kept.append(one)
    return kept

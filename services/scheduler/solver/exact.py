"""
A part of a draft decided anew by CP-SAT: some units, the groups that they could open, and what is free around them.

Trainers are named in the model; rooms and interpreters are counted by half-day and named afterwards with the draft's
exact books. A group that finds no name is left out, and the caller keeps the result only if it is better. One worker
with full linearisation: two workers were measured to be the worst setting. Its work is limited in deterministic time,
so the same part gives the same result, unless a wall limit cuts it short.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from services.scheduler.domain.problem import Training
from services.scheduler.solver.candidates import Candidate
from services.scheduler.solver.draft import Draft, Group
from services.scheduler.solver.facts import bits_of
from services.scheduler.solver.stage import FAR, FIRST, Rest, Stage

__all__ = ["decide"]

Row = list[tuple[int, Any]]


class _Model:
    """The integer model of one part."""

    def __init__(self, draft: Draft) -> None:
        from ortools.sat.python import cp_model

        self.cp = cp_model.CpModel()
        self.draft = draft
        self.facts = draft.facts
        self.goal: Row = []
        self.of_unit: dict[int, Row] = defaultdict(list)
        self.times: dict[int, list[tuple[int, int, Any]]] = defaultdict(list)  # unit -> first day, last day, seat
        self.of_bit: dict[tuple[int, int], Row] = defaultdict(list)  # person and half-day
        self.rooms: dict[tuple[int, int], Row] = defaultdict(list)
        self.trainers: dict[tuple[int, int], Row] = defaultdict(list)  # trainer and half-day
        self.trainer_weeks: dict[tuple[int, int], Row] = defaultdict(list)
        self.interpreters: dict[tuple[str, int], Row] = defaultdict(list)
        self.lots: dict[int, Row] = defaultdict(list)
        self.opened: list[tuple[Stage, int, dict[int, Any], dict[str, Any], list[tuple[int, Any]]]] = []
        self.joined: list[tuple[int, int, Any]] = []  # unit, key of an open group, seat

    def at_most(self, row: Row, most: int) -> None:
        """Add a row."""
        from ortools.sat.python import cp_model

        self.cp.add(cp_model.LinearExpr.weighted_sum([var for _, var in row], [factor for factor, _ in row]) <= most)

    def seat(self, unit: int, cost: int) -> Any:
        """Return a new seat of a unit; it saves what leaving the unit out would cost."""
        var = self.cp.new_bool_var("")
        self.of_unit[unit].append((1, var))
        self.goal.append((cost - FIRST * self.draft.units[unit].weight, var))
        return var


def decide(
    stages: Iterable[Stage],
    draft: Draft,
    units: set[int],
    *,
    candidates: int,
    wanted: Candidate | None = None,
    work: float,
    seconds: float | None,
    should_stop: Callable[[], bool],
) -> Draft:
    """
    Return the draft with these units seated anew, and the groups closed that only they sat in.

    `wanted` is a group that is looked at whatever it costs; `work` is deterministic time, about seconds of one core;
    `seconds` is wall time, None: no clock.
    """
    before = draft
    draft = draft.copy()
    was: dict[int, tuple[int, int, tuple[str, ...]]] = {}  # unit -> mask, site and parts of its group
    for unit in sorted(units):
        group = draft.groups.get(draft.where[unit])
        if group is not None:
            was[unit] = (group.shape.mask, group.site, group.shape.parts)
            draft.unseat(unit)
    spoken: dict[tuple[int, int, tuple[str, ...]], set[str]] = {}
    for group in list(draft.groups.values()):
        if not group.kept and not group.units:
            spoken[group.shape.mask, group.site, group.shape.parts] = set(group.interpreters)
            draft.close(group)
    model = _Model(draft)
    hints: list[tuple[Any, bool]] = []
    for stage in stages:
        mask = np.array([unit.index in units for unit in stage.units], dtype=bool)
        if mask.any():
            _add_stage(model, stage.part(mask), candidates, wanted, was, spoken, hints)
    if not model.of_unit:
        return before
    _add_rows(model)
    chosen = _solve(model, hints, work, seconds, should_stop)
    if chosen is None:
        return before
    _name(model, chosen)
    draft.mend()
    return draft


def _add_stage(  # noqa: PLR0917 - one place calls it
    model: _Model,
    stage: Stage,
    count: int,
    wanted: Candidate | None,
    was: dict[int, tuple[int, int, tuple[str, ...]]],
    spoken: dict[tuple[int, int, tuple[str, ...]], set[str]],
    hints: list[tuple[Any, bool]],
) -> None:
    draft, facts = model.draft, model.facts
    outside = Rest(stage, draft)
    outside.after[:] = 0  # the order among the units of the part is a row of its own
    outside.followers[:] = 0
    for number, unit in enumerate(stage.units):
        for other, earlier, gap in draft.kin[unit.index]:
            if earlier and draft.where[other] >= 0:
                outside.after[number] = max(outside.after[number], draft.last_day[other] + gap)
    shapes = [one.shape for one in stage.candidates]
    table = outside.priced(stage.costs, shapes, [one.entries for one in stage.candidates], stage.days)
    used = set(was.values())
    asked = set() if wanted is None else {(wanted.shape.mask, wanted.site, wanted.shape.parts)}
    rows = _rows(stage, table, count, used | asked)
    civic = stage.civic
    weights, rules = facts.problem.weights, facts.problem.rules
    for row in rows:
        one = stage.candidates[row]
        able = np.nonzero(table[row] < FAR)[0].tolist()
        room = draft.room_for(one.shape, one.site)
        lot = draft.lot_for(one.shape, one.site, 1)
        if room is None or lot is None or draft.trainer_for(one.shape, one.site) is None:
            continue
        place = (one.shape.mask, one.site, one.shape.parts)
        group = model.cp.new_bool_var("")
        hints.append((group, place in used))
        most = stage.limits.offered(facts.problem.rooms[room].seats)
        model.goal.append((stage.opening + stage.bonus() * most, group))
        heard: dict[str, Any] = {}
        seats: list[tuple[int, Any]] = []
        for number in able:
            unit = stage.units[number]
            lacking = civic and not stage.hears[number]
            if lacking:
                known = [x for number_of, x in enumerate(stage.languages) if stage.speaks[number, number_of]]
                for language in known:
                    if language not in heard and draft.interpreter_for(language, one.shape) is not None:
                        heard[language] = model.cp.new_bool_var("")
                        hints.append((heard[language], language in spoken.get(place, set())))
                understood = [(-1, heard[language]) for language in known if language in heard]
                if not understood:
                    continue
            seat = model.seat(unit.index, int(table[row, number]) - stage.bonus())
            hints.append((seat, was.get(unit.index) == place))
            seats.append((unit.index, seat))
            model.at_most([(1, seat), (-1, group)], 0)
            if lacking:
                model.at_most([(1, seat), *understood], 0)
            joins_on = draft.entry_day(unit, one.shape, one.entries)
            model.lots[lot].append((facts.quantity(unit, one.shape, joins_on), seat))
            _note_times(model, unit.index, one.shape.part_days if civic else (joins_on,), seat)
            if len(draft.of_person[unit.person]) > 1:
                for bit in bits_of(facts.unit_mask(unit, one.shape, joins_on)):
                    model.of_bit[unit.person, bit].append((1, seat))
        model.at_most([*((1, seat) for _, seat in seats), (-most, group)], 0)
        model.at_most([*((-1, seat) for _, seat in seats), (stage.limits.minimum, group)], 0)
        if len(heard) > rules.interpreted_languages_max:
            model.at_most([(1, var) for var in heard.values()], rules.interpreted_languages_max)
        for language, var in heard.items():
            model.goal.append((weights.interpreter_half_day * len(one.shape.meetings), var))
            model.at_most([(1, var), (-1, group)], 0)
            for bit in bits_of(one.shape.mask):
                model.interpreters[language, bit].append((1, var))
        staff = {trainer: model.cp.new_bool_var("") for trainer in draft.trainers_for(one.shape, one.site)}
        model.cp.add(sum(staff.values()) == group)
        for bit in bits_of(one.shape.mask):
            model.rooms[one.site, bit].append((1, group))
            for trainer, var in staff.items():
                model.trainers[trainer, bit].append((1, var))
        for week, half_days in one.shape.weeks:
            for trainer, var in staff.items():
                model.trainer_weeks[trainer, week].append((half_days, var))
        model.opened.append((stage, row, staff, heard, seats))
    for group_there in [one for one in draft.groups.values() if stage.holds(one.shape)]:
        _add_open(model, stage, outside, group_there)


def _rows(stage: Stage, table: Any, count: int, used: set[tuple[int, int, tuple[str, ...]]]) -> list[int]:
    """Return the candidates of the model: those in use, those near many people's best, and everybody's nearest."""
    if not len(table):
        return []
    ideal = table.min(axis=0)
    regret = np.where(table < FAR, table - ideal, 1 << 20).astype(np.float64)
    least = min(stage.limits.minimum, table.shape[1])
    score = np.partition(regret, least - 1, axis=1)[:, :least].mean(axis=1)
    chosen = set(np.argsort(score, kind="stable")[:count].tolist())
    near = np.argsort(regret + score[:, None], axis=0, kind="stable")[:4]
    for number in np.nonzero(ideal < FAR)[0].tolist():
        chosen.update(row for row in near[:, number].tolist() if table[row, number] < FAR)
    for row, one in enumerate(stage.candidates):
        if (one.shape.mask, one.site, one.shape.parts) in used:
            chosen.add(row)
    enough = (table < FAR).sum(axis=1) >= stage.limits.minimum
    return sorted(row for row in chosen if enough[row])


def _add_open(model: _Model, stage: Stage, outside: Rest, group: Group) -> None:
    """Let the units take the free seats of a group that stays open."""
    draft, facts = model.draft, model.facts
    days = np.array([group.shape.part_days], dtype=np.int64)
    column = outside.priced(stage.cost_of(group)[None, :], [group.shape], [group.entries], days)[0]
    row: Row = []
    for number in np.nonzero(column < FAR)[0].tolist():
        unit = stage.units[number]
        if not draft.is_heard(unit, group) or not draft.room_suits(unit, group.room):
            continue
        bonus = 0 if group.kept else stage.bonus()
        seat = model.seat(unit.index, int(column[number]) - bonus)
        row.append((1, seat))
        joins_on = draft.entry_day(unit, group.shape, group.entries)
        if group.lot is not None:
            model.lots[group.lot].append((facts.quantity(unit, group.shape, joins_on), seat))
        _note_times(model, unit.index, group.shape.part_days if stage.civic else (joins_on,), seat)
        if len(draft.of_person[unit.person]) > 1:
            for bit in bits_of(facts.unit_mask(unit, group.shape, joins_on)):
                model.of_bit[unit.person, bit].append((1, seat))
        model.joined.append((unit.index, group.key, seat))
    if row:
        model.at_most(row, group.seats - max(group.counts))
        short = 0 if group.kept else group.minimum - min(group.counts)
        if short > 0:
            model.at_most([(-1, seat) for _, seat in row], -short)


def _note_times(model: _Model, unit: int, days: tuple[int, ...], seat: Any) -> None:
    model.times[unit].append((days[0], days[-1], seat))


def _add_rows(model: _Model) -> None:
    """Add what is shared: people's time and order, rooms, trainers, interpreters and orders."""
    draft, facts = model.draft, model.facts
    problem = facts.problem
    for row in model.of_unit.values():
        model.at_most(row, 1)
    seen: set[tuple[tuple[int, int], ...]] = set()

    def once(row: Row, most: int) -> None:
        key = (*sorted((var.index, factor) for factor, var in row), (most, 0))
        if key not in seen and sum(factor for factor, _ in row) > most:
            seen.add(key)
            model.at_most(row, most)

    for row in model.of_bit.values():
        once(row, 1)
    for (site, bit), row in model.rooms.items():
        once(row, sum(not draft.room_busy[room] >> bit & 1 for room in facts.rooms_at[site]))
    for row in model.trainers.values():
        once(row, 1)
    for (trainer, week), row in model.trainer_weeks.items():
        used = draft.trainer_weeks[trainer].get(week, 0)
        once(row, max(0, problem.trainers[trainer].max_half_days_week - used))
    for (language, bit), row in model.interpreters.items():
        pool = facts.interpreters_of[language]
        once(row, sum(bool(facts.interpreter_free[x] & ~draft.interpreter_busy[x] & 1 << bit) for x in pool))
    for lot, row in model.lots.items():
        once(row, max(0, draft.lot_left[lot]))
    for unit in model.times:
        for other, earlier, gap in draft.kin[unit]:
            if not earlier or draft.where[other] >= 0:
                continue
            for day in sorted({first for first, _, _ in model.times[unit]}):
                now = [(1, seat) for first, _, seat in model.times[unit] if first <= day]
                done = [(-1, seat) for _, last, seat in model.times.get(other, ()) if last + gap <= day]
                model.at_most([*now, *done], 0)


def _solve(
    model: _Model,
    hints: list[tuple[Any, bool]],
    work: float,
    seconds: float | None,
    should_stop: Callable[[], bool],
) -> Callable[[Any], bool] | None:
    from ortools.sat.python import cp_model

    for var, value in hints:
        model.cp.add_hint(var, value)
    factors = [factor for factor, _ in model.goal]
    model.cp.minimize(cp_model.LinearExpr.weighted_sum([var for _, var in model.goal], factors))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.max_deterministic_time = work
    solver.parameters.random_seed = 1
    if seconds is not None:
        solver.parameters.max_time_in_seconds = max(0.1, seconds)
    if should_stop():
        return None
    status = solver.solve(model.cp)
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return None
    return lambda var: bool(solver.value(var))


def _name(model: _Model, chosen: Callable[[Any], bool]) -> None:
    """Open the chosen groups with rooms, trainers and interpreters by name, and seat the units."""
    draft = model.draft
    takes: list[tuple[tuple[int, int], int, Group]] = []
    wanted = [entry for entry in model.opened if any(chosen(var) for var in entry[2].values())]
    wanted.sort(key=lambda entry: (entry[0].candidates[entry[1]].shape.days[0], -len(entry[4]), entry[1]))
    for stage, row, staff, heard, seats in wanted:
        one = stage.candidates[row]
        trainer = next(number for number, var in staff.items() if chosen(var))
        room, lot = draft.room_for(one.shape, one.site), draft.lot_for(one.shape, one.site, 1)
        if room is None or lot is None:
            continue
        languages: dict[str, int] = {}
        for language, var in heard.items():
            who = draft.interpreter_for(language, one.shape) if chosen(var) else None
            if who is not None:
                languages[language] = who
        group = draft.open(one, room, trainer, lot, languages)
        takes += [((draft.units[unit].ranks), unit, group) for unit, seat in seats if chosen(seat)]
    takes += [(draft.units[unit].ranks, unit, draft.groups[key]) for unit, key, seat in model.joined if chosen(seat)]
    takes.sort(key=lambda take: take[:2])
    takes.sort(key=lambda take: draft.units[take[1]].training is Training.LANGUAGE)
    for _, unit, group in takes:
        joins_on = draft.joins(unit, group)
        if joins_on is not None:
            draft.seat(unit, group, joins_on)

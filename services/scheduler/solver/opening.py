"""
Which groups of one stage stand open, and who sits in them, while the rest of the draft stays as it is.

Seats in open groups are settled exactly by a minimum-cost flow (people to groups, groups to lots). The flow's prices,
what one more seat of each group would save and what each person costs where they are, say which further group would
pay for itself, which language an open group lacks and which group is cheap to do without. Each such move is settled
exactly again and kept only when it is better.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

import numpy as np
from numpy.typing import NDArray

from services.scheduler.solver.draft import Draft, Group
from services.scheduler.solver.stage import FAR, FIRST, Rest, Stage

__all__ = ["MARGINS", "Opening"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Columns = dict[int, Ints]
Move = Callable[[list[Group], Columns], bool]

MARGINS = (12, 25, 50, 75, 100, 150, 200, 300, 400, 700, 1000, 1500, 3000, 6000, FAR)
_PULL = 1 << 24  # pull of a seat that a group needs to open; above every penalty of one person
_BATCH = 12  # candidates taken up from one scan
_SCARCE = 1000  # T3 points that a person with few possible groups may be put further from their best
_FEW = 100  # possible groups that are few
_LOT_ROUNDS = 3  # seatings tried until no lot gives more than was ordered
_PICKS = 3  # offers tried exactly before the search goes on


@dataclass(slots=True, eq=False)
class _Seating:
    """The groups that stand open, the columns of their costs, and how the flow seats the units."""

    groups: list[Group]
    columns: Ints  # unit x group
    where: Ints  # position of each unit's group, -1: none
    worth: Ints  # what one more seat of each group would save
    price: Ints  # what each unit costs where it is, its seat's worth included
    value: int


class Opening:
    """The search over one stage's groups in one draft. The draft that was handed in is used up."""

    def __init__(self, stage: Stage, draft: Draft, over: Callable[[], bool]) -> None:
        self.stage = stage
        self.draft = draft
        self.over = over
        movable = [not draft.fixed >> unit.index & 1 for unit in stage.units]
        for unit, free in zip(stage.units, movable, strict=True):
            if free and draft.where[unit.index] >= 0:
                draft.unseat(unit.index)
        self.movable = np.array(movable, dtype=bool)
        self.rest = Rest(stage, draft)
        self.penalty = stage.penalty.copy()
        for number, unit in enumerate(stage.units):
            for other, earlier, _ in draft.kin[unit.index]:
                if not earlier and not draft.fixed >> other & 1:
                    self.penalty[number] += FIRST * draft.units[other].weight
        shapes = [one.shape for one in stage.candidates]
        self.table = self.rest.priced(stage.costs, shapes, [one.entries for one in stage.candidates], stage.days)
        self.table[:, ~self.movable] = FAR
        self.ideal = self.table.min(axis=0) if len(self.table) else np.full(len(movable), FAR, dtype=np.int64)
        facts = stage.facts
        most = [
            max((facts.problem.rooms[room].seats for room in facts.rooms_at[site]), default=1)
            for site in range(len(facts.problem.sites))
        ]
        self.heads = np.array([stage.limits.offered(one) for one in most], dtype=np.int64)[stage.sites]
        rents = [stage.rent(one.shape, one.site) for one in stage.candidates]
        self.fixed = stage.opening + stage.bonus() * self.heads + np.array(rents, dtype=np.int64)
        self.interpreting = facts.problem.weights.interpreter_half_day * stage.half_days() if stage.civic else 0
        options = (self.table < FAR).sum(axis=0)
        self.scarce = np.minimum(_SCARCE, _SCARCE * _FEW // np.maximum(1, options))
        enough = (self.table < FAR).sum(axis=1) >= stage.limits.minimum
        self.alive = np.nonzero(enough)[0].tolist()
        crews = [tuple(one) for one in facts.trainers_at]
        self.staff = [crews.index(one) for one in crews]
        self.state = self._settled([one for one in draft.groups.values() if stage.holds(one.shape)], {})

    def raise_to(self, margin: int) -> None:
        """Open what pays for itself when each person may be put this far above their best conceivable seat."""
        while not self.over():
            waiting = self.state.where < 0
            cap = np.minimum(self.penalty, self.ideal + margin + self.scarce)
            if not self._take_up(np.where(waiting, cap, self.state.price)):
                break

    def improve(self, rounds: int, random: Random | None = None) -> None:
        """Add, drop, exchange groups and languages while it pays."""
        for _ in range(rounds):
            before = self.state.value
            self._languages()
            self._adds()
            self._exchanges(random)
            if self.state.value >= before or self.over():
                break

    def drops(self) -> None:
        """Close the groups that cost more than it would to seat their people elsewhere, the dearest first."""
        spared: set[int] = set()
        while not self.over():
            losses = [
                (self._loss(number)[0] - self.stage.fixed_cost(group), number)
                for number, group in enumerate(self.state.groups)
                if not group.kept and not group.units and group.key not in spared
            ]
            if not losses or min(losses)[0] >= 0:
                return
            number = min(losses)[1]
            spared.add(self.state.groups[number].key)
            self._attempt(partial(self._closed, at=number))

    def finish(self) -> Draft:
        """Seat the units in the draft as the flow has them, and return it."""
        draft, state = self.draft, self.state
        for number in sorted(np.nonzero(state.where >= 0)[0].tolist(), key=lambda one: (-int(self.penalty[one]), one)):
            index = self.stage.units[number].index
            group = state.groups[int(state.where[number])]
            joins_on = draft.joins(index, group)
            if joins_on is not None:
                draft.seat(index, group, joins_on)
        return draft

    # -- exact seating ------------------------------------------------------------------------------------------

    def _column(self, group: Group) -> Ints:
        """Return the costs of an open group: who is busy, not heard or needs a lift cannot sit there."""
        stage = self.stage
        days = np.array([group.shape.part_days], dtype=np.int64)
        cost = self.rest.priced(stage.cost_of(group)[None, :], [group.shape], [group.entries], days)[0]
        blocked = ~self.movable
        if stage.civic:
            heard = stage.hears.copy()
            for number, language in enumerate(stage.languages):
                if language in group.interpreters:
                    heard |= stage.speaks[:, number]
            blocked = blocked | ~heard
        if not stage.facts.problem.rooms[group.room].step_free:
            blocked = blocked | stage.needs_lift
        return np.where(blocked | (cost >= FAR), FAR, cost - (0 if group.kept else stage.bonus()))

    def _settled(self, groups: list[Group], columns: Columns) -> _Seating:
        """Seat all units in these groups by a minimum-cost flow; groups that stay too small are closed."""
        while True:
            for group in groups:
                if group.key not in columns:
                    columns[group.key] = self._column(group)
            table = np.zeros((len(self.stage.units), 0), dtype=np.int64)
            if groups:
                table = np.stack([columns[group.key] for group in groups], axis=1)
            where = self._flow(groups, table)
            counts = np.bincount(where[where >= 0], minlength=len(groups))
            small = [
                (int(counts[number]), group.key, number)
                for number, group in enumerate(groups)
                if not group.kept and counts[number] + min(group.counts) < group.minimum
            ]
            if not small:
                return self._seating(groups, table, where, counts)
            worst = min(small)[2]
            self.draft.close(groups[worst])
            groups = groups[:worst] + groups[worst + 1 :]

    def _flow(self, groups: list[Group], table: Ints) -> Ints:
        """Return the group of each unit in a cheapest seating that fills the minimum of each group where it can."""
        sizes: dict[int, int] = {}
        for group in groups:
            if group.lot is not None:
                size = self.stage.length if self.stage.civic else max(1, group.shape.minutes)
                sizes[group.lot] = min(size, sizes.get(group.lot, size))
        where = self._flow_once(groups, table, sizes)
        for _ in range(0 if self.stage.civic else _LOT_ROUNDS):
            # Courses of several lengths share a lot: seats are counted at what they take on average, and again.
            taken: dict[int, list[int]] = {}
            for place in where[where >= 0].tolist():
                group = groups[place]
                if group.lot is not None:
                    taken.setdefault(group.lot, []).append(group.shape.minutes)
            over = [lot for lot, minutes in taken.items() if sum(minutes) > max(0, self.draft.lot_left[lot])]
            if not over:
                break
            for lot in over:
                sizes[lot] = max(sizes[lot] + 1, -(-sum(taken[lot]) // len(taken[lot])))
            where = self._flow_once(groups, table, sizes)
        return where

    def _flow_once(self, groups: list[Group], table: Ints, sizes: dict[int, int]) -> Ints:
        from ortools.graph.python import min_cost_flow

        count = len(self.stage.units)
        where = np.full(count, -1, dtype=np.int64)
        units, heads = np.nonzero(table < FAR)
        if not len(units):
            return where
        source, sink, group_node = 0, 1, 2 + count
        unit_node = 2 + np.arange(count, dtype=np.int64)
        lot_node = {lot: group_node + len(groups) + number for number, lot in enumerate(sorted(sizes))}
        flow = min_cost_flow.SimpleMinCostFlow()
        ones = np.ones(count, dtype=np.int64)
        flow.add_arcs_with_capacity_and_unit_cost(np.full(count, source), unit_node, ones, 0 * ones)
        flow.add_arcs_with_capacity_and_unit_cost(unit_node, np.full(count, sink), ones, self.penalty)
        arcs = flow.add_arcs_with_capacity_and_unit_cost(
            unit_node[units], group_node + heads, np.ones(len(units), dtype=np.int64), table[units, heads]
        )
        for number, group in enumerate(groups):
            most = max(0, group.seats - max(group.counts))
            least = 0 if group.kept else min(most, max(0, group.minimum - min(group.counts)))
            to = sink if group.lot is None else lot_node[group.lot]
            flow.add_arc_with_capacity_and_unit_cost(group_node + number, to, least, -_PULL)
            flow.add_arc_with_capacity_and_unit_cost(group_node + number, to, most - least, 0)
        for lot, size in sorted(sizes.items()):
            left = max(0, self.draft.lot_left[lot]) // size
            flow.add_arc_with_capacity_and_unit_cost(lot_node[lot], sink, left, 0)
        flow.set_node_supply(source, count)
        flow.set_node_supply(sink, -count)
        if flow.solve() != flow.OPTIMAL:
            return where
        taken = np.asarray(flow.flows(arcs)) > 0
        where[units[taken]] = heads[taken]
        return where

    def _seating(self, groups: list[Group], table: Ints, where: Ints, counts: Ints) -> _Seating:
        seated = where >= 0
        paid = self.penalty.copy()
        paid[seated] = table[np.nonzero(seated)[0], where[seated]]
        value = int(paid.sum()) + sum(self.stage.fixed_cost(group) for group in groups)
        full = np.array([counts[n] >= group.seats - max(group.counts) for n, group in enumerate(groups)], dtype=bool)
        worth = np.zeros(len(groups), dtype=np.int64)
        if full.any():
            # What it takes to free a seat: one of the group moves on to the next group, and so forth.
            leave = np.full((len(groups), len(groups)), FAR, dtype=np.int64)
            for number in np.nonzero(full)[0].tolist():
                inside = where == number
                if inside.any():
                    leave[number] = (table[inside] - paid[inside][:, None]).min(axis=0)
                    worth[number] = max(0, int((self.penalty[inside] - paid[inside]).min()))
            for _ in range(len(groups)):
                better = np.minimum(worth, np.maximum(0, (leave + worth[None, :]).min(axis=1)))
                better[~full] = 0
                if (better == worth).all():
                    break
                worth = better
        price = paid.copy()
        price[seated] += worth[where[seated]]
        return _Seating(groups=groups, columns=table, where=where, worth=worth, price=price, value=value)

    # -- which group to open ------------------------------------------------------------------------------------

    def _offers(self, price: Ints, rows: Ints) -> tuple[Ints, list[list[int]]]:
        """Return what each candidate of these rows would save, and the languages that it would want."""
        stage = self.stage
        table = self.table[rows]
        gain = (price[None, :] - (table - stage.bonus())).astype(np.float32)
        gain[table >= FAR] = -FAR
        languages: list[list[int]] = [[] for _ in rows]
        spoken = np.zeros(len(rows), dtype=np.int64)
        if not stage.hears.all():
            lacking = ~stage.hears
            value = np.maximum(0, gain[:, lacking]) @ stage.speaks[lacking].astype(np.float32) - self.interpreting
            value[~self._interpreters(rows)] = -1
            best = np.argsort(-value, axis=1, kind="stable")[:, : stage.facts.problem.rules.interpreted_languages_max]
            chosen = np.zeros(value.shape, dtype=bool)
            np.put_along_axis(chosen, best, values=True, axis=1)
            chosen &= value > 0
            heard = (chosen.astype(np.float32) @ stage.speaks.T.astype(np.float32)) > 0
            gain = np.where(heard | stage.hears[None, :], gain, -FAR)
            spoken = chosen.sum(axis=1)
            languages = [np.nonzero(row)[0].tolist() for row in chosen]
        heads = self.heads[rows]
        seats = min(int(heads.max(initial=0)), gain.shape[1])
        least = stage.limits.minimum
        if seats < least:
            return np.full(len(rows), -1, dtype=np.int64), languages
        top = -np.sort(np.partition(-gain, seats - 1, axis=1)[:, :seats], axis=1)
        # Enough company to open, whatever it costs them; then whoever gains.
        top[:, least:] = np.maximum(0, top[:, least:])
        top[np.arange(seats)[None, :] >= heads[:, None]] = 0
        return top.sum(axis=1).astype(np.int64) - self.fixed[rows] - self.interpreting * spoken, languages

    def _interpreters(self, rows: Ints) -> Bools:
        """Return candidate x language: whether an interpreter is free on all its days."""
        found = np.zeros((len(rows), len(self.stage.languages)), dtype=bool)
        known: dict[int, list[bool]] = {}
        for place, row in enumerate(rows.tolist()):
            shape = self.stage.candidates[row].shape
            if shape.mask not in known:
                known[shape.mask] = [self.draft.interpreter_for(one, shape) is not None for one in self.stage.languages]
            found[place] = known[shape.mask]
        return found

    def _possible(self) -> Ints:
        """Return the rows of the candidates that have a room and a trainer now."""
        draft = self.draft
        taught: dict[tuple[int, int, tuple[str, ...]], bool] = {}
        rows = []
        for row in self.alive:
            one = self.stage.candidates[row]
            if draft.room_for(one.shape, one.site) is None:
                continue
            key = (self.staff[one.site], one.shape.mask, one.shape.parts)
            if key not in taught:
                taught[key] = draft.trainer_for(one.shape, one.site) is not None
            if taught[key]:
                rows.append(row)
        return np.array(rows, dtype=np.int64)

    def _open(self, row: int, price: Ints, groups: list[Group], columns: Columns) -> Ints | None:
        """Open a candidate for those who would gain; return its column, or None if it cannot open."""
        draft, one = self.draft, self.stage.candidates[row]
        room, trainer = draft.room_for(one.shape, one.site), draft.trainer_for(one.shape, one.site)
        lot = draft.lot_for(one.shape, one.site, 1)
        if one.proposed is not None:
            rooms = self.stage.facts.problem.rooms
            room = next(number for number, other in enumerate(rooms) if other.id == one.proposed.room)
            if draft.room_busy[room] & one.shape.mask:
                return None
        saved, wanted = self._offers(price, np.array([row]))
        if room is None or trainer is None or lot is None or saved[0] <= 0:
            return None
        languages: dict[str, int] = {}
        for number in wanted[0]:
            interpreter = draft.interpreter_for(self.stage.languages[number], one.shape)
            if interpreter is not None:
                languages[self.stage.languages[number]] = interpreter
        group = draft.open(one, room, trainer, lot, languages)
        columns[group.key] = self._column(group)
        groups.append(group)
        return columns[group.key]

    def _take_up(self, price: Ints) -> bool:
        """Open the best offers at these prices, several from one scan; False when there is none."""
        rows = self._possible()
        if not len(rows):
            return False
        saved, _ = self._offers(price, rows)
        best = np.argsort(-saved, kind="stable")[: 4 * _BATCH]
        best = best[saved[best] > 0]
        before = len(self.state.groups)
        groups = list(self.state.groups)
        columns = {group.key: self.state.columns[:, number] for number, group in enumerate(groups)}
        price = price.copy()
        left = rows[best]
        enough = int(saved[best[0]]) // 2 if len(best) else 0
        while len(left) and len(groups) - before < _BATCH:
            now, _ = self._offers(price, left)
            place = int(np.argmax(now))
            if now[place] <= 0 or (len(groups) > before and now[place] < enough):
                break
            column = self._open(int(left[place]), price, groups, columns)
            if column is None and len(groups) == before:
                self.alive.remove(int(left[place]))
            left = np.delete(left, place)
            if column is not None:
                gain = np.where(column < FAR, price - column, -1)
                taken = np.argsort(-gain, kind="stable")[: groups[-1].seats]
                taken = taken[gain[taken] > 0]
                price[taken] = column[taken]
        if len(groups) == before:
            return False
        self.state = self._settled(groups, columns)
        return len(self.state.groups) > before

    # -- moves --------------------------------------------------------------------------------------------------

    def _attempt(self, change: Move) -> bool:
        """Change the open groups, seat anew, keep the change when it is better; else put everything back."""
        old, memory = self.state, self.draft
        self.draft = memory.copy()
        groups = [self.draft.groups[group.key] for group in old.groups]
        columns = {group.key: old.columns[:, number] for number, group in enumerate(groups)}
        if change(groups, columns):
            self.state = self._settled(groups, columns)
            if self.state.value < old.value:
                return True
        self.draft, self.state = memory, old
        return False

    def _closed(self, groups: list[Group], columns: Columns, *, at: int) -> bool:
        columns.pop(groups[at].key)
        self.draft.close(groups.pop(at))
        return True

    def _languages(self) -> None:
        """Give open groups the interpreters that pay for themselves, and send home those whom nobody needs."""
        stage = self.stage
        if not stage.civic or not stage.languages:
            return
        most = stage.facts.problem.rules.interpreted_languages_max
        for key in [group.key for group in self.state.groups if not group.kept]:
            number = next((n for n, group in enumerate(self.state.groups) if group.key == key), None)
            if number is None or self.over():
                continue
            group = self.state.groups[number]
            if not group.units:
                for language in sorted(group.interpreters):
                    needed = (self.state.where == number) & ~stage.hears
                    if not (needed & stage.speaks[:, stage.languages.index(language)]).any():
                        self.draft.remove_interpreter(group, language)
                        self.state.columns[:, number] = self._column(group)
                        self.state.value -= self.interpreting
            if len(group.interpreters) >= most:
                continue
            days = np.array([group.shape.part_days], dtype=np.int64)
            base = self.rest.priced(stage.cost_of(group)[None, :], [group.shape], [group.entries], days)[0]
            gain = np.maximum(0, self.state.price - base - int(self.state.worth[number])) * (
                ~stage.hears & self.movable
            )
            value = gain @ stage.speaks - self.interpreting
            best = int(np.argmax(value))
            language = stage.languages[best]
            if value[best] <= 0 or language in group.interpreters:
                continue
            who = self.draft.interpreter_for(language, group.shape)
            if who is not None:
                self._attempt(partial(self._heard, at=number, language=language, who=who))

    def _heard(self, groups: list[Group], columns: Columns, *, at: int, language: str, who: int) -> bool:
        self.draft.add_interpreter(groups[at], language, who)
        columns.pop(groups[at].key)
        return True

    def _adds(self) -> None:
        """Open one more group where the prices say that it pays."""
        done = True
        while done and not self.over():
            done = False
            rows = self._possible()
            if not len(rows):
                return
            price = self.state.price
            saved, _ = self._offers(price, rows)
            for place in np.argsort(-saved, kind="stable")[:_PICKS].tolist():
                if saved[place] <= 0:
                    break
                row = int(rows[place])
                if self._attempt(partial(self._added, row=row, price=price)):
                    done = True
                    break

    def _added(self, groups: list[Group], columns: Columns, *, row: int, price: Ints) -> bool:
        return self._open(row, price, groups, columns) is not None

    def _exchanges(self, random: Random | None) -> None:
        """Close a group that is cheap to do without, and open what then pays best in its stead."""
        losses = sorted(
            (self._loss(number)[0] - self.stage.fixed_cost(group), group.key)
            for number, group in enumerate(self.state.groups)
            if not group.kept and not group.units
        )
        for _, key in losses:
            if random is not None and random.random() < 0.5:
                continue
            number = next((n for n, one in enumerate(self.state.groups) if one.key == key), None)
            if self.over():
                return
            if number is not None:
                self._attempt(partial(self._exchanged, at=number))

    def _exchanged(self, groups: list[Group], columns: Columns, *, at: int) -> bool:
        price = self._loss(at)[1]
        shape, site = groups[at].shape, groups[at].site
        self._closed(groups, columns, at=at)
        rows = self._possible()
        if len(rows):
            saved, _ = self._offers(price, rows)
            for place in np.argsort(-saved, kind="stable")[:_PICKS].tolist():
                one = self.stage.candidates[int(rows[place])]
                if saved[place] <= 0:
                    break
                same = one.shape.mask == shape.mask and one.site == site
                if not same and self._open(int(rows[place]), price, groups, columns) is not None:
                    break
        return True

    def _loss(self, number: int) -> tuple[int, Ints]:
        """Return what it would cost to seat a group's people elsewhere, and everybody's prices then."""
        state = self.state
        inside = state.where == number
        second = self.penalty[inside]
        others = np.delete(state.columns[inside] + state.worth[None, :], number, axis=1)
        if others.shape[1]:
            second = np.minimum(second, others.min(axis=1))
        price = state.price.copy()
        price[inside] = second
        return int((second - state.columns[inside, number]).sum()), price

"""
A plan in the making, with exact books: who sits where, and what each room, trainer, interpreter and lot still has.

Every change goes through `open`, `close`, `seat` and `unseat`, which keep the books; a draft that was built by them
breaks no rule but, between two steps of the search, the minimum of a group and the order of civic days (`mend`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from services.scheduler.domain.plan import session_id
from services.scheduler.domain.problem import Interpretation, Session, SessionState, Training
from services.scheduler.domain.view import offered
from services.scheduler.solver.candidates import Candidate, takers_of
from services.scheduler.solver.facts import Facts, Shape, Unit, bits_of

__all__ = ["Draft", "Group", "Value"]

Value = tuple[int, int, int]  # the three tiers, in their order


@dataclass(slots=True, kw_only=True, eq=False)
class Group:
    """One session of the draft. `session` is set for those that were there before the search and stay as they are."""

    key: int
    shape: Shape
    site: int
    room: int
    trainer: int
    lot: int | None
    rhythm: str | None
    takers: int
    entries: dict[int, int]
    seats: int
    minimum: int
    interpreters: dict[str, int] = field(default_factory=dict)
    units: dict[int, int] = field(default_factory=dict)  # unit -> day of joining
    counts: list[int] = field(default_factory=list)  # people on each part
    session: Session | None = None

    def copy(self) -> "Group":
        """Return a copy whose books can change alone."""
        return Group(
            key=self.key,
            shape=self.shape,
            site=self.site,
            room=self.room,
            trainer=self.trainer,
            lot=self.lot,
            rhythm=self.rhythm,
            takers=self.takers,
            entries=self.entries,
            seats=self.seats,
            minimum=self.minimum,
            interpreters=dict(self.interpreters),
            units=dict(self.units),
            counts=list(self.counts),
            session=self.session,
        )

    @property
    def kept(self) -> bool:
        """True when the session was published before: it is neither closed nor changed."""
        return self.session is not None and self.session.state is not SessionState.NEW


class Draft:
    """A plan in the making. `fixed` units keep their seat through the whole search."""

    def __init__(self, facts: Facts, units: list[Unit]) -> None:
        self.facts = facts
        self.units = units
        problem = facts.problem
        self.groups: dict[int, Group] = {}
        self.where: list[int] = [-1] * len(units)
        self.fixed = 0  # bits of units
        self.busy = [0] * len(problem.people)
        self.room_busy = [0] * len(problem.rooms)
        self.trainer_busy = [0] * len(problem.trainers)
        self.trainer_weeks: list[dict[int, int]] = [{} for _ in problem.trainers]
        self.interpreter_busy = [0] * len(problem.interpreters)
        self.interpreter_weeks: list[dict[int, int]] = [{} for _ in problem.interpreters]
        self.lot_left = [lot.ordered - lot.consumed for lot in problem.lots]
        self.points = [sum(unit.weight for unit in units), 0, 0]  # T1, late contracts, comfort of seats
        self.next_key = 0
        of_person: dict[int, list[int]] = {}
        for unit in units:
            of_person.setdefault(unit.person, []).append(unit.index)
        self.of_person = of_person
        self.kin = [_kin(unit, [units[index] for index in of_person[unit.person]], facts) for unit in units]
        self.first_day = [0] * len(units)
        self.last_day = [0] * len(units)
        self.unplaced = (1 << len(units)) - 1

    def copy(self) -> "Draft":
        """Return a copy whose books can change alone; what never changes is shared."""
        twin = Draft.__new__(Draft)
        twin.facts, twin.units, twin.of_person, twin.kin = self.facts, self.units, self.of_person, self.kin
        twin.first_day, twin.last_day = list(self.first_day), list(self.last_day)
        twin.groups = {key: group.copy() for key, group in self.groups.items()}
        twin.where = list(self.where)
        twin.fixed, twin.unplaced, twin.next_key = self.fixed, self.unplaced, self.next_key
        twin.busy = list(self.busy)
        twin.room_busy = list(self.room_busy)
        twin.trainer_busy = list(self.trainer_busy)
        twin.trainer_weeks = [dict(weeks) for weeks in self.trainer_weeks]
        twin.interpreter_busy = list(self.interpreter_busy)
        twin.interpreter_weeks = [dict(weeks) for weeks in self.interpreter_weeks]
        twin.lot_left = list(self.lot_left)
        twin.points = list(self.points)
        return twin

    def value(self) -> Value:
        """Return the three tiers of what is seated now; told people who lost a seat are counted by the judge."""
        weights, rank = self.facts.problem.weights, self.facts.rank
        people = self.facts.problem.people
        comfort = self.points[2]
        for group in self.groups.values():
            if group.kept:
                continue
            civic = group.shape.training is Training.CIVIC
            comfort += weights.civic_group if civic else weights.language_group
            comfort += weights.interpreter_half_day * len(group.interpreters) * len(group.shape.meetings)
            comfort += weights.empty_seat * sum(max(0, group.seats - count) for count in group.counts)
            if not civic and group.units:
                levels = [rank[people[self.units[unit].person].level] for unit in group.units]
                comfort += weights.level_spread * (max(levels) - min(levels))
        return self.points[0], self.points[1], comfort + weights.civic_before_french * self._before_french()

    def room_for(self, shape: Shape, site: int) -> int | None:
        """Return the best room of the site that is free at all these times."""
        for room in self.facts.rooms_at[site]:
            if not self.room_busy[room] & shape.mask:
                return room
        return None

    def trainer_for(self, shape: Shape, site: int) -> int | None:
        """Return a trainer who can teach all of it, the most specialised first."""
        trainers = self.facts.problem.trainers
        return min(
            self.trainers_for(shape, site),
            key=lambda one: (len(trainers[one].qualifications), trainers[one].slots.bits.bit_count(), one),
            default=None,
        )

    def trainers_for(self, shape: Shape, site: int) -> list[int]:
        """Return all trainers who can teach all of it."""
        trainers = self.facts.problem.trainers
        wanted = "civic" if shape.training is Training.CIVIC else shape.parts[0]
        return [
            one
            for one in self.facts.trainers_at[site]
            if wanted in trainers[one].qualifications and self.trainer_can(one, shape)
        ]

    def trainer_can(self, trainer: int, shape: Shape) -> bool:
        """Tell whether the trainer works and is free at all these times, within their weekly limit."""
        if shape.mask & ~self.facts.trainer_free[trainer] or shape.mask & self.trainer_busy[trainer]:
            return False
        weeks, limit = self.trainer_weeks[trainer], self.facts.problem.trainers[trainer].max_half_days_week
        return all(weeks.get(week, 0) + count <= limit for week, count in shape.weeks)

    def interpreter_for(self, language: str, shape: Shape) -> int | None:
        """Return an interpreter of this language who is free at all these times."""
        for one in self.facts.interpreters_of.get(language, ()):
            if shape.mask & ~self.facts.interpreter_free[one] or shape.mask & self.interpreter_busy[one]:
                continue
            weeks, limit = self.interpreter_weeks[one], self.facts.problem.interpreters[one].max_half_days_week
            if all(weeks.get(week, 0) + count <= limit for week, count in shape.weeks):
                return one
        return None

    def lot_for(self, shape: Shape, site: int, least: int) -> int | None:
        """Return the lot that has most left, if it has at least this much."""
        problem = self.facts.problem
        best: int | None = None
        for lot in self.facts.lots_of[problem.sites[site].id, shape.training]:
            if shape.meetings[0].day in problem.lots[lot].period and self.lot_left[lot] >= least:
                best = lot if best is None or self.lot_left[lot] > self.lot_left[best] else best
        return best

    def open(
        self, candidate: "Candidate | Group", room: int, trainer: int, lot: int | None, languages: dict[str, int]
    ) -> Group:
        """Open a group, book its room, trainer and interpreters, and return it, still empty."""
        facts = self.facts
        size = facts.problem.rules
        limits = size.civic_size if candidate.shape.training is Training.CIVIC else size.language_size
        seats, minimum = limits.offered(facts.problem.rooms[room].seats), limits.minimum
        if facts.allowances:
            one = facts.allowances.get(self.id_of(candidate.shape, candidate.site, room, candidate.rhythm))
            if one is not None:
                seats += one.extra_seats
                minimum = minimum if one.minimum is None else one.minimum
        group = Group(
            key=self.next_key,
            shape=candidate.shape,
            site=candidate.site,
            room=room,
            trainer=trainer,
            lot=lot,
            rhythm=candidate.rhythm,
            takers=candidate.takers,
            entries=candidate.entries,
            seats=seats,
            minimum=minimum,
            interpreters=dict(languages),
            counts=[0] * len(candidate.shape.parts),
        )
        self._book(group)
        return group

    def adopt(self, session: Session) -> Group:
        """Take in a session that is named in full: published before, or of an earlier plan."""
        facts, problem = self.facts, self.facts.problem
        shape, site = facts.shape_of(session), facts.site_of[session.site]
        takers, entries = takers_of(facts, self.units, shape, site)
        index = {one.id: number for number, one in enumerate(problem.interpreters)}
        limits = problem.rules.civic_size if session.training is Training.CIVIC else problem.rules.language_size
        allowance = facts.allowances.get(session.id)
        room = next(number for number, one in enumerate(problem.rooms) if one.id == session.room)
        group = Group(
            key=self.next_key,
            shape=shape,
            site=site,
            room=room,
            trainer=next(number for number, one in enumerate(problem.trainers) if one.id == session.trainer),
            lot=next((number for number, one in enumerate(problem.lots) if one.id == session.lot), None),
            rhythm=session.rhythm,
            takers=takers,
            entries=entries,
            seats=offered(problem, session),
            minimum=allowance.minimum if allowance and allowance.minimum is not None else limits.minimum,
            interpreters={one.language: index[one.interpreter] for one in session.interpreters},
            counts=[0] * len(shape.parts),
            session=session,
        )
        self._book(group)
        return group

    def close(self, group: Group) -> list[int]:
        """Close a group, free all that it had booked, and return the units that lost their seat."""
        freed = list(group.units)
        for unit in freed:
            self.unseat(unit)
        del self.groups[group.key]
        mask = ~group.shape.mask
        self.room_busy[group.room] &= mask
        self.trainer_busy[group.trainer] &= mask
        self._count_weeks(self.trainer_weeks[group.trainer], group.shape, -1)
        for one in group.interpreters.values():
            self.interpreter_busy[one] &= mask
            self._count_weeks(self.interpreter_weeks[one], group.shape, -1)
        return freed

    def add_interpreter(self, group: Group, language: str, one: int) -> None:
        """Book one more interpreter for a group that is not published."""
        group.interpreters[language] = one
        self.interpreter_busy[one] |= group.shape.mask
        self._count_weeks(self.interpreter_weeks[one], group.shape, 1)

    def remove_interpreter(self, group: Group, language: str) -> None:
        """Send an interpreter home."""
        one = group.interpreters.pop(language)
        self.interpreter_busy[one] &= ~group.shape.mask
        self._count_weeks(self.interpreter_weeks[one], group.shape, -1)

    def joins(self, unit: int, group: Group) -> int | None:
        """Return the day on which this unit could join this group now, or None; every rule is asked."""
        if not group.takers >> unit & 1:
            return None
        one = self.units[unit]
        if not self.has_seat(one, group) or not self.is_heard(one, group) or not self.room_suits(one, group.room):
            return None
        joins_on = self.entry_day(one, group.shape, group.entries)
        if self.busy[one.person] & self.facts.unit_mask(one, group.shape, joins_on):
            return None
        if not self.lot_suffices(one, group, joins_on) or not self.in_order(one, group.shape):
            return None
        return joins_on

    def entry_day(self, unit: Unit, shape: Shape, entries: dict[int, int]) -> int:
        """Return the day on which a taker joins."""
        if unit.training is Training.LANGUAGE:
            return entries.get(unit.index, shape.days[0])
        return shape.part_days[shape.parts.index(unit.parts[0])]

    def has_seat(self, unit: Unit, group: Group) -> bool:
        """Tell whether each part that the unit needs has a seat left."""
        return all(
            count < group.seats
            for part, count in zip(group.shape.parts, group.counts, strict=True)
            if part in unit.parts
        )

    def is_heard(self, unit: Unit, group: Group) -> bool:
        """Tell whether the person follows the group: French, or an interpreted language that they speak."""
        if unit.training is Training.LANGUAGE:
            return True
        if self.facts.hears[unit.person]:
            return True
        return any(language in group.interpreters for language in self.facts.problem.people[unit.person].languages)

    def room_suits(self, unit: Unit, room: int) -> bool:
        """Tell whether the room is step-free where the person needs it."""
        person = self.facts.problem.people[unit.person]
        return not person.step_free or self.facts.problem.rooms[room].step_free or self.facts.waived("room", person)

    def lot_suffices(self, unit: Unit, group: Group, joins_on: int) -> bool:
        """Tell whether the lot still pays for this unit."""
        return group.lot is None or self.lot_left[group.lot] >= self.facts.quantity(unit, group.shape, joins_on)

    def in_order(self, unit: Unit, shape: Shape) -> bool:
        """Tell whether the unit's civic days stand after the earlier ones and before the later ones."""
        kin = self.kin[unit.index]
        if not kin:
            return True
        if unit.parts == shape.parts:
            first, last = shape.part_days[0], shape.part_days[-1]
        else:
            first = shape.part_days[shape.parts.index(unit.parts[0])]
            last = shape.part_days[shape.parts.index(unit.parts[-1])]
        for other, earlier, gap in kin:
            if earlier:
                if self.where[other] < 0 or first - self.last_day[other] < gap:
                    return False
            elif self.where[other] >= 0 and self.first_day[other] - last < gap and not self.fixed >> other & 1:
                return False
        return True

    def ready(self, pool: int) -> int:
        """Return the units of the pool whose earlier civic days all have a seat."""
        ready = pool
        for index in bits_of(pool):
            if any(earlier and self.where[other] < 0 for other, earlier, _ in self.kin[index]):
                ready &= ~(1 << index)
        return ready

    def seat(self, unit: int, group: Group, joins_on: int) -> None:
        """Give the unit a seat; the caller has asked `joins`."""
        one = self.units[unit]
        group.units[unit] = joins_on
        self.where[unit] = group.key
        days = self.facts.part_days(one, group.shape, joins_on)
        self.first_day[unit], self.last_day[unit] = days[0], days[-1]
        self.unplaced &= ~(1 << unit)
        self.busy[one.person] |= self.facts.unit_mask(one, group.shape, joins_on)
        self._count(one, group, joins_on, 1)

    def unseat(self, unit: int) -> None:
        """Take the unit's seat away."""
        one = self.units[unit]
        group = self.groups[self.where[unit]]
        joins_on = group.units.pop(unit)
        self.where[unit] = -1
        self.unplaced |= 1 << unit
        self.busy[one.person] &= ~self.facts.unit_mask(one, group.shape, joins_on)
        self._count(one, group, joins_on, -1)

    def mend(self) -> int:
        """Unseat who stands out of order and close groups below their minimum; return the units that lost a seat."""
        lost = 0
        again = True
        while again:
            again = False
            for unit in self.units:
                key = self.where[unit.index]
                if key >= 0 and not self.fixed >> unit.index & 1 and not self.in_order(unit, self.groups[key].shape):
                    self.unseat(unit.index)
                    lost |= 1 << unit.index
                    again = True
            for group in [one for one in self.groups.values() if not one.kept and min(one.counts) < one.minimum]:
                for index in self.close(group):
                    lost |= 1 << index
                again = True
        return lost

    def placeable(self, pool: int) -> Iterable[int]:
        """Yield the units of the pool that have no seat, the most urgent first, civic days in their order."""
        return sorted(
            bits_of(pool & self.unplaced), key=lambda index: (self.units[index].ranks, -self.units[index].weight, index)
        )

    def id_of(self, shape: Shape, site: int, room: int, rhythm: str | None) -> str:
        """Return the id that a group would have."""
        problem = self.facts.problem
        return session_id(
            training=shape.training,
            parts=shape.parts,
            site=problem.sites[site].id,
            room=problem.rooms[room].id,
            rhythm=rhythm,
            meetings=shape.meetings,
        )

    def session_of(self, group: Group) -> Session:
        """Return the session that this group is."""
        problem = self.facts.problem
        if group.kept and group.session is not None:
            return group.session
        return Session(
            id=self.id_of(group.shape, group.site, group.room, group.rhythm),
            training=group.shape.training,
            parts=group.shape.parts,
            site=problem.sites[group.site].id,
            room=problem.rooms[group.room].id,
            trainer=problem.trainers[group.trainer].id,
            lot=None if group.lot is None else problem.lots[group.lot].id,
            rhythm=group.rhythm,
            interpreters=tuple(
                Interpretation(language=language, interpreter=problem.interpreters[one].id)
                for language, one in sorted(group.interpreters.items())
            ),
            meetings=group.shape.meetings,
        )

    def _book(self, group: Group) -> None:
        self.next_key += 1
        self.groups[group.key] = group
        mask = group.shape.mask
        self.room_busy[group.room] |= mask
        self.trainer_busy[group.trainer] |= mask
        self._count_weeks(self.trainer_weeks[group.trainer], group.shape, 1)
        for one in group.interpreters.values():
            self.interpreter_busy[one] |= mask
            self._count_weeks(self.interpreter_weeks[one], group.shape, 1)

    @staticmethod
    def _count_weeks(weeks: dict[int, int], shape: Shape, sign: int) -> None:
        for week, count in shape.weeks:
            weeks[week] = weeks.get(week, 0) + sign * count

    def _count(self, unit: Unit, group: Group, joins_on: int, sign: int) -> None:
        for index, part in enumerate(group.shape.parts):
            if part in unit.parts:
                group.counts[index] += sign
        if group.lot is not None:
            self.lot_left[group.lot] -= sign * self.facts.quantity(unit, group.shape, joins_on)
        self.points[0] -= sign * unit.weight
        if self.facts.is_late(unit, group.shape, joins_on):
            self.points[1] += sign * self.facts.problem.weights.late_contract
        self.points[2] += sign * self.facts.comfort(unit, group.shape, group.site, joins_on)

    def _before_french(self) -> int:
        """Return the civic days of people who await their course and do not follow French."""
        days = 0
        people = self.facts.problem.people
        for person in self.facts.owes_language:
            if people[person].follows_french:
                continue
            start = date.max.toordinal()
            civic: list[int] = []
            for index in self.of_person[person]:
                key = self.where[index]
                if key < 0:
                    continue
                unit, group = self.units[index], self.groups[key]
                if unit.training is Training.LANGUAGE:
                    start = group.units[index]
                else:
                    civic += self.facts.part_days(unit, group.shape, 0)
            days += sum(1 for day in civic if day < start)
        return days


def _kin(unit: Unit, others: list[Unit], facts: Facts) -> tuple[tuple[int, bool, int], ...]:
    """Return the person's other civic units: index, whether it comes earlier, days that must lie between."""
    gap = facts.problem.rules.civic_gap_days
    found = []
    for other in others:
        civic = unit.training is Training.CIVIC and other.training is Training.CIVIC
        if civic and other.index != unit.index:
            earlier = other.ranks < unit.ranks
            steps = unit.ranks[0] - other.ranks[1] if earlier else other.ranks[0] - unit.ranks[1]
            found.append((other.index, earlier, gap * steps))
    return tuple(found)

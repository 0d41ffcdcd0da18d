"""
The groups that could open: every civic day or bundle and every course that somebody could attend.

A course candidate is a site, a pattern of a rhythm and a starting week; together they are every course that the
judge accepts. A civic candidate is a site and its days; days of a bundle are a few days, one or two weeks apart.
"""

from dataclasses import dataclass, field
from datetime import date

from services.scheduler.domain.problem import Meeting, Package, Rhythm, Session, Training, WeeklySlots
from services.scheduler.solver.facts import BEYOND_HORIZON_DAYS, Facts, Shape, Unit

__all__ = ["Candidate", "candidates", "takers_of"]

CIVIC_STEPS = (1, 2, 3, 7, 14)  # days between the civic days of a bundle: same week, next week, every other week


@dataclass(slots=True, kw_only=True, eq=False)
class Candidate:
    """A group that could open. `takers` are the units that may sit in it, as bits; `entries` who joins later."""

    index: int
    shape: Shape
    site: int
    rhythm: str | None
    takers: int
    entries: dict[int, int] = field(default_factory=dict)
    proposed: Session | None = None


def candidates(facts: Facts, units: list[Unit], *, least: int | None = None, staffed: bool = True) -> list[Candidate]:
    """
    Return every group worth a look: with enough units that may sit in it, one by one.

    `least` stands in for the minimum size of the rules; without `staffed` a course needs no trainer yet.
    """
    rules = facts.problem.rules
    found: list[Candidate] = []
    for allowance in facts.problem.allowances:
        if allowance.proposed is not None:
            session = allowance.proposed
            shape, site = facts.shape_of(session), facts.site_of[session.site]
            takers, entries = takers_of(facts, units, shape, site)
            found.append(
                Candidate(
                    index=len(found),
                    shape=shape,
                    site=site,
                    rhythm=session.rhythm,
                    takers=takers,
                    entries=entries,
                    proposed=session,
                )
            )
    _civic(facts, units, found, rules.civic_size.minimum if least is None else least)
    _courses(facts, units, found, rules.language_size.minimum if least is None else least, staffed=staffed)
    return found


def takers_of(facts: Facts, units: list[Unit], shape: Shape, site: int) -> tuple[int, dict[int, int]]:
    """Return the units that may sit in a session, as bits, and the later day on which some of them join."""
    takers = 0
    entries: dict[int, int] = {}
    for unit in units:
        if unit.training is shape.training and facts.welcome[site] >> unit.person & 1:
            joins_on = facts.entry(unit, shape)
            if joins_on is not None:
                takers |= 1 << unit.index
                if unit.training is Training.LANGUAGE and joins_on != shape.days[0]:
                    entries[unit.index] = joins_on
    return takers, entries


def _civic(facts: Facts, units: list[Unit], found: list[Candidate], least: int) -> None:
    rules = facts.problem.rules
    units = [unit for unit in units if unit.training is Training.CIVIC]
    welcome = [
        sum(1 << unit.index for unit in units if facts.welcome[site] >> unit.person & 1)
        for site in range(len(facts.problem.sites))
    ]
    first, last = facts.problem.publish_on.toordinal() + 1, facts.horizon
    day_bits = {day: _civic_bits(facts, day) for day in range(first, last + 1)}
    there: dict[int, int] = {}
    for day, mask in day_bits.items():
        there[day] = sum(
            1 << unit.index
            for unit in units
            if facts.notice[unit.person] <= day and not mask & ~facts.free[unit.person]
        )
    singles = {unit.parts for unit in units if len(unit.parts) == 1}
    for parts in dict.fromkeys((*rules.civic_bundles, *sorted(singles))):
        # Whoever owes a part of the bundle may sit in on that part.
        kinds = [
            (sum(1 << unit.index for unit in units if unit.parts == owed), [parts.index(part) for part in owed])
            for owed in sorted({unit.parts for unit in units if set(unit.parts) <= set(parts)})
        ]
        # Several chains of days, the same for each site: steps that keep the gap and the span.
        steps = [
            step
            for step in CIVIC_STEPS
            if rules.civic_gap_days <= step and step * (len(parts) - 1) <= rules.civic_bundle_span_days
        ] or [rules.civic_gap_days]
        for start in range(first, last + 1):
            for step in steps if len(parts) > 1 else steps[:1]:
                days = [start + step * index for index in range(len(parts))]
                if days[-1] > last:
                    continue
                takers = 0
                for who, owed in kinds:
                    able = who
                    for index in owed:
                        able &= there[days[index]]
                    takers |= able
                if takers.bit_count() < least:
                    continue
                mask = 0
                for day in days:
                    mask |= day_bits[day]
                shape: Shape | None = None
                for site in range(len(facts.problem.sites)):
                    here = takers & welcome[site]
                    if mask & ~facts.site_open[site][Training.CIVIC] or here.bit_count() < least:
                        continue
                    if shape is None:
                        shape = _civic_shape(facts, parts, days)
                    found.append(Candidate(index=len(found), shape=shape, site=site, rhythm=None, takers=here))


def _civic_bits(facts: Facts, day: int) -> int:
    mask = 0
    for slot in facts.problem.rules.civic_slots:
        mask |= facts.bit(day, slot)
    return mask


def _civic_shape(facts: Facts, parts: tuple[str, ...], days: list[int]) -> Shape:
    rules = facts.problem.rules
    meetings = [
        Meeting(day=date.fromordinal(day), slot=slot, minutes=rules.civic_meeting_minutes, part=part)
        for part, day in zip(parts, days, strict=True)
        for slot in rules.civic_slots
    ]
    return facts.shape(Training.CIVIC, parts, meetings)


def _courses(facts: Facts, units: list[Unit], found: list[Candidate], least: int, *, staffed: bool) -> None:
    rules = facts.problem.rules
    units = [unit for unit in units if unit.training is Training.LANGUAGE]
    weekly = {unit.index: facts.problem.people[unit.person].availability.bits for unit in units}
    lenient = {unit.index for unit in units if facts.waived("availability", facts.problem.people[unit.person])}
    known: dict[tuple[object, ...], Shape | None] = {}  # sites with the same open days share their courses
    first_monday = facts.base if facts.base > facts.problem.publish_on.toordinal() else facts.base + 7
    for site, place in enumerate(facts.problem.sites):
        near = [unit for unit in units if facts.welcome[site] >> unit.person & 1]
        for package in rules.packages:
            owing = [unit for unit in near if unit.parts == (package.name,)]
            trainers = [
                facts.problem.trainers[index]
                for index in facts.trainers_at[site]
                if package.name in facts.problem.trainers[index].qualifications
            ]
            for rhythm in rules.rhythms:
                for pattern in rhythm.patterns:
                    able = [unit for unit in owing if unit.index in lenient or not pattern.bits & ~weekly[unit.index]]
                    taught = any(not pattern.bits & ~trainer.slots.bits for trainer in trainers)
                    if len(able) < least or (staffed and not taught) or pattern.bits & ~place.opening.bits:
                        continue
                    for monday in range(first_monday, facts.horizon + 1, 7):
                        open_days = facts.days_open[site][Training.LANGUAGE]
                        key = (open_days, package.name, rhythm.name, pattern.bits, monday)
                        if key not in known:
                            meetings = _course(facts, open_days, package, rhythm, pattern, monday)
                            begins = bool(meetings) and meetings[0].day.toordinal() <= facts.horizon
                            known[key] = facts.shape(Training.LANGUAGE, (package.name,), meetings) if begins else None
                        shape = known[key]
                        if shape is None:
                            continue
                        takers, entries = takers_of(facts, able, shape, site)
                        if takers.bit_count() >= least:
                            found.append(
                                Candidate(
                                    index=len(found),
                                    shape=shape,
                                    site=site,
                                    rhythm=rhythm.name,
                                    takers=takers,
                                    entries=entries,
                                )
                            )


def _course(  # noqa: PLR0917 - one place calls it, in this order
    facts: Facts, open_days: int, package: Package, rhythm: Rhythm, pattern: WeeklySlots, monday: int
) -> list[Meeting]:
    """Return the meetings of a course that begins in this week, or none if it does not or ends too late."""
    minutes = package.minutes
    week = list(pattern.half_days())
    meetings: list[Meeting] = []
    start = monday
    while minutes > 0:
        for weekday, slot in week:
            day = monday + weekday
            if day >= min(facts.end, facts.horizon + BEYOND_HORIZON_DAYS):
                return []
            if minutes > 0 and open_days & facts.bit(day, slot):
                length = min(minutes, rhythm.meeting_minutes)
                meetings.append(Meeting(day=date.fromordinal(day), slot=slot, minutes=length, part=package.name))
                minutes -= length
        if monday == start and not meetings:
            return []
        monday += 7
    return meetings

"""
The desk: which published groups one person may join today, put together into itineraries. Pure, and without a solver.

A set of half-days is one whole number, as in the solver: a course of a year is compared with a person's year in one
operation. Every rule of the judge that concerns somebody who joins is asked here too; `tests` compare the two.
"""

__all__ = ["Guest", "Itinerary", "Opening", "Shelf", "Step", "Unit", "bit", "fits", "itineraries", "units_of"]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product

from services.scheduler.domain.problem import (
    LotUnit,
    Need,
    Person,
    Problem,
    Rules,
    Session,
    Slot,
    Training,
    WeekParity,
    Weights,
)
from services.scheduler.domain.score import unplaced_points, wait_points

BASE = date(2020, 1, 6).toordinal()  # a Monday before everything: bit 0 is its morning
DAY_BITS, WEEK_BITS = 3, 21
MOST_OPTIONS = 60  # of one unit that are combined with those of the other, the best ones first


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A published group, taken apart once: its half-days as bits, by part and in all."""

    session: Session
    seats: int
    masks: Mapping[str, int]
    days: tuple[int, ...]  # on which it meets, ordinals in order
    minutes: tuple[int, ...]  # of each of its days

    @classmethod
    def of(cls, session: Session, seats: int) -> "Opening":
        """Take a published group apart."""
        masks = dict.fromkeys(session.parts, 0)
        by_day: dict[int, int] = {}
        for meeting in session.meetings:
            day = meeting.day.toordinal()
            masks[meeting.part] |= bit(day, meeting.slot)
            by_day[day] = by_day.get(day, 0) + meeting.minutes
        return cls(session=session, seats=seats, masks=masks, days=tuple(by_day), minutes=tuple(by_day.values()))

    def minutes_from(self, day: int) -> int:
        """Return the minutes of the meetings from this day on."""
        return sum(minutes for one, minutes in zip(self.days, self.minutes, strict=True) if one >= day)


class Shelf:
    """
    What is published in a territory, and how much of it is still free.

    `problem` gives rules, weights, sites, rooms and lots; `taken` counts the seats given or held, by session and part;
    `left` is what is left of each lot, in its unit.
    """

    def __init__(
        self,
        problem: Problem,
        openings: Sequence[Opening],
        taken: Mapping[str, Mapping[str, int]],
        left: Mapping[str, int],
    ) -> None:
        self.problem = problem
        self.openings = openings
        self.taken = taken
        self.left = left
        self.sites = {one.id: one for one in problem.sites}
        self.rooms = {one.id: one for one in problem.rooms}
        self.lots = {one.id: one for one in problem.lots}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Needs of one person that are seated together: the days of a civic bundle, or the course."""

    training: Training
    needs: tuple[Need, ...]
    points: int  # of T1 while it has no seat

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(need.part for need in self.needs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Who sits at the desk: their free half-days as bits, minutes to each site, the first day when they can come."""

    person: Person
    free: int
    minutes: Mapping[str, int]
    first_day: int  # ordinal: today and the notice
    after: int  # ordinal of the last civic day before the ones that are owed, 0 for none
    before: int  # ordinal of the first civic day after them, a far day for none
    owes_course: bool

    @classmethod
    def of(
        cls,
        person: Person,
        *,
        busy: Iterable[tuple[date, Slot]],
        minutes: Mapping[str, int],
        first_day: date,
        until: date,
        after: date | None = None,
        before: date | None = None,
        owes_course: bool = False,
    ) -> "Guest":
        """Put together what is known of somebody; `busy` are half-days of their seats, `until` bounds the look."""
        free = _free(person, first_day, until)
        for day, slot in busy:
            free &= ~bit(day.toordinal(), slot)
        return cls(
            person=person,
            free=free,
            minutes=minutes,
            first_day=first_day.toordinal(),
            after=after.toordinal() if after else 0,
            before=(before or date.max).toordinal(),
            owes_course=owes_course,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A seat of an itinerary: which group, from which day; `mask` are the half-days that it takes."""

    opening: Opening
    unit: Unit
    joins_on: date
    mask: int
    late: bool  # the course is forecast to end after the term
    points: int  # of T3: waiting and travel

    @property
    def days(self) -> dict[str, date]:
        """The first day of each part."""
        first: dict[str, date] = {}
        for meeting in self.opening.session.meetings:
            if meeting.part in self.unit.parts and meeting.day >= self.joins_on:
                first.setdefault(meeting.part, meeting.day)
        return first


@dataclass(frozen=True, slots=True, kw_only=True)
class Itinerary:
    """Seats that go together, with what they cost in each tier; lower is better."""

    steps: tuple[Step, ...]
    value: tuple[int, int, int]


def units_of(needs: Sequence[Need], rules: Rules, today: date, weights: Weights) -> list[Unit]:
    """Return what a desk seats: the first civic days that are still owed, as one bundle, and the course."""
    order = {part: rank for rank, part in enumerate(rules.civic_parts)}
    civic = sorted((one for one in needs if one.training is Training.CIVIC), key=lambda one: order[one.part])
    first = civic[:1] if civic and civic[0].again else [
        one for one in civic if one.part in rules.bundle_of(civic[0].part) and not one.again
    ]  # fmt: skip
    course = [one for one in needs if one.training is Training.LANGUAGE]
    return [
        Unit(
            training=some[0].training,
            needs=tuple(some),
            points=sum(unplaced_points(one, today, weights) for one in some),
        )
        for some in (first, course)
        if some
    ]


def fits(guest: Guest, unit: Unit, opening: Opening, shelf: Shelf) -> Step | None:
    """Return the seat that a person may take in a group, or None."""
    session, person = opening.session, guest.person
    taken = shelf.taken.get(session.id, {})
    if session.training is not unit.training or any(part not in session.parts for part in unit.parts):
        return None
    if any(taken.get(part, 0) >= opening.seats for part in unit.parts):
        return None
    if not _welcome(guest, session, shelf):
        return None
    joins = _first_day(guest, unit, opening, shelf.problem.rules)
    if joins is None:
        return None
    lot = shelf.lots.get(session.lot or "")
    followed = opening.minutes_from(joins)
    wanted = len(unit.needs) if lot is not None and lot.unit is LotUnit.PERSON_DAYS else followed
    if lot is not None and shelf.left.get(lot.id, 0) < wanted:
        return None
    weights, course = shelf.problem.weights, unit.training is Training.LANGUAGE
    step = Step(
        opening=opening,
        unit=unit,
        joins_on=date.fromordinal(joins),
        mask=_from(_mask(unit, opening), joins),
        late=course and _ends(unit, opening, followed) > person.term_on,
        points=0,
    )
    waits = [(day - person.signed_on).days for day in step.days.values()]
    travel = guest.minutes[session.site] * len(unit.needs)
    points = weights.wait * sum(map(wait_points, waits)) + weights.travel_minute * travel
    return replace(step, points=points)


def itineraries(
    guest: Guest,
    units: Sequence[Unit],
    shelf: Shelf,
    *,
    most: int = 3,
) -> list[Itinerary]:
    """
    Return the best itineraries, by the tiers of the plan: needs left without a seat, courses too late, then comfort.

    The first civic days and the course never share a half-day.
    """
    options: list[list[Step | None]] = []
    for unit in units:
        found = [step for opening in shelf.openings if (step := fits(guest, unit, opening, shelf)) is not None]
        found.sort(key=lambda step: (step.late, step.points, step.opening.session.id))
        options.append([*found[:MOST_OPTIONS], None])
    weights = shelf.problem.weights
    best = []
    for chosen in product(*options):
        steps = tuple(step for step in chosen if step is not None)
        if not steps or _clash(steps):
            continue
        missed = sum(unit.points for unit, step in zip(units, chosen, strict=True) if step is None)
        late = sum(weights.late_contract for step in steps if step.late)
        comfort = sum(step.points for step in steps) + weights.civic_before_french * _too_early(guest, steps)
        best.append(Itinerary(steps=steps, value=(missed, late, comfort)))
    best.sort(key=lambda one: (one.value, [step.opening.session.id for step in one.steps]))
    return best[:most]


def bit(day: int, slot: Slot) -> int:
    """Return one half-day as a bit; the day is an ordinal."""
    return 1 << (DAY_BITS * (day - BASE) + slot.rank)


def _free(person: Person, first: date, until: date) -> int:
    """Return the half-days on which a person can come from the first day until another one."""
    monday = first - timedelta(days=first.weekday())
    mask = 0
    while monday <= until:
        odd = monday.isocalendar().week % 2 == 1
        if person.weeks is WeekParity.ALL or odd == (person.weeks is WeekParity.ODD):
            mask |= person.availability.bits << (WEEK_BITS * ((monday.toordinal() - BASE) // 7))
        monday += timedelta(days=7)
    for away in person.unavailable:
        begin, end = max(away.first.toordinal(), BASE), away.last.toordinal()
        if begin <= end:
            mask &= ~(((1 << (DAY_BITS * (end - begin + 1))) - 1) << (DAY_BITS * (begin - BASE)))
    return mask


def _from(mask: int, day: int) -> int:
    shift = DAY_BITS * (day - BASE)
    return mask >> shift << shift


def _mask(unit: Unit, opening: Opening) -> int:
    mask = 0
    for part in unit.parts:
        mask |= opening.masks[part]
    return mask


def _welcome(guest: Guest, session: Session, shelf: Shelf) -> bool:
    """Say whether the place suits the person: reach, steps, childcare, and on a civic day the language."""
    person = guest.person
    site, room = shelf.sites.get(session.site), shelf.rooms.get(session.room)
    if site is None or room is None:
        return False
    if guest.minutes[session.site] > person.travel_limit_minutes or (person.childcare and not site.childcare):
        return False
    if person.step_free and not (site.step_free and room.step_free):
        return False
    heard = {one.language for one in session.interpreters}
    return session.training is not Training.CIVIC or person.follows_french or not heard.isdisjoint(person.languages)


def _first_day(guest: Guest, unit: Unit, opening: Opening, rules: Rules) -> int | None:
    """Return the ordinal of the day on which the person joins: notice, availability, order, entry; or None."""
    mask = _mask(unit, opening)
    if unit.training is Training.CIVIC:
        days = [day for day in opening.days if mask >> (DAY_BITS * (day - BASE)) & 0b111]
        gap = rules.civic_gap_days
        late_enough = days[0] >= guest.first_day and (not guest.after or days[0] >= guest.after + gap)
        return days[0] if late_enough and days[-1] + gap <= guest.before and not mask & ~guest.free else None
    earliest = guest.first_day
    missed = _from(mask, earliest) & ~guest.free
    if missed:
        earliest = BASE + (missed.bit_length() - 1) // DAY_BITS + 1
    latest = opening.days[0] + 7 * rules.rolling_entry_weeks
    return next((day for day in opening.days if earliest <= day <= latest), None)


def _ends(unit: Unit, opening: Opening, followed: int) -> date:
    """Return the forecast end of a course: what was missed before joining is made up at the pace of the group."""
    last = opening.session.meetings[-1].day
    missing = unit.needs[0].minutes - followed
    if missing <= 0:
        return last
    weeks = len({meeting.day.isocalendar()[:2] for meeting in opening.session.meetings})
    pace = max(1, sum(opening.minutes) // weeks)
    return last + timedelta(weeks=-(-missing // pace))


def _clash(steps: Sequence[Step]) -> bool:
    seen = 0
    for step in steps:
        if seen & step.mask:
            return True
        seen |= step.mask
    return False


def _too_early(guest: Guest, steps: Sequence[Step]) -> int:
    """Count civic days that come before any French, of somebody who owes a course and does not follow French."""
    if guest.person.follows_french or not guest.owes_course:
        return 0
    starts = [step.joins_on for step in steps if step.unit.training is Training.LANGUAGE]
    return sum(
        1
        for step in steps
        if step.unit.training is Training.CIVIC
        for day in step.days.values()
        if not starts or day < starts[0]
    )

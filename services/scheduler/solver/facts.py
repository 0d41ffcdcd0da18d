"""
A problem made ready for the search: half-days as bits of whole numbers, people and sites as indexes.

A set of half-days is one big integer: bit 3 x (day - first Monday) + slot. Two things clash when their integers
share a bit, so a course of a year is compared with a person's year in one operation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from services.scheduler.domain.problem import (
    DateRange,
    Meeting,
    Need,
    Person,
    Problem,
    Session,
    Training,
    WeeklySlots,
    WeekParity,
)
from services.scheduler.domain.score import unplaced_points, wait_points
from services.scheduler.domain.slots import Slot
from services.scheduler.domain.travel import Travel

__all__ = ["Facts", "Shape", "Unit", "bits_of"]

_WEEK_BITS = 21
_DAY_BITS = 3
_SLOTS = tuple(Slot)
BEYOND_HORIZON_DAYS = 550  # a course that would end later than this is not offered


@dataclass(slots=True, kw_only=True, eq=False)
class Unit:
    """What is seated as one: the needs of one person that share a session, a bundle of civic days or one course."""

    index: int
    needs: tuple[Need, ...]
    person: int
    training: Training
    parts: tuple[str, ...]
    ranks: tuple[int, int]  # first and last civic day as ranks, for the order
    weight: int  # T1 points while it has no seat


@dataclass(slots=True, kw_only=True, eq=False)
class Shape:
    """When a session meets, as bits; days are ordinals."""

    training: Training
    parts: tuple[str, ...]
    meetings: tuple[Meeting, ...]
    mask: int
    part_masks: tuple[int, ...]
    part_days: tuple[int, ...]  # first day of each part
    days: tuple[int, ...]  # all its days, in order
    weeks: tuple[tuple[int, int], ...]  # (week index, half-days)
    minutes: int
    pace: int  # minutes a week


def lot(publish_on: date, person: str) -> bytes:
    """
    Return the lot that a person draws for one plan: among people who are alike, the lower one is looked at first.

    It comes from the day of publication and the person's id alone, so that it changes from plan to plan, does not
    depend on the order of any file, and can be drawn again by anybody.
    """
    return sha256(f"{publish_on}/{person}".encode()).digest()


class Facts:
    """The indexes and bit sets of one problem. Nothing here changes during a search."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        rules = problem.rules
        self.base = problem.publish_on.toordinal() - problem.publish_on.weekday()
        self.horizon = problem.horizon.toordinal()
        self.weeks = (self.horizon - self.base + BEYOND_HORIZON_DAYS) // 7 + 1
        self.end = self.base + 7 * self.weeks
        self.all = (1 << (_WEEK_BITS * self.weeks)) - 1
        travel = Travel(problem)
        self.site_of = {site.id: index for index, site in enumerate(problem.sites)}
        self.person_of = {person.id: index for index, person in enumerate(problem.people)}
        self.minutes = [[travel.minutes(person, site) for site in problem.sites] for person in problem.people]
        self.free = [self._person_free(person) for person in problem.people]
        self.signed = [person.signed_on.toordinal() for person in problem.people]
        self.hears = [person.follows_french or self.waived("interpretation", person) for person in problem.people]
        self.rank = {level: rank for rank, level in enumerate(rules.levels)}
        notice = problem.publish_on.toordinal()
        self.notice = [
            0 if self.waived("notice", person) else notice + rules.notice_days[person.channel]
            for person in problem.people
        ]
        holidays = self.range_mask(DateRange(first=day, last=day) for day in problem.public_holidays)
        school = self.range_mask(problem.school_holidays)
        rests = {
            Training.CIVIC: rules.civic_pauses_in_school_holidays,
            Training.LANGUAGE: rules.language_pauses_in_school_holidays,
        }
        self.days_open = [
            {
                training: self.all & ~holidays & ~self.range_mask(site.closures) & ~(school if rests[training] else 0)
                for training in Training
            }
            for site in problem.sites
        ]
        self.site_open = [
            {training: self.weekly(site.opening) & self.days_open[index][training] for training in Training}
            for index, site in enumerate(problem.sites)
        ]
        self.trainer_free = [
            self.weekly(trainer.slots) & ~self.range_mask(trainer.unavailable) for trainer in problem.trainers
        ]
        self.interpreter_free = [
            self.weekly(one.slots) & ~self.range_mask(one.unavailable) for one in problem.interpreters
        ]
        self.trainers_at = [
            [
                index
                for index, trainer in enumerate(problem.trainers)
                if site.id in trainer.sites or (not trainer.sites and trainer.body == site.body)
            ]
            for site in problem.sites
        ]
        self.rooms_at = [self._rooms_at(site.id) for site in problem.sites]
        self.lots_of = {
            (site.id, training): [
                index for index, lot in enumerate(problem.lots) if lot.body == site.body and lot.training is training
            ]
            for site in problem.sites
            for training in Training
        }
        self.interpreters_of: dict[str, list[int]] = {}
        for index, one in enumerate(problem.interpreters):
            self.interpreters_of.setdefault(one.language, []).append(index)
        self.welcome = [self._welcome(index) for index in range(len(problem.sites))]
        self.allowances = {allowance.session: allowance for allowance in problem.allowances}
        self.owes_language = {
            self.person_of[need.person] for need in problem.needs if need.training is Training.LANGUAGE
        }

    def waived(self, rule: str, person: Person) -> bool:
        """Tell whether a planner waived the rule for this person, with their agreement."""
        return any(
            waiver.agreed and waiver.rule == rule and waiver.person == person.id and waiver.session is None
            for waiver in self.problem.waivers
        )

    def weekly(self, slots: WeeklySlots, parity: WeekParity = WeekParity.ALL) -> int:
        """Return the half-days of all weeks, or of odd or even ISO weeks."""
        mask = 0
        for week in range(self.weeks):
            iso = date.fromordinal(self.base + 7 * week).isocalendar().week
            if parity is WeekParity.ALL or (iso % 2 == 1) == (parity is WeekParity.ODD):
                mask |= slots.bits << (_WEEK_BITS * week)
        return mask

    def range_mask(self, ranges: Iterable[DateRange]) -> int:
        """Return all half-days of these days."""
        mask = 0
        for one in ranges:
            first, last = max(one.first.toordinal(), self.base), min(one.last.toordinal(), self.end - 1)
            if first <= last:
                mask |= ((1 << (_DAY_BITS * (last - first + 1))) - 1) << (_DAY_BITS * (first - self.base))
        return mask

    def bit(self, day: int, slot: Slot) -> int:
        """Return one half-day as a bit; a day before the run has none."""
        return 1 << (_DAY_BITS * (day - self.base) + slot.rank) if self.base <= day < self.end else 0

    def from_day(self, mask: int, day: int) -> int:
        """Return the half-days of the mask on this day and later."""
        shift = max(0, _DAY_BITS * (day - self.base))
        return mask >> shift << shift

    def day_of_bit(self, bit: int) -> int:
        """Return the ordinal of the day of a bit's index."""
        return self.base + bit // _DAY_BITS

    def shape_of(self, session: Session) -> Shape:
        """Return the shape of a session that is named in full."""
        return self.shape(session.training, session.parts, session.meetings)

    def shape(self, training: Training, parts: tuple[str, ...], meetings: Sequence[Meeting]) -> Shape:
        """Return the shape of a list of meetings."""
        masks = dict.fromkeys(parts, 0)
        first: dict[str, int] = {}
        weeks: dict[int, int] = {}
        iso_weeks: set[int] = set()
        for meeting in meetings:
            day = meeting.day.toordinal()
            masks[meeting.part] |= self.bit(day, meeting.slot)
            first.setdefault(meeting.part, day)
            iso_weeks.add((day - self.base) // 7)
            if day >= self.base:
                week = (day - self.base) // 7
                weeks[week] = weeks.get(week, 0) + 1
        minutes = sum(meeting.minutes for meeting in meetings)
        mask = 0
        for one in masks.values():
            mask |= one
        return Shape(
            training=training,
            parts=parts,
            meetings=tuple(meetings),
            mask=mask,
            part_masks=tuple(masks[part] for part in parts),
            part_days=tuple(first[part] for part in parts),
            days=tuple(sorted({meeting.day.toordinal() for meeting in meetings})),
            weeks=tuple(sorted(weeks.items())),
            minutes=minutes,
            pace=max(1, minutes // max(1, len(iso_weeks))),
        )

    def units(self, pinned: Iterable[str]) -> list[Unit]:
        """Group the needs into units; a need that is already placed for good stands alone."""
        alone = set(pinned)
        rules = self.problem.rules
        order = {part: rank for rank, part in enumerate(rules.civic_parts)}
        groups: dict[tuple[object, ...], list[Need]] = {}
        for need in self.problem.needs:
            if need.training is Training.LANGUAGE or need.again or need.id in alone:
                groups[need.id,] = [need]
            else:
                groups.setdefault((need.person, rules.bundle_of(need.part)), []).append(need)
        drawn = sorted(groups.values(), key=lambda needs: lot(self.problem.publish_on, needs[0].person))
        units = []
        for index, needs in enumerate(drawn):
            needs.sort(key=lambda need: order.get(need.part, 0))
            ranks = [order.get(need.part, 0) for need in needs]
            units.append(
                Unit(
                    index=index,
                    needs=tuple(needs),
                    person=self.person_of[needs[0].person],
                    training=needs[0].training,
                    parts=tuple(need.part for need in needs),
                    ranks=(ranks[0], ranks[-1]),
                    weight=sum(unplaced_points(need, self.problem.today, self.problem.weights) for need in needs),
                )
            )
        return units

    def unit_mask(self, unit: Unit, shape: Shape, joins_on: int) -> int:
        """Return the half-days that this unit takes in a session."""
        if unit.training is Training.LANGUAGE:
            return self.from_day(shape.mask, joins_on)
        if unit.parts == shape.parts:
            return shape.mask
        mask = 0
        for part, one in zip(shape.parts, shape.part_masks, strict=True):
            if part in unit.parts:
                mask |= one
        return mask

    def part_days(self, unit: Unit, shape: Shape, joins_on: int) -> tuple[int, ...]:
        """Return the day on which each need of the unit begins."""
        if unit.training is Training.LANGUAGE:
            return (joins_on,)
        if unit.parts == shape.parts:
            return shape.part_days
        return tuple(day for part, day in zip(shape.parts, shape.part_days, strict=True) if part in unit.parts)

    def entry(self, unit: Unit, shape: Shape) -> int | None:
        """Return the day on which the unit may join, or None: level, availability, notice and rolling entry."""
        if unit.training is not shape.training or any(part not in shape.parts for part in unit.parts):
            return None
        free, notice = self.free[unit.person], self.notice[unit.person]
        if unit.training is Training.CIVIC:
            days = self.part_days(unit, shape, 0)
            return days[0] if days[0] >= notice and not self.unit_mask(unit, shape, 0) & ~free else None
        earliest = notice
        missed = shape.mask & ~free
        if missed:
            earliest = max(earliest, self.day_of_bit(missed.bit_length() - 1) + 1)
        if earliest <= shape.days[0]:
            return shape.days[0]
        latest = shape.days[0] + 7 * self.problem.rules.rolling_entry_weeks
        for day in shape.days:
            if day >= earliest:
                return day if day <= latest else None
        return None

    def quantity(self, unit: Unit, shape: Shape, joins_on: int) -> int:
        """Return what the unit consumes of a lot: person-days, or person-minutes."""
        if unit.training is Training.CIVIC:
            return len(unit.needs)
        return self.minutes_from(shape, joins_on)

    def minutes_from(self, shape: Shape, joins_on: int) -> int:
        """Return the minutes of the meetings from this day on."""
        if joins_on <= shape.days[0]:
            return shape.minutes
        return sum(meeting.minutes for meeting in shape.meetings if meeting.day.toordinal() >= joins_on)

    def is_late(self, unit: Unit, shape: Shape, joins_on: int) -> bool:
        """Tell whether this course is forecast to end after the person's term."""
        if unit.training is Training.CIVIC:
            return False
        missing = unit.needs[0].minutes - self.minutes_from(shape, joins_on)
        end = shape.days[-1] + (7 * -(-missing // shape.pace) if missing > 0 else 0)
        return end > self.problem.people[unit.person].term_on.toordinal()

    @staticmethod
    def are_late(owed: NDArray[np.int64], terms: NDArray[np.int64], shape: Shape) -> NDArray[np.bool_]:
        """Tell, for arrays of minutes owed and of terms, whether the whole course is forecast to end after the term."""
        missing = np.maximum(0, owed - shape.minutes)
        late: NDArray[np.bool_] = shape.days[-1] + 7 * -(-missing // shape.pace) > terms
        return late

    def comfort(self, unit: Unit, shape: Shape, site: int, joins_on: int) -> int:
        """Return the T3 points of this seat: waiting and travel."""
        weights = self.problem.weights
        signed = self.signed[unit.person]
        waiting = 0
        for day in self.part_days(unit, shape, joins_on):
            waiting += wait_points(day - signed)
        return weights.wait * waiting + weights.travel_minute * self.minutes[unit.person][site] * len(unit.needs)

    def _person_free(self, person: Person) -> int:
        if self.waived("availability", person):
            return self.all
        return self.weekly(person.availability, person.weeks) & ~self.range_mask(person.unavailable)

    def _rooms_at(self, site: str) -> list[int]:
        rooms = [(room, index) for index, room in enumerate(self.problem.rooms) if room.site == site]
        rooms.sort(key=lambda pair: (-pair[0].seats, not pair[0].step_free, pair[0].id))
        return [index for _, index in rooms]

    def _welcome(self, site: int) -> int:
        """Return the people who can reach this site and find there what they need, as bits by person."""
        place = self.problem.sites[site]
        step_free = place.step_free and any(self.problem.rooms[room].step_free for room in self.rooms_at[site])
        people = 0
        for index, person in enumerate(self.problem.people):
            near = self.minutes[index][site] <= person.travel_limit_minutes or self.waived("reach", person)
            cared = not person.childcare or place.childcare or self.waived("childcare", person)
            level = not person.step_free or step_free or self.waived("room", person)
            if near and cared and level:
                people |= 1 << index
        return people


def bits_of(mask: int) -> Iterable[int]:
    """Yield the indexes of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low

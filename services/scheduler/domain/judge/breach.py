"""What a rule says when it is broken, and what the rules of people and of groups ask alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.scheduler.domain.problem import (
    DateRange,
    Lot,
    LotUnit,
    Person,
    Problem,
    Session,
    Slot,
    Training,
    WeekParity,
)
from services.scheduler.domain.view import Seat, View

__all__ = [
    "Breach",
    "about",
    "closed_on",
    "is_away",
    "is_free",
    "judged",
    "lot_quantity",
    "of_seat",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One broken rule, in words, and whom it concerns."""

    rule: str
    words: str
    person: str | None = None
    session: str | None = None


def is_away(ranges: tuple[DateRange, ...], day: date) -> bool:
    """Tell whether a day lies in one of the ranges."""
    return any(day in one for one in ranges)


def is_free(person: Person, day: date, slot: Slot) -> bool:
    """Tell whether the person can come on this half-day: weekly slots, alternating ISO weeks, dated absences."""
    if not person.availability.allows(day.weekday(), slot) or is_away(person.unavailable, day):
        return False
    week = day.isocalendar().week
    if person.weeks is WeekParity.ODD:
        return week % 2 == 1
    return person.weeks is WeekParity.ALL or week % 2 == 0


def lot_quantity(lot: Lot, seat: Seat) -> int:
    """Return what this seat consumes of the lot that pays for it, in the lot's unit."""
    return 1 if lot.unit is LotUnit.PERSON_DAYS else sum(meeting.minutes for meeting in seat.meetings)


def closed_on(problem: Problem, closures: tuple[DateRange, ...], training: Training, day: date) -> str:
    """Return why nothing is taught there on this day, or nothing."""
    if day in problem.public_holidays:
        return "a public holiday"
    rules = problem.rules
    rests = (
        rules.civic_pauses_in_school_holidays
        if training is Training.CIVIC
        else rules.language_pauses_in_school_holidays
    )
    if rests and is_away(problem.school_holidays, day):
        return "school holidays"
    return "the site is closed" if is_away(closures, day) else ""


def judged(view: View) -> Iterator[Seat]:
    """Yield the seats that this run answers for: all but the pinned ones, where the session is known in full."""
    for seat in view.seats:
        known = seat.session.site in view.sites and seat.session.room in view.rooms
        if not seat.pinned and known and seat.session.meetings:
            yield seat


def of_seat(seat: Seat, rule: str, words: str) -> Breach:
    """Return a breach by one seat: whose, and where."""
    return Breach(rule=rule, words=f"person {seat.person.id} {words}", person=seat.person.id, session=seat.session.id)


def about(session: Session, rule: str, words: str) -> Breach:
    """Return a breach by a whole group."""
    return Breach(rule=rule, words=f"session {session.id} {words}", session=session.id)

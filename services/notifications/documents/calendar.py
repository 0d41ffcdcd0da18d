"""
Calendar files (RFC 5545): the days that hold in one, those that do not hold any more in another.

Published and not requested (RFC 5546): a request holds a single entry, names whom it is for, and wants an answer.
Published entries may be many, name nobody, and an entry under a known UID with a higher SEQUENCE replaces the old one.
A cancellation holds a single entry too: the second file is a stream of them.
"""

__all__ = ["Event", "calendar_files"]

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from icalendar import Calendar
from icalendar import Event as Component

from services.notifications.domain.calendar import Entry
from services.notifications.domain.messages import Attachment

PRODUCT = "-//Parcours//Notices//FR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry with its words: what it is called, where it is, what else is to be known."""

    entry: Entry
    summary: str
    location: str
    description: str


def calendar_files(events: Sequence[Event], *, organizer: str, made_at: datetime) -> tuple[Attachment, ...]:
    """Return the files that go with a mail, none where there is nothing to tell; `organizer` is a mail address."""
    holding = [_component(one, organizer, made_at) for one in events if not one.entry.gone]
    gone = [_component(one, organizer, made_at) for one in events if one.entry.gone]
    files = []
    if holding:
        files.append(_file("dates.ics", "PUBLISH", [holding]))
    if gone:
        files.append(_file("annulation.ics", "CANCEL", [[one] for one in gone]))
    return tuple(files)


def _component(event: Event, organizer: str, made_at: datetime) -> Component:
    component, entry = Component(), event.entry
    component.add("uid", entry.uid)
    component.add("sequence", entry.sequence)
    component.add("dtstamp", made_at.astimezone(UTC))
    component.add("dtstart", entry.starts_at.astimezone(UTC))
    component.add("dtend", entry.ends_at.astimezone(UTC))
    component.add("status", "CANCELLED" if entry.gone else "CONFIRMED")
    component.add("organizer", f"mailto:{organizer}")
    component.add("summary", event.summary)
    component.add("location", event.location)
    component.add("description", event.description)
    return component


def _file(name: str, method: str, calendars: Iterable[Iterable[Component]]) -> Attachment:
    content = b"".join(_calendar(method, components).to_ical() for components in calendars)
    return Attachment(name=name, media_type=f"text/calendar; method={method}; charset=utf-8", content=content)


def _calendar(method: str, components: Iterable[Component]) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for component in components:
        calendar.add_component(component)
    return calendar

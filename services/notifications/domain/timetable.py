"""The days of a session for one person, as texts that sort by time and can be compared: `2025-03-06 09:00-12:00`."""

__all__ = ["Day", "coming", "days_of", "ends_at", "ends_on_day", "first_meetings", "read_day", "starts_at"]

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Day:
    """From when to when a person is expected on one day, local at the site."""

    on: date
    starts_at: time
    ends_at: time

    def __str__(self) -> str:
        return f"{self.on} {self.starts_at:%H:%M}-{self.ends_at:%H:%M}"


def days_of(meetings: Iterable[Mapping[str, Any]], joins: Mapping[str, date]) -> tuple[str, ...]:
    """
    Return the days of a session that concern a person, a day's half-days put together.

    `joins` gives, for each part in which they have a seat, the first day that counts.
    """
    days: dict[date, Day] = {}
    for _meeting, part in _concerning(meetings, joins):
        known = days.get(part.on, part)
        days[part.on] = Day(part.on, min(known.starts_at, part.starts_at), max(known.ends_at, part.ends_at))
    return tuple(str(day) for _on, day in sorted(days.items()))


def first_meetings(meetings: Iterable[Mapping[str, Any]], joins: Mapping[str, date]) -> dict[str, str]:
    """Return the id of the first meeting of each day, `2025-03-06`; of a session told without ids none."""
    firsts: dict[str, str] = {}
    for meeting, part in sorted(_concerning(meetings, joins), key=lambda one: one[1]):
        if "id" in meeting:
            firsts.setdefault(str(part.on), meeting["id"])
    return firsts


def ends_on_day(on: date, starts: time, minutes: int) -> time:
    """Return the local time at which something of so many minutes ends."""
    return (datetime.combine(on, starts) + timedelta(minutes=minutes)).time()


def read_day(text: str) -> Day:
    """Return what the text of a day says."""
    on, _, hours = text.partition(" ")
    starts, _, ends = hours.partition("-")
    return Day(date.fromisoformat(on), time.fromisoformat(starts), time.fromisoformat(ends))


def coming(days: Iterable[str], moment: str) -> tuple[str, ...]:
    """Return the days that are not over at a local moment, `2025-03-06 08:30`."""
    return tuple(day for day in days if f"{day[:10]} {day[-5:]}" > moment)


def starts_at(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant at which a day begins."""
    day = read_day(text)
    return datetime.combine(day.on, day.starts_at, zone)


def ends_at(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant at which a day ends."""
    day = read_day(text)
    return datetime.combine(day.on, day.ends_at, zone)


def _concerning(
    meetings: Iterable[Mapping[str, Any]], joins: Mapping[str, date]
) -> Iterator[tuple[Mapping[str, Any], Day]]:
    for meeting in meetings:
        on = date.fromisoformat(meeting["held_on"])
        if meeting["part"] in joins and on >= joins[meeting["part"]]:
            starts = time.fromisoformat(meeting["starts_at"])
            yield meeting, Day(on, starts, ends_on_day(on, starts, meeting["minutes"]))

"""
When people are reminded: a week and two days before they begin, and on the evening before a first day.

A course of many weeks is not reminded of each day: only of its first one, and of each one that comes after a pause.
"""

__all__ = ["KINDS", "Reminder", "named_from", "reminders"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifications.domain.timetable import Day, read_day

WEEK, TWO_DAYS, EVE = "week", "two_days", "eve"
KINDS: Mapping[str, str] = {WEEK: "reminder", TWO_DAYS: "reminder", EVE: "tomorrow"}
BEFORE = {WEEK: timedelta(days=7), TWO_DAYS: timedelta(days=2)}
EVENING = time(18)  # [A] local time at the site
PAUSE = timedelta(days=14)  # [A] so long without a day, and the next one is a beginning again
NAMED = 4  # a beginning of up to so many days is named whole, of a longer one only its first day
JUST_TOLD = timedelta(hours=24)  # [A] nobody is reminded of what they were told a day ago
SUNDAY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One reminder: `moment` is week, two_days or eve; sent from `at` on, useless from `until`; both aware instants."""

    moment: str
    days: tuple[str, ...]
    at: datetime
    until: datetime


def reminders(days: Sequence[str], zone: ZoneInfo, now: datetime) -> list[Reminder]:
    """Return the reminders still to come of the days of a session that concern a person; `days` as texts in order."""
    found = []
    for number, block in enumerate(_beginnings(days)):
        first = read_day(block[0])
        moments = {moment: _local(first, zone, before) for moment, before in BEFORE.items()}
        if number == 0:
            moments[EVE] = _evening_before(first, zone)
        starts = _local(first, zone, timedelta())
        untils = [*list(moments.values())[1:], starts]
        for (moment, at), until in zip(moments.items(), untils, strict=True):
            if at >= now + JUST_TOLD:
                found.append(Reminder(moment=moment, days=_named(block), at=at, until=until))
    return found


def named_from(days: Sequence[str], first: str) -> tuple[str, ...]:
    """Return the days that a reminder of a first day names, none where it is no beginning of these days."""
    return next((_named(block) for block in _beginnings(days) if block[0] == first), ())


def _named(block: Sequence[str]) -> tuple[str, ...]:
    return tuple(block) if len(block) <= NAMED else (block[0],)


def _beginnings(days: Sequence[str]) -> list[list[str]]:
    """Return the days cut where there is a pause."""
    blocks: list[list[str]] = []
    for day in days:
        if blocks and read_day(day).on - read_day(blocks[-1][-1]).on < PAUSE:
            blocks[-1].append(day)
        else:
            blocks.append([day])
    return blocks


def _local(day: Day, zone: ZoneInfo, before: timedelta) -> datetime:
    return datetime.combine(day.on - before, day.starts_at, zone)


def _evening_before(day: Day, zone: ZoneInfo) -> datetime:
    """Return the evening before a day; nothing leaves on a Sunday, so a Monday has its evening on Saturday."""
    eve = day.on - timedelta(days=1)
    if eve.weekday() == SUNDAY:
        eve -= timedelta(days=1)
    return datetime.combine(eve, EVENING, zone)

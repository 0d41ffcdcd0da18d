"""The days on which a territory does not work, or its schools do not: sessions and childcare depend on them."""

__all__ = ["CalendarUnknownError", "is_working_day", "public_holidays", "school_holidays"]

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from importlib import resources

import holidays

from shared.communes import department_of
from shared.errors import ParcoursError

FIRST_DAY, LAST_DAY = date(2024, 1, 1), date(2027, 12, 31)  # what the files of shared/calendar_data hold in full
# Departments with public holidays of their own, by the name that the package gives them (6AE is Alsace).
OWN_PUBLIC_HOLIDAYS = {"57": "57", "67": "6AE", "68": "6AE"} | {
    code: code for code in ("971", "972", "973", "974", "976")
}
SATURDAY = 5


class CalendarUnknownError(ParcoursError):
    """Raised when days are asked for that no calendar file holds. Add the new year's file first."""

    code = "calendar_unknown"

    def __init__(self, territory: str, first: date, last: date) -> None:
        super().__init__(
            f"the school holidays of {territory} are known from {FIRST_DAY} to {LAST_DAY}, not from {first} to {last}"
        )


def public_holidays(territory: str, years: int | Iterable[int]) -> dict[date, str]:
    """
    Return the public holidays of a department with their French names, in order of date.

    Alsace-Moselle (57, 67, 68) has its Good Friday and 26 December, each overseas department its abolition day.
    Raises UnknownTerritoryError.

    Source: the `holidays` package (Labour Code L. 3133-1, L. 3134-13, L. 3422-2).
    """
    department = department_of(territory).code
    found: dict[date, str] = {}
    for year in sorted({years} if isinstance(years, int) else set(years)):
        found.update(_holidays_of(OWN_PUBLIC_HOLIDAYS.get(department), year))
    return found


def school_holidays(territory: str, first: date, last: date) -> list[tuple[date, date]]:
    """
    Return the school holidays that touch the days from `first` to `last`, in order, first and last day included.

    Raises UnknownTerritoryError, and CalendarUnknownError outside 2024 to 2027.
    """
    department = department_of(territory).code
    if first < FIRST_DAY or last > LAST_DAY:
        raise CalendarUnknownError(territory, first, last)
    return [(start, end) for start, end in _periods(_zones()[department]) if start <= last and end >= first]


def is_working_day(territory: str, day: date) -> bool:
    """Return whether a day is from Monday to Friday and no public holiday there."""
    return day.weekday() < SATURDAY and day not in public_holidays(territory, day.year)


@cache
def _holidays_of(subdivision: str | None, year: int) -> dict[date, str]:
    named = holidays.country_holidays("FR", subdiv=subdivision, years=year, language="fr")
    return {day: str(named[day]) for day in sorted(named)}


@cache
def _zones() -> dict[str, str]:
    """Return department -> name of its school calendar (three zones, Corsica, each overseas department)."""
    return {row["department"]: row["calendar"] for row in _rows("zones")}


@cache
def _periods(calendar: str) -> tuple[tuple[date, date], ...]:
    return tuple((date.fromisoformat(row["first"]), date.fromisoformat(row["last"])) for row in _rows(calendar))


def _rows(name: str) -> Iterator[dict[str, str]]:
    with resources.files("shared.calendar_data").joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)

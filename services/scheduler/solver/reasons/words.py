"""The words of reasons: days, half-days, groups and languages as a planner says them, in French and in English."""

from collections.abc import Sequence
from datetime import date

from babel import Locale

from services.scheduler.domain.plain import Said
from services.scheduler.domain.problem import Person, Slot, Training, WeeklySlots
from services.scheduler.solver.facts import Shape, Unit

__all__ = [
    "counted",
    "group_said",
    "kind_said",
    "language_said",
    "languages_said",
    "long_day",
    "moment_said",
    "slots_said",
]

_DAYS = (
    Said("lundi", "Monday"),
    Said("mardi", "Tuesday"),
    Said("mercredi", "Wednesday"),
    Said("jeudi", "Thursday"),
    Said("vendredi", "Friday"),
    Said("samedi", "Saturday"),
    Said("dimanche", "Sunday"),
)
_SLOTS = {
    Slot.MORNING: Said("matin", "morning"),
    Slot.AFTERNOON: Said("après-midi", "afternoon"),
    Slot.EVENING: Said("soir", "evening"),
}
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip


def long_day(day: date) -> Said:
    """Return a day in full in French, as ISO 8601 in English."""
    number = "1er" if day.day == 1 else str(day.day)
    return Said(f"{number} {_MONTHS[day.month - 1]} {day.year}", day.isoformat())


def slots_said(slots: WeeklySlots) -> Said:
    """Return half-days of a week, day by day: "mercredi matin et après-midi, jeudi soir"."""
    days: dict[int, list[Said]] = {}
    for day, slot in slots.half_days():
        days.setdefault(day, []).append(_SLOTS[slot])
    return Said(
        ", ".join(f"{_DAYS[day].fr} {_listed([one.fr for one in some], 'et')}" for day, some in days.items()),
        ", ".join(f"{_DAYS[day].en} {_listed([one.en for one in some], 'and')}" for day, some in days.items()),
    )


def moment_said(slots: WeeklySlots) -> Said:
    """Return the one time of day, or the one day, on which all these half-days fall; else nothing."""
    listed = list(slots.half_days())
    if len({slot for _, slot in listed}) == 1:
        slot = _SLOTS[listed[0][1]]
        article = "de l’" if slot.fr.startswith("a") else "du "
        return Said(f" {article}{slot.fr}", f" {slot.en}")
    if len({day for day, _ in listed}) == 1:
        day = _DAYS[listed[0][0]]
        return Said(f" du {day.fr}", f" {day.en}")
    return Said("", "")


def kind_said(unit: Unit, person: Person) -> Said:
    """Return what a unit waits for, with the only time of day at which its person could come."""
    moment = moment_said(person.availability)
    if unit.training is Training.LANGUAGE:
        return Said(
            f"groupe de {unit.parts[0]} heures{moment.fr} ({person.level})",
            f"{unit.parts[0]}-hour{moment.en} group ({person.level})",
        )
    days = _listed(unit.parts, "et"), _listed(unit.parts, "and")
    return Said(f"groupe {days[0]}{moment.fr}", f"{days[1]}{moment.en} group")


def group_said(shape: Shape, site: str) -> Said:
    """Return a group that could open: what it teaches, where, and when it begins."""
    first = shape.meetings[0]
    day, slot = long_day(first.day), _SLOTS[first.slot]
    what = (
        Said(f"de {shape.parts[0]} heures", f"{shape.parts[0]}-hour group")
        if shape.training is Training.LANGUAGE
        else Said(_listed(shape.parts, "et"), f"{_listed(shape.parts, 'and')} group")
    )
    return Said(
        f"groupe {what.fr} du {day.fr} ({slot.fr}) à {site}",
        f"{what.en} at {site} on {day.en} ({slot.en})",
    )


def language_said(code: str) -> Said:
    """Return the name of a language; a code that nobody knows stays as it is."""
    return Said(*(Locale(tongue).languages.get(code, code) for tongue in ("fr", "en")))


def languages_said(codes: Sequence[str]) -> Said:
    """Return the names of languages that one person speaks."""
    named = [language_said(code) for code in codes]
    return Said(_listed([one.fr for one in named], "ou") or "?", _listed([one.en for one in named], "or") or "?")


def counted(number: int, one: str, many: str) -> str:
    """Return a number and its noun; in French 0 and 1 are singular, the caller's English nouns say so by themselves."""
    return f"{number} {one if number == 1 else many}"


def _listed(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""

"""What is prescribed beside the planned trainings: follow-up offers, platform, orientations. Closed lists, checks."""

__all__ = [
    "FOLLOW_UP_MOVES",
    "LOG_COLUMNS",
    "LOG_SHEET",
    "ORIENTATIONS",
    "OUTCOMES",
    "WHYS",
    "PlatformLog",
    "check_follow_up",
    "check_platform",
    "read_log",
    "suggestions",
]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.scheduler.domain.cells import Cells
from shared.errors import ConflictError, FieldFault, InvalidInputError

FOLLOW_UP_MOVES: Mapping[str, tuple[str, ...]] = {
    "prescribed": ("booked", "attended", "given_up"),
    "booked": ("prescribed", "attended", "given_up"),
    "attended": (),
    "given_up": ("prescribed",),
}
# What is suggested for a difficulty, by what the person says is hard; [A]: the seed article says "adapted solutions".
ORIENTATIONS: Mapping[str, tuple[str, ...]] = {
    "travel": ("nearer_site", "support_offer"),
    "work_hours": ("evening_rhythm", "support_offer"),
    "childcare": ("childcare_site", "support_offer"),
    "level": ("reassessment",),
    "other": ("support_offer",),
}
WHYS = tuple(ORIENTATIONS)
OUTCOMES = ("proposed", "accepted", "declined", "done")
MOST_MINUTES = 2000 * 60
LOG_SHEET = "plateforme"
LOG_COLUMNS = ("reference", "releve_le", "derniere_connexion", "minutes", "module", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformLog:
    """What the digital platform reports of one person: minutes since the beginning, the module and test reached."""

    reported_on: date
    last_login: date | None
    minutes: int
    module: str
    test: str


def read_log(cells: Cells) -> tuple[str, PlatformLog] | None:
    """Return the reference of a person and what the platform reports, or None when `cells.faults` says why not."""
    reference = cells.text("reference", most=40)
    log = PlatformLog(
        reported_on=cells.day("releve_le"),
        last_login=cells.optional_day("derniere_connexion"),
        minutes=cells.whole("minutes", 0, MOST_MINUTES),
        module=cells.text("module", most=40, optional=True),
        test=cells.text("test", most=40, optional=True),
    )
    return None if cells.faults else (reference, log)


def check_follow_up(state: str, wanted: str, on: date | None, dates: Sequence[Sequence[str]], today: date) -> None:
    """Raise ConflictError for a change that is not possible, InvalidInputError naming field and rule."""
    if wanted != state and wanted not in FOLLOW_UP_MOVES[state]:
        raise ConflictError(f"a follow-up that is {state} does not become {wanted}", "move_not_possible")
    faults = []
    if wanted in {"booked", "attended"}:
        if on is None or (dates and not any(first <= str(on) <= last for first, last in dates)):
            faults.append(FieldFault("on", "range", "a day on which the offer takes place"))
        elif wanted == "attended" and on > today:
            faults.append(FieldFault("on", "range", f"up to {today}"))
    if faults:
        raise InvalidInputError("refused", faults)


def check_platform(log: PlatformLog, before: Mapping[str, Any] | None, signed_on: date, today: date) -> None:
    """Raise InvalidInputError naming field and rule; `before` is the last report, whose minutes never go back."""
    faults = []
    if not signed_on <= log.reported_on <= today:
        faults.append(FieldFault("reported_on", "range", f"between {signed_on} and {today}"))
    if log.last_login is not None and not signed_on <= log.last_login <= log.reported_on:
        faults.append(FieldFault("last_login", "range", f"between {signed_on} and the report"))
    least = before["minutes"] if before is not None and before["reported_on"] < log.reported_on else 0
    if not least <= log.minutes <= MOST_MINUTES:
        faults.append(FieldFault("minutes", "range", f"between {least} (reported before) and {MOST_MINUTES}"))
    if faults:
        raise InvalidInputError("the report is refused", faults)


def suggestions(why: str) -> tuple[str, ...]:
    """Return what the rules suggest for a difficulty. Raises InvalidInputError."""
    if why not in ORIENTATIONS:
        raise InvalidInputError("refused", [FieldFault("why", "choice", f"one of {', '.join(WHYS)}")])
    return ORIENTATIONS[why]

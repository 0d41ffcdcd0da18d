"""
Dated duties of the administration: what falls due when, by a rule-book and the days of a contract. Pure.

A duty that the rule-book does not know (null) is not made up. Days are local at the territory.
"""

__all__ = [
    "ANCHORS",
    "BOOKED_ELSEWHERE",
    "CONVENED",
    "DUTIES",
    "OUTCOMES",
    "OWNERS",
    "DutyDraft",
    "Milestones",
    "check_booking",
    "check_record",
    "duties_of",
]

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from services.scheduler.domain.days import add_months
from shared.errors import ConflictError, FieldFault, InvalidInputError

OWNERS = ("planner", "auditor")
ANCHORS = ("training_start", "training_end", "level_reached", "year_one")
# What came of it, by kind; the last outcome of each kind says that it is not owed after all, with a reason.
OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "end_interview": ("held", "no_show_twice", "not_owed"),
    "year_one_opinion": ("assiduous", "not_assiduous", "not_owed"),
    "closing": ("closed", "not_owed"),
    "certification_offer": ("accepted", "declined", "no_answer", "not_owed"),
    "civic_exam": ("passed", "failed", "not_wanted", "not_owed"),
}
DUTIES = tuple(OUTCOMES)
CONVENED = frozenset({"end_interview"})  # the person comes to a platform
BOOKED_ELSEWHERE = frozenset({"certification_offer", "civic_exam"})  # a centre keeps the place
CLOSING = "closing"  # done by the move that closes the contract, never by hand


class Book(Protocol):
    """What duties need from a rule-book."""

    @property
    def sources(self) -> Mapping[str, str]: ...
    def __getitem__(self, key: str) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestones:
    """The days of a contract that start a duty; None has not come. `over_a_year`: training outlasts its first year."""

    signed_on: date
    training_start: date | None = None
    training_end: date | None = None
    level_reached: date | None = None
    over_a_year: bool = False

    def day(self, anchor: str) -> date | None:
        if anchor == "year_one":
            return add_months(self.signed_on, 12) - timedelta(days=1) if self.over_a_year else None
        found: date | None = getattr(self, anchor)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDraft:
    """A duty with its window, first and last day included."""

    kind: str
    owner: str
    opens_on: date
    due_on: date
    rule: str


def duties_of(book: Book, days: Milestones) -> list[DutyDraft]:
    """Return the duties that the days of a contract have started so far."""
    found = []
    for kind in DUTIES:
        rule = book[f"duties.{kind}"]
        start = days.day(rule["after"]) if rule else None
        if rule is None or start is None:
            continue
        found.append(
            DutyDraft(
                kind=kind,
                owner=rule["owner"],
                opens_on=add_months(start, rule["from_months"]),
                due_on=add_months(start, rule["until_months"]),
                rule=book.sources[f"duties.{kind}"],
            )
        )
    return found


def check_booking(kind: str, on: date, *, state: str, today: date) -> None:
    """Raise ConflictError for a duty that is done, InvalidInputError for one of which only an outcome is kept."""
    if state == "done":
        raise ConflictError(f"{kind} is done", "duty_done")
    if kind not in BOOKED_ELSEWHERE:
        words = f"only {', '.join(sorted(BOOKED_ELSEWHERE))}; an end interview is booked as an appointment"
        raise InvalidInputError("refused", [FieldFault("kind", "choice", words)])
    if on < today:
        raise InvalidInputError("refused", [FieldFault("on", "range", f"from {today}")])


def check_record(kind: str, outcome: str, on: date, words: str, *, state: str, opens_on: date, today: date) -> None:
    """Raise ConflictError for a duty that is done, InvalidInputError naming field and rule for a bad record."""
    if state == "done":
        raise ConflictError(f"{kind} is done", "duty_done")
    faults = []
    if kind == CLOSING and outcome != "not_owed":
        faults.append(FieldFault("outcome", "choice", "a contract is closed by the move `close`"))
    elif outcome not in OUTCOMES[kind]:
        faults.append(FieldFault("outcome", "choice", f"one of {', '.join(OUTCOMES[kind])}"))
    if on > today or (outcome != "not_owed" and on < opens_on):
        faults.append(FieldFault("on", "range", f"between {opens_on} and {today}"))
    if outcome == "not_owed" and not words.strip():
        faults.append(FieldFault("words", "required", "why it is not owed"))
    if faults:
        raise InvalidInputError(f"the record of {kind} is refused", faults)

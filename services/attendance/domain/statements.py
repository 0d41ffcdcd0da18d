"""
What a body is paid for a month: hours and days of people, in euros, each kind of proof counted; whole cents, minutes.

The contract between OFII and its training bodies (CCP) is not public: what is payable is [A] and stands in `PayRules`.
"""

__all__ = [
    "UNITS",
    "GroupDay",
    "HalfDay",
    "Held",
    "PayRules",
    "Price",
    "changes",
    "line_of",
    "price_for",
    "totals_of",
]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any, NamedTuple
from uuid import UUID

from services.attendance.domain.marks import ABSENT, CAME, DECLARED, Status, followed_minutes

UNITS = ("person_days", "person_minutes")
MINUTES_AN_HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PayRules:
    """
    What OFII pays beside a presence that carries the person's own act, which it always pays.

    `declared`: a presence that only the trainer declares [A: no, it is counted apart]. `absences`: the kinds of absence
    that are paid as if the person had come [A: none].
    """

    declared: bool = False
    absences: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = self.absences - {status.value for status in ABSENT}
        if unknown:
            raise ValueError(f"no kind of absence: {', '.join(sorted(unknown))}")

    def minutes(self, one: "Held", meeting_minutes: int) -> int:
        """Return the payable minutes of one mark: those followed [A], or all where an absence is paid."""
        if one.status in CAME:
            paid = one.act != DECLARED or self.declared
            return followed_minutes(one.status, one.minutes_lost, meeting_minutes) if paid else 0
        return meeting_minutes if one.status.value in self.absences else 0

    def told(self) -> dict[str, Any]:
        """Return the rules as a statement repeats them."""
        return {"declared": self.declared, "absences": sorted(self.absences)}


class Held(NamedTuple):
    """One mark in force of a roll that was taken."""

    signatory_id: UUID
    status: Status
    minutes_lost: int
    act: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What an order pays for one person-day or one person-hour, for trainings held in its time."""

    code: str
    training: str
    unit: str
    first_on: date
    last_on: date
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfDay:
    """One sheet that was taken."""

    meeting_id: UUID
    number: str
    slot: str
    starts_at: time
    minutes: int
    version: int
    state: str
    marks: Sequence[Held]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDay:
    """One group on one day: the line of a statement. `planned` counts its half-days, taken or not."""

    session_id: UUID
    group: str
    site: str
    training: str
    part: str
    held_on: date
    planned: int
    sheets: Sequence[HalfDay]


def price_for(prices: Iterable[Price], training: str, held_on: date) -> Price | None:
    """Return the order that pays for a training on a day; of several the one that began last, then by its code."""
    fitting = [one for one in prices if one.training == training and one.first_on <= held_on <= one.last_on]
    return max(fitting, key=lambda one: (one.first_on, one.code), default=None)


def line_of(day: GroupDay, price: Price | None, rules: PayRules) -> dict[str, Any]:
    """
    Return one line: what each kind of proof covers, and the cents of the whole line, rounded half up, once.

    By the hour: the payable minutes. By the day: a person's payable half-days out of the group's half-days of that day;
    who came late or left early came [A].
    """
    proofs: dict[str, list[int]] = {}
    statuses: dict[str, int] = {}
    paid_minutes = paid_halves = 0
    came = set()
    for sheet in day.sheets:
        for one in sheet.marks:
            statuses[one.status.value] = statuses.get(one.status.value, 0) + 1
            if one.status in CAME:
                came.add(one.signatory_id)
                counted = proofs.setdefault(one.act, [0, 0])
                counted[0] += 1
                counted[1] += followed_minutes(one.status, one.minutes_lost, sheet.minutes)
            paid = rules.minutes(one, sheet.minutes)
            paid_minutes += paid
            paid_halves += bool(paid)
    by_day = price is not None and price.unit == "person_days"
    quantity, whole = (paid_halves, day.planned) if by_day else (paid_minutes, MINUTES_AN_HOUR)
    return {
        "session_id": str(day.session_id),
        "group": day.group,
        "site": day.site,
        "training": day.training,
        "part": day.part,
        "held_on": day.held_on.isoformat(),
        "sheets": [
            {
                "meeting_id": str(one.meeting_id),
                "number": one.number,
                "slot": one.slot,
                "starts_at": one.starts_at.strftime("%H:%M"),
                "minutes": one.minutes,
                "version": one.version,
                "state": one.state,
            }
            for one in day.sheets
        ],
        "people": len(came),
        "proofs": {act: {"half_days": n, "minutes": minutes} for act, (n, minutes) in sorted(proofs.items())},
        "statuses": dict(sorted(statuses.items())),
        "followed_minutes": sum(minutes for _, minutes in proofs.values()),
        "paid_minutes": paid_minutes,
        "paid_half_days": paid_halves,
        "half_days_a_day": day.planned,
        "order": price.code if price else "",
        "unit": price.unit if price else "",
        "unit_price_cents": price.cents if price else None,
        "cents": _half_up(quantity * price.cents, whole) if price else None,
    }


def totals_of(lines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums of lines: by order, and of everything. A line without a price adds hours and no euros."""
    orders: dict[str, dict[str, Any]] = {}
    whole = _empty()
    unpriced = 0
    for line in lines:
        unpriced += line["cents"] is None
        key = line["order"] or f"?{line['training']}"
        told = {name: line[name] for name in ("order", "training", "unit", "unit_price_cents")}
        for total in (whole, orders.setdefault(key, told | _empty())):
            total["half_days"] += sum(one["half_days"] for one in line["proofs"].values())
            for name in ("followed_minutes", "paid_minutes", "paid_half_days"):
                total[name] += line[name]
            total["cents"] += line["cents"] or 0
            for act, counted in line["proofs"].items():
                kept = total["proofs"].setdefault(act, {"half_days": 0, "minutes": 0})
                kept["half_days"] += counted["half_days"]
                kept["minutes"] += counted["minutes"]
            for status, count in line["statuses"].items():
                total["statuses"][status] = total["statuses"].get(status, 0) + count
    return whole | {"orders": [orders[key] for key in sorted(orders)], "lines_without_price": unpriced}


def changes(before: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines whose payable hours or euros differ between two versions of a month, with both."""
    old, new = ({(one["session_id"], one["held_on"], one["part"]): one for one in lines} for lines in (before, now))
    found = []
    for key in sorted({*old, *new}, key=lambda one: (one[1], one[0], one[2])):
        first, last = old.get(key), new.get(key)
        was, is_now = (
            {name: (line[name] or 0) if line else 0 for name in ("paid_minutes", "paid_half_days", "cents")}
            for line in (first, last)
        )
        if was == is_now:
            continue
        line = last or first or {}
        told = {name: line[name] for name in ("group", "held_on", "part", "training")}
        found.append(told | {"was": was, "now": is_now})
    return found


def _empty() -> dict[str, Any]:
    numbers = dict.fromkeys(("half_days", "followed_minutes", "paid_minutes", "paid_half_days", "cents"), 0)
    return {**numbers, "proofs": {}, "statuses": {}}


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator) if denominator else 0

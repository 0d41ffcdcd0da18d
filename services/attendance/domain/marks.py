"""
Marks: what is recorded about one person in one half-day. Closed lists, no free text about people.

A presence carries the person's own act for that half-day, or is labelled `trainer_declared` with a reason: courts and
payers ask for the trainee's act each half-day (CAA Nantes, 20 April and 1 June 2021). No absence becomes unjustified
by the clock.
"""

__all__ = [
    "ACTS",
    "DECLARED",
    "DECLARED_REASONS",
    "DEVICE_SOURCES",
    "ELSEWHERE",
    "ONLY_BY_OFII",
    "OWN_ACTS",
    "STATUSES",
    "Mark",
    "Status",
    "check_mark",
    "followed_minutes",
    "in_force",
    "minutes_lost_by",
    "offered_minutes",
]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.attendance.domain.errors import MarkRefusedError
from shared.errors import FieldFault


class Status(StrEnum):
    """What a mark says."""

    PRESENT = "present"
    LATE = "late"
    LEFT_EARLY = "left_early"
    ABSENT_ANNOUNCED = "absent_announced"
    ABSENT_UNEXPLAINED = "absent_unexplained"
    ABSENT_JUSTIFIED = "absent_justified"
    ABSENT_UNJUSTIFIED = "absent_unjustified"
    MEETING_CANCELLED = "meeting_cancelled"
    NOT_YET_ENROLLED = "not_yet_enrolled"
    HELD_ROLL_MISSING = "held_roll_missing"


STATUSES = tuple(status.value for status in Status)
CAME = (Status.PRESENT, Status.LATE, Status.LEFT_EARLY)
ABSENT = (Status.ABSENT_ANNOUNCED, Status.ABSENT_UNEXPLAINED, Status.ABSENT_JUSTIFIED, Status.ABSENT_UNJUSTIFIED)
# Count nowhere against the person, and are not offered to them either.
NEUTRAL = (Status.MEETING_CANCELLED, Status.NOT_YET_ENROLLED, Status.HELD_ROLL_MISSING)
ONLY_BY_OFII = (Status.ABSENT_JUSTIFIED, Status.ABSENT_UNJUSTIFIED)

DECLARED = "trainer_declared"
ACTS = ("qr", "code", "drawn", "signed_sheet", DECLARED)
OWN_ACTS = frozenset(ACTS) - {DECLARED}
# Where a mark comes from. A product (an e-attendance) and an imported sheet keep the person's act themselves, under a
# number; a device of ours has the act recorded here. Paper is either: photographed, or kept under its sheet's number.
DEVICE_SOURCES = ("device", "offline", "product", "import")
ELSEWHERE = frozenset({"product", "import"})
DECLARED_REASONS = ("device_failed", "cannot_sign", "left_before_signing", "sheet_lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One recorded mark; it is never changed: a later one supersedes it. `minutes_lost` by lateness or leaving."""

    id: UUID
    signatory_id: UUID  # or a provisional person's
    status: Status
    minutes_lost: int
    act: str  # one of ACTS for who came, empty for who did not
    act_reason: str  # one of DECLARED_REASONS where the act is trainer_declared
    act_id: UUID | None = None  # the recorded act
    proof_ref: str = ""  # the act's number where it is kept elsewhere: paper sheet, e-attendance
    arrived: time | None = None  # local, at the site
    left: time | None = None
    source: str = "device"
    actor: str
    effective_at: datetime  # when the device took it, never later than recorded_at
    recorded_at: datetime  # when it came here


def check_mark(mark: Mark, meeting_minutes: int) -> None:
    """Raise MarkRefusedError for a mark that contradicts itself or its meeting."""
    faults = []
    came = mark.status in CAME
    if came and mark.act not in ACTS:
        faults.append(FieldFault("act", "act_required", f"who came needs an act: {', '.join(ACTS)}"))
    if not came and mark.act:
        faults.append(FieldFault("act", "no_act_for_absent", "who did not come has no act"))
    if mark.act == DECLARED and mark.act_reason not in DECLARED_REASONS:
        words = f"a presence declared by the trainer needs a reason: {', '.join(DECLARED_REASONS)}"
        faults.append(FieldFault("act_reason", "reason_required", words))
    if mark.act != DECLARED and mark.act_reason:
        faults.append(FieldFault("act_reason", "no_reason", "only trainer_declared takes a reason"))
    if came and mark.act in OWN_ACTS and not _proven(mark):
        words = "the person's own act was not recorded for this meeting: record it, or declare the presence"
        faults.append(FieldFault("act", "act_not_recorded", words))
    partial = mark.status in {Status.LATE, Status.LEFT_EARLY}
    if partial and not 0 < mark.minutes_lost < meeting_minutes:
        words = f"between 1 and {meeting_minutes - 1} minutes of this meeting"
        faults.append(FieldFault("minutes_lost", "range", words))
    if not partial and mark.minutes_lost:
        faults.append(FieldFault("minutes_lost", "range", "only lateness and leaving early lose minutes"))
    if mark.status in ONLY_BY_OFII:
        faults.append(FieldFault("status", "ofii_only", "an absence is qualified by a named OFII agent"))
    if faults:
        raise MarkRefusedError("the mark is refused", faults)


def minutes_lost_by(arrived: time | None, left: time | None, starts_at: time, meeting_minutes: int) -> int:
    """Return the minutes of a meeting that were lost between its start, coming, leaving and its end."""
    begins = _minute(starts_at)
    ends = begins + meeting_minutes
    late = max(0, _minute(arrived) - begins) if arrived else 0
    early = max(0, ends - _minute(left)) if left else 0
    return late + early


def in_force(marks: Iterable[Mapping[str, Any]]) -> dict[UUID, Mapping[str, Any]]:
    """
    Return the mark in force by subject: the last one taken, whatever order they came here in.

    Of two taken at the same moment, the one that came later.
    """
    found: dict[UUID, Mapping[str, Any]] = {}
    for mark in marks:
        before = found.get(mark["signatory_id"])
        if before is None or (before["effective_at"], before["seq"]) < (mark["effective_at"], mark["seq"]):
            found[mark["signatory_id"]] = mark
    return found


def followed_minutes(status: Status, minutes_lost: int, meeting_minutes: int) -> int:
    """Return the minutes of a meeting that count as followed; never more than the meeting has."""
    return max(0, meeting_minutes - minutes_lost) if status in CAME else 0


def offered_minutes(status: Status, meeting_minutes: int) -> int:
    """Return the minutes of a meeting that count as offered: cancelled, missing and justified count nowhere."""
    return 0 if status in NEUTRAL or status is Status.ABSENT_JUSTIFIED else meeting_minutes


def _proven(mark: Mark) -> bool:
    kept_elsewhere = mark.source in ELSEWHERE or mark.act == "signed_sheet"
    return mark.act_id is not None or bool(mark.proof_ref and kept_elsewhere)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute

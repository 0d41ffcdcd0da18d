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
    "STATUSES",
    "Mark",
    "Status",
    "check_mark",
    "followed_minutes",
    "offered_minutes",
]

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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
DECLARED_REASONS = ("device_failed", "cannot_sign", "left_before_signing", "sheet_lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One recorded mark; it is never changed: a later one supersedes it. `minutes_lost` by lateness or leaving."""

    id: UUID
    signatory_id: UUID
    status: Status
    minutes_lost: int
    act: str  # one of ACTS for who came, empty for who did not
    act_reason: str  # one of DECLARED_REASONS where the act is trainer_declared
    actor: str
    effective_at: datetime  # when the device took it
    recorded_at: datetime  # when it came here


def check_mark(status: Status, minutes_lost: int, act: str, act_reason: str, meeting_minutes: int) -> None:
    """Raise MarkRefusedError for a mark that contradicts itself or its meeting."""
    faults = []
    came = status in CAME
    if came and act not in ACTS:
        faults.append(FieldFault("act", "act_required", f"who came needs an act: {', '.join(ACTS)}"))
    if not came and act:
        faults.append(FieldFault("act", "no_act_for_absent", "who did not come has no act"))
    if act == DECLARED and act_reason not in DECLARED_REASONS:
        words = f"a presence declared by the trainer needs a reason: {', '.join(DECLARED_REASONS)}"
        faults.append(FieldFault("act_reason", "reason_required", words))
    if act != DECLARED and act_reason:
        faults.append(FieldFault("act_reason", "no_reason", "only trainer_declared takes a reason"))
    partial = status in {Status.LATE, Status.LEFT_EARLY}
    if partial and not 0 < minutes_lost < meeting_minutes:
        words = f"between 1 and {meeting_minutes - 1} minutes of this meeting"
        faults.append(FieldFault("minutes_lost", "range", words))
    if not partial and minutes_lost:
        faults.append(FieldFault("minutes_lost", "range", "only lateness and leaving early lose minutes"))
    if status in ONLY_BY_OFII:
        faults.append(FieldFault("status", "ofii_only", "an absence is qualified by a named OFII agent"))
    if faults:
        raise MarkRefusedError("the mark is refused", faults)


def followed_minutes(status: Status, minutes_lost: int, meeting_minutes: int) -> int:
    """Return the minutes of a meeting that count as followed; never more than the meeting has."""
    return max(0, meeting_minutes - minutes_lost) if status in CAME else 0


def offered_minutes(status: Status, meeting_minutes: int) -> int:
    """Return the minutes of a meeting that count as offered: cancelled, missing and justified count nowhere."""
    return 0 if status in NEUTRAL or status is Status.ABSENT_JUSTIFIED else meeting_minutes

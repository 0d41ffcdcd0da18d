"""Taking the roll: reading, marking, signing off."""

__all__ = [
    "MarkCommand",
    "MarkResult",
    "RollCommand",
    "RollResult",
    "checked",
    "mark_rolls",
    "meetings_of",
    "read_roll",
    "rolls_between",
    "sign_roll",
    "submit_roll",
]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.errors import MarkRefusedError, RollSignedError
from services.attendance.domain.marks import CAME, ELSEWHERE, OWN_ACTS, Mark, Status, check_mark, minutes_lost_by
from services.attendance.domain.opening import OPENS_BEFORE
from services.attendance.usecases import sheets
from services.attendance.usecases.seeing import locked, meetings
from services.attendance.usecases.sheets import Sheet
from shared.errors import ConflictError, FieldFault, NotFoundError
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkCommand:
    """One mark as a trainer's device sends it; `id` is the device's own."""

    id: UUID
    signatory_id: UUID
    status: str
    minutes_lost: int = 0
    act: str = ""
    act_reason: str = ""
    act_id: UUID | None = None
    proof_ref: str = ""
    arrived: time | None = None  # local, at the site: minutes lost follow from it
    left: time | None = None
    source: str = "device"
    effective_at: datetime | None = None
    seen: UUID | None = None  # the mark that the device showed when this one was taken
    checks_seen: bool = False  # whether it says so: then a mark that it had not seen is a conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkResult:
    """
    What became of one mark: kept, refused, or in conflict, with code and words. The others are not touched by it.

    In conflict: somebody else marked this person otherwise since; `in_force` is what stands, the device chooses.
    """

    id: UUID
    state: str
    code: str = ""
    message: str = ""
    in_force: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollCommand:
    """The marks that a device kept for one roll; `sign` signs it off when none is refused, `held_by` a substitute."""

    meeting_id: UUID
    marks: Sequence[MarkCommand]
    sign: bool = False
    held_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollResult:
    """What became of one roll. `code` says why it took no mark or was not signed; other rolls are not touched by it."""

    meeting_id: UUID
    results: Sequence[MarkResult] = ()
    code: str = ""
    message: str = ""


def rolls_between(
    work: Work, first: date, last: date, after: UUID | None = None, limit: int = 200, *, people: bool = False
) -> list[dict[str, Any]]:
    """Return the meetings between two days that who asks may see, by id, with the state of their roll."""
    meeting = storage.meeting
    query = meetings(work, meeting.c.held_on.between(first, last), storage.session.c.state == "open")
    if after is not None:
        query = query.where(meeting.c.id > after)
    held = storage.rows(work.db, query.limit(limit))
    return [sheet.view() for sheet in sheets.load(work, held).values()] if people else held


def read_roll(work: Work, meeting_id: UUID) -> dict[str, Any]:
    """Return one roll: the meeting, who sits in it, and the mark in force for each. Raises NotFoundError."""
    return sheets.visible_sheet(work, meeting_id).view()


def mark_rolls(work: Work, commands: Sequence[RollCommand], early: timedelta = OPENS_BEFORE) -> list[RollResult]:
    """
    Keep the marks of several rolls: what a device kept while it had no network. Each roll is answered for itself.

    The whole may be sent again: what was kept before is kept once.
    """
    asked = storage.meeting.c.id.in_([command.meeting_id for command in commands])
    held = locked(work, meetings(work, asked))
    found = sheets.load(work, held)
    used = meetings_of(work, [mark.id for command in commands for mark in command.marks])
    results = []
    for command in commands:
        sheet = found.get(command.meeting_id)
        if sheet is None:
            unknown = NotFoundError("meeting", command.meeting_id)
            results.append(RollResult(meeting_id=command.meeting_id, code=unknown.code, message=str(unknown)))
            continue
        kept: list[MarkResult] = []
        code = message = ""
        try:
            sheets.check_open(work, sheet, early)
            kept += _mark(work, sheet, command, used)
            if command.sign and all(result.state == "kept" for result in kept):
                sheet.sign(work, command.held_by)
        except ConflictError as error:
            code, message = error.code, str(error)
        results.append(RollResult(meeting_id=command.meeting_id, results=kept, code=code, message=message))
    sheets.keep(work, list(found.values()))
    return results


def _mark(work: Work, sheet: Sheet, command: RollCommand, used: dict[UUID, UUID]) -> list[MarkResult]:
    """
    Put marks on a sheet; each is answered for itself. An id `used` in another meeting is no mark of this one.

    Raises RollSignedError after the sign-off.
    """
    if sheet.signed and not all(mark.id in sheet.known for mark in command.marks):
        raise RollSignedError(f"the roll of meeting {command.meeting_id} is signed: correct the mark instead")
    return [_answer(work, sheet, mark, used) for mark in command.marks]


def _answer(work: Work, sheet: Sheet, mark: MarkCommand, used: dict[UUID, UUID]) -> MarkResult:
    meeting_id = sheet.meeting["id"]
    if used.get(mark.id, meeting_id) != meeting_id:
        words = f"id {mark.id} is a mark of another meeting"
        return MarkResult(id=mark.id, state="refused", code="id_reused", message=words)
    if mark.id in sheet.known:
        if not sheet.says(mark.id, mark.signatory_id, mark.status):
            words = f"id {mark.id} was used before for something else"
            return MarkResult(id=mark.id, state="refused", code="id_reused", message=words)
        return MarkResult(id=mark.id, state="kept")
    try:
        fresh = checked(work, sheet, mark)
        before = sheet.current.get(mark.signatory_id)
        if mark.checks_seen and before is not None and before["id"] != mark.seen:
            if _says_the_same(before, fresh):
                return MarkResult(id=mark.id, state="kept")
            words = f"somebody marked this person {before['status']} since"
            return MarkResult(
                id=mark.id, state="conflict", code="conflict", message=words, in_force=sheet.shown(before)
            )
        sheet.add(fresh)
        used[mark.id] = meeting_id
        return MarkResult(id=mark.id, state="kept")
    except MarkRefusedError as refused:
        return MarkResult(id=mark.id, state="refused", code=refused.code, message=str(refused))


def _says_the_same(before: Mapping[str, Any], mark: Mark) -> bool:
    return (before["status"], before["minutes_lost"], before["act"]) == (mark.status, mark.minutes_lost, mark.act)


def submit_roll(work: Work, meeting_id: UUID, early: timedelta = OPENS_BEFORE) -> dict[str, Any]:
    """
    Say that a device has sent all it kept of a roll: everybody has a mark, the trainer's signature is what lacks.

    A second call changes nothing. Raises RollNotOpenError, ConflictError (`roll_incomplete`).
    """
    sheet = sheets.open_sheet(work, meeting_id, early)
    sheet.submit(work)
    sheets.keep(work, [sheet])
    return sheet.meeting


def sign_roll(
    work: Work, meeting_id: UUID, held_by: str | None = None, early: timedelta = OPENS_BEFORE
) -> dict[str, Any]:
    """
    Sign a roll off and seal it: everybody has a mark; whoever missed a civic day is told.

    `held_by` names the trainer who held the meeting in another's place. A second call changes nothing. Raises
    RollNotOpenError, ConflictError (`roll_incomplete`).
    """
    sheet = sheets.open_sheet(work, meeting_id, early)
    sheet.sign(work, held_by)
    sheets.keep(work, [sheet])
    return sheet.meeting


def meetings_of(work: Work, mark_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the meeting of each of these marks that is known."""
    mark = storage.mark
    return dict(work.db.execute(sa.select(mark.c.id, mark.c.meeting_id).where(mark.c.id.in_(mark_ids))).all())


def checked(work: Work, sheet: Sheet, command: MarkCommand) -> Mark:
    """Return the mark that a device asks for. Raises MarkRefusedError where it contradicts itself or its meeting."""
    status, meeting = Status(command.status), sheet.meeting
    lost = command.minutes_lost
    if command.arrived or command.left:
        lost = minutes_lost_by(command.arrived, command.left, meeting["starts_at"], meeting["minutes"])
    mark = Mark(
        id=command.id,
        signatory_id=command.signatory_id,
        status=status,
        minutes_lost=lost,
        act=command.act,
        act_reason=command.act_reason,
        act_id=_act(sheet, command) if status in CAME else None,
        proof_ref=command.proof_ref,
        arrived=command.arrived,
        left=command.left,
        source=command.source,
        actor=work.who.actor,
        effective_at=command.effective_at or work.now,
        recorded_at=work.now,
    )
    check_mark(mark, meeting["minutes"])
    return mark


def _act(sheet: Sheet, command: MarkCommand) -> UUID | None:
    """
    Return the recorded act on which a presence stands: the one that was named, or the last of that kind.

    A photo of a signed sheet is everybody's; every other act is one person's. Raises MarkRefusedError for one that was
    named and is another person's, meeting's or kind's.
    """
    if command.act not in OWN_ACTS or (command.act_id is None and command.source in ELSEWHERE):
        return None
    found: UUID | None = None
    for act in sheet.acts:
        theirs = act["subject_id"] in {command.signatory_id, None}
        if theirs and act["kind"] == command.act and command.act_id in {act["id"], None}:
            found = act["id"]
    if command.act_id is not None and found is None:
        fault = FieldFault("act_id", "act_not_recorded", "no such act of this person in this meeting")
        raise MarkRefusedError("the mark is refused", [fault])
    return found

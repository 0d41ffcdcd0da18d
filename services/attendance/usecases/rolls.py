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
]

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.errors import MarkRefusedError, RollSignedError
from services.attendance.domain.marks import Mark, Status, check_mark
from services.attendance.usecases import sheets
from services.attendance.usecases.sheets import Sheet
from shared.errors import ConflictError, NotFoundError
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
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkResult:
    """What became of one mark: kept, or refused with code and words. The others are not touched by it."""

    id: UUID
    state: str
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollCommand:
    """The marks that a device kept for one roll; `sign` signs it off when none is refused."""

    meeting_id: UUID
    marks: Sequence[MarkCommand]
    sign: bool = False


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
    query = sheets.meetings(work, meeting.c.held_on.between(first, last), storage.session.c.state == "open")
    if after is not None:
        query = query.where(meeting.c.id > after)
    held = storage.rows(work.db, query.limit(limit))
    return [sheet.view() for sheet in sheets.load(work, held).values()] if people else held


def read_roll(work: Work, meeting_id: UUID) -> dict[str, Any]:
    """Return one roll: the meeting, who sits in it, and the mark in force for each. Raises NotFoundError."""
    held = storage.rows(work.db, sheets.meetings(work, storage.meeting.c.id == meeting_id))
    if not held:
        raise NotFoundError("meeting", meeting_id)
    return sheets.load(work, held)[meeting_id].view()


def mark_rolls(work: Work, commands: Sequence[RollCommand]) -> list[RollResult]:
    """
    Keep the marks of several rolls: what a device kept while it had no network. Each roll is answered for itself.

    The whole may be sent again: what was kept before is kept once.
    """
    asked = storage.meeting.c.id.in_([command.meeting_id for command in commands])
    held = storage.rows(work.db, sheets.meetings(work, asked).with_for_update(of=storage.meeting))
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
            kept += _mark(work, sheet, command, used)
            if command.sign and all(result.state == "kept" for result in kept):
                sheet.sign(work)
        except ConflictError as error:
            code, message = error.code, str(error)
        results.append(RollResult(meeting_id=command.meeting_id, results=kept, code=code, message=message))
    sheets.keep(work, list(found.values()))
    return results


def _mark(work: Work, sheet: Sheet, command: RollCommand, used: dict[UUID, UUID]) -> list[MarkResult]:
    """
    Put marks on a sheet; each is answered for itself. An id `used` in another meeting is no mark of this one.

    Raises RollNotOpenError before the day of the meeting, RollSignedError after the sign-off.
    """
    sheets.check_open(work, sheet)
    if sheet.signed and not all(mark.id in sheet.known for mark in command.marks):
        raise RollSignedError(f"the roll of meeting {command.meeting_id} is signed: correct the mark instead")
    results = []
    for mark in command.marks:
        if used.get(mark.id, command.meeting_id) != command.meeting_id:
            words = f"id {mark.id} is a mark of another meeting"
            results.append(MarkResult(id=mark.id, state="refused", code="id_reused", message=words))
            continue
        try:
            if mark.id not in sheet.known:
                sheet.add(checked(work, sheet, mark))
                used[mark.id] = command.meeting_id
            results.append(MarkResult(id=mark.id, state="kept"))
        except MarkRefusedError as refused:
            results.append(MarkResult(id=mark.id, state="refused", code=refused.code, message=str(refused)))
    return results


def sign_roll(work: Work, meeting_id: UUID) -> dict[str, Any]:
    """
    Sign a roll off: everybody has a mark, and whoever missed a civic day is told, with their need open again.

    A second call changes nothing. Raises RollNotOpenError, ConflictError (`roll_incomplete`).
    """
    sheet = sheets.open_sheet(work, meeting_id)
    sheet.sign(work)
    sheets.keep(work, [sheet])
    return sheet.meeting


def meetings_of(work: Work, mark_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the meeting of each of these marks that is known."""
    mark = storage.mark
    return dict(work.db.execute(sa.select(mark.c.id, mark.c.meeting_id).where(mark.c.id.in_(mark_ids))).all())


def checked(work: Work, sheet: Sheet, command: MarkCommand) -> Mark:
    """Return the mark that a device asks for. Raises MarkRefusedError where it contradicts itself or its meeting."""
    status = Status(command.status)
    check_mark(status, command.minutes_lost, command.act, command.act_reason, sheet.meeting["minutes"])
    return Mark(
        id=command.id,
        signatory_id=command.signatory_id,
        status=status,
        minutes_lost=command.minutes_lost,
        act=command.act,
        act_reason=command.act_reason,
        actor=work.who.actor,
        effective_at=command.effective_at or work.now,
        recorded_at=work.now,
    )

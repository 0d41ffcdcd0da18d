"""What happens to a whole meeting: another trainer holds it, it is not held, or its roll is lost. Nobody's fault."""

__all__ = ["NOT_HELD", "cancel_meeting", "declare_roll_lost", "name_substitute"]

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.attendance import storage
from services.attendance.domain.errors import RollSignedError
from services.attendance.domain.marks import Mark, Status
from services.attendance.domain.opening import OPENS_BEFORE
from services.attendance.usecases import sheets
from services.attendance.usecases.sheets import Sheet
from shared.database import insert_new
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.ids import derived_id
from shared.work import Work

NOT_HELD = ("trainer_absent", "room_unusable", "weather", "strike", "public_holiday", "too_few_people")


def name_substitute(work: Work, meeting_id: UUID, trainer: str) -> None:
    """
    Name the trainer who holds a meeting in another's place, by code: they see its roll. Empty: as planned again.

    The same again changes nothing. Raises NotFoundError, RollSignedError.
    """
    sheet = sheets.find_sheet(work, meeting_id)
    if sheet.signed:
        raise RollSignedError(f"the roll of meeting {meeting_id} is signed: who held it is part of it")
    insert_new(work.db, storage.roll, [sheets.opened(sheet.meeting)])
    mine = storage.roll.c.meeting_id == meeting_id
    work.db.execute(storage.roll.update().where(mine).values(held_by=trainer))


def cancel_meeting(work: Work, meeting_id: UUID, reason: str, early: timedelta = OPENS_BEFORE) -> dict[str, Any]:
    """
    Say that a meeting was not held, and why: its roll is signed and counts nowhere.

    The same again changes nothing. Raises NotFoundError, RollNotOpenError, RollSignedError, InvalidInputError.
    """
    if reason not in NOT_HELD:
        fault = FieldFault("reason", "choice", f"one of {', '.join(NOT_HELD)}")
        raise InvalidInputError("the meeting was not cancelled", [fault])
    return _close(work, sheets.open_sheet(work, meeting_id, early), Status.MEETING_CANCELLED, reason)


def declare_roll_lost(work: Work, meeting_id: UUID, early: timedelta = OPENS_BEFORE) -> dict[str, Any]:
    """
    Say that a meeting was held and its roll cannot be had any more: it counts nowhere against the people.

    Only for a roll that has no mark. Raises NotFoundError, RollNotOpenError, RollSignedError, ConflictError.
    """
    sheet = sheets.open_sheet(work, meeting_id, early)
    if not sheet.signed and sheet.history:
        raise ConflictError("this roll has marks: complete it instead", "roll_has_marks")
    return _close(work, sheet, Status.HELD_ROLL_MISSING, "")


def _close(work: Work, sheet: Sheet, status: Status, reason: str) -> dict[str, Any]:
    meeting_id = sheet.meeting["id"]
    if sheet.signed:
        if sheet.current and {mark["status"] for mark in sheet.current.values()} == {status.value}:
            return sheet.meeting
        raise RollSignedError(f"the roll of meeting {meeting_id} is signed: correct its marks instead")
    for person in sheet.people:
        mark = Mark(
            id=derived_id("meeting closed", meeting_id, person, status.value),
            signatory_id=person,
            status=status,
            minutes_lost=0,
            act="",
            act_reason="",
            actor=work.who.actor,
            effective_at=work.now,
            recorded_at=work.now,
        )
        sheet.add(mark, reason=reason)
    sheet.sign(work)
    sheets.keep(work, [sheet])
    return sheet.meeting

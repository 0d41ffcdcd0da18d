"""Corrections of a signed roll: a new version by whoever may, with its reason; the one before stays visible."""

__all__ = ["CORRECTIONS", "correct_mark"]

from dataclasses import replace
from uuid import UUID

from services.attendance.domain.errors import RollNotOpenError
from services.attendance.usecases import sheets
from services.attendance.usecases.rolls import MarkCommand, checked, meetings_of
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.work import Work

CORRECTIONS = ("wrong_person", "came_later", "typing_error", "sheet_found", "person_proved_presence")


def correct_mark(work: Work, command: MarkCommand, meeting_id: UUID, reason: str) -> None:
    """Correct a mark of a signed roll: a new mark supersedes it, both stay visible. Raises InvalidInputError."""
    if reason not in CORRECTIONS:
        raise InvalidInputError("the correction is refused", [FieldFault("reason", "choice", f"one of {CORRECTIONS}")])
    sheet = sheets.open_sheet(work, meeting_id)
    if not sheet.signed:
        raise RollNotOpenError(f"the roll of meeting {meeting_id} is not signed yet: change the mark itself")
    if meetings_of(work, [command.id]).get(command.id, meeting_id) != meeting_id:
        raise ConflictError(f"id {command.id} is a mark of another meeting", "id_reused")
    if command.id not in sheet.known:
        sheet.add(checked(work, sheet, replace(command, effective_at=None)), reason=reason)
        sheets.keep(work, [sheet])

"""What people did for one half-day: marks drawn on a shared device, photographed sheets, scans. Append-only."""

__all__ = [
    "KINDS_HERE",
    "MEDIA",
    "MOST_BYTES",
    "ActCommand",
    "acts_of",
    "code_of",
    "keep_act",
    "live",
    "meeting_secret",
    "read_act",
    "whole_sheets",
]

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain import meeting_code
from services.attendance.domain.marks import CAME
from services.attendance.domain.media import PAPERS, begins_as
from services.attendance.domain.opening import OPENS_BEFORE, ends_at, opens_at
from services.attendance.domain.strokes import read_strokes
from services.attendance.usecases.sheets import Sheet, visible_sheet
from shared.clock import real_now
from shared.database import insert_new
from shared.errors import FieldFault, InvalidInputError, NotFoundError
from shared.work import Work

MOST_BYTES = 6 * 1024 * 1024  # of one photo
MOST_STROKE_BYTES = 64 * 1024
STROKES = "application/json"  # [[[x, y], …], …] in thousandths of the square that was drawn in
MEDIA = {
    "drawn": (STROKES,),
    "signed_sheet": PAPERS,
}
KINDS_HERE = tuple(MEDIA)  # what a trainer's device brings; scans come from people's own phones
SOURCES = {"drawn": "shared", "signed_sheet": "paper"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActCommand:
    """One act as a trainer's device sends it; `subject_id` is null for the photo of a whole sheet."""

    kind: str
    subject_id: UUID | None
    media_type: str
    content: bytes
    made_at: datetime | None = None


def keep_act(work: Work, meeting_id: UUID, act_id: UUID, command: ActCommand) -> None:
    """
    Keep what somebody drew on the device that goes round, or the photo of a sheet that they signed.

    The same again changes nothing. Raises NotFoundError, ConflictError (`id_reused`), InvalidInputError for who has no
    seat here, a content that is not what it says, or an empty drawing.
    """
    sheet = visible_sheet(work, meeting_id)
    faults = []
    if command.subject_id is None and command.kind == "drawn":
        faults.append(FieldFault("subject_id", "required", "a drawing is somebody's"))
    if command.subject_id is not None and command.subject_id not in sheet.people:
        faults.append(FieldFault("subject_id", "not_enrolled", "this person has no seat in this meeting"))
    if command.media_type not in MEDIA[command.kind]:
        words = f"{command.kind} is one of {', '.join(MEDIA[command.kind])}"
        faults.append(FieldFault("media_type", "choice", words))
    elif not _is_what_it_says(command):
        faults.append(
            FieldFault("content", "content", f"this is no {command.media_type} of at most {MOST_BYTES} bytes")
        )
    if faults:
        raise InvalidInputError("the act is refused", faults)
    row = {
        "id": act_id,
        "meeting_id": meeting_id,
        "subject_id": command.subject_id,
        "kind": command.kind,
        "source": SOURCES[command.kind],
        "known_by": "trainer",
        "media_type": command.media_type,
        "content": command.content,
        "digest": sha256(command.content).hexdigest(),
        "actor": work.who.actor,
        "made_at": min(command.made_at or work.now, work.now),
        "recorded_at": work.now,
    }
    said = {name: row[name] for name in ("meeting_id", "subject_id", "kind", "digest")}
    if not storage.made_before(work.db, storage.act, act_id, said):
        insert_new(work.db, storage.act, [row])


def acts_of(work: Work, meeting_id: UUID) -> list[dict[str, Any]]:
    """Return the acts of a meeting without their content, in the order in which they came. Raises NotFoundError."""
    visible_sheet(work, meeting_id)
    return _acts(work, meeting_id)


def read_act(work: Work, meeting_id: UUID, act_id: UUID) -> dict[str, Any]:
    """Return one act with its content. Raises NotFoundError."""
    visible_sheet(work, meeting_id)
    table = storage.act
    found = storage.rows(work.db, sa.select(table).where(table.c.id == act_id, table.c.meeting_id == meeting_id))
    if not found or found[0]["content"] is None:
        raise NotFoundError("act", act_id)
    return found[0]


def live(work: Work, meeting_id: UUID) -> dict[str, Any]:
    """
    Return where a roll stands now: the mark in force of each person, and the acts that no mark rests on yet.

    This is what a device asks every few seconds while the QR code is shown. Raises NotFoundError.
    """
    sheet = visible_sheet(work, meeting_id)
    marks = [
        {"signatory_id": key, "id": sheet.current[key]["id"], "status": sheet.current[key]["status"]}
        for key in sheet.people
        if key in sheet.current
    ]
    return {
        "state": sheet.meeting["state"],
        "people": len(sheet.people),
        "marked": len(marks),
        "came": sum(mark["status"] in CAME for mark in marks),
        "marks": marks,
        "acts": pending(work, sheet),
    }


def pending(work: Work, sheet: Sheet) -> list[dict[str, Any]]:
    """Return the newest act of each person of whom no presence is in force: the trainer confirms it, or does not."""
    waiting: dict[UUID, dict[str, Any]] = {}
    for act in _acts(work, sheet.meeting["id"]):
        key = act["subject_id"]
        mark = sheet.current.get(key)
        if key in sheet.people and not (mark and mark["status"] in CAME):
            waiting[key] = act
    return list(waiting.values())


def whole_sheets(work: Work, meeting_id: UUID) -> list[dict[str, Any]]:
    """Return the photos of this meeting's whole sheet, the newest first."""
    return [act for act in reversed(_acts(work, meeting_id)) if act["subject_id"] is None]


def code_of(work: Work, meeting_id: UUID, early: timedelta = OPENS_BEFORE) -> dict[str, Any]:
    """Return what is shown and said in the room now, and for how long. Raises NotFoundError."""
    sheet = visible_sheet(work, meeting_id)
    secret = meeting_secret(work, meeting_id)
    at = real_now()
    return {
        "meeting_id": meeting_id,
        "scanned": meeting_code.scanned_code(secret, at),
        "scanned_seconds": meeting_code.seconds_left(at, meeting_code.QR_SECONDS),
        "spoken": meeting_code.spoken_code(secret, at),
        "spoken_seconds": meeting_code.seconds_left(at, meeting_code.SPOKEN_SECONDS),
        "opens_at": opens_at(sheet.meeting, early),
        "ends_at": ends_at(sheet.meeting),
    }


def meeting_secret(work: Work, meeting_id: UUID) -> bytes:
    """Return what a meeting's codes and tickets are made with; it is kept nowhere."""
    return meeting_code.secret_of(work.voice.seal_keys[work.voice.service], meeting_id)


def _acts(work: Work, meeting_id: UUID) -> list[dict[str, Any]]:
    table = storage.act
    columns = [column for column in table.c if column.name != "content"]
    query = sa.select(*columns).where(table.c.meeting_id == meeting_id)
    return storage.rows(work.db, query.order_by(table.c.recorded_at, table.c.id))


def _is_what_it_says(command: ActCommand) -> bool:
    if command.media_type == STROKES:
        return len(command.content) <= MOST_STROKE_BYTES and read_strokes(command.content) is not None
    return len(command.content) <= MOST_BYTES and begins_as(command.media_type, command.content)

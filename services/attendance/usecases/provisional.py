"""
Somebody in the room whom the list does not name: written down at once, and recognised later.

Recognising and taking it back are rows of their own: after both, everything is as before. The marks stay those of the
provisional person; whose hours they are follows from the last word.
"""

__all__ = ["ProvisionalCommand", "add_provisional", "identify"]

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.marks import CAME
from services.attendance.domain.opening import OPENS_BEFORE
from services.attendance.usecases import presence, sheets
from services.attendance.usecases.hearing import touch
from services.attendance.usecases.seeing import check_seen, locked, meetings
from shared.database import insert_new
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionalCommand:
    """Somebody in the room: their name, and the reference that they show, or nothing; `id` is the device's own."""

    id: UUID
    name: str
    reference: str = ""


def add_provisional(work: Work, meeting_id: UUID, command: ProvisionalCommand, early: timedelta = OPENS_BEFORE) -> None:
    """
    Write down somebody who is in the room and not on the list; the same again changes nothing.

    Raises NotFoundError, RollNotOpenError, ConflictError (`roll_signed`, `id_reused`, `on_this_roll`).
    """
    sheet = sheets.open_sheet(work, meeting_id, early)
    said = {"meeting_id": meeting_id, "name": _name(command.name)}
    said["reference"] = command.reference.strip()
    if storage.made_before(work.db, storage.provisional, command.id, said):
        return
    if sheet.meeting["state"] != "open":
        raise ConflictError(f"the roll of meeting {meeting_id} is signed", "roll_signed")
    if said["reference"] and any(person["reference"] == said["reference"] for person in sheet.people.values()):
        raise ConflictError("this reference is on the list", "on_this_roll")
    row = {"id": command.id, **said, "actor": work.who.actor, "recorded_at": work.now}
    work.db.execute(storage.provisional.insert(), [row])


def identify(work: Work, provisional_id: UUID, key: UUID, reference: str | None) -> None:
    """
    Say who a provisional person is, or with no reference that it is not known after all; the last word counts.

    The same again changes nothing. A training body recognises who sits in one of its groups, OFII anybody of its
    territory. Raises NotFoundError, ForbiddenError, ConflictError (`id_reused`; `present_elsewhere` for who was in
    another meeting of the same half-day).
    """
    who = storage.one(work.db, storage.provisional, provisional_id, "provisional person")
    held = locked(work, meetings(work, storage.meeting.c.id == who["meeting_id"]))
    if not held:
        raise NotFoundError("provisional person", provisional_id)
    signatory = _person(work, reference) if reference else None
    signatory_id = signatory["id"] if signatory else None
    said = {"provisional_id": provisional_id, "signatory_id": signatory_id}
    if storage.made_before(work.db, storage.identification, key, said):
        return
    if signatory_id is not None:
        _refuse_twice(work, held[0], signatory_id)
    table = storage.identification
    last = work.db.scalar(sa.select(sa.func.max(table.c.seq)).where(table.c.provisional_id == provisional_id))
    row = {"id": key, **said, "seq": (last or 0) + 1, "actor": work.who.actor, "recorded_at": work.now}
    insert_new(work.db, table, [row])
    touch(work, presence.recount(work, [who["meeting_id"]]))


def _person(work: Work, reference: str) -> dict[str, Any]:
    """Return who has this reference, as far as it is who asks' business."""
    person, unknown = storage.signatory, NotFoundError("signatory", reference)
    found = storage.rows(work.db, sa.select(person).where(person.c.reference == reference))
    if not found:
        raise unknown
    seats = storage.placement.c.signatory_id == found[0]["id"]
    check_seen(work, found[0]["territory"], seats, unknown)
    return found[0]


def _refuse_twice(work: Work, meeting: Mapping[str, Any], signatory_id: UUID) -> None:
    """Raise ConflictError where this person's half-day is told already: hours are counted once."""
    mark, other = storage.mark, storage.meeting
    same = sa.and_(other.c.held_on == meeting["held_on"], other.c.slot == meeting["slot"], other.c.id != meeting["id"])
    query = sa.select(mark.c.meeting_id, mark.c.status).join(other, other.c.id == mark.c.meeting_id)
    last: dict[UUID, str] = dict(
        work.db.execute(query.where(mark.c.signatory_id == signatory_id, same).order_by(mark.c.seq)).all()
    )
    if any(status in CAME for status in last.values()):
        raise ConflictError("this person is present in another meeting of this half-day", "present_elsewhere")


def _name(name: str) -> str:
    """Return a name as it is kept. Raises InvalidInputError for none, or one that is too long."""
    kept = " ".join(name.split())
    if not kept or len(kept) > 200:
        raise InvalidInputError("nobody was added", [FieldFault("name", "required", "1 to 200 characters")])
    return kept

"""Telling who is not in the room that their meeting is on. Notifications knows the numbers; the trainer sees none."""

__all__ = ["call_absentees"]

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.marks import Status
from services.attendance.domain.opening import OPENS_BEFORE, ends_at
from services.attendance.usecases import sheets
from shared.database import insert_new
from shared.errors import ConflictError
from shared.events import RelayAsked
from shared.work import Work

EXPECTED = (None, Status.ABSENT_UNEXPLAINED.value)  # who announced an absence is left in peace


def call_absentees(work: Work, meeting_id: UUID, early: timedelta = OPENS_BEFORE) -> int:
    """
    Ask that everybody who is expected and not there be told, once a meeting and person; return how many are told now.

    Raises NotFoundError, RollNotOpenError, ConflictError (`meeting_over`).
    """
    sheet = sheets.open_sheet(work, meeting_id, early)
    meeting = sheet.meeting
    if work.now >= ends_at(meeting):
        raise ConflictError("the meeting is over: nobody is called any more", "meeting_over")
    asked = set(
        work.db.scalars(sa.select(storage.relay.c.signatory_id).where(storage.relay.c.meeting_id == meeting_id))
    )
    absent = [
        key
        for key, person in sheet.people.items()
        if key not in asked
        and person["contract_id"] is not None
        and not person.get("announced")
        and (sheet.current[key]["status"] if key in sheet.current else None) in EXPECTED
    ]
    stamp = {"meeting_id": meeting_id, "actor": work.who.actor, "asked_at": work.now}
    insert_new(work.db, storage.relay, [stamp | {"signatory_id": key} for key in absent])
    about = {name: meeting[name] for name in ("session_id", "held_on", "starts_at", "minutes")}
    work.tell(*(RelayAsked(meeting_id=meeting_id, signatory_id=key, **about) for key in absent))
    return len(absent)

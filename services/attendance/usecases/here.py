"""
People say themselves that they are in the room, by the code that is shown or said there.

Who the phone is: the person's own session; else the printed reference that they type, which the trainer confirms. There
is never a list of names. What comes of it is an act; whether it becomes a mark is the trainer's word.
"""

__all__ = [
    "MOST_AN_HOUR",
    "CodeRefusedError",
    "Door",
    "count_knock",
    "look",
    "may_knock",
    "say_here",
    "say_here_by_code",
]

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain import meeting_code
from services.attendance.domain.errors import RollNotOpenError, RollSignedError
from services.attendance.domain.opening import OPENS_BEFORE, opens_at
from services.attendance.usecases import sheets
from services.attendance.usecases.acts import meeting_secret
from services.attendance.usecases.seeing import all_meetings
from services.attendance.usecases.sheets import Sheet
from shared import knocks
from shared.clock import real_now
from shared.database import insert_new
from shared.errors import ForbiddenError
from shared.ids import derived_id
from shared.languages import plain_digits
from shared.work import Work

MOST_AN_HOUR = 60  # [A] codes or references that were wrong, of one address: a class behind one router errs less
WAIT_AT_MOST = timedelta(hours=1)  # [A] before the opening: whoever scans earlier scans again
DOOR = "here"


class CodeRefusedError(ForbiddenError):
    """Raised for a code that is wrong or has turned, or a reference that has no seat here. Never says which."""

    code = "code_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a scan opens: a ticket to answer with, or the instant at which the roll opens. `session`: known by it."""

    meeting: dict[str, Any]
    ticket: str
    opens_at: datetime
    opens_in: int  # seconds, 0 when it is open
    session: bool
    done: bool  # this person, known by their session, has said so already


def look(work: Work, meeting_id: UUID, shown: str, early: timedelta = OPENS_BEFORE) -> Door:
    """
    Return what a code or a ticket opens; nothing is written.

    The code is checked here, when the page first opens: the ticket then lasts long enough for a slow person, and beyond
    the opening for an early one. Raises CodeRefusedError.
    """
    sheet = _sheets(work, [meeting_id]).get(meeting_id)
    secret, at = meeting_secret(work, meeting_id), real_now()
    known = meeting_code.read_ticket(secret, shown, at)
    kind = known or meeting_code.read_code(secret, shown, at)
    if sheet is None or kind is None:
        raise CodeRefusedError("this code is not good, or not any more")
    opening = opens_at(sheet.meeting, early)
    wait = max(timedelta(), opening - work.now)
    if wait > WAIT_AT_MOST:
        raise RollNotOpenError(f"the roll opens at {opening:%Y-%m-%d %H:%M} UTC")
    lasts = wait + timedelta(seconds=meeting_code.TICKET_SECONDS)
    signatory_id = _own(work)
    return Door(
        meeting=sheet.meeting,
        ticket=shown if known else meeting_code.ticket(secret, kind, at + lasts),
        opens_at=opening,
        opens_in=int(wait.total_seconds()),
        session=signatory_id is not None,
        done=signatory_id is not None and _said(work, meeting_id, signatory_id),
    )


def say_here(work: Work, meeting_id: UUID, ticket: str, reference: str, early: timedelta = OPENS_BEFORE) -> None:
    """
    Keep that a person says that they are in the room; saying it again changes nothing.

    Raises CodeRefusedError, RollNotOpenError, RollSignedError.
    """
    kind = meeting_code.read_ticket(meeting_secret(work, meeting_id), ticket, real_now())
    sheet = _sheets(work, [meeting_id]).get(meeting_id)
    if kind is None or sheet is None:
        raise CodeRefusedError("this code is not good any more")
    _keep(work, sheet, kind, reference, early)


def say_here_by_code(work: Work, said: str, reference: str, early: timedelta = OPENS_BEFORE) -> UUID:
    """Keep the same by the code that was said aloud: it is looked for among this person's own meetings of the day."""
    signatory_id = _own(work) or _by_reference(work, reference)
    found = _sheets(work, _today(work, signatory_id)) if signatory_id else {}
    said, at = plain_digits(said), real_now()
    for key, sheet in found.items():
        if signatory_id in sheet.people and meeting_code.read_code(meeting_secret(work, key), said, at) == "code":
            _keep(work, sheet, "code", reference, early)
            return key
    raise CodeRefusedError("this code is not good, or not any more")


def may_knock(work: Work, caller: str) -> bool:
    """Say whether this address may still try: only what was wrong is counted."""
    return knocks.may_knock(work, storage.door_count, DOOR, caller, MOST_AN_HOUR)


def count_knock(work: Work, caller: str) -> None:
    """Count one try that was wrong."""
    knocks.count_knock(work, storage.door_count, DOOR, caller)


def _keep(work: Work, sheet: Sheet, kind: str, reference: str, early: timedelta) -> None:
    meeting_id = sheet.meeting["id"]
    signatory_id, known_by = _own(work), "session"
    if signatory_id is None:
        signatory_id, known_by = _by_reference(work, reference), "reference"
    if signatory_id is None or signatory_id not in sheet.people:
        raise CodeRefusedError("this reference is not expected here")
    if work.now < opens_at(sheet.meeting, early):
        raise RollNotOpenError("the roll is not open yet")
    if sheet.meeting["state"] != "open":
        raise RollSignedError("the roll is signed: speak to the trainer")
    row = {
        "id": derived_id("own act", meeting_id, signatory_id, kind, known_by),  # said twice, it is one act
        "meeting_id": meeting_id,
        "subject_id": signatory_id,
        "kind": kind,
        "source": "own_phone",
        "known_by": known_by,
        "media_type": "",
        "content": None,
        "digest": "",
        "actor": work.who.actor if work.who.kind == "person" else "visitor:reference",
        "made_at": work.now,
        "recorded_at": work.now,
    }
    insert_new(work.db, storage.act, [row])


def _sheets(work: Work, meeting_ids: Iterable[UUID]) -> dict[UUID, Sheet]:
    """Return the sheets of meetings, whoever asks: nothing of them is shown."""
    held = all_meetings(storage.meeting.c.id.in_(list(meeting_ids)), storage.session.c.state == "open")
    return sheets.load(work, storage.rows(work.db, held))


def _own(work: Work) -> UUID | None:
    return UUID(work.who.scope) if work.who.role == "signatory" else None


def _by_reference(work: Work, reference: str) -> UUID | None:
    person = storage.signatory
    said = plain_digits("".join(reference.split()))
    found = sa.select(person.c.id).where(person.c.reference.in_({said, said.upper()}))
    return work.db.scalar(found.limit(1)) if said else None


def _today(work: Work, signatory_id: UUID) -> list[UUID]:
    """Return the meetings of a person's groups around today: their local day may be another than that of UTC."""
    meeting, seat = storage.meeting, storage.placement
    day = work.now.date()
    query = (
        sa.select(meeting.c.id)
        .join(seat, sa.and_(seat.c.session_id == meeting.c.session_id, seat.c.part == meeting.c.part))
        .where(seat.c.signatory_id == signatory_id, seat.c.state == "active")
        .where(meeting.c.held_on.between(day - timedelta(days=1), day + timedelta(days=1)))
    )
    return list(work.db.scalars(query.order_by(meeting.c.id)))


def _said(work: Work, meeting_id: UUID, signatory_id: UUID) -> bool:
    own = sa.and_(storage.act.c.meeting_id == meeting_id, storage.act.c.subject_id == signatory_id)
    return work.db.scalar(sa.select(storage.act.c.id).where(own).limit(1)) is not None

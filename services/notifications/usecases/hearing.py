"""What notifications keeps of what the others tell, and which notices that makes at once."""

__all__ = ["keep_completion", "keep_miss", "keep_person", "keep_placements", "keep_session", "keep_site"]

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.occasions import OCCASIONS, SEAT_KINDS
from services.notifications.domain.timetable import days_of
from services.notifications.usecases.seats import fresh_notice
from shared.clock import real_now
from shared.communes import department_of
from shared.database import insert_new, upsert
from shared.errors import TransientError
from shared.events import (
    MeetingMissed,
    PlacementState,
    SessionState,
    SignatoryState,
    SiteState,
    TrainingCompleted,
)
from shared.ids import derived_id
from shared.work import Work

CHANNELS = {"courriel": "email", "courrier": "letter"}  # as the intake writes them


def keep_person(work: Work, event: SignatoryState) -> None:
    """
    Keep a person and how to reach them.

    A new contact point is trusted again, and invitations that had failed on the old one are made anew.
    """
    private = event.private.get("notifications", {})
    known = work.db.execute(sa.select(storage.person).where(storage.person.c.id == event.signatory_id)).mappings()
    before = known.first()
    row: dict[str, Any] = {
        "id": event.signatory_id,
        "reference": event.reference,
        "territory": event.territory,
        "spoken": list(event.spoken),
        "reads": event.reads,
        "reading_language": event.reading_language,
        "channel": CHANNELS.get(event.channel, event.channel),
        "shared_phone": event.shared_phone,
        "alias": private.get("alias", ""),
        "phone": private.get("phone", ""),
        "email": private.get("email", ""),
    }
    points = ("phone", "email", "channel")
    changed = before is None or any(before[name] != row[name] for name in points)
    kept = {"refused": [], "stale": True}
    if before is not None and not changed:
        kept = {"refused": before["refused"], "stale": before["stale"]}
    upsert(work.db, storage.person, [row | kept])
    if before is not None and changed:
        _invite_again(work, event.signatory_id)


def keep_site(work: Work, event: SiteState) -> None:
    """Keep a place of training."""
    row = {"id": event.site_id, "label": event.label, "commune": event.commune, "zone": event.zone}
    upsert(work.db, storage.site, [row])


def keep_session(work: Work, event: SessionState) -> None:
    """Keep a session; everybody who has or had a seat in it may have to be told."""
    meetings = [
        {
            "held_on": one.held_on.isoformat(),
            "starts_at": one.starts_at.isoformat("minutes"),
            "minutes": one.minutes,
            "part": one.part,
        }
        for one in event.meetings
    ]
    row = {"id": event.session_id, "site_id": event.site_id, "training": event.training, "state": event.state}
    upsert(work.db, storage.session, [row | {"meetings": meetings}])
    seated = sa.select(storage.placement.c.person_id).where(storage.placement.c.session_id == event.session_id)
    _note_news(work, [(person_id, event.session_id) for person_id in work.db.scalars(seated.distinct())])


def keep_placements(work: Work, events: Sequence[PlacementState]) -> None:
    """Keep seats; their holders may have to be told."""
    names = ("session_id", "part", "joins_on", "state")
    seats = [
        {"id": one.placement_id, "person_id": one.signatory_id} | {name: getattr(one, name) for name in names}
        for one in events
    ]
    upsert(work.db, storage.placement, seats)
    _note_news(work, [(one.signatory_id, one.session_id) for one in events])


def keep_miss(work: Work, event: MeetingMissed) -> None:
    """
    Make the notice of a missed civic day: one for the day, however many half-days were missed.

    Raises TransientError while the person or the session is not known here yet.
    """
    person = _known(work, storage.person, event.signatory_id)
    session = _known(work, storage.session, event.session_id)
    meetings = [one for one in session["meetings"] if one["held_on"] == event.missed_on.isoformat()]
    row = fresh_notice(
        derived_id("notice", "missed", event.signatory_id, event.session_id, event.part, event.missed_on),
        "missed",
        person,
        work.now,
    )
    row |= {
        "session_id": event.session_id,
        "site": str(session["site_id"]),
        "days": list(days_of(meetings, {event.part: event.missed_on})),
        "useless_after": _useless_after("missed", event.missed_on.isoformat(), person),
    }
    insert_new(work.db, storage.notice, [row])


def keep_completion(work: Work, event: TrainingCompleted) -> None:
    """
    Make the notice of a completed training; another outcome is an agent's to explain.

    Raises TransientError while the person is not known here yet.
    """
    if event.outcome != "completed":
        return
    person = _known(work, storage.person, event.signatory_id)
    row = fresh_notice(
        derived_id("notice", "completed", event.contract_id, event.training), "completed", person, work.now
    )
    row |= {
        "session_id": _last_session(work, event.signatory_id, event.training),
        "training": event.training,
        "useless_after": _useless_after("completed", event.ended_on.isoformat(), person),
    }
    insert_new(work.db, storage.notice, [row])
    waiting = sa.and_(
        storage.notice.c.person_id == event.signatory_id,
        storage.notice.c.state == "due",
        storage.notice.c.kind.in_(OCCASIONS["completed"].supersedes),
    )
    if event.training == "civic":
        gone = {"state": "superseded", "reason": "completed", "ended_at": work.now}
        work.db.execute(storage.notice.update().where(waiting).values(**gone))


def _note_news(work: Work, pairs: list[tuple[UUID, UUID]]) -> None:
    since = real_now()
    news = [{"person_id": person, "session_id": session, "due_at": since} for person, session in pairs]
    upsert(work.db, storage.seat_news, news)


def _invite_again(work: Work, person_id: UUID) -> None:
    notice = storage.notice
    failed = sa.and_(
        notice.c.person_id == person_id,
        notice.c.state == "failed",
        notice.c.kind.in_(SEAT_KINDS),
        notice.c.useless_after > work.now,
    )
    sessions = list(work.db.scalars(sa.select(notice.c.session_id).where(failed)))
    if sessions:
        work.db.execute(notice.update().where(failed).values(reason="old_contact"))
        _note_news(work, [(person_id, session) for session in dict.fromkeys(sessions)])


def _known(work: Work, table: sa.Table, key: UUID) -> dict[str, Any]:
    row = work.db.execute(sa.select(table).where(table.c.id == key)).mappings().first()
    if row is None:
        raise TransientError(f"{table.name} {key} is not known here yet")
    return dict(row)


def _last_session(work: Work, person_id: UUID, training: str) -> UUID | None:
    """Return the session of this training that the person joined last: what a proof of the notice hangs on."""
    query = (
        sa.select(storage.placement.c.session_id)
        .join(storage.session, storage.session.c.id == storage.placement.c.session_id)
        .where(storage.placement.c.person_id == person_id, storage.session.c.training == training)
        .order_by(storage.placement.c.joins_on.desc(), storage.placement.c.id)
    )
    return work.db.scalars(query.limit(1)).first()


def _useless_after(kind: str, day: str, person: dict[str, Any]) -> datetime:
    """Return the end of the day that is so long after the day that the notice is about."""
    zone = ZoneInfo(department_of(person["territory"]).time_zone)
    last = datetime.fromisoformat(day).date() + (OCCASIONS[kind].useful_for or timedelta())
    return datetime.combine(last, time.max, zone)

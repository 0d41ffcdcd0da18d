"""
Rolls that nobody has taken: the training body is asked for them first, then OFII.

They count against nobody who sat there: until a roll is signed, its meeting counts nowhere.
"""

__all__ = ["look_for_missing_rolls", "missing_rolls", "retell"]

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.delays import Delays
from services.attendance.usecases.seeing import meetings
from shared.database import insert_new, upsert
from shared.events import RollMissingState
from shared.service import Service
from shared.work import Work

LOOK_BACK = timedelta(days=400)  # longer than a contract without its extension
LOOKED = 3  # the row of `review` that one process holds while it looks
LOOK_EVERY = timedelta(minutes=15)  # of business time
STAGES = ("provider", "ofii", "closed")


def look_for_missing_rolls(delays: Delays) -> Callable[[Service], int]:
    """Return the tick that asks for missing rolls, and closes those that were taken since."""
    looked: list[datetime] = []  # when this process looked last

    def look(service: Service) -> int:
        now = service.clock.now()
        if looked and timedelta() <= now - looked[0] < LOOK_EVERY:
            return 0
        looked[:] = [now]
        with service.database.begin() as db:
            work = service.work(db)
            insert_new(db, storage.review, [{"id": LOOKED, "reviewed_on": now.date()}])
            storage.rows(db, sa.select(storage.review).where(storage.review.c.id == LOOKED).with_for_update())
            found = (*_taken_since(work), *_missing(work, delays))
            changed = [one | {"version": one["version"] + 1} for one in found]
            upsert(db, storage.missing_roll, [_row(work, one) for one in changed])
            work.tell(*(_state(one) for one in changed))
        return len(changed)

    return look


def missing_rolls(work: Work, stage: str | None = None) -> list[dict[str, Any]]:
    """Return the rolls that are missing, as far as who asks may see them, the oldest first."""
    missing = storage.missing_roll
    query = meetings(work).join(missing, missing.c.meeting_id == storage.meeting.c.id).add_columns(missing.c.stage)
    wanted = missing.c.stage == stage if stage else missing.c.stage != "closed"
    return storage.rows(work.db, query.where(wanted).order_by(None).order_by(storage.meeting.c.held_on).limit(500))


def retell(work: Work) -> int:
    """Tell again who is asked for which roll."""
    missing, session = storage.missing_roll, storage.session
    columns = (missing, session.c.provider_id)
    found = storage.rows(work.db, sa.select(*columns).join(session, session.c.id == missing.c.session_id))
    work.tell(*(_state(row) for row in found))
    return len(found)


def _taken_since(work: Work) -> list[dict[str, Any]]:
    missing, roll = storage.missing_roll, storage.roll
    taken = sa.select(roll.c.meeting_id).where(roll.c.version > 0)
    gone = sa.select(storage.meeting.c.id)  # moved or cancelled by the scheduler
    query = sa.select(missing, storage.session.c.provider_id).join(
        storage.session, storage.session.c.id == missing.c.session_id
    )
    open_ones = missing.c.stage != "closed"
    over = sa.or_(missing.c.meeting_id.in_(taken), missing.c.meeting_id.not_in(gone), storage.session.c.state != "open")
    return [row | {"stage": "closed"} for row in storage.rows(work.db, query.where(open_ones, over))]


def _missing(work: Work, delays: Delays) -> list[dict[str, Any]]:
    """Return meetings that are over, that somebody had a seat in, and whose roll is not signed: asked for anew."""
    meeting, session, missing = storage.meeting, storage.session, storage.missing_roll
    roll, seat = storage.roll, storage.placement
    today = work.now.date()
    signed = sa.select(roll.c.meeting_id).where(roll.c.version > 0)
    sits = sa.exists().where(
        seat.c.session_id == meeting.c.session_id,
        seat.c.part == meeting.c.part,
        seat.c.state == "active",
        seat.c.joins_on <= meeting.c.held_on,
    )
    query = (
        sa.select(
            meeting.c.id.label("meeting_id"),
            meeting.c.session_id,
            meeting.c.held_on,
            meeting.c.starts_at,
            meeting.c.minutes,
            session.c.provider_id,
            storage.site.c.zone,
            missing.c.stage,
            missing.c.version,
        )
        .join(session, session.c.id == meeting.c.session_id)
        .join(storage.site, storage.site.c.id == session.c.site_id)
        .outerjoin(missing, missing.c.meeting_id == meeting.c.id)
        .where(
            meeting.c.held_on.between(today - LOOK_BACK, today + timedelta(days=1)),
            session.c.state == "open",
            meeting.c.id.not_in(signed),
            sits,
            sa.or_(missing.c.stage.is_(None), missing.c.stage == "provider"),
        )
    )
    found = []
    for row in storage.rows(work.db, query.order_by(meeting.c.id)):
        starts = datetime.combine(row["held_on"], row["starts_at"], ZoneInfo(row["zone"]))
        asked = starts + timedelta(minutes=row["minutes"], hours=delays.missing_hours)
        stage = "ofii" if work.now > asked + timedelta(days=delays.missing_days) else "provider"
        if work.now > asked and stage != row["stage"]:
            found.append(row | {"stage": stage, "version": row["version"] or 0})
    return found


def _row(work: Work, one: dict[str, Any]) -> dict[str, Any]:
    named = {name: one[name] for name in ("meeting_id", "session_id", "held_on", "stage")}
    return named | {"version": one["version"], "changed_at": work.now}


def _state(one: dict[str, Any]) -> RollMissingState:
    named = {name: one[name] for name in ("meeting_id", "session_id", "provider_id", "held_on", "stage")}
    return RollMissingState(subject_version=one["version"], **named)

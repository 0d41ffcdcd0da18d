"""
Hearing events: ids and effects in one transaction, and savepoints, so that one bad event spares the others.

A transient failure is kept (`retry`) and claimed again when due; a final one goes to `quarantine`, where a person sees
it. An event that came before changes nothing; a state that is not newer than what was heard changes nothing.
"""

__all__ = ["Handler", "Hearer", "Together", "hear", "release", "retry_due"]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.clock import Clock, real_now
from shared.database import Database, claim_due, insert_new, keep_greater, upsert
from shared.envelope import Envelope, decode
from shared.errors import NotFoundError, TransientError
from shared.events import Event, State
from shared.logs import bind_cause, log
from shared.rights import service_principal
from shared.seal import KeyRing
from shared.tables import heard, inbox, quarantine
from shared.work import Voice, Work


@dataclass(frozen=True, slots=True)
class Together:
    """A handler of several events of one class at once, in their order; it keeps rows and tells nothing itself."""

    keep: Callable[[Work, Sequence[Any]], None]


Handler = Callable[[Work, Any], None] | Together

# Waits between attempts, in seconds of real time; after the last one the event goes to quarantine. [A]
BACK_OFF = (0.05, 0.2, 1, 5, 30, 120, 600, 1800)
MOST_ATTEMPTS = len(BACK_OFF) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearer:
    """One service's ear: its database, its handlers by event class, its keys."""

    service: str
    database: Database
    handlers: Mapping[type[Event], Handler]
    voice: Voice
    ring: KeyRing
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Message:
    id: UUID
    name: str
    source: str
    body: str
    attempts: int
    content: Mapping[str, Any] | None = None  # the body, where it was read already


def hear(hearer: Hearer, bodies: Sequence[str], *, again: bool = False) -> None:
    """
    Take messages in: keep each id once, apply each effect once, in one transaction.

    Call it, then acknowledge. `again` says that the broker (or a restart) brings them a second time: then each attempt
    is counted in a transaction of its own first, so that an event which kills the process ends in quarantine.
    """
    if again:
        for body in bodies:
            _hear_counted(hearer, body)
        return
    with hearer.database.begin() as db:
        _take(hearer, db, [_peek(body) for body in bodies])


def retry_due(hearer: Hearer, *, limit: int = 50) -> int:
    """Try again what is due; return how many were tried."""
    with hearer.database.begin() as db:
        rows = claim_due(db, inbox, sa.and_(inbox.c.state == "retry", inbox.c.due_at <= real_now()), limit=limit)
        for row in rows:
            message = _Message(row["event_id"], row["name"], row["source"], row["body"], row["attempts"])
            upsert(db, inbox, [_apply(hearer, db, message)])
    return len(rows)


def release(db: Session, event_id: UUID, now: datetime) -> None:
    """Take an event out of quarantine: it is tried again from the start. Raises NotFoundError."""
    row = db.execute(sa.select(quarantine).where(quarantine.c.event_id == event_id)).mappings().first()
    if row is None:
        raise NotFoundError("event in quarantine", event_id)
    db.execute(quarantine.delete().where(quarantine.c.event_id == event_id))
    upsert(
        db,
        inbox,
        [_inbox_row(_Message(event_id, row["name"], row["source"], row["body"], 0), "retry", now, real_now())],
    )


def _hear_counted(hearer: Hearer, body: str) -> None:
    message = _peek(body)
    now = hearer.clock.now()
    with hearer.database.begin() as db:
        row = db.execute(sa.select(inbox).where(inbox.c.event_id == message.id)).mappings().first()
        if row is not None and row["state"] != "trying":
            return
        attempts = row["attempts"] + 1 if row is not None else 1
        message = _Message(message.id, message.name, message.source, body, attempts)
        if attempts > MOST_ATTEMPTS:
            upsert(db, inbox, [_quarantine(db, message, "the process died at each attempt", now)])
            return
        upsert(db, inbox, [_inbox_row(message, "trying", now, None)])
    with hearer.database.begin() as db:
        upsert(db, inbox, [_apply(hearer, db, message)])


def _take(hearer: Hearer, db: Session, messages: Sequence[_Message]) -> None:
    """Apply what is new under one savepoint, which is much the cheapest; where one fails, under one for each."""
    fresh = {message.id: message for message in reversed(messages)}
    known = set(db.scalars(sa.select(inbox.c.event_id).where(inbox.c.event_id.in_(list(fresh)))))
    new = [message for key, message in reversed(fresh.items()) if key not in known]
    kept = _apply_together(hearer, db, new) if len(new) > 1 else None
    if kept is None:
        kept = [_apply(hearer, db, message) for message in new]
    insert_new(db, inbox, kept)


def _apply_together(hearer: Hearer, db: Session, messages: Sequence[_Message]) -> list[dict[str, Any]] | None:
    """Return the inbox rows of messages that all went well, or None, with nothing done, where one did not."""
    try:
        with db.connection().begin_nested():
            return _effects(hearer, db, messages)
    except sa.exc.OperationalError:
        raise
    except Exception:  # noqa: BLE001 - whichever it was: each is tried again by itself, and answered for itself
        return None


def _apply(hearer: Hearer, db: Session, message: _Message) -> dict[str, Any]:
    """Apply one event's effect under a savepoint; return the inbox row that says what became of it."""
    now = hearer.clock.now()
    try:
        with db.connection().begin_nested():  # the session keeps no objects, so the connection's savepoint is enough
            return _effects(hearer, db, [message])[0]
    except TransientError as error:
        if message.attempts < len(BACK_OFF):
            due = real_now() + timedelta(seconds=BACK_OFF[message.attempts])
            kept = _Message(message.id, message.name, message.source, message.body, message.attempts + 1)
            return _inbox_row(kept, "retry", now, due)
        return _quarantine(db, message, f"still failing after {message.attempts} attempts: {error}", now)
    except sa.exc.OperationalError:
        raise  # the database itself failed: nothing is committed, the broker brings the batch again
    except Exception as error:  # noqa: BLE001 - whatever else a handler raises is final and a person must see it
        log.exception("event quarantined", name=message.name, event_id=str(message.id))
        return _quarantine(db, message, f"{type(error).__name__}: {error}", now)


def _effects(hearer: Hearer, db: Session, messages: Sequence[_Message]) -> list[dict[str, Any]]:
    """
    Apply messages in their order; return their inbox rows. Raises what a handler raises.

    One statement asks which states are newer than what was heard; of several of one subject the newest is enough.
    """
    now = hearer.clock.now()
    envelopes = [
        decode(message.content or message.body, recipient=hearer.service, ring=hearer.ring) for message in messages
    ]
    newest: dict[tuple[str, UUID], tuple[int, UUID]] = {}
    for one in envelopes:
        if isinstance(one.event, State):
            subject, version = (one.event.name, one.event.subject_id), one.event.subject_version
            newest[subject] = max(newest.get(subject, (version, one.id)), (version, one.id))
    versions = [{"name": name, "subject": key, "version": version} for (name, key), (version, _) in newest.items()]
    newer = keep_greater(db, heard, versions, "version")
    news = {event_id for subject, (_, event_id) in newest.items() if subject in newer}
    news |= {one.id for one in envelopes if not isinstance(one.event, State)}
    fresh = [one for one in envelopes if one.id in news]
    for kind, run in groupby(fresh, key=lambda one: type(one.event)):
        _handle(hearer, db, hearer.handlers[kind], list(run), now)
    return [_inbox_row(message, "done" if message.id in news else "stale", now, None) for message in messages]


def _handle(hearer: Hearer, db: Session, handler: Handler, run: Sequence[Envelope], now: datetime) -> None:
    """Hand neighbouring events of one class over: at once where the handler can, else one by one."""
    for last in [run[-1]] if isinstance(handler, Together) else run:
        with bind_cause(last.id):
            work = Work(db=db, who=service_principal(last.source), now=now, voice=hearer.voice, cause_id=last.id)
            if isinstance(handler, Together):
                handler.keep(work, [one.event for one in run])
            else:
                handler(work, last.event)


def _quarantine(db: Session, message: _Message, error: str, now: datetime) -> dict[str, Any]:
    row = {"name": message.name, "source": message.source, "body": message.body, "attempts": message.attempts + 1}
    upsert(db, quarantine, [{"event_id": message.id, **row, "error": error, "since": now}])
    return _inbox_row(message, "quarantine", now, None)


def _inbox_row(message: _Message, state: str, now: datetime, due: datetime | None) -> dict[str, Any]:
    return {
        "event_id": message.id,
        "name": message.name,
        "source": message.source,
        "state": state,
        "attempts": message.attempts,
        "body": message.body if state == "retry" else None,
        "due_at": due,
        "heard_at": now,
    }


def _peek(body: str) -> _Message:
    import json
    from hashlib import sha256

    try:
        message = json.loads(body)
        return _Message(UUID(message["id"]), str(message["type"])[:80], str(message["source"])[9:33], body, 0, message)
    except (ValueError, KeyError, TypeError):
        digest = sha256(body.encode()).digest()
        return _Message(UUID(bytes=digest[:16]), "unreadable", "unknown", body, 0)

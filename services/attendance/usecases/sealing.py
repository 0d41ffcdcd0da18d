"""Sealing: each signed or corrected roll enters its provider's chain, in the transaction that signs it."""

__all__ = ["Signed", "acts_of", "retell", "seal", "seal_signed", "tell_heads"]

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.sealing import GENESIS, commitment, head_of, marked, prints_of
from shared.database import insert_new, upsert
from shared.events import ChainHead, RollSealed
from shared.service import Service
from shared.work import Work

KEY_BYTES = 32
HEADS_TOLD = 2  # the row of `review` that says up to which day heads were told
BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A roll that was signed, or corrected: its meeting, version, who signed and when, and the marks not sealed yet."""

    meeting: Mapping[str, Any]  # id, session_id, provider_id, held_on, starts_at, minutes
    version: int
    signed_by: str
    held_by: str
    marks: Sequence[Mapping[str, Any]]


def seal(work: Work, rolls: Sequence[Signed]) -> None:
    """Add rolls to their providers' chains and tell the witness. The caller keeps the rolls' state and version."""
    providers = sorted({roll.meeting["provider_id"] for roll in rolls})
    last = _lock_chains(work, providers)
    marks = [mark for roll in rolls for mark in roll.marks]
    keys = _keys(work, {mark["signatory_id"] for mark in marks})
    digests = acts_of(work, marks)
    rows = []
    for roll in rolls:
        provider = roll.meeting["provider_id"]
        position, previous = last[provider]
        commitments = sorted(
            [str(mark["id"]), commitment(keys[mark["signatory_id"]], marked(mark, digests.get(mark["act_id"], "")))]
            for mark in roll.marks
        )
        statement = _statement(roll, work)
        head = head_of(previous, statement, commitments)
        last[provider] = (position + 1, head)
        rows.append(
            {
                "provider_id": provider,
                "position": position + 1,
                "meeting_id": roll.meeting["id"],
                "version": roll.version,
                "commitments": commitments,
                "statement": statement,
                "previous": previous,
                "head": head,
                "sealed_at": work.now,
            }
        )
    if rows:
        work.db.execute(storage.seal.insert(), rows)
    work.tell(*(_sealed(row) for row in rows))


def seal_signed(service: Service) -> int:
    """Seal rolls that were signed before there was a seal; return how many. A tick of the service."""
    with service.database.read() as db:
        if db.scalar(sa.select(storage.roll.c.meeting_id).where(storage.roll.c.state == "signed").limit(1)) is None:
            return 0
    with service.database.begin() as db:
        work = service.work(db)
        meeting, session, roll = storage.meeting, storage.session, storage.roll
        columns = (meeting, session.c.provider_id, roll.c.signed_by, roll.c.held_by)
        query = sa.select(*columns).join(roll, roll.c.meeting_id == meeting.c.id)
        query = query.join(session, session.c.id == meeting.c.session_id).where(roll.c.state == "signed")
        found = storage.rows(db, query.order_by(meeting.c.id).limit(BATCH).with_for_update(of=roll))
        ids = [row["id"] for row in found]
        marks: dict[UUID, list[dict[str, Any]]] = {}
        for mark in storage.rows(db, sa.select(storage.mark).where(storage.mark.c.meeting_id.in_(ids))):
            marks.setdefault(mark["meeting_id"], []).append(mark)
        seal(
            work,
            [
                Signed(
                    meeting=row,
                    version=1,
                    signed_by=row["signed_by"] or "",
                    held_by=row["held_by"],
                    marks=marks.get(row["id"], ()),
                )
                for row in found
            ],
        )
        stamp = {"state": "sealed", "version": 1, "sealed_at": work.now}
        db.execute(roll.update().where(roll.c.meeting_id.in_(ids)).values(**stamp))
    return len(found)


def tell_heads(service: Service) -> int:
    """
    Once a day is over (UTC), tell each provider's head of that day, if something was sealed; return how many.

    A tick of the service; the same day is told once.
    """
    with service.database.begin() as db:
        work = service.work(db)
        table, told, today = storage.seal, storage.chain_head, work.now.date()
        last = db.scalar(sa.select(storage.review.c.reviewed_on).where(storage.review.c.id == HEADS_TOLD))
        if last is not None and last >= today:
            return 0
        upsert(db, storage.review, [{"id": HEADS_TOLD, "reviewed_on": today}])
        midnight = work.now.replace(hour=0, minute=0, second=0, microsecond=0)
        newest = (
            sa.select(table.c.provider_id, sa.func.max(table.c.position).label("position"))
            .where(table.c.sealed_at < midnight)
            .group_by(table.c.provider_id)
            .subquery()
        )
        known = sa.exists().where(told.c.provider_id == table.c.provider_id, told.c.position >= table.c.position)
        query = (
            sa.select(table.c.provider_id, table.c.position, table.c.head, table.c.sealed_at)
            .join(
                newest,
                sa.and_(newest.c.provider_id == table.c.provider_id, newest.c.position == table.c.position),
            )
            .where(~known)
        )
        rows = [
            {
                "provider_id": row["provider_id"],
                "day": today - timedelta(days=1),
                "position": row["position"],
                "head": row["head"],
            }
            for row in storage.rows(db, query)
        ]
        insert_new(db, told, [row | {"told_at": work.now} for row in rows])
        work.tell(*(ChainHead(**row) for row in rows))
    return len(rows)


def retell(work: Work) -> int:
    """Tell every seal and head again; a witness keeps what it heard first."""
    told = 0
    for table, event in ((storage.seal, _sealed), (storage.chain_head, _head)):
        found = storage.rows(work.db, sa.select(table).order_by(table.c.provider_id, table.c.position))
        work.tell(*(event(row) for row in found))
        told += len(found)
    return told


def acts_of(work: Work, marks: Iterable[Mapping[str, Any]]) -> dict[UUID | None, str]:
    """Return the digest of each act on which marks stand."""
    ids = {mark["act_id"] for mark in marks if mark["act_id"] is not None}
    if not ids:
        return {}
    query = sa.select(storage.act.c.id, storage.act.c.digest).where(storage.act.c.id.in_(ids))
    return dict(work.db.execute(query).all())


def _sealed(row: Mapping[str, Any]) -> RollSealed:
    named = {name: row[name] for name in ("provider_id", "position", "meeting_id", "head")}
    return RollSealed(roll_version=row["version"], prints=prints_of(row["commitments"]), **named)


def _head(row: Mapping[str, Any]) -> ChainHead:
    return ChainHead(**{name: row[name] for name in ("provider_id", "day", "position", "head")})


def _statement(roll: Signed, work: Work) -> dict[str, Any]:
    meeting = roll.meeting
    said = {name: str(meeting[name]) for name in ("id", "session_id", "held_on", "starts_at", "minutes")}
    return said | {
        "version": roll.version,
        "signed_by": roll.signed_by,
        "held_by": roll.held_by,
        "sealed_at": work.now.isoformat(),
    }


def _lock_chains(work: Work, providers: Sequence[UUID]) -> dict[UUID, tuple[int, str]]:
    """Return position and head of the end of each chain, nobody else adding to it in the meantime."""
    provider, table = storage.provider, storage.seal
    work.db.execute(
        sa.select(provider.c.id).where(provider.c.id.in_(providers)).order_by(provider.c.id).with_for_update()
    )
    last = dict.fromkeys(providers, (0, GENESIS))
    ends = sa.select(table.c.provider_id, sa.func.max(table.c.position)).where(table.c.provider_id.in_(providers))
    for key, position in work.db.execute(ends.group_by(table.c.provider_id)).all():
        end = sa.and_(table.c.provider_id == key, table.c.position == position)
        last[key] = (position, work.db.scalars(sa.select(table.c.head).where(end)).one())
    return last


def _keys(work: Work, subjects: set[UUID]) -> dict[UUID, bytes]:
    """Return each person's secret, made where there is none yet."""
    table = storage.person_key
    query = sa.select(table.c.subject_id, table.c.key).where(table.c.subject_id.in_(subjects))
    found: dict[UUID, bytes] = dict(work.db.execute(query).all())
    fresh = [{"subject_id": key, "key": os.urandom(KEY_BYTES)} for key in sorted(subjects - found.keys())]
    if fresh:
        insert_new(work.db, table, fresh)
        found = dict(work.db.execute(query).all())
    return found

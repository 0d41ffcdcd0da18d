"""What pages and the API show: notices with their attempts, counts."""

__all__ = ["digests", "doubles", "listed", "newest", "notice_detail", "summary", "words_of"]

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage, wording
from services.notifications.usecases.post import Post
from services.notifications.usecases.writing import written
from shared import database
from shared.languages import direction
from shared.scope import check_territory
from shared.work import Work

# Real time and the holder of a lease say nothing about what was told.
VOLATILE = frozenset({"ready_at", "holder", "stale"})
DIGESTED = (storage.person, storage.notice)
TOLD = ("accepted", "delivered", "unknown", "failed", "expired")
SHOWN = (
    "id",
    "kind",
    "person_id",
    "session_id",
    "territory",
    "state",
    "channel",
    "task",
    "reason",
    "due_at",
    "useless_after",
    "made_at",
    "ended_at",
)


def listed(work: Work, filters: dict[str, Any], after: UUID | None, limit: int) -> dict[str, Any]:
    """Return a keyset page of notices; `filters` are columns with the value wanted, null for any."""
    query = _filtered(sa.select(*[storage.notice.c[name] for name in SHOWN]), filters)
    return storage.page(work.db, query, storage.notice.c.id, after, limit)


def newest(
    work: Work, filters: dict[str, Any], before: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Return notices with the person's reference, the newest first; `before` is the last one of the page before."""
    notice = storage.notice
    columns = [notice.c[name] for name in SHOWN]
    query: sa.Select[Any] = sa.select(*columns, storage.person.c.reference)
    query = _filtered(query.join(storage.person, storage.person.c.id == notice.c.person_id), filters)
    if before is not None:
        same = sa.and_(notice.c.made_at == before[0], notice.c.id > before[1])
        query = query.where(sa.or_(notice.c.made_at < before[0], same))
    return storage.rows(work.db, query.order_by(notice.c.made_at.desc(), notice.c.id).limit(limit))


def notice_detail(work: Work, notice_id: UUID) -> dict[str, Any]:
    """
    Return a notice with its text as sent, every attempt and receipt of its message, and what people did about it.

    Raises NotFoundError, ForbiddenError.
    """
    row = storage.one(work.db, storage.notice, notice_id, "notice")
    check_territory(work.who, row["territory"])
    attempt, receipt, task = storage.attempt, storage.receipt, storage.task
    person = storage.one(work.db, storage.person, row["person_id"], "person")
    carrier = row["rides_on"] or notice_id
    attempts = sa.select(attempt).where(attempt.c.notice_id == carrier).order_by(attempt.c.n)
    receipts = sa.select(receipt).where(receipt.c.notice_id == carrier).order_by(receipt.c.heard_at, receipt.c.id)
    tasks = sa.select(task).where(task.c.notice_id == notice_id).order_by(task.c.made_at, task.c.kind)
    return row | {
        "reference": person["reference"],
        "parts": _parts(row),
        "attempts": storage.rows(work.db, attempts),
        "receipts": storage.rows(work.db, receipts),
        "tasks": storage.rows(work.db, tasks),
    }


def words_of(post: Post, work: Work, notice_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return what notices say, in French: for who tells it to somebody by word of mouth."""
    rows = storage.by_id(work.db, storage.notice, notice_ids).values()
    people = storage.by_id(work.db, storage.person, [row["person_id"] for row in rows])
    sites = storage.by_id(work.db, storage.site, [UUID(row["site"]) for row in rows if row["site"]])
    found = {}
    for row in rows:
        site = sites.get(UUID(row["site"])) if row["site"] else None
        person = people[row["person_id"]]
        found[row["id"]] = written(post, row, person, site, languages=("fr",), now=work.now).plain
    return found


def summary(work: Work, territory: str | None) -> dict[str, Any]:
    """Count notices by channel, state, kind and task, and people with a seat who have neither notice nor failure."""
    notice, seat = storage.notice, storage.placement
    columns = (notice.c.channel, notice.c.state, notice.c.kind, notice.c.task)
    total = sa.select(*columns, sa.func.count(), sa.func.sum(notice.c.cost), sa.func.sum(notice.c.segments))
    found: dict[str, Any] = {"channels": {}, "kinds": {}, "tasks": {}, "sms_cost": 0, "sms_segments": 0}
    counted = _filtered(total, {"territory": territory}).group_by(*columns).order_by(*columns)
    for channel, state, kind, task, count, cost, parts in work.db.execute(counted):
        for group, key in (("channels", channel or "none"), ("kinds", kind)):
            counts = found[group].setdefault(key, {})
            counts[state] = counts.get(state, 0) + count
        if task and state != "superseded":
            found["tasks"][task] = found["tasks"].get(task, 0) + count
        found["sms_cost"] += int(cost)
        found["sms_segments"] += int(parts) if state in {"accepted", "delivered"} else 0
    told = sa.select(notice.c.id).where(notice.c.person_id == seat.c.person_id, notice.c.state.in_(TOLD))
    left = (
        sa.select(sa.func.count(sa.distinct(seat.c.person_id)))
        .join(storage.session, storage.session.c.id == seat.c.session_id)
        .where(seat.c.state == "active", storage.session.c.state == "open", ~sa.exists(told))
    )
    if territory:
        left = left.join(storage.person, storage.person.c.id == seat.c.person_id)
        left = left.where(storage.person.c.territory == territory)
    return found | {"people_without_notice": work.db.scalar(left) or 0}


def doubles(post: Post, work: Work) -> dict[str, int]:
    """
    Count messages that may have come twice, and those that did.

    Possible: an attempt whose outcome nobody knew, and after it another one by the same channel, unless both went to a
    gateway that keeps one message for one key. Proven: two attempts of which a receipt says that they were delivered.
    """
    lost, later = storage.attempt.alias("lost"), storage.attempt.alias("later")
    doubtful = lost.c.outcome == "unknown"
    again = sa.and_(
        later.c.notice_id == lost.c.notice_id,
        later.c.channel == lost.c.channel,
        later.c.n > lost.c.n,
        later.c.outcome.in_(("accepted", "unknown")),
    )
    pairs = (
        sa.select(lost.c.gateway, later.c.gateway, sa.func.count(sa.distinct(lost.c.notice_id)))
        .join(later, again)
        .where(doubtful)
        .group_by(lost.c.gateway, later.c.gateway)
    )
    possible = sum(
        count for first, second, count in work.db.execute(pairs) if first != second or not post.idempotent(first)
    )
    receipt = storage.receipt
    twice = (
        sa.select(receipt.c.notice_id)
        .where(receipt.c.state == "delivered", receipt.c.notice_id.in_(sa.select(lost.c.notice_id).where(doubtful)))
        .group_by(receipt.c.notice_id)
        .having(sa.func.count(sa.distinct(receipt.c.attempt)) > 1)
    )
    proven = work.db.scalar(sa.select(sa.func.count()).select_from(twice.subquery())) or 0
    return {"possible": possible, "proven": proven}


def digests(work: Work) -> dict[str, str]:
    """Return a SHA-256 of each table's rows in a fixed order, without what changes by itself."""
    return database.digests(work.db, DIGESTED, without=VOLATILE)


def _filtered(query: sa.Select[Any], filters: dict[str, Any]) -> sa.Select[Any]:
    """Narrow a query by columns; `day` means that a notice names that day, so that a meeting has all that was told."""
    for name, value in filters.items():
        if value is None:
            continue
        if name == "day":
            query = query.where(sa.type_coerce(storage.notice.c.days, sa.Text).contains(f'"{value} '))
        else:
            query = query.where(storage.notice.c[name] == value)
    return query


def _parts(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the text as sent, cut by language, each with its direction."""
    languages, text = row["languages"], row["text"]
    cut = text.split(wording.BETWEEN_SMS if row["channel"] == "sms" else wording.BETWEEN_MAILS)
    if len(cut) != len(languages):
        cut, languages = [text], languages[:1] or ["fr"]
    return [
        {"language": language, "direction": direction(language), "text": part}
        for language, part in zip(languages, cut, strict=True)
    ]

"""
Sending what is due: an attempt row is committed before a gateway is called, the result is written after.

No database connection is held during a call. A process that dies in between leaves an attempt that nobody ended: it
becomes `unknown`, and the same message goes out again under the same key, so that an idempotent gateway keeps one;
where none is kept it goes once more at most, and a possible double is counted.
"""

__all__ = ["deliver_due", "doubt_unanswered", "due"]

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as DbSession

from services.notifications import storage
from services.notifications.domain.messages import UNKNOWN, Outcome
from services.notifications.domain.states import UNANSWERED
from services.notifications.usecases.batches import Batch
from services.notifications.usecases.post import Post
from services.notifications.usecases.preparing import prepare
from services.notifications.usecases.settling import settle, skip_channel
from services.notifications.usecases.tasks import open_tasks
from shared.clock import real_now
from shared.database import claim_due, upsert
from shared.logs import log
from shared.service import Service
from shared.work import Work

BATCH = 500
ASIDE = timedelta(minutes=10)  # [A] real time, until a notice that cannot be written is tried again
UNWRITTEN = "unwritten"


def due(db: DbSession, now: datetime) -> int:
    """Count what is due now: news of seats, contact points to look at, notices to send or being sent, receipts late."""
    notice = storage.notice
    leaves = sa.and_(notice.c.state.in_(("due", "sending")), notice.c.due_at <= now)
    queries = (
        sa.select(sa.func.count()).select_from(storage.seat_news),
        sa.select(sa.func.count()).select_from(storage.person).where(storage.person.c.stale.is_(True)),
        sa.select(sa.func.count()).select_from(notice).where(leaves),
        sa.select(sa.func.count()).select_from(notice).where(_unanswered(now)),
    )
    return sum(db.scalar(query) or 0 for query in queries)


def deliver_due(post: Post, service: Service) -> int:
    """Send one batch of what is due; return how many notices were looked at. A tick of the service."""
    ready = _ready(post, service)
    with service.database.read() as db:
        if db.scalar(sa.select(storage.notice.c.id).where(ready).limit(1)) is None:
            return 0
    try:
        count, batch = _prepared(post, service, ready, post.batch)
    except OperationalError:
        raise  # the database, not a notice
    except Exception:  # noqa: BLE001 - one notice that cannot be written must not hold the others
        log.exception("a batch of notices cannot be prepared")
        return _one_by_one(post, service, ready)
    return _sent(post, service, count, batch)


def _prepared(post: Post, service: Service, ready: sa.ColumnElement[bool], limit: int) -> tuple[int, Batch]:
    with service.database.begin() as db:
        work = service.work(db)
        claimed = _claim(work, ready, limit)
        batch = prepare(post, work, claimed)
        _keep(work, batch)
    return len(claimed), batch


def _one_by_one(post: Post, service: Service, ready: sa.ColumnElement[bool]) -> int:
    """Send what can be sent of a batch in which something cannot be written; set that aside, where planners see it."""
    notice = storage.notice
    with service.database.read() as db:
        query = sa.select(notice.c.id).where(ready).order_by(notice.c.priority, notice.c.due_at)
        keys = list(db.scalars(query.limit(post.batch)))
    for key in keys:
        try:
            count, batch = _prepared(post, service, sa.and_(ready, notice.c.id == key), 1)
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001 - this is the one
            log.exception("a notice cannot be written", notice=str(key))
            reason = sa.case((notice.c.reason == UNANSWERED, UNANSWERED), else_=UNWRITTEN)  # it may have arrived, still
            aside = {"ready_at": real_now() + ASIDE, "reason": reason}
            with service.database.begin() as db:
                db.execute(notice.update().where(notice.c.id == key).values(**aside))
        else:
            _sent(post, service, count, batch)
    return len(keys)


def _sent(post: Post, service: Service, count: int, batch: Batch) -> int:
    outcomes: dict[str, Outcome] = {}
    try:
        outcomes.update(_send(post, batch))  # item by item: what came before an exception is kept
    except Exception:  # noqa: BLE001 - what is known is kept; the rest is unknown and goes out again after the lease
        log.exception("a gateway failed")
    if outcomes:
        known = {UUID(key.partition(".")[0]): outcome for key, outcome in outcomes.items()}
        service.surely(lambda work: settle(post, work, known))  # a lost outcome would be a message sent twice
    return count


def doubt_unanswered(service: Service) -> int:
    """
    Let notices whose receipt never came look for their next channel; the last one ends as unknown. A tick.

    An acceptance alone proves nothing where receipts are the rule.
    """
    notice, late = storage.notice, _unanswered(service.clock.now())
    with service.database.read() as db:
        if db.scalar(sa.select(notice.c.id).where(late).limit(1)) is None:
            return 0
    with service.database.begin() as db:
        rows = [dict(row) for row in claim_due(db, notice, late, limit=BATCH)]
        upsert(db, notice, [skip_channel(row) | {"reason": UNANSWERED} for row in rows])
    return len(rows)


def _unanswered(now: datetime) -> sa.ColumnElement[bool]:
    notice = storage.notice
    return sa.and_(notice.c.state == "accepted", notice.c.awaits_until <= now)


def _ready(post: Post, service: Service) -> sa.ColumnElement[bool]:
    notice, real = storage.notice, real_now()
    waiting = sa.and_(notice.c.state == "due", notice.c.ready_at <= real)
    left = notice.c.ready_at <= real
    if service.database.is_sqlite:  # the embedded process is alone: another holder is one that died
        left = sa.or_(left, notice.c.holder != post.holder)
    carrier = notice.alias("carrier")  # what rides goes with its carrier, or by itself where that has ended
    carried = sa.exists().where(carrier.c.id == notice.c.rides_on, carrier.c.state == "sending")
    left = sa.and_(notice.c.state == "sending", left, ~carried)
    return sa.and_(notice.c.state.in_(("due", "sending")), notice.c.due_at <= service.clock.now(), waiting | left)


def _claim(work: Work, ready: sa.ColumnElement[bool], limit: int) -> list[dict[str, Any]]:
    """Hold one batch for this transaction, and with it what belongs into the same messages."""
    notice = storage.notice
    order = {"first": notice.c.priority, "then": notice.c.person_id}  # another process takes other people
    rows = [dict(row) for row in claim_due(work.db, notice, ready, limit=limit, **order)]
    heads = [row["id"] for row in rows if row["state"] == "sending"]
    people = {row["person_id"] for row in rows if row["state"] == "due"}
    riding = sa.and_(notice.c.state == "sending", notice.c.rides_on.in_(heads))
    beside = sa.and_(ready, notice.c.state == "due", notice.c.person_id.in_(people))
    others = sa.and_(riding | beside, notice.c.id.not_in([row["id"] for row in rows]))
    return rows + [dict(row) for row in claim_due(work.db, notice, others, limit=BATCH, first=notice.c.priority)]


def _keep(work: Work, batch: Batch) -> None:
    upsert(work.db, storage.notice, batch.notices)
    if batch.lost:
        attempt = storage.attempt
        mine = sa.and_(
            attempt.c.notice_id == sa.bindparam("b_notice"),
            attempt.c.n == sa.bindparam("b_n"),
            attempt.c.outcome == "started",
        )
        lost = attempt.update().where(mine).values(outcome=UNKNOWN, ended_at=sa.bindparam("b_now"))
        work.db.connection().execute(lost, batch.lost)
    if batch.attempts:
        work.db.execute(storage.attempt.insert(), batch.attempts)
    news = {(one["person_id"], one["session_id"]): one for one in batch.news}
    upsert(work.db, storage.seat_news, list(news.values()))
    open_tasks(work, batch.tasks)
    batch.lines.keep()
    work.tell(*batch.failures)


def _send(post: Post, batch: Batch) -> Iterator[tuple[str, Outcome]]:
    sms = (
        zip((one.key for one in messages), gateway.send(messages), strict=True)
        for gateway in post.sms
        if (messages := batch.sms.get(gateway.name))
    )
    mail = zip((one.key for one in batch.mail), post.mail.send(batch.mail), strict=True)
    return chain(*sms, mail)

"""What became of messages: the answers of gateways, and contact points that will never work."""

__all__ = ["awaited_until", "delivered", "mark_failing", "mark_refused", "settle", "skip_channel"]

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.messages import ACCEPTED, REFUSED, UNKNOWN, Outcome
from services.notifications.domain.states import UNANSWERED, raised
from services.notifications.usecases.batches import BACK_OFF
from services.notifications.usecases.contacts import POINTS, reached_by, still_theirs
from services.notifications.usecases.lines import note_outcomes
from services.notifications.usecases.post import Post
from services.notifications.usecases.tasks import open_tasks, task_row
from shared.clock import real_now
from shared.database import upsert
from shared.events import NoticeDelivered
from shared.work import Work

RECEIPT_COMES = timedelta(minutes=10)  # [A] real time: a receipt settles what an answer did not, where receipts come
DEAD_AFTER = 2  # [A] receipts of failure in a row; one alone may be a phone that was off
Row = dict[str, Any]


def settle(post: Post, work: Work, outcomes: Mapping[UUID, Outcome]) -> None:
    """Write what became of attempts; a notice that moved on meanwhile (a receipt, a lease lost) stays as it is."""
    notice = storage.notice
    keys = list(outcomes)
    query = sa.select(notice).where(notice.c.id.in_(keys) | notice.c.rides_on.in_(keys))
    rows = storage.rows(work.db, query.order_by(notice.c.id).with_for_update())
    held = {row["id"] for row in rows if row["id"] in outcomes and row["holder"] == post.holder}
    failed_before = _receipts_of_failure(work, [row for row in rows if row["id"] in held])
    attempts, kept, refused, arrived = [], [], [], []
    for row in rows:
        head = row["rides_on"] or row["id"]
        if head not in held or row["holder"] != post.holder:
            continue
        outcome = outcomes[head]
        if row["id"] == head:
            attempts.append((row, outcome))
        if row["state"] != "sending":  # a receipt was faster than the answer, and said that it arrived
            kept.append(row | {"holder": None, "cost": row["cost"] + _price(post, row)})
            continue
        settled = _settled(post, work.now, row, outcome)
        if outcome.state == ACCEPTED and head in failed_before:  # the receipt was faster than the answer
            settled = skip_channel(settled)
        elif outcome.state == ACCEPTED and row["session_id"] is not None and not post.receipts(row["gateway"]):
            arrived.append(delivered(row, ACCEPTED))  # all the proof that will ever come
        kept.append(settled)
        if outcome.state == REFUSED and row["id"] == head:
            refused.append(row)
    upsert(work.db, notice, kept)
    _end_attempts(work, attempts)
    note_outcomes(post, work, [(row["gateway"], outcome.state) for row, outcome in attempts])
    mark_refused(post, work, _last_attempts(work, refused))
    work.tell(*arrived)


def skip_channel(row: Row) -> Row:
    """Return a notice that looks for its next channel, on its own."""
    skipped = sorted({*row["skipped"], row["channel"]})
    again = {"state": "due", "skipped": skipped, "tries": 0, "rides_on": None, "awaits_until": None, "ended_at": None}
    return row | again | {"ready_at": real_now()}


def delivered(row: Mapping[str, Any], proof: str) -> NoticeDelivered:
    """Return the fact that a notice arrived; for `proof` see the event."""
    return NoticeDelivered(
        notice_id=row["id"],
        signatory_id=row["person_id"],
        session_id=row["session_id"],
        kind=row["kind"],
        channel=row["channel"],
        usable=row["usable"],
        proof=proof,
    )


def mark_refused(post: Post, work: Work, refused: Sequence[tuple[UUID, Row]]) -> None:
    """
    Remember contact points that will never work, and have somebody ask for better ones.

    Pairs of a person and the attempt that says so; one to an address that they have no more says nothing. Whether the
    person can still be reached is looked at next.
    """
    people = reached_by(work, [person_id for person_id, _attempt in refused]) if refused else {}
    tasks = []
    for person_id, attempt in refused:
        person, channel = people[person_id], attempt["channel"]
        if not still_theirs(post, person, channel, attempt["address_hash"]):
            continue
        person["refused"] = sorted({*person["refused"], channel})
        changed = {"refused": person["refused"], "stale": True}
        work.db.execute(storage.person.update().where(storage.person.c.id == person["id"]).values(**changed))
        point = f"{channel} {person[POINTS[channel]]}"
        tasks.append(task_row("dead_contact", person, work.now, about=point, note=channel))
    open_tasks(work, tasks)


def mark_failing(post: Post, work: Work, person_id: UUID, attempt: Row, *, arrived: bool) -> None:
    """Count a receipt about a person's contact point: some failures in a row say that it is dead."""
    person, channel = reached_by(work, [person_id])[person_id], attempt["channel"]
    before = int(person["failing"].get(channel, 0))
    count = 0 if arrived else before + 1
    if count == before or not still_theirs(post, person, channel, attempt["address_hash"]):
        return
    failing = person["failing"] | {channel: count}
    work.db.execute(storage.person.update().where(storage.person.c.id == person["id"]).values(failing=failing))
    if count >= DEAD_AFTER:
        mark_refused(post, work, [(person_id, attempt)])


def awaited_until(post: Post, row: Row, now: datetime) -> datetime | None:
    """Return until when a receipt is waited for of a message that was taken; None where none comes."""
    if not post.receipts(row["gateway"]):
        return None
    useless_after: datetime = row["useless_after"]
    return min(now + timedelta(hours=post.receipt_hours), max(now, useless_after))


def _settled(post: Post, now: datetime, row: Row, outcome: Outcome) -> Row:
    row = row | {"holder": None, "ready_at": real_now()}
    if outcome.state == ACCEPTED:
        until = awaited_until(post, row, now)
        ended = {"state": raised(row["state"], "accepted"), "reason": "", "ended_at": now, "awaits_until": until}
        return row | ended | {"cost": row["cost"] + _price(post, row)}
    if outcome.state == UNKNOWN:  # the same message goes again, neither another text nor another channel
        comes = post.receipts(row["gateway"]) and not post.idempotent(row["gateway"])
        wait = RECEIPT_COMES if comes else timedelta(seconds=BACK_OFF[min(row["tries"], len(BACK_OFF) - 1)])
        return row | {"tries": row["tries"] + 1, "reason": UNANSWERED, "ready_at": real_now() + wait}
    if outcome.state == REFUSED or row["tries"] >= len(BACK_OFF):
        return skip_channel(row)
    another = len(post.gateways[row["channel"]]) > 1 and row["tries"] == 0
    wait = timedelta() if another else timedelta(seconds=BACK_OFF[row["tries"]])
    return row | {"state": "due", "rides_on": None, "tries": row["tries"] + 1, "ready_at": real_now() + wait}


def _price(post: Post, row: Row) -> int:
    """Return what the message cost, in hundredths of a cent; what rides on it costs nothing more."""
    return int(row["segments"]) * post.sms_price if row["channel"] == "sms" else 0


def _receipts_of_failure(work: Work, rows: Sequence[Row]) -> set[UUID]:
    """Return those notices of whose last attempt a receipt has said that it failed."""
    receipt = storage.receipt
    last = {row["id"]: row["attempts"] for row in rows}
    query = sa.select(receipt.c.notice_id, receipt.c.attempt).where(
        receipt.c.notice_id.in_(list(last)), receipt.c.state == "failed"
    )
    return {key for key, n in work.db.execute(query) if last[key] == n}


def _last_attempts(work: Work, rows: Sequence[Row]) -> list[tuple[UUID, Row]]:
    """Return the person of each of these notices with its last attempt."""
    attempt = storage.attempt
    last = {(row["id"], row["attempts"]): row["person_id"] for row in rows}
    query = sa.select(attempt).where(attempt.c.notice_id.in_([row["id"] for row in rows]))
    found = {(one["notice_id"], one["n"]): one for one in storage.rows(work.db, query)} if rows else {}
    return [(person_id, found[key]) for key, person_id in last.items()]


def _end_attempts(work: Work, ended: Sequence[tuple[Row, Outcome]]) -> None:
    if not ended:
        return
    attempt = storage.attempt
    mine = sa.and_(attempt.c.notice_id == sa.bindparam("b_notice"), attempt.c.n == sa.bindparam("b_n"))
    values: dict[str, Any] = {
        "ended_at": sa.bindparam("b_now"),
        "outcome": sa.bindparam("b_outcome"),
        "reference": sa.bindparam("b_reference"),
        "error": sa.bindparam("b_error"),
    }
    rows = [
        {
            "b_notice": row["id"],
            "b_n": row["attempts"],
            "b_now": work.now,
            "b_outcome": outcome.state,
            "b_reference": outcome.reference[:120],
            "b_error": outcome.error[:200],
        }
        for row, outcome in ended
    ]
    work.db.connection().execute(attempt.update().where(mine).values(values), rows)

"""What a gateway says later about a message that it took."""

__all__ = ["ReceiptCommand", "take_receipt"]

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.states import raised
from services.notifications.usecases.post import Post
from services.notifications.usecases.settling import awaited_until, delivered, mark_failing, skip_channel
from services.notifications.usecases.tasks import close_about
from shared.database import insert_new, upsert
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.work import Work

OVERTAKEN_BY_ARRIVAL = ("call", "letter")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptCommand:
    """
    One receipt, under the gateway's own id; `attempt` counts from 1, 0 means the last one.

    `address_at_fault` is false where a failure says nothing about the person's number or address.
    """

    id: UUID
    state: str
    attempt: int
    error: str
    address_at_fault: bool = True


def take_receipt(post: Post, work: Work, notice_id: UUID, command: ReceiptCommand) -> dict[str, Any]:
    """
    Keep a receipt and what it changes; return the notice that the message was sent for, whichever of it is named.

    Delivered stands for good, whenever a failure comes. A failure of the last attempt opens the next channel. The same
    receipt twice is one; another one under the same id raises ConflictError `id_reused`.
    """
    notice_id = _carrier(work, notice_id)
    row = storage.one(work.db, storage.notice, notice_id, "notice", lock=True)
    attempt = command.attempt or row["attempts"]
    if not 1 <= attempt <= row["attempts"]:
        fault = FieldFault("attempt", "unknown", f"the notice has {row['attempts']} attempts")
        raise InvalidInputError("the receipt is about no attempt of this notice", [fault])
    receipt = {"notice_id": notice_id, "attempt": attempt, "state": command.state, "error": command.error}
    known = work.db.execute(sa.select(storage.receipt).where(storage.receipt.c.id == command.id)).mappings().first()
    if known is not None:
        if any(known[name] != value for name, value in receipt.items() if name != "attempt" or command.attempt):
            raise ConflictError(f"receipt {command.id} was sent before with another body", "id_reused")
        return row
    stamp = {"id": command.id, "actor": work.who.actor, "heard_at": work.now}
    insert_new(work.db, storage.receipt, [stamp | receipt])
    sent = _attempt(work, notice_id, attempt)
    arrived = command.state == "delivered"
    if arrived or (command.state == "failed" and command.address_at_fault):
        mark_failing(post, work, row["person_id"], sent, arrived=arrived)
    message, earlier = [row], attempt != row["attempts"] or row["rides_on"] is not None
    if earlier and not arrived:
        return row  # an earlier message: the notice has moved on
    if not earlier:  # what rides on the notice by now was not in an earlier message
        riding = sa.select(storage.notice).where(storage.notice.c.rides_on == notice_id)
        message += storage.rows(work.db, riding.order_by(storage.notice.c.id).with_for_update())
    judged = [_judged(post, work, one, command.state, sent["channel"]) for one in message]
    upsert(work.db, storage.notice, judged)
    return judged[0]


def _carrier(work: Work, notice_id: UUID) -> UUID:
    """Return the notice whose message brought another one that was in no message of its own."""
    notice = storage.notice
    mine = sa.and_(notice.c.id == notice_id, notice.c.attempts == 0)
    return work.db.scalar(sa.select(notice.c.rides_on).where(mine)) or notice_id


def _judged(post: Post, work: Work, row: dict[str, Any], said: str, channel: str) -> dict[str, Any]:
    """Return a notice after a receipt about the message that brought it, alone or together with others."""
    state = raised(row["state"], said)
    if state == row["state"] or (said != "delivered" and row["holder"] is not None):
        return row  # nothing new, or whoever is sending will look for receipts once the answer is there
    if state == "failed":
        return skip_channel(row)
    if state == "accepted":
        until = awaited_until(post, row, work.now)
        return row | {"state": state, "reason": "", "ended_at": work.now, "awaits_until": until}
    if row["session_id"] is not None:
        work.tell(delivered(row | {"channel": channel}, "receipt"))
    close_about(work, [row["id"]], OVERTAKEN_BY_ARRIVAL)
    arrived = {"state": state, "reason": "", "channel": channel, "ended_at": work.now, "awaits_until": None}
    return row | arrived


def _attempt(work: Work, notice_id: UUID, n: int) -> dict[str, Any]:
    mine = sa.and_(storage.attempt.c.notice_id == notice_id, storage.attempt.c.n == n)
    return dict(work.db.execute(sa.select(storage.attempt).where(mine)).mappings().one())

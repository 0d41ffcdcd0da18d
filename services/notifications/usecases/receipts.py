"""What a gateway says later about a message that it took."""

__all__ = ["ReceiptCommand", "take_receipt"]

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.states import raised
from services.notifications.usecases.delivery import delivered, mark_refused
from shared.clock import real_now
from shared.database import insert_new, upsert
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptCommand:
    """One receipt, under the gateway's own id; `attempt` counts from 1, 0 means the last one."""

    id: UUID
    state: str
    attempt: int
    error: str


def take_receipt(work: Work, notice_id: UUID, command: ReceiptCommand) -> dict[str, Any]:
    """
    Keep a receipt and what it changes; return the notice.

    Delivered stands for good, whenever a failure comes. A failure of the last attempt opens the next channel. The same
    receipt twice is one; another one under the same id raises ConflictError `id_reused`.
    """
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
    state = raised(row["state"], command.state)
    if command.state == "failed" and attempt != row["attempts"]:
        return row  # an earlier channel: the notice has moved on
    if state == row["state"]:
        return row
    if state == "failed":
        row |= {"state": "due", "skipped": [*row["skipped"], row["channel"]], "tries": 0, "ready_at": real_now()}
        mark_refused(work, [(row["person_id"], row["channel"])])
    else:
        took = _channel_of(work, notice_id, attempt)
        row |= {"state": state, "reason": "", "channel": took, "ended_at": work.now}
        if row["session_id"] is not None:
            work.tell(delivered(row, "receipt"))
    upsert(work.db, storage.notice, [row])
    return row


def _channel_of(work: Work, notice_id: UUID, n: int) -> str:
    query = sa.select(storage.attempt.c.channel)
    mine = sa.and_(storage.attempt.c.notice_id == notice_id, storage.attempt.c.n == n)
    return str(work.db.execute(query.where(mine)).scalar_one())

"""
A unit of work: one transaction with who acts, when, and a voice to tell others in that same transaction.

A use case takes a `Work` as its first argument; what it tells is written as outbox rows and leaves after the commit.
"""

__all__ = ["Voice", "Work"]

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from shared import logs
from shared.envelope import encode
from shared.events import Event
from shared.ids import new_id
from shared.rights import Principal
from shared.tables import outbox


@dataclass(frozen=True, slots=True)
class Voice:
    """How one service tells: its name and the keys with which it seals private fields for each recipient."""

    service: str
    seal_keys: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a use case works with. `now` is business time in UTC."""

    db: Session
    who: Principal
    now: datetime
    voice: Voice
    cause_id: UUID | None = None

    def tell(self, *events: Event) -> None:
        """Write events into the outbox, in this transaction. Raises ValueError for another service's event."""
        cause_id = self.cause_id or logs.cause()
        rows: list[dict[str, Any]] = []
        for event in events:
            if event.teller() != self.voice.service:
                raise ValueError(f"{self.voice.service} may not tell {event.type_name()}")
            event_id = new_id()
            body = encode(
                event,
                event_id=event_id,
                at=self.now,
                cause_id=cause_id,
                actor=self.who.actor,
                seal_keys=self.voice.seal_keys,
            )
            rows.append(
                _row("event", event_id, event.type_name(), body, self.now) | {"hearers": " ".join(event.hearers)}
            )
        if rows:
            self.db.execute(outbox.insert(), rows)

    def hand_to_workers(self, task: str, key: UUID) -> None:
        """Ask the workers to run a job, in this transaction: the relay sends it once the job row is committed."""
        self.db.execute(outbox.insert(), [_row("task", new_id(), task, str(key), self.now)])


def _row(kind: str, key: UUID, name: str, body: str, now: datetime) -> dict[str, Any]:
    return {"id": key, "kind": kind, "name": name, "hearers": "", "body": body, "told_at": now, "sent_at": None}

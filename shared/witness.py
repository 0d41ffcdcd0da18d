"""
Witness of sealed rolls: the other services keep where each provider's chain stood, so that it cannot be written anew.

What is kept is only added to, by the database itself.
"""

__all__ = ["heads", "keep_head", "witness_table"]

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.database import UtcDateTime, insert_new, rows
from shared.events import ChainHead
from shared.work import Work


def witness_table(metadata: sa.MetaData) -> sa.Table:
    """Return the table of a service that hears the daily heads."""
    return sa.Table(
        "chain_head",
        metadata,
        sa.Column("provider_id", sa.Uuid, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),  # UTC
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("heard_at", UtcDateTime, nullable=False),
    )


def keep_head(work: Work, table: sa.Table, event: ChainHead) -> None:
    """Keep a head as it was heard first; nothing that comes later changes it."""
    row = {name: getattr(event, name) for name in ("provider_id", "day", "position", "head")}
    insert_new(work.db, table, [row | {"heard_at": work.now}])


def heads(db: Session, table: sa.Table, provider_id: UUID, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
    """Return the heads of one provider's chain from a position on, in their order."""
    mine = sa.select(table).where(table.c.provider_id == provider_id, table.c.position > after)
    return rows(db, mine.order_by(table.c.position, table.c.day).limit(limit))

"""
How often a caller came to a door that everybody may open, counted in the service's database for all processes.

A caller is kept as a keyed digest only, for two hours. Where a door asks for a secret, only wrong ones are counted.
"""

__all__ = ["count_knock", "forget_knocks", "knock_table", "may_knock", "purge_knocks"]

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.clock import real_now
from shared.database import UtcDateTime, insert_new
from shared.service import Service
from shared.work import Work

KEPT = timedelta(hours=2)


def knock_table(metadata: sa.MetaData) -> sa.Table:
    """Return the table of a service that has such doors."""
    return sa.Table(
        "door_count",
        metadata,
        sa.Column("door", sa.String(24), primary_key=True),
        sa.Column("caller", sa.String(64), primary_key=True),  # a keyed digest of an address
        sa.Column("hour", UtcDateTime, primary_key=True),  # real time
        sa.Column("count", sa.Integer, nullable=False),
    )


def may_knock(work: Work, table: sa.Table, door: str, caller: str, most: int, *, lock: bool = False) -> bool:
    """Say whether this caller was counted less than `most` times in this hour; `lock` holds the count."""
    query = sa.select(table.c.count).where(_mine(table, _key(work, door, caller)))
    return (work.db.scalar(query.with_for_update() if lock else query) or 0) < most


def count_knock(work: Work, table: sa.Table, door: str, caller: str) -> None:
    """Count one call; none of several at once is lost."""
    key = _key(work, door, caller)
    insert_new(work.db, table, [key | {"count": 0}])
    work.db.execute(table.update().where(_mine(table, key)).values(count=table.c.count + 1))


def forget_knocks(db: Session, table: sa.Table) -> None:
    """Forget the counts of past hours."""
    db.execute(table.delete().where(_old(table)))


def purge_knocks(table: sa.Table, service: Service) -> int:
    """Forget the counts of past hours; return 0, for nothing happened. A tick of the service."""
    with service.database.read() as db:
        if db.scalar(sa.select(table.c.door).where(_old(table)).limit(1)) is None:
            return 0
    with service.database.begin() as db:
        forget_knocks(db, table)
    return 0


def _old(table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.hour < real_now() - KEPT


def _key(work: Work, door: str, caller: str) -> dict[str, str | datetime]:
    digest = hmac.digest(work.voice.seal_keys[work.voice.service], caller.encode(), sha256).hex()
    return {"door": door, "caller": digest, "hour": real_now().replace(minute=0, second=0, microsecond=0)}


def _mine(table: sa.Table, key: dict[str, str | datetime]) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in key.items()))

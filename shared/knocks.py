"""
How often a caller was wrong at a door that everybody may open, counted in the service's database for all processes.

A caller is kept as a keyed digest only, for two hours. What a caller gets right is not counted.
"""

__all__ = ["count_knock", "knock_table", "may_knock", "purge_knocks"]

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from shared.clock import real_now
from shared.database import UtcDateTime, upsert
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


def may_knock(work: Work, table: sa.Table, door: str, caller: str, most: int) -> bool:
    """Say whether this caller was wrong less than `most` times in this hour."""
    mine = _mine(table, _key(work, door, caller))
    return (work.db.scalar(sa.select(table.c.count).where(mine)) or 0) < most


def count_knock(work: Work, table: sa.Table, door: str, caller: str) -> None:
    """Count one try that was wrong."""
    key = _key(work, door, caller)
    known = work.db.scalar(sa.select(table.c.count).where(_mine(table, key)).with_for_update()) or 0
    upsert(work.db, table, [key | {"count": known + 1}])


def purge_knocks(table: sa.Table, service: Service) -> int:
    """Forget the counts of past hours; return 0, for nothing happened. A tick of the service."""
    old = table.c.hour < real_now() - KEPT
    with service.database.read() as db:
        if db.scalar(sa.select(table.c.door).where(old).limit(1)) is None:
            return 0
    with service.database.begin() as db:
        db.execute(table.delete().where(old))
    return 0


def _key(work: Work, door: str, caller: str) -> dict[str, str | datetime]:
    digest = hmac.digest(work.voice.seal_keys[work.voice.service], caller.encode(), sha256).hex()
    return {"door": door, "caller": digest, "hour": real_now().replace(minute=0, second=0, microsecond=0)}


def _mine(table: sa.Table, key: dict[str, str | datetime]) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in key.items()))

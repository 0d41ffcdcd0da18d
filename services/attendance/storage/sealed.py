"""The chain of sealed rolls, one a provider, and the keys without which a commitment says nothing about a person."""

__all__ = ["chain_head", "person_key", "seal"]

import sqlalchemy as sa

from services.attendance.storage.base import METADATA
from shared.database import JsonValue, UtcDateTime

# Append-only, by the database itself.
seal = sa.Table(
    "seal",
    METADATA,
    sa.Column("provider_id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),  # 1, 2, 3 …
    sa.Column("meeting_id", sa.Uuid, nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),  # of the roll
    sa.Column("commitments", JsonValue, nullable=False),  # [[mark id, salted commitment]], every mark up to here
    sa.Column("statement", JsonValue, nullable=False),  # what was signed: meeting, who, when
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("head", sa.String(64), nullable=False),
    sa.Column("sealed_at", UtcDateTime, nullable=False),
)

# One secret a person; with it erased, the chain still holds and says nothing about them.
person_key = sa.Table(
    "person_key",
    METADATA,
    sa.Column("subject_id", sa.Uuid, primary_key=True),
    sa.Column("key", sa.LargeBinary, nullable=False),
)

# Append-only: what was told to the other services at the end of each day on which something was sealed.
chain_head = sa.Table(
    "chain_head",
    METADATA,
    sa.Column("provider_id", sa.Uuid, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),  # UTC
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("head", sa.String(64), nullable=False),
    sa.Column("told_at", UtcDateTime, nullable=False),
)

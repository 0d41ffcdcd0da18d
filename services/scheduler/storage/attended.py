"""What attendance told about rolls: the chains of sealed ones, of which this service is a witness, and missing ones."""

__all__ = ["chain_head", "missing_roll", "sealed_roll"]

import sqlalchemy as sa

from services.scheduler.storage.base import METADATA
from shared.database import UtcDateTime
from shared.witness import witness_table

chain_head = witness_table(METADATA)

# Append-only: each sealed roll with the first digits of its marks' commitments, to name the mark that was altered.
sealed_roll = sa.Table(
    "sealed_roll",
    METADATA,
    sa.Column("provider_id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("meeting_id", sa.Uuid, nullable=False),
    sa.Column("roll_version", sa.Integer, nullable=False),
    sa.Column("head", sa.String(64), nullable=False),
    sa.Column("prints", sa.Text, nullable=False),
    sa.Column("heard_at", UtcDateTime, nullable=False),
)

missing_roll = sa.Table(
    "missing_roll",
    METADATA,
    sa.Column("meeting_id", sa.Uuid, primary_key=True),
    sa.Column("session_id", sa.Uuid, nullable=False, index=True),
    sa.Column("provider_id", sa.Uuid, nullable=False),
    sa.Column("held_on", sa.Date, nullable=False),
    sa.Column("stage", sa.String(12), nullable=False),
)

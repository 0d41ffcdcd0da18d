"""What follows from marks and timetables: rebuilt at any time, with the same numbers."""

__all__ = ["completion", "flag", "presence", "progress", "review"]

import sqlalchemy as sa

from services.attendance.storage.base import METADATA
from shared.database import JsonValue, UtcDateTime

# The mark in force of each half-day whose roll is signed: sums are taken here. It follows from roll, mark and meeting.
presence = sa.Table(
    "presence",
    METADATA,
    sa.Column("meeting_id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, nullable=False),
    sa.Column("session_id", sa.Uuid, nullable=False),
    sa.Column("training", sa.String(12), nullable=False),
    sa.Column("part", sa.String(8), nullable=False),
    sa.Column("held_on", sa.Date, nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),  # of the half-day within the day
    sa.Column("mark_id", sa.Uuid, nullable=False),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("followed", sa.Integer, nullable=False),  # minutes
    sa.Column("offered", sa.Integer, nullable=False),  # minutes
    sa.Index("ix_presence_contract_held", "contract_id", "held_on"),
)

flag = sa.Table(
    "flag",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, nullable=False, index=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("owner", sa.String(24), nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("evidence", JsonValue, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

progress = sa.Table(
    "progress",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("followed_minutes", sa.Integer, nullable=False),
    sa.Column("remaining_minutes", sa.Integer, nullable=False),
    sa.Column("forecast_first", sa.Date),
    sa.Column("forecast_last", sa.Date),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("told_on", sa.Date, nullable=False),
)

completion = sa.Table(
    "completion",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("training", sa.String(12), primary_key=True),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("ended_on", sa.Date, nullable=False),
)

review = sa.Table(
    "review",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reviewed_on", sa.Date, nullable=False),  # last day on which every running contract was looked at
)

"""Papers that were made: monthly statements, assiduity opinions, and who read which sealed sheet."""

__all__ = ["opinion", "sheet_read", "statement"]

import sqlalchemy as sa

from services.attendance.storage.base import METADATA
from shared.database import JsonValue, UtcDateTime

# Append-only: a month told again is a new version, which says what was corrected since the last.
statement = sa.Table(
    "statement",
    METADATA,
    sa.Column("provider_id", sa.Uuid, primary_key=True),
    sa.Column("month", sa.Date, primary_key=True),  # its first day
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("content", JsonValue, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
)

# What the dossier of a contract says about assiduity: drafted from the evidence, signed by a named agent.
opinion = sa.Table(
    "opinion",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, nullable=False, index=True),
    sa.Column("state", sa.String(12), nullable=False),  # draft, signed
    sa.Column("verdict", sa.String(24), nullable=False),  # assiduous, not_assiduous, not_attributable; empty: open
    sa.Column("evidence", JsonValue, nullable=False),
    sa.Column("drafted_by", sa.String(80), nullable=False),
    sa.Column("drafted_at", UtcDateTime, nullable=False),
    sa.Column("signed_by", sa.String(80), nullable=False),
    sa.Column("signed_at", UtcDateTime),
)

# Append-only: each time that somebody took a sealed sheet, with its names, out of the house.
sheet_read = sa.Table(
    "sheet_read",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("meeting_id", sa.Uuid, nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("read_at", UtcDateTime, nullable=False),
)

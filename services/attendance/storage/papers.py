"""
Papers that were made: monthly statements, assiduity opinions, binders, and who read which sealed sheet.

And what is printed on them that scheduler told: prices of orders, names of trainers.
"""

__all__ = ["binder", "opinion", "order", "sheet_read", "statement", "trainer"]

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

# All papers of a body and a month as one ZIP: made by a job, kept for some days, then deleted.
binder = sa.Table(
    "binder",
    METADATA,
    sa.Column("job_id", sa.Uuid, primary_key=True),
    sa.Column("provider_id", sa.Uuid, nullable=False, index=True),
    sa.Column("month", sa.Date, nullable=False),  # its first day
    sa.Column("kind", sa.String(12), nullable=False),  # named: with the names, for OFII; references: for the body
    sa.Column("territory", sa.String(8), nullable=False),  # whose people it names; empty: everybody's
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("papers", sa.Integer, nullable=False),  # how many it holds
    sa.Column("sheets", JsonValue, nullable=False),  # [[meeting id, version]] of the sheets with names
    sa.Column("content", sa.LargeBinary),  # null before it is made, and once it is deleted
    sa.Column("delete_at", UtcDateTime),
)

order = sa.Table(
    "purchase_order",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("provider_id", sa.Uuid, nullable=False, index=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("training", sa.String(12), nullable=False),
    sa.Column("unit", sa.String(16), nullable=False),  # person_days, person_minutes
    sa.Column("first_on", sa.Date, nullable=False),
    sa.Column("last_on", sa.Date, nullable=False),
    sa.Column("unit_price_cents", sa.Integer, nullable=False),  # a person-day's, or a person-hour's
)

trainer = sa.Table(
    "trainer",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("provider_id", sa.Uuid, nullable=False, index=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),  # came sealed; printed on sheets
)

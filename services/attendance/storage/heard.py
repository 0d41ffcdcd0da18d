"""What the other services told: people, contracts, sessions, seats, and proofs that a convocation arrived."""

__all__ = [
    "carried",
    "contract",
    "meeting",
    "notice_proof",
    "placement",
    "provider",
    "same_person",
    "session",
    "signatory",
    "site",
]

import sqlalchemy as sa

from services.attendance.storage.base import METADATA
from shared.database import JsonValue

provider = sa.Table(
    "provider",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("label", sa.String(200), nullable=False),
)

site = sa.Table(
    "site",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("label", sa.String(200), nullable=False),
    sa.Column("commune", sa.String(80), nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
)

signatory = sa.Table(
    "signatory",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("reference", sa.String(40), nullable=False, index=True),  # people type it on their own phone
    sa.Column("territory", sa.String(8), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),  # came sealed; shown to the trainer of the group only
    sa.Column("alias", sa.String(40), nullable=False),
)

contract = sa.Table(
    "contract",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False, index=True),
    sa.Column("territory", sa.String(8), nullable=False),
    sa.Column("state", sa.String(24), nullable=False),
    sa.Column("signed_on", sa.Date, nullable=False),
    sa.Column("term_on", sa.Date, nullable=False),
    sa.Column("rules", JsonValue, nullable=False),
    sa.Column("owed", JsonValue, nullable=False),
    sa.Column("stale", sa.Boolean, nullable=False, index=True),  # something changed: follow it again
)

session = sa.Table(
    "session",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("provider_id", sa.Uuid, nullable=False, index=True),
    sa.Column("site_id", sa.Uuid, nullable=False),
    sa.Column("training", sa.String(12), nullable=False),
    sa.Column("package", sa.String(24), nullable=False),
    sa.Column("trainer", sa.String(80), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),
)

meeting = sa.Table(
    "meeting",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("session_id", sa.Uuid, nullable=False, index=True),
    sa.Column("held_on", sa.Date, nullable=False, index=True),
    sa.Column("slot", sa.String(12), nullable=False),
    sa.Column("starts_at", sa.Time, nullable=False),  # local, at the site
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("part", sa.String(8), nullable=False),
)

placement = sa.Table(
    "placement",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, nullable=False, index=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False, index=True),
    sa.Column("session_id", sa.Uuid, nullable=False, index=True),
    sa.Column("part", sa.String(8), nullable=False),
    sa.Column("joins_on", sa.Date, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
)

carried = sa.Table(
    "carried",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("training", sa.String(12), primary_key=True),
    sa.Column("part", sa.String(8), primary_key=True),
    sa.Column("followed", sa.Integer, nullable=False),  # minutes, before the contract was taken over
    sa.Column("offered", sa.Integer, nullable=False),
    sa.Column("until", sa.Date, nullable=False),
)

same_person = sa.Table(
    "same_person",
    METADATA,
    sa.Column("other_id", sa.Uuid, primary_key=True),
    sa.Column("kept_id", sa.Uuid, nullable=False, index=True),
)

notice_proof = sa.Table(
    "notice_proof",
    METADATA,
    sa.Column("notice_id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False, index=True),
    sa.Column("session_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("delivered", sa.Boolean, nullable=False),
    sa.Column("usable", sa.Boolean, nullable=False),
    sa.Column("channel", sa.String(12), nullable=False),
    sa.Column("proof", sa.String(16), nullable=False),  # as the event says it; empty where nothing arrived
)

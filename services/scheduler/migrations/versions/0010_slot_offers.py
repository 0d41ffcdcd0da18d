"""What is offered to somebody who chooses their dates at home."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "slot_offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("signatory_id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("itineraries", JsonValue(), nullable=False),
        sa.Column("until", UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["signatory_id"], ["signatory.id"], name=op.f("fk_slot_offer_signatory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_offer")),
    )
    op.create_index(op.f("ix_slot_offer_signatory_id"), "slot_offer", ["signatory_id"], unique=False)
    op.create_index(op.f("ix_slot_offer_until"), "slot_offer", ["until"], unique=False)


def downgrade() -> None:
    """Remove it."""
    op.drop_table("slot_offer")

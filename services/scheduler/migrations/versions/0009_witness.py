"""The scheduler as witness of sealed rolls; rolls that nobody has taken."""

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime
from shared.migrations import append_only, free

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the tables; what is witnessed is append-only."""
    op.create_table(
        "chain_head",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("heard_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "day", name=op.f("pk_chain_head")),
    )
    op.create_table(
        "sealed_roll",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("roll_version", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("prints", sa.Text(), nullable=False),
        sa.Column("heard_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "position", name=op.f("pk_sealed_roll")),
    )
    op.create_table(
        "missing_roll",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", name=op.f("pk_missing_roll")),
    )
    op.create_index(op.f("ix_missing_roll_session_id"), "missing_roll", ["session_id"], unique=False)
    append_only("chain_head", "sealed_roll")


def downgrade() -> None:
    """Remove them."""
    free("chain_head", "sealed_roll")
    op.drop_index(op.f("ix_missing_roll_session_id"), table_name="missing_roll")
    op.drop_table("missing_roll")
    op.drop_table("sealed_roll")
    op.drop_table("chain_head")

"""Where the chains of sealed rolls stood: this service is a witness."""

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime
from shared.migrations import append_only, free

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table, append-only."""
    op.create_table(
        "chain_head",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("heard_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "day", name=op.f("pk_chain_head")),
    )
    append_only("chain_head")


def downgrade() -> None:
    """Remove it."""
    free("chain_head")
    op.drop_table("chain_head")

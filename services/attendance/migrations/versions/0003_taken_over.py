"""What contracts bring along from an older system, and records that are one person."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "carried",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("training", sa.String(length=12), nullable=False),
        sa.Column("part", sa.String(length=8), nullable=False),
        sa.Column("followed", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("contract_id", "training", "part", name=op.f("pk_carried")),
    )
    op.create_table(
        "same_person",
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("other_id", name=op.f("pk_same_person")),
    )
    op.create_index(op.f("ix_same_person_kept_id"), "same_person", ["kept_id"], unique=False)


def downgrade() -> None:
    """Remove them."""
    op.drop_table("same_person")
    op.drop_table("carried")

"""Proposals to extend a contract, and the months that decisions granted."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column and the table."""
    with op.batch_alter_table("contract") as contract:
        contract.add_column(sa.Column("months_granted", sa.Integer(), nullable=True))
    op.execute("UPDATE contract SET months_granted = 0")
    with op.batch_alter_table("contract") as contract:
        contract.alter_column("months_granted", existing_type=sa.Integer(), nullable=False)
    op.create_table(
        "proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("stated_by", sa.String(length=12), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("evidence", JsonValue(), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("months_granted", sa.Integer(), nullable=True),
        sa.Column("refusal_reason", sa.Text(), nullable=True),
        sa.Column("notified_on", sa.Date(), nullable=True),
        sa.Column("term_before", sa.Date(), nullable=False),
        sa.Column("term_after", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_proposal_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_contract_id"), "proposal", ["contract_id"], unique=False)
    op.create_index(op.f("ix_proposal_territory"), "proposal", ["territory"], unique=False)
    pending = sa.text("state = 'pending'")
    op.create_index(
        "uq_proposal_pending",
        "proposal",
        ["contract_id"],
        unique=True,
        sqlite_where=pending,
        postgresql_where=pending,
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("proposal")
    with op.batch_alter_table("contract") as contract:
        contract.drop_column("months_granted")

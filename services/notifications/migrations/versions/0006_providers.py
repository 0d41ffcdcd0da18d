"""Whose group a task is about: training bodies by their code, and the trainer of a group."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table and the column; `parcours events retell` fills both for what was told before."""
    op.create_table(
        "provider",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider")),
    )
    op.create_index(op.f("ix_provider_code"), "provider", ["code"], unique=False)
    with op.batch_alter_table("session") as session:
        session.add_column(sa.Column("trainer", sa.String(length=40), nullable=True))


def downgrade() -> None:
    """Remove them."""
    with op.batch_alter_table("session") as session:
        session.drop_column("trainer")
    op.drop_table("provider")

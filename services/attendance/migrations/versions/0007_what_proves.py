"""What proves that a notice arrived: a receipt, an acceptance, a letter, somebody's word."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; what arrived before has it empty."""
    with op.batch_alter_table("notice_proof") as proof:
        proof.add_column(sa.Column("proof", sa.String(16), nullable=False, server_default=""))


def downgrade() -> None:
    """Remove it."""
    with op.batch_alter_table("notice_proof") as proof:
        proof.drop_column("proof")

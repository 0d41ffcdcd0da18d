"""What a training body is told in the evening, once a working day: where it goes, and that it went."""

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table and the columns; `parcours events retell` fills these for what was told before."""
    with op.batch_alter_table("provider") as provider:
        provider.add_column(sa.Column("territory", sa.String(length=8), nullable=True))
        provider.add_column(sa.Column("email", sa.String(length=200), nullable=True))
    op.create_table(
        "digest",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.Column("ready_at", UtcDateTime(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "day", name=op.f("pk_digest")),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("digest")
    with op.batch_alter_table("provider") as provider:
        provider.drop_column("email")
        provider.drop_column("territory")

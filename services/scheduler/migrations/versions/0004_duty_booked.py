"""The day for which a duty is booked: an appointment at the platform, or an exam somewhere else."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; duties booked before get their day when the appointment moves."""
    with op.batch_alter_table("duty") as duty:
        duty.add_column(sa.Column("booked_on", sa.Date(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("duty") as duty:
        duty.drop_column("booked_on")

"""People say that they are here: found by their reference, and how often an address was wrong, for all processes."""

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the counts and the index."""
    op.create_index(op.f("ix_signatory_reference"), "signatory", ["reference"], unique=False)
    op.create_table(
        "door_count",
        sa.Column("door", sa.String(length=24), nullable=False),
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("hour", UtcDateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("door", "caller", "hour", name=op.f("pk_door_count")),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("door_count")
    op.drop_index(op.f("ix_signatory_reference"), table_name="signatory")

"""How often a code was tried in vain since it was last right: a code that somebody guesses at for weeks ends."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("desk_code") as code:
        code.add_column(sa.Column("in_vain", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Remove it."""
    with op.batch_alter_table("desk_code") as code:
        code.drop_column("in_vain")

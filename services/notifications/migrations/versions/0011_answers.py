"""Answers are found until they are forgotten: every tick asks for the oldest that is still kept."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

KEPT = sa.text("address_hash <> ''")


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_reply_kept", "reply", ["heard_at"], sqlite_where=KEPT, postgresql_where=KEPT)


def downgrade() -> None:
    """Remove it."""
    op.drop_index("ix_reply_kept", "reply", sqlite_where=KEPT, postgresql_where=KEPT)

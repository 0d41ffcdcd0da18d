"""Notices whose words are still kept are found by their end: every tick asks for the oldest."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the index."""
    some = sa.text("text <> ''")
    op.create_index("ix_notice_words", "notice", ["ended_at"], sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    """Remove it."""
    op.drop_index("ix_notice_words", "notice")

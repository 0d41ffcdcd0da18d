"""What is due at one moment is found person by person; a place where people are received is named with its address."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

WAITING = sa.text("state IN ('due', 'sending')")


def upgrade() -> None:
    """Order what waits by person too, and give labels more room."""
    op.drop_index("ix_notice_due", "notice", sqlite_where=WAITING, postgresql_where=WAITING)
    columns = ["priority", "due_at", "person_id"]
    op.create_index("ix_notice_due", "notice", columns, sqlite_where=WAITING, postgresql_where=WAITING)
    _label(200, 300)


def downgrade() -> None:
    """Take both back."""
    op.execute("UPDATE site SET label = substr(label, 1, 200)")
    _label(300, 200)
    op.drop_index("ix_notice_due", "notice", sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_index("ix_notice_due", "notice", ["priority", "due_at"], sqlite_where=WAITING, postgresql_where=WAITING)


def _label(before: int, after: int) -> None:
    with op.batch_alter_table("site") as site:
        site.alter_column(
            "label",
            existing_type=sa.String(length=before),
            type_=sa.String(length=after),
            existing_nullable=False,
        )

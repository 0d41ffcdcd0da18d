"""The day on which a task was done; open tasks are found by the day after which nothing is left to do."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add column and index."""
    with op.batch_alter_table("task") as task:
        task.add_column(sa.Column("done_on", sa.Date(), nullable=True))
    some = sa.text("outcome = ''")
    op.create_index("ix_task_due", "task", ["due_by"], sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_task_due", "task")
    with op.batch_alter_table("task") as task:
        task.drop_column("done_on")

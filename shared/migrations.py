"""
The shared tables as each service's first revision creates them. Frozen: a later change is a later revision.

`shared/tables.py` says what they look like today; a test compares both.
"""

__all__ = ["create_shared_tables", "drop_shared_tables", "run_environment"]

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op

from shared.tables import KERNEL


def create_shared_tables() -> None:
    """Create outbox, inbox, heard, quarantine, job and the staging tables."""
    KERNEL.create_all(op.get_bind())


def drop_shared_tables() -> None:
    KERNEL.drop_all(op.get_bind())


def run_environment(metadata: Sequence[sa.MetaData]) -> None:
    """Run Alembic with the connection that `shared.database.upgrade` opened: what each tree's env.py does."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=list(metadata), render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()

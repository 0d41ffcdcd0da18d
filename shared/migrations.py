"""
The shared tables as each service's first revision creates them. Frozen: a later change is a later revision.

`shared/tables.py` says what they look like today; a test compares both.
"""

__all__ = ["append_only", "create_shared_tables", "drop_shared_tables", "free", "run_environment"]

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op

from shared.database import JsonValue, UtcDateTime


def create_shared_tables() -> None:
    """Create outbox, inbox, heard, quarantine, job and the staging tables."""
    op.create_table(
        "heard",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "subject", name=op.f("pk_heard")),
    )
    op.create_table(
        "import_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("due_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("heard_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox_due",
        "inbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'retry'"),
        postgresql_where=sa.text("state = 'retry'"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("params", JsonValue(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("progress", JsonValue(), nullable=False),
        sa.Column("result", JsonValue(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hearers", sa.String(length=80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("told_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
    )
    op.create_index(
        "ix_outbox_unsent",
        "outbox",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "quarantine",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "import_row",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("sheet", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", JsonValue(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("faults", JsonValue(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_import_row_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "sheet", "number", name=op.f("pk_import_row")),
    )


def drop_shared_tables() -> None:
    """Remove them."""
    op.drop_table("import_row")
    op.drop_table("quarantine")
    op.drop_index(
        "ix_outbox_unsent",
        table_name="outbox",
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.drop_table("outbox")
    op.drop_table("job")
    op.drop_index(
        "ix_inbox_due",
        table_name="inbox",
        sqlite_where=sa.text("state = 'retry'"),
        postgresql_where=sa.text("state = 'retry'"),
    )
    op.drop_table("inbox")
    op.drop_table("import_batch")
    op.drop_table("heard")


def append_only(*tables: str) -> None:
    """
    Let rows be added to these tables and never changed or removed, by the database itself.

    PostgreSQL: the service's own role loses the rights, and a trigger stops a superuser too, who would have to drop it
    first. SQLite has no roles: two triggers.
    """
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE FUNCTION parcours_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    for table in tables:
        if postgres:
            op.execute(
                f'CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}" '
                "FOR EACH STATEMENT EXECUTE FUNCTION parcours_append_only()"
            )
            op.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM CURRENT_USER')
            continue
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f'CREATE TRIGGER {table}_append_only_{change.lower()} BEFORE {change} ON "{table}" '
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def free(*tables: str) -> None:
    """Undo `append_only`."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for table in tables:
        if postgres:
            op.execute(f'GRANT UPDATE, DELETE, TRUNCATE ON "{table}" TO CURRENT_USER')
            op.execute(f'DROP TRIGGER {table}_append_only ON "{table}"')
            continue
        for change in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_append_only_{change}")
    if postgres:
        op.execute("DROP FUNCTION parcours_append_only()")


def run_environment(metadata: Sequence[sa.MetaData]) -> None:
    """Run Alembic with the connection that `shared.database.upgrade` opened: what each tree's env.py does."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=list(metadata))
    with context.begin_transaction():
        context.run_migrations()

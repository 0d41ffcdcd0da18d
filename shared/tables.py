"""
The tables that every service's database has: outbox, inbox, heard versions, quarantine, jobs, staged imports.

They are one metadata of their own, created by `shared.migrations` in each Alembic tree's first revision.
"""

__all__ = ["KERNEL", "heard", "import_batch", "import_row", "inbox", "job", "outbox", "quarantine"]

import sqlalchemy as sa

from shared.database import JsonValue, UtcDateTime, new_metadata

KERNEL = new_metadata()

outbox = sa.Table(
    "outbox",
    KERNEL,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("id", sa.Uuid, nullable=False, unique=True),
    sa.Column("kind", sa.String(8), nullable=False),  # event, or task (a job for the workers)
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("hearers", sa.String(80), nullable=False),  # names separated by a space
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("told_at", UtcDateTime, nullable=False),  # business time
    sa.Column("sent_at", UtcDateTime),  # real time; null until every hearer has it or the broker confirmed it
    sa.Index(
        "ix_outbox_unsent", "seq", sqlite_where=sa.text("sent_at IS NULL"), postgresql_where=sa.text("sent_at IS NULL")
    ),
)

inbox = sa.Table(
    "inbox",
    KERNEL,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("source", sa.String(24), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # done, stale, retry, quarantine, trying
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("body", sa.Text),  # kept only while the event is to be tried again
    sa.Column("due_at", UtcDateTime),  # real time of the next attempt
    sa.Column("heard_at", UtcDateTime, nullable=False),  # business time
    sa.Index(
        "ix_inbox_due", "due_at", sqlite_where=sa.text("state = 'retry'"), postgresql_where=sa.text("state = 'retry'")
    ),
)

heard = sa.Table(
    "heard",
    KERNEL,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("subject", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    KERNEL,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("source", sa.String(24), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
)

job = sa.Table(
    "job",
    KERNEL,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("params", JsonValue, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # queued, running, done, failed, cancelled
    sa.Column("progress", JsonValue, nullable=False),
    sa.Column("result", JsonValue),
    sa.Column("error", sa.Text),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("token", sa.Integer, nullable=False),  # fencing: grows with each lease; an old holder's result is refused
    sa.Column("due_at", UtcDateTime),  # real time: when it may be taken (queued) or its lease ends (running)
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
)

import_batch = sa.Table(
    "import_batch",
    KERNEL,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("filename", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("scope", sa.String(24), nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
)

import_row = sa.Table(
    "import_row",
    KERNEL,
    sa.Column("batch_id", sa.Uuid, sa.ForeignKey("import_batch.id"), primary_key=True),
    sa.Column("sheet", sa.String(40), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # the row's number as the sender's program shows it
    sa.Column("cells", JsonValue, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # accepted, refused
    sa.Column("faults", JsonValue, nullable=False),
)

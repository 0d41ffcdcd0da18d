"""What a notice became: tasks, replies, how gateways do, reminders, what a message carried along."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime

revision = "0004"
down_revision = "0003"

NEW = {
    "person": (
        ("name", sa.String(length=160), ""),
        ("address", sa.String(length=300), ""),
        ("helper", JsonValue(), "{}"),
        ("failing", JsonValue(), "{}"),
        ("muted", sa.Boolean(), sa.false()),
    ),
    "notice": (
        ("moment", sa.String(length=8), ""),
        ("priority", sa.Integer(), "1"),
        ("gateway", sa.String(length=24), ""),
        ("wording", JsonValue(), "[]"),
        ("reply_code", sa.String(length=8), ""),
        ("calendar", JsonValue(), "[]"),
    ),
}
WAITING = sa.text("state IN ('due', 'sending')")
UNKNOWN = sa.text("outcome = 'unknown'")
AWAITING = sa.text("awaits_until IS NOT NULL")


def upgrade() -> None:
    """Add columns and tables; what waits keeps waiting."""
    for table, columns in NEW.items():
        with op.batch_alter_table(table) as batch:
            for name, kind, value in columns:
                batch.add_column(sa.Column(name, kind, nullable=False, server_default=value))
        with op.batch_alter_table(table) as batch:
            for name, kind, _value in columns:
                batch.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)
    with op.batch_alter_table("notice") as notice:
        notice.add_column(sa.Column("rides_on", sa.Uuid(), nullable=True))
        notice.add_column(sa.Column("awaits_until", UtcDateTime(timezone=True), nullable=True))
        notice.create_index(notice.f("ix_notice_rides_on"), ["rides_on"])
        notice.drop_index("ix_notice_due")
        notice.create_index("ix_notice_due", ["priority", "due_at"], sqlite_where=WAITING, postgresql_where=WAITING)
        notice.create_index("ix_notice_awaits", ["awaits_until"], sqlite_where=AWAITING, postgresql_where=AWAITING)
    with op.batch_alter_table("attempt") as attempt:
        attempt.alter_column("gateway", existing_type=sa.String(length=16), type_=sa.String(length=24))
        attempt.create_index(attempt.f("ix_attempt_address_hash"), ["address_hash"])
        attempt.create_index("ix_attempt_unknown", ["notice_id"], sqlite_where=UNKNOWN, postgresql_where=UNKNOWN)
    with op.batch_alter_table("session") as session:
        session.add_column(sa.Column("provider_id", sa.Uuid(), nullable=True))
        session.create_index(session.f("ix_session_provider_id"), ["provider_id"])
    since = sa.Column("since", UtcDateTime(timezone=True), nullable=True)
    with op.batch_alter_table("seat_news") as news:
        news.add_column(since)
    op.execute("UPDATE seat_news SET since = due_at")
    with op.batch_alter_table("seat_news") as news:
        news.alter_column("since", existing_type=UtcDateTime(timezone=True), nullable=False)
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_by", UtcDateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("proof", sa.String(length=80), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    for column in ("person_id", "notice_id", "provider_id"):
        op.create_index(op.f(f"ix_task_{column}"), "task", [column])
    op.create_index("ix_task_open", "task", ["territory", "outcome", "due_by"])
    op.create_table(
        "reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("understood", sa.String(length=12), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("notice_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.String(length=160), nullable=False),
        sa.Column("heard_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
    )
    op.create_table(
        "gateway",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("closed_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("allowance", sa.Integer(), nullable=False),
        sa.Column("counted_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_gateway")),
    )


def downgrade() -> None:
    """Remove them."""
    for table in ("gateway", "reply", "task"):
        op.drop_table(table)
    with op.batch_alter_table("seat_news") as news:
        news.drop_column("since")
    with op.batch_alter_table("session") as session:
        session.drop_index(session.f("ix_session_provider_id"))
        session.drop_column("provider_id")
    with op.batch_alter_table("attempt") as attempt:
        attempt.drop_index("ix_attempt_unknown")
        attempt.drop_index(attempt.f("ix_attempt_address_hash"))
        attempt.alter_column("gateway", existing_type=sa.String(length=24), type_=sa.String(length=16))
    with op.batch_alter_table("notice") as notice:
        notice.drop_index("ix_notice_awaits")
        notice.drop_index("ix_notice_due")
        notice.create_index("ix_notice_due", ["due_at"], sqlite_where=WAITING, postgresql_where=WAITING)
        notice.drop_index(notice.f("ix_notice_rides_on"))
        for name in ("rides_on", "awaits_until"):
            notice.drop_column(name)
    for table, columns in NEW.items():
        with op.batch_alter_table(table) as batch:
            for name, _kind, _value in columns:
                batch.drop_column(name)

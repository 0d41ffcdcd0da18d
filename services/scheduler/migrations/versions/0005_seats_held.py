"""Seats that a desk has shown to somebody and holds for them, a few minutes of real time."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables of what a desk shows and of the seats that it holds."""
    op.create_table(
        "desk_showing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("signatory_id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("itineraries", JsonValue(), nullable=False),
        sa.Column("until", UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["signatory_id"], ["signatory.id"], name=op.f("fk_desk_showing_signatory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_showing")),
    )
    op.create_index("ix_desk_showing_signatory_id", "desk_showing", ["signatory_id"])
    op.create_table(
        "seat_hold",
        sa.Column("showing_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(length=8), nullable=False),
        sa.Column("until", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_seat_hold_session_id")),
        sa.ForeignKeyConstraint(["showing_id"], ["desk_showing.id"], name=op.f("fk_seat_hold_showing_id")),
        sa.PrimaryKeyConstraint("showing_id", "session_id", "part", name=op.f("pk_seat_hold")),
    )
    op.create_index("ix_seat_hold_session_id", "seat_hold", ["session_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("seat_hold")
    op.drop_table("desk_showing")

"""Training bodies asked before people are told, waivers, and travel times that were measured."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime

revision = "0007"
down_revision = "0006"


def stamp() -> tuple[sa.Column, ...]:
    return (
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
    )


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "consultation",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("asked_until", sa.Date()),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        *stamp(),
        sa.ForeignKeyConstraint(["run_id"], ["plan_run.id"], name=op.f("fk_consultation_run_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_consultation")),
    )
    op.create_index("ix_consultation_territory", "consultation", ["territory"])
    op.create_table(
        "consulted",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.String(length=80), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("facts", JsonValue(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("answer_id", sa.Uuid()),
        sa.Column("offered", JsonValue()),
        sa.Column("reason", sa.String(length=32), nullable=False),
        *stamp(),
        sa.ForeignKeyConstraint(["run_id"], ["consultation.run_id"], name=op.f("fk_consulted_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consulted")),
    )
    op.create_index("ix_consulted_run_id", "consulted", ["run_id"])
    op.create_index("ix_consulted_body", "consulted", ["body"])
    op.create_table(
        "consultation_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consulted_id", sa.Uuid(), nullable=False),
        sa.Column("content", JsonValue(), nullable=False),
        *stamp(),
        sa.ForeignKeyConstraint(["consulted_id"], ["consulted.id"], name=op.f("fk_consultation_answer_consulted_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_answer")),
    )
    op.create_index("ix_consultation_answer_consulted_id", "consultation_answer", ["consulted_id"])
    op.create_table(
        "waiver",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("rule", sa.String(length=24), nullable=False),
        sa.Column("signatory_id", sa.Uuid()),
        sa.Column("session_id", sa.Uuid()),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("agreed_by", sa.String(length=24), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date()),
        sa.Column("ended_by", sa.String(length=80)),
        *stamp(),
        sa.ForeignKeyConstraint(["signatory_id"], ["signatory.id"], name=op.f("fk_waiver_signatory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiver")),
    )
    op.create_index("ix_waiver_territory", "waiver", ["territory"])
    op.create_index("ix_waiver_signatory_id", "waiver", ["signatory_id"])
    op.create_table(
        "travel_time",
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("commune", sa.String(length=5), nullable=False),
        sa.Column("site", sa.String(length=80), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        *stamp(),
        sa.PrimaryKeyConstraint("territory", "commune", "site", "mode", name=op.f("pk_travel_time")),
    )


def downgrade() -> None:
    """Remove them."""
    for name in ("travel_time", "waiver", "consultation_answer", "consulted", "consultation"):
        op.drop_table(name)

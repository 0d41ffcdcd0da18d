"""Scenarios, advice, groups for late people: what a planner asks without changing anything."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "scenario",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("programme", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("publish_on", sa.Date(), nullable=False),
        sa.Column("base_run_id", sa.Uuid(), nullable=True),
        sa.Column("given", JsonValue(), nullable=False),
        sa.Column("changes", JsonValue(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("limits", JsonValue(), nullable=True),
        sa.Column("result", JsonValue(), nullable=True),
        sa.Column("solved_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["base_run_id"], ["plan_run.id"], name=op.f("fk_scenario_base_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scenario")),
    )
    op.create_index("ix_scenario_territory", "scenario", ["territory"])
    op.create_table(
        "advice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("limits", JsonValue(), nullable=False),
        sa.Column("result", JsonValue(), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["plan_run.id"], name=op.f("fk_advice_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advice")),
    )
    op.create_index("ix_advice_run_id", "advice", ["run_id"])
    op.create_table(
        "rescue_search",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("programme", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("groups", JsonValue(), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rescue_search")),
    )
    op.create_index("ix_rescue_search_territory", "rescue_search", ["territory"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("rescue_search")
    op.drop_table("advice")
    op.drop_table("scenario")

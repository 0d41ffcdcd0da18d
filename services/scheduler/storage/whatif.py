"""Tables of what a planner asks without changing anything: scenarios, advice on a run, groups for late people."""

__all__ = ["advice", "rescue_search", "scenario"]

import sqlalchemy as sa

from services.scheduler.storage.base import METADATA, stamp
from shared.database import JsonValue, UtcDateTime

scenario = sa.Table(
    "scenario",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # the job that solves it has the same id
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("programme", sa.String(24), nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("publish_on", sa.Date, nullable=False),
    sa.Column("base_run_id", sa.Uuid, sa.ForeignKey("plan_run.id")),  # null: the territory as it stands when solved
    sa.Column("given", JsonValue, nullable=False),  # what it was made from: the same again is the same scenario
    sa.Column("changes", JsonValue, nullable=False),  # [{id, change}], see docs/formats/changes.md
    sa.Column("state", sa.String(12), nullable=False),  # draft, asked, ready
    sa.Column("limits", JsonValue),  # {seconds, work_limit} of each of its solves
    sa.Column("result", JsonValue),  # the comparison; no plan is kept, so none can be published
    sa.Column("solved_at", UtcDateTime),
    *stamp(),
)

advice = sa.Table(
    "advice",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # the job that makes it has the same id
    sa.Column("run_id", sa.Uuid, sa.ForeignKey("plan_run.id"), nullable=False, index=True),
    sa.Column("state", sa.String(12), nullable=False),  # asked, ready
    sa.Column("limits", JsonValue, nullable=False),  # {seconds, top}
    sa.Column("result", JsonValue),
    *stamp(),
)

rescue_search = sa.Table(
    "rescue_search",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # the job that searches has the same id
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("programme", sa.String(24), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # asked, ready
    sa.Column("groups", JsonValue),  # [{session, seats}] of solver/rescuing.py
    *stamp(),
)

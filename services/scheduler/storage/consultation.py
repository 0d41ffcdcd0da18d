"""Tables of what training bodies are asked before a plan is published, and of the exceptions that planners make."""

__all__ = ["consultation", "consultation_answer", "consulted", "travel_time", "waiver"]

import sqlalchemy as sa

from services.scheduler.storage.base import METADATA, stamp
from shared.database import JsonValue

consultation = sa.Table(
    "consultation",
    METADATA,
    sa.Column("run_id", sa.Uuid, sa.ForeignKey("plan_run.id"), primary_key=True),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("asked_until", sa.Date),  # what was asked for; null: the rule-book's delay
    sa.Column("answer_by", sa.Date, nullable=False),  # local; what lacks after it is overdue
    sa.Column("state", sa.String(12), nullable=False),  # open, withdrawn, published
    *stamp(),
)

consulted = sa.Table(
    "consulted",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("run_id", sa.Uuid, sa.ForeignKey("consultation.run_id"), nullable=False, index=True),
    sa.Column("body", sa.String(80), nullable=False, index=True),
    sa.Column("session_id", sa.Uuid, nullable=False),  # in the plan; another one after a change of room or days
    sa.Column("facts", JsonValue, nullable=False),  # the session of the plan, as docs/formats/plan.schema.json says
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # see domain/consultation.py
    sa.Column("answer_id", sa.Uuid),  # what the state rests on
    sa.Column("offered", JsonValue),  # the counter-proposal, while it is open
    sa.Column("reason", sa.String(32), nullable=False),  # why it was refused; empty otherwise
    *stamp(),
)

consultation_answer = sa.Table(
    "consultation_answer",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("consulted_id", sa.Uuid, sa.ForeignKey("consulted.id"), nullable=False, index=True),
    sa.Column("content", JsonValue, nullable=False),  # what a body answered or a planner decided
    *stamp(),
)

waiver = sa.Table(
    "waiver",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("rule", sa.String(24), nullable=False),
    sa.Column("signatory_id", sa.Uuid, sa.ForeignKey("signatory.id"), index=True),  # or
    sa.Column("session_id", sa.Uuid),  # published, or of a plan that is not published yet
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("agreed_by", sa.String(24), nullable=False),
    sa.Column("agreed_on", sa.Date, nullable=False),
    sa.Column("ended_on", sa.Date),  # null: it holds
    sa.Column("ended_by", sa.String(80)),
    *stamp(),
)

travel_time = sa.Table(
    "travel_time",
    METADATA,
    sa.Column("territory", sa.String(8), primary_key=True),
    sa.Column("commune", sa.String(5), primary_key=True),
    sa.Column("site", sa.String(80), primary_key=True),
    sa.Column("mode", sa.String(12), primary_key=True),
    sa.Column("minutes", sa.Integer, nullable=False),
    *stamp(),
)

"""Tables of people, contracts, needs, offer, plans and accounts."""

__all__ = [
    "account",
    "contract",
    "contract_progress",
    "demo_link",
    "flag",
    "meeting",
    "meeting_count",
    "need",
    "offer_item",
    "placement",
    "plan_run",
    "reviewed",
    "seat_time",
    "session",
    "signatory",
    "territory",
    "unreachable",
    "web_session",
]

import sqlalchemy as sa

from services.scheduler.storage.base import METADATA
from shared.database import JsonValue, UtcDateTime

territory = sa.Table(
    "territory",
    METADATA,
    sa.Column("code", sa.String(8), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # grows with each publication: the base of compare-and-swap
)

signatory = sa.Table(
    "signatory",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("reference", sa.String(40), nullable=False, unique=True),
    sa.Column("facts", JsonValue, nullable=False),  # what a plan must respect, see domain/intake.py
    sa.Column("private", JsonValue, nullable=False),  # name, alias, phone, e-mail: leave only in sealed blocks
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

contract = sa.Table(
    "contract",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, sa.ForeignKey("signatory.id"), nullable=False, index=True),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("programme", sa.String(24), nullable=False),
    sa.Column("regime", sa.String(24), nullable=False),
    sa.Column("signed_on", sa.Date, nullable=False),
    sa.Column("term_on", sa.Date, nullable=False),
    sa.Column("months_granted", sa.Integer, nullable=False),  # by recorded decisions; the only thing that moves a term
    sa.Column("state", sa.String(32), nullable=False),  # see domain/life.py
    sa.Column("permit_consequence", sa.String(24)),  # null: the rule is not known
    sa.Column("language_offer", sa.String(12), nullable=False),  # proposed, accepted, refused; empty where imposed
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

need = sa.Table(
    "need",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False, index=True),
    sa.Column("signatory_id", sa.Uuid, sa.ForeignKey("signatory.id"), nullable=False, index=True),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("training", sa.String(12), nullable=False),
    sa.Column("part", sa.String(8), nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("deadline", sa.Date),
    sa.Column("again", sa.Integer, nullable=False),  # how often this civic day was missed before
    sa.Column("state", sa.String(12), nullable=False),  # open, placed, unplaced, not_owed, followed, replaced
    sa.Column("reason", JsonValue),  # why unplaced or not owed: code, rules, words, the smallest change
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

offer_item = sa.Table(
    "offer_item",
    METADATA,
    sa.Column("territory", sa.String(8), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("code", sa.String(80), primary_key=True),
    sa.Column("id", sa.Uuid, nullable=False, unique=True),
    sa.Column("facts", JsonValue, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

plan_run = sa.Table(
    "plan_run",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # the job's id too
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("programme", sa.String(24), nullable=False),
    sa.Column("publish_on", sa.Date, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # asked, ready, unchanged, published, refused
    sa.Column("base_version", sa.Integer),
    sa.Column("inputs", sa.String(64)),  # digest of needs and offer: nothing new, nothing to plan
    sa.Column("problem", JsonValue),
    sa.Column("plan", JsonValue),
    sa.Column("summary", JsonValue),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("published_at", UtcDateTime),
    sa.Column("published_by", sa.String(80)),
)

session = sa.Table(
    "session",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("training", sa.String(12), nullable=False),
    sa.Column("parts", sa.String(24), nullable=False),
    sa.Column("site", sa.String(80), nullable=False),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),
    sa.Column("seats", sa.Integer, nullable=False),
    sa.Column("facts", JsonValue, nullable=False),  # the session of the plan, as docs/formats/plan.schema.json says
    sa.Column("state", sa.String(12), nullable=False),  # open, cancelled
    sa.Column("run_id", sa.Uuid, sa.ForeignKey("plan_run.id"), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

meeting = sa.Table(
    "meeting",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("session_id", sa.Uuid, sa.ForeignKey("session.id"), nullable=False, index=True),
    sa.Column("part", sa.String(8), nullable=False),
    sa.Column("day", sa.Date, nullable=False),  # local, at the site
    sa.Column("slot", sa.String(12), nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("room", sa.String(80), nullable=False),
    sa.Column("trainer", sa.String(80), nullable=False),
    sa.UniqueConstraint("room", "day", "slot"),
    sa.UniqueConstraint("trainer", "day", "slot"),
)

placement = sa.Table(
    "placement",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("need_id", sa.Uuid, sa.ForeignKey("need.id"), nullable=False, index=True),
    sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False),
    sa.Column("signatory_id", sa.Uuid, sa.ForeignKey("signatory.id"), nullable=False, index=True),
    sa.Column("session_id", sa.Uuid, sa.ForeignKey("session.id"), nullable=False, index=True),
    sa.Column("part", sa.String(8), nullable=False),
    sa.Column("joins_on", sa.Date, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # active, withdrawn
    sa.Column("told_on", sa.Date),  # the day an older system sent the convocation: it is not sent again
    sa.Column("told_by", sa.String(12)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

seat_time = sa.Table(
    "seat_time",
    METADATA,
    sa.Column("signatory_id", sa.Uuid, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("slot", sa.String(12), primary_key=True),  # the key itself keeps a person in one place at a time
    sa.Column("placement_id", sa.Uuid, sa.ForeignKey("placement.id"), nullable=False, index=True),
)

flag = sa.Table(
    "flag",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, nullable=False, index=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("owner", sa.String(24), nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("evidence", JsonValue, nullable=False),
)

contract_progress = sa.Table(
    "contract_progress",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("followed_minutes", sa.Integer, nullable=False),
    sa.Column("remaining_minutes", sa.Integer, nullable=False),
    sa.Column("forecast_first", sa.Date),
    sa.Column("forecast_last", sa.Date),
    sa.Column("status", sa.String(20), nullable=False),
)

meeting_count = sa.Table(
    "meeting_count",
    METADATA,
    sa.Column("meeting_id", sa.Uuid, primary_key=True),
    sa.Column("session_id", sa.Uuid, nullable=False, index=True),
    sa.Column("present", sa.Integer, nullable=False),
    sa.Column("absent", sa.Integer, nullable=False),
)

unreachable = sa.Table(
    "unreachable",
    METADATA,
    sa.Column("signatory_id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.String(12), nullable=False),  # reachable, doubtful, unreachable
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_reason", sa.String(80), nullable=False),
)

account = sa.Table(
    "account",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("login", sa.String(80), nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False),  # Argon2id
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("scope", sa.String(40), nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locked_until", UtcDateTime),  # real time
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

web_session = sa.Table(
    "web_session",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),  # real time
    sa.Column("revoked", sa.Boolean, nullable=False),
)

demo_link = sa.Table(
    "demo_link",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("used_at", UtcDateTime),
)

reviewed = sa.Table(
    "reviewed",
    METADATA,
    sa.Column("name", sa.String(24), primary_key=True),
    sa.Column("until", UtcDateTime, nullable=False),  # business time of the last look at what time alone changes
)

"""Tables and queries of attendance: rows stay inside, values and plain mappings come out."""

__all__ = [
    "METADATA",
    "attempt",
    "carried",
    "completion",
    "contract",
    "early_exit",
    "flag",
    "mark",
    "meeting",
    "notice_proof",
    "one",
    "placement",
    "presence",
    "progress",
    "provider",
    "review",
    "roll",
    "rows",
    "same_person",
    "session",
    "signatory",
    "site",
]


import sqlalchemy as sa

from shared.database import JsonValue, UtcDateTime, new_metadata, one, rows

METADATA = new_metadata()

# --- what the others told -----------------------------------------------------------------------------------------

provider = sa.Table(
    "provider",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("label", sa.String(200), nullable=False),
)

site = sa.Table(
    "site",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("label", sa.String(200), nullable=False),
    sa.Column("commune", sa.String(80), nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
)

signatory = sa.Table(
    "signatory",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("reference", sa.String(40), nullable=False),
    sa.Column("territory", sa.String(8), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),  # came sealed; shown to the trainer of the group only
    sa.Column("alias", sa.String(40), nullable=False),
)

contract = sa.Table(
    "contract",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False, index=True),
    sa.Column("territory", sa.String(8), nullable=False),
    sa.Column("state", sa.String(24), nullable=False),
    sa.Column("signed_on", sa.Date, nullable=False),
    sa.Column("term_on", sa.Date, nullable=False),
    sa.Column("rules", JsonValue, nullable=False),
    sa.Column("owed", JsonValue, nullable=False),
    sa.Column("stale", sa.Boolean, nullable=False, index=True),  # something changed: follow it again
)

session = sa.Table(
    "session",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("provider_id", sa.Uuid, nullable=False, index=True),
    sa.Column("site_id", sa.Uuid, nullable=False),
    sa.Column("training", sa.String(12), nullable=False),
    sa.Column("package", sa.String(24), nullable=False),
    sa.Column("trainer", sa.String(80), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),
)

meeting = sa.Table(
    "meeting",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("session_id", sa.Uuid, nullable=False, index=True),
    sa.Column("held_on", sa.Date, nullable=False, index=True),
    sa.Column("slot", sa.String(12), nullable=False),
    sa.Column("starts_at", sa.Time, nullable=False),  # local, at the site
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("part", sa.String(8), nullable=False),
)

placement = sa.Table(
    "placement",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, nullable=False, index=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False, index=True),
    sa.Column("session_id", sa.Uuid, nullable=False, index=True),
    sa.Column("part", sa.String(8), nullable=False),
    sa.Column("joins_on", sa.Date, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
)

carried = sa.Table(
    "carried",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("training", sa.String(12), primary_key=True),
    sa.Column("part", sa.String(8), primary_key=True),
    sa.Column("followed", sa.Integer, nullable=False),  # minutes, before the contract was taken over
    sa.Column("offered", sa.Integer, nullable=False),
    sa.Column("until", sa.Date, nullable=False),
)

same_person = sa.Table(
    "same_person",
    METADATA,
    sa.Column("other_id", sa.Uuid, primary_key=True),
    sa.Column("kept_id", sa.Uuid, nullable=False, index=True),
)

notice_proof = sa.Table(
    "notice_proof",
    METADATA,
    sa.Column("notice_id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False, index=True),
    sa.Column("session_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("delivered", sa.Boolean, nullable=False),
    sa.Column("usable", sa.Boolean, nullable=False),
    sa.Column("channel", sa.String(12), nullable=False),
)

# --- what is recorded here ----------------------------------------------------------------------------------------

roll = sa.Table(
    "roll",
    METADATA,
    sa.Column("meeting_id", sa.Uuid, primary_key=True),
    sa.Column("session_id", sa.Uuid, nullable=False, index=True),
    sa.Column("state", sa.String(12), nullable=False),  # open, signed
    sa.Column("signed_by", sa.String(80)),
    sa.Column("signed_at", UtcDateTime),
)

mark = sa.Table(
    "mark",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # made by the client: the same mark twice is one mark
    sa.Column("meeting_id", sa.Uuid, nullable=False, index=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False, index=True),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("minutes_lost", sa.Integer, nullable=False),
    sa.Column("act", sa.String(20), nullable=False),
    sa.Column("act_reason", sa.String(24), nullable=False),
    sa.Column("supersedes", sa.Uuid),  # the mark in force before, for a correction or a qualification
    sa.Column("reason", sa.String(32), nullable=False),  # code of the correction or qualification
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("effective_at", UtcDateTime, nullable=False),
    sa.Column("recorded_at", UtcDateTime, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),  # order of recording within (meeting, signatory)
    sa.UniqueConstraint("meeting_id", "signatory_id", "seq"),
)

# The mark in force of each half-day whose roll is signed: sums are taken here. It follows from roll, mark and meeting.
presence = sa.Table(
    "presence",
    METADATA,
    sa.Column("meeting_id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, nullable=False),
    sa.Column("session_id", sa.Uuid, nullable=False),
    sa.Column("training", sa.String(12), nullable=False),
    sa.Column("part", sa.String(8), nullable=False),
    sa.Column("held_on", sa.Date, nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),  # of the half-day within the day
    sa.Column("mark_id", sa.Uuid, nullable=False),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("followed", sa.Integer, nullable=False),  # minutes
    sa.Column("offered", sa.Integer, nullable=False),  # minutes
    sa.Index("ix_presence_contract_held", "contract_id", "held_on"),
)

attempt = sa.Table(
    "attempt",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False, index=True),
    sa.Column("method", sa.String(12), nullable=False),  # call, visit, relay
    sa.Column("outcome", sa.String(16), nullable=False),  # reached, no_answer, wrong_contact
    sa.Column("made_on", sa.Date, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
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
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

progress = sa.Table(
    "progress",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("followed_minutes", sa.Integer, nullable=False),
    sa.Column("remaining_minutes", sa.Integer, nullable=False),
    sa.Column("forecast_first", sa.Date),
    sa.Column("forecast_last", sa.Date),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("told_on", sa.Date, nullable=False),
)

completion = sa.Table(
    "completion",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("training", sa.String(12), primary_key=True),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("ended_on", sa.Date, nullable=False),
)

early_exit = sa.Table(
    "early_exit",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("level", sa.String(8), nullable=False),
    sa.Column("test", sa.String(12), nullable=False),  # intermediate, final
    sa.Column("reached_on", sa.Date, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
)


review = sa.Table(
    "review",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reviewed_on", sa.Date, nullable=False),  # last day on which every running contract was looked at
)

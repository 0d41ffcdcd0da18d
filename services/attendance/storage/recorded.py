"""What is recorded here: rolls, marks, acts, answers, tests. Marks and what they stand on are append-only."""

__all__ = [
    "act",
    "announcement",
    "answer",
    "attempt",
    "contact_word",
    "correction_request",
    "door_count",
    "early_exit",
    "identification",
    "level_test",
    "mark",
    "missing_roll",
    "provisional",
    "relay",
    "roll",
    "sent_paper",
]

import sqlalchemy as sa

from services.attendance.storage.base import METADATA
from shared.database import JsonValue, UtcDateTime
from shared.knocks import knock_table

roll = sa.Table(
    "roll",
    METADATA,
    sa.Column("meeting_id", sa.Uuid, primary_key=True),
    sa.Column("session_id", sa.Uuid, nullable=False, index=True),
    sa.Column("state", sa.String(12), nullable=False),  # open, submitted, signed, sealed, corrected
    sa.Column("version", sa.Integer, nullable=False),  # 0 before the seal, then 1, and one more a correction
    sa.Column("held_by", sa.String(80), nullable=False),  # the substitute who held the meeting; empty: as planned
    sa.Column("submitted_by", sa.String(80)),
    sa.Column("submitted_at", UtcDateTime),
    sa.Column("signed_by", sa.String(80)),
    sa.Column("signed_at", UtcDateTime),
    sa.Column("sealed_at", UtcDateTime),
)

# Append-only, by the database itself.
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
    sa.Column("act_id", sa.Uuid),  # the recorded act on which a presence stands
    sa.Column("proof_ref", sa.String(64), nullable=False),  # the act's number elsewhere: paper sheet, e-attendance
    sa.Column("arrived", sa.Time),  # local, at the site; where it was noted
    sa.Column("left", sa.Time),
    sa.Column("source", sa.String(12), nullable=False),  # device, offline, product, import, ofii, announced
    sa.Column("ground", sa.String(16), nullable=False),  # on what an absence was qualified: paper_seen, word_given
    sa.Column("supersedes", sa.Uuid),  # the mark in force before, for a correction or a qualification
    sa.Column("reason", sa.String(32), nullable=False),  # code of the correction or qualification
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("effective_at", UtcDateTime, nullable=False),
    sa.Column("recorded_at", UtcDateTime, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),  # order of recording within (meeting, signatory)
    sa.UniqueConstraint("meeting_id", "signatory_id", "seq"),
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

early_exit = sa.Table(
    "early_exit",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("level", sa.String(8), nullable=False),
    sa.Column("test", sa.String(12), nullable=False),  # intermediate, final
    sa.Column("reached_on", sa.Date, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
)

# Append-only: what a person did for one half-day, as it came. A mark names the act on which it stands.
act = sa.Table(
    "act",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("meeting_id", sa.Uuid, nullable=False, index=True),
    sa.Column("subject_id", sa.Uuid),  # a signatory or a provisional person; null for the photo of a whole sheet
    sa.Column("kind", sa.String(20), nullable=False),  # qr, code, drawn, signed_sheet
    sa.Column("source", sa.String(12), nullable=False),  # own_phone, shared (the device that goes round), paper
    sa.Column("known_by", sa.String(12), nullable=False),  # session, reference, trainer: who says whose act it is
    sa.Column("media_type", sa.String(40), nullable=False),
    sa.Column("content", sa.LargeBinary),  # strokes or photo; null for a scan
    sa.Column("digest", sa.String(64), nullable=False),  # SHA-256 of the content, empty without one
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("recorded_at", UtcDateTime, nullable=False),
)

# Somebody in the room whom the list does not name, until it is known who that is.
provisional = sa.Table(
    "provisional",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("meeting_id", sa.Uuid, nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("reference", sa.String(40), nullable=False),  # as the person shows it; may be empty
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("recorded_at", UtcDateTime, nullable=False),
)

# Append-only: who a provisional person was found to be; the last word counts, null takes it back.
identification = sa.Table(
    "identification",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("provisional_id", sa.Uuid, nullable=False, index=True),
    sa.Column("signatory_id", sa.Uuid),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("recorded_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("provisional_id", "seq"),
)

announcement = sa.Table(
    "announcement",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False, index=True),
    sa.Column("meeting_id", sa.Uuid, nullable=False, index=True),
    sa.Column("kind", sa.String(8), nullable=False),  # absent, late
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("recorded_at", UtcDateTime, nullable=False),
)

# Append-only: what the person says about an absence of theirs.
answer = sa.Table(
    "answer",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("mark_id", sa.Uuid, nullable=False, index=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # was_there, had_reason
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("recorded_at", UtcDateTime, nullable=False),
)

# A photo that a person sent about an absence: gone at the decision, at the latest 15 days later.
sent_paper = sa.Table(
    "sent_paper",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("mark_id", sa.Uuid, nullable=False, index=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False),
    sa.Column("media_type", sa.String(40), nullable=False),
    sa.Column("content", sa.LargeBinary),  # null once deleted
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("delete_at", UtcDateTime, nullable=False),
    sa.Column("deleted_at", UtcDateTime),
    sa.Column("deleted_because", sa.String(12), nullable=False),  # decided, too_old
)

correction_request = sa.Table(
    "correction_request",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("meeting_id", sa.Uuid, nullable=False, index=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False),
    sa.Column("mark", JsonValue, nullable=False),  # the mark that is asked for
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # asked, accepted, refused
    sa.Column("refused_because", sa.String(32), nullable=False),
    sa.Column("asked_by", sa.String(80), nullable=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("decided_by", sa.String(80), nullable=False),
    sa.Column("decided_at", UtcDateTime),
)

level_test = sa.Table(
    "level_test",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("test", sa.String(12), primary_key=True),  # initial, intermediate, final
    sa.Column("level", sa.String(8), nullable=False),  # reached: below_A1, A1, A2, B1
    sa.Column("target_reached", sa.Boolean, nullable=False),
    sa.Column("reached_on", sa.Date, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
)

# A roll that nobody has taken: the provider is told first, then OFII.
missing_roll = sa.Table(
    "missing_roll",
    METADATA,
    sa.Column("meeting_id", sa.Uuid, primary_key=True),
    sa.Column("session_id", sa.Uuid, nullable=False, index=True),
    sa.Column("held_on", sa.Date, nullable=False),
    sa.Column("stage", sa.String(12), nullable=False),  # provider, ofii, closed
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

# The person's word on their contact, given on the trainer's device or on their own: only whether it changed stays here.
contact_word = sa.Table(
    "contact_word",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, nullable=False, index=True),
    sa.Column("kind", sa.String(12), nullable=False),  # confirmed, changed
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("given_at", UtcDateTime, nullable=False),
)

# A message to who is absent, sent by notifications: the trainer sees no number.
relay = sa.Table(
    "relay",
    METADATA,
    sa.Column("meeting_id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, primary_key=True),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
)

door_count = knock_table(METADATA)

"""Tables of what comes before a contract: interest, candidates, answers, interviews; and who is who."""

__all__ = [
    "appointment",
    "candidate",
    "door_count",
    "eligibility_answer",
    "interest",
    "interview_slot",
    "level_seen",
    "same_person",
]

import sqlalchemy as sa

from services.scheduler.storage.base import METADATA, stamp
from shared.database import JsonValue, UtcDateTime
from shared.knocks import knock_table

interest = sa.Table(
    "interest",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("commune", sa.String(5), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("permit_kind", sa.String(16), nullable=False),
    sa.Column("private", JsonValue, nullable=False),  # name to be called by, phone, e-mail
    sa.Column("declared_at", UtcDateTime, nullable=False, index=True),  # purged 30 days later
)

door_count = knock_table(METADATA)

candidate = sa.Table(
    "candidate",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # the signatory's id once there is a contract
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("reference", sa.String(40), nullable=False, unique=True),
    sa.Column("entry", sa.String(16), nullable=False),  # contacted, self_declared
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("facts", JsonValue, nullable=False),  # commune, languages, reading, channel
    sa.Column("private", JsonValue, nullable=False),
    sa.Column("programme", sa.String(24), nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),  # empty before the first answer
    sa.Column("regime", sa.String(24), nullable=False),
    sa.Column("permit_consequence", sa.String(24)),
    sa.Column("record", JsonValue),  # of the interview: the cells of an intake row, and the assessment
    sa.Column("sealed", sa.Text),  # postal address and trusted helper: opened only to write a letter
    sa.Column("version", sa.Integer, nullable=False),
    *stamp(),
)

eligibility_answer = sa.Table(
    "eligibility_answer",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("candidate_id", sa.Uuid, sa.ForeignKey("candidate.id"), nullable=False, index=True),
    sa.Column("programme", sa.String(24), nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("rule", sa.String(40), nullable=False),
    sa.Column("says", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("fact", sa.String(40), nullable=False),
    sa.Column("paper", sa.Text, nullable=False),
    sa.Column("regime", sa.String(24), nullable=False),
    sa.Column("permit_consequence", sa.String(24)),
    *stamp(),
)

interview_slot = sa.Table(
    "interview_slot",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("platform", sa.String(80), nullable=False),  # code of the territory's offer
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("half", sa.String(12), nullable=False),  # morning, afternoon
    sa.Column("starts_at", sa.String(5), nullable=False),  # local
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("places", sa.Integer, nullable=False),
    sa.Column("desks", sa.Integer, nullable=False),
    *stamp(),
    sa.UniqueConstraint("platform", "territory", "day", "half"),
)

appointment = sa.Table(
    "appointment",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("slot_id", sa.Uuid, sa.ForeignKey("interview_slot.id"), nullable=False, index=True),
    sa.Column("territory", sa.String(8), nullable=False),
    sa.Column("person_id", sa.Uuid, nullable=False, index=True),  # candidate or signatory
    sa.Column("contract_id", sa.Uuid),
    sa.Column("kind", sa.String(24), nullable=False),  # interview, or a duty's kind
    sa.Column("state", sa.String(12), nullable=False),  # booked, held, absent, cancelled
    sa.Column("desk", sa.Integer),
    sa.Column("version", sa.Integer, nullable=False),
    *stamp(),
    sa.Index(
        "uq_appointment_booked",
        "person_id",
        "kind",
        unique=True,
        sqlite_where=sa.text("state = 'booked'"),
        postgresql_where=sa.text("state = 'booked'"),
    ),
)

level_seen = sa.Table(
    "level_seen",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, nullable=False, index=True),
    sa.Column("on", sa.Date, nullable=False),
    sa.Column("occasion", sa.String(16), nullable=False),  # interview, replacement, test
    sa.Column("level", sa.String(12), nullable=False),
    sa.Column("oral", sa.String(12), nullable=False),
    sa.Column("written", sa.String(12), nullable=False),
    sa.Column("confidence", sa.String(8), nullable=False),  # low, medium, high
    *stamp(),
)

same_person = sa.Table(
    "same_person",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kept_id", sa.Uuid, sa.ForeignKey("signatory.id"), nullable=False, index=True),
    sa.Column("other_id", sa.Uuid, sa.ForeignKey("signatory.id"), nullable=False, index=True),
    sa.Column("why", JsonValue, nullable=False),
    sa.Column("undone_at", UtcDateTime),
    sa.Column("undone_by", sa.String(80)),
    *stamp(),
)

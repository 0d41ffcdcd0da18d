"""Tables of the life of a contract: moves, proposals, duties, what was prescribed beside the trainings, the dossier."""

__all__ = [
    "carried",
    "contract_move",
    "dismissal",
    "dossier_entry",
    "duty",
    "follow_up",
    "orientation",
    "platform_log",
    "proposal",
    "signature",
    "training_outcome",
]

import sqlalchemy as sa

from services.scheduler.storage.base import METADATA, stamp
from shared.database import JsonValue, UtcDateTime

proposal = sa.Table(
    "proposal",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False, index=True),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("state", sa.String(12), nullable=False),  # pending, accepted, refused, lapsed
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("stated_by", sa.String(12), nullable=False),
    sa.Column("months", sa.Integer, nullable=False),  # asked for
    sa.Column("opinion", sa.Text, nullable=False),
    sa.Column("evidence", JsonValue, nullable=False),  # of the flag, as it stood when the proposal was signed
    sa.Column("proposed_by", sa.String(80), nullable=False),
    sa.Column("proposed_at", UtcDateTime, nullable=False),
    sa.Column("reference", sa.String(80)),
    sa.Column("decided_on", sa.Date),
    sa.Column("decided_by", sa.String(80)),
    sa.Column("months_granted", sa.Integer),
    sa.Column("refusal_reason", sa.Text),
    sa.Column("notified_on", sa.Date),
    sa.Column("supplied", sa.Text),  # by the person
    sa.Column("appeal_routes", sa.Text),
    sa.Column("term_before", sa.Date, nullable=False),
    sa.Column("term_after", sa.Date),
    sa.Index(
        "uq_proposal_pending",
        "contract_id",
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    ),
)


contract_move = sa.Table(
    "contract_move",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),  # 1, 2, … of the contract
    sa.Column("move", sa.String(24), nullable=False),
    sa.Column("state_before", sa.String(32), nullable=False),
    sa.Column("state_after", sa.String(32), nullable=False),
    sa.Column("on", sa.Date, nullable=False),  # local day on which it takes effect
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("act", JsonValue, nullable=False),  # reason, reference, words, notified_on, territory
    *stamp(),
    sa.UniqueConstraint("contract_id", "number"),
)

signature = sa.Table(
    "signature",
    METADATA,
    sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), primary_key=True),
    sa.Column("party", sa.String(16), primary_key=True),  # person, representative, prefect
    sa.Column("on", sa.Date, nullable=False),
    *stamp(),
)

training_outcome = sa.Table(
    "training_outcome",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("training", sa.String(12), primary_key=True),
    sa.Column("outcome", sa.String(20), nullable=False),  # completed, ended_incomplete
    sa.Column("ended_on", sa.Date, nullable=False),
)

carried = sa.Table(
    "carried",
    METADATA,
    sa.Column("contract_id", sa.Uuid, primary_key=True),
    sa.Column("until", sa.Date, nullable=False),
    sa.Column("minutes", JsonValue, nullable=False),  # [training, part, followed, offered] of an older system
    sa.Column("version", sa.Integer, nullable=False),
)

duty = sa.Table(
    "duty",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False, index=True),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("owner", sa.String(16), nullable=False),
    sa.Column("opens_on", sa.Date, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # open, booked, done
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("booked_on", sa.Date),
    sa.Column("done_on", sa.Date),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("noticed", sa.Boolean, nullable=False),  # the owner was told that it has opened
    *stamp(),
    sa.UniqueConstraint("contract_id", "kind"),
)

dismissal = sa.Table(
    "dismissal",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("flag_id", sa.Uuid, nullable=False, index=True),
    sa.Column("contract_id", sa.Uuid, nullable=False),
    sa.Column("evidence", JsonValue, nullable=False),  # as it stood: other evidence raises the question again
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    *stamp(),
)

orientation = sa.Table(
    "orientation",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False, index=True),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # proposed, accepted, declined, done
    sa.Column("why", sa.String(24), nullable=False),
    *stamp(),
)

follow_up = sa.Table(
    "follow_up",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), nullable=False, index=True),
    sa.Column("offer", sa.String(80), nullable=False),  # code of the territory's offer
    sa.Column("state", sa.String(12), nullable=False),  # prescribed, booked, attended, given_up
    sa.Column("on", sa.Date),
    *stamp(),
)

platform_log = sa.Table(
    "platform_log",
    METADATA,
    sa.Column("contract_id", sa.Uuid, sa.ForeignKey("contract.id"), primary_key=True),
    sa.Column("reported_on", sa.Date, primary_key=True),
    sa.Column("last_login", sa.Date),
    sa.Column("minutes", sa.Integer, nullable=False),  # since the beginning
    sa.Column("module", sa.String(40), nullable=False),
    sa.Column("test", sa.String(40), nullable=False),
    *stamp(),
)

dossier_entry = sa.Table(
    "dossier_entry",
    METADATA,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("person_id", sa.Uuid, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("source", sa.String(16), nullable=False),  # the service that owns the detail
    sa.Column("link", sa.String(120), nullable=False),
    sa.UniqueConstraint("person_id", "at", "code", "link"),  # told again, it is the same line
)

"""The life of contracts: what comes before one (interest, answers, interviews), its moves and duties, the dossier."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime

revision = "0003"
down_revision = "0002"

TABLES = (
    "candidate",
    "carried",
    "dismissal",
    "door_count",
    "dossier_entry",
    "interest",
    "interview_slot",
    "level_seen",
    "reviewed",
    "training_outcome",
    "appointment",
    "eligibility_answer",
    "same_person",
    "contract_move",
    "duty",
    "follow_up",
    "orientation",
    "platform_log",
    "signature",
)


def upgrade() -> None:
    """Widen the contract's state, say what is known of permit and offer, and add the tables."""
    with op.batch_alter_table("contract") as contract:
        contract.alter_column("state", existing_type=sa.String(length=24), type_=sa.String(length=32))
        contract.add_column(sa.Column("permit_consequence", sa.String(length=24), nullable=True))
        contract.add_column(sa.Column("language_offer", sa.String(length=12), nullable=True))
    op.execute("UPDATE contract SET language_offer = ''")
    with op.batch_alter_table("contract") as contract:
        contract.alter_column("language_offer", existing_type=sa.String(length=12), nullable=False)
    with op.batch_alter_table("proposal") as proposal:
        proposal.add_column(sa.Column("supplied", sa.Text(), nullable=True))
        proposal.add_column(sa.Column("appeal_routes", sa.Text(), nullable=True))
    op.create_table(
        "candidate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("entry", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("facts", JsonValue(), nullable=False),
        sa.Column("private", JsonValue(), nullable=False),
        sa.Column("programme", sa.String(length=24), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("regime", sa.String(length=24), nullable=False),
        sa.Column("permit_consequence", sa.String(length=24), nullable=True),
        sa.Column("record", JsonValue(), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate")),
        sa.UniqueConstraint("reference", name=op.f("uq_candidate_reference")),
    )
    op.create_index(op.f("ix_candidate_territory"), "candidate", ["territory"], unique=False)
    op.create_table(
        "carried",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("minutes", JsonValue(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_carried")),
    )
    op.create_table(
        "dismissal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("evidence", JsonValue(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dismissal")),
    )
    op.create_index(op.f("ix_dismissal_flag_id"), "dismissal", ["flag_id"], unique=False)
    op.create_table(
        "door_count",
        sa.Column("door", sa.String(length=24), nullable=False),
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("hour", UtcDateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("door", "caller", "hour", name=op.f("pk_door_count")),
    )
    op.create_table(
        "dossier_entry",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("link", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_dossier_entry")),
        sa.UniqueConstraint("person_id", "at", "code", "link", name=op.f("uq_dossier_entry_person_id_at_code_link")),
    )
    op.create_table(
        "interest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("commune", sa.String(length=5), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("permit_kind", sa.String(length=16), nullable=False),
        sa.Column("private", JsonValue(), nullable=False),
        sa.Column("declared_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interest")),
    )
    op.create_index(op.f("ix_interest_declared_at"), "interest", ["declared_at"], unique=False)
    op.create_index(op.f("ix_interest_territory"), "interest", ["territory"], unique=False)
    op.create_table(
        "interview_slot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("platform", sa.String(length=80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("half", sa.String(length=12), nullable=False),
        sa.Column("starts_at", sa.String(length=5), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("desks", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interview_slot")),
        sa.UniqueConstraint(
            "platform", "territory", "day", "half", name=op.f("uq_interview_slot_platform_territory_day_half")
        ),
    )
    op.create_index(op.f("ix_interview_slot_territory"), "interview_slot", ["territory"], unique=False)
    op.create_table(
        "level_seen",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("occasion", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("oral", sa.String(length=12), nullable=False),
        sa.Column("written", sa.String(length=12), nullable=False),
        sa.Column("confidence", sa.String(length=8), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_level_seen")),
    )
    op.create_index(op.f("ix_level_seen_person_id"), "level_seen", ["person_id"], unique=False)
    op.create_table(
        "reviewed",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("until", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_reviewed")),
    )
    op.create_table(
        "training_outcome",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("training", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("contract_id", "training", name=op.f("pk_training_outcome")),
    )
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("desk", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["slot_id"], ["interview_slot.id"], name=op.f("fk_appointment_slot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index(op.f("ix_appointment_person_id"), "appointment", ["person_id"], unique=False)
    op.create_index(op.f("ix_appointment_slot_id"), "appointment", ["slot_id"], unique=False)
    op.create_table(
        "eligibility_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.String(length=24), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("fact", sa.String(length=40), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("regime", sa.String(length=24), nullable=False),
        sa.Column("permit_consequence", sa.String(length=24), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidate.id"], name=op.f("fk_eligibility_answer_candidate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_eligibility_answer")),
    )
    op.create_index(op.f("ix_eligibility_answer_candidate_id"), "eligibility_answer", ["candidate_id"], unique=False)
    op.create_table(
        "same_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("why", JsonValue(), nullable=False),
        sa.Column("undone_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(length=80), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["kept_id"], ["signatory.id"], name=op.f("fk_same_person_kept_id")),
        sa.ForeignKeyConstraint(["other_id"], ["signatory.id"], name=op.f("fk_same_person_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_same_person")),
    )
    op.create_index(op.f("ix_same_person_kept_id"), "same_person", ["kept_id"], unique=False)
    op.create_index(op.f("ix_same_person_other_id"), "same_person", ["other_id"], unique=False)
    op.create_table(
        "contract_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("move", sa.String(length=24), nullable=False),
        sa.Column("state_before", sa.String(length=32), nullable=False),
        sa.Column("state_after", sa.String(length=32), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("act", JsonValue(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_contract_move_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_move")),
        sa.UniqueConstraint("contract_id", "number", name=op.f("uq_contract_move_contract_id_number")),
    )
    op.create_index(op.f("ix_contract_move_contract_id"), "contract_move", ["contract_id"], unique=False)
    op.create_table(
        "duty",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("owner", sa.String(length=16), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("noticed", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_duty_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
        sa.UniqueConstraint("contract_id", "kind", name=op.f("uq_duty_contract_id_kind")),
    )
    op.create_index(op.f("ix_duty_contract_id"), "duty", ["contract_id"], unique=False)
    op.create_index(op.f("ix_duty_territory"), "duty", ["territory"], unique=False)
    op.create_table(
        "follow_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("offer", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("on", sa.Date(), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_follow_up_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up")),
    )
    op.create_index(op.f("ix_follow_up_contract_id"), "follow_up", ["contract_id"], unique=False)
    op.create_table(
        "orientation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("why", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_orientation_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orientation")),
    )
    op.create_index(op.f("ix_orientation_contract_id"), "orientation", ["contract_id"], unique=False)
    op.create_table(
        "platform_log",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("last_login", sa.Date(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("module", sa.String(length=40), nullable=False),
        sa.Column("test", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_platform_log_contract_id")),
        sa.PrimaryKeyConstraint("contract_id", "reported_on", name=op.f("pk_platform_log")),
    )
    op.create_table(
        "signature",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(length=16), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_signature_contract_id")),
        sa.PrimaryKeyConstraint("contract_id", "party", name=op.f("pk_signature")),
    )
    op.add_column("placement", sa.Column("told_on", sa.Date(), nullable=True))
    op.add_column("placement", sa.Column("told_by", sa.String(length=12), nullable=True))


def downgrade() -> None:
    """Remove them."""
    for table in reversed(TABLES):
        op.drop_table(table)
    with op.batch_alter_table("proposal") as proposal:
        proposal.drop_column("appeal_routes")
        proposal.drop_column("supplied")
    with op.batch_alter_table("contract") as contract:
        contract.drop_column("language_offer")
        contract.drop_column("permit_consequence")
        contract.alter_column("state", existing_type=sa.String(length=32), type_=sa.String(length=24))

"""What a roll is worth in court: acts, life cycle, append-only marks under a seal, and what follows from absences."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime
from shared.migrations import append_only, free

revision = "0004"
down_revision = "0003"

FROZEN = ("mark", "act", "identification", "answer", "seal", "chain_head", "statement", "sheet_read")
# The columns that are filled keep their default in the database: the code before this revision writes on, too.
ON_MARKS = (
    lambda: sa.Column("act_id", sa.Uuid(), nullable=True),
    lambda: sa.Column("proof_ref", sa.String(length=64), nullable=False, server_default=""),
    lambda: sa.Column("arrived", sa.Time(), nullable=True),
    lambda: sa.Column("left", sa.Time(), nullable=True),
    lambda: sa.Column("source", sa.String(length=12), nullable=False, server_default="device"),
    lambda: sa.Column("ground", sa.String(length=16), nullable=False, server_default=""),
)
ON_ROLLS = (
    lambda: sa.Column("version", sa.Integer(), nullable=False, server_default="0"),
    lambda: sa.Column("held_by", sa.String(length=80), nullable=False, server_default=""),
    lambda: sa.Column("submitted_by", sa.String(length=80), nullable=True),
    lambda: sa.Column("submitted_at", UtcDateTime(timezone=True), nullable=True),
    lambda: sa.Column("sealed_at", UtcDateTime(timezone=True), nullable=True),
)


def upgrade() -> None:
    """Add the tables and columns; what was signed before waits for its seal."""
    op.create_table('act',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('source', sa.String(length=12), nullable=False),
    sa.Column('known_by', sa.String(length=12), nullable=False),
    sa.Column('media_type', sa.String(length=40), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('made_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_act'))
    )
    op.create_index(op.f('ix_act_meeting_id'), 'act', ['meeting_id'], unique=False)
    op.create_table('announcement',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('reason', sa.String(length=32), nullable=False),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('recorded_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_announcement'))
    )
    op.create_index(op.f('ix_announcement_meeting_id'), 'announcement', ['meeting_id'], unique=False)
    op.create_index(op.f('ix_announcement_signatory_id'), 'announcement', ['signatory_id'], unique=False)
    op.create_table('answer',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('mark_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.String(length=32), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('recorded_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_answer'))
    )
    op.create_index(op.f('ix_answer_mark_id'), 'answer', ['mark_id'], unique=False)
    op.create_table('chain_head',
    sa.Column('provider_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('head', sa.String(length=64), nullable=False),
    sa.Column('told_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('provider_id', 'day', name=op.f('pk_chain_head'))
    )
    op.create_table('contact_word',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('given_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_word'))
    )
    op.create_index(op.f('ix_contact_word_signatory_id'), 'contact_word', ['signatory_id'], unique=False)
    op.create_table('correction_request',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('mark', JsonValue(), nullable=False),
    sa.Column('reason', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('refused_because', sa.String(length=32), nullable=False),
    sa.Column('asked_by', sa.String(length=80), nullable=False),
    sa.Column('asked_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(length=80), nullable=False),
    sa.Column('decided_at', UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_correction_request'))
    )
    op.create_index(op.f('ix_correction_request_meeting_id'), 'correction_request', ['meeting_id'], unique=False)
    op.create_table('identification',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('provisional_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=True),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('recorded_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identification')),
    sa.UniqueConstraint('provisional_id', 'seq', name=op.f('uq_identification_provisional_id_seq'))
    )
    op.create_index(op.f('ix_identification_provisional_id'), 'identification', ['provisional_id'], unique=False)
    op.create_table('level_test',
    sa.Column('contract_id', sa.Uuid(), nullable=False),
    sa.Column('test', sa.String(length=12), nullable=False),
    sa.Column('level', sa.String(length=8), nullable=False),
    sa.Column('target_reached', sa.Boolean(), nullable=False),
    sa.Column('reached_on', sa.Date(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('contract_id', 'test', name=op.f('pk_level_test'))
    )
    op.create_table('missing_roll',
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=False),
    sa.Column('stage', sa.String(length=12), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('meeting_id', name=op.f('pk_missing_roll'))
    )
    op.create_index(op.f('ix_missing_roll_session_id'), 'missing_roll', ['session_id'], unique=False)
    op.create_table('opinion',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('contract_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('verdict', sa.String(length=24), nullable=False),
    sa.Column('evidence', JsonValue(), nullable=False),
    sa.Column('drafted_by', sa.String(length=80), nullable=False),
    sa.Column('drafted_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('signed_by', sa.String(length=80), nullable=False),
    sa.Column('signed_at', UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_opinion'))
    )
    op.create_index(op.f('ix_opinion_contract_id'), 'opinion', ['contract_id'], unique=False)
    op.create_table('person_key',
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('subject_id', name=op.f('pk_person_key'))
    )
    op.create_table('provisional',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('recorded_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_provisional'))
    )
    op.create_index(op.f('ix_provisional_meeting_id'), 'provisional', ['meeting_id'], unique=False)
    op.create_table('relay',
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('asked_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('meeting_id', 'signatory_id', name=op.f('pk_relay'))
    )
    op.create_table('seal',
    sa.Column('provider_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('commitments', JsonValue(), nullable=False),
    sa.Column('statement', JsonValue(), nullable=False),
    sa.Column('previous', sa.String(length=64), nullable=False),
    sa.Column('head', sa.String(length=64), nullable=False),
    sa.Column('sealed_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('provider_id', 'position', name=op.f('pk_seal'))
    )
    op.create_index(op.f('ix_seal_meeting_id'), 'seal', ['meeting_id'], unique=False)
    op.create_table('sent_paper',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('mark_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('media_type', sa.String(length=40), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('received_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('delete_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('deleted_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('deleted_because', sa.String(length=12), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sent_paper'))
    )
    op.create_index(op.f('ix_sent_paper_mark_id'), 'sent_paper', ['mark_id'], unique=False)
    op.create_table('sheet_read',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('read_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sheet_read'))
    )
    op.create_index(op.f('ix_sheet_read_meeting_id'), 'sheet_read', ['meeting_id'], unique=False)
    op.create_table('statement',
    sa.Column('provider_id', sa.Uuid(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('content', JsonValue(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('made_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('provider_id', 'month', 'version', name=op.f('pk_statement'))
    )
    for column in ON_MARKS:
        op.add_column("mark", column())
    for column in ON_ROLLS:
        op.add_column("roll", column())
    op.execute(
        "INSERT INTO level_test (contract_id, test, level, target_reached, reached_on, actor) "
        "SELECT contract_id, test, level, true, reached_on, actor FROM early_exit"
    )
    append_only(*FROZEN)


def downgrade() -> None:
    """Remove them."""
    free(*FROZEN)
    for column in reversed(ON_ROLLS):
        op.drop_column("roll", column().name)
    for column in reversed(ON_MARKS):
        op.drop_column("mark", column().name)
    op.drop_table('statement')
    op.drop_index(op.f('ix_sheet_read_meeting_id'), table_name='sheet_read')
    op.drop_table('sheet_read')
    op.drop_index(op.f('ix_sent_paper_mark_id'), table_name='sent_paper')
    op.drop_table('sent_paper')
    op.drop_index(op.f('ix_seal_meeting_id'), table_name='seal')
    op.drop_table('seal')
    op.drop_table('relay')
    op.drop_index(op.f('ix_provisional_meeting_id'), table_name='provisional')
    op.drop_table('provisional')
    op.drop_table('person_key')
    op.drop_index(op.f('ix_opinion_contract_id'), table_name='opinion')
    op.drop_table('opinion')
    op.drop_index(op.f('ix_missing_roll_session_id'), table_name='missing_roll')
    op.drop_table('missing_roll')
    op.drop_table('level_test')
    op.drop_index(op.f('ix_identification_provisional_id'), table_name='identification')
    op.drop_table('identification')
    op.drop_index(op.f('ix_correction_request_meeting_id'), table_name='correction_request')
    op.drop_table('correction_request')
    op.drop_index(op.f('ix_contact_word_signatory_id'), table_name='contact_word')
    op.drop_table('contact_word')
    op.drop_table('chain_head')
    op.drop_index(op.f('ix_answer_mark_id'), table_name='answer')
    op.drop_table('answer')
    op.drop_index(op.f('ix_announcement_signatory_id'), table_name='announcement')
    op.drop_index(op.f('ix_announcement_meeting_id'), table_name='announcement')
    op.drop_table('announcement')
    op.drop_index(op.f('ix_act_meeting_id'), table_name='act')
    op.drop_table('act')

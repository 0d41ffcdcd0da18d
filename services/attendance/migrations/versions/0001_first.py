"""The attendance service's first tables."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime
from shared.migrations import create_shared_tables, drop_shared_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the shared tables, then this service's own."""
    create_shared_tables()
    op.create_table('attempt',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('method', sa.String(length=12), nullable=False),
    sa.Column('outcome', sa.String(length=16), nullable=False),
    sa.Column('made_on', sa.Date(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempt'))
    )
    op.create_index(op.f('ix_attempt_signatory_id'), 'attempt', ['signatory_id'], unique=False)
    op.create_table('completion',
    sa.Column('contract_id', sa.Uuid(), nullable=False),
    sa.Column('training', sa.String(length=12), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('contract_id', 'training', name=op.f('pk_completion'))
    )
    op.create_table('contract',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('territory', sa.String(length=8), nullable=False),
    sa.Column('state', sa.String(length=24), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=False),
    sa.Column('term_on', sa.Date(), nullable=False),
    sa.Column('rules', JsonValue(), nullable=False),
    sa.Column('owed', JsonValue(), nullable=False),
    sa.Column('stale', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contract'))
    )
    op.create_index(op.f('ix_contract_signatory_id'), 'contract', ['signatory_id'], unique=False)
    op.create_index(op.f('ix_contract_stale'), 'contract', ['stale'], unique=False)
    op.create_table('early_exit',
    sa.Column('contract_id', sa.Uuid(), nullable=False),
    sa.Column('level', sa.String(length=8), nullable=False),
    sa.Column('test', sa.String(length=12), nullable=False),
    sa.Column('reached_on', sa.Date(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('contract_id', name=op.f('pk_early_exit'))
    )
    op.create_table('flag',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('contract_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('owner', sa.String(length=24), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('evidence', JsonValue(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flag'))
    )
    op.create_index(op.f('ix_flag_contract_id'), 'flag', ['contract_id'], unique=False)
    op.create_table('mark',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('status', sa.String(length=24), nullable=False),
    sa.Column('minutes_lost', sa.Integer(), nullable=False),
    sa.Column('act', sa.String(length=20), nullable=False),
    sa.Column('act_reason', sa.String(length=24), nullable=False),
    sa.Column('supersedes', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.String(length=32), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('effective_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mark')),
    sa.UniqueConstraint('meeting_id', 'signatory_id', 'seq', name=op.f('uq_mark_meeting_id_signatory_id_seq'))
    )
    op.create_index(op.f('ix_mark_meeting_id'), 'mark', ['meeting_id'], unique=False)
    op.create_index(op.f('ix_mark_signatory_id'), 'mark', ['signatory_id'], unique=False)
    op.create_table('meeting',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=False),
    sa.Column('slot', sa.String(length=12), nullable=False),
    sa.Column('starts_at', sa.Time(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('part', sa.String(length=8), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting'))
    )
    op.create_index(op.f('ix_meeting_held_on'), 'meeting', ['held_on'], unique=False)
    op.create_index(op.f('ix_meeting_session_id'), 'meeting', ['session_id'], unique=False)
    op.create_table('notice_proof',
    sa.Column('notice_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('delivered', sa.Boolean(), nullable=False),
    sa.Column('usable', sa.Boolean(), nullable=False),
    sa.Column('channel', sa.String(length=12), nullable=False),
    sa.PrimaryKeyConstraint('notice_id', name=op.f('pk_notice_proof'))
    )
    op.create_index(op.f('ix_notice_proof_signatory_id'), 'notice_proof', ['signatory_id'], unique=False)
    op.create_table('placement',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('contract_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('part', sa.String(length=8), nullable=False),
    sa.Column('joins_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_placement'))
    )
    op.create_index(op.f('ix_placement_contract_id'), 'placement', ['contract_id'], unique=False)
    op.create_index(op.f('ix_placement_session_id'), 'placement', ['session_id'], unique=False)
    op.create_index(op.f('ix_placement_signatory_id'), 'placement', ['signatory_id'], unique=False)
    op.create_table('progress',
    sa.Column('contract_id', sa.Uuid(), nullable=False),
    sa.Column('followed_minutes', sa.Integer(), nullable=False),
    sa.Column('remaining_minutes', sa.Integer(), nullable=False),
    sa.Column('forecast_first', sa.Date(), nullable=True),
    sa.Column('forecast_last', sa.Date(), nullable=True),
    sa.Column('status', sa.String(length=20), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('told_on', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('contract_id', name=op.f('pk_progress'))
    )
    op.create_table('provider',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('label', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_provider'))
    )
    op.create_table('review',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('reviewed_on', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review'))
    )
    op.create_table('roll',
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('signed_by', sa.String(length=80), nullable=True),
    sa.Column('signed_at', UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('meeting_id', name=op.f('pk_roll'))
    )
    op.create_index(op.f('ix_roll_session_id'), 'roll', ['session_id'], unique=False)
    op.create_table('session',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('provider_id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('training', sa.String(length=12), nullable=False),
    sa.Column('package', sa.String(length=24), nullable=False),
    sa.Column('trainer', sa.String(length=80), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_session'))
    )
    op.create_index(op.f('ix_session_provider_id'), 'session', ['provider_id'], unique=False)
    op.create_table('signatory',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('territory', sa.String(length=8), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('alias', sa.String(length=40), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signatory'))
    )
    op.create_table('site',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('label', sa.String(length=200), nullable=False),
    sa.Column('commune', sa.String(length=80), nullable=False),
    sa.Column('zone', sa.String(length=40), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_site'))
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table('site')
    op.drop_table('signatory')
    op.drop_index(op.f('ix_session_provider_id'), table_name='session')
    op.drop_table('session')
    op.drop_index(op.f('ix_roll_session_id'), table_name='roll')
    op.drop_table('roll')
    op.drop_table('review')
    op.drop_table('provider')
    op.drop_table('progress')
    op.drop_index(op.f('ix_placement_signatory_id'), table_name='placement')
    op.drop_index(op.f('ix_placement_session_id'), table_name='placement')
    op.drop_index(op.f('ix_placement_contract_id'), table_name='placement')
    op.drop_table('placement')
    op.drop_index(op.f('ix_notice_proof_signatory_id'), table_name='notice_proof')
    op.drop_table('notice_proof')
    op.drop_index(op.f('ix_meeting_session_id'), table_name='meeting')
    op.drop_index(op.f('ix_meeting_held_on'), table_name='meeting')
    op.drop_table('meeting')
    op.drop_index(op.f('ix_mark_signatory_id'), table_name='mark')
    op.drop_index(op.f('ix_mark_meeting_id'), table_name='mark')
    op.drop_table('mark')
    op.drop_index(op.f('ix_flag_contract_id'), table_name='flag')
    op.drop_table('flag')
    op.drop_table('early_exit')
    op.drop_index(op.f('ix_contract_stale'), table_name='contract')
    op.drop_index(op.f('ix_contract_signatory_id'), table_name='contract')
    op.drop_table('contract')
    op.drop_table('completion')
    op.drop_index(op.f('ix_attempt_signatory_id'), table_name='attempt')
    op.drop_table('attempt')
    drop_shared_tables()

"""The scheduler service's first tables."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime
from shared.migrations import create_shared_tables, drop_shared_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the shared tables, then this service's own."""
    create_shared_tables()
    op.create_table('account',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('login', sa.String(length=80), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('scope', sa.String(length=40), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('locked_until', UtcDateTime(timezone=True), nullable=True),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('login', name=op.f('uq_account_login'))
    )
    op.create_table('contract_progress',
    sa.Column('contract_id', sa.Uuid(), nullable=False),
    sa.Column('followed_minutes', sa.Integer(), nullable=False),
    sa.Column('remaining_minutes', sa.Integer(), nullable=False),
    sa.Column('forecast_first', sa.Date(), nullable=True),
    sa.Column('forecast_last', sa.Date(), nullable=True),
    sa.Column('status', sa.String(length=20), nullable=False),
    sa.PrimaryKeyConstraint('contract_id', name=op.f('pk_contract_progress'))
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
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flag'))
    )
    op.create_index(op.f('ix_flag_contract_id'), 'flag', ['contract_id'], unique=False)
    op.create_table('meeting_count',
    sa.Column('meeting_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('present', sa.Integer(), nullable=False),
    sa.Column('absent', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('meeting_id', name=op.f('pk_meeting_count'))
    )
    op.create_index(op.f('ix_meeting_count_session_id'), 'meeting_count', ['session_id'], unique=False)
    op.create_table('offer_item',
    sa.Column('territory', sa.String(length=8), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('code', sa.String(length=80), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('facts', JsonValue(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('territory', 'kind', 'code', name=op.f('pk_offer_item')),
    sa.UniqueConstraint('id', name=op.f('uq_offer_item_id'))
    )
    op.create_table('plan_run',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('territory', sa.String(length=8), nullable=False),
    sa.Column('programme', sa.String(length=24), nullable=False),
    sa.Column('publish_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('base_version', sa.Integer(), nullable=True),
    sa.Column('inputs', sa.String(length=64), nullable=True),
    sa.Column('problem', JsonValue(), nullable=True),
    sa.Column('plan', JsonValue(), nullable=True),
    sa.Column('summary', JsonValue(), nullable=True),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('asked_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('published_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('published_by', sa.String(length=80), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_run'))
    )
    op.create_index(op.f('ix_plan_run_territory'), 'plan_run', ['territory'], unique=False)
    op.create_table('signatory',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('territory', sa.String(length=8), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('facts', JsonValue(), nullable=False),
    sa.Column('private', JsonValue(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signatory')),
    sa.UniqueConstraint('reference', name=op.f('uq_signatory_reference'))
    )
    op.create_index(op.f('ix_signatory_territory'), 'signatory', ['territory'], unique=False)
    op.create_table('territory',
    sa.Column('code', sa.String(length=8), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_territory'))
    )
    op.create_table('unreachable',
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('last_reason', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('signatory_id', name=op.f('pk_unreachable'))
    )
    op.create_table('contract',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('territory', sa.String(length=8), nullable=False),
    sa.Column('programme', sa.String(length=24), nullable=False),
    sa.Column('regime', sa.String(length=24), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=False),
    sa.Column('term_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=24), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['signatory_id'], ['signatory.id'], name=op.f('fk_contract_signatory_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contract'))
    )
    op.create_index(op.f('ix_contract_signatory_id'), 'contract', ['signatory_id'], unique=False)
    op.create_index(op.f('ix_contract_territory'), 'contract', ['territory'], unique=False)
    op.create_table('demo_link',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('used_at', UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_demo_link_account_id')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_demo_link'))
    )
    op.create_table('session',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('territory', sa.String(length=8), nullable=False),
    sa.Column('training', sa.String(length=12), nullable=False),
    sa.Column('parts', sa.String(length=24), nullable=False),
    sa.Column('site', sa.String(length=80), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('facts', JsonValue(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('run_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['plan_run.id'], name=op.f('fk_session_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_session'))
    )
    op.create_index(op.f('ix_session_territory'), 'session', ['territory'], unique=False)
    op.create_table('web_session',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('until', UtcDateTime(timezone=True), nullable=False),
    sa.Column('revoked', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_web_session_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_web_session'))
    )
    op.create_table('meeting',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('part', sa.String(length=8), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('slot', sa.String(length=12), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('room', sa.String(length=80), nullable=False),
    sa.Column('trainer', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['session.id'], name=op.f('fk_meeting_session_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting')),
    sa.UniqueConstraint('room', 'day', 'slot', name=op.f('uq_meeting_room_day_slot')),
    sa.UniqueConstraint('trainer', 'day', 'slot', name=op.f('uq_meeting_trainer_day_slot'))
    )
    op.create_index(op.f('ix_meeting_session_id'), 'meeting', ['session_id'], unique=False)
    op.create_table('need',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('contract_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('territory', sa.String(length=8), nullable=False),
    sa.Column('training', sa.String(length=12), nullable=False),
    sa.Column('part', sa.String(length=8), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('deadline', sa.Date(), nullable=True),
    sa.Column('again', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('reason', JsonValue(), nullable=True),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('fk_need_contract_id')),
    sa.ForeignKeyConstraint(['signatory_id'], ['signatory.id'], name=op.f('fk_need_signatory_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_need'))
    )
    op.create_index(op.f('ix_need_contract_id'), 'need', ['contract_id'], unique=False)
    op.create_index(op.f('ix_need_signatory_id'), 'need', ['signatory_id'], unique=False)
    op.create_index(op.f('ix_need_territory'), 'need', ['territory'], unique=False)
    op.create_table('placement',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('need_id', sa.Uuid(), nullable=False),
    sa.Column('contract_id', sa.Uuid(), nullable=False),
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('part', sa.String(length=8), nullable=False),
    sa.Column('joins_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('changed_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('fk_placement_contract_id')),
    sa.ForeignKeyConstraint(['need_id'], ['need.id'], name=op.f('fk_placement_need_id')),
    sa.ForeignKeyConstraint(['session_id'], ['session.id'], name=op.f('fk_placement_session_id')),
    sa.ForeignKeyConstraint(['signatory_id'], ['signatory.id'], name=op.f('fk_placement_signatory_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_placement'))
    )
    op.create_index(op.f('ix_placement_need_id'), 'placement', ['need_id'], unique=False)
    op.create_index(op.f('ix_placement_session_id'), 'placement', ['session_id'], unique=False)
    op.create_index(op.f('ix_placement_signatory_id'), 'placement', ['signatory_id'], unique=False)
    op.create_table('seat_time',
    sa.Column('signatory_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('slot', sa.String(length=12), nullable=False),
    sa.Column('placement_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['placement_id'], ['placement.id'], name=op.f('fk_seat_time_placement_id')),
    sa.PrimaryKeyConstraint('signatory_id', 'day', 'slot', name=op.f('pk_seat_time'))
    )
    op.create_index(op.f('ix_seat_time_placement_id'), 'seat_time', ['placement_id'], unique=False)


def downgrade() -> None:
    """Remove them."""
    op.drop_index(op.f('ix_seat_time_placement_id'), table_name='seat_time')
    op.drop_table('seat_time')
    op.drop_index(op.f('ix_placement_signatory_id'), table_name='placement')
    op.drop_index(op.f('ix_placement_session_id'), table_name='placement')
    op.drop_index(op.f('ix_placement_need_id'), table_name='placement')
    op.drop_table('placement')
    op.drop_index(op.f('ix_need_territory'), table_name='need')
    op.drop_index(op.f('ix_need_signatory_id'), table_name='need')
    op.drop_index(op.f('ix_need_contract_id'), table_name='need')
    op.drop_table('need')
    op.drop_index(op.f('ix_meeting_session_id'), table_name='meeting')
    op.drop_table('meeting')
    op.drop_table('web_session')
    op.drop_index(op.f('ix_session_territory'), table_name='session')
    op.drop_table('session')
    op.drop_table('demo_link')
    op.drop_index(op.f('ix_contract_territory'), table_name='contract')
    op.drop_index(op.f('ix_contract_signatory_id'), table_name='contract')
    op.drop_table('contract')
    op.drop_table('unreachable')
    op.drop_table('territory')
    op.drop_index(op.f('ix_signatory_territory'), table_name='signatory')
    op.drop_table('signatory')
    op.drop_index(op.f('ix_plan_run_territory'), table_name='plan_run')
    op.drop_table('plan_run')
    op.drop_table('offer_item')
    op.drop_index(op.f('ix_meeting_count_session_id'), table_name='meeting_count')
    op.drop_table('meeting_count')
    op.drop_index(op.f('ix_flag_contract_id'), table_name='flag')
    op.drop_table('flag')
    op.drop_table('contract_progress')
    op.drop_table('account')
    drop_shared_tables()

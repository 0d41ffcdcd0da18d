"""The notifications service's first tables."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime
from shared.migrations import create_shared_tables, drop_shared_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the shared tables, then this service's own."""
    create_shared_tables()
    op.create_table('contactability',
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('channels', JsonValue(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_contactability'))
    )
    op.create_table('notice',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=True),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('territory', sa.String(length=8), nullable=False),
    sa.Column('days', JsonValue(), nullable=False),
    sa.Column('site', sa.String(length=40), nullable=False),
    sa.Column('training', sa.String(length=12), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('languages', JsonValue(), nullable=False),
    sa.Column('usable', sa.Boolean(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('cost', sa.Integer(), nullable=False),
    sa.Column('task', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.String(length=80), nullable=False),
    sa.Column('useless_after', UtcDateTime(timezone=True), nullable=False),
    sa.Column('due_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('ready_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('holder', sa.Uuid(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('skipped', JsonValue(), nullable=False),
    sa.Column('made_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice'))
    )
    op.create_index('ix_notice_due', 'notice', ['due_at'], unique=False, sqlite_where=sa.text("state IN ('due', 'sending')"), postgresql_where=sa.text("state IN ('due', 'sending')"))
    op.create_index('ix_notice_made', 'notice', ['territory', 'made_at', 'id'], unique=False)
    op.create_index(op.f('ix_notice_person_id'), 'notice', ['person_id'], unique=False)
    op.create_index(op.f('ix_notice_session_id'), 'notice', ['session_id'], unique=False)
    op.create_table('person',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('territory', sa.String(length=8), nullable=False),
    sa.Column('spoken', JsonValue(), nullable=False),
    sa.Column('reads', sa.String(length=12), nullable=False),
    sa.Column('reading_language', sa.String(length=8), nullable=False),
    sa.Column('channel', sa.String(length=12), nullable=False),
    sa.Column('shared_phone', sa.Boolean(), nullable=False),
    sa.Column('alias', sa.String(length=40), nullable=False),
    sa.Column('phone', sa.String(length=40), nullable=False),
    sa.Column('email', sa.String(length=200), nullable=False),
    sa.Column('refused', JsonValue(), nullable=False),
    sa.Column('stale', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person'))
    )
    op.create_index(op.f('ix_person_stale'), 'person', ['stale'], unique=False)
    op.create_index(op.f('ix_person_territory'), 'person', ['territory'], unique=False)
    op.create_table('placement',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('part', sa.String(length=8), nullable=False),
    sa.Column('joins_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_placement'))
    )
    op.create_index(op.f('ix_placement_person_id'), 'placement', ['person_id'], unique=False)
    op.create_index(op.f('ix_placement_session_id'), 'placement', ['session_id'], unique=False)
    op.create_table('seat_news',
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('due_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('person_id', 'session_id', name=op.f('pk_seat_news'))
    )
    op.create_index(op.f('ix_seat_news_due_at'), 'seat_news', ['due_at'], unique=False)
    op.create_table('session',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('training', sa.String(length=12), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('meetings', JsonValue(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_session'))
    )
    op.create_table('site',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('label', sa.String(length=200), nullable=False),
    sa.Column('commune', sa.String(length=80), nullable=False),
    sa.Column('zone', sa.String(length=40), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_site'))
    )
    op.create_table('attempt',
    sa.Column('notice_id', sa.Uuid(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('gateway', sa.String(length=16), nullable=False),
    sa.Column('address_hash', sa.String(length=64), nullable=False),
    sa.Column('started_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.String(length=12), nullable=False),
    sa.Column('reference', sa.String(length=120), nullable=False),
    sa.Column('error', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['notice_id'], ['notice.id'], name=op.f('fk_attempt_notice_id')),
    sa.PrimaryKeyConstraint('notice_id', 'n', name=op.f('pk_attempt'))
    )
    op.create_table('receipt',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('notice_id', sa.Uuid(), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('error', sa.String(length=200), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('heard_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['notice_id'], ['notice.id'], name=op.f('fk_receipt_notice_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_receipt'))
    )
    op.create_index(op.f('ix_receipt_notice_id'), 'receipt', ['notice_id'], unique=False)


def downgrade() -> None:
    """Remove them."""
    op.drop_index(op.f('ix_receipt_notice_id'), table_name='receipt')
    op.drop_table('receipt')
    op.drop_table('attempt')
    op.drop_table('site')
    op.drop_table('session')
    op.drop_index(op.f('ix_seat_news_due_at'), table_name='seat_news')
    op.drop_table('seat_news')
    op.drop_index(op.f('ix_placement_session_id'), table_name='placement')
    op.drop_index(op.f('ix_placement_person_id'), table_name='placement')
    op.drop_table('placement')
    op.drop_index(op.f('ix_person_territory'), table_name='person')
    op.drop_index(op.f('ix_person_stale'), table_name='person')
    op.drop_table('person')
    op.drop_index(op.f('ix_notice_session_id'), table_name='notice')
    op.drop_index(op.f('ix_notice_person_id'), table_name='notice')
    op.drop_index('ix_notice_made', table_name='notice')
    op.drop_index('ix_notice_due', table_name='notice', sqlite_where=sa.text("state IN ('due', 'sending')"), postgresql_where=sa.text("state IN ('due', 'sending')"))
    op.drop_table('notice')
    op.drop_table('contactability')
    drop_shared_tables()

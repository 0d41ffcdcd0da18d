"""The mark in force of each signed half-day, filled from what the first tables hold."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# CAME and NEUTRAL of services/attendance/domain/marks.py as they were at this revision.
FILL = """
INSERT INTO presence (meeting_id, signatory_id, contract_id, session_id, training, part, held_on, rank, mark_id,
                      status, followed, offered)
SELECT mark.meeting_id, mark.signatory_id, seat.contract_id, meeting.session_id, session.training, meeting.part,
       meeting.held_on, CASE meeting.slot WHEN 'morning' THEN 0 WHEN 'afternoon' THEN 1 ELSE 2 END, mark.id,
       mark.status,
       CASE WHEN mark.status IN ('present', 'late', 'left_early') THEN meeting.minutes - mark.minutes_lost ELSE 0 END,
       CASE WHEN mark.status IN ('meeting_cancelled', 'not_yet_enrolled', 'held_roll_missing', 'absent_justified')
            THEN 0 ELSE meeting.minutes END
FROM mark
JOIN roll ON roll.meeting_id = mark.meeting_id AND roll.state = 'signed'
JOIN meeting ON meeting.id = mark.meeting_id
JOIN session ON session.id = meeting.session_id
JOIN (SELECT signatory_id, session_id, max(CAST(contract_id AS varchar(36))) AS contract_id
      FROM placement GROUP BY signatory_id, session_id) AS seat
  ON seat.signatory_id = mark.signatory_id AND seat.session_id = meeting.session_id
WHERE NOT EXISTS (SELECT 1 FROM mark AS later WHERE later.meeting_id = mark.meeting_id
                  AND later.signatory_id = mark.signatory_id AND later.seq > mark.seq)
"""


def upgrade() -> None:
    """Create the table and fill it."""
    op.create_table(
        "presence",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("signatory_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("training", sa.String(length=12), nullable=False),
        sa.Column("part", sa.String(length=8), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("mark_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("followed", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", "signatory_id", name=op.f("pk_presence")),
    )
    op.create_index("ix_presence_contract_held", "presence", ["contract_id", "held_on"], unique=False)
    uuid = "uuid" if op.get_bind().dialect.name == "postgresql" else "char(32)"
    op.execute(FILL.replace("seat.contract_id,", f"CAST(seat.contract_id AS {uuid}),"))


def downgrade() -> None:
    """Remove it."""
    op.drop_table("presence")

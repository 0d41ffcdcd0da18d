"""Appointments, and who stands for a minor."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column and the table."""
    with op.batch_alter_table("person") as person:
        person.add_column(sa.Column("stands_for", sa.Uuid(), nullable=True))
        person.add_column(sa.Column("merged_into", sa.Uuid(), nullable=True))
        person.create_index(person.f("ix_person_stands_for"), ["stands_for"])
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index(op.f("ix_appointment_person_id"), "appointment", ["person_id"], unique=False)


def downgrade() -> None:
    """Remove them."""
    op.drop_table("appointment")
    with op.batch_alter_table("person") as person:
        person.drop_index(person.f("ix_person_stands_for"))
        person.drop_column("merged_into")
        person.drop_column("stands_for")

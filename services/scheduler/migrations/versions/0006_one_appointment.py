"""One appointment of a kind at a time for a person: two agents at once may not give two."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

BOOKED = sa.text("state = 'booked'")


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "uq_appointment_booked",
        "appointment",
        ["person_id", "kind"],
        unique=True,
        sqlite_where=BOOKED,
        postgresql_where=BOOKED,
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_index("uq_appointment_booked", "appointment")

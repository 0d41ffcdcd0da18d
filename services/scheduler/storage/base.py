"""The metadata of every table of the scheduler, and the columns that say who changed a row last."""

__all__ = ["METADATA", "stamp"]

from typing import Any

import sqlalchemy as sa

from shared.database import UtcDateTime, new_metadata

METADATA = new_metadata()


def stamp() -> tuple[sa.Column[Any], ...]:
    """Return the columns that say who made or changed a row, and when."""
    return (
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )

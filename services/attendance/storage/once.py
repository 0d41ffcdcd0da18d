"""What a client made under an id of its own is made once."""

__all__ = ["made_before"]

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.database import rows
from shared.errors import ConflictError


def made_before(db: Session, table: sa.Table, key: UUID, said: Mapping[str, Any]) -> bool:
    """Say whether this was made before under a client's id. Raises ConflictError (`id_reused`) for something else."""
    made = rows(db, sa.select(*(table.c[name] for name in said)).where(table.c.id == key))
    if made and any(made[0][name] != value for name, value in said.items()):
        raise ConflictError(f"id {key} was used before for something else", "id_reused")
    return bool(made)

"""The dossier's index: what happened to a person, when, and where the detail is; the detail stays with its owner."""

__all__ = ["Entry", "entries", "note"]

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from shared.database import insert_new
from shared.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: a closed `code`, the service that owns the detail, and a link or id to find it there."""

    person_id: UUID
    at: datetime
    code: str
    source: str = "scheduler"
    link: str = ""


def note(work: Work, found: Iterable[Entry]) -> None:
    """Keep entries; one that is there already (same person, time, code and link) stays as it is."""
    insert_new(work.db, storage.dossier_entry, [asdict(one) for one in dict.fromkeys(found)])


def entries(work: Work, person_ids: Iterable[UUID]) -> list[dict[str, Any]]:
    """Return the dossier of a person (and of those merged into it), in order of time."""
    table = storage.dossier_entry
    query = sa.select(table).where(table.c.person_id.in_(list(person_ids))).order_by(table.c.at, table.c.seq)
    return storage.rows(work.db, query)

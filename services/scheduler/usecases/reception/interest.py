"""Interest that people declare themselves: little is asked, nobody else is told, and it is gone after 30 days."""

__all__ = ["READERS", "declare", "drop", "find", "purge", "waiting"]

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.cells import Cells
from services.scheduler.domain.intake import read_email, read_phone
from services.scheduler.domain.reception import INTEREST_DAYS
from shared import knocks
from shared.communes import commune
from shared.database import insert_new
from shared.errors import ForbiddenError, InvalidInputError, TooManyError
from shared.scope import check_territory, own_territory
from shared.work import Work

MOST_AN_HOUR = 5  # [A] declarations from one address
DOOR = "interest"
READERS = ("planner", "auditor")  # the page promises that nobody else reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What somebody says: where they live, how to speak to them, which permit they hold; no identity number."""

    commune: str
    language: str
    permit_kind: str
    called: str
    phone: str
    email: str


def declare(work: Work, interest_id: UUID, said: Declared, caller: str, *, test_numbers: bool) -> None:
    """
    Keep a declared interest; the same id again changes nothing.

    Raises InvalidInputError without a phone or address to answer to, TooManyError.
    """
    territory = commune(said.commune).department
    cells = Cells({"phone": said.phone, "email": said.email})
    phone = read_phone(cells, territory, "phone", test_numbers=test_numbers)
    email = read_email(cells, "email")
    if not (said.phone or said.email):
        cells.fault("phone", "contact_needed", "un téléphone ou une adresse électronique")
    if cells.faults:
        raise InvalidInputError("refused", cells.faults)
    if storage.by_id(work.db, storage.interest, [interest_id]):
        return
    _count(work, caller)
    row = {"id": interest_id, "territory": territory, "declared_at": work.now, "commune": said.commune}
    row |= {"language": said.language, "permit_kind": said.permit_kind}
    row["private"] = {"called": said.called, "phone": phone, "email": email}
    insert_new(work.db, storage.interest, [row])


def waiting(work: Work, territory: str | None) -> sa.Select[Any]:
    """Return the query for who waits to be contacted, in a territory or anywhere. Raises ForbiddenError."""
    _only_readers(work)
    query = sa.select(storage.interest)
    wanted = own_territory(work.who, territory)
    return query.where(storage.interest.c.territory == wanted) if wanted else query


def find(work: Work, interest_id: UUID) -> dict[str, Any]:
    """Return a declared interest. Raises NotFoundError, ForbiddenError."""
    _only_readers(work)
    row = storage.one(work.db, storage.interest, interest_id, "interest")
    check_territory(work.who, row["territory"])
    return row


def drop(work: Work, interest_id: UUID) -> None:
    """Forget a declared interest: the person was contacted, or asked for it. Raises NotFoundError."""
    row = storage.one(work.db, storage.interest, interest_id, "interest", lock=True)
    check_territory(work.who, row["territory"])
    work.db.execute(storage.interest.delete().where(storage.interest.c.id == interest_id))


def purge(work: Work) -> int:
    """Forget what was declared more than 30 days ago, and the counts of past hours; return how many interests."""
    knocks.forget_knocks(work.db, storage.door_count)
    old = storage.interest.c.declared_at < work.now - timedelta(days=INTEREST_DAYS)
    return int(work.db.execute(storage.interest.delete().where(old)).rowcount)  # type: ignore[attr-defined]


def _only_readers(work: Work) -> None:
    if work.who.role not in READERS:
        raise ForbiddenError(f"{work.who.role} does not read declared interest")


def _count(work: Work, caller: str) -> None:
    """Count one call of an address, kept only as a keyed digest for two hours."""
    if not knocks.may_knock(work, storage.door_count, DOOR, caller, MOST_AN_HOUR, lock=True):
        raise TooManyError("too many declarations from this address: try again in an hour")
    knocks.count_knock(work, storage.door_count, DOOR, caller)

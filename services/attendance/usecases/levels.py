"""Tests of a course: what level was reached, when, and whether it ends the course early."""

__all__ = ["keep_level"]

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.usecases.hearing import touch
from services.attendance.usecases.seeing import check_seen
from shared.communes import department_of
from shared.database import insert_new
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.work import Work


def keep_level(work: Work, contract_id: UUID, *, level: str, test: str, reached_on: date) -> None:
    """
    Keep that a person proved the target level: at the intermediate test it ends the course early.

    That satisfies assiduity and adds no hour (order of 30 December 2021, art. 5). OFII for its territory, a training
    body for who sits in its groups. Raises NotFoundError, ForbiddenError, ConflictError (`level_recorded`),
    InvalidInputError for a day that cannot be.
    """
    contract = storage.one(work.db, storage.contract, contract_id, "contract")
    seats = storage.placement.c.contract_id == contract_id
    check_seen(work, contract["territory"], seats, NotFoundError("contract", contract_id))
    today = work.now.astimezone(ZoneInfo(department_of(contract["territory"]).time_zone)).date()
    if not contract["signed_on"] <= reached_on <= today:
        words = f"from the signature ({contract['signed_on']}) to today ({today})"
        raise InvalidInputError("the level is refused", [FieldFault("reached_on", "range", words)])
    row = {"contract_id": contract_id, "level": level, "test": test, "reached_on": reached_on}
    known = storage.rows(work.db, sa.select(storage.early_exit).where(storage.early_exit.c.contract_id == contract_id))
    if known and any(known[0][name] != value for name, value in row.items()):
        raise ConflictError(f"level {known[0]['level']} of {known[0]['reached_on']} is recorded", "level_recorded")
    insert_new(work.db, storage.early_exit, [row | {"actor": work.who.actor}])
    touch(work, [contract_id])

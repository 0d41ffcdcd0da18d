"""Tests of a course: initial, intermediate and final; what level was reached, and whether it ends the course early."""

__all__ = ["LEVELS", "TESTS", "keep_level", "tests_of"]

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.usecases.hearing import touch
from services.attendance.usecases.seeing import check_seen
from shared.communes import local_time
from shared.database import insert_new
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.events import LevelReached
from shared.work import Work

LEVELS = ("infra-A1", "A1", "A2", "B1")
TESTS = ("initial", "intermediate", "final")


def keep_level(
    work: Work, contract_id: UUID, *, level: str, test: str, reached_on: date, target_reached: bool | None = None
) -> None:
    """
    Keep what a test of the course showed, and tell it; a target reached ends the course early.

    That satisfies assiduity and adds no hour (order of 30 December 2021, art. 5). Unless it is said, an intermediate or
    final test is kept when the target was reached, an initial one shows where the person starts. OFII for its
    territory, a training body for who sits in its groups. Raises NotFoundError, ForbiddenError, ConflictError
    (`level_recorded`), InvalidInputError for a day that cannot be.
    """
    contract = storage.one(work.db, storage.contract, contract_id, "contract")
    seats = storage.placement.c.contract_id == contract_id
    check_seen(work, contract["territory"], seats, NotFoundError("contract", contract_id))
    today = local_time(work.now, contract["territory"]).date()
    if not contract["signed_on"] <= reached_on <= today:
        words = f"from the signature ({contract['signed_on']}) to today ({today})"
        raise InvalidInputError("the level is refused", [FieldFault("reached_on", "range", words)])
    table = storage.level_test
    reached = test != "initial" if target_reached is None else target_reached
    said: dict[str, Any] = {"level": level, "target_reached": reached, "reached_on": reached_on}
    mine = sa.select(table).where(table.c.contract_id == contract_id, table.c.test == test)
    known = storage.rows(work.db, mine)
    if known and any(known[0][name] != value for name, value in said.items()):
        raise ConflictError(f"level {known[0]['level']} of {known[0]['reached_on']} is recorded", "level_recorded")
    if known:
        return
    key: dict[str, Any] = {"contract_id": contract_id, "test": test}
    insert_new(work.db, table, [key | said | {"actor": work.who.actor}])
    if reached:
        row = key | {"level": level, "reached_on": reached_on, "actor": work.who.actor}
        insert_new(work.db, storage.early_exit, [row])
    work.tell(LevelReached(signatory_id=contract["signatory_id"], **key, **said))
    touch(work, [contract_id])


def tests_of(work: Work, contract_id: UUID) -> list[dict[str, Any]]:
    """Return what the tests of a contract's course showed, by day."""
    table = storage.level_test
    return storage.rows(
        work.db, sa.select(table).where(table.c.contract_id == contract_id).order_by(table.c.reached_on)
    )

"""Absences: qualified by a named agent, never by the clock; attempts to reach a person."""

__all__ = ["JUSTIFICATIONS", "keep_attempt", "qualify_absence"]

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.marks import ABSENT, Status
from services.attendance.usecases import presence, sheets
from services.attendance.usecases.hearing import touch
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.scope import check_territory
from shared.work import Work

JUSTIFICATIONS = ("health", "work", "family", "transport", "administration", "convocation_not_received")


def qualify_absence(work: Work, mark_id: UUID, new_id: UUID, *, justified: bool, reason: str) -> None:
    """
    Say whether an absence is justified: only a named OFII agent does, never the clock. The mark before stays visible.

    The same again changes nothing. Raises NotFoundError, ForbiddenError, ConflictError (`not_an_absence`,
    `superseded`, `id_reused`), InvalidInputError for an unknown reason.
    """
    if justified and reason not in JUSTIFICATIONS:
        fault = FieldFault("reason", "choice", f"one of {', '.join(JUSTIFICATIONS)}")
        raise InvalidInputError("the qualification is refused", [fault])
    before = storage.one(work.db, storage.mark, mark_id, "mark")
    person = storage.one(work.db, storage.signatory, before["signatory_id"], "signatory", lock=True)
    check_territory(work.who, person["territory"])
    if before["status"] not in ABSENT:
        raise ConflictError(f"mark {mark_id} is {before['status']}, no absence", "not_an_absence")
    status = Status.ABSENT_JUSTIFIED if justified else Status.ABSENT_UNJUSTIFIED
    said = {"supersedes": mark_id, "status": status.value, "reason": reason}
    if _made_before(work, storage.mark, new_id, said):
        return
    latest = _latest(work, before)
    if latest["id"] != mark_id:
        raise ConflictError(f"mark {mark_id} is superseded by {latest['id']}", "superseded")
    row = before | said
    row |= {
        "id": new_id,
        "actor": work.who.actor,
        "recorded_at": work.now,
        "seq": before["seq"] + 1,
    }
    work.db.execute(storage.mark.insert(), [row])
    presence.requalify(work, row)
    mine = sa.select(storage.placement.c.contract_id).where(storage.placement.c.signatory_id == row["signatory_id"])
    touch(work, work.db.scalars(mine).all())


def keep_attempt(work: Work, attempt_id: UUID, signatory_id: UUID, *, method: str, outcome: str) -> None:
    """
    Keep that somebody tried to reach a person; the same id again changes nothing.

    OFII for its territory, a training body for who sits in its groups. Raises NotFoundError, ForbiddenError,
    ConflictError (`id_reused`).
    """
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    seats = storage.placement.c.signatory_id == signatory_id
    sheets.check_seen(work, person["territory"], seats, NotFoundError("signatory", signatory_id))
    said = {"signatory_id": signatory_id, "method": method, "outcome": outcome}
    if _made_before(work, storage.attempt, attempt_id, said):
        return
    stamp = {"id": attempt_id, "made_on": work.now.date(), "actor": work.who.actor}
    work.db.execute(storage.attempt.insert(), [stamp | said])
    mine = sa.select(storage.contract.c.id).where(storage.contract.c.signatory_id == signatory_id)
    touch(work, work.db.scalars(mine).all())


def _made_before(work: Work, table: sa.Table, key: UUID, said: Mapping[str, Any]) -> bool:
    """Say whether this was made before under a client's id. Raises ConflictError (`id_reused`) for something else."""
    made = storage.rows(work.db, sa.select(table).where(table.c.id == key))
    if made and any(made[0][name] != value for name, value in said.items()):
        raise ConflictError(f"id {key} was used before for something else", "id_reused")
    return bool(made)


def _latest(work: Work, mark: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mark in force of the same person and half-day."""
    table = storage.mark
    same = sa.and_(table.c.meeting_id == mark["meeting_id"], table.c.signatory_id == mark["signatory_id"])
    return storage.rows(work.db, sa.select(table).where(same).order_by(table.c.seq.desc()).limit(1))[0]

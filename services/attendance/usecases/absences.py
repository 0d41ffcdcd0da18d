"""Absences: qualified by a named agent, never by the clock; attempts to reach a person."""

__all__ = ["JUSTIFICATIONS", "keep_attempt", "qualify_absence"]

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.marks import ABSENT, Mark, Status
from services.attendance.usecases import sheets
from services.attendance.usecases.hearing import touch
from services.attendance.usecases.seeing import check_seen
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.scope import check_territory
from shared.work import Work

JUSTIFICATIONS = ("health", "work", "family", "transport", "administration", "convocation_not_received")


def qualify_absence(work: Work, mark_id: UUID, new_id: UUID, *, justified: bool, reason: str, ground: str = "") -> None:
    """
    Say whether an absence is justified: only a named OFII agent does, never the clock. The mark before stays visible.

    `ground` is on what the agent relies: a paper that they saw (nothing of it is kept), the person's word, or what was
    known already. The same again changes nothing. Raises NotFoundError, ForbiddenError, ConflictError
    (`not_an_absence`, `superseded`, `id_reused`, `roll_not_signed`), InvalidInputError for an unknown reason.
    """
    if justified and reason not in JUSTIFICATIONS:
        fault = FieldFault("reason", "choice", f"one of {', '.join(JUSTIFICATIONS)}")
        raise InvalidInputError("the qualification is refused", [fault])
    before = storage.one(work.db, storage.mark, mark_id, "mark")
    person = storage.one(work.db, storage.signatory, before["signatory_id"], "signatory")
    check_territory(work.who, person["territory"])
    if before["status"] not in ABSENT:
        raise ConflictError(f"mark {mark_id} is {before['status']}, no absence", "not_an_absence")
    status = Status.ABSENT_JUSTIFIED if justified else Status.ABSENT_UNJUSTIFIED
    sheet = sheets.of_mark(work, before)
    if _made_before(work, storage.mark, new_id, {"supersedes": mark_id, "status": status.value, "reason": reason}):
        return
    if not sheet.signed:
        raise ConflictError("the roll is not signed yet: the trainer may still change it", "roll_not_signed")
    latest = sheet.current[before["signatory_id"]]
    if latest["id"] != mark_id:
        raise ConflictError(f"mark {mark_id} is superseded by {latest['id']}", "superseded")
    mark = Mark(
        id=new_id,
        signatory_id=before["signatory_id"],
        status=status,
        minutes_lost=0,
        act="",
        act_reason="",
        source="ofii",
        actor=work.who.actor,
        effective_at=work.now,
        recorded_at=work.now,
    )
    sheet.add(mark, reason=reason, ground=ground)
    sheets.keep(work, [sheet])


def keep_attempt(work: Work, attempt_id: UUID, signatory_id: UUID, *, method: str, outcome: str) -> None:
    """
    Keep that somebody tried to reach a person; the same id again changes nothing.

    OFII for its territory, a training body for who sits in its groups. Raises NotFoundError, ForbiddenError,
    ConflictError (`id_reused`).
    """
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    seats = storage.placement.c.signatory_id == signatory_id
    check_seen(work, person["territory"], seats, NotFoundError("signatory", signatory_id))
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

"""Seats that a person gives back: the coming half-days are free again, and whoever was told is told."""

__all__ = ["HELD", "decline_seat", "end_needs", "give_back_seats", "hold_needs", "reopen_needs", "replace_course"]

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.usecases import dossier, duties, telling
from shared.work import Work

OWED = ("open", "placed", "unplaced", "held")
HELD: Mapping[str, str] = {
    "code": "postponed",
    "fr": "formations reportées : un motif légitime est enregistré",
    "en": "trainings are postponed: a legitimate reason is recorded",
}
ENDED: Mapping[str, str] = {
    "code": "contract_ended",
    "fr": "le contrat a pris fin",
    "en": "the contract has ended",
}
MOVING: Mapping[str, str] = {
    "code": "transferred",
    "fr": "le contrat passe à une autre direction territoriale",
    "en": "the contract goes to another directorate",
}


def give_back_seats(work: Work, contract_id: UUID, today: date, training: str | None = None) -> int:
    """
    Withdraw the seats of a contract (of one training) that still have half-days ahead; what was followed stays.

    Returns how many.
    """
    seat, time, session = storage.placement, storage.seat_time, storage.session
    ahead = sa.select(time.c.placement_id).where(time.c.day > today)
    mine = sa.and_(seat.c.contract_id == contract_id, seat.c.state == "active", seat.c.id.in_(ahead))
    if training is not None:
        mine = sa.and_(mine, seat.c.session_id.in_(sa.select(session.c.id).where(session.c.training == training)))
    rows = storage.rows(work.db, sa.select(seat).where(mine).with_for_update())
    _withdraw(work, rows, today)
    return len(rows)


def decline_seat(work: Work, placement_id: UUID, declined_on: date) -> None:
    """
    Take back a seat that the person gave up: its coming half-days are free, its need waits again and says why.

    A seat that is no more theirs, or whose days are over, stays as it is. Raises NotFoundError.
    """
    row = storage.one(work.db, storage.placement, placement_id, "placement", lock=True)
    signatory = storage.one(work.db, storage.signatory, row["signatory_id"], "signatory")
    today = telling.today(work, signatory["territory"])
    time = storage.seat_time
    last = work.db.scalar(sa.select(sa.func.max(time.c.day)).where(time.c.placement_id == placement_id))
    if row["state"] != "active" or last is None or last < today:
        return
    _withdraw(work, [row], today)
    reason = {
        "code": "declined",
        "fr": f"la personne a renoncé à sa place le {declined_on:%d/%m/%Y}",
        "en": f"the person gave up their place on {declined_on}",
    }
    mine = sa.and_(storage.need.c.id == row["need_id"], storage.need.c.state == "placed")
    stamp = {"actor": work.who.actor, "changed_at": work.now}
    work.db.execute(storage.need.update().where(mine).values(state="open", reason=reason, **stamp))
    duties.refresh(work, [row["contract_id"]])
    link = f"/planning/sessions/{row['session_id']}"
    entry = dossier.Entry(
        person_id=row["signatory_id"], at=work.now, code="seat_declined", source="notifications", link=link
    )
    dossier.note(work, [entry])


def hold_needs(work: Work, contract_id: UUID, reason: Mapping[str, str]) -> None:
    """Take the needs of a contract out of planning until they are opened again."""
    _set(work, contract_id, ("open", "placed", "unplaced"), {"state": "held", "reason": dict(reason)})


def reopen_needs(work: Work, contract_id: UUID, code: str, **changed: Any) -> None:
    """Put needs held for a reason, by its code, back into planning; `changed` are columns to set as well."""
    need = storage.need
    rows = storage.rows(work.db, sa.select(need).where(need.c.contract_id == contract_id, need.c.state == "held"))
    ids = [row["id"] for row in rows if row["reason"]["code"] == code]
    stamp = {"state": "open", "reason": None, "actor": work.who.actor, "changed_at": work.now}
    work.db.execute(need.update().where(need.c.id.in_(ids)).values(**stamp, **changed))


def end_needs(work: Work, contract_id: UUID) -> None:
    """Say that nothing more is owed."""
    _set(work, contract_id, OWED, {"state": "not_owed", "reason": dict(ENDED)})


def replace_course(work: Work, contract_id: UUID, part: str, today: date) -> None:
    """Say that another course is owed now: the coming seats of the old one are free again, what was followed stays."""
    need = storage.need
    old = sa.and_(need.c.contract_id == contract_id, need.c.training == "language", need.c.part != part)
    give_back_seats(work, contract_id, today, training="language")
    stamp = {"actor": work.who.actor, "changed_at": work.now}
    work.db.execute(need.update().where(old).values(state="replaced", **stamp))


def _withdraw(work: Work, rows: Sequence[Mapping[str, Any]], today: date) -> None:
    """Withdraw seats with their half-days after today, and tell it."""
    seat, time = storage.placement, storage.seat_time
    ids = [row["id"] for row in rows]
    work.db.execute(time.delete().where(time.c.placement_id.in_(ids), time.c.day > today))
    gone = [
        {**row} | {"state": "withdrawn", "version": row["version"] + 1, "actor": work.who.actor, "changed_at": work.now}
        for row in rows
    ]
    changed = {"state": "withdrawn", "version": seat.c.version + 1, "actor": work.who.actor, "changed_at": work.now}
    work.db.execute(seat.update().where(seat.c.id.in_(ids)).values(**changed))
    work.tell(*(telling.placement_state(row) for row in gone))


def _set(work: Work, contract_id: UUID, states: tuple[str, ...], values: dict[str, Any]) -> None:
    need = storage.need
    mine = sa.and_(need.c.contract_id == contract_id, need.c.state.in_(states))
    stamp = {"actor": work.who.actor, "changed_at": work.now}
    work.db.execute(need.update().where(mine).values(**values, **stamp))

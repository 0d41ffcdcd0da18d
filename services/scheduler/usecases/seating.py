"""Giving seats: what a published plan and a desk do alike. The tables' keys keep a person in one place at a time."""

__all__ = ["Given", "give"]

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.scheduler import storage
from services.scheduler.domain.problem import Session
from services.scheduler.domain.view import followed_meetings
from services.scheduler.usecases import dossier, duties, telling
from shared.database import upsert
from shared.ids import derived_id
from shared.work import Work

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A seat: for which need, in which group, for which part of it, from which day."""

    need_id: UUID
    session: Session
    part: str
    joins_on: date


def give(work: Work, given: Sequence[Given]) -> None:
    """
    Keep seats, and tell everybody.

    A seat that was given back before and is given again is the same placement, told anew. Raises IntegrityError where
    somebody would be in two places.
    """
    needs = storage.by_id(work.db, storage.need, (one.need_id for one in given))
    ids = {one.need_id: derived_id("placement", one.need_id, UUID(one.session.id)) for one in given}
    known = storage.by_id(work.db, storage.placement, ids.values())
    seats, times = [], []
    for one in given:
        need, placement_id = needs[one.need_id], ids[one.need_id]
        before = known.get(placement_id)
        seats.append(
            {
                "id": placement_id,
                "need_id": one.need_id,
                "contract_id": need["contract_id"],
                "signatory_id": need["signatory_id"],
                "session_id": UUID(one.session.id),
                "part": one.part,
                "joins_on": one.joins_on,
                "state": "active",
                "told_on": None,
                "told_by": None,
                "version": before["version"] + 1 if before else 1,
                "actor": work.who.actor,
                "changed_at": work.now,
            }
        )
        times += [
            {
                "signatory_id": need["signatory_id"],
                "day": meeting.day,
                "slot": meeting.slot.value,
                "placement_id": placement_id,
            }
            for meeting in followed_meetings(one.session, one.part, one.joins_on)
        ]
    if not seats:
        return
    upsert(work.db, storage.placement, seats)
    work.db.execute(storage.seat_time.insert(), times)
    stamp = {"state": "placed", "reason": None, "actor": work.who.actor, "changed_at": work.now}
    wanted = [one.need_id for one in given]
    for start in range(0, len(wanted), BATCH):
        some = storage.need.c.id.in_(wanted[start : start + BATCH])
        work.db.execute(storage.need.update().where(some).values(**stamp))
    work.tell(*(telling.placement_state(row) for row in seats))
    duties.refresh(work, [row["contract_id"] for row in seats])
    links = {row["id"]: f"/planning/sessions/{row['session_id']}" for row in seats}
    dossier.note(
        work,
        [
            dossier.Entry(person_id=row["signatory_id"], at=work.now, code="seat_given", link=links[row["id"]])
            for row in seats
        ],
    )

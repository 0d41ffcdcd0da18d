"""The mark in force of each half-day whose roll is signed, by contract: what hours and flags are summed from."""

__all__ = ["SLOT_RANK", "absences", "keep", "requalify", "tallies", "unjustified"]

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.following import Tally
from services.attendance.domain.marks import ABSENT, CAME, Status, followed_minutes, offered_minutes
from shared.database import rows, upsert
from shared.work import Work

SLOT_RANK = {"morning": 0, "afternoon": 1, "evening": 2}


def keep(work: Work, held: Mapping[str, Any], marks: Iterable[Mapping[str, Any]]) -> None:
    """Keep the marks in force of one signed meeting, each with the contract of the seat that it was taken for."""
    seat = storage.placement
    seats = sa.select(seat.c.signatory_id, seat.c.contract_id).where(seat.c.session_id == held["session_id"])
    contracts = dict(work.db.execute(seats).all())
    common = {name: held[name] for name in ("session_id", "training", "part", "held_on")}
    common |= {"meeting_id": held["id"], "rank": SLOT_RANK[held["slot"]]}
    found = [
        {
            **common,
            "signatory_id": mark["signatory_id"],
            "contract_id": contracts[mark["signatory_id"]],
            "mark_id": mark["id"],
            **_counted(mark, held["minutes"]),
        }
        for mark in marks
    ]
    upsert(work.db, storage.presence, found)


def requalify(work: Work, mark: Mapping[str, Any]) -> None:
    """Put a later mark of the same half-day in force, where its roll is signed."""
    presence, meeting = storage.presence, storage.meeting
    minutes = work.db.scalar(sa.select(meeting.c.minutes).where(meeting.c.id == mark["meeting_id"]))
    same = sa.and_(presence.c.meeting_id == mark["meeting_id"], presence.c.signatory_id == mark["signatory_id"])
    work.db.execute(presence.update().where(same).values(mark_id=mark["id"], **_counted(mark, minutes or 0)))


def tallies(work: Work, contract_ids: Sequence[UUID]) -> dict[tuple[UUID, str, str], Tally]:
    """Return minutes followed and offered by (contract, training, part)."""
    presence = storage.presence
    key = (presence.c.contract_id, presence.c.training, presence.c.part)
    sums = sa.select(*key, sa.func.sum(presence.c.followed), sa.func.sum(presence.c.offered))
    found = work.db.execute(sums.where(presence.c.contract_id.in_(contract_ids)).group_by(*key))
    return {(contract, training, part): Tally(*minutes) for contract, training, part, *minutes in found}


def absences(work: Work, contract_id: UUID) -> list[dict[str, Any]]:
    """Return a contract's absences in the order in which they came."""
    presence = storage.presence
    query = sa.select(presence).where(presence.c.contract_id == contract_id, presence.c.status.in_(ABSENT))
    return rows(work.db, query.order_by(presence.c.held_on, presence.c.rank))


def unjustified(work: Work, least: Mapping[UUID, int]) -> list[dict[str, Any]]:
    """
    Return the unjustified absences of contracts that have at least so many, in order, each with its `ordinal`.

    The ordinal counts a contract's half-days that have a presence or an absence: neighbours are absences in a row.
    """
    presence, bad = storage.presence, Status.ABSENT_UNJUSTIFIED.value
    counted = sa.select(presence.c.contract_id, sa.func.count()).group_by(presence.c.contract_id)
    counts = work.db.execute(counted.where(presence.c.contract_id.in_(list(least)), presence.c.status == bad))
    suspects = [key for key, count in counts if count >= least[key]]
    if not suspects:
        return []
    ordinal = sa.func.row_number().over(
        partition_by=presence.c.contract_id, order_by=(presence.c.held_on, presence.c.rank)
    )
    marked = sa.and_(presence.c.contract_id.in_(suspects), presence.c.status.in_((*CAME, *ABSENT)))
    numbered = sa.select(presence, ordinal.label("ordinal")).where(marked).subquery()
    query = sa.select(numbered).where(numbered.c.status == bad)
    return rows(work.db, query.order_by(numbered.c.contract_id, numbered.c.ordinal))


def _counted(mark: Mapping[str, Any], minutes: int) -> dict[str, Any]:
    status = Status(mark["status"])
    return {
        "status": status.value,
        "followed": followed_minutes(status, mark["minutes_lost"], minutes),
        "offered": offered_minutes(status, minutes),
    }

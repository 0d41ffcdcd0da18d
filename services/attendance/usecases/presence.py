"""The mark in force of each half-day whose roll is signed, by contract: what hours and flags are summed from."""

__all__ = ["SLOT_RANK", "absences", "keep", "requalify", "tallies", "unjustified"]

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.following import Tally
from services.attendance.domain.marks import ABSENT, CAME, Status, followed_minutes, offered_minutes
from shared.database import rows, upsert
from shared.work import Work

SLOT_RANK = {"morning": 0, "afternoon": 1, "evening": 2}


def keep(work: Work, marked: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
    """Keep (meeting, mark in force) of signed rolls, each with the contract of the seat that it was taken for."""
    contracts = _contracts(work, marked)
    found = [
        {
            **{name: meeting[name] for name in ("session_id", "training", "part", "held_on")},
            "meeting_id": meeting["id"],
            "rank": SLOT_RANK[meeting["slot"]],
            "signatory_id": mark["signatory_id"],
            "contract_id": contracts[meeting["session_id"], mark["signatory_id"]],
            "mark_id": mark["id"],
            **_counted(mark, meeting["minutes"]),
        }
        for meeting, mark in marked
    ]
    upsert(work.db, storage.presence, found)


def _contracts(
    work: Work, marked: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> dict[tuple[UUID, UUID], UUID]:
    """Return the contract by (session, person): that of the seat, or the person's own where the seat has moved on."""
    seat, contract = storage.placement, storage.contract
    pairs = {(meeting["session_id"], mark["signatory_id"]) for meeting, mark in marked}
    columns = (seat.c.session_id, seat.c.signatory_id, seat.c.contract_id)
    seats = sa.select(*columns).where(seat.c.session_id.in_({session for session, _ in pairs}))
    found = {(session, person): contract_id for session, person, contract_id in work.db.execute(seats)}
    moved = {person for session, person in pairs if (session, person) not in found}
    own = sa.select(contract.c.signatory_id, contract.c.id).where(contract.c.signatory_id.in_(moved))
    contract_of = dict(work.db.execute(own.order_by(contract.c.signed_on)).all()) if moved else {}
    return found | {(session, person): contract_of[person] for session, person in pairs if person in contract_of}


def requalify(work: Work, mark: Mapping[str, Any]) -> None:
    """Put a later mark of the same half-day in force, where its roll is signed."""
    presence, meeting = storage.presence, storage.meeting
    minutes = work.db.scalar(sa.select(meeting.c.minutes).where(meeting.c.id == mark["meeting_id"]))
    same = sa.and_(presence.c.meeting_id == mark["meeting_id"], presence.c.signatory_id == mark["signatory_id"])
    work.db.execute(presence.update().where(same).values(mark_id=mark["id"], **_counted(mark, minutes or 0)))


def tallies(work: Work, contract_ids: Sequence[UUID]) -> dict[tuple[UUID, str, str], Tally]:
    """
    Return minutes followed and offered, and absences found unjustified, by (contract, training, part).

    Signed half-days, what was brought along from an older system, and both of records that are the same person.
    """
    presence, carried = storage.presence, storage.carried
    key = (presence.c.contract_id, presence.c.training, presence.c.part)
    bad = sa.case((presence.c.status == Status.ABSENT_UNJUSTIFIED.value, 1), else_=0)
    sums = sa.select(*key, *(sa.func.sum(column) for column in (presence.c.followed, presence.c.offered, bad)))
    aliases = _contracts_of_aliases(work, contract_ids)
    wanted = [*contract_ids, *aliases]
    found: dict[tuple[UUID, str, str], Tally] = {}
    before = sa.select(
        carried.c.contract_id, carried.c.training, carried.c.part, carried.c.followed, carried.c.offered, sa.literal(0)
    ).where(carried.c.contract_id.in_(wanted))
    for query in (sums.where(presence.c.contract_id.in_(wanted)).group_by(*key), before):
        for contract, training, part, *numbers in work.db.execute(query):
            place = (aliases.get(contract, contract), training, part)
            sofar = found.get(place, Tally())
            found[place] = Tally(*(one + more for one, more in zip(sofar, numbers, strict=True)))
    return found


def _contracts_of_aliases(work: Work, contract_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the contracts of records that are the same person, each with the contract to which its hours count."""
    alias, kept, other = storage.same_person, storage.contract, storage.contract.alias()
    query = (
        sa.select(other.c.id, kept.c.id)
        .join(alias, alias.c.other_id == other.c.signatory_id)
        .join(kept, kept.c.signatory_id == alias.c.kept_id)
        .where(kept.c.id.in_(contract_ids))
    )
    return dict(work.db.execute(query).all())


def absences(work: Work, contract_id: UUID) -> list[dict[str, Any]]:
    """Return a contract's absences in the order in which they came."""
    presence = storage.presence
    query = sa.select(presence).where(presence.c.contract_id == contract_id, presence.c.status.in_(ABSENT))
    return rows(work.db, query.order_by(presence.c.held_on, presence.c.rank))


def unjustified(work: Work, suspects: Sequence[UUID]) -> list[dict[str, Any]]:
    """
    Return the unjustified absences of contracts in order, each with its `ordinal`.

    The ordinal counts a contract's half-days that have a presence or an absence: neighbours are absences in a row.
    """
    presence, bad = storage.presence, Status.ABSENT_UNJUSTIFIED.value
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

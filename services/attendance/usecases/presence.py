"""The mark in force of each half-day whose roll is signed, by contract: what hours and flags are summed from."""

__all__ = ["SLOT_RANK", "absences", "identified", "keep", "recount", "tallies", "unexplained_since", "unjustified"]

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.following import Tally
from services.attendance.domain.marks import ABSENT, CAME, Status, followed_minutes, in_force, offered_minutes
from services.attendance.usecases.seeing import locked
from shared.database import rows, upsert
from shared.work import Work

NONE = (sa.literal(0), sa.literal(0))  # absences of before are not known one by one
SLOT_RANK = {"morning": 0, "afternoon": 1, "evening": 2}


def keep(
    work: Work,
    marked: Sequence[tuple[Mapping[str, Any], Iterable[Mapping[str, Any]]]],
    seats: Mapping[tuple[UUID, UUID], UUID] | None = None,
) -> set[UUID]:
    """
    Keep what the marks in force of signed rolls count for, in the place of what was kept of these meetings before.

    Marks of somebody added in the room count for whom they were found to be, and for nobody until then. `seats` has
    the contract by (session, person) as far as the caller knows it. Returns the contracts for which something was or is
    counted.
    """
    if not marked:
        return set()
    pairs = [(meeting, mark) for meeting, marks in marked for mark in marks]
    contracts = dict(seats or {})
    others = {mark["signatory_id"] for meeting, mark in pairs if _seat(meeting, mark) not in contracts}
    people = identified(work, others)
    nobody = _provisional(work, others - people.keys())
    counted: dict[tuple[UUID, UUID], tuple[Mapping[str, Any], Mapping[str, Any], dict[str, Any]]] = {}
    for meeting, mark in pairs:
        person = people.get(mark["signatory_id"], mark["signatory_id"])
        if person in nobody:
            continue
        what = _counted(mark, meeting["minutes"])
        before = counted.get((meeting["id"], person))
        if before is None or _rank(mark, what) > _rank(before[1], before[2]):  # twice on one list: counted once
            counted[meeting["id"], person] = (meeting, mark, what)
    wanted = {(meeting["session_id"], person) for (_, person), (meeting, *_) in counted.items()}
    contracts |= _contracts(work, wanted - contracts.keys())
    found = [
        {
            **{name: meeting[name] for name in ("session_id", "training", "part", "held_on")},
            "meeting_id": meeting["id"],
            "rank": SLOT_RANK[meeting["slot"]],
            "signatory_id": person,
            "contract_id": contracts[meeting["session_id"], person],
            "mark_id": mark["id"],
            **what,
        }
        for (_, person), (meeting, mark, what) in counted.items()
        if (meeting["session_id"], person) in contracts
    ]
    again = [meeting["id"] for meeting, _ in marked if meeting["version"] != 1]
    gone = storage.presence.c.meeting_id.in_(again)
    touched = {row["contract_id"] for row in found}
    if again:
        touched |= set(work.db.scalars(sa.select(storage.presence.c.contract_id).where(gone)))
        work.db.execute(storage.presence.delete().where(gone))
    upsert(work.db, storage.presence, found)
    return touched


def recount(work: Work, meeting_ids: Sequence[UUID]) -> set[UUID]:
    """
    Count signed rolls again from their marks: whoever was identified since, or is no more, has their hours right.

    Returns the contracts for which something was or is counted.
    """
    meeting, session, roll = storage.meeting, storage.session, storage.roll
    query = (
        sa.select(meeting, session.c.training, sa.literal(0).label("version"))
        .join(session, session.c.id == meeting.c.session_id)
        .join(roll, roll.c.meeting_id == meeting.c.id)
        .where(meeting.c.id.in_(meeting_ids), roll.c.version > 0)
        .order_by(meeting.c.id)
    )
    counted = locked(work, query)  # before the marks are read: a correction made meanwhile is not counted away
    marks: dict[UUID, list[dict[str, Any]]] = {}
    for mark in rows(work.db, sa.select(storage.mark).where(storage.mark.c.meeting_id.in_(meeting_ids))):
        marks.setdefault(mark["meeting_id"], []).append(mark)
    return keep(work, [(held, in_force(marks.get(held["id"], ())).values()) for held in counted])


def identified(work: Work, subjects: Collection[UUID]) -> dict[UUID, UUID]:
    """Return whom people added in the room were found to be: the last word on each, where it names somebody."""
    if not subjects:
        return {}
    table = storage.identification
    query = sa.select(table.c.provisional_id, table.c.signatory_id).where(table.c.provisional_id.in_(subjects))
    last = dict(work.db.execute(query.order_by(table.c.seq)).all())
    return {key: person for key, person in last.items() if person is not None}


def _provisional(work: Work, subjects: Collection[UUID]) -> set[UUID]:
    """Return those of these subjects that were added in the room."""
    if not subjects:
        return set()
    table = storage.provisional
    return set(work.db.scalars(sa.select(table.c.id).where(table.c.id.in_(subjects))))


def _seat(meeting: Mapping[str, Any], mark: Mapping[str, Any]) -> tuple[UUID, UUID]:
    return meeting["session_id"], mark["signatory_id"]


def _rank(mark: Mapping[str, Any], what: Mapping[str, Any]) -> tuple[int, int, str]:
    return what["followed"], what["offered"], str(mark["id"])


def _contracts(work: Work, pairs: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], UUID]:
    """Return the contract by (session, person): that of the seat, or the person's own where they have none there."""
    if not pairs:
        return {}
    seat, contract = storage.placement, storage.contract
    columns = (seat.c.session_id, seat.c.signatory_id, seat.c.contract_id)
    seats = sa.select(*columns).where(seat.c.session_id.in_({session for session, _ in pairs}))
    found = {(session, person): contract_id for session, person, contract_id in work.db.execute(seats)}
    moved = {person for session, person in pairs if (session, person) not in found}
    own = sa.select(contract.c.signatory_id, contract.c.id).where(contract.c.signatory_id.in_(moved))
    contract_of = dict(work.db.execute(own.order_by(contract.c.signed_on)).all()) if moved else {}
    return found | {(session, person): contract_of[person] for session, person in pairs if person in contract_of}


def tallies(work: Work, contract_ids: Sequence[UUID]) -> dict[tuple[UUID, str, str], Tally]:
    """
    Return minutes followed and offered, absences found unjustified and unexplained, by (contract, training, part).

    Signed half-days, what was brought along from an older system, and both of records that are the same person.
    """
    presence, carried = storage.presence, storage.carried
    key = (presence.c.contract_id, presence.c.training, presence.c.part)
    bad, silent = (
        sa.case((presence.c.status == status.value, 1), else_=0)
        for status in (Status.ABSENT_UNJUSTIFIED, Status.ABSENT_UNEXPLAINED)
    )
    sums = sa.select(*key, *(sa.func.sum(column) for column in (presence.c.followed, presence.c.offered, bad, silent)))
    aliases = _contracts_of_aliases(work, contract_ids)
    wanted = [*contract_ids, *aliases]
    found: dict[tuple[UUID, str, str], Tally] = {}
    before = sa.select(
        carried.c.contract_id, carried.c.training, carried.c.part, carried.c.followed, carried.c.offered, *NONE
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


def unexplained_since(work: Work, suspects: Sequence[UUID]) -> dict[UUID, list[tuple[date, UUID]]]:
    """Return each contract's unexplained absences (day, mark) since it last had another mark, the oldest first."""
    presence = storage.presence
    if not suspects:
        return {}
    marked = sa.and_(presence.c.contract_id.in_(suspects), presence.c.status.in_((*CAME, *ABSENT)))
    columns = (presence.c.contract_id, presence.c.held_on, presence.c.mark_id, presence.c.status)
    query = sa.select(*columns).where(marked).order_by(presence.c.contract_id, presence.c.held_on, presence.c.rank)
    found: dict[UUID, list[tuple[date, UUID]]] = {}
    for contract_id, held_on, mark_id, status in work.db.execute(query):
        mine = found.setdefault(contract_id, [])
        if status == Status.ABSENT_UNEXPLAINED.value:
            mine.append((held_on, mark_id))
        else:
            mine.clear()
    return found


def _counted(mark: Mapping[str, Any], minutes: int) -> dict[str, Any]:
    status = Status(mark["status"])
    return {
        "status": status.value,
        "followed": followed_minutes(status, mark["minutes_lost"], minutes),
        "offered": offered_minutes(status, minutes),
    }

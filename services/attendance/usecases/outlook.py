"""What is ahead for a territory, in aggregate: who will not finish by the term, and civic seats to be found again."""

__all__ = ["outlook"]

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.following import RUNNING
from services.attendance.domain.marks import ABSENT, CAME
from services.attendance.domain.outlook import Course, Rates, band_of, expect, learn
from services.attendance.usecases.clock import coming, table_of
from shared.scope import check_territory
from shared.work import Work

CHUNK = 200
LEARN_FROM = timedelta(days=365)
SOON = timedelta(days=28)  # civic half-days of the next four weeks


def outlook(work: Work, territory: str) -> dict[str, Any]:
    """
    Return expected counts for a territory: counts of people and seats with an interval, nothing about anybody.

    Too few people: null. Raises ForbiddenError.
    """
    check_territory(work.who, territory)
    rates = {training: _rates(work, territory, training) for training in ("language", "civic")}
    courses = list(_courses(work, territory))
    running = expect(rates["language"], courses)
    seats = _civic_seats(work, territory)
    missed = expect(rates["civic"], [Course(missing=1, ahead=[(0, 1)]) for _ in range(seats)])
    return {
        "territory": territory,
        "half_days": sum(one.half_days for one in rates.values()),
        "language": _view(running, len(courses)),
        "civic_seats": _view(missed, seats),
    }


def _view(expected: Any, people: int) -> dict[str, Any]:
    if expected is None:
        return {"people": people, "unfinished": None, "low": None, "high": None}
    return {name: getattr(expected, name) for name in ("people", "unfinished", "low", "high")}


def _rates(work: Work, territory: str, training: str) -> Rates:
    """Return how often half-days of a year were missed in a territory, by weeks since the person's first one."""
    held, contract = storage.presence, storage.contract
    since = work.now.date() - LEARN_FROM
    ours = sa.and_(contract.c.territory == territory, held.c.training == training, held.c.held_on >= since)
    columns = (held.c.contract_id, held.c.part, held.c.held_on, held.c.status)
    query = sa.select(*columns).join(contract, contract.c.id == held.c.contract_id).where(ours)
    query = query.where(held.c.status.in_((*CAME, *ABSENT)))
    rows: Sequence[Any] = work.db.execute(
        query.order_by(held.c.contract_id, held.c.part, held.c.held_on, held.c.rank)
    ).all()
    return learn(_course(list(days)) for _, days in groupby(rows, key=lambda row: (row[0], row[1])))


def _course(days: Sequence[Any]) -> list[tuple[int, bool]]:
    """Return one course's half-days as (weeks since its first, missed)."""
    return [((held_on - days[0][2]).days // 7, status in ABSENT) for _, _, held_on, status in days]


def _courses(work: Work, territory: str) -> Iterator[Course]:
    """Yield the language courses in progress of running contracts, without saying whose."""
    contract = storage.contract
    running = sa.select(contract).where(contract.c.territory == territory, contract.c.state.in_(RUNNING))
    rows = storage.rows(work.db, running.order_by(contract.c.id))
    for first in range(0, len(rows), CHUNK):
        chunk = rows[first : first + CHUNK]
        ahead = coming(work, chunk)
        for facts, followings in table_of(work, chunk):
            for one in followings:
                if one.owed.training != "language" or one.ended_early or not one.seats:
                    continue
                joined = min(seat.joins_on for seat in one.seats)
                half_days = [
                    (band_of((day.held_on - joined).days // 7), day.minutes)
                    for day in ahead.get((facts.id, one.owed.part), ())
                    if day.held_on <= facts.term_on
                ]
                missing = one.owed.minutes - one.followed
                if facts.assiduity_percent is not None and all(seat.ends_on <= facts.term_on for seat in one.seats):
                    enough = -(-facts.assiduity_percent * (one.offered + one.planned) // 100)
                    missing = min(missing, enough - one.followed)
                size = half_days[0][1] if half_days else 1
                came, held = one.followed // size, one.offered // size
                yield Course(missing=missing, ahead=half_days, came=came, missed=max(0, held - came))


def _civic_seats(work: Work, territory: str) -> int:
    """Count the civic seats of the next weeks: each that is missed has to be found again."""
    meeting, seat, person, session = storage.meeting, storage.placement, storage.signatory, storage.session
    today = work.now.date()
    query = (
        sa.select(sa.func.count(sa.distinct(seat.c.id)))
        .join(person, person.c.id == seat.c.signatory_id)
        .join(session, session.c.id == seat.c.session_id)
        .join(meeting, sa.and_(meeting.c.session_id == seat.c.session_id, meeting.c.part == seat.c.part))
        .where(
            person.c.territory == territory,
            session.c.training == "civic",
            session.c.state == "open",
            seat.c.state == "active",
            meeting.c.held_on.between(today, today + SOON),
        )
    )
    return work.db.scalar(query) or 0

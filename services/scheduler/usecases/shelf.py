"""
The shelf of the desk: published groups taken apart once for each version, and how many of their seats are gone.

The database is the truth: what a process keeps of a group is asked for by database, id and version, so it cannot be out
of step.
"""

__all__ = ["counted", "known_openings", "lock_free"]

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.desk import Opening
from services.scheduler.domain.problem import LotUnit, Problem
from services.scheduler.usecases.planning import session_value
from shared.clock import real_now
from shared.work import Work

KEPT = 20_000  # groups taken apart that a process keeps

_kept: WeakKeyDictionary[sa.Engine, dict[tuple[UUID, int], tuple[str, Opening]]] = WeakKeyDictionary()


def known_openings(work: Work, versions: Iterable[Any]) -> list[tuple[str, Opening]]:
    """Return groups taken apart; only those that this process does not know in this version are read."""
    openings = _kept.setdefault(work.db.get_bind().engine, {})
    wanted = [(key, version) for key, version in versions]
    found = {one: openings.get(one) for one in wanted}
    unknown = [key for (key, _), opening in found.items() if opening is None]
    for key, row in storage.by_id(work.db, storage.session, unknown).items():
        opening = Opening.of(session_value(row, started=False), row["seats"])
        found[key, row["version"]] = (row["facts"]["programme"], opening)
    if len(openings) + len(unknown) > KEPT:
        openings.clear()
    openings.update({one: kept for one, kept in found.items() if kept is not None})
    return [kept for one in wanted if (kept := found[one]) is not None]


def counted(work: Work, territory: str, problem: Problem) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Return the seats given or held by session and part, and what is left of each lot in its unit."""
    session, seat, hold = storage.session, storage.placement, storage.seat_hold
    here = sa.and_(session.c.territory == territory, session.c.state == "open")
    given = (
        sa.select(session.c.id, session.c.version, seat.c.part, seat.c.joins_on, sa.func.count())
        .join(seat, sa.and_(seat.c.session_id == session.c.id, seat.c.state == "active"))
        .where(here)
        .group_by(session.c.id, session.c.version, seat.c.part, seat.c.joins_on)
    )
    counts = work.db.execute(given).all()
    known = known_openings(work, dict.fromkeys((key, version) for key, version, *_ in counts))
    opening_of = {opening.session.id: opening for _, opening in known}
    lots = {one.id: one for one in problem.lots}
    left = {one.id: one.ordered - one.consumed for one in problem.lots}
    taken: dict[str, dict[str, int]] = {}
    for key, _, part, joins_on, count in counts:
        parts = taken.setdefault(str(key), {})
        parts[part] = parts.get(part, 0) + count
        opening = opening_of[str(key)]
        lot = lots.get(opening.session.lot or "")
        if lot is not None:
            by_day = lot.unit is LotUnit.PERSON_DAYS
            left[lot.id] -= count if by_day else count * opening.minutes_from(joins_on.toordinal())
    held = (
        sa.select(hold.c.session_id, hold.c.part, sa.func.count())
        .join(session, session.c.id == hold.c.session_id)
        .where(here, hold.c.until > real_now())
    )
    for key, part, count in work.db.execute(held.group_by(hold.c.session_id, hold.c.part)):
        parts = taken.setdefault(str(key), {})
        parts[part] = parts.get(part, 0) + count
    return taken, left


def lock_free(work: Work, wanted: Mapping[tuple[UUID, str], int]) -> bool:
    """Lock the groups of these seats, in one order for everybody; say whether each has fewer taken than its seats."""
    session, seat, hold = storage.session, storage.placement, storage.seat_hold
    ids = sorted({key for key, _ in wanted})
    # Not a full lock: rows that refer to a group (seats given elsewhere) need not wait for a desk.
    locked = sa.select(session.c.id).where(session.c.id.in_(ids)).order_by(session.c.id)
    work.db.execute(locked.with_for_update(key_share=True)).all()
    # One statement sees one instant: a hold that becomes a seat meanwhile is counted once, never not at all.
    both = sa.union_all(
        *(
            sa.select(table.c.session_id, table.c.part).where(table.c.session_id.in_(ids), is_taken)
            for table, is_taken in ((seat, seat.c.state == "active"), (hold, hold.c.until > real_now()))
        )
    ).subquery()
    gone = sa.select(both.c.session_id, both.c.part, sa.func.count()).group_by(both.c.session_id, both.c.part)
    taken = {(key, part): number for key, part, number in work.db.execute(gone)}
    return all(taken.get(seat, 0) < seats for seat, seats in wanted.items())

"""
What a person sees of their own days, and says of one of them: that they will be late, that they cannot come.

The scope of who asks says whose days they are: their own, or those of the minor for whom they stand. Saying so frees no
seat; it is told to attendance, which puts it on the roll, and can be taken back until the day is over.
"""

__all__ = [
    "KINDS",
    "OwnDay",
    "OwnPlace",
    "announce",
    "lock_person",
    "own_days",
    "own_places",
    "retell",
    "whose",
]

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.timetable import Day, coming, read_day
from services.notifications.usecases.seats import Pair, Truth, seat_truths
from shared.database import upsert
from shared.errors import NotFoundError
from shared.events import AbsenceAnnouncedState
from shared.ids import derived_id
from shared.work import Work

KINDS = ("late", "absent")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPlace:
    """A place in a session, with the days to come, local at its site."""

    session_id: UUID
    training: str  # civic, language
    label: str
    commune: str
    truth: Truth
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDay:
    """One day to come; `said` is late, absent or empty."""

    place: OwnPlace
    day: Day
    said: str


def whose(work: Work) -> UUID:
    """Return the id of the person whose things are seen and changed."""
    return UUID(work.who.scope)


def lock_person(work: Work, person_id: UUID) -> dict[str, Any]:
    """Return a person; what else they do on their own pages waits for this transaction. Raises NotFoundError."""
    return storage.one(work.db, storage.person, person_id, "person", lock=True)


def own_places(work: Work) -> list[OwnPlace]:
    """Return the places of who asks that have days to come and are not given up for good, the first day first."""
    me = whose(work)
    seat, left = storage.placement, storage.giving_up
    told = sa.select(left.c.placement_ids).where(left.c.person_id == me, left.c.state == "told")
    gone = [UUID(key) for keys in work.db.scalars(told) for key in keys]
    mine = sa.and_(seat.c.person_id == me, seat.c.state == "active", seat.c.id.not_in(gone))
    held = work.db.scalars(sa.select(seat.c.session_id).where(mine).distinct())
    truths = seat_truths(work, [(me, session_id) for session_id in held])
    sites = storage.by_id(work.db, storage.site, {truth.site_id for truth in truths.values()})
    sessions = storage.by_id(work.db, storage.session, {session_id for _me, session_id in truths})
    found = [_place(work, pair, truth, sessions[pair[1]], sites[truth.site_id]) for pair, truth in truths.items()]
    return sorted((place for place in found if place.days), key=lambda place: (place.days[0], place.session_id))


def own_days(work: Work, places: Iterable[OwnPlace]) -> list[OwnDay]:
    """Return every day to come of these places in order, with what was said of it."""
    said = _said(work, whose(work))
    days = [
        OwnDay(place=place, day=day, said=said.get((place.session_id, day.on), ""))
        for place in places
        for day in place.days
    ]
    return sorted(days, key=lambda one: (one.day, one.place.session_id))


def announce(work: Work, session_id: UUID, held_on: date, kind: str) -> None:
    """
    Keep and tell that who asks will be late or absent on a day; an empty `kind` takes it back.

    The same again changes nothing. Raises NotFoundError for a day that is not theirs, or is over.
    """
    me = whose(work)
    lock_person(work, me)
    places = {place.session_id: place for place in own_places(work)}
    if session_id not in places or held_on not in {day.on for day in places[session_id].days}:
        raise NotFoundError("day to come", held_on)
    table = storage.announcement
    key = derived_id("announcement", me, session_id, held_on)
    before = storage.first(work.db, sa.select(table).where(table.c.id == key))
    said = {"kind": kind, "withdrawn": False} if kind else {"withdrawn": True}
    if (before is None and not kind) or (before and all(before[name] == value for name, value in said.items())):
        return
    row: dict[str, Any] = {"id": key, "person_id": me, "session_id": session_id, "held_on": held_on} | said
    row |= {"kind": kind or (before or {})["kind"], "version": before["version"] + 1 if before else 1}
    upsert(work.db, table, [row | {"actor": work.who.actor, "said_at": work.now}])
    work.tell(_state(row))


def retell(work: Work) -> int:
    """Tell again what was said of each day."""
    rows = storage.rows(work.db, sa.select(storage.announcement).order_by(storage.announcement.c.id))
    work.tell(*(_state(row) for row in rows))
    return len(rows)


def _state(row: dict[str, Any]) -> AbsenceAnnouncedState:
    return AbsenceAnnouncedState(
        subject_version=row["version"],
        announcement_id=row["id"],
        signatory_id=row["person_id"],
        session_id=row["session_id"],
        held_on=row["held_on"],
        kind=row["kind"],
        withdrawn=row["withdrawn"],
    )


def _place(work: Work, pair: Pair, truth: Truth, session: dict[str, Any], site: dict[str, Any]) -> OwnPlace:
    return OwnPlace(
        session_id=pair[1],
        training=session["training"],
        label=site["label"],
        commune=site["commune"],
        truth=truth,
        days=tuple(read_day(day) for day in coming(truth.days, truth.moment(work.now))),
    )


def _said(work: Work, person_id: UUID) -> dict[tuple[UUID, date], str]:
    table = storage.announcement
    mine = sa.select(table).where(table.c.person_id == person_id, table.c.withdrawn.is_(False))
    return {(row["session_id"], row["held_on"]): row["kind"] for row in storage.rows(work.db, mine)}

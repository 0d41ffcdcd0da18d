"""
Giving up a place: asked for in two steps, undone for 48 hours, and only then told to scheduler, who frees the seat.

Where the next day of the place comes earlier, or is moved forward meanwhile, the hours end when it begins. From then on
the place is no more on the person's pages, even before scheduler has freed it.
"""

__all__ = [
    "HOURS",
    "GivingUp",
    "due",
    "end_sooner",
    "give_up",
    "given_up",
    "keep_place",
    "settle_given_up",
    "undone_until",
]

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session as DbSession

from services.notifications import storage
from services.notifications.domain.timetable import starts_at
from services.notifications.usecases.overtaking import overtake
from services.notifications.usecases.own import OwnPlace, lock_person, own_places, whose
from services.notifications.usecases.seats import Truth, fresh_notice, seat_truths
from shared.communes import department_of
from shared.database import insert_new
from shared.errors import NotFoundError
from shared.events import PlacementDeclined
from shared.ids import derived_id, new_id
from shared.service import Service
from shared.work import Work

HOURS = timedelta(hours=48)
BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GivingUp:
    """A place that somebody gives up, and until when they may keep it after all (local at its site)."""

    id: UUID
    session_id: UUID
    until: datetime


def undone_until(place: OwnPlace, now: datetime) -> datetime:
    """Return until when giving up this place could be undone, local at its site: 48 hours, or until its next day."""
    return _until(place.truth, now, now + HOURS)


def end_sooner(work: Work, session_id: UUID) -> None:
    """Let the hours of places in a session that was changed end when its next day begins, where that is sooner."""
    table = storage.giving_up
    asked = sa.select(table).where(table.c.session_id == session_id, table.c.state == "asked")
    rows = storage.rows(work.db, asked.order_by(table.c.id).with_for_update())
    truths = seat_truths(work, [(row["person_id"], session_id) for row in rows])
    for row in rows:
        truth = truths.get((row["person_id"], session_id))
        if truth is not None:
            until = _until(truth, work.now, row["until"])
            work.db.execute(table.update().where(table.c.id == row["id"]).values(until=until))


def give_up(work: Work, session_id: UUID) -> None:
    """
    Keep that who asks gives up their place in a session, and let them know how to take it back.

    A second time changes nothing. Raises NotFoundError for a place that is not theirs.
    """
    me = whose(work)
    person = lock_person(work, me)
    place = next((one for one in own_places(work) if one.session_id == session_id), None)
    if place is None:
        raise NotFoundError("place", session_id)
    if session_id in given_up(work, [place]):
        return
    seat = storage.placement
    mine = sa.and_(seat.c.person_id == me, seat.c.session_id == session_id, seat.c.state == "active")
    until = undone_until(place, work.now)
    row: dict[str, Any] = {"id": new_id(), "person_id": me, "session_id": session_id, "state": "asked"}
    seats = work.db.scalars(sa.select(seat.c.id).where(mine).order_by(seat.c.id))
    row |= {"placement_ids": [str(one) for one in seats]}
    row |= {"asked_at": work.now, "until": until, "actor": work.who.actor}
    work.db.execute(storage.giving_up.insert(), [row])
    behind = storage.rows(work.db, sa.select(storage.person).where(storage.person.c.stands_for == me))
    about = {"session_id": session_id, "site": str(place.truth.site_id), "days": [str(day) for day in place.days]}
    about |= {"training": place.training, "useless_after": until}
    notices = [fresh_notice(_notice_key(row, one), "given_up", one, work.now) | about for one in (person, *behind)]
    insert_new(work.db, storage.notice, notices)


def keep_place(work: Work, session_id: UUID) -> None:
    """
    Keep a place after all; a notice that has not left is not sent. What is not being given up stays as it is.

    Raises NotFoundError where the hours are over.
    """
    me = whose(work)
    lock_person(work, me)
    table, notice = storage.giving_up, storage.notice
    mine = sa.and_(table.c.person_id == me, table.c.session_id == session_id)
    last = storage.first(work.db, sa.select(table).where(mine).order_by(table.c.asked_at.desc()).with_for_update())
    if last is None or last["state"] == "told" or (last["state"] == "asked" and last["until"] <= work.now):
        raise NotFoundError("place to keep", session_id)
    work.db.execute(table.update().where(table.c.id == last["id"]).values(state="undone"))
    about = sa.and_(notice.c.session_id == session_id, notice.c.kind == "given_up")
    people = sa.select(storage.person.c.id).where(sa.or_(storage.person.c.id == me, storage.person.c.stands_for == me))
    overtake(work, sa.and_(about, notice.c.person_id.in_(people)), "place_kept")


def given_up(work: Work, places: Iterable[OwnPlace]) -> dict[UUID, GivingUp]:
    """Return, by session, which of these places are being given up."""
    table = storage.giving_up
    mine = sa.select(table).where(table.c.person_id == whose(work), table.c.state == "asked")
    rows = {row["session_id"]: row for row in storage.rows(work.db, mine)}
    return {
        place.session_id: GivingUp(
            id=rows[place.session_id]["id"],
            session_id=place.session_id,
            until=rows[place.session_id]["until"].astimezone(place.truth.zone),
        )
        for place in places
        if place.session_id in rows
    }


def due(db: DbSession, now: datetime) -> int:
    """Count the places whose hours are over and of which nobody was told yet."""
    table = storage.giving_up
    return db.scalar(sa.select(sa.func.count()).where(table.c.state == "asked", table.c.until <= now)) or 0


def settle_given_up(service: Service) -> int:
    """Tell scheduler of places that are given up for good; return how many. A tick of the service."""
    table = storage.giving_up
    over = sa.and_(table.c.state == "asked", table.c.until <= service.clock.now())
    with service.database.read() as db:
        if db.scalar(sa.select(table.c.id).where(over).limit(1)) is None:
            return 0
    with service.database.begin() as db:
        work = service.work(db)
        query = sa.select(table).where(over).order_by(table.c.until, table.c.id).limit(BATCH)
        rows = storage.rows(db, query.with_for_update(skip_locked=True))
        people = storage.by_id(db, storage.person, [row["person_id"] for row in rows])
        work.tell(*(event for row in rows for event in _declined(row, people[row["person_id"]])))
        db.execute(table.update().where(table.c.id.in_([row["id"] for row in rows])).values(state="told"))
    return len(rows)


def _until(truth: Truth, now: datetime, latest: datetime) -> datetime:
    starts = [starts_at(day, truth.zone) for day in truth.days]
    return min([latest, *(at for at in starts if at > now)]).astimezone(truth.zone)


def _declined(row: dict[str, Any], person: dict[str, Any]) -> list[PlacementDeclined]:
    zone = ZoneInfo(department_of(person["territory"]).time_zone)
    asked_on = row["asked_at"].astimezone(zone).date()
    return [
        PlacementDeclined(placement_id=UUID(key), signatory_id=row["person_id"], declined_on=asked_on)
        for key in row["placement_ids"]
    ]


def _notice_key(row: dict[str, Any], person: dict[str, Any]) -> UUID:
    return derived_id("notice", "given_up", row["id"], person["id"])

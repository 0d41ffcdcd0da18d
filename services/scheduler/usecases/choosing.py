"""
Dates that a person chooses at home: up to three itineraries that fit, first come keeps the seat, and an end.

Nothing is held: whether a seat is still free is asked again, under a lock, when somebody takes it. What is taken
meanwhile leaves the offer; when nothing is left of it, what fits now takes its place. After the end the system gives
the best that is left, or the need waits for the next plan.
"""

__all__ = [
    "Outcome",
    "choose",
    "ends_at",
    "look_at_offers",
    "offer",
    "offers_of",
    "open_offer",
    "retell",
    "withdraw",
]

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.usecases import desk, dossier, guests
from services.scheduler.usecases.guests import WAITING, Asked
from shared.communes import local_time
from shared.errors import ConflictError, NotFoundError
from shared.events import SlotOfferState
from shared.rights import Principal
from shared.scope import check_territory
from shared.service import Service
from shared.work import Work

BATCH = 20
REFUSED = frozenset({"hold_over", "lot_spent", "time_taken"})  # this one cannot be had any more, another perhaps


class Outcome(StrEnum):
    """What came of a choice: the seats are theirs, somebody was quicker, or there is nothing to choose any more."""

    TAKEN = "chosen"
    GONE = "choose_gone"
    OVER = "choose_lapsed"


def offer(work: Work, offer_id: UUID, signatory_id: UUID, hours: int) -> dict[str, Any]:
    """
    Offer somebody up to three itineraries for some hours; the same id again changes nothing.

    What was offered to them before is withdrawn. Raises NotFoundError, ForbiddenError, ConflictError (`id_reused`,
    `contract_not_running`, `nothing_owed`, `nothing_fits`).
    """
    before = storage.first(work.db, sa.select(storage.slot_offer).where(storage.slot_offer.c.id == offer_id))
    if before is not None:
        check_territory(work.who, before["territory"])
        if before["signatory_id"] != signatory_id:
            raise ConflictError(f"offer {offer_id} is somebody else's", "id_reused")
        return before
    storage.one(work.db, storage.signatory, signatory_id, "signatory", lock=True)  # one offer to a person at a time
    until = work.now + timedelta(hours=hours)
    asked = guests.ask(work, signatory_id)
    found = _fitting(work, asked, until)
    if not found:
        raise ConflictError("no published group fits this person now", "nothing_fits")
    for earlier in _open(work, storage.slot_offer.c.signatory_id == signatory_id):
        _end(work, earlier, "withdrawn")
    row: dict[str, Any] = {
        "id": offer_id,
        "signatory_id": signatory_id,
        "territory": asked.person["territory"],
        "itineraries": found,
        "until": until,
        "state": "open",
        "version": 1,
        "actor": work.who.actor,
        "at": work.now,
    }
    work.db.execute(storage.slot_offer.insert(), [row])
    work.tell(_state(row))
    _note(work, row, "slot_offered")
    return row


def withdraw(work: Work, offer_id: UUID) -> dict[str, Any]:
    """Take an offer back; one that has ended stays as it is. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.slot_offer, offer_id, "offer", lock=True)
    check_territory(work.who, row["territory"])
    return _end(work, row, "withdrawn") if row["state"] == "open" else row


def offers_of(work: Work, signatory_id: UUID) -> list[dict[str, Any]]:
    """Return what was offered to somebody, the last one first. Raises NotFoundError, ForbiddenError."""
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    check_territory(work.who, person["territory"])
    table = storage.slot_offer
    mine = sa.select(table).where(table.c.signatory_id == signatory_id)
    return storage.rows(work.db, mine.order_by(table.c.at.desc()))


def ends_at(row: Mapping[str, Any]) -> datetime:
    """Return when an offer ends, in the time of its territory."""
    return local_time(row["until"], row["territory"])


def open_offer(work: Work) -> dict[str, Any] | None:
    """Return what who asks may choose from now, or None."""
    table = storage.slot_offer
    mine = sa.and_(table.c.signatory_id == UUID(work.who.scope), table.c.state == "open", table.c.until > work.now)
    return storage.first(work.db, sa.select(table).where(mine))


def choose(work: Work, offer_id: UUID, number: int) -> Outcome:
    """
    Give who asks the seats of an itinerary of their offer, if they are still free.

    The same choice again changes nothing. Raises NotFoundError for an offer that is not theirs or has no such number.
    """
    row = storage.one(work.db, storage.slot_offer, offer_id, "offer", lock=True)
    if str(row["signatory_id"]) != work.who.scope:
        raise NotFoundError("offer", offer_id)
    if row["state"] == "taken":
        return Outcome.TAKEN if _chosen(row) == number else Outcome.OVER
    if row["state"] != "open" or row["until"] <= work.now:
        return Outcome.OVER
    if number not in {one["number"] for one in row["itineraries"]}:
        return Outcome.GONE
    acting = _unscoped(work)
    left = _left(acting, row)
    if left is None:
        _end(acting, row, "withdrawn")
        return Outcome.OVER
    wanted = next((one for one in left if one["number"] == number), None)
    if wanted is not None and _given(acting, row, wanted):
        _end(acting, row, "taken", itineraries=[{**wanted, "chosen": True}])
        return Outcome.TAKEN
    rest = [one for one in _left(acting, row) or () if one["number"] != number] or _anew(acting, row)
    if not rest:
        _end(acting, row, "expired", itineraries=[])
        return Outcome.OVER
    _keep(acting, row, itineraries=rest)
    return Outcome.GONE


def look_at_offers(service: Service) -> int:
    """
    End offers whose hours are over, with the best seats that are left, and those of people who owe nothing any more.

    Returns how many ended; a tick of the service.
    """
    table, need = storage.slot_offer, storage.need
    waits = sa.exists().where(need.c.signatory_id == table.c.signatory_id, need.c.state.in_(WAITING))
    over = sa.and_(table.c.state == "open", sa.or_(table.c.until <= service.clock.now(), ~waits))
    with service.database.read() as db:
        keys = list(db.scalars(sa.select(table.c.id).where(over).order_by(table.c.until, table.c.id).limit(BATCH)))
    for key in keys:
        with service.database.begin() as db:
            _lapse(service.work(db), key)
    return len(keys)


def retell(work: Work) -> int:
    """Tell the present state of every offer again."""
    rows = storage.rows(work.db, sa.select(storage.slot_offer).order_by(storage.slot_offer.c.id))
    work.tell(*(_state(row) for row in rows))
    return len(rows)


def _lapse(work: Work, offer_id: UUID) -> None:
    row = storage.one(work.db, storage.slot_offer, offer_id, "offer", lock=True)
    if row["state"] != "open":
        return
    left = _left(work, row)
    if left is None:
        _end(work, row, "withdrawn")
        return
    for one in (*left, *_anew(work, row)):
        if _given(work, row, one):
            _note(work, row, "slot_chosen_for")
            _end(work, row, "expired", itineraries=[{**one, "chosen": True}])
            return
    _end(work, row, "expired", itineraries=[])


def _left(work: Work, row: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the itineraries that still fit; None where nothing is owed or planned any more."""
    try:
        asked = guests.ask(work, row["signatory_id"])
    except ConflictError:
        return None
    listed = row["itineraries"]
    return desk.still_fitting(work, _at_the_end(asked, row["until"]), listed) or desk.still_fitting(work, asked, listed)


def _anew(work: Work, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what fits now, numbered on: a number that was shown before never stands for something else."""
    last = max(one["number"] for one in row["itineraries"])
    found = _fitting(work, guests.ask(work, row["signatory_id"]), row["until"])
    return [one | {"number": last + one["number"]} for one in found]


def _fitting(work: Work, asked: Asked, until: datetime) -> list[dict[str, Any]]:
    """Return what can be taken as it is shown until an offer ends; what fits today only where that seats more."""
    found = [_whole(desk.fitting(work, one)) for one in (_at_the_end(asked, until), asked)]
    return max(found, key=lambda shown: sum(len(step["needs"]) for one in shown[:1] for step in one["steps"]))


def _at_the_end(asked: Asked, until: datetime) -> Asked:
    """Return who asks as on the last day of an offer: a running course is joined later by then, with its notice."""
    return replace(asked, today=max(asked.today, local_time(until, asked.person["territory"]).date()))


def _whole(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those that seat as much as the best does: who chooses at home cannot know that a part is missing."""
    return [one for one in found if one["value"]["T1"] == found[0]["value"]["T1"]]


def _given(work: Work, row: Mapping[str, Any], itinerary: Mapping[str, Any]) -> bool:
    """Give the seats of an itinerary if they are free; say whether that was done."""
    if not desk.lock_seats(work, itinerary):
        return False
    try:
        desk.give(work, row["signatory_id"], itinerary)
    except ConflictError as error:
        if error.code not in REFUSED:
            raise
        return False
    return True


def _unscoped(work: Work) -> Work:
    """Return the same work of the same person for use cases that ask for a directorate; whose it is was checked."""
    who = work.who
    return replace(work, who=Principal(kind=who.kind, id=who.id, role=who.role))


def _open(work: Work, where: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
    table = storage.slot_offer
    return storage.rows(work.db, sa.select(table).where(where, table.c.state == "open").with_for_update())


def _end(work: Work, row: dict[str, Any], state: str, **changed: Any) -> dict[str, Any]:
    ended = _keep(work, row, state=state, version=row["version"] + 1, **changed)
    work.tell(_state(ended))
    return ended


def _keep(work: Work, row: dict[str, Any], **changed: Any) -> dict[str, Any]:
    stamped = changed | {"actor": work.who.actor, "at": work.now}
    work.db.execute(storage.slot_offer.update().where(storage.slot_offer.c.id == row["id"]).values(**stamped))
    return row | stamped


def _chosen(row: Mapping[str, Any]) -> int:
    return next((int(one["number"]) for one in row["itineraries"] if one.get("chosen")), 0)


def _state(row: Mapping[str, Any]) -> SlotOfferState:
    return SlotOfferState(
        subject_version=row["version"],
        offer_id=row["id"],
        signatory_id=row["signatory_id"],
        state=row["state"],
        until=row["until"],
    )


def _note(work: Work, row: Mapping[str, Any], code: str) -> None:
    dossier.note(work, [dossier.Entry(person_id=row["signatory_id"], at=work.now, code=code, link=str(row["id"]))])

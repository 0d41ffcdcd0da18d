"""
The interview desk: itineraries that fit one person now, seats held while they choose, and who fits a free seat best.

A seat that is shown is held: no other desk is shown it, until the person chooses, the desk lets go, or the minutes of
the rule-book have passed in real time. The groups are read as they stand in this transaction; what a group's meetings
are is taken apart once for each of its versions.
"""

__all__ = [
    "ROLES",
    "find",
    "fitting",
    "give",
    "lock_seats",
    "pay",
    "release",
    "show",
    "still_fitting",
    "take",
    "who_fits",
]

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.scheduler import storage
from services.scheduler.domain.desk import (
    Guest,
    Itinerary,
    Shelf,
    Step,
    Unit,
    fits,
    itineraries,
)
from services.scheduler.domain.life import PLANNED
from services.scheduler.domain.problem import LotUnit
from services.scheduler.domain.view import followed_meetings
from services.scheduler.usecases import guests, seating, telling
from services.scheduler.usecases.guests import WAITING, Asked
from services.scheduler.usecases.planning import session_value
from services.scheduler.usecases.shelf import counted, known_openings, lock_free
from shared.clock import real_now
from shared.errors import ConflictError, NotFoundError
from shared.scope import check_territory
from shared.work import Work

ROLES = ("planner", "auditor")
TRIES = 8  # how often a desk looks again when another one was quicker


def show(work: Work, showing_id: UUID, signatory_id: UUID) -> dict[str, Any]:
    """
    Return up to three itineraries for somebody, with their seats held; the same id again shows the same.

    What was shown to this person before is let go. Raises NotFoundError, ForbiddenError, ConflictError
    (`contract_not_running`, `nothing_owed`, `id_reused`, `hold_over`, `desks_busy`).
    """
    before = storage.first(work.db, sa.select(storage.desk_showing).where(storage.desk_showing.c.id == showing_id))
    if before is not None:
        if before["signatory_id"] != signatory_id:
            raise ConflictError(f"showing {showing_id} is somebody else's", "id_reused")
        return _still_shown(before)
    asked = guests.ask(work, signatory_id)
    _let_go(work, storage.desk_showing.c.signatory_id == signatory_id)
    for _ in range(TRIES):
        shelf, guest, units = _look(work, asked)
        found = itineraries(guest, units, shelf)
        steps = [step for one in found for step in one.steps]
        wanted = {
            (UUID(step.opening.session.id), part): step.opening.seats for step in steps for part in step.unit.parts
        }
        with work.db.begin_nested() as looked:  # undone, it lets go of its locks: who waits on whom is never a circle
            free = lock_free(work, wanted)
            if not free:
                looked.rollback()
        if free:
            shown = [_itinerary(number, one, guest, asked) for number, one in enumerate(found, start=1)]
            return _hold(work, showing_id, asked, shown, wanted)
    raise ConflictError("other desks take these seats right now: ask again", "desks_busy")


def find(work: Work, showing_id: UUID) -> dict[str, Any]:
    """Return what was shown. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.desk_showing, showing_id, "showing")
    check_territory(work.who, row["territory"])
    return row


def take(work: Work, showing_id: UUID, number: int) -> dict[str, Any]:
    """
    Give the seats of the itinerary with this number (1 to 3) to the person, and let go of the others.

    The same choice again changes nothing. Raises NotFoundError, ForbiddenError, ConflictError (`hold_over`,
    `chosen_before`, `contract_not_running`, `lot_spent`, `time_taken`).
    """
    row = storage.one(work.db, storage.desk_showing, showing_id, "showing", lock=True)
    check_territory(work.who, row["territory"])
    chosen = next((one for one in row["itineraries"] if one["number"] == number), None)
    if chosen is None:
        raise NotFoundError("itinerary", number)
    if row["state"] == "taken":
        if chosen.get("chosen"):
            return row
        raise ConflictError("another itinerary was chosen", "chosen_before")
    _still_shown(row)
    give(work, row["signatory_id"], chosen)
    listed = [one | {"chosen": one["number"] == number} for one in row["itineraries"]]
    return _end(work, row, "taken", itineraries=listed)


def give(work: Work, signatory_id: UUID, itinerary: Mapping[str, Any]) -> None:
    """
    Give somebody the seats of an itinerary; that they are free is the caller's to know.

    Raises NotFoundError, ForbiddenError, ConflictError (`hold_over`, `contract_not_running`, `lot_spent`,
    `time_taken`).
    """
    steps = itinerary["steps"]
    asked_of = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    today = telling.today(work, asked_of["territory"])
    if any(date.fromisoformat(step["joins_on"]) <= today for step in steps):
        raise ConflictError("these groups have begun: look again", "hold_over")
    needs = {UUID(key): part for step in steps for key, part in step["needs"].items()}
    waiting = _lock_needs(work, needs)
    if waiting != set(needs):
        raise ConflictError("these needs have a seat or are owed no more", "contract_not_running")
    sessions = storage.by_id(work.db, storage.session, [UUID(step["session_id"]) for step in steps])
    given = [
        seating.Given(
            need_id=UUID(key),
            session=session_value(sessions[UUID(step["session_id"])], started=False),
            part=part,
            joins_on=date.fromisoformat(step["joins_on"]),
        )
        for step in steps
        for key, part in step["needs"].items()
    ]
    pay(work, guests.ask(work, signatory_id), given)
    try:
        with work.db.begin_nested():
            seating.give(work, given)
    except IntegrityError as error:  # the table's own key: a person is in one place at a time
        raise ConflictError("this person has another seat at that time: look again", "time_taken") from error


def fitting(work: Work, asked: Asked) -> list[dict[str, Any]]:
    """Return up to three itineraries that fit somebody now, the best first; nothing is held."""
    shelf, guest, units = _look(work, asked)
    return [_itinerary(number, one, guest, asked) for number, one in enumerate(itineraries(guest, units, shelf), 1)]


def still_fitting(work: Work, asked: Asked, listed: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return those of the itineraries that still fit as they were shown, every step of them."""
    shelf, guest, units = _look(work, asked)
    by_needs = {frozenset(need.id for need in unit.needs): unit for unit in units}
    openings = {opening.session.id: opening for opening in shelf.openings}

    def fits_still(step: Mapping[str, Any]) -> bool:
        unit, opening = by_needs.get(frozenset(step["needs"])), openings.get(step["session_id"])
        found = fits(guest, unit, opening, shelf) if unit and opening else None
        return found is not None and str(found.joins_on) == step["joins_on"]

    return [one for one in listed if all(map(fits_still, one["steps"]))]


def lock_seats(work: Work, itinerary: Mapping[str, Any]) -> bool:
    """Lock the groups of an itinerary; say whether each still has a seat. Nobody takes one meanwhile."""
    wanted = [(UUID(step["session_id"]), part) for step in itinerary["steps"] for part in step["needs"].values()]
    sessions = storage.by_id(work.db, storage.session, [key for key, _ in wanted])
    return lock_free(work, {(key, part): sessions[key]["seats"] for key, part in wanted})


def release(work: Work, showing_id: UUID) -> dict[str, Any]:
    """Let go of every seat that is held for a showing. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.desk_showing, showing_id, "showing", lock=True)
    check_territory(work.who, row["territory"])
    return row if row["state"] != "shown" else _end(work, row, "released")


def who_fits(work: Work, session_id: UUID, most: int = 5) -> list[dict[str, Any]]:
    """
    Return who of the waiting people fits a free seat of a group best: the most urgent first, then the least waiting.

    Each row: signatory_id, reference, need_ids, points (of T1, while they have no seat), joins_on, travel minutes.
    Raises NotFoundError, ForbiddenError.
    """
    session = storage.one(work.db, storage.session, session_id, "session")
    check_territory(work.who, session["territory"])
    ((programme, opening),) = known_openings(work, [(session_id, session["version"])])
    asked = guests.ask_everybody(
        work,
        territory=session["territory"],
        programme=programme,
        training=session["training"],
        parts=opening.session.parts,
    )
    found: list[tuple[int, int, str, Asked, Guest, Step]] = []
    shelves: dict[int, Shelf] = {}
    for one in asked:
        if id(one.problem) not in shelves:
            shelves[id(one.problem)] = Shelf(one.problem, [opening], *counted(work, session["territory"], one.problem))
        guest = one.guest(until=opening.session.meetings[-1].day)
        for unit in one.units:
            step = fits(guest, unit, opening, shelves[id(one.problem)])
            if step is not None:
                found.append((-unit.points, step.points, str(one.person["reference"]), one, guest, step))
    found.sort(key=lambda one: one[:3])
    return [
        {
            "signatory_id": one.person["id"],
            "reference": one.person["reference"],
            "need_ids": [UUID(one.id) for one in step.unit.needs],
            "points": step.unit.points,
            "joins_on": step.joins_on,
            "travel_minutes": guest.minutes[step.opening.session.site],
        }
        for *_, one, guest, step in found[:most]
    ]


def _look(work: Work, asked: Asked) -> tuple[Shelf, Guest, list[Unit]]:
    """Return what may be joined, who asks, and for what."""
    territory, rules = asked.person["territory"], asked.problem.rules
    session = storage.session
    since = asked.today - timedelta(weeks=rules.rolling_entry_weeks)
    query = sa.select(session.c.id, session.c.version).where(
        session.c.territory == territory, session.c.state == "open", session.c.starts_on >= since
    )
    known = known_openings(work, work.db.execute(query).all())
    openings = [opening for programme, opening in known if programme == asked.contract["programme"]]
    taken, left = counted(work, territory, asked.problem)
    until = max((one.session.meetings[-1].day for one in openings), default=asked.today)
    return Shelf(asked.problem, openings, taken, left), asked.guest(until), asked.units


def _hold(
    work: Work, showing_id: UUID, asked: Asked, shown: Sequence[Any], wanted: Collection[tuple[UUID, str]]
) -> dict[str, Any]:
    """Keep what is shown, and hold its seats for some minutes of real time."""
    until = real_now() + timedelta(minutes=asked.book["desk.hold_minutes"])
    row: dict[str, Any] = {
        "id": showing_id,
        "signatory_id": asked.person["id"],
        "territory": asked.person["territory"],
        "itineraries": list(shown),
        "until": until,
        "state": "shown",
        "actor": work.who.actor,
        "at": work.now,
    }
    work.db.execute(storage.desk_showing.insert(), [row])
    holds = [
        {"showing_id": showing_id, "session_id": session_id, "part": part, "until": until}
        for session_id, part in wanted
    ]
    if holds:
        work.db.execute(storage.seat_hold.insert(), holds)
    return row


def _itinerary(number: int, one: Itinerary, guest: Guest, asked: Asked) -> dict[str, Any]:
    return {
        "number": number,
        "value": dict(zip(("T1", "T2", "T3"), one.value, strict=True)),
        "steps": [_step(step, guest, asked) for step in one.steps],
    }


def _step(step: Step, guest: Guest, asked: Asked) -> dict[str, Any]:
    session = step.opening.session
    followed = [one for one in session.meetings if one.part in step.unit.parts and one.day >= step.joins_on]
    return {
        "session_id": session.id,
        "training": session.training.value,
        "needs": {one.id: one.part for one in step.unit.needs},
        "days": {part: str(day) for part, day in step.days.items()},
        "joins_on": str(step.joins_on),
        "starts_at": str(asked.book.starts_at(followed[0].slot.value)),
        "last_on": str(followed[-1].day),
        "meetings": len(followed),
        "site": next(one.name for one in asked.problem.sites if one.id == session.site),
        "travel_minutes": guest.minutes[session.site],
        "rhythm": session.rhythm,
        "late": step.late,
    }


def _still_shown(row: dict[str, Any]) -> dict[str, Any]:
    until: datetime = row["until"]
    if row["state"] == "shown" and until > real_now():
        return row
    raise ConflictError("these seats are held no longer: look again", "hold_over")


def _lock_needs(work: Work, needs: Mapping[UUID, str]) -> set[UUID]:
    """Lock the needs that still wait for a seat, of contracts that run, and return them."""
    need, contract = storage.need, storage.contract
    query = (
        sa.select(need.c.id)
        .join(contract, contract.c.id == need.c.contract_id)
        .where(need.c.id.in_(list(needs)), need.c.state.in_(WAITING), contract.c.state.in_(PLANNED))
        .order_by(need.c.id)
    )
    return set(work.db.scalars(query.with_for_update(of=need)))


def pay(work: Work, asked: Asked, given: Sequence[seating.Given]) -> None:
    """Lock the lots that pay for these seats, and refuse what one of them no longer covers (`lot_spent`)."""
    item, territory = storage.offer_item, asked.person["territory"]
    codes = sorted({one.session.lot for one in given if one.session.lot})
    lots = sa.and_(item.c.territory == territory, item.c.kind == "lots", item.c.code.in_(codes))
    work.db.execute(sa.select(item.c.code).where(lots).order_by(item.c.code).with_for_update()).all()
    _, left = counted(work, territory, asked.problem)
    units = {lot.id: lot.unit for lot in asked.problem.lots}
    for one in given:
        lot = one.session.lot
        if lot is None or lot not in left:
            continue
        followed = followed_meetings(one.session, one.part, one.joins_on)
        left[lot] -= 1 if units[lot] is LotUnit.PERSON_DAYS else sum(meeting.minutes for meeting in followed)
        if left[lot] < 0:
            raise ConflictError(f"lot {lot} no longer covers these seats: look again", "lot_spent")


def _let_go(work: Work, where: sa.ColumnElement[bool]) -> None:
    table = storage.desk_showing
    for row in storage.rows(work.db, sa.select(table).where(where, table.c.state == "shown").with_for_update()):
        _end(work, row, "released")


def _end(work: Work, row: dict[str, Any], state: str, **changed: Any) -> dict[str, Any]:
    ended = changed | {"state": state, "actor": work.who.actor, "at": work.now}
    work.db.execute(storage.desk_showing.update().where(storage.desk_showing.c.id == row["id"]).values(**ended))
    work.db.execute(storage.seat_hold.delete().where(storage.seat_hold.c.showing_id == row["id"]))
    return row | ended

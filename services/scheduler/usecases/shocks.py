"""
After a shock (a site closes, a trainer leaves, an order is cut): which published groups no longer hold, their
cancellation, and who was moved where by the next plan.

Nobody else is moved: what still holds stays pinned, so the people of the cancelled groups are the fewest that can move.
Groups that have begun are never cancelled here.
"""

__all__ = ["REASONS", "cancel", "moved", "no_longer_hold"]

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.shaken import shaken
from services.scheduler.usecases import dossier, planning, telling
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.scope import check_territory
from shared.work import Work

REASONS: Mapping[str, str] = {
    "room": "la salle ou le site n’est plus disponible",
    "trainer": "le formateur n’est plus disponible",
    "interpretation": "l’interprète n’est plus disponible",
    "calendar": "un jour du groupe est fermé",
    "lot": "la commande a été réduite",
    "other": "le groupe ne peut pas avoir lieu",
}


def no_longer_hold(work: Work, territory: str, programme: str) -> list[dict[str, Any]]:
    """
    Return the published groups that no longer hold under the offer as it is now, the first to start first.

    Each row: id, training, parts, site, starts_on, people, reasons ({rule, words in English}). Raises ForbiddenError.
    """
    check_territory(work.who, territory)
    run = {"territory": territory, "programme": programme, "publish_on": telling.today(work, territory)}
    try:
        problem = planning.build(work, run)
    except NotFoundError:
        return []
    broken = shaken(problem)
    rows = storage.by_id(work.db, storage.session, map(UUID, broken))
    people = storage.seats_taken(work.db, list(rows))
    found = [
        {name: row[name] for name in ("id", "training", "parts", "site", "starts_on")}
        | {
            "people": people.get(key, 0),
            "reasons": [{"rule": one.rule, "words": one.words} for one in broken[str(key)]],
        }
        for key, row in rows.items()
    ]
    return sorted(found, key=lambda row: (row["starts_on"], str(row["id"])))


def cancel(work: Work, session_id: UUID, reason: str) -> dict[str, Any]:
    """
    Cancel a published group that has not begun: its people are told, and their needs wait for the next plan.

    The same again changes nothing. Raises NotFoundError, ForbiddenError, ConflictError (`session_started`),
    InvalidInputError.
    """
    row = storage.one(work.db, storage.session, session_id, "session", lock=True)
    check_territory(work.who, row["territory"])
    if row["state"] == "cancelled":
        return row
    if reason not in REASONS:
        raise InvalidInputError("refused", [FieldFault("reason", "choice", f"one of {', '.join(REASONS)}")])
    if row["starts_on"] <= telling.today(work, row["territory"]):
        raise ConflictError(f"the group began on {row['starts_on']}: it is not cancelled as a whole", "session_started")
    held = telling.meetings_of(work, [session_id])[session_id]
    body = storage.offer(work.db, row["territory"])["sites", row["site"]]["facts"]["body"]
    row |= {"state": "cancelled", "facts": dict(row["facts"]) | {"cancelled": REASONS[reason]}}
    row |= {"version": row["version"] + 1, "actor": work.who.actor, "changed_at": work.now}
    work.db.execute(storage.session.update().where(storage.session.c.id == session_id).values(**row))
    work.db.execute(storage.meeting.delete().where(storage.meeting.c.session_id == session_id))
    work.db.execute(storage.seat_hold.delete().where(storage.seat_hold.c.session_id == session_id))
    work.tell(telling.session_state(row, held, body))
    _reopen(work, row, reason)
    storage.territory_version(work.db, row["territory"], lock=True)
    storage.bump_territory(work.db, row["territory"])  # plans that count on this group are outdated
    return row


def moved(work: Work, run_id: UUID) -> list[dict[str, Any]]:
    """
    Return whom a published plan moved, and why: who was told of another seat for the same need before.

    Each row: reference, signatory_id, training, part, from_site, from_on, why (French), to_site, to_on.
    """
    run = storage.one(work.db, storage.plan_run, run_id, "plan run")
    check_territory(work.who, run["territory"])
    if run["published_at"] is None:
        return []
    after, before = storage.placement, storage.placement.alias()
    there, here, person = storage.session, storage.session.alias(), storage.signatory
    query = (
        sa.select(
            person.c.reference,
            after.c.signatory_id,
            after.c.need_id,
            there.c.training,
            after.c.part,
            here.c.site.label("from_site"),
            before.c.joins_on.label("from_on"),
            here.c.facts.label("_facts"),
            there.c.site.label("to_site"),
            after.c.joins_on.label("to_on"),
        )
        .join(before, sa.and_(before.c.need_id == after.c.need_id, before.c.id != after.c.id))
        .join(there, there.c.id == after.c.session_id)
        .join(here, here.c.id == before.c.session_id)
        .join(person, person.c.id == after.c.signatory_id)
        .where(
            there.c.territory == run["territory"],
            before.c.state == "withdrawn",
            after.c.changed_at == run["published_at"],
        )
        .order_by(person.c.reference, after.c.part, after.c.need_id, before.c.changed_at)
    )
    last = {row["need_id"]: row for row in storage.rows(work.db, query)}  # who was moved before sat here in between
    return [
        {name: row[name] for name in row if name not in {"need_id", "_facts"}}
        | {"why": row["_facts"].get("cancelled", "")}
        for row in last.values()
    ]


def _reopen(work: Work, row: Mapping[str, Any], reason: str) -> None:
    """Withdraw the seats of a cancelled group and put their needs back into planning, with the reason."""
    seat, need, time = storage.placement, storage.need, storage.seat_time
    active = sa.and_(seat.c.session_id == row["id"], seat.c.state == "active")
    seats = storage.rows(work.db, sa.select(seat).where(active).order_by(seat.c.id).with_for_update())
    stamp = {"actor": work.who.actor, "changed_at": work.now}
    work.db.execute(time.delete().where(time.c.placement_id.in_(sa.select(seat.c.id).where(active))))
    work.db.execute(seat.update().where(active).values(state="withdrawn", version=seat.c.version + 1, **stamp))
    said = {
        "code": "session_cancelled",
        "fr": f"le groupe a été annulé : {REASONS[reason]}",
        "en": f"the group was cancelled: {reason}",
    }
    mine = sa.and_(need.c.id.in_([one["need_id"] for one in seats]), need.c.state == "placed")
    work.db.execute(need.update().where(mine).values(state="open", reason=said, **stamp))
    gone = [one | {"state": "withdrawn", "version": one["version"] + 1} | stamp for one in seats]
    work.tell(*(telling.placement_state(one) for one in gone))
    link = f"/planning/sessions/{row['id']}"
    dossier.note(
        work,
        [dossier.Entry(person_id=one["signatory_id"], at=work.now, code="seat_lost", link=link) for one in seats],
    )

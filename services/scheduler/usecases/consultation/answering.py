"""A training body sees its groups of a plan and says of each: yes, something else, or no."""

__all__ = ["Answer", "answer", "for_body", "of_body"]

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.consultation import FINAL, REFUSALS
from services.scheduler.usecases import telling
from services.scheduler.usecases.consultation.groups import (
    change_state,
    check_open,
    keep,
    locked,
    plain,
    said_before,
    view,
)
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.work import Work

FARTHEST = timedelta(days=366)  # no plan looks farther


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a training body says of one group: `answer` is one of ANSWERS; the rest goes with counter or refuse."""

    answer: str
    room: str | None = None
    trainer: str | None = None
    starts_on: date | None = None
    reason: str | None = None


def of_body(work: Work) -> list[dict[str, Any]]:
    """Return the groups that the caller's training body is asked about, those without an answer first."""
    rows = storage.rows(work.db, _asked(work).order_by(storage.consulted.c.id))
    offers = {code: storage.offer(work.db, code) for code in {row["territory"] for row in rows}}
    found = [_for_body(work, row) | _names(offers[row["territory"]], row["facts"]) for row in rows]
    return sorted(found, key=lambda one: (one["state"] != "waiting", one["starts_on"], str(one["id"])))


def for_body(work: Work, consulted_id: UUID) -> dict[str, Any]:
    """
    Return one group that the caller's body is asked about, with the rooms and trainers that it may offer instead.

    Raises NotFoundError.
    """
    row = storage.first(work.db, _asked(work).where(storage.consulted.c.id == consulted_id))
    if row is None:
        raise NotFoundError("session to confirm", consulted_id)
    offer = storage.offer(work.db, row["territory"])
    return _for_body(work, row) | _names(offer, row["facts"]) | _choices(offer, row["body"], row["facts"])


def answer(work: Work, consulted_id: UUID, answer_id: UUID, said: Answer) -> dict[str, Any]:
    """
    Keep what a training body says of a group; a later answer goes before, until the plan is published.

    Raises NotFoundError (also for another body's group), ConflictError (`id_reused`, `published`, `plan_outdated`,
    `consultation_closed`, `answered_before`), InvalidInputError.
    """
    row = storage.first(work.db, sa.select(storage.consulted).where(storage.consulted.c.id == consulted_id))
    if row is None or row["body"] != work.who.scope:
        raise NotFoundError("session to confirm", consulted_id)
    run = locked(work, row["run_id"])
    content = plain(asdict(said))
    if said_before(work, consulted_id, answer_id, content):
        return _known(work, consulted_id)
    check_open(work, run)
    row = storage.one(work.db, storage.consulted, consulted_id, "session to confirm", lock=True)
    if row["state"] in FINAL:
        raise ConflictError(f"this group is {row['state']}", "answered_before")
    _check(work, run["territory"], row, said)
    keep(work, consulted_id, answer_id, content)
    offered = content if said.answer == "counter" else None
    state = {"confirm": "confirmed", "counter": "countered", "refuse": "refused"}[said.answer]
    change_state(work, row, answer_id, state=state, offered=offered, reason=said.reason or "")
    return _known(work, consulted_id)


def _asked(work: Work) -> sa.Select[Any]:
    """Return the query for groups that the caller's body is asked about, of plans that can still be published."""
    table, asked, run = storage.consulted, storage.consultation, storage.plan_run
    return (
        sa.select(table, asked.c.territory, asked.c.answer_by)
        .join(asked, asked.c.run_id == table.c.run_id)
        .join(run, run.c.id == table.c.run_id)
        .join(storage.territory, storage.territory.c.code == asked.c.territory)
        .where(table.c.body == work.who.scope, table.c.state != "gone")
        .where(asked.c.state == "open", run.c.state == "ready", run.c.base_version == storage.territory.c.version)
    )


def _for_body(work: Work, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group as its training body sees it: neither who decided nor which languages are spoken in it."""
    late = telling.today(work, row["territory"]) > row["answer_by"]
    seen = view(row, late=late) | {"answer_by": row["answer_by"], "final": row["state"] in FINAL}
    seen["session"] = {name: value for name, value in row["facts"].items() if name != "interpreters"}
    names = ("actor", "at", "run_id")
    return {name: value for name, value in seen.items() if name not in names}


def _known(work: Work, consulted_id: UUID) -> dict[str, Any]:
    """Return a group of the caller's body, whatever became of the plan since."""
    table, asked = storage.consulted, storage.consultation
    query = sa.select(table, asked.c.territory, asked.c.answer_by).join(asked, asked.c.run_id == table.c.run_id)
    (row,) = storage.rows(work.db, query.where(table.c.id == consulted_id))
    return _for_body(work, row)


def _names(offer: Mapping[tuple[str, str], Mapping[str, Any]], session: Mapping[str, Any]) -> dict[str, str]:
    """Return what the body calls the site, room and trainer of a group; the code of what it offers no more."""
    kinds = {"site": "sites", "room": "salles", "trainer": "formateurs"}
    known = {name: offer.get((kind, session[name])) for name, kind in kinds.items()}
    return {f"{name}_name": row["facts"]["name"] if row else session[name] for name, row in known.items()}


def _choices(
    offer: Mapping[tuple[str, str], Mapping[str, Any]], body: str, session: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """Return the rooms and trainers of a body, with what to call them; trainers who may teach this group come first."""
    wanted = "civic" if session["training"] == "civic" else session["parts"][0]
    sites = {
        code: row["facts"]["name"]
        for (kind, code), row in offer.items()
        if kind == "sites" and row["facts"]["body"] == body
    }
    rooms = [
        {"id": code, "name": f"{sites[row['facts']['site']]}, {row['facts']['name']}", "seats": row["facts"]["seats"]}
        for (kind, code), row in offer.items()
        if kind == "salles" and row["facts"]["site"] in sites
    ]
    trainers = [
        {"id": code, "name": row["facts"]["name"], "qualified": wanted in row["facts"]["qualifications"]}
        for (kind, code), row in offer.items()
        if kind == "formateurs" and row["facts"]["body"] == body
    ]
    return {"rooms": rooms, "trainers": sorted(trainers, key=lambda one: not one["qualified"])}


def _check(work: Work, territory: str, row: Mapping[str, Any], said: Answer) -> None:
    """Raise InvalidInputError unless an answer says what its kind says, and no more."""
    faults = []
    if said.answer != "refuse" and said.reason is not None:
        faults.append(FieldFault("reason", "not_expected", "goes with a refusal only"))
    if said.answer == "refuse" and said.reason not in REFUSALS:
        faults.append(FieldFault("reason", "choice", f"one of {', '.join(REFUSALS)}"))
    offered = {name: getattr(said, name) for name in ("room", "trainer", "starts_on")}
    if said.answer != "counter":
        faults += [
            FieldFault(name, "not_expected", "goes with a counter-proposal only")
            for name, value in offered.items()
            if value is not None
        ]
    else:
        faults += _offer_faults(work, territory, row, said)
    if faults:
        raise InvalidInputError("refused", faults)


def _offer_faults(work: Work, territory: str, row: Mapping[str, Any], said: Answer) -> Iterable[FieldFault]:
    session = row["facts"]
    known = _choices(storage.offer(work.db, territory), row["body"], session)
    for name, listed in (("room", known["rooms"]), ("trainer", known["trainers"])):
        value = getattr(said, name)
        if value is not None and value not in {one["id"] for one in listed}:
            yield FieldFault(name, "choice", "none of this training body's")
    today = telling.today(work, territory)
    if said.starts_on is not None and not today < said.starts_on <= today + FARTHEST:
        yield FieldFault("starts_on", "range", f"between {today + timedelta(days=1)} and {today + FARTHEST}")
    same = {
        "room": said.room in {None, session["room"]},
        "trainer": said.trainer in {None, session["trainer"]},
        "starts_on": said.starts_on is None or str(said.starts_on) == session["meetings"][0]["day"],
    }
    if all(same.values()):
        yield FieldFault("room", "nothing_else", "another room, trainer or first day is expected")

"""
What placed one person, in plain words: data, rules, weights, what was decided for each need, by which run and by whom.

No name, contact point or nationality is read here. Rules are those of the contract's own rule-book; what a plan was
really given comes from the run that was published.
"""

__all__ = ["DECIDED", "explanation"]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from babel import Locale

from services.scheduler import storage
from services.scheduler.domain.building import person_of, rules_of
from services.scheduler.domain.explaining import Own, changed_data, data_of, own_part, part_said, why
from services.scheduler.domain.plain import (
    BOOK,
    CONTRIBUTION,
    DEADLINE,
    HARD_RULES,
    NOT_USED,
    OBJECTIVE,
    REVIEW,
    ROLES,
    HardRule,
    Said,
    day_said,
    objective,
    value_said,
)
from services.scheduler.domain.problem import Training, Weights
from services.scheduler.domain.view import Seat, forecast_end
from services.scheduler.programmes import RuleBook, rule_book
from services.scheduler.usecases import telling
from shared.communes import local_time
from shared.scope import check_territory
from shared.work import Work

Row = Mapping[str, Any]
DECIDED: Mapping[str, Said] = {
    "open": Said(
        "à planifier : aucun plan publié n’y a encore répondu", "to be planned: no published plan answered yet"
    ),
    "placed": Said("une place est donnée", "a seat is given"),
    "unplaced": Said("aucune place dans le dernier plan publié", "no seat in the last plan that was published"),
    "not_owed": Said("cette formation n’est pas due", "this training is not owed"),
    "held": Said("en attente : rien n’est planifié pour l’instant", "on hold: nothing is planned for now"),
    "followed": Said("suivie : rien ne reste à placer", "followed: nothing is left to place"),
    "replaced": Said("manquée : un besoin nouveau la remplace", "missed: a new need stands in its place"),
}
CONFIRMED: Mapping[str, Said] = {
    "insertion": Said(
        "d’après les réservations du plan, sans nouveau calcul", "by the books of the plan, not computed again"
    ),
    "solve": Said("vérifié par un nouveau calcul", "checked by a new computation"),
    "no": Said("non vérifié", "not checked"),
}
NO_RUN = Said("aucun calcul connu n’a donné cette réponse", "no computation that is known gave this answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A published run and the person's part of it."""

    row: Row
    own: Own


def explanation(work: Work, signatory_id: UUID) -> dict[str, Any]:
    """Return everything that placed a person, in French and English. Raises NotFoundError, ForbiddenError."""
    table = storage.signatory
    person = storage.one(work.db, table, signatory_id, "signatory")
    check_territory(work.who, person["territory"])
    mine = storage.contract.c.signatory_id == signatory_id
    contracts = storage.rows(work.db, sa.select(storage.contract).where(mine).order_by(storage.contract.c.signed_on))
    books = {one["id"]: rule_book(one["programme"]).at(one["territory"], one["signed_on"]) for one in contracts}
    needs = _needs(work, signatory_id)
    seats = _seats(work, signatory_id)
    runs = _runs(work, person, contracts, needs, seats.values())
    by_need = {need["id"]: _answered(runs, need, seats.get(need["id"])) for need in needs}
    used = list({run.row["id"]: run for run in by_need.values() if run is not None}.values())
    newest = max(used, key=lambda run: run.row["published_at"], default=None)
    weights = newest.own.view.problem.weights if newest else Weights()
    return {
        "signatory_id": signatory_id,
        "reference": person["reference"],
        "territory": person["territory"],
        "contribution": CONTRIBUTION,
        "data": _data(person, books[contracts[-1]["id"]]) if contracts else [],
        "data_not_used": list(NOT_USED),
        "contracts": [_contract(one, books[one["id"]]) for one in contracts],
        "objective": [
            _part(part.name, part.unit) | {"tier": tier.name, "weight": part.weight}
            for tier in objective(weights)
            for part in tier.parts
        ],
        "decisions": [
            _decision(need, books[need["contract_id"]], seats.get(need["id"]), by_need[need["id"]]) for need in needs
        ],
        "runs": [_run(one, person, {book.code: book for book in books.values()}) for one in used],
        "review": REVIEW,
    }


def _needs(work: Work, signatory_id: UUID) -> list[dict[str, Any]]:
    need = storage.need
    query = sa.select(need).where(need.c.signatory_id == signatory_id)
    return storage.rows(work.db, query.order_by(need.c.training, need.c.part, need.c.again, need.c.id))


def _seats(work: Work, signatory_id: UUID) -> dict[UUID, dict[str, Any]]:
    seat, session = storage.placement, storage.session
    columns = (session.c.site, session.c.ends_on, session.c.facts, session.c.territory)
    query = sa.select(seat, *columns).join(session, session.c.id == seat.c.session_id)
    found = storage.rows(work.db, query.where(seat.c.signatory_id == signatory_id, seat.c.state == "active"))
    meetings = telling.meetings_of(work, [row["session_id"] for row in found])
    offered = storage.offer_item
    sites = sa.and_(offered.c.kind == "sites", offered.c.code.in_({row["site"] for row in found}))
    names = {
        (row["territory"], row["code"]): row["facts"]["name"]
        for row in storage.rows(work.db, sa.select(offered).where(sites))
    }
    return {
        row["need_id"]: row
        | {
            "site_name": names.get((row["territory"], row["site"]), row["site"]),
            "meetings": [
                one
                for one in meetings[row["session_id"]]
                if one["part"] == row["part"] and one["day"] >= row["joins_on"]
            ],
        }
        for row in found
    }


def _runs(
    work: Work, person: Row, contracts: Iterable[Row], needs: Iterable[Row], seats: Iterable[Row]
) -> dict[datetime, list[_Run]]:
    """Return the published runs that may have answered these needs, by the instant of their publication."""
    run = storage.plan_run
    instants = {one["changed_at"] for one in (*needs, *seats)}
    territories = {one["territory"] for one in (person, *contracts, *needs, *seats)}
    query = sa.select(run).where(
        run.c.territory.in_(territories), run.c.published_at.in_(instants), run.c.state == "published"
    )
    found: dict[datetime, list[_Run]] = {}
    for row in storage.rows(work.db, query.order_by(run.c.id)):
        own = own_part(row["problem"], row["plan"], str(person["id"]))
        if own is not None:
            found.setdefault(row["published_at"], []).append(_Run(row=row, own=own))
    return found


def _answered(runs: Mapping[datetime, list[_Run]], need: Row, seat: Row | None) -> _Run | None:
    """Return the run that gave this seat, or this reason: published in the transaction that wrote it."""
    key = str(need["id"])
    for run in runs.get(seat["changed_at"] if seat else need["changed_at"], []):
        placed = run.own.seat(key)
        if placed.session.id == str(seat["session_id"]) if placed and seat else key in run.own.left:
            return run
    return None


def _data(person: Row, book: RuleBook) -> list[dict[str, Any]]:
    known = person_of(str(person["id"]), person["facts"], book)
    named = _named(known.languages).values()
    names = [", ".join(one.fr for one in named), ", ".join(one.en for one in named)]
    kept = day_said(_local_day(person["changed_at"], person["territory"]))
    return [
        {
            "name": name,
            "says": datum.says,
            "value": value,
            "source": datum.source
            if datum.made
            else Said(f"{datum.source.fr}, à jour du {kept.fr}", f"{datum.source.en}, as of {kept.en}"),
        }
        for name, datum, value in data_of(known, person["facts"]["commune_name"], Said(*names))
    ]


def _named(codes: Iterable[str]) -> dict[str, Said]:
    """Return the names of languages, by code."""
    return {code: Said(*(Locale(tongue).languages.get(code, code) for tongue in ("fr", "en"))) for code in codes}


def _contract(contract: Row, book: RuleBook) -> dict[str, Any]:
    named = [*HARD_RULES.items(), ("deadline", DEADLINE)]
    return {
        "contract_id": contract["id"],
        "programme": contract["programme"],
        "label": book.label,
        "territory": contract["territory"],
        "signed_on": contract["signed_on"],
        "term_on": contract["term_on"],
        "rules": [_rule(name, rule, book) for name, rule in named],
    }


def _rule(name: str, rule: HardRule, book: RuleBook) -> dict[str, Any]:
    return {"rule": name, "says": rule.says, "numbers": [_number(key, book) for key in rule.keys]}


def _number(key: str, book: RuleBook) -> dict[str, Any]:
    return {"key": key, "says": BOOK[key], "value": value_said(book[key]), "source": book.sources[key]}


def _part(name: str, unit: str) -> dict[str, Any]:
    says, french = OBJECTIVE[name]
    return {"part": name, "says": says, "unit": Said(french, unit)}


def _decision(need: Row, book: RuleBook, seat: Row | None, run: _Run | None) -> dict[str, Any]:
    placed = run.own.seat(str(need["id"])) if run and seat else None
    return {
        "need_id": need["id"],
        "contract_id": need["contract_id"],
        "training": need["training"],
        "part": need["part"],
        "state": need["state"],
        "what": part_said(need["training"], need["part"]),
        "deadline": need["deadline"],
        "says": DECIDED[need["state"]],
        "seat": _seat(seat, book, run, placed) if seat else None,
        "why": why(run.own, placed, _named(placed.person.languages)) if run and placed else [],
        "reason": _reason(need, book, run),
        "run_id": run.row["id"] if run else None,
        "by": _by(run, seat or need, need["territory"]),
    }


def _seat(seat: Row, book: RuleBook, run: _Run | None, placed: Seat | None) -> dict[str, Any]:
    mine = seat["meetings"]
    minutes = run.own.view.travel.minutes(placed.person, run.own.view.sites[seat["site"]]) if run and placed else None
    course = placed if placed and placed.need.training is Training.LANGUAGE else None
    return {
        "session_id": seat["session_id"],
        "site": seat["site_name"],
        "first_on": seat["joins_on"],
        "last_on": mine[-1]["day"] if mine else seat["ends_on"],
        "starts_at": f"{book.starts_at(mine[0]['slot']):%H:%M}" if mine else None,
        "meetings": len(mine),
        "travel_minutes": minutes,
        "forecast_end": forecast_end(course) if course else None,
    }


def _reason(need: Row, book: RuleBook, run: _Run | None) -> dict[str, Any] | None:
    """Return why a need is left out, not owed or open again, as it was kept and as the plan said it."""
    kept = need["reason"]
    if kept is None:
        return None
    stated = run.own.left.get(str(need["id"])) if run else None
    key = kept.get("rule", "").partition(": ")[2]
    french = kept.get("changes", [])
    english = [one.en for one in stated.changes] if stated else french
    return {
        "code": kept["code"],
        "says": Said(kept["fr"], kept.get("en", kept["fr"])),
        "rules": [_rule(name, HARD_RULES[name], book) for name in kept.get("rules", []) if name in HARD_RULES],
        "numbers": [_number(key, book)] if key in BOOK else [],
        "changes": [Said(*pair) for pair in zip(french, english, strict=True)],
        "confirmed": CONFIRMED[kept["confirmed"]] if french else None,
    }


def _by(run: _Run | None, row: Row, territory: str) -> Said:
    if run is None:
        who = _actor(row["actor"])
        day = day_said(_local_day(row["changed_at"], territory))
        return Said(f"{NO_RUN.fr} ; noté le {day.fr} par {who.fr}", f"{NO_RUN.en}; noted on {day.en} by {who.en}")
    asked, published = _actor(run.row["actor"]), _actor(run.row["published_by"])
    day = day_said(_local_day(run.row["published_at"], territory))
    return Said(
        f"calcul demandé par {asked.fr} ; plan publié le {day.fr} par {published.fr}",
        f"computation asked for by {asked.en}; plan published on {day.en} by {published.en}",
    )


def _local_day(instant: datetime, territory: str) -> date:
    return local_time(instant, territory).date()


def _actor(actor: str) -> Said:
    role, _, who = actor.partition(":")
    said = ROLES.get(role, Said(role, role))
    return Said(f"{said.fr} ({who})", f"{said.en} ({who})")


def _run(run: _Run, person: Row, books: Mapping[str, RuleBook]) -> dict[str, Any]:
    problem, row = run.own.view.problem, run.row
    book = books.get(row["programme"])
    used, own = problem.rules, rules_of(book) if book else None
    today = person_of(str(person["id"]), person["facts"], book) if book else run.own.person
    solver = run.own.view.plan.solver
    return {
        "run_id": row["id"],
        "programme": row["programme"],
        "territory": row["territory"],
        "asked_by": row["actor"],
        "asked_at": row["asked_at"],
        "published_by": row["published_by"],
        "published_at": row["published_at"],
        "publish_on": row["publish_on"],
        "solver": f"{solver.name} {solver.version}, seed {solver.seed}, {solver.status}",
        "tiers": [{key: tier[key] for key in ("name", "value", "bound", "gap")} for tier in row["summary"]["tiers"]],
        "counted": [
            _part(part.name, part.unit) | {"quantity": part.quantity, "weight": part.weight, "points": part.points}
            for part in run.own.counted()
        ],
        "data_changed_since": changed_data(run.own.person, today),
        "numbers_unlike_the_contract": [
            name for name in used.__dataclass_fields__ if own is not None and getattr(used, name) != getattr(own, name)
        ],
    }

"""Dated duties: opened by the days of a contract, worked off by a named agent, an alarm when overdue."""

__all__ = ["book", "finish", "of_territory", "open_kinds", "open_year_one", "record", "refresh"]

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.days import add_months
from services.scheduler.domain.duties import Milestones, check_booking, check_record, duties_of
from services.scheduler.domain.life import ENDED, FINAL, UNDERWAY
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import dossier, telling
from shared.database import upsert
from shared.events import DutyDue
from shared.ids import derived_id
from shared.scope import check_territory
from shared.work import Work

BATCH = 500
PERSON_IS_ASKED = frozenset({"certification_offer", "civic_exam"})  # the person is told to get in touch


def refresh(work: Work, contract_ids: Iterable[UUID]) -> None:
    """Open the duties that the days of these contracts have started; move the window of open ones that changed."""
    ids = list(dict.fromkeys(contract_ids))
    for start in range(0, len(ids), BATCH):
        _refresh(work, ids[start : start + BATCH])


def book(work: Work, duty_id: UUID, on: date) -> dict[str, Any]:
    """
    Keep for which day something outside the platform is booked: an exam, a certification. Again moves it.

    Raises NotFoundError, ForbiddenError, ConflictError (`duty_done`), InvalidInputError.
    """
    row = storage.one(work.db, storage.duty, duty_id, "duty", lock=True)
    check_territory(work.who, row["territory"])
    if (row["state"], row["booked_on"]) == ("booked", on):
        return row
    check_booking(row["kind"], on, state=row["state"], today=telling.today(work, row["territory"]))
    booked = {"state": "booked", "booked_on": on, "actor": work.who.actor, "at": work.now}
    work.db.execute(storage.duty.update().where(storage.duty.c.id == duty_id).values(**booked))
    _note(work, row, f"{row['kind']}_booked")
    return row | booked


def record(work: Work, duty_id: UUID, outcome: str, on: date, words: str) -> dict[str, Any]:
    """
    Record what came of a duty, by a named agent. The same record again changes nothing.

    Raises NotFoundError, ForbiddenError, ConflictError (`duty_done`), InvalidInputError.
    """
    row = storage.one(work.db, storage.duty, duty_id, "duty", lock=True)
    check_territory(work.who, row["territory"])
    if (row["state"], row["outcome"], row["done_on"]) == ("done", outcome, on):
        return row
    today = telling.today(work, row["territory"])
    check_record(row["kind"], outcome, on, words, state=row["state"], opens_on=row["opens_on"], today=today)
    return finish(work, (row["contract_id"], row["kind"]), outcome, on, words)


def finish(work: Work, key: tuple[UUID, str], outcome: str, on: date, words: str = "") -> dict[str, Any]:
    """Keep that a duty, known by contract and kind, is done; nothing where the contract has no such duty."""
    duty, (contract_id, kind) = storage.duty, key
    mine = sa.and_(duty.c.contract_id == contract_id, duty.c.kind == kind)
    row = storage.first(work.db, sa.select(duty).where(mine))
    if row is None:
        return {}
    done = {"state": "done", "outcome": outcome, "done_on": on, "words": words}
    done |= {"actor": work.who.actor, "at": work.now}
    work.db.execute(duty.update().where(mine).values(**done))
    _note(work, row, f"duty_{kind}")
    return row | done


def open_kinds(work: Work, contract_id: UUID) -> list[str]:
    """Return the duties of a contract that are not done, but for closing itself."""
    duty = storage.duty
    left = sa.and_(duty.c.contract_id == contract_id, duty.c.state != "done", duty.c.kind != "closing")
    return list(work.db.scalars(sa.select(duty.c.kind).where(left).order_by(duty.c.kind)))


def of_territory(work: Work, territory: str, today: date) -> list[dict[str, Any]]:
    """Return the duties whose window is open, the most overdue first; `overdue` says that the last day is over."""
    duty = storage.duty
    query = (
        sa.select(duty, storage.signatory.c.reference, storage.contract.c.signatory_id)
        .join(storage.contract, storage.contract.c.id == duty.c.contract_id)
        .join(storage.signatory, storage.signatory.c.id == storage.contract.c.signatory_id)
        .where(duty.c.territory == territory, duty.c.state != "done", duty.c.opens_on <= today)
        .order_by(duty.c.due_on, duty.c.kind, duty.c.id)
        .limit(500)
    )
    return [row | {"overdue": row["due_on"] < today} for row in storage.rows(work.db, query)]


def open_year_one(work: Work) -> None:
    """Open the opinion of year one for contracts that reach it with their training unfinished."""
    contract, known = storage.contract, storage.duty
    today = work.now.date()
    had = sa.select(known.c.contract_id).where(known.c.kind == "year_one_opinion")
    year_ago = add_months(today, -11)
    due = sa.select(contract.c.id).where(
        contract.c.state.in_(UNDERWAY),
        contract.c.signed_on.between(add_months(today, -13), year_ago),
        contract.c.id.not_in(had),
    )
    refresh(work, work.db.scalars(due))


def _refresh(work: Work, ids: Sequence[UUID]) -> None:
    known_contracts = storage.by_id(work.db, storage.contract, ids)
    contracts = {key: row for key, row in known_contracts.items() if row["state"] not in FINAL}
    days = _milestones(work, contracts)
    known = {
        row["id"]: row
        for row in storage.rows(work.db, sa.select(storage.duty).where(storage.duty.c.contract_id.in_(ids)))
    }
    fresh, events = [], []
    for key, contract in contracts.items():
        book = rule_book(contract["programme"]).at(contract["territory"], contract["signed_on"])
        for draft in duties_of(book, days[key]):
            duty_id = derived_id("duty", key, draft.kind)
            before = known.get(duty_id)
            window = {"opens_on": draft.opens_on, "due_on": draft.due_on}
            if before is not None and (before["state"] != "open" or window.items() <= before.items()):
                continue
            row: dict[str, Any] = {"id": duty_id, "contract_id": key, "territory": contract["territory"]}
            row |= {"kind": draft.kind, "owner": draft.owner, "rule": draft.rule, "state": "open", "outcome": ""}
            row |= {"booked_on": None, "done_on": None, "words": "", "noticed": True}
            row |= {"actor": work.who.actor, "at": work.now}
            fresh.append(row | window)
            if before is None:
                events.append(_told(contract, draft.kind, duty_id, draft.opens_on, draft.due_on))
    upsert(work.db, storage.duty, fresh)
    work.tell(*(event for event in events if event.kind in PERSON_IS_ASKED))


def _note(work: Work, row: Mapping[str, Any], code: str) -> None:
    person = storage.one(work.db, storage.contract, row["contract_id"], "contract")["signatory_id"]
    link = f"/planning/contracts/{row['contract_id']}"
    dossier.note(work, [dossier.Entry(person_id=person, at=work.now, code=code, link=link)])


def _told(contract: Mapping[str, Any], kind: str, duty_id: UUID, opens_on: date, due_on: date) -> DutyDue:
    return DutyDue(
        duty_id=duty_id,
        contract_id=contract["id"],
        signatory_id=contract["signatory_id"],
        kind=kind,
        opens_on=opens_on,
        due_on=due_on,
    )


def _milestones(work: Work, contracts: Mapping[UUID, Mapping[str, Any]]) -> dict[UUID, Milestones]:
    seat, ended, progress = storage.placement, storage.training_outcome, storage.contract_progress
    first = sa.select(seat.c.contract_id, sa.func.min(seat.c.joins_on)).where(
        seat.c.contract_id.in_(contracts), seat.c.state == "active"
    )
    starts: dict[UUID, date] = dict(work.db.execute(first.group_by(seat.c.contract_id)).all())
    ends: dict[UUID, list[dict[str, Any]]] = {}
    for row in storage.rows(work.db, sa.select(ended).where(ended.c.contract_id.in_(contracts))):
        ends.setdefault(row["contract_id"], []).append(row)
    forecast = sa.select(progress.c.contract_id, progress.c.forecast_last).where(progress.c.contract_id.in_(contracts))
    lasts: dict[UUID, date | None] = dict(work.db.execute(forecast).all())
    found = {}
    for key, contract in contracts.items():
        signed, mine = contract["signed_on"], ends.get(key, [])
        over = add_months(signed, 12)
        last = lasts.get(key)
        unfinished = contract["state"] in UNDERWAY and add_months(signed, 11) <= work.now.date()
        found[key] = Milestones(
            signed_on=signed,
            training_start=starts.get(key),
            training_end=max((row["ended_on"] for row in mine), default=None) if contract["state"] in ENDED else None,
            level_reached=next((row["ended_on"] for row in mine if _course_done(row)), None),
            over_a_year=contract["state"] in UNDERWAY and ((last is not None and last >= over) or unfinished),
        )
    return found


def _course_done(row: Mapping[str, Any]) -> bool:
    return bool(row["training"] == "language" and row["outcome"] == "completed")

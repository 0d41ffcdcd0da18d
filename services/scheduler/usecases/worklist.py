"""What waits for an agent: everything that a rule, a flag or the calendar asks of a named role, in one list."""

__all__ = ["OWNERS", "of_territory"]

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.days import add_months
from services.scheduler.domain.life import FINAL, UNDERWAY
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import duties, telling
from services.scheduler.usecases.consultation import asking
from shared.scope import check_territory
from shared.work import Work

OWNERS = ("planner", "auditor", "prefecture")
MOST = 500  # rows of each kind
HARD_TO_REACH = ("unreachable", "doubtful")
ALARM = "term_passed_decision_pending"


def of_territory(work: Work, territory: str, owner: str | None = None) -> list[dict[str, Any]]:
    """
    Return what waits in a territory (for one role), the most overdue first.

    Each row: kind, what (a code of that kind), owner, contract_id, signatory_id, reference, due_on (null: no day is
    known), overdue. Raises ForbiddenError.
    """
    check_territory(work.who, territory)
    today = telling.today(work, territory)
    found = [
        *_duties(work, territory, today),
        *_flags(work, territory),
        *_proposals(work, territory),
        *_states(work, territory),
        *_incoming(work, territory),
        *_unreachable(work, territory),
        *_orientations(work, territory),
        *_signatures(work, territory),
        *_bodies(work, territory),
        *_missing_rolls(work, territory),
    ]
    kept = [row | {"overdue": row["due_on"] is not None and row["due_on"] < today} for row in found]
    kept = [row for row in kept if owner is None or row["owner"] == owner]
    return sorted(kept, key=lambda row: (row["due_on"] or date.max, row["kind"], row["reference"], row["what"]))


def _row(kind: str, what: str, owner: str, about: Mapping[str, Any], due_on: date | None) -> dict[str, Any]:
    """Return one row; `about` has contract_id, signatory_id and reference."""
    named = {name: about[name] for name in ("contract_id", "signatory_id", "reference")}
    return named | {"kind": kind, "what": what, "owner": owner, "due_on": due_on}


def _duties(work: Work, territory: str, today: date) -> Iterator[dict[str, Any]]:
    for row in duties.of_territory(work, territory, today):
        yield _row("duty", row["kind"], row["owner"], row, row["due_on"])


def _flags(work: Work, territory: str) -> Iterator[dict[str, Any]]:
    """Open flags of an agent that nobody dismissed on the same evidence, and that no pending proposal answers."""
    flag, dismissal = storage.flag, storage.dismissal
    found = _about(work, flag, territory, flag.c.state == "open", flag.c.owner.in_(OWNERS))
    gone: dict[Any, list[Any]] = {}
    for one in storage.rows(work.db, sa.select(dismissal).where(dismissal.c.flag_id.in_([row["id"] for row in found]))):
        gone.setdefault(one["flag_id"], []).append(one["evidence"])
    pending = set(
        work.db.scalars(sa.select(storage.proposal.c.contract_id).where(storage.proposal.c.state == "pending"))
    )
    for row in found:
        if row["evidence"] not in gone.get(row["id"], []) and row["contract_id"] not in pending:
            yield _row("flag", row["kind"], row["owner"], row, row["due_on"])


def _proposals(work: Work, territory: str) -> Iterator[dict[str, Any]]:
    """
    Proposals that wait for the prefect, overdue after the rule-book's days of reminding.

    Where a correction took the evidence away since, the planner looks first.
    """
    proposal, flag = storage.proposal, storage.flag
    fell = set(
        work.db.scalars(
            sa.select(flag.c.contract_id).where(flag.c.kind == "extension_review_due", flag.c.state == "withdrawn")
        )
    )
    for row in _about(work, proposal, territory, proposal.c.state == "pending"):
        days = _book(row)["extension.reminder_days"]
        due = row["proposed_at"].date() + timedelta(days=days) if days is not None else None
        if row["contract_id"] in fell:
            yield _row("evidence_fell", row["reason"], "planner", row, row["proposed_at"].date())
        yield _row("proposal", row["reason"], "prefecture", row, due)


def _states(work: Work, territory: str) -> Iterator[dict[str, Any]]:
    """Contracts whose state itself waits for somebody: a passed term, a termination whose month runs or has run."""
    contract, moved = storage.contract, storage.contract_move
    waiting = (ALARM, "termination_under_review")
    for row in _contracts(work, contract.c.territory == territory, contract.c.state.in_(waiting)):
        if row["state"] == ALARM:
            yield _row("alarm", ALARM, "prefecture", row, row["term_on"])
            continue
        last = sa.select(moved).where(moved.c.contract_id == row["id"]).order_by(moved.c.number.desc())
        newest = storage.first(work.db, last)
        notified = newest["act"].get("notified_on") if newest else None
        if notified is None:
            yield _row("termination", "to_notify", "prefecture", row, None)
        else:
            until = add_months(date.fromisoformat(notified), _book(row)["termination.answer_months"])
            yield _row("termination", "to_decide", "prefecture", row, until)


def _incoming(work: Work, territory: str) -> Iterator[dict[str, Any]]:
    """Contracts that another directorate handed to this one."""
    contract, moved = storage.contract, storage.contract_move
    for row in _contracts(work, contract.c.state == "transferred"):
        last = sa.select(moved).where(moved.c.contract_id == row["id"], moved.c.move == "transfer")
        newest = storage.first(work.db, last.order_by(moved.c.number.desc()))
        if newest is not None and newest["act"].get("territory") == territory:
            yield _row("transfer", "to_take", "planner", row, row["term_on"])


def _unreachable(work: Work, territory: str) -> Iterator[dict[str, Any]]:
    """People with a running contract whom no channel reaches."""
    table, contract = storage.unreachable, storage.contract
    query = (
        sa.select(table, contract.c.id.label("contract_id"), storage.signatory.c.reference)
        .join(contract, contract.c.signatory_id == table.c.signatory_id)
        .join(storage.signatory, storage.signatory.c.id == table.c.signatory_id)
        .where(contract.c.territory == territory, contract.c.state.not_in(FINAL), table.c.state.in_(HARD_TO_REACH))
    )
    for row in storage.rows(work.db, query.order_by(storage.signatory.c.reference).limit(MOST)):
        yield _row("contact", row["state"], "planner", row, None) | {"link": f"/planning/people/{row['signatory_id']}"}


def _orientations(work: Work, territory: str) -> Iterator[dict[str, Any]]:
    """Suggestions for a difficulty of which nobody said what came of them."""
    table = storage.orientation
    for row in _about(work, table, territory, table.c.state == "proposed"):
        yield _row("orientation", row["kind"], "auditor", row, None)


def _signatures(work: Work, territory: str) -> Iterator[dict[str, Any]]:
    """Contracts of minors that their representative has not signed."""
    contract, person, signed = storage.contract, storage.signatory, storage.signature
    minor = sa.type_coerce(person.c.facts, sa.Text).contains('"minor_until":"')  # a day, where it is not null
    there = sa.exists().where(signed.c.contract_id == contract.c.id, signed.c.party == "representative")
    for row in _contracts(work, contract.c.territory == territory, contract.c.state.in_(UNDERWAY), minor, ~there):
        yield _row("signature", "representative", "auditor", row, row["signed_on"])


def _bodies(work: Work, territory: str) -> Iterator[dict[str, Any]]:
    """Yield what training bodies did not answer in time, and what they offer instead of a planned group."""
    for one in asking.waiting(work, territory):
        about = {"contract_id": None, "signatory_id": None, "reference": f"{one['body']}, {one['starts_on']:%d/%m/%Y}"}
        countered = one["state"] == "countered"
        link = f"/planning/counter-proposals/{one['id']}" if countered else f"/planning/runs/{one['run_id']}#bodies"
        what = "countered" if countered else "overdue"
        yield _row("body_answer", what, "planner", about, one["answer_by"]) | {"link": link}


def _about(work: Work, table: sa.Table, territory: str, *where: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
    """Return rows of a table that have a contract of this territory, with whose it is and its rule-book."""
    contract, person = storage.contract, storage.signatory
    columns = (person.c.reference, contract.c.signatory_id, contract.c.programme, contract.c.signed_on)
    query = sa.select(table, *columns, contract.c.territory.label("at_territory"))
    query = query.join(contract, contract.c.id == table.c.contract_id)
    query = query.join(person, person.c.id == contract.c.signatory_id).where(contract.c.territory == territory, *where)
    return storage.rows(work.db, query.order_by(table.c.id).limit(MOST))


def _contracts(work: Work, *where: sa.ColumnElement[bool]) -> Iterable[dict[str, Any]]:
    contract, person = storage.contract, storage.signatory
    query = sa.select(contract, contract.c.id.label("contract_id"), person.c.reference)
    query = query.join(person, person.c.id == contract.c.signatory_id).where(*where)
    return storage.rows(work.db, query.order_by(contract.c.term_on, contract.c.id).limit(MOST))


def _book(row: Mapping[str, Any]) -> Any:
    return rule_book(row["programme"]).at(row.get("at_territory") or row["territory"], row["signed_on"])


def _missing_rolls(work: Work, territory: str) -> Iterator[dict[str, Any]]:
    """Yield rolls that a training body was asked for and has not taken: they count against nobody who sat there."""
    missing, session = storage.missing_roll, storage.session
    query = (
        sa.select(missing)
        .join(session, session.c.id == missing.c.session_id)
        .where(missing.c.stage == "ofii", session.c.territory == territory)
        .order_by(missing.c.held_on, missing.c.meeting_id)
    )
    for row in storage.rows(work.db, query.limit(MOST)):
        about = {"contract_id": None, "signatory_id": None, "reference": f"{row['held_on']:%d/%m/%Y}"}
        link = {"link": f"/planning/sessions/{row['session_id']}"}
        yield _row("missing_roll", "ofii", "planner", about, row["held_on"]) | link

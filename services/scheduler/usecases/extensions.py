"""Proposals to extend a contract and the prefecture's decisions: nothing else moves a term."""

__all__ = ["decide", "proposals", "propose"]

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.building import term_of
from services.scheduler.domain.extension import Decision, Draft, check_decision, check_proposal
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import telling
from services.scheduler.usecases.scope import check_territory
from shared.errors import ConflictError
from shared.work import Work

FLAG = "extension_review_due"


def propose(work: Work, proposal_id: UUID, contract_id: UUID, draft: Draft) -> dict[str, Any]:
    """
    Sign a proposal for a contract whose extension is to be reviewed, with the flag's evidence as it stands now.

    The same id again gives the same proposal. Raises NotFoundError, ForbiddenError, ConflictError, InvalidInputError.
    """
    contract = storage.one(work.db, storage.contract, contract_id, "contract", lock=True)
    check_territory(work.who, contract["territory"])
    before = _first(work, storage.proposal.c.id == proposal_id)
    if before is not None:
        if (before["contract_id"], before["months"]) != (contract_id, draft.months):
            raise ConflictError(f"proposal {proposal_id} was made with another content", "id_reused")
        return before
    flag = storage.flag
    raised = sa.and_(flag.c.contract_id == contract_id, flag.c.kind == FLAG, flag.c.state == "open")
    evidence = work.db.scalar(sa.select(flag.c.evidence).where(raised))
    mine = storage.proposal.c.contract_id == contract_id
    pending = _first(work, sa.and_(mine, storage.proposal.c.state == "pending"))
    book = rule_book(contract["programme"]).at(contract["territory"], contract["signed_on"])
    check_proposal(
        draft,
        flagged=evidence is not None,
        pending=pending is not None,
        state=contract["state"],
        granted=contract["months_granted"],
        most=book["extension_months_max"],
    )
    row: dict[str, Any] = dict.fromkeys(storage.proposal.c.keys())
    row |= asdict(draft) | {
        "id": proposal_id,
        "contract_id": contract_id,
        "territory": contract["territory"],
        "state": "pending",
        "evidence": evidence,
        "proposed_by": work.who.actor,
        "proposed_at": work.now,
        "term_before": contract["term_on"],
    }
    work.db.execute(storage.proposal.insert(), [row])
    return row


def decide(work: Work, proposal_id: UUID, decision: Decision) -> dict[str, Any]:
    """
    Record what the prefecture decided; an acceptance moves the term by the months granted, and everybody is told.

    Raises NotFoundError, ForbiddenError, ConflictError, InvalidInputError.
    """
    proposal = storage.one(work.db, storage.proposal, proposal_id, "proposal", lock=True)
    check_territory(work.who, proposal["territory"])
    today = telling.today(work, proposal["territory"])
    check_decision(
        decision,
        state=proposal["state"],
        asked=proposal["months"],
        proposed_on=proposal["proposed_at"].date(),
        today=today,
    )
    contract = storage.one(work.db, storage.contract, proposal["contract_id"], "contract", lock=True)
    granted = contract["months_granted"] + decision.months
    book = rule_book(contract["programme"]).at(contract["territory"], contract["signed_on"])
    term_on = term_of(contract["signed_on"], book, granted)
    kept = {
        "state": "accepted" if decision.accepted else "refused",
        "reference": decision.reference,
        "decided_on": decision.decided_on,
        "decided_by": work.who.actor,
        "months_granted": decision.months,
        "refusal_reason": decision.refusal_reason,
        "notified_on": decision.notified_on,
        "term_after": term_on,
    }
    work.db.execute(storage.proposal.update().where(storage.proposal.c.id == proposal_id).values(**kept))
    if decision.accepted:
        _move_term(work, contract, granted, term_on)
    return proposal | kept


def _move_term(work: Work, contract: dict[str, Any], granted: int, term_on: date) -> None:
    moved = {"months_granted": granted, "term_on": term_on, "version": contract["version"] + 1}
    moved |= {"actor": work.who.actor, "changed_at": work.now}
    work.db.execute(storage.contract.update().where(storage.contract.c.id == contract["id"]).values(**moved))
    person = storage.one(work.db, storage.signatory, contract["signatory_id"], "signatory", lock=True)
    facts = person["facts"] | {"term_on": str(term_on)}
    work.db.execute(storage.signatory.update().where(storage.signatory.c.id == person["id"]).values(facts=facts))
    work.tell(telling.contract_state(contract | moved))


def proposals(territory: str | None, state: str | None) -> sa.Select[Any]:
    """Return the query for proposals with their evidence and decision."""
    query = sa.select(storage.proposal)
    query = query.where(storage.proposal.c.territory == territory) if territory else query
    return query.where(storage.proposal.c.state == state) if state else query


def _first(work: Work, condition: sa.ColumnElement[bool]) -> dict[str, Any] | None:
    found = storage.rows(work.db, sa.select(storage.proposal).where(condition).limit(1))
    return found[0] if found else None

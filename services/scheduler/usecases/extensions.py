"""Proposals to extend a contract and the prefecture's decisions, and flags that an agent dismisses."""

__all__ = ["DISMISSALS", "decide", "dismiss", "draft", "proposals", "propose"]

from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.building import term_of
from services.scheduler.domain.extension import (
    Decision,
    Draft,
    Limits,
    Standing,
    check_decision,
    check_proposal,
    drafted_opinion,
)
from services.scheduler.domain.life import MOVES, Act
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import dossier, life, people, telling
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.scope import check_territory
from shared.work import Work

FLAG = "extension_review_due"
ITS_OWN_EVIDENCE = frozenset({"training_postponed", "term_passed_decision_pending"})
DISMISSALS = ("seat_found", "reason_not_legitimate", "person_does_not_ask", "evidence_wrong", "handled_otherwise")


def draft(work: Work, contract_id: UUID) -> dict[str, Any]:
    """Return what a proposal would rest on today, and a draft of the opinion for an agent to complete."""
    contract = storage.one(work.db, storage.contract, contract_id, "contract")
    check_territory(work.who, contract["territory"])
    evidence = _evidence(work, contract)
    progress = storage.contract_progress
    mine = sa.select(progress).where(progress.c.contract_id == contract_id)
    seen = storage.first(work.db, mine) or {"followed_minutes": 0, "remaining_minutes": 0}
    opinion = drafted_opinion(evidence or [], seen["followed_minutes"], seen["remaining_minutes"])
    book = rule_book(contract["programme"]).at(contract["territory"], contract["signed_on"])
    left = book["extension_months_max"] - contract["months_granted"]
    return {"contract_id": contract_id, "evidence": evidence or [], "opinion": opinion, "months_left": left}


def propose(work: Work, proposal_id: UUID, contract_id: UUID, wanted: Draft) -> dict[str, Any]:
    """
    Sign a proposal for a contract whose extension is to be reviewed, with the evidence as it stands now.

    The same id again gives the same proposal. Raises NotFoundError, ForbiddenError, ConflictError, InvalidInputError.
    """
    contract = storage.one(work.db, storage.contract, contract_id, "contract", lock=True)
    check_territory(work.who, contract["territory"])
    before = storage.first(work.db, sa.select(storage.proposal).where(storage.proposal.c.id == proposal_id))
    if before is not None:
        same = {name: before[name] or "" for name in asdict(wanted)} == asdict(wanted)
        if not same or before["contract_id"] != contract_id:
            raise ConflictError(f"proposal {proposal_id} was made with another content", "id_reused")
        return before
    people.refuse_alias(work, contract["signatory_id"])
    evidence = _evidence(work, contract)
    today = telling.today(work, contract["territory"])
    book = rule_book(contract["programme"]).at(contract["territory"], contract["signed_on"])
    pending = sa.and_(storage.proposal.c.contract_id == contract_id, storage.proposal.c.state == "pending")
    standing = Standing(
        state=contract["state"],
        term_on=contract["term_on"],
        granted=contract["months_granted"],
        granted_for=_granted_for(work, contract_id),
        flagged=evidence is not None,
        pending=storage.first(work.db, sa.select(storage.proposal).where(pending)) is not None,
    )
    limits = Limits(
        months=book["extension_months_max"],
        by_reason=book["extension.months_max_by_reason"],
        late_days=book["extension.late_window_days"],
    )
    check_proposal(wanted, standing, limits, today)
    row: dict[str, Any] = dict.fromkeys(storage.proposal.c.keys())
    row |= asdict(wanted) | {
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
    life.move(work, contract, Act(move="propose_extension", on=today, reason=wanted.reason))
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
    name = "grant_extension" if decision.accepted else "refuse_extension"
    if contract["state"] not in MOVES[name].goes:
        raise ConflictError(f"the contract is {contract['state']}", "contract_not_running")
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
        "appeal_routes": decision.appeal_routes,
        "notified_on": decision.notified_on,
        "term_after": term_on,
    }
    work.db.execute(storage.proposal.update().where(storage.proposal.c.id == proposal_id).values(**kept))
    act = Act(move=name, on=decision.decided_on, reason=proposal["reason"], reference=decision.reference)
    if decision.accepted:
        person = storage.one(work.db, storage.signatory, contract["signatory_id"], "signatory", lock=True)
        facts = person["facts"] | {"term_on": str(term_on)}
        work.db.execute(storage.signatory.update().where(storage.signatory.c.id == person["id"]).values(facts=facts))
        life.move(work, contract, act, months_granted=granted, term_on=term_on)
    else:
        life.move(work, contract, act)
    return proposal | kept


def dismiss(work: Work, dismissal_id: UUID, flag_id: UUID, reason: str, words: str) -> dict[str, Any]:
    """
    Dismiss a flag with a reason; it stays dismissed while its evidence is the same.

    Raises NotFoundError, ForbiddenError, ConflictError (`flag_withdrawn`), InvalidInputError.
    """
    flag = storage.one(work.db, storage.flag, flag_id, "flag", lock=True)
    contract = storage.one(work.db, storage.contract, flag["contract_id"], "contract")
    check_territory(work.who, contract["territory"])
    before = storage.first(work.db, sa.select(storage.dismissal).where(storage.dismissal.c.id == dismissal_id))
    if before is not None:
        if (before["flag_id"], before["reason"], before["words"]) != (flag_id, reason, words):
            raise ConflictError(f"dismissal {dismissal_id} was made with another content", "id_reused")
        return before
    if reason not in DISMISSALS:
        raise InvalidInputError("refused", [FieldFault("reason", "choice", f"one of {', '.join(DISMISSALS)}")])
    if flag["state"] != "open":
        raise ConflictError(f"the flag is {flag['state']}", "flag_withdrawn")
    row = {"id": dismissal_id, "flag_id": flag_id, "contract_id": flag["contract_id"], "evidence": flag["evidence"]}
    row |= {"reason": reason, "words": words, "actor": work.who.actor, "at": work.now}
    work.db.execute(storage.dismissal.insert(), [row])
    link = f"/planning/contracts/{flag['contract_id']}"
    entry = dossier.Entry(person_id=flag["signatory_id"], at=work.now, code=f"dismissed_{flag['kind']}", link=link)
    dossier.note(work, [entry])
    return row


def proposals(territory: str | None, state: str | None) -> sa.Select[Any]:
    """Return the query for proposals with their evidence and decision."""
    query = sa.select(storage.proposal)
    query = query.where(storage.proposal.c.territory == territory) if territory else query
    return query.where(storage.proposal.c.state == state) if state else query


def _granted_for(work: Work, contract_id: UUID) -> dict[str, int]:
    """Return the months that decisions granted so far, by reason."""
    proposal = storage.proposal
    query = sa.select(proposal.c.reason, sa.func.sum(proposal.c.months_granted))
    query = query.where(proposal.c.contract_id == contract_id, proposal.c.state == "accepted")
    return {reason: int(months) for reason, months in work.db.execute(query.group_by(proposal.c.reason))}


def _evidence(work: Work, contract: dict[str, Any]) -> list[str] | None:
    """Return what says that an extension is to be reviewed: the open flag's evidence, or the state itself."""
    flag = storage.flag
    raised = sa.and_(flag.c.contract_id == contract["id"], flag.c.kind == FLAG, flag.c.state == "open")
    found: list[str] | None = work.db.scalar(sa.select(flag.c.evidence).where(raised))
    if found is None and contract["state"] in ITS_OWN_EVIDENCE:
        made = life.moves(work, contract["id"])  # none where an older system brought it to this state
        last = (
            [f"move:{made[-1]['id']} {made[-1]['move']} {made[-1]['on']}"] if made else [f"state:{contract['state']}"]
        )
        return [*last, f"term:{contract['term_on']}"]
    return found

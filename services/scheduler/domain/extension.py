"""
Extending a contract: the administration proposes with evidence, the prefect decides, and only a decision moves a term.

Source: CESEDA art. R. 413-4: on OFII's proposal, for a legitimate reason, where the trainings were duly attended and
are in progress and the stay is lawful; one more year at most; reason and length are written in the contract.
"""

__all__ = ["REASONS", "Decision", "Draft", "check_decision", "check_proposal"]

from dataclasses import dataclass
from datetime import date

from shared.errors import ConflictError, FieldFault, InvalidInputError

# [A] the texts say "a legitimate reason" and name pregnancy and illness (CAI law); the rest is ours, closed.
REASONS = ("pregnancy", "illness", "care_of_a_relative", "work", "training_not_available", "training_longer_than_term")
STATED_BY = ("person", "provider", "ofii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposal as an agent writes it. `months` is the length asked for."""

    reason: str
    stated_by: str
    months: int
    opinion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the prefecture decided. `months` is the length granted, 0 for a refusal."""

    accepted: bool
    reference: str
    decided_on: date
    months: int
    lawful_stay: bool
    refusal_reason: str
    notified_on: date | None


def check_proposal(draft: Draft, *, flagged: bool, pending: bool, state: str, granted: int, most: int) -> None:
    """
    Raise ConflictError where no proposal may be made now, InvalidInputError naming field and rule for a bad one.

    `granted` are the months that decisions gave so far, `most` the rule-book's limit in months.
    """
    if state != "running":
        raise ConflictError(f"the contract is {state}", "contract_not_running")
    if not flagged:
        raise ConflictError("no open flag says that an extension is to be reviewed", "no_flag")
    if pending:
        raise ConflictError("a proposal for this contract waits for its decision", "proposal_pending")
    faults = []
    if draft.reason not in REASONS:
        faults.append(FieldFault("reason", "choice", f"one of {', '.join(REASONS)}"))
    if draft.stated_by not in STATED_BY:
        faults.append(FieldFault("stated_by", "choice", f"one of {', '.join(STATED_BY)}"))
    if not draft.opinion.strip():
        faults.append(FieldFault("opinion", "required", "the named agent's opinion on assiduity and seriousness"))
    faults += _length("months", draft.months, granted=granted, most=most)
    if faults:
        raise InvalidInputError("the proposal is refused", faults)


def check_decision(decision: Decision, *, state: str, asked: int, proposed_on: date, today: date) -> None:
    """Raise ConflictError for a proposal decided before, InvalidInputError naming field and rule for a bad decision."""
    if state != "pending":
        raise ConflictError(f"the proposal is {state}", "decided_before")
    faults = []
    if not decision.reference.strip():
        faults.append(FieldFault("reference", "required", "the decision's own reference"))
    if not proposed_on <= decision.decided_on <= today:
        faults.append(FieldFault("decided_on", "range", f"between {proposed_on} and {today}"))
    if decision.notified_on is not None and not decision.decided_on <= decision.notified_on <= today:
        faults.append(FieldFault("notified_on", "range", f"between the decision and {today}"))
    if decision.accepted:
        if not decision.lawful_stay:
            faults.append(FieldFault("lawful_stay", "required", "only a lawful stay is extended (R. 413-4)"))
        if not 1 <= decision.months <= asked:
            faults.append(FieldFault("months", "range", f"between 1 and the {asked} months proposed"))
    elif not decision.refusal_reason.strip():
        faults.append(FieldFault("refusal_reason", "required", "a refusal states its reason"))
    elif decision.months:
        faults.append(FieldFault("months", "range", "a refusal grants none"))
    if faults:
        raise InvalidInputError("the decision is refused", faults)


def _length(field: str, months: int, *, granted: int, most: int) -> list[FieldFault]:
    left = most - granted
    if 1 <= months <= left:
        return []
    words = f"between 1 and {left} months ({most} at most in all, {granted} granted)" if left else "none is left"
    return [FieldFault(field, "range", words)]

"""
Extending a contract: the administration proposes with evidence, the prefect decides, and only a decision moves a term.

Source: CESEDA art. R. 413-4: on OFII's proposal, for a legitimate reason, where the trainings were duly attended and
are in progress and the stay is lawful; one more year at most; reason and length are written in the contract.
"""

__all__ = [
    "REASONS",
    "STATED_BY",
    "Decision",
    "Draft",
    "Limits",
    "Standing",
    "check_decision",
    "check_proposal",
    "drafted_opinion",
]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from services.scheduler.domain.life import MOVES
from shared.errors import ConflictError, FieldFault, InvalidInputError

# [A] the texts say "a legitimate reason" and name pregnancy and illness (CAI law); the rest is ours, closed.
REASONS = ("pregnancy", "illness", "care_of_a_relative", "work", "training_not_available", "training_longer_than_term")
STATED_BY = ("person", "provider", "ofii")
LATE = "late_window_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposal as an agent writes it: `months` asked for, and in `supplied` what the person brought (R. 413-11)."""

    reason: str
    stated_by: str
    months: int
    opinion: str
    supplied: str = ""


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
    appeal_routes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a contract stands when an extension is proposed: its state, months granted (also by reason), questions."""

    state: str
    term_on: date
    granted: int
    granted_for: Mapping[str, int]
    flagged: bool  # an open flag, or a postponement or a passed term, says that an extension is to be reviewed
    pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The rule-book's limits: months in all and by reason, and days after the term in which a proposal still comes."""

    months: int
    by_reason: Mapping[str, int]
    late_days: int


def check_proposal(draft: Draft, standing: Standing, limits: Limits, today: date) -> None:
    """
    Raise ConflictError where no proposal may be made now, InvalidInputError naming field and rule for a bad one.

    Conflicts: `contract_not_running`, `no_flag`, `proposal_pending`, `late_window_over`.
    """
    if standing.state not in MOVES["propose_extension"].goes and not standing.pending:
        raise ConflictError(f"the contract is {standing.state}", "contract_not_running")
    if standing.pending:
        raise ConflictError("a proposal for this contract waits for its decision", "proposal_pending")
    if not standing.flagged:
        raise ConflictError("no open flag says that an extension is to be reviewed", "no_flag")
    last = standing.term_on + timedelta(days=limits.late_days)
    if today > last:
        raise ConflictError(f"the term passed on {standing.term_on}; proposals were taken until {last}", LATE)
    faults = []
    if draft.reason not in REASONS:
        faults.append(FieldFault("reason", "choice", f"one of {', '.join(REASONS)}"))
    if draft.stated_by not in STATED_BY:
        faults.append(FieldFault("stated_by", "choice", f"one of {', '.join(STATED_BY)}"))
    if not draft.opinion.strip():
        faults.append(FieldFault("opinion", "required", "the named agent's opinion on assiduity and seriousness"))
    left = limits.by_reason.get(draft.reason, limits.months) - standing.granted_for.get(draft.reason, 0)
    most = min(limits.months, standing.granted + max(0, left))
    faults += _length("months", draft.months, granted=standing.granted, most=most)
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
    if decision.notified_on is None:
        faults.append(FieldFault("notified_on", "required", "the day of proven notification to the person"))
    elif decision.decided_on <= today and not decision.decided_on <= decision.notified_on <= today:
        faults.append(FieldFault("notified_on", "range", f"between the decision and {today}"))
    if decision.accepted:
        if not decision.lawful_stay:
            faults.append(FieldFault("lawful_stay", "required", "only a lawful stay is extended (R. 413-4)"))
        if not 1 <= decision.months <= asked:
            faults.append(FieldFault("months", "range", f"between 1 and the {asked} months proposed"))
    elif not decision.refusal_reason.strip():
        faults.append(FieldFault("refusal_reason", "required", "a refusal states its reason"))
    elif not decision.appeal_routes.strip():
        faults.append(FieldFault("appeal_routes", "required", "a refusal says how and until when to appeal"))
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


def drafted_opinion(evidence: Iterable[str], followed: int, remaining: int) -> str:
    """
    Return a draft of OFII's opinion in French, from evidence and minutes; a named agent completes and signs it.

    It says what was counted and judges nothing: assiduity and seriousness are the agent's words to add.
    """
    lines = [
        f"Heures suivies : {followed // 60} h {followed % 60:02d}.",
        f"Heures restantes : {remaining // 60} h {remaining % 60:02d}.",
        "Éléments constatés :",
        *(f"– {item}" for item in evidence),
        "Avis de l’agent sur l’assiduité et le sérieux : ",
    ]
    return "\n".join(lines)

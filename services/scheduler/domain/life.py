"""
The life of a contract: every state and every move in one table, with who may make it, what it needs, and its rule.

docs/contract-life.md is drawn from this table. One move only puts off a term (`grant_extension`), and it is made by
recording the prefect's decision; a postponed training, a review or a transfer leaves the term where it is.
"""

__all__ = [
    "BEFORE",
    "ENDED",
    "FINAL",
    "FOLLOWED",
    "MOVES",
    "PLANNED",
    "REASONS",
    "STATES",
    "UNDERWAY",
    "Act",
    "Move",
    "check_act",
    "moves_from",
    "target",
]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.scheduler.domain.days import add_months
from shared.errors import ConflictError, FieldFault, ForbiddenError, InvalidInputError

BEFORE = "(state before)"  # a move that ends a review or a transfer gives back the state in which that one began
CLOCK = "service"  # the role of what falls due by itself

STATES: Mapping[str, str] = {
    "running": "trainings are planned and followed",
    "training_postponed": "trainings wait for a legitimate reason to pass; the term does not move",
    "extension_proposed": "OFII proposed an extension; the prefect has not decided",
    "extension_refused": "the prefect refused; trainings go on until the term",
    "term_passed_decision_pending": "the term passed with a training unfinished and no decision: an alarm",
    "termination_under_review": "OFII proposed to terminate; the person has one month from proven notification",
    "transferred": "handed to another directorate, which has not taken it yet",
    "completed": "every prescribed training was followed",
    "ended_incomplete": "the trainings ended, or the term did, and not all was followed",
    "terminated": "the prefect terminated the contract",
    "closed": "nothing is left to do",
}
PLANNED = frozenset({"running", "extension_proposed", "extension_refused", "term_passed_decision_pending"})
FOLLOWED = PLANNED | {"termination_under_review", "training_postponed"}
ENDED = frozenset({"completed", "ended_incomplete", "terminated"})
FINAL = frozenset({"closed"})

# [A] the texts say "a legitimate reason" and name pregnancy and illness (CAI law); the rest is ours, closed.
REASONS: Mapping[str, tuple[str, ...]] = {
    "postpone": ("pregnancy", "illness", "care_of_a_relative", "work", "detention", "stay_abroad"),
    "propose_termination": ("absence_without_legitimate_reason", "values_rejected", "never_came"),
    "drop_termination": ("reason_recognised", "evidence_fell", "attends_again"),
    "record_end": ("no_extension_proposed", "stay_ended", "left_the_territory"),
    "transfer": ("moved_home",),
}
OFFICE = ("planner", "auditor")
PREFECT = ("prefecture",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """
    One move: from which states to which, made by which roles, under which rule.

    `needs` are the fields of an Act that must be given: reason, reference, words, notified_on, territory.
    """

    name: str
    goes: Mapping[str, str]
    by: tuple[str, ...]
    rule: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A move as somebody makes it. `on` is the local day it takes effect; empty fields are not given."""

    move: str
    on: date
    reason: str = ""
    reference: str = ""
    words: str = ""
    notified_on: date | None = None
    territory: str = ""


def _from(states: Iterable[str], to: str) -> dict[str, str]:
    return dict.fromkeys(sorted(states), to)


EXTENSION_RULE = "CESEDA art. R. 413-4"
TERMINATION_RULE = "CESEDA art. R. 413-4: reasons and consequences stated, one month to answer"
UNDERWAY = PLANNED | {"training_postponed"}

MOVES: Mapping[str, Move] = {
    move.name: move
    for move in (
        Move(
            name="postpone",
            goes=_from(PLANNED - {"term_passed_decision_pending", "extension_proposed"}, "training_postponed"),
            by=OFFICE,
            rule="CAI law (F17132): training postponed for a legitimate reason; kept for the CIR [A]",
            needs=("reason",),
        ),
        Move(name="resume", goes={"training_postponed": "running"}, by=OFFICE, rule="[A] the reason has passed"),
        Move(
            name="propose_extension",
            goes={
                "running": "extension_proposed",
                "extension_refused": "extension_proposed",
                "training_postponed": "training_postponed",
                "term_passed_decision_pending": "term_passed_decision_pending",
            },
            by=OFFICE,
            rule=EXTENSION_RULE,
        ),
        Move(
            name="grant_extension",
            goes={
                "extension_proposed": "running",
                "training_postponed": "training_postponed",
                "term_passed_decision_pending": "running",
            },
            by=PREFECT,
            rule=EXTENSION_RULE,
        ),
        Move(
            name="refuse_extension",
            goes={
                "extension_proposed": "extension_refused",
                "training_postponed": "training_postponed",
                "term_passed_decision_pending": "ended_incomplete",
            },
            by=PREFECT,
            rule=EXTENSION_RULE,
        ),
        Move(
            name="term_passes",
            goes=_from({"running", "extension_proposed", "training_postponed"}, "term_passed_decision_pending")
            | {"extension_refused": "ended_incomplete"},
            by=(CLOCK,),
            rule="CESEDA art. R. 413-4: the term has passed and only a decision moves it",
        ),
        Move(
            name="record_end",
            goes={"term_passed_decision_pending": "ended_incomplete"},
            by=PREFECT,
            rule=EXTENSION_RULE,
            needs=("reason", "reference"),
        ),
        Move(
            name="complete",
            goes=_from(UNDERWAY, "completed"),
            by=(CLOCK,),
            rule="every prescribed training completed (rule-book: attendance)",
        ),
        Move(
            name="end_incomplete",
            goes=_from(UNDERWAY, "ended_incomplete"),
            by=(CLOCK,),
            rule="every prescribed training ended, not all completed (rule-book: attendance)",
        ),
        Move(
            name="propose_termination",
            goes=_from(UNDERWAY - {"extension_proposed"} | {"ended_incomplete"}, "termination_under_review"),
            by=OFFICE,
            rule=TERMINATION_RULE,
            needs=("reason", "words"),
        ),
        Move(
            name="notify_termination",
            goes={"termination_under_review": "termination_under_review"},
            by=PREFECT,
            rule=TERMINATION_RULE,
            needs=("reference", "notified_on"),
        ),
        Move(
            name="terminate",
            goes={"termination_under_review": "terminated"},
            by=PREFECT,
            rule=TERMINATION_RULE,
            needs=("reference", "words", "notified_on"),
        ),
        Move(
            name="drop_termination",
            goes={"termination_under_review": BEFORE},
            by=PREFECT,
            rule=TERMINATION_RULE,
            needs=("reason",),
        ),
        Move(
            name="transfer",
            goes=_from(UNDERWAY - {"extension_proposed"}, "transferred"),
            by=OFFICE,
            rule="[A] the person lives in another directorate's territory",
            needs=("reason", "territory"),
        ),
        Move(name="receive", goes={"transferred": BEFORE}, by=OFFICE, rule="[A] the new directorate takes it over"),
        Move(
            name="close",
            goes=_from(ENDED, "closed"),
            by=OFFICE,
            rule="CESEDA art. R. 413-4: closing in the month after the prescribed training period",
        ),
    )
}


def moves_from(state: str, role: str) -> list[Move]:
    """Return the moves that somebody in this role may make from this state, in the order of the table."""
    return [move for move in MOVES.values() if state in move.goes and role in move.by]


def target(move: Move, state: str, before: str) -> str:
    """Return the state after; `before` is the state in which the review or transfer that this one ends began."""
    after = move.goes[state]
    return before if after == BEFORE else after


def check_act(
    act: Act,
    *,
    state: str,
    role: str,
    signed_on: date,
    today: date,
    duties_open: Sequence[str] = (),
    notified_on: date | None = None,
    answer_months: int = 1,
    here: str = "",
    since: date | None = None,
) -> Move:
    """
    Return the move of an act, or raise ForbiddenError, ConflictError (`move_not_possible`, `duty_open`,
    `month_running`, `proposal_pending`) or InvalidInputError naming field and rule.

    `notified_on` is the proven notification of the termination under review, from which the `answer_months` run; `here`
    is the contract's territory; `since` is the day of the last move, before which nothing more happens.
    """
    move = MOVES.get(act.move)
    if move is None:
        raise InvalidInputError("this move does not exist", [FieldFault("move", "choice", ", ".join(MOVES))])
    if role not in move.by:
        raise ForbiddenError(f"{move.name} is made by {' or '.join(move.by)}, not by {role}")
    if state not in move.goes:
        raise ConflictError(f"{move.name} is not possible while the contract is {state}", "move_not_possible")
    faults = _faults(act, move, first=max(signed_on, since or signed_on), today=today, here=here)
    if faults:
        raise InvalidInputError(f"{move.name} is refused", faults)
    if move.name == "close" and duties_open:
        raise ConflictError(f"open duties: {', '.join(duties_open)}", "duty_open")
    if move.name == "terminate":
        _month_has_run(act, notified_on, answer_months)
    return move


def _faults(act: Act, move: Move, *, first: date, today: date, here: str) -> list[FieldFault]:
    faults = []
    if not first <= act.on <= today:
        faults.append(FieldFault("on", "range", f"between {first} and {today}"))
    if "reason" in move.needs and act.reason not in REASONS[move.name]:
        faults.append(FieldFault("reason", "choice", f"one of {', '.join(REASONS[move.name])}"))
    if "reference" in move.needs and not act.reference.strip():
        faults.append(FieldFault("reference", "required", "the letter's or decision's own reference"))
    if "words" in move.needs and not act.words.strip():
        faults.append(FieldFault("words", "required", "reasons and consequences, as they are told to the person"))
    if "notified_on" in move.needs and (act.notified_on is None or not first <= act.notified_on <= today):
        faults.append(FieldFault("notified_on", "range", f"the day of proven notification, from {first} to {today}"))
    if "territory" in move.needs and act.territory in {"", here}:
        faults.append(FieldFault("territory", "required", "another department"))
    return faults


def _month_has_run(act: Act, notified_on: date | None, months: int) -> None:
    if notified_on is None:
        raise ConflictError("the proposal to terminate was not notified to the person yet", "not_notified")
    last = add_months(notified_on, months)
    if act.on <= last:
        raise ConflictError(f"the person may answer until {last}: decide after it", "month_running")

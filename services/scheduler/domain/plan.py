"""
What a planning run gives back: sessions, seats, a reason for each need left out, and how good the plan is.

The JSON form is documented in `docs/formats/plan.schema.json`. Ids of new sessions are a function of the group
itself, so that the same plan found twice has the same ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid5

from services.scheduler.domain.codec import Says, from_json, to_json
from services.scheduler.domain.problem import (
    Interpreter,
    Lot,
    Meeting,
    Placement,
    Session,
    Trainer,
    Training,
    WeeklySlots,
)

__all__ = [
    "PLAN_FORMAT",
    "TIERS",
    "Change",
    "Part",
    "Plan",
    "SolverFacts",
    "Tier",
    "Unplaced",
    "plan_from_json",
    "plan_to_json",
    "session_id",
]

PLAN_FORMAT = "parcours-plan/1"
TIERS = ("T1", "T2", "T3")
_SESSIONS = UUID("5b0f5b7e-8f0c-5c3e-9a53-0d5a8c1e7a10")  # fixed once: ids of sessions are derived from it


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    One step that a planner could take, as data that `apply_change` reads.

    `kind` says which: travel_limit, availability, waiver, extra_seats, smaller_group, interpreter,
    trainer_half_days, trainer, lot_quantity, lot.
    """

    kind: Annotated[str, Says("what is changed")]
    subject: Annotated[str, Says("id of the person, session, trainer or lot that is changed; empty: none")] = ""
    amount: Annotated[int, Says("how much more, in the unit of the kind")] = 0
    value: Annotated[str, Says("rule, language or body, where the kind has one")] = ""
    slots: Annotated[WeeklySlots | None, Says("half-days that are added")] = None
    session: Annotated[Session | None, Says("the group that is meant, where it is not open yet")] = None
    interpreter: Annotated[Interpreter | None, Says("the interpreter that is added")] = None
    trainer: Annotated[Trainer | None, Says("the trainer that is added")] = None
    lot: Annotated[Lot | None, Says("the lot that is added")] = None
    fr: Annotated[str, Says("in words, French")]
    en: Annotated[str, Says("in words, English")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A need without a seat: the smallest reason, and the smallest change that would give it one."""

    need: Annotated[str, Says("id of the need")]
    code: Annotated[str, Says("stable code of the reason")]
    rules: Annotated[tuple[str, ...], Says("smallest set of rules that keeps it out")]
    fr: Annotated[str, Says("reason in words, French")]
    en: Annotated[str, Says("reason in words, English")]
    changes: Annotated[tuple[Change, ...], Says("steps that together would place it, the fewest that were found")] = ()
    confirmed: Annotated[
        str,
        Says(
            "solve: tried in the changed problem; insertion: by the books of the plan; no: tried in vain, or no change",
            choices=("insertion", "solve", "no"),
        ),
    ] = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One line of the objective: a quantity, its unit and its weight."""

    name: str
    quantity: Annotated[int, Says("how many, in the unit", minimum=0)]
    unit: str
    weight: Annotated[int, Says("points for one unit", minimum=0)]

    @property
    def points(self) -> int:
        """Quantity times weight."""
        return self.quantity * self.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """
    One tier of the objective: its value, a proven lower bound and the gap between them.

    The gap of T1 and T2 is value - bound in points. That of T3 is in thousandths of the value, and null unless the
    bounds of T1 and T2 are met: a bound of T3 speaks only of plans that are as good in the tiers before.
    """

    name: Annotated[str, Says("tier", choices=TIERS)]
    value: Annotated[int, Says("points", minimum=0)]
    bound: Annotated[int | None, Says("proven lower bound, points", minimum=0)]
    gap: Annotated[int | None, Says("points for T1 and T2, thousandths of the value for T3", minimum=0)]
    relaxation: Annotated[str, Says("what the bound is a bound of")]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverFacts:
    """What made the plan, so that it can be made again."""

    name: str
    version: str
    seed: int
    status: Annotated[str, Says("why it stopped", choices=("optimal", "limit", "stopped", "unchanged", "settled"))]
    milliseconds: Annotated[int, Says("wall time, milliseconds; 0 under a work limit", minimum=0)]
    work: Annotated[int, Says("units of work done; one is one neighbourhood tried", minimum=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The sessions that run and who sits in which; each need is placed or unplaced with its reason."""

    format: Annotated[str, Says("format of this file", choices=(PLAN_FORMAT,))] = PLAN_FORMAT
    problem: Annotated[str, Says("SHA-256 of the problem that it answers")]
    sessions: Annotated[tuple[Session, ...], Says("kept sessions, then new ones in order of time")]
    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]
    tiers: tuple[Tier, ...] = ()
    solver: SolverFacts


def plan_from_json(data: Any) -> Plan:
    """Read a plan; raises FormatError with the path, the field and the rule."""
    return from_json(Plan, data, "plan")


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Return the JSON form, with the fields in the order of the classes."""
    written: dict[str, Any] = to_json(plan)
    return written


def session_id(
    *,
    training: Training,
    parts: Sequence[str],
    site: str,
    room: str,
    rhythm: str | None,
    meetings: Sequence[Meeting],
) -> str:
    """Return the id of a group: the same group has the same id in each run."""
    times = " ".join(f"{meeting.day.isoformat()}{meeting.slot.value[0]}" for meeting in meetings[:8])
    return str(uuid5(_SESSIONS, "|".join((training.value, "+".join(parts), site, room, rhythm or "", times))))

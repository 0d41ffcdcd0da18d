"""
What a run begins from: the seats that still hold, an earlier plan; what it refuses to begin from; and its last touch.
"""

from collections.abc import Sequence
from datetime import date

from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import Plan, SolverFacts, Unplaced
from services.scheduler.domain.problem import Placement, Problem, SessionState
from services.scheduler.domain.view import followed_meetings
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Facts
from shared.errors import ParcoursError

__all__ = ["ContradictoryPinsError", "pending", "published", "refuse_contradictory_pins", "standing", "trim", "warm"]

_INDIVIDUAL = frozenset(
    {"level", "availability", "reach", "room", "entry", "interpretation", "childcare", "one_place", "civic_order"}
)
_ALONE = _INDIVIDUAL - {"one_place", "civic_order"}


class ContradictoryPinsError(ParcoursError):
    """Raised when two pinned placements cannot both stand. More time will not help: unpin one of them."""

    code = "contradictory_pins"


def refuse_contradictory_pins(problem: Problem) -> None:
    """Raise ContradictoryPinsError where a person is pinned to two sessions on the same half-day."""
    person_of = {need.id: need for need in problem.needs}
    sessions = {session.id: session for session in problem.sessions}
    busy: dict[tuple[str, date, str], Placement] = {}
    for placement in problem.placements:
        need = person_of[placement.need]
        if not placement.pinned:
            continue
        for meeting in followed_meetings(sessions[placement.session], need.part, placement.joins_on):
            other = busy.setdefault((need.person, meeting.day, meeting.slot), placement)
            if other is not placement:
                words = (
                    f"needs {other.need} (session {other.session}) and {placement.need} (session {placement.session})"
                )
                raise ContradictoryPinsError(
                    f"person {need.person} is pinned twice on {meeting.day} ({meeting.slot.value}): {words}"
                )


def published(facts: Facts, kept: Sequence[Placement]) -> Draft:
    """Return the draft of the published groups with these seats, each of a need that stands alone."""
    draft = Draft(facts, facts.units(one.need for one in kept))
    groups = {session.id: draft.adopt(session) for session in facts.problem.sessions}
    unit_of = {need.id: unit.index for unit in draft.units for need in unit.needs}
    for one in kept:
        draft.seat(unit_of[one.need], groups[one.session], one.joins_on.toordinal())
    return draft


def warm(base: Draft, start: Plan) -> Draft:
    """Return the base draft with what an earlier plan opened and seated, as far as it still holds."""
    draft = base.copy()
    problem = draft.facts.problem
    names = {kind: {one.id for one in getattr(problem, kind)} for kind in ("sites", "rooms", "trainers", "lots")}
    interpreters = {one.id: index for index, one in enumerate(problem.interpreters)}
    groups = {one.session.id: one for one in draft.groups.values() if one.session is not None}
    for session in start.sessions:
        known = (
            session.state is SessionState.NEW
            and session.site in names["sites"]
            and session.room in names["rooms"]
            and session.trainer in names["trainers"]
            and session.lot in names["lots"]
            and all(one.interpreter in interpreters for one in session.interpreters)
        )
        if not known:
            continue
        groups[session.id] = draft.adopt(session)
    unit_of = {need.id: unit for unit in draft.units for need in unit.needs}
    # In the order of time: a civic day is seated only after the day before it.
    for placement in sorted(start.placements, key=lambda one: (one.joins_on, one.need)):
        unit = unit_of.get(placement.need)
        group = groups.get(placement.session)
        if unit is None or group is None or draft.where[unit.index] >= 0:
            continue
        joins_on = draft.joins(unit.index, group)
        if joins_on is not None:
            draft.seat(unit.index, group, joins_on)
    draft.mend()
    return draft


def trim(draft: Draft) -> None:
    """Send home the interpreters whom nobody in the group needs."""
    people = draft.facts.problem.people
    for group in draft.groups.values():
        if group.kept:
            continue
        spoken = [
            people[draft.units[unit].person].languages
            for unit in group.units
            if not people[draft.units[unit].person].follows_french
        ]
        for language in sorted(group.interpreters):
            others = set(group.interpreters) - {language}
            if all(language not in one or not others.isdisjoint(one) for one in spoken):
                draft.remove_interpreter(group, language)


def standing(problem: Problem) -> tuple[tuple[Placement, ...], int]:
    """Return the placements that still hold, and how many told people have to move whatever the plan."""
    placements = problem.placements
    needs = {need.id: need for need in problem.needs}
    placeholder = SolverFacts(name="", version="", seed=0, status="limit", milliseconds=0, work=0)
    forced: set[str] = set()
    while True:
        placed = {placement.need for placement in placements}
        plan = Plan(
            problem=problem.fingerprint,
            sessions=problem.sessions,
            placements=placements,
            unplaced=tuple(pending(need.id) for need in problem.needs if need.id not in placed),
            solver=placeholder,
        )
        found = [one for one in breaches(problem, plan) if one.rule in _INDIVIDUAL and one.person is not None]
        broken = {(one.person, one.session) for one in found}
        forced |= {
            one.person
            for one in found
            if one.rule in _ALONE
            and one.person is not None
            and any(p.told and needs[p.need].person == one.person for p in placements)
        }
        kept = tuple(
            placement
            for placement in placements
            if placement.pinned or (needs[placement.need].person, placement.session) not in broken
        )
        if len(kept) == len(placements):
            return placements, len(forced)
        placements = kept


def pending(need: str) -> Unplaced:
    """Return a need without a seat whose reason has not been looked for."""
    return Unplaced(
        need=need,
        code="not_explained",
        rules=(),
        fr="aucune place trouvée pour l'instant",
        en="no seat found so far",
    )

"""
What is left of a plan when the territory has moved on since it was made: seats that still hold, and those that do not.

Seats given meanwhile (at a desk) stay as they are. The judge decides about the rest: a seat that breaks a rule now goes
back to waiting, and a new group that loses too many people for its minimum is not opened. Pure, no solver.
"""

__all__ = ["LostSeatsError", "Standing", "standing"]

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.scheduler.domain.judge import Breach, breaches
from services.scheduler.domain.plan import Plan, Unplaced
from services.scheduler.domain.problem import Placement, Problem, Session, SessionState
from services.scheduler.domain.view import capacity
from shared.errors import ConflictError


class LostSeatsError(ConflictError):
    """Raised when too much has changed for the plan to be mended. Plan again, then publish."""

    code = "plan_outdated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A plan as it stands now, with the problem that it answers, and the needs that lost their seat."""

    problem: Problem
    plan: Plan
    lost: tuple[str, ...]


def standing(fresh: Problem, plan: Plan, held: Mapping[str, Mapping[str, int]]) -> Standing:
    """
    Return what stands of a plan in a problem built anew; `held` counts seats that desks hold, by session and part.

    Needs that came since the plan was made wait for the next one. Raises LostSeatsError.
    """
    given = {one.need for one in fresh.placements}
    answered = {one.need for one in plan.placements} | {one.need for one in plan.unplaced} | given
    needs = tuple(one for one in fresh.needs if one.id in answered)
    owed, people = {one.id for one in needs}, {one.person for one in needs}
    problem = replace(fresh, needs=needs, people=tuple(one for one in fresh.people if one.id in people))
    new = [one for one in plan.sessions if one.state is SessionState.NEW]
    seats = [one for one in plan.placements if one.need in owed and one.need not in given]
    for _ in range(len(seats) + 2):  # each round drops at least one seat
        sessions = {one.id for one in (*problem.sessions, *new)}
        seats = [one for one in seats if one.session in sessions]
        mended = _plan(problem, plan, new, seats)
        broken = [*breaches(problem, mended), *_overfull(problem, seats, held)]
        if not broken:
            planned = {one.need for one in plan.placements} - given
            kept = {one.need for one in seats}
            return Standing(problem=problem, plan=mended, lost=tuple(sorted(planned & owed - kept)))
        new, seats = _without(problem, broken, new, seats)
    raise LostSeatsError("the plan cannot be mended: plan again")


def _plan(problem: Problem, plan: Plan, new: Sequence[Session], seats: Sequence[Placement]) -> Plan:
    placements = (*problem.placements, *seats)
    placed = {one.need for one in placements}
    reasons = {one.need: one for one in plan.unplaced}
    return replace(
        plan,
        problem=problem.fingerprint,
        sessions=(*problem.sessions, *new),
        placements=placements,
        unplaced=tuple(reasons.get(one.id) or _gone(one.id) for one in problem.needs if one.id not in placed),
        tiers=(),
    )


def _gone(need: str) -> Unplaced:
    return Unplaced(
        need=need,
        code="seat_gone",
        rules=("standing",),
        fr="la place prévue n’est plus possible : la situation a changé depuis le calcul",
        en="the planned seat no longer holds: things have changed since the plan was made",
    )


def _overfull(problem: Problem, seats: Sequence[Placement], held: Mapping[str, Mapping[str, int]]) -> list[Breach]:
    """Return a breach for each group in which desks hold seats that the plan counts on."""
    part_of = {one.id: one.part for one in problem.needs}
    taken = Counter((one.session, part_of[one.need]) for one in (*problem.placements, *seats))
    found = []
    for session in problem.sessions:
        most = capacity(problem, session)
        for part, count in held.get(session.id, {}).items():
            planned = sum(1 for one in seats if one.session == session.id and part_of[one.need] == part)
            if planned and taken[session.id, part] + count > most:
                found.append(Breach(rule="size", words="desks hold these seats", session=session.id))
    return found


def _without(
    problem: Problem, broken: Sequence[Breach], new: Sequence[Session], seats: Sequence[Placement]
) -> tuple[list[Session], list[Placement]]:
    """
    Return groups and seats without what breaks a rule: a new group, the last seat of an old one, a person's seat there.

    Where the judge names only the person, or another of their seats is at fault, all their new seats go.
    """
    person_of = {one.id: one.person for one in problem.needs}
    opened = {one.id for one in new}
    closed = {one.session for one in broken if one.session in opened and not one.person}
    aimed = {(one.person, one.session) for one in broken if one.person and one.session}
    held = {(person_of[one.need], one.session) for one in seats}
    people = {one.person for one in broken if one.person and (one.person, one.session) not in held}
    kept = [
        one
        for one in seats
        if person_of[one.need] not in people
        and one.session not in closed
        and (person_of[one.need], one.session) not in aimed
    ]
    for session in {one.session for one in broken if one.session and one.session not in opened and not one.person}:
        there = [one for one in kept if one.session == session]
        if there:
            last = person_of[there[-1].need]
            kept = [one for one in kept if not (one.session == session and person_of[one.need] == last)]
    if len(kept) == len(seats) and not closed:
        words = "; ".join(one.words for one in broken[:3])
        raise LostSeatsError(f"the plan cannot be mended: {words}")
    return [one for one in new if one.id not in closed], kept

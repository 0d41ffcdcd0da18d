"""What a planner could change to give one need a seat, applied to a problem: a pure function of both."""

from collections.abc import Iterable
from dataclasses import replace

from services.scheduler.domain.plan import Change
from services.scheduler.domain.problem import Allowance, Problem, Waiver

__all__ = ["apply_change", "apply_changes"]


def apply_changes(problem: Problem, changes: Iterable[Change]) -> Problem:
    """Return the problem after all these changes, in their order."""
    for change in changes:
        problem = apply_change(problem, change)
    return problem


def apply_change(problem: Problem, change: Change) -> Problem:
    """Return the problem after this change; raises ValueError for a kind that nobody knows."""
    if change.kind == "travel_limit":
        people = tuple(
            replace(one, travel_limit_minutes=one.travel_limit_minutes + change.amount)
            if one.id == change.subject
            else one
            for one in problem.people
        )
        return replace(problem, people=people)
    if change.kind == "availability" and change.slots is not None:
        slots = change.slots
        people = tuple(
            replace(one, availability=one.availability | slots) if one.id == change.subject else one
            for one in problem.people
        )
        return replace(problem, people=people)
    if change.kind == "waiver":
        waiver = Waiver(rule=change.value, person=change.subject, reason=change.en, agreed=True)
        return replace(problem, waivers=(*problem.waivers, waiver))
    if change.kind in {"extra_seats", "smaller_group"}:
        return _allow(problem, change)
    if change.kind == "trainer_half_days":
        trainers = tuple(
            replace(one, max_half_days_week=one.max_half_days_week + change.amount) if one.id == change.subject else one
            for one in problem.trainers
        )
        return replace(problem, trainers=trainers)
    if change.kind == "lot_quantity":
        lots = tuple(
            replace(one, ordered=one.ordered + change.amount) if one.id == change.subject else one
            for one in problem.lots
        )
        return replace(problem, lots=lots)
    if change.kind == "interpreter" and change.interpreter is not None:
        others = tuple(one for one in problem.interpreters if one.id != change.interpreter.id)
        return replace(problem, interpreters=(*others, change.interpreter))
    if change.kind == "trainer" and change.trainer is not None:
        staff = tuple(one for one in problem.trainers if one.id != change.trainer.id)
        return replace(problem, trainers=(*staff, change.trainer))
    if change.kind == "lot" and change.lot is not None:
        orders = tuple(one for one in problem.lots if one.id != change.lot.id)
        return replace(problem, lots=(*orders, change.lot))
    raise ValueError(f"no such change: {change.kind}")


def _allow(problem: Problem, change: Change) -> Problem:
    before = next((one for one in problem.allowances if one.session == change.subject), None)
    allowance = before or Allowance(session=change.subject)
    if change.kind == "extra_seats":
        allowance = replace(allowance, extra_seats=allowance.extra_seats + change.amount)
    else:
        allowance = replace(allowance, minimum=change.amount or allowance.minimum, proposed=change.session)
    others = tuple(one for one in problem.allowances if one.session != change.subject)
    return replace(problem, allowances=(*others, allowance))

"""
The objective: three tiers of whole numbers, each part with its unit and its named weight.

T1 needs not placed, by urgency; T2 contracts late, then told people moved; T3 everything that makes a plan pleasant
or cheap. An earlier tier always goes before a later one.
"""

from collections.abc import Mapping
from datetime import date

from services.scheduler.domain.plan import TIERS, Part, Plan, Tier
from services.scheduler.domain.problem import Need, Problem, Training, Weights
from services.scheduler.domain.view import View, forecast_end, offered

__all__ = ["gaps", "score", "unplaced_points", "urgency_days", "wait_points"]

LONG_WAIT_DAYS = 60  # a wait of 60 days counts double: days + days x days / 60 [A]


def urgency_days(need: Need, today: date, weights: Weights) -> int:
    """Return how many days fewer than `urgency_days` are left to the need's deadline, 0 to twice that."""
    left = (need.deadline - today).days
    return min(2 * weights.urgency_days, max(0, weights.urgency_days - left))


def unplaced_points(need: Need, today: date, weights: Weights) -> int:
    """Return what this need costs in T1 when it has no seat."""
    return weights.unplaced + weights.urgency * urgency_days(need, today, weights)


def wait_points(days: int) -> int:
    """Return the points of so many days from signature to the first meeting: long waits more than in proportion."""
    days = max(0, days)
    return days + days * days // LONG_WAIT_DAYS


def score(problem: Problem, plan: Plan, bounds: Mapping[str, tuple[int | None, str]] | None = None) -> tuple[Tier, ...]:
    """Return the three tiers of a plan; the bounds are the plan's own unless others are given."""
    view = View(problem, plan)
    if bounds is None:
        bounds = {tier.name: (tier.bound, tier.relaxation) for tier in plan.tiers}
    parts = {"T1": _unplaced(view), "T2": _promises(view), "T3": _comfort(view)}
    values = {name: sum(part.points for part in parts[name]) for name in TIERS}
    known = {name: bounds.get(name, (None, "")) for name in TIERS}
    distances = gaps(values, {name: bound for name, (bound, _) in known.items()})
    return tuple(
        Tier(
            name=name,
            value=values[name],
            bound=known[name][0],
            gap=distances[name],
            relaxation=known[name][1],
            parts=parts[name],
        )
        for name in TIERS
    )


def gaps(values: Mapping[str, int], bounds: Mapping[str, int | None]) -> dict[str, int | None]:
    """Return value - bound for T1 and T2, and for T3 thousandths of the value where T1 and T2 are proven."""
    distances: dict[str, int | None] = {}
    for name in TIERS[:2]:
        bound = bounds[name]
        distances[name] = None if bound is None else values[name] - bound
    bound = bounds["T3"]
    if bound is None or distances["T1"] != 0 or distances["T2"] != 0:
        distances["T3"] = None
    else:
        distances["T3"] = -(-1000 * (values["T3"] - bound) // max(1, values["T3"]))
    return distances


def _unplaced(view: View) -> tuple[Part, ...]:
    problem = view.problem
    placed = {seat.need.id for seat in view.seats}
    left = [need for need in problem.needs if need.id not in placed]
    days = sum(urgency_days(need, problem.today, problem.weights) for need in left)
    return (
        Part(name="unplaced", quantity=len(left), unit="needs", weight=problem.weights.unplaced),
        Part(name="urgency", quantity=days, unit="days short of the deadline", weight=problem.weights.urgency),
    )


def _promises(view: View) -> tuple[Part, ...]:
    weights = view.problem.weights
    late = sum(
        1 for seat in view.seats if seat.need.training is Training.LANGUAGE and forecast_end(seat) > seat.person.term_on
    )
    kept = {seat.need.id for seat in view.seats if seat.told}
    moved = {view.needs[told.need].person for told in view.problem.placements if told.told and told.need not in kept}
    return (
        Part(name="late_contract", quantity=late, unit="contracts", weight=weights.late_contract),
        Part(name="told_moved", quantity=len(moved), unit="people", weight=weights.told_moved),
    )


def _comfort(view: View) -> tuple[Part, ...]:
    problem, weights = view.problem, view.problem.weights
    civic = [session for session in view.new_sessions if session.training is Training.CIVIC]
    language = [session for session in view.new_sessions if session.training is Training.LANGUAGE]
    empty = sum(
        max(0, offered(problem, session) * len(session.parts) - len(view.seats_of_session[session.id]))
        for session in view.new_sessions
    )
    interpreted = sum(len(session.interpreters) * len(session.meetings) for session in civic)
    ranks = {level: rank for rank, level in enumerate(problem.rules.levels)}
    spread = 0
    for session in language:
        levels = [ranks[seat.person.level] for seat in view.seats_of_session[session.id]]
        spread += max(levels) - min(levels) if levels else 0
    waiting = sum(wait_points((seat.placement.joins_on - seat.person.signed_on).days) for seat in view.seats)
    minutes = sum(view.travel.minutes(seat.person, view.sites[seat.session.site]) for seat in view.seats)
    return (
        Part(name="wait", quantity=waiting, unit="days + days x days / 60", weight=weights.wait),
        Part(name="travel_minute", quantity=minutes, unit="minutes one way", weight=weights.travel_minute),
        Part(name="civic_group", quantity=len(civic), unit="groups opened", weight=weights.civic_group),
        Part(name="language_group", quantity=len(language), unit="groups opened", weight=weights.language_group),
        Part(
            name="interpreter_half_day",
            quantity=interpreted,
            unit="half-days",
            weight=weights.interpreter_half_day,
        ),
        Part(name="empty_seat", quantity=empty, unit="seats", weight=weights.empty_seat),
        Part(name="level_spread", quantity=spread, unit="levels", weight=weights.level_spread),
        Part(
            name="civic_before_french",
            quantity=_civic_before_french(view),
            unit="civic days",
            weight=weights.civic_before_french,
        ),
    )


def _civic_before_french(view: View) -> int:
    owes = {need.person for need in view.problem.needs if need.training is Training.LANGUAGE}
    starts = {seat.person.id: seat.placement.joins_on for seat in view.seats if seat.need.training is Training.LANGUAGE}
    return sum(
        1
        for seat in view.seats
        if seat.need.training is Training.CIVIC
        and seat.person.id in owes
        and not seat.person.follows_french
        and (seat.person.id not in starts or seat.placement.joins_on < starts[seat.person.id])
    )

"""
A scenario beside its base, part by part: seats, tiers, euros, groups, fairness, and how many people gain or lose.

Pure. Nothing here is about fewer than 11 people: groups that small are left out (domain/fairness.py), and so is a
number from 1 to 10 of people who gain or lose; None stands for it.
"""

__all__ = ["compare", "cost_cents", "outline"]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.scheduler.domain.fairness import DIMENSIONS, HIDDEN_BELOW, fairness, large_groups
from services.scheduler.domain.judge import lot_quantity
from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import LotUnit, Person, Problem, Training
from services.scheduler.domain.scenario import cancelled
from services.scheduler.domain.view import View

MINUTES_A_PRICE = 60  # the price of a lot in minutes is that of an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fortune:
    """What one person has in a plan: seats, and the day of the first one."""

    seats: int
    first: date


def compare(base: tuple[Problem, Plan], scenario: tuple[Problem, Plan]) -> dict[str, Any]:
    """
    Return the comparison as plain JSON: in each pair `[base, scenario]`.

    Sums of money are whole cents; `trainings`, `fairness` and `who` hold no group of fewer than 11 people.
    """
    views = View(*base), View(*scenario)
    groups, people = cancelled(base[0], scenario[0])
    return {
        "base": outline(*base),
        "scenario": outline(*scenario),
        "cancelled": {"groups": groups, "people": _told(people)},
        "trainings": [row for training in Training for row in _by_level(training, views)],
        "tiers": _tiers(base[1], scenario[1]),
        "fairness": _fairness(base, scenario),
        "who": _who(views),
    }


def outline(problem: Problem, plan: Plan) -> dict[str, Any]:
    """Return what one plan comes to: needs, seats, groups, euro cents of the orders, and how it was made."""
    view = View(problem, plan)
    reasons: dict[str, int] = {}
    for left in plan.unplaced:
        reasons[left.code] = reasons.get(left.code, 0) + 1
    return {
        "problem": plan.problem,
        "programme": problem.programme,
        "people": len(problem.people),
        "needs": len(problem.needs),
        "placed": len(plan.placements),
        "unplaced": len(plan.unplaced),
        "reasons": dict(sorted(reasons.items())),
        "civic_groups": sum(1 for one in view.new_sessions if one.training is Training.CIVIC),
        "language_groups": sum(1 for one in view.new_sessions if one.training is Training.LANGUAGE),
        "cents": cost_cents(view),
        "solver": {"status": plan.solver.status, "milliseconds": plan.solver.milliseconds, "work": plan.solver.work},
    }


def cost_cents(view: View) -> int:
    """
    Return what the orders pay for all seats of a plan, in cents, each lot rounded once (half up).

    A lot in person-days has the price of one day, a lot in person-minutes that of one hour. Rooms, trainers and
    interpreters have no price of their own in the offer.
    """
    used: dict[str, int] = {}
    for seat in view.seats:
        if seat.session.lot is not None:
            lot = view.lots[seat.session.lot]
            used[lot.id] = used.get(lot.id, 0) + lot_quantity(lot, seat)
    cents = 0
    for name, quantity in used.items():
        lot = view.lots[name]
        per = 1 if lot.unit is LotUnit.PERSON_DAYS else MINUTES_A_PRICE
        cents += (2 * quantity * lot.unit_price_cents + per) // (2 * per)
    return cents


def _by_level(training: Training, views: tuple[View, View]) -> Iterable[dict[str, Any]]:
    """Yield needs and seats of a training by level, of the people who owe it before or after."""
    owing = {need.person for view in views for need in view.problem.needs if need.training is training}
    people = {one.id: one for view in views for one in view.problem.people if one.id in owing}
    for level, group in large_groups(people.values(), DIMENSIONS["level"]).items():
        mine = {one.id for one in group}
        yield {
            "training": training.value,
            "level": level,
            "people": len(mine),
            "needs": [
                sum(1 for need in view.problem.needs if need.training is training and need.person in mine)
                for view in views
            ],
            "placed": [
                sum(1 for seat in view.seats if seat.need.training is training and seat.person.id in mine)
                for view in views
            ],
        }


def _tiers(base: Plan, scenario: Plan) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "value": [one.value, other.value],
            "bound": [one.bound, other.bound],
            "gap": [one.gap, other.gap],
            "parts": [
                {
                    "name": part.name,
                    "unit": part.unit,
                    "quantity": [part.quantity, beside.quantity],
                    "weight": [part.weight, beside.weight],
                }
                for part, beside in zip(one.parts, other.parts, strict=True)
            ],
        }
        for one, other in zip(base.tiers, scenario.tiers, strict=True)
    ]


def _fairness(base: tuple[Problem, Plan], scenario: tuple[Problem, Plan]) -> dict[str, list[dict[str, Any]]]:
    before, after = fairness(*base), fairness(*scenario)
    found: dict[str, list[dict[str, Any]]] = {}
    for name, cells in before.items():
        beside = {cell.group: cell for cell in after.get(name, ())}
        found[name] = [
            {
                "group": cell.group,
                "people": [cell.people, other.people],
                "needs": [cell.needs, other.needs],
                "placed": [cell.placed, other.placed],
                "median_wait_days": [cell.median_wait_days, other.median_wait_days],
            }
            for cell in cells
            if (other := beside.get(cell.group)) is not None
        ]
    return found


def _who(views: tuple[View, View]) -> dict[str, list[dict[str, Any]]]:
    """
    Return how many people gain and lose, in all and by group.

    Somebody gains with more seats, or as many and an earlier first one; and loses the other way round.
    """
    fortunes = [_fortunes(view) for view in views]
    verdicts = {
        person.id: _verdict(fortunes[0].get(person.id), fortunes[1].get(person.id))
        for person in views[0].problem.people
    }
    everybody = views[0].problem.people
    found = {"all": _counted({"all": list(everybody)}, verdicts)}
    for name, group_of in DIMENSIONS.items():
        found[name] = _counted(large_groups(everybody, group_of), verdicts)
    return found


def _counted(groups: Mapping[str, Sequence[Person]], verdicts: Mapping[str, int]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, people in groups.items():
        known = [verdicts[one.id] for one in people]
        rows.append({"group": name, "people": len(people), "gain": known.count(1), "lose": known.count(-1)})
    for field in ("gain", "lose"):
        _hide(rows, field)
    return rows


def _hide(rows: Sequence[dict[str, Any]], field: str) -> None:
    """Hide small numbers, and one more where a single hidden one would follow from the total."""
    shown = [row for row in rows if _told(row[field]) is not None]
    if len(rows) - len(shown) == 1 and any(row[field] for row in shown):
        hidden = min((row for row in shown if row[field]), key=lambda row: row[field])
        hidden[field] = None
    for row in rows:
        row[field] = _told(row[field])


def _told(count: int | None) -> int | None:
    return None if count is None or 0 < count < HIDDEN_BELOW else count


def _fortunes(view: View) -> dict[str, _Fortune]:
    return {
        person: _Fortune(seats=len(seats), first=min(seat.placement.joins_on for seat in seats))
        for person, seats in view.seats_of_person.items()
    }


def _verdict(before: _Fortune | None, after: _Fortune | None) -> int:
    """Return 1 for somebody who gains, -1 for somebody who loses, 0 for the same."""
    ranks = [(one.seats, -one.first.toordinal()) if one else (0, 0) for one in (before, after)]
    return (ranks[1] > ranks[0]) - (ranks[1] < ranks[0])

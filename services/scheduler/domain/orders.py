"""What a plan takes of each order: in the unit of the lot, and in euros at its unit price."""

__all__ = ["Order", "orders"]

from dataclasses import dataclass

from services.scheduler.domain.judge import lot_quantity
from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import Lot, LotUnit, Problem
from services.scheduler.domain.view import View

MINUTES_AN_HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One lot under a plan: quantities in its unit (person-days or person-minutes), money in cents."""

    lot: str
    body: str
    training: str
    unit: str
    ordered: int
    before: int  # consumed, or given to people who were told before this plan
    added: int  # by the seats that this plan gives
    left: int
    added_cents: int  # the price of what this plan adds


def orders(problem: Problem, plan: Plan) -> tuple[Order, ...]:
    """Return what a plan takes of each order, in the order of the problem."""
    view = View(problem, plan)
    told, added = dict.fromkeys(view.lots, 0), dict.fromkeys(view.lots, 0)
    for seat in view.seats:
        lot = view.lots.get(seat.session.lot or "")
        if lot is not None:
            (told if seat.told else added)[lot.id] += lot_quantity(lot, seat)
    return tuple(
        Order(
            lot=lot.id,
            body=lot.body,
            training=lot.training.value,
            unit=lot.unit.value,
            ordered=lot.ordered,
            before=lot.consumed + told[lot.id],
            added=added[lot.id],
            left=lot.ordered - lot.consumed - told[lot.id] - added[lot.id],
            added_cents=_price(lot, added[lot.id]),
        )
        for lot in problem.lots
    )


def _price(lot: Lot, quantity: int) -> int:
    """Return cents, rounded up; a price is for one person-day or one person-hour."""
    units = 1 if lot.unit is LotUnit.PERSON_DAYS else MINUTES_AN_HOUR
    return -(-quantity * lot.unit_price_cents // units)

"""What a plan takes of each order, counted by hand: days and hours, told before and added, and euros."""

from dataclasses import replace
from datetime import timedelta

import builders as b

from services.scheduler.domain.orders import orders
from services.scheduler.domain.problem import SessionState

FIRST = b.MONDAY + timedelta(days=14)


def test_days_are_counted_one_by_one_and_those_told_before_stand_apart() -> None:
    session = b.civic_session(("S1", FIRST), ("S2", FIRST + timedelta(days=1)), state=SessionState.PUBLISHED)
    told = tuple(b.seat(f"p0-{part}", session, told=True) for part in ("S1", "S2"))
    of = b.civic_problem(
        2, sessions=(session,), placements=told, lots=(b.lot(ordered=10, consumed=3, unit_price_cents=6449),)
    )
    added = tuple(b.seat(f"p1-{part}", session) for part in ("S1", "S2"))

    (found,) = orders(of, b.plan(of, (session,), (*told, *added)))

    assert (found.ordered, found.before, found.added, found.left) == (10, 5, 2, 3)
    assert found.added_cents == 2 * 6449


def test_minutes_are_paid_by_the_hour_from_the_day_of_joining() -> None:
    session = b.course_session(FIRST)
    of = b.course_problem(2, lots=(b.lot("language", ordered=6000, unit_price_cents=740),))
    later = replace(b.seat("p1-100", session), joins_on=FIRST + timedelta(days=7))

    (found,) = orders(of, b.plan(of, (session,), (b.seat("p0-100", session), later)))

    assert found.added == 1440 + 4 * 180
    assert found.left == 6000 - found.added
    assert found.added_cents == 36 * 740, "36 person-hours at 7.40 euros"

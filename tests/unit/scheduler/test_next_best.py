"""Why this group and not another: what is said of the others is what the judge says of them."""

from dataclasses import replace
from datetime import timedelta

import builders as b
import pytest

from services.scheduler.domain.judge import breaches
from services.scheduler.domain.next_best import books_of, next_best, rivals
from services.scheduler.domain.plain import Said
from services.scheduler.domain.plan import Plan, plan_to_json
from services.scheduler.domain.problem import Placement, Problem, problem_to_json
from services.scheduler.domain.view import Seat, View, followed_meetings
from services.scheduler.solver import solve

FIRST = b.MONDAY + timedelta(days=14)
OF_OTHERS = {"size"}  # the group that is left may fall under its minimum


def said(of: Problem, plan: Plan, need: str) -> Said:
    view = View(of, plan)
    (seat,) = [one for one in view.seats if one.need.id == need]
    return next_best(view, [seat], books_of(problem_to_json(of), plan_to_json(plan), of))


def moved_to(plan: Plan, seats: list[Seat], rival: object) -> Plan:
    """Return the plan with these seats in the other group."""
    gone = {seat.need.id for seat in seats}
    new = [
        Placement(
            need=seat.need.id,
            session=rival.session.id,  # type: ignore[attr-defined]
            joins_on=followed_meetings(rival.session, seat.need.part, rival.joins_on)[0].day,  # type: ignore[attr-defined]
        )
        for seat in seats
    ]
    kept = [one for one in plan.placements if one.need not in gone]
    return replace(plan, placements=(*kept, *new), tiers=())


@pytest.mark.parametrize("seed", [3, 4, 5, 6])
def test_each_other_group_is_barred_by_the_rules_that_the_judge_names(seed: int) -> None:
    of = b.scarce_problem(seed, 30)
    plan = solve(of, work_limit=10)
    view, books = View(of, plan), books_of(problem_to_json(of), plan_to_json(plan), of)
    together: dict[tuple[str, str], list[Seat]] = {}
    for seat in view.seats:
        together.setdefault((seat.person.id, seat.session.id), []).append(seat)

    asked = free = 0
    for seats in together.values():
        for rival in rivals(view, seats, books):
            found = {one.rule for one in breaches(of, moved_to(plan, seats, rival))}
            barred = {rule for rule, _ in rival.barred}
            assert barred - {"notice", "entry", "availability"} <= found, (seats, rival)
            assert found - barred <= OF_OTHERS, (seats, rival, found)
            assert bool(barred) == bool(found - OF_OTHERS) or barred == {"size"}, (seats, rival, found)
            asked, free = asked + 1, free + (not barred)
    assert asked > 20


def two_courses(**changes: object) -> tuple[Problem, Plan]:
    """Four people, two courses of two, the second a week later at another place."""
    of = b.course_problem(
        4,
        sites=(b.site(), b.site("pantin", latitude=48.91)),
        rooms=(b.room(), b.room("other", site="pantin")),
        trainers=(b.trainer(), b.trainer("second")),
        **changes,
    )
    early = b.course_session(FIRST)
    later = b.course_session(FIRST + timedelta(days=7), site="pantin", room="other", trainer="second")
    seats = [b.seat(f"p{index}-100", early if index < 2 else later) for index in range(4)]
    return of, b.plan(of, (early, later), tuple(seats))


def test_the_next_best_group_is_named_with_what_it_would_cost_the_person() -> None:
    of, plan = two_courses()

    words = said(of, plan, "p0-100")

    assert words.fr.startswith("plutôt que le meilleur suivant, Pantin, 24/03/2025, à ")
    assert "7 jours plus tard" in words.fr
    assert "7 days later" in words.en


def test_who_sits_in_the_worse_group_is_told_that_it_would_not_open_without_them() -> None:
    of, plan = two_courses()

    words = said(of, plan, "p3-100")

    assert "pour elle seule, mieux aurait été Bobigny, 17/03/2025" in words.fr
    assert "ce groupe n’aurait que 1 personne sur les 2" in words.fr


def test_where_nothing_else_was_possible_the_nearest_group_is_named_with_its_obstacle() -> None:
    of, plan = two_courses()
    near = b.change_person(of, "p0", travel_limit_minutes=16)
    plan = replace(plan, problem=near.fingerprint)

    words = said(near, plan, "p0-100")

    assert words.fr.startswith("aucun autre groupe du plan n’était possible")
    assert "minutes pour une limite de 16" in words.fr


def test_the_only_group_is_called_the_only_one() -> None:
    of = b.course_problem(2)
    session = b.course_session(FIRST)
    plan = b.plan(of, (session,), (b.seat("p0-100", session), b.seat("p1-100", session)))

    assert said(of, plan, "p0-100").fr == "aucun autre groupe du plan n’enseigne cela"

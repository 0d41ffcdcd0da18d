"""
The planning instances of the bench: invented months, cut to one training or to another capacity, always the same.

`normal` is the sample as it is. `scarce` leaves out each third trainer and interpreter and 30 % of the orders;
`ample` lets each trainer and interpreter work twice as much and orders half as much again. `strict` is the whole month
in the strict reading: each civic day free, one interpreted language a group. `after` is the second month, on top of a
first one that was planned by hand and published; `shock` is the same after the busiest site closed.
"""

import sys
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

import common
from hand import by_hand

from parcours.sample.generator import generate_month
from parcours.sample.problem import problem_of
from services.scheduler.domain.days import add_months
from services.scheduler.domain.problem import DateRange, Problem, SessionState, Training
from services.scheduler.domain.shaken import shaken
from services.scheduler.solver.candidates import candidates

# name -> (part, people, capacity, seed)
DEFAULT = {
    "civic-200-normal": ("civic", 200, "normal", 1),
    "language-200-normal": ("language", 200, "normal", 1),
    "whole-50-normal": ("whole", 50, "normal", 1),
    "whole-200-scarce": ("whole", 200, "scarce", 1),
    "whole-200-ample": ("whole", 200, "ample", 1),
    "language-900-normal": ("language", 900, "normal", 1),
    "whole-900-normal": ("whole", 900, "normal", 1),
    "strict-200-scarce": ("strict", 200, "scarce", 1),
    "after-200-normal": ("after", 200, "normal", 1),
}
FULL = {
    f"{part}-{people}-{capacity}-{seed}": (part, people, capacity, seed)
    for part in ("civic", "language", "whole", "strict", "after", "shock")
    for people in (50, 200, 900, 3000)
    for capacity in ("scarce", "normal", "ample")
    for seed in (1, 2, 3)
}


MONTH = date(2025, 3, 1)
ORDERED_FOR = 2  # months that the orders of `after` and `shock` are for


def instance(part: str, people: int, capacity: str, seed: int) -> Problem:
    if part in {"after", "shock"}:
        second = _after(people, capacity, seed)
        return _shocked(second) if part == "shock" else second
    return _offered(_cut(_month(people, seed, MONTH), part), capacity)


def on_top(problem: Problem, offer: Problem, *, people, needs, sessions, placements, begun) -> Problem:
    """The problem with another month's offer, and with what is published; `begun` are ids of sessions."""
    owing = {need.person for need in needs}
    return replace(
        problem,
        sites=offer.sites,
        rooms=offer.rooms,
        trainers=offer.trainers,
        interpreters=offer.interpreters,
        lots=offer.lots,
        people=tuple(one for one in people if one.id in owing),
        needs=tuple(needs),
        sessions=tuple(
            replace(one, state=SessionState.STARTED if one.id in begun else SessionState.PUBLISHED) for one in sessions
        ),
        placements=tuple(replace(one, told=True, pinned=one.session in begun) for one in placements),
    )


def _month(people: int, seed: int, month: date) -> Problem:
    return problem_of(generate_month("93", people, month, seed, "cir-2019"))


def _cut(problem: Problem, part: str) -> Problem:
    if part == "strict":
        rules = problem.rules
        alone = tuple((one,) for one in rules.civic_parts)
        return replace(problem, rules=replace(rules, civic_bundles=alone, interpreted_languages_max=1))
    if part == "whole":
        return problem
    needs = tuple(need for need in problem.needs if need.training is Training(part))
    owing = {need.person for need in needs}
    return replace(problem, needs=needs, people=tuple(one for one in problem.people if one.id in owing))


def _offered(problem: Problem, capacity: str) -> Problem:
    if capacity == "scarce":
        return replace(
            problem,
            trainers=tuple(one for number, one in enumerate(problem.trainers) if number % 3),
            interpreters=tuple(one for number, one in enumerate(problem.interpreters) if number % 3),
            lots=tuple(replace(lot, ordered=lot.ordered * 7 // 10) for lot in problem.lots),
        )
    if capacity == "ample":
        return replace(
            problem,
            trainers=tuple(replace(one, max_half_days_week=2 * one.max_half_days_week) for one in problem.trainers),
            interpreters=tuple(
                replace(one, max_half_days_week=2 * one.max_half_days_week) for one in problem.interpreters
            ),
            lots=tuple(replace(lot, ordered=lot.ordered * 3 // 2) for lot in problem.lots),
        )
    return problem


def _after(people: int, capacity: str, seed: int) -> Problem:
    first = _offered(_month(people, seed, MONTH), capacity)
    first = replace(first, lots=tuple(replace(lot, ordered=ORDERED_FOR * lot.ordered) for lot in first.lots))
    draft = common.base_of(first)
    plan = common.plan_of(first, by_hand(first, draft, candidates(draft.facts, draft.units)), "hand")
    second = _month(people, seed, add_months(MONTH, 1))
    begun = {one.id for one in plan.sessions if one.meetings[0].day < second.today}
    return on_top(
        second,
        first,
        people=(*first.people, *second.people),
        needs=(*first.needs, *second.needs),
        sessions=plan.sessions,
        placements=plan.placements,
        begun=begun,
    )


def _shocked(problem: Problem) -> Problem:
    """Close the site with most groups to come for a month; cancel what no longer holds, as a planner would."""
    coming = Counter(one.site for one in problem.sessions if one.state is SessionState.PUBLISHED)
    busiest = max(sorted(coming), key=coming.__getitem__)
    closed = DateRange(first=problem.publish_on, last=problem.publish_on + timedelta(days=30))
    sites = tuple(replace(one, closures=(*one.closures, closed)) if one.id == busiest else one for one in problem.sites)
    problem = replace(problem, sites=sites)
    broken = shaken(problem)
    return replace(
        problem,
        sessions=tuple(one for one in problem.sessions if one.id not in broken),
        placements=tuple(one for one in problem.placements if one.session not in broken),
    )

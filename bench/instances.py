"""
The planning instances of the bench: invented months, cut to one training or to another capacity, always the same.

`normal` is the sample as it is. `scarce` leaves out each third trainer and interpreter and 30 % of the orders;
`ample` lets each trainer and interpreter work twice as much and orders half as much again.
"""

from dataclasses import replace
from datetime import date

from parcours.sample.generator import generate_month
from parcours.sample.problem import problem_of
from services.scheduler.domain.problem import Problem, Training

# name -> (part, people, capacity, seed)
DEFAULT = {
    "civic-200-normal": ("civic", 200, "normal", 1),
    "language-200-normal": ("language", 200, "normal", 1),
    "whole-50-normal": ("whole", 50, "normal", 1),
    "whole-200-scarce": ("whole", 200, "scarce", 1),
    "whole-200-normal": ("whole", 200, "normal", 1),
    "whole-200-ample": ("whole", 200, "ample", 1),
    "language-900-normal": ("language", 900, "normal", 1),
    "whole-900-normal": ("whole", 900, "normal", 1),
    "whole-900-ample": ("whole", 900, "ample", 1),
}
FULL = {
    f"{part}-{people}-{capacity}-{seed}": (part, people, capacity, seed)
    for part in ("civic", "language", "whole")
    for people in (50, 200, 900, 3000)
    for capacity in ("scarce", "normal", "ample")
    for seed in (1, 2, 3)
}


def instance(part: str, people: int, capacity: str, seed: int) -> Problem:
    problem = problem_of(generate_month("93", people, date(2025, 3, 1), seed, "cir-2019"))
    if part != "whole":
        needs = tuple(need for need in problem.needs if need.training is Training(part))
        owing = {need.person for need in needs}
        problem = replace(problem, needs=needs, people=tuple(one for one in problem.people if one.id in owing))
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

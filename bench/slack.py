"""
How much of a gap is the bound's own: tiny months whose best plan is proven, beside what the bound says of them.

A month of a dozen people, five weeks of dates, groups of two to five, is put into one exact model with every candidate.
Where CP-SAT proves the sum of the tiers best, the tiers of that plan stand beside the bounds that the engine would
give for them. `python bench/slack.py [MONTHS]`, about a minute for eight.
"""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE / "peers")]

import common
import instances
from rich.console import Console
from rich.table import Table

from services.scheduler.domain.problem import Size
from services.scheduler.domain.score import score
from services.scheduler.solver import solve
from services.scheduler.solver.beginning import warm
from services.scheduler.solver.bounds import Bounds
from services.scheduler.solver.candidates import candidates
from services.scheduler.solver.exact import decide
from services.scheduler.solver.stage import Stage

PEOPLE, DAYS, SECONDS, WORK = 12, 35, 60.0, 40


def tiny(seed):
    problem = instances.instance("whole", PEOPLE, "normal", seed)
    rules = replace(problem.rules, civic_size=Size(minimum=2, maximum=5), language_size=Size(minimum=2, maximum=4))
    return replace(problem, rules=rules, horizon=problem.publish_on + timedelta(days=DAYS))


def best_of(problem):
    """The engine's plan, the best plan, whether that is proven, and the bounds."""
    base = common.base_of(problem)
    made = solve(problem, work_limit=WORK)
    begun = warm(base, made)
    found = candidates(base.facts, base.units)
    kinds = sorted({unit.parts for unit in base.units if unit.training.value == "civic"})
    stages = [Stage(base.facts, base.units, found, kind) for kind in (*kinds, ())]
    draft, proven = decide(
        stages, begun, {unit.index for unit in base.units}, candidates=len(found), work=1e6, seconds=SECONDS,
        should_stop=lambda: False,
    )  # fmt: skip
    return made, common.plan_of(problem, draft, "exact"), proven, Bounds(base, found, 0)


def main():
    months = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    table = Table(
        "month", "proven", "needs", "left out", "T1", "bound", "T2", "bound", "T3", "bound", "T3 slack", "engine"
    )
    for seed in range(1, months + 1):
        problem = tiny(seed)
        made, plan, proven, bounds = best_of(problem)
        values = [tier.value for tier in score(problem, plan)]
        bounds.keep_company(5.0, None)
        for _ in range(60):
            bounds.ascent.step()
        bounds.follow(tuple(values))
        told = [bounds.of(values[0], values[1])[name][0] for name in ("T1", "T2", "T3")]
        pairs = [str(one) for pair in zip(values, told, strict=True) for one in pair]
        slack = f"{100 * (1 - told[2] / max(1, values[2])):.0f} %"
        table.add_row(
            str(seed),
            str(proven),
            str(len(problem.needs)),
            str(len(plan.unplaced)),
            *pairs,
            slack,
            str([tier.value for tier in made.tiers]),
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()

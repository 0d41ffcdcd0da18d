"""
The engine's opening-and-seating kernel on public facility-location files, with HiGHS and CP-SAT beside it.

`make bench-public INSTANCES=DIR [ARGS="--limit 60"]`: DIR holds best_known_divisible.csv and the files that it names. A
customer of demand d is a class of d people who are alike, a facility a session; a share of a demand pays its share.
Values are recomputed here from the open facilities; the files stay where they are.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))


def read(path):
    numbers = iter(path.read_text().split())
    facilities, customers = int(next(numbers)), int(next(numbers))
    capacity = np.array([float(next(numbers)) for _ in range(facilities)])
    opening = np.array([float(next(numbers)) for _ in range(facilities)])
    demand = np.array([float(next(numbers)) for _ in range(customers)])
    whole = np.array([[float(next(numbers)) for _ in range(facilities)] for _ in range(customers)]).T
    return capacity, opening, demand, whole


def parcours(path, limit):
    from services.scheduler.solver.kernel import Kernel, Sessions

    capacity, opening, demand, whole = read(path)
    begin = time.monotonic()
    left = lambda: limit - (time.monotonic() - begin)  # noqa: E731
    result = Kernel(Sessions(demand, capacity, opening, whole / demand[None, :]), lambda: left() <= 0).solve(left)
    return result.value, result.bound


def highs(path, limit):
    from ortools.math_opt.python import mathopt

    capacity, opening, demand, whole = read(path)
    model = mathopt.Model()
    opened = [model.add_binary_variable() for _ in capacity]
    shares = [[model.add_variable(lb=0, ub=1) for _ in demand] for _ in capacity]
    for customer in range(len(demand)):
        model.add_linear_constraint(sum(row[customer] for row in shares) == 1)
    for place, row in enumerate(shares):
        inside = sum(demand[customer] * row[customer] for customer in range(len(row)))
        model.add_linear_constraint(inside <= capacity[place] * opened[place])
        for share in row:
            model.add_linear_constraint(share <= opened[place])
    seats = [(whole[p, c], share) for p, row in enumerate(shares) for c, share in enumerate(row)]
    terms = [*zip(opening, opened, strict=True), *seats]
    model.minimize(sum(float(a) * x for a, x in terms))
    limits = mathopt.SolveParameters(time_limit=timedelta(seconds=limit))
    result = mathopt.solve(model, mathopt.SolverType.HIGHS, params=limits)
    value = result.objective_value() if result.has_primal_feasible_solution() else None
    return value, result.best_objective_bound()


def cpsat(path, limit):
    from ortools.sat.python import cp_model

    capacity, opening, demand, whole = read(path)
    model = cp_model.CpModel()
    opened = [model.new_bool_var("") for _ in capacity]
    scale = 1000
    goal = [(round(scale * a), x) for a, x in zip(opening, opened, strict=True)]
    inside = [[] for _ in capacity]
    for customer, amount in enumerate(demand.astype(int).tolist()):
        seats = [model.new_int_var(0, amount, "") for _ in capacity]
        model.add(sum(seats) == amount)
        for place, seat in enumerate(seats):
            inside[place].append(seat)
            model.add(seat <= amount * opened[place])
            goal.append((round(scale * whole[place, customer] / amount), seat))
    for place, row in enumerate(inside):
        model.add(sum(row) <= int(capacity[place]) * opened[place])
    model.minimize(sum(a * x for a, x in goal))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    value = solver.objective_value / scale if status in {cp_model.OPTIMAL, cp_model.FEASIBLE} else None
    return value, solver.best_objective_bound / scale


ENGINES = {"parcours": parcours, "highs": highs, "cpsat-1": cpsat}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("instances", type=Path)
    parser.add_argument("--limit", type=float, default=60)
    parser.add_argument("--only", default="")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--one", nargs=2, help="engine and file: one solve, JSON on the last line")
    asked = parser.parse_args()
    if asked.one:
        begin = time.monotonic()
        value, bound = ENGINES[asked.one[0]](Path(asked.one[1]), asked.limit)
        print(json.dumps({"value": value, "bound": bound, "seconds": time.monotonic() - begin}))
        return 0
    with (asked.instances / "best_known_divisible.csv").open(encoding="utf-8") as lines:
        known = {row["file"]: float(row["best_value"]) for row in csv.DictReader(lines)}
    rows, wrong = [], 0
    table = Table("file", "solver", "s", "value", "bound", "best known", "value/known", "own gap")
    for name, best in known.items():
        if asked.only not in name:
            continue
        for engine in asked.engines.split(","):
            command = [sys.executable, __file__, str(asked.instances), "--limit", str(asked.limit)]
            done = subprocess.run(
                [*command, "--one", engine, str(asked.instances / name)],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            answer = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
            value, bound = answer.get("value"), answer.get("bound")
            rows.append({"file": name, "solver": engine, "best_known": best, "limit_s": asked.limit, **answer})
            over = f"{100 * (value / best - 1):.3f} %" if value else ""
            gap = f"{100 * (1 - bound / value):.3f} %" if value and bound and abs(bound) < 1e18 else ""
            wrong += engine == "parcours" and (bound is None or bound > best * (1 + 1e-6))
            seconds = f"{answer.get('seconds', 0):.1f}"
            table.add_row(name, engine, seconds, f"{value or 0:.2f}", f"{bound or 0:.2f}", f"{best:.2f}", over, gap)
            Console(width=140).print(name, engine, seconds, value, bound, over, gap)
    Console(width=140).print(table)
    out = HERE / "results" / "local" / "public.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(rows, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

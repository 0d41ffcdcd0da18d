"""
The nation's month: 10,000 people in 101 departments, each planned on its own, two at a time.

`make bench-nation [ARGS="--people 10000 --seconds 300"]`. A department's limit is its share of the time by people, but
at least two seconds; nobody sits across a border, so bounds and values add up. JSON goes to bench/results/local/.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from rich.console import Console
from rich.table import Table

from parcours.sample.generator import generate_nation
from parcours.sample.problem import problem_of
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import plan_from_json
from services.scheduler.domain.problem import problem_from_json, problem_to_json

POOL = 2
LEAST = 2.0  # seconds
AROUND = 1.5  # seconds that reading, building and writing take around each department's limit, at least


def solve(job):
    problem_file, plan_file, limit = job
    command = [sys.executable, "-m", "services.scheduler.solver", str(problem_file), str(plan_file)]
    subprocess.run([*command, "--time-limit", f"{limit:.1f}"], cwd=HERE.parent, check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        jobs, problems = [], []
        for month in generate_nation(date(2025, 3, 1), asked.people, 1, "cir-2019"):
            problem = problem_of(month)
            if problem.needs:
                file = folder / f"{month.territory}.json"
                file.write_text(json.dumps(problem_to_json(problem)))
                problems.append((month.territory, file, len(problem.people)))
        people = sum(count for _, _, count in problems)
        spare = POOL * asked.seconds - len(problems) * (LEAST + AROUND)
        for territory, file, count in sorted(problems, key=lambda one: -one[2]):
            jobs.append((file, folder / f"{territory}.plan.json", LEAST + max(0.0, spare) * count / people))
        begin = time.monotonic()
        with ThreadPoolExecutor(POOL) as pool:
            list(pool.map(solve, jobs))
        seconds = time.monotonic() - begin
        values, bounds, placed, needs, broken = [0, 0, 0], [0, 0, 0], 0, 0, 0
        for problem_file, plan_file, _ in jobs:
            problem = problem_from_json(json.loads(problem_file.read_text()))
            plan = plan_from_json(json.loads(plan_file.read_text()))
            broken += len(breaches(problem, plan))
            placed, needs = placed + len(plan.placements), needs + len(problem.needs)
            values = [a + tier.value for a, tier in zip(values, plan.tiers, strict=True)]
            bounds = [a + (tier.bound or 0) for a, tier in zip(bounds, plan.tiers, strict=True)]
    table = Table("departments", "people", "needs", "placed", "s", "T1", "T2", "T3", "bounds", "breaches")
    table.add_row(
        str(len(jobs)), str(people), str(needs), str(placed), f"{seconds:.0f}", *(str(one) for one in values),
        str(bounds), str(broken),
    )  # fmt: skip
    Console(width=140).print(table)
    out = HERE / "results" / "local" / "nation.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    row = {"people": people, "seconds": seconds, "tiers": values, "bounds": bounds, "placed": placed, "needs": needs}
    out.write_text(json.dumps(row) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

"""
The planning bench: the same instances, the same judge, each engine in a process of its own, the same limit, 2 threads.

`make bench-plan` runs nine instances in less than 20 minutes and writes bench/results/plan.json; FULL=1 runs them all
with three seeds. A bound above a value that any engine found, where the bound speaks of that plan, fails the bench.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))

import instances

from services.scheduler.domain.judge import breaches, score
from services.scheduler.domain.plan import plan_from_json
from services.scheduler.domain.problem import problem_to_json

FIRST, SECOND = 200, 4  # how the tiers are folded into one value here: a T1 point is 200, a T2 point 4 T3 points
LIMIT = float(os.environ.get("LIMIT", "15"))
GRACE = 20  # seconds that an engine may take beyond its limit, to read, build and write; then it is stopped
PEERS = HERE / "peers"
ENGINES = {
    "parcours": ("-m", "services.scheduler.solver", "{problem}", "{plan}", "--time-limit", "{limit}"),
    "hand": (str(PEERS / "hand.py"), "{problem}", "{plan}", "--limit", "{limit}"),
    "cpsat-1": (str(PEERS / "monolith.py"), "{problem}", "{plan}", "--limit", "{limit}", "--workers", "1", "cpsat"),
    "cpsat-8": (str(PEERS / "monolith.py"), "{problem}", "{plan}", "--limit", "{limit}", "--workers", "8", "cpsat"),
    "highs": (str(PEERS / "monolith.py"), "{problem}", "{plan}", "--limit", "{limit}", "highs"),
}


def run(engine, problem_file, folder, limit):
    plan_file = folder / f"{engine}.json"
    plan_file.unlink(missing_ok=True)
    values = {"problem": str(problem_file), "plan": str(plan_file), "limit": str(limit)}
    command = [sys.executable, *(part.format(**values) for part in ENGINES[engine])]
    before = time.monotonic()
    with (folder / "log").open("w") as log:
        child = subprocess.Popen(command, cwd=HERE.parent, stdout=log, stderr=log)
        deadline = before + limit + GRACE
        peak = 0
        while child.poll() is None and time.monotonic() < deadline:
            try:
                status = Path(f"/proc/{child.pid}/status").read_text()
                peak = max(peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
            except (OSError, ValueError, TypeError):
                pass
            time.sleep(0.1)
        if child.poll() is None:
            child.kill()
            child.wait()
    peak = peak or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return plan_file, time.monotonic() - before, peak // 1024


def row_of(name, people, seed, problem, engine, folder):  # noqa: PLR0917 - one place calls it
    plan_file, seconds, peak = run(engine, folder / "problem.json", folder, LIMIT)
    row = {
        "instance": name, "people": people, "solver": engine, "threads": 8 if engine == "cpsat-8" else 1,
        "limit_s": LIMIT, "seconds": round(seconds, 1), "value": None, "tiers": None, "bound": None, "gap": None,
        "placed": 0, "breaches": None, "peak_mb": peak, "seed": seed, "version": None,
    }  # fmt: skip
    if plan_file.exists():
        plan = plan_from_json(json.loads(plan_file.read_text()))
        tiers = score(problem, plan)
        values = [tier.value for tier in tiers]
        bounds = [tier.bound for tier in tiers]
        row |= {
            "value": FIRST * values[0] + SECOND * values[1] + values[2],
            "tiers": values,
            "bound": None if None in bounds else bounds,
            "gap": None if None in bounds else [v - b for v, b in zip(values, bounds, strict=True)],
            "placed": len(plan.placements),
            "breaches": len(breaches(problem, plan)),
            "version": plan.solver.version,
        }
    return row


def faults(rows):
    """Bounds that some engine's plan refutes, and plans that break a rule."""
    found = [f"{row['solver']} breaks {row['breaches']} rules of {row['instance']}" for row in rows if row["breaches"]]
    for row in rows:
        for other in rows:
            if row["bound"] is None or other["tiers"] is None or other["instance"] != row["instance"]:
                continue
            mine, bound, theirs = row["tiers"], row["bound"], other["tiers"]
            speaks = (True, theirs[0] <= mine[0], theirs[0] <= mine[0] and theirs[1] <= mine[1])
            found.extend(
                f"{row['instance']}: the bound of T{tier + 1}, {bound[tier]}, is above {other['solver']}'s {theirs}"
                for tier in range(3)
                if speaks[tier] and bound[tier] > theirs[tier]
            )
    return found


def main():
    wanted = instances.FULL if os.environ.get("FULL") else instances.DEFAULT
    names = sys.argv[1:] or list(wanted)
    rows = []
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        for name in names:
            part, people, capacity, seed = wanted[name]
            problem = instances.instance(part, people, capacity, seed)
            problem_file = folder / "problem.json"
            problem_file.write_text(json.dumps(problem_to_json(problem)))
            for engine in ENGINES:
                rows.append(row_of(name, people, seed, problem, engine, folder))
                last = rows[-1]
                console.print(
                    name, engine, last["seconds"], last["tiers"], last["bound"], last["placed"], last["breaches"]
                )
    table = Table("instance", "solver", "s", "T1", "T2", "T3", "bounds", "placed", "MB")
    for row in rows:
        tiers = row["tiers"] or ["-"] * 3
        table.add_row(
            row["instance"], row["solver"], str(row["seconds"]), *(str(one) for one in tiers),
            str(row["bound"] or ""), str(row["placed"]), str(row["peak_mb"]),
        )  # fmt: skip
    console.print(table)
    wrong = faults(rows)
    out = HERE / "results" / ("plan.json" if not sys.argv[1:] else "local/plan.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(rows, indent=1) + "\n")
    for one in wrong:
        console.print(f"[red]{one}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

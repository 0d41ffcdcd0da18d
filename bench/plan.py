"""
The planning bench: the same instances, the same judge, each engine in a process of its own, the same limit, 2 threads.

`make bench-plan` runs nine instances in less than 20 minutes and writes bench/results/plan.json; FULL=1 runs them all
with three seeds, LIMIT=60 gives each engine so many seconds, PEER_TIMES=10 the peers ten times as many. A bound above
a value that any engine found, where the bound speaks of that plan, fails the bench. Timefold needs a JDK; without one
its rows are left out and named. Peers other than the hand know no published plans: they stay away from those instances.
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
PEER_TIMES = float(os.environ.get("PEER_TIMES", "1"))
GAPS = (50, 5, 1, 0.5)  # percent of the folded value: when was the engine first so near its bound of then
GRACE = 20  # seconds that an engine may take beyond its limit, to read, build and write; then it is stopped
PEERS = HERE / "peers"
ENGINES = {
    "parcours": ("-m", "services.scheduler.solver", "{problem}", "{plan}", "--time-limit", "{limit}"),
    "hand": (str(PEERS / "hand.py"), "{problem}", "{plan}", "--limit", "{limit}"),
    "cpsat-1": (str(PEERS / "monolith.py"), "{problem}", "{plan}", "--limit", "{limit}", "--workers", "1", "cpsat"),
    "cpsat-8": (str(PEERS / "monolith.py"), "{problem}", "{plan}", "--limit", "{limit}", "--workers", "8", "cpsat"),
    "highs": (str(PEERS / "monolith.py"), "{problem}", "{plan}", "--limit", "{limit}", "highs"),
    "timefold": (str(PEERS / "timefold.py"), "{problem}", "{plan}", "--limit", "{limit}"),
}
KNOW_PUBLISHED = {"parcours", "hand"}


def folded(tiers):
    return FIRST * tiers[0] + SECOND * tiers[1] + tiers[2]


def progress_of(log):
    """What the engine told each second: (seconds, phase, values, bounds)."""
    found = []
    for line in log.read_text().splitlines():
        if line.startswith("{") and '"phase"' in line:
            told = json.loads(line)
            if len(told["value"]) == 3 and None not in told["bound"].values():
                found.append((told["seconds"], told["phase"], [*told["value"].values()], [*told["bound"].values()]))
    return found


def milestones(log):
    """Seconds to the first plan, to the built plan, and to each of the gaps."""
    told = progress_of(log)
    first = next((at for at, phase, _, _ in told if phase == "building"), None)
    built = next((at for at, phase, _, _ in told if phase == "improving"), None)
    near = {}
    for gap in GAPS:
        near[str(gap)] = next(
            (
                at
                for at, phase, values, bounds in told
                if phase in {"improving", "reasons"}
                and folded(values) - folded(bounds) <= gap / 100 * max(1, folded(values))
            ),
            None,
        )
    return {"first_plan": first, "built": built, "gap_percent": near}


def family(pid):
    """A process and its children, as far as they live."""
    try:
        mine = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (OSError, ValueError):
        mine = []
    return [pid, *(one for child in mine for one in family(child))]


def memory_of(pid):
    """Peak resident memory of a process, kB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
    except (OSError, ValueError):
        return 0


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
            peak = max(peak, sum(memory_of(one) for one in family(child.pid)))
            time.sleep(0.1)
        if child.poll() is None:
            child.kill()
            child.wait()
    peak = peak or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return plan_file, time.monotonic() - before, peak // 1024


def row_of(name, people, seed, problem, engine, folder):  # noqa: PLR0917 - one place calls it
    limit = LIMIT if engine == "parcours" else LIMIT * PEER_TIMES
    plan_file, seconds, peak = run(engine, folder / "problem.json", folder, limit)
    row = {
        "instance": name, "people": people, "solver": engine, "threads": {"cpsat-8": 8, "parcours": 2}.get(engine, 1),
        "limit_s": limit, "seconds": round(seconds, 1), "value": None, "tiers": None, "bound": None, "gap": None,
        "placed": 0, "breaches": None, "peak_mb": peak, "seed": seed, "version": None,
        "milestones": milestones(folder / "log") if engine == "parcours" else None,
    }  # fmt: skip
    if plan_file.exists():
        plan = plan_from_json(json.loads(plan_file.read_text()))
        tiers = score(problem, plan)
        values = [tier.value for tier in tiers]
        bounds = [tier.bound for tier in tiers]
        row |= {
            "value": folded(values),
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


def ready():
    """The engines that can run here; what is missing is said."""
    done = subprocess.run([sys.executable, str(PEERS / "timefold.py"), "--prepare"], check=False)
    return [one for one in ENGINES if one != "timefold" or done.returncode == 0]


def growth(rows):
    table = Table(
        "instance", "people", "first plan s", "built s", *(f"gap {gap} % s" for gap in GAPS), "MB", "best peer"
    )
    for row in sorted((one for one in rows if one["solver"] == "parcours"), key=lambda one: one["people"]):
        told = row["milestones"]
        peers = [
            one for one in rows if one["instance"] == row["instance"] and one["solver"] != "parcours" and one["tiers"]
        ]
        best = min(peers, key=lambda one: one["tiers"], default=None)
        words = "-"
        if best is not None and row["tiers"] is not None:
            better = "better" if best["tiers"] < row["tiers"] else "not reached"
            words = f"{best['solver']} in {best['limit_s']:g} s: {better}"
        table.add_row(
            row["instance"], str(row["people"]), str(told["first_plan"]), str(told["built"]),
            *(str(told["gap_percent"][str(gap)] or "-") for gap in GAPS), str(row["peak_mb"]), words,
        )  # fmt: skip
    return table


def main():
    engines = ready()
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
            for engine in engines:
                if problem.sessions and engine not in KNOW_PUBLISHED:
                    continue
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
    console.print(growth(rows))
    wrong = faults(rows)
    out = HERE / "results" / ("plan.json" if not sys.argv[1:] else "local/plan.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(rows, indent=1) + "\n")
    for one in wrong:
        console.print(f"[red]{one}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

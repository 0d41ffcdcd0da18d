"""
Timefold in Java at full speed, one thread, from the jars that its Python package brings; Timefold.java is the model.

It begins from the plan by hand. `python timefold.py --prepare` fetches the package and compiles (network, a JDK 17);
without a JDK that says so and ends with 3, and the bench leaves the row out by name.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PACKAGE = "timefold==1.24.0b0"
HERE = Path(__file__).resolve().parent
STORE = HERE.parents[1] / "build" / "timefold"
JARS = STORE / "package" / "timefold" / "solver" / "jars"
MEMORY = "-Xmx3g"
SPARE = 4  # groups of each kind beyond those of the plan by hand


def prepare():
    if shutil.which("javac") is None:
        print("Timefold needs a JDK, 17 or later (Debian: apt-get install openjdk-17-jdk-headless)", file=sys.stderr)
        return 3
    if not JARS.exists():
        uv = Path(sys.executable).parent / "uv"
        command = [str(uv), "pip", "install", "--quiet", "--no-deps", "--prerelease", "allow", PACKAGE]
        subprocess.run([*command, "--target", str(STORE / "package"), "--python", sys.executable], check=True)
    classes = STORE / "classes"
    shutil.rmtree(classes, ignore_errors=True)
    subprocess.run(["javac", "-d", str(classes), "-cp", f"{JARS}/*", str(HERE / "Timefold.java")], check=True)
    return 0


def model_of(problem, facts, units, found, draft):
    """The lines of model.tsv, the costs, and the candidates of each kind in the order of their rows."""
    import numpy as np

    from services.scheduler.domain.problem import Training
    from services.scheduler.solver.stage import Stage

    rules, weights = problem.rules, problem.weights
    lines = [("price", weights.interpreter_half_day, rules.interpreted_languages_max)]
    lines += [("rooms", site, len(rooms)) for site, rooms in enumerate(facts.rooms_at)]
    ordered = {}
    for lot in problem.lots:
        key = f"{lot.body}/{lot.training.value}"
        ordered[key] = ordered.get(key, 0) + lot.ordered - lot.consumed
    lines += [("lot", key, amount) for key, amount in ordered.items()]
    for number, one in enumerate(problem.trainers):
        sites = ",".join(str(site) for site, there in enumerate(facts.trainers_at) if number in there)
        subjects = ",".join(one.qualifications)
        lines.append(("trainer", number, f"{facts.trainer_free[number]:x}", one.max_half_days_week, subjects, sites))
    lines += [
        ("interpreter", number, one.language, f"{facts.interpreter_free[number]:x}", one.max_half_days_week)
        for number, one in enumerate(problem.interpreters)
    ]
    rank = {parts: number for number, parts in enumerate(rules.civic_bundles)}
    kinds = [*sorted({unit.parts for unit in units if unit.training is Training.CIVIC}), ()]
    by_place = {(one.shape.mask, one.site, one.shape.parts): one for one in found}
    tables, rows, slots, seats = [], [], [], []
    for number, kind in enumerate(kinds):
        stage = Stage(facts, units, found, kind)
        groups = [group for group in draft.groups.values() if stage.holds(group.shape)]
        chosen = list(stage.candidates)
        known = {id(one) for one in chosen}
        for group in groups:
            one = by_place[group.shape.mask, group.site, group.shape.parts]
            if id(one) not in known:
                chosen.append(one)
                known.add(id(one))
        rows.append(chosen)
        table = np.array(
            [stage.column(one.shape, one.site, one.takers, one.entries) for one in chosen], dtype=np.int64
        ).reshape(len(chosen), len(stage.units))
        tables.append(table.astype(">i4"))
        training = Training.CIVIC if kind else Training.LANGUAGE
        able = [n for n, one in enumerate(problem.trainers) if ("civic" in one.qualifications) == bool(kind)]
        lines.append(
            ("kind", training.value, stage.limits.minimum, stage.opening, stage.bonus(), len(stage.units),
             ",".join(str(one) for one in able))
        )  # fmt: skip
        place = {}
        for row, one in enumerate(chosen):
            place[id(one)] = row
            shape = one.shape
            most = min(stage.limits.maximum, max(problem.rooms[room].seats for room in facts.rooms_at[one.site]))
            quantity = len(shape.parts) if kind else shape.minutes
            lot = f"{problem.sites[one.site].body}/{training.value}"
            weeks = ",".join(f"{week}:{count}" for week, count in shape.weeks)
            subject = "civic" if kind else shape.parts[0]
            lines.append(
                ("candidate", number, one.site, subject, most, f"{shape.mask:x}", weeks, shape.part_days[0],
                 shape.part_days[-1], lot, quantity)
            )  # fmt: skip
        of_group = {}
        for group in groups:
            of_group[group.key] = len(slots)
            row = place[id(by_place[group.shape.mask, group.site, group.shape.parts])]
            spoken = ",".join(str(one) for one in group.interpreters.values())
            slots.append(("slot", number, row, group.trainer, spoken))
        slots += [("slot", number, 0, "", "") for _ in range(SPARE)] if chosen else []
        for position, unit in enumerate(stage.units):
            speaks = ",".join(problem.people[unit.person].languages)
            waits = bool(kind) and any(earlier for _, earlier, _ in draft.kin[unit.index])
            hears = not kind or facts.hears[unit.person]
            at = of_group.get(draft.where[unit.index], "")
            seats.append(
                ("seat", unit.index, number, position, unit.person, unit.weight, rank.get(kind, -1), int(waits),
                 int(hears), speaks, at)
            )  # fmt: skip
    return [*lines, *slots, *seats], tables, rows


def solve():
    import common
    from hand import by_hand

    from services.scheduler.solver.candidates import candidates
    from services.scheduler.solver.draft import Draft
    from services.scheduler.solver.facts import Facts

    begin = time.monotonic()
    asked = common.arguments()
    problem = common.read(asked.problem)
    facts = Facts(problem)
    units = facts.units(())
    found = candidates(facts, units)
    first = by_hand(problem, Draft(facts, units), found)
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        lines, tables, rows = model_of(problem, facts, units, found, first)
        (folder / "model.tsv").write_text("\n".join("\t".join(str(one) for one in line) for line in lines))
        with (folder / "costs.bin").open("wb") as out:
            for table in tables:
                out.write(table.tobytes())
        left = max(1.0, asked.limit - (time.monotonic() - begin))
        java = ["java", MEMORY, "-XX:ActiveProcessorCount=2", "-cp", f"{STORE / 'classes'}{os.pathsep}{JARS}/*"]
        subprocess.run([*java, "Timefold", str(folder), str(left)], check=True)
        draft = Draft(facts, units)
        seats = []
        for line in (folder / "seats.tsv").read_text().splitlines():
            kind, row, trainer, spoken, who = line.split("\t")
            people = [units[int(one)] for one in who.split(",")]
            interpreters = [int(one) for one in spoken.split(",") if one]
            seats.append((rows[int(kind)][int(row)], people, int(trainer), interpreters))
    # Courses first, then civic days in the order of time: names are found by exact books.
    seats.sort(key=lambda one: (bool(one[0].shape.training.value == "civic"), one[0].shape.days[0], one[0].index))
    for candidate, people, trainer, interpreters in seats:
        common.open_named(draft, candidate, people, trainer, interpreters)
    draft.mend()
    common.write(asked.plan, problem, draft, "timefold")


if __name__ == "__main__":
    sys.exit(prepare() if "--prepare" in sys.argv else solve())

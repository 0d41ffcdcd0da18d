"""The planner's commands on files: solve, check, explain, what if. The last line is JSON, for programs."""

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

__all__ = ["plan"]


@click.group()
def plan() -> None:
    """Make a plan from a problem file, check one, or explain it."""


@plan.command()
@click.argument("problem_file", metavar="PROBLEM.JSON", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the plan is written.")
@click.option("--time-limit", type=click.FloatRange(min=0), default=None, help="Seconds of wall time (20).")
@click.option("--work-limit", type=click.IntRange(min=0), default=None, help="Units of work: the same plan each time.")
@click.option("--start", type=click.Path(path_type=Path), default=None, help="A plan to begin from.")
@click.option("--seed", type=int, default=1, show_default=True)
def solve(  # noqa: PLR0917 - click passes them by name
    problem_file: Path, out: Path, time_limit: float | None, work_limit: int | None, start: Path | None, seed: int
) -> None:
    """Plan PROBLEM.JSON; the last line is JSON: value, bound and gap of each tier, parts, seconds."""
    import resource
    from datetime import timedelta
    from time import monotonic

    from services.scheduler.domain.plan import plan_from_json
    from services.scheduler.domain.problem import problem_from_json
    from services.scheduler.solver import ContradictoryPinsError, Progress, UnsoundPlanError
    from services.scheduler.solver import solve as run
    from services.scheduler.solver.__main__ import write_plan

    begin = monotonic()
    problem = _read(problem_file, problem_from_json)
    before = None if start is None else _read(start, plan_from_json)
    if not out.parent.is_dir():
        _refuse(f"{out}: its folder does not exist")
    if out.is_dir():
        _refuse(f"{out}: this is a folder, not a file")
    phases: set[str] = set()

    def tell(now: Progress) -> None:
        if now.phase not in phases:
            phases.add(now.phase)
            click.echo(f"{now.phase}: {now.placed} of {now.needs} needs placed", err=True)

    try:
        found = run(
            problem,
            limit=None if time_limit is None or work_limit is not None else timedelta(seconds=time_limit),
            work_limit=work_limit,
            progress=tell,
            start=before,
            seed=seed,
        )
    except (ContradictoryPinsError, UnsoundPlanError) as error:
        _refuse(str(error))
    try:
        write_plan(out, found)
    except OSError as error:
        _refuse(f"{out}: {error.strerror or error}")
    summary = {
        "needs": len(problem.needs),
        "placed": len(found.placements),
        "unplaced": len(found.unplaced),
        "sessions": len(found.sessions),
        "status": found.solver.status,
        "tiers": _tiers(found.tiers),
        "seconds": round(monotonic() - begin, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    click.echo(json.dumps(summary, ensure_ascii=False))


@plan.command()
@click.argument("problem_file", metavar="PROBLEM.JSON", type=click.Path(path_type=Path))
@click.argument("plan_file", metavar="PLAN.JSON", type=click.Path(path_type=Path))
def check(problem_file: Path, plan_file: Path) -> None:
    """
    Judge PLAN.JSON: each broken rule in words and exit 1, or exit 0.

    Then one line of JSON has the objective's parts, and what the plan takes of each order.
    """
    from dataclasses import asdict

    from services.scheduler.domain.judge import breaches, score
    from services.scheduler.domain.orders import orders
    from services.scheduler.domain.plan import plan_from_json
    from services.scheduler.domain.problem import problem_from_json

    problem = _read(problem_file, problem_from_json)
    found = _read(plan_file, plan_from_json)
    broken = breaches(problem, found)
    for breach in broken:
        click.echo(f"{breach.rule}: {breach.words}")
    if broken:
        sys.exit(1)
    spent = [asdict(one) for one in orders(problem, found)]
    click.echo(json.dumps({"placed": len(found.placements), "tiers": _tiers(score(problem, found)), "orders": spent}))


@plan.command()
@click.argument("problem_file", metavar="PROBLEM.JSON", type=click.Path(path_type=Path))
@click.argument("plan_file", metavar="PLAN.JSON", type=click.Path(path_type=Path))
@click.option("--person", default=None, metavar="ID", help="Only this person's needs.")
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True)
def explain(problem_file: Path, plan_file: Path, person: str | None, language: str) -> None:
    """
    Say why: each seat against the next best, each need left out, each group not opened.

    The last line is JSON: how many of each. A plan that breaks a rule is refused, as by `check`.
    """
    from services.scheduler.domain.judge import breaches
    from services.scheduler.domain.next_best import books_of, next_best
    from services.scheduler.domain.plan import plan_from_json, plan_to_json
    from services.scheduler.domain.problem import problem_from_json, problem_to_json
    from services.scheduler.domain.view import Seat, View
    from services.scheduler.solver.unopened import not_opened

    problem = _read(problem_file, problem_from_json)
    found = _read(plan_file, plan_from_json)
    broken = breaches(problem, found)
    if broken:
        click.echo(f"{broken[0].rule}: {broken[0].words}", err=True)
        sys.exit(1)
    if person is not None and all(one.id != person for one in problem.people):
        _refuse(f"--person: {problem_file} has nobody with the id {person}")
    view, books = View(problem, found), books_of(problem_to_json(problem), plan_to_json(found), problem)
    together: dict[tuple[str, str], list[Seat]] = {}
    for seat in view.seats:
        if person in {None, seat.person.id}:
            together.setdefault((seat.person.id, seat.session.id), []).append(seat)
    for seats in together.values():
        seats.sort(key=lambda one: (one.placement.joins_on, one.need.part))
        parts = "+".join(seat.need.part for seat in seats)
        where = f"{view.sites[seats[0].session.site].name}, {seats[0].placement.joins_on}"
        words = format(next_best(view, seats, books), language)
        click.echo(f"{seats[0].person.id} {parts}: {where}: {words}")
    left = [one for one in found.unplaced if person in {None, view.needs[one.need].person}]
    for one in left:
        need, steps = view.needs[one.need], "; ".join(getattr(each, language) for each in one.changes)
        click.echo(f"{need.person} {need.part}: {getattr(one, language)} -> {steps or '-'} [{one.confirmed}]")
    closed = not_opened(problem, found) if person is None else []
    for group in closed:
        click.echo(getattr(group, language))
    count = {"placed": sum(map(len, together.values())), "unplaced": len(left), "not_opened": len(closed)}
    click.echo(json.dumps(count))


@plan.command()
@click.argument("problem_file", metavar="PROBLEM.JSON", type=click.Path(path_type=Path))
@click.argument("changes_file", metavar="CHANGES.JSON", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for what is made.")
@click.option("--base", type=click.Path(path_type=Path), help="Plan of PROBLEM.JSON to compare with, instead of one.")
@click.option("--time-limit", type=click.FloatRange(min=0), default=20, show_default=True, help="Seconds a solve.")
@click.option("--work-limit", type=click.IntRange(min=0), default=None, help="Units of work: the same plan each time.")
@click.option("--seed", type=int, default=1, show_default=True)
def scenario(  # noqa: PLR0917 - click passes them by name
    problem_file: Path,
    changes_file: Path,
    out: Path,
    base: Path | None,
    time_limit: float,
    work_limit: int | None,
    seed: int,
) -> None:
    """Plan PROBLEM.JSON without and with the changes of CHANGES.JSON, and compare; the last line is JSON."""
    from datetime import timedelta

    from services.scheduler.domain.comparison import compare
    from services.scheduler.domain.judge import breaches
    from services.scheduler.domain.plan import Plan, plan_from_json
    from services.scheduler.domain.problem import Problem, problem_from_json, problem_to_json
    from services.scheduler.domain.scenario import changed, changes_from_json
    from services.scheduler.programmes import rule_book
    from services.scheduler.solver import ContradictoryPinsError, UnsoundPlanError
    from services.scheduler.solver import solve as run
    from services.scheduler.solver.__main__ import write_plan
    from shared.errors import InvalidInputError

    problem = _read(problem_file, problem_from_json)
    changes = _read(changes_file, changes_from_json)
    try:
        other = changed(problem, changes, lambda code: rule_book(code).at(problem.territory, problem.publish_on))
    except InvalidInputError as error:
        _refuse(f"{changes_file}: {error}")

    def solved(one: Problem) -> Plan:
        limit = None if work_limit is not None else timedelta(seconds=time_limit)
        try:
            return run(one, limit=limit, work_limit=work_limit, seed=seed)
        except (ContradictoryPinsError, UnsoundPlanError) as error:
            _refuse(str(error))

    before = solved(problem) if base is None else _read(base, plan_from_json)
    broken = breaches(problem, before)
    if broken:
        _refuse(f"{base}: {broken[0].rule}: {broken[0].words}")
    after = solved(other)
    found = compare((problem, before), (other, after))
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "problem.json").write_text(json.dumps(problem_to_json(other), ensure_ascii=False), encoding="utf-8")
        (out / "comparison.json").write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
        write_plan(out / "base-plan.json", before)
        write_plan(out / "plan.json", after)
    except OSError as error:
        _refuse(f"{out}: {error.strerror or error}")
    _say_comparison(found)
    click.echo(json.dumps(found, ensure_ascii=False))


@plan.command()
@click.argument("problem_file", metavar="PROBLEM.JSON", type=click.Path(path_type=Path))
@click.argument("plan_file", metavar="PLAN.JSON", type=click.Path(path_type=Path))
@click.option("--top", type=click.IntRange(1, 100), default=10, show_default=True, help="How many to state.")
@click.option("--time-limit", type=click.FloatRange(min=0), default=60, show_default=True, help="Seconds of wall time.")
def advise(problem_file: Path, plan_file: Path, top: int, time_limit: float) -> None:
    """Say what one more group, room, trainer or interpreter would give; the last line is JSON."""
    from services.scheduler.domain.advice import CONFIRMED, advice_to_json
    from services.scheduler.domain.plan import plan_from_json
    from services.scheduler.domain.problem import problem_from_json
    from services.scheduler.solver.advice import advise as confirm

    problem = _read(problem_file, problem_from_json)
    found = _read(plan_file, plan_from_json)

    def tell(tried: int, of: int, useful: int) -> None:
        click.echo(f"{tried} of {of} tried, {useful} useful", err=True)

    try:
        advice = confirm(problem, found, top=top, seconds=time_limit, progress=tell)
    except ValueError as error:
        _refuse(f"{plan_file}: {error}")
    for one in advice.items:
        gives = f"{one.people} people, {one.needs} seats, {one.days} waiting days saved, {one.cents // 100:+} euros"
        click.echo(f"{gives}: {one.words('en')}")
    tried = f"{advice.tried} of {advice.candidates} tried; {advice.waiting} needs wait"
    click.echo(f"{tried}. {CONFIRMED['en']}" if advice.items else f"{tried}. No capacity tried would help.")
    click.echo(json.dumps(advice_to_json(advice), ensure_ascii=False))


def _say_comparison(found: Any) -> None:
    """Print the main lines of a comparison: without the changes, with them, the difference."""
    base, other = found["base"], found["scenario"]
    rows = [(name, base[name], other[name]) for name in ("needs", "placed", "civic_groups", "language_groups")]
    rows += [(f"{tier['name']} value", *tier["value"]) for tier in found["tiers"]]
    rows.append(("euros", base["cents"] // 100, other["cents"] // 100))
    for name, before, after in rows:
        click.echo(f"{name.replace('_', ' '):16} {before:>12} {after:>12} {after - before:>+10}")


def _tiers(tiers: Any) -> dict[str, Any]:
    return {
        tier.name: {
            "value": tier.value,
            "bound": tier.bound,
            "gap": tier.gap,
            "parts": {part.name: {"quantity": part.quantity, "weight": part.weight} for part in tier.parts},
        }
        for tier in tiers
    }


def _read(path: Path, decode: Any) -> Any:
    """Return what the file holds; one clear line and exit 2 when it cannot be read."""
    try:
        return decode(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        _refuse(f"{path}: {error.strerror or error}")
    except UnicodeDecodeError:
        _refuse(f"{path}: this is not a UTF-8 text file")
    except RecursionError:
        _refuse(f"{path}: this JSON is nested too deeply")
    except ValueError as error:
        kind = "this is not JSON: " if isinstance(error, json.JSONDecodeError) else ""
        _refuse(f"{path}: {kind}{error}")


def _refuse(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(2)

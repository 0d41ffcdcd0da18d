"""The planner's commands on files: solve a problem, check a plan, explain it. The last line is JSON, for programs."""

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

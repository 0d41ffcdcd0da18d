"""Commands that write invented input files."""

__all__ = ["sample"]

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import click

from parcours.sample.files import write_month
from parcours.sample.generator import SampleMonth, generate_month, generate_nation
from services.scheduler.programmes import codes
from shared.errors import ParcoursError

NATION = "FR"


@click.group()
def sample() -> None:
    """Write invented months and problems, on real communes and calendars."""


@sample.command()
@click.option("--territory", required=True, help="Department code (93, 2A, 974), or FR: one folder a department.")
@click.option("--people", required=True, type=click.IntRange(1), help="Signatories of the month.")
@click.option("--month", required=True, type=click.DateTime(["%Y-%m"]), help="Month of signature, as 2025-03.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same files.")
@click.option("--programme", default="cir-2019", show_default=True, type=click.Choice(codes()), help="Rule-book.")
def intake(*, territory: str, people: int, month: datetime, out: Path, seed: int, programme: str) -> None:
    """Write a month of signatories and the bodies' offer, as XLSX and CSV."""
    day = month.date()
    try:
        if territory == NATION:
            for one in generate_nation(day, people, seed, programme):
                write_month(one, out / one.territory)
                click.echo(f"{out / one.territory}: {_summary(one)}")
        else:
            one = generate_month(territory, people, day, seed, programme)
            write_month(one, out)
            click.echo(f"{out}: {_summary(one)}")
    except (ParcoursError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@sample.command()
@click.option("--territory", required=True, help="Department code (93, 2A, 974).")
@click.option("--people", required=True, type=click.IntRange(1), help="Signatories of the month.")
@click.option("--month", required=True, type=click.DateTime(["%Y-%m"]), help="Month of signature, as 2025-03.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same file.")
@click.option("--programme", default="cir-2019", show_default=True, type=click.Choice(codes()), help="Rule-book.")
def problem(*, territory: str, people: int, month: datetime, out: Path, seed: int, programme: str) -> None:
    """Write a month as a planning problem (docs/formats/problem.md)."""
    from parcours.sample.problem import problem_of
    from services.scheduler.domain.problem import problem_to_json

    try:
        made = problem_of(generate_month(territory, people, month.date(), seed, programme))
    except (ParcoursError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(problem_to_json(made), ensure_ascii=False), encoding="utf-8")
    click.echo(f"{out}: {len(made.people)} people, {len(made.needs)} needs, {len(made.sites)} sites")


def _summary(one: SampleMonth) -> str:
    courses = Counter(str(row["formation_linguistique"]) for row in one.signatories)
    language = ", ".join(f"{courses[course]} {course}" for course in sorted(courses))
    sheets = ", ".join(f"{len(rows)} {sheet}" for sheet, rows in one.offer.items())
    return f"{len(one.signatories)} signataires ({language}); {sheets}"

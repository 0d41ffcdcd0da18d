"""The commands that look at attendance from outside: is what was sealed still so, and do the numbers follow from it."""

__all__ = ["attendance"]

import os
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import click
import sqlalchemy as sa

from shared.logs import configure_logs
from shared.service import Service

PAGE = 1000


@click.group()
def attendance() -> None:
    """Check rolls and what follows from them."""
    configure_logs("attendance")


@attendance.command()
@click.option("--url", envvar="PARCOURS_URL", help="Ask witnesses that run elsewhere, such as http://127.0.0.1:8000.")
@click.option("--as", "login", envvar="PARCOURS_LOGIN", help="Who asks them; the password is PARCOURS_PASSWORD.")
@click.option(
    "--head", "printed", multiple=True, metavar="BODY:POSITION:HEAD", help="A head from a printed paper; repeat it."
)
@click.pass_context
def verify(ctx: click.Context, url: str | None, login: str | None, printed: tuple[str, ...]) -> None:
    """
    Compare every sealed mark with its seal, each chain with itself and with what the witnesses hold.

    Ends with 1 and names what was altered, deleted, added or written anew. Attendance's database is the one of the
    environment; the witnesses are the other services' databases, or with --url their APIs.
    """
    from parcours.parts import part
    from services.attendance.usecases.verifying import verify as look

    service, _ = part("attendance", os.environ)
    witnesses = _remote(ctx, service, url, login) if url else _local()
    _add_printed(witnesses, service, printed)
    with service.database.read() as db:
        verdict = look(db, witnesses)
    click.echo(
        f"{verdict.rolls} sealed versions of rolls, {verdict.marks} marks ({verdict.erased} of people erased by rule), "
        f"{verdict.heads} heads of {_names(witnesses)} compared"
    )
    for one in verdict.findings:
        place = f"meeting {one.meeting_id}" if one.meeting_id else "no roll"
        mark = f", mark {one.mark_id}" if one.mark_id else ""
        click.echo(f"{one.what}: {one.provider} position {one.position}, {place}{mark}: {one.words}", err=True)
    if verdict.findings:
        ctx.exit(1)
    click.echo("everything is as it was sealed")


@attendance.command()
@click.pass_context
def rebuild(ctx: click.Context) -> None:
    """Count every signed roll and follow every contract again; ends with 1 where a number was not what marks say."""
    from parcours.parts import part
    from services.attendance.usecases.rebuilding import rebuild as count_again

    service, _ = part("attendance", os.environ)
    report = count_again(service)
    click.echo(f"{report.half_days} half-days of people and {report.contracts} contracts counted again")
    for meeting_id, person, before, after in report.differences:
        click.echo(f"meeting {meeting_id}, person {person}: {before}, now {after}", err=True)
    if not report.same:
        changed = f"{report.changed_half_days} half-days and {report.changed_contracts} contracts"
        click.echo(f"{changed} were not what the marks say; they are now", err=True)
        ctx.exit(1)
    click.echo("the numbers are the same")


def _names(witnesses: Mapping[UUID, Any]) -> str:
    return ", ".join(sorted({one.name for found in witnesses.values() for one in found})) or "nobody"


def _local() -> dict[UUID, list[Any]]:
    """Return what the other services' databases hold, by provider."""
    from parcours.parts import part
    from services.notifications import storage as notifications
    from services.scheduler import storage as scheduler

    found: dict[UUID, list[Any]] = {}
    for name, storage in (("scheduler", scheduler), ("notifications", notifications)):
        service: Service = part(name, os.environ)[0]
        with service.database.read() as db:
            heads = db.execute(sa.select(storage.chain_head)).mappings().all()
            sealed = db.execute(sa.select(scheduler.sealed_roll)).mappings().all() if name == "scheduler" else []
        providers = {row["provider_id"] for row in (*heads, *sealed)}
        for provider_id in providers:
            mine = [row for row in heads if row["provider_id"] == provider_id]
            rolls = [row for row in sealed if row["provider_id"] == provider_id]
            found.setdefault(provider_id, []).append(_witness(name, mine, rolls))
    return found


def _remote(ctx: click.Context, service: Service, url: str, login: str | None) -> dict[UUID, list[Any]]:
    """Return what the other services' APIs hold, by provider."""
    import httpx

    from parcours.calling import Caller
    from services.attendance import storage

    client = ctx.with_resource(httpx.Client(base_url=url, timeout=60))
    caller = Caller(client=client, login=login)
    headers = caller.headers()
    with service.database.read() as db:
        providers = db.scalars(sa.select(storage.provider.c.id)).all()

    def pages(path: str) -> list[Any]:
        items: list[Any] = []
        page: dict[str, Any] = {"next": 0}
        while page["next"] is not None:
            page = caller.send("GET", f"{path}?after={page['next']}&limit={PAGE}", headers=headers).json()
            items += page["items"]
        return items

    found: dict[UUID, list[Any]] = {}
    for provider_id in providers:
        rolls = pages(f"/planning/api/v1/chains/{provider_id}/rolls")
        for name, prefix in (("scheduler", "/planning"), ("notifications", "/notices")):
            heads = pages(f"{prefix}/api/v1/chains/{provider_id}/heads")
            mine = rolls if name == "scheduler" else []
            found.setdefault(provider_id, []).append(_witness(name, heads, mine))
    return found


def _add_printed(witnesses: dict[UUID, list[Any]], service: Service, printed: tuple[str, ...]) -> None:
    from services.attendance import storage
    from services.attendance.usecases.verifying import Head, Witness

    with service.database.read() as db:
        ids = dict(db.execute(sa.select(storage.provider.c.code, storage.provider.c.id)).all())
    for text in printed:
        code, _, rest = text.partition(":")
        position, _, head = rest.partition(":")
        if code not in ids or not position.isdecimal() or not head:
            raise click.BadParameter(
                f"{text!r} is not BODY:POSITION:HEAD of a known training body", param_hint="--head"
            )
        paper = Witness(name=f"paper {text[:24]}", heads=[Head(position=int(position), head=head, since="printed")])
        witnesses.setdefault(ids[code], []).append(paper)


def _witness(name: str, heads: Any, rolls: Any) -> Any:
    from services.attendance.usecases.verifying import Head, SealedRoll, Witness

    return Witness(
        name=name,
        heads=[Head(position=row["position"], head=row["head"], since=f"of {row['day']}") for row in heads],
        rolls={
            row["position"]: SealedRoll(
                position=row["position"],
                meeting_id=row["meeting_id"],
                head=row["head"],
                prints=frozenset(row["prints"].split()),
            )
            for row in rolls
        },
    )

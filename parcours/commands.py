"""The commands that know all services: demo, serve, run, status, db, accounts, events, imports, rule-books, docs."""

__all__ = [
    "accounts",
    "broker",
    "contacts",
    "db",
    "demo",
    "docs",
    "events",
    "intake",
    "offer",
    "platform",
    "programme",
    "run",
    "serve",
    "status",
    "stock",
]

import json
import os
import secrets
import shutil
import signal
import sys
from contextlib import closing
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from shared.clock import FileClock
from shared.errors import InvalidInputError, ParcoursError
from shared.logs import configure_logs
from shared.rights import Principal

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOT_KNOWN = "règle non connue / rule not known"
OPERATOR = Principal(kind="person", id=os.environ.get("USER", "operator"), role="admin")
DEMO_PEOPLE = (  # login, role, scope, what the link opens
    ("planner", "planner", "93", "une planificatrice de l’OFII, Seine-Saint-Denis"),
    ("auditor", "auditor", "93", "une auditrice de l’OFII, à l’accueil de Seine-Saint-Denis"),
    ("prefecture", "prefecture", "93", "une agente de la préfecture de Seine-Saint-Denis"),
    ("controller", "controller", "", "une contrôleuse, toute la France"),
    ("admin", "admin", "", "l’administration"),
)


@click.command()
@click.option("--no-serve", is_flag=True, help="End after the simulated year instead of serving the pages.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON summary on the last line, and little else.")
@click.option("--programme", type=click.Choice(["cir-2019", "cir-2025"]), default="cir-2019", show_default=True)
@click.option("--weeks", type=click.IntRange(1, 120), default=52, show_default=True, help="Weeks to live through.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--url", help="Services that run elsewhere (compose), instead of in this process.")
def demo(*, no_serve: bool, as_json: bool, programme: str, weeks: int, port: int, url: str | None) -> None:
    """Show a department's month, planned, published, told, then a year attended and followed up."""
    from parcours.demo import Demo, DemoPlan
    from parcours.show import Show
    from parcours.wire import EmbeddedHouse, RemoteHouse

    os.environ.setdefault("PARCOURS_LOG", "error")
    configure_logs("demo")
    plan = DemoPlan.of(programme, weeks)
    show = Show(quiet=as_json)
    if url:
        clock = FileClock(Path(os.environ["PARCOURS_CLOCK_FILE"]))
        passwords = _remote_accounts(_body_codes(plan.folder))
        with show:
            found = Demo(plan, RemoteHouse(url, clock), passwords, show.report).run()
        show.summary(found.as_json())
        if as_json:
            click.echo(json.dumps(found.as_json(), ensure_ascii=False))
        return
    var = _fresh_var()
    from parcours.embedded import CLOCK, open_house

    # The demonstration itself says when everything is heard: nothing has to be waited for in real time.
    with closing(open_house({"PARCOURS_GATHER_SECONDS": "0", **os.environ})) as house:
        passwords = _accounts(house.services["scheduler"], _body_codes(plan.folder))
        with show:
            found = Demo(plan, EmbeddedHouse(house, FileClock(var / CLOCK)), passwords, show.report).run()
        show.summary(found.as_json())
        if as_json:
            click.echo(json.dumps(found.as_json(), ensure_ascii=False))
        if not no_serve:
            _serve(house, port, _links(house.services["scheduler"], port))


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
def serve(port: int) -> None:
    """Serve the three services in this process, on what is under var/ (PARCOURS_VAR)."""
    from parcours.embedded import open_house

    configure_logs("embedded")
    _back_up()
    with closing(open_house(os.environ)) as house:
        demo_mode = (house.var / ".demo").exists()
        _serve(house, port, _links(house.services["scheduler"], port) if demo_mode else [])


@click.command()
@click.argument("what", type=click.Choice(["consume", "relay"]))
@click.argument("service", type=click.Choice(["scheduler", "attendance", "notifications"]))
def run(what: str, service: str) -> None:
    """Run one background process of one service, until it is stopped."""
    from parcours.parts import part
    from shared.messaging import Consumer, Relay

    configure_logs(service)
    built, settings = part(service, os.environ)
    url = settings.common.amqp_url
    check_user = os.environ.get("PARCOURS_CHECK_USER", "no") == "yes"
    loop: Any = Consumer(built, url, check_user=check_user) if what == "consume" else Relay(built, url)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, loop.stop)
    loop.run()


@click.command()
@click.option("--json", "as_json", is_flag=True)
def status(*, as_json: bool) -> None:
    """Show what waits and what failed in each service."""
    from parcours.parts import parts
    from shared.service import backlog

    configure_logs("status")
    states = [backlog(service) for service in parts(os.environ).values()]
    if as_json:
        click.echo(json.dumps(states))
        return
    for state in states:
        click.echo(
            f"{state['service']}: {state['outbox']} to send, {state['inbox']} to try again, {state['jobs']} jobs, "
            f"{state['due']} due, {state['quarantine']} in quarantine"
        )


@click.group()
def db() -> None:
    """Work on the databases."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring every service's database to its newest revision."""
    from parcours.parts import parts

    configure_logs("db")
    for name, service in parts(os.environ).items():
        click.echo(f"{name}: revision {service.upgrade()}")


@click.group()
def accounts() -> None:
    """Work on accounts."""


@accounts.command("add")
@click.argument("login")
@click.option("--role", required=True)
@click.option("--scope", default="", help="A territory (93), a training body's code, or body/trainer.")
@click.option("--password", envvar="PARCOURS_PASSWORD", help="Asked for when not given.")
def accounts_add(login: str, role: str, scope: str, password: str | None) -> None:
    """Create an account, or replace its password, role and scope."""
    from parcours.parts import part
    from services.scheduler.usecases.accounts import add_account
    from shared.work import Work

    configure_logs("accounts")
    service, _ = part("scheduler", os.environ)
    secret = password or click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with service.database.begin() as database:
        work = Work(db=database, who=OPERATOR, now=service.clock.now(), voice=service.voice)
        add_account(work, login, secret, role, scope)
    click.echo(f"account {login} ({role}) kept")


@click.group()
def events() -> None:
    """Look at events, and tell them again."""


@events.command("list")
@click.argument("service", type=click.Choice(["scheduler", "attendance", "notifications"]))
@click.option("--limit", type=click.IntRange(1, 1000), default=20)
def events_list(service: str, limit: int) -> None:
    """List the events that a service told last."""
    import sqlalchemy as sa

    from parcours.parts import part
    from shared.tables import outbox

    configure_logs("events")
    built, _ = part(service, os.environ)
    with built.database.read() as database:
        query = sa.select(outbox).order_by(outbox.c.seq.desc()).limit(limit)
        for row in database.execute(query).mappings():
            sent = "sent" if row["sent_at"] else "waits"
            click.echo(f"{row['told_at']:%Y-%m-%d %H:%M}  {sent:5}  {row['name']:40}  {row['id']}  to {row['hearers']}")


@events.command("retell")
@click.argument("service", type=click.Choice(["scheduler", "attendance", "notifications"]))
def events_retell(service: str) -> None:
    """Tell a service's present state again; who knew it already changes nothing."""
    from parcours.parts import part

    configure_logs("events")
    built, _ = part(service, os.environ)
    with built.database.begin() as database:
        count = built.retell(built.work(database))
    click.echo(f"{service}: {count} states told again")


@events.command("quarantine")
@click.argument("service", type=click.Choice(["scheduler", "attendance", "notifications"]))
@click.option("--release", "release_id", type=click.UUID, help="Try this event again from the start.")
def events_quarantine(service: str, release_id: Any) -> None:
    """List events that could not be handled, or try one again."""
    import sqlalchemy as sa

    from parcours.parts import part
    from shared.inbox import release
    from shared.tables import quarantine

    configure_logs("events")
    built, _ = part(service, os.environ)
    with built.database.begin() as database:
        if release_id:
            release(database, release_id, built.clock.now())
            click.echo(f"{release_id} will be tried again")
            return
        rows = database.execute(sa.select(quarantine).order_by(quarantine.c.since)).mappings().all()
    for row in rows:
        click.echo(f"{row['since']:%Y-%m-%d %H:%M}  {row['name']}  {row['event_id']}  {row['error']}")
    click.echo(f"{len(rows)} events in quarantine")


@events.command("asyncapi")
def events_asyncapi() -> None:
    """Print the AsyncAPI document of every event (docs/asyncapi.json)."""
    from shared.asyncapi import document

    click.echo(json.dumps(document(), indent=1, ensure_ascii=False))


@click.group()
def intake() -> None:
    """Files of signatories."""


@intake.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--territory", required=True, help="Department code, such as 93.")
def intake_import(file: Path, territory: str) -> None:
    """Import signatories from an XLSX or CSV file."""
    _import(file, territory, "intake")


@click.group()
def stock() -> None:
    """Take over the running stock of an older system."""


@stock.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--territory", required=True, help="Department code, such as 93.")
def stock_import(file: Path, territory: str) -> None:
    """Take over FILE (XLSX): contracts, groups, seats, hours, tests; whoever was convoked is not convoked again."""
    _import(file, territory, "stock")


@click.group()
def contacts() -> None:
    """People whom OFII has contacted, before any interview."""


@contacts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--territory", required=True, help="Department code, such as 93.")
def contacts_import(file: Path, territory: str) -> None:
    """Write down the people of FILE (XLSX or CSV) for the reception desk."""
    _import(file, territory, "contacts")


@click.group()
def platform() -> None:
    """Keep what the digital French platform reports."""


@platform.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--territory", required=True, help="Department code, such as 93.")
def platform_import(file: Path, territory: str) -> None:
    """Keep the reports of FILE (XLSX or CSV): last login, minutes, module, test of each person."""
    _import(file, territory, "platform")


@click.group()
def offer() -> None:
    """Files of the training bodies."""


@offer.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--territory", required=True, help="Department code, such as 93.")
def offer_import(file: Path, territory: str) -> None:
    """Import sites, rooms, trainers, interpreters, lots and closures from an XLSX or CSV file."""
    _import(file, territory, "offer")


@click.group()
def programme() -> None:
    """Rule-books."""


@programme.command("show")
@click.argument("code")
@click.option("--territory", default="", help="Department code: its own rules are put in.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Day of signature; without it, today.")
def programme_show(code: str, territory: str, day: datetime | None) -> None:
    """Show the rules of a programme as they hold in a department on a day, each with its source or [A]."""
    from services.scheduler.domain.eligibility import Regime
    from services.scheduler.programmes import rule_book
    from shared.communes import department_of

    whole = rule_book(code)
    on = day.date() if day else date.today()
    if territory:
        department_of(territory)
    if day:
        whole.check_signable(on)
    book = whole.at(territory, on)
    click.echo(f"{book.code}: {book.label}\n{book.note}")
    click.echo(f"signable from {book.signable_from} to {book.signable_until or 'today'}")
    for amendment in whole.amendments:
        here = amendment.holds(territory, on)
        scope = [*amendment.territories, *(f"{name} {at}" for name, at in _ends(amendment) if at)]
        click.echo(f"{'amended' if here else 'not applied'}: {amendment.note} ({', '.join(scope)})")
        for key, value in amendment.rules.items() if not here else ():
            click.echo(f"      {key} = {_shown(value)}\n          {amendment.sources[key]}")
    for key, value in book.rules.items():
        click.echo(f"  {key} = {_shown(value)}\n      {book.sources[key]}")
    for title, rules in (
        ("does not sign", book.eligibility.exemptions),
        ("must hold to sign", book.eligibility.requirements),
        ("regime, the first that holds", book.eligibility.regimes),
    ):
        click.echo(f"eligibility, {title}:")
        for rule in rules:
            click.echo(f"  {rule.id}: {rule.says}")
            if isinstance(rule, Regime):
                click.echo(f"      {rule.regime}; permit: {rule.permit_consequence or NOT_KNOWN}")
            click.echo(f"      {rule.source}")


@programme.command("compare")
@click.option("--territory", default="93", show_default=True, help="Department code (93, 2A, 974).")
@click.option(
    "--people", default=300, show_default=True, type=click.IntRange(1, 9999), help="Signatories of the month."
)
@click.option("--month", default="2025-03", show_default=True, type=click.DateTime(["%Y-%m"]), help="Of signature.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same table.")
@click.option("--work-limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Of each plan.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Page to write (docs/programmes.md).")
def programme_compare(
    *, territory: str, people: int, month: datetime, seed: int, work_limit: int, out: Path | None
) -> None:
    """Plan the same invented people under each programme; the last line is JSON."""
    from parcours.programmes import command, page, side_by_side

    asked = territory, people, month.date(), seed, work_limit
    sides = []
    for one in side_by_side(*asked):
        click.echo(f"{one.programme}: {one.placed} of {one.needs} needs placed", err=True)
        sides.append(one)
    written = page(sides, command(*asked))
    if out is None:
        click.echo(written)
    else:
        try:
            out.write_text(written, encoding="utf-8")
        except OSError as error:
            raise click.ClickException(f"{out}: {error.strerror or error}") from error
        click.echo(f"{out}: {len(sides)} programmes")
    click.echo(json.dumps([asdict(one) for one in sides]))


@programme.command("diff")
@click.argument("one")
@click.argument("other")
def programme_diff(one: str, other: str) -> None:
    """Show the rules in which two programmes differ, eligibility included."""
    from services.scheduler.programmes import rule_book

    left, right = rule_book(one), rule_book(other)
    for key in sorted({*left.rules, *right.rules}):
        if left.rules.get(key) != right.rules.get(key):
            click.echo(f"{key}\n  {one}: {_shown(left.rules.get(key))}\n  {other}: {_shown(right.rules.get(key))}")
    sides = [{rule.id: rule for rule in book.eligibility.all} for book in (left, right)]
    for key in dict.fromkeys((*sides[0], *sides[1])):
        found = [side.get(key) for side in sides]
        if None in found or (found[0].when, found[0].otherwise) != (found[1].when, found[1].otherwise):  # type: ignore[union-attr]
            says = ["no such rule" if rule is None else rule.says for rule in found]
            click.echo(f"eligibility {key}\n  {one}: {says[0]}\n  {other}: {says[1]}")


@programme.command("eligibility")
@click.argument("code")
@click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", help="What is known, such as age=33; repeat it.")
def programme_eligibility(code: str, facts: tuple[str, ...]) -> None:
    """Say whether a person signs under a programme: yes, no, or which paper is needed; with rule, source and fact."""
    from services.scheduler.domain.eligibility import decide, facts_of
    from services.scheduler.programmes import rule_book

    wrong = [one for one in facts if "=" not in one]
    if wrong:
        raise click.UsageError(f"--fact {wrong[0]}: write NAME=VALUE")
    answer = decide(rule_book(code).eligibility, facts_of(dict(one.split("=", 1) for one in facts)))
    click.echo(json.dumps(asdict(answer), ensure_ascii=False, indent=1))


def _shown(value: object) -> str:
    return NOT_KNOWN if value is None else json.dumps(value, ensure_ascii=False)


def _ends(amendment: Any) -> tuple[tuple[str, date | None], ...]:
    return ("from", amendment.first), ("until", amendment.last)


@click.group()
def docs() -> None:
    """Pages of docs/ that are written from the code and the rule-books."""


@docs.command("write")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=DOCS, help="Instead of docs/.")
def docs_write(folder: Path) -> None:
    """Write docs/contract-life.md and docs/algorithm.md."""
    from parcours.openbooks import PAGES

    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
        click.echo(f"docs/{name}")


@docs.command("check")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=DOCS, help="Instead of docs/.")
def docs_check(folder: Path) -> None:
    """Say which of them are not what the code says; exit 1 if there is one."""
    from parcours.openbooks import PAGES

    kept = {name: (folder / name).read_text(encoding="utf-8") if (folder / name).exists() else "" for name in PAGES}
    stale = [name for name, page in PAGES.items() if page() != kept[name]]
    for name in stale:
        click.echo(f"docs/{name} is not what the code says: run parcours docs write", err=True)
    if stale:
        sys.exit(1)


@click.group()
def broker() -> None:
    """Users and rights on RabbitMQ."""


@broker.command("setup")
def broker_setup() -> None:
    """Create one broker user a service, who may write only its own events (PARCOURS_BROKER_* variables)."""
    from parcours.broker import set_up

    for line in set_up(os.environ):
        click.echo(line)


def _import(file: Path, territory: str, kind: str) -> None:
    from parcours.parts import part
    from services.scheduler.usecases.imports import import_file
    from shared.work import Work

    configure_logs("import")
    service, settings = part("scheduler", os.environ)
    service.upgrade()
    with service.database.begin() as database:
        work = Work(db=database, who=OPERATOR, now=service.clock.now(), voice=service.voice)
        try:
            report = import_file(work, territory, kind, file.name, file.read_bytes(), test_numbers=settings.demo)
        except InvalidInputError as refused:
            raise ParcoursError(str(refused)) from refused
    for fault in report.faults:
        click.echo(
            f"{fault['sheet']} ligne {fault['row']}, {fault['field']} ({fault['rule']}) : {fault['message']}", err=True
        )
    click.echo(json.dumps({key: value for key, value in asdict(report).items() if key != "faults"}, default=str))
    if report.refused:
        sys.exit(2)


def _fresh_var() -> Path:
    """Empty the demonstration's folder; refuse one with data that no demonstration made."""
    from parcours.embedded import DEMO_MARK

    var = Path(os.environ.get("PARCOURS_VAR") or "var")
    if list(var.glob("*.db")) and not (var / DEMO_MARK).exists():
        raise ParcoursError(f"{var}/ holds data that is not a demonstration's: set PARCOURS_VAR to another folder")
    if (var / DEMO_MARK).exists():
        from parcours.embedded import _alone

        _alone(var).close()  # raises when a process works there
        for path in var.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    var.mkdir(parents=True, exist_ok=True)
    (var / DEMO_MARK).touch()
    return var


def _body_codes(folder: Path) -> list[str]:
    from shared.staging import read_file

    (sheet,) = read_file("organismes.csv", (folder / "offre" / "organismes.csv").read_bytes())
    return [row.cells["code"] for row in sheet.rows]


def _accounts(service: Any, bodies: list[str]) -> dict[str, str]:
    """Create the demonstration's accounts with fresh passwords; return them by login."""
    from services.scheduler.usecases.accounts import add_account
    from shared.work import Work

    people = [(login, role, scope) for login, role, scope, _ in DEMO_PEOPLE]
    people += [(f"body-{code}", "provider_manager", code) for code in bodies]
    passwords = {}
    with service.database.begin() as database:
        work = Work(db=database, who=OPERATOR, now=service.clock.now(), voice=service.voice)
        for login, role, scope in people:
            passwords[login] = secrets.token_urlsafe(18)
            add_account(work, login, passwords[login], role, scope)
    return passwords


def _remote_accounts(bodies: list[str]) -> dict[str, str]:
    from parcours.parts import part

    service, _ = part("scheduler", os.environ)
    return _accounts(service, bodies)


def _links(service: Any, port: int) -> list[tuple[str, str]]:
    """Return one-time links (words, address) for the demonstration's people and its first training body."""
    import sqlalchemy as sa

    from services.scheduler import storage
    from services.scheduler.usecases.accounts import demo_link_for
    from shared.work import Work

    with service.database.begin() as database:
        work = Work(db=database, who=OPERATOR, now=service.clock.now(), voice=service.voice)
        known = set(database.scalars(sa.select(storage.account.c.login)))
        wanted = [(words, login) for login, _, _, words in DEMO_PEOPLE if login in known]
        bodies = sorted(login for login in known if login.startswith("body-"))
        wanted += [(f"une responsable de l’organisme {login.removeprefix('body-')}", login) for login in bodies[:1]]
        return [
            (words, f"http://127.0.0.1:{port}/planning/demo/{demo_link_for(work, login)}") for words, login in wanted
        ]


def _serve(house: Any, port: int, links: list[tuple[str, str]]) -> None:
    import waitress

    house.dispatcher.start()
    click.echo(f"\nParcours : http://127.0.0.1:{port}  (Ctrl-C pour arrêter)")
    for words, address in links:
        click.echo(f"  entrer comme {words} : {address}")
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        waitress.serve(house.wsgi, host="127.0.0.1", port=port, threads=8, ident="parcours", _quiet=True)
    except OSError as error:
        raise ParcoursError(f"port {port} cannot be used ({error.strerror}): choose another with --port") from error
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        house.dispatcher.stop()


def _back_up() -> None:
    """Copy the databases before an upgrade may change them, with SQLite's own backup."""
    import sqlite3

    var = Path(os.environ.get("PARCOURS_VAR") or "var")
    for path in sorted(var.glob("*.db")):
        target = var / "backup" / path.name
        target.parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)

"""
The command line. Heavy parts are loaded only by the command that needs them, so that `parcours --help` is quick.
"""

__all__ = ["main"]

import importlib
import sys
from typing import Any

import click

COMMANDS = {
    "demo": ("parcours.commands", "demo", "a department's month from nothing, then a simulated year"),
    "serve": ("parcours.commands", "serve", "the three services in one process"),
    "run": ("parcours.commands", "run", "one process of one service (compose): consume, relay"),
    "call": ("parcours.calling", "call", "any operation of the APIs, as somebody with an account"),
    "status": ("parcours.commands", "status", "what waits, what failed, in each service"),
    "db": ("parcours.commands", "db", "databases"),
    "accounts": ("parcours.commands", "accounts", "accounts"),
    "attendance": ("parcours.attending", "attendance", "sealed rolls: verify, rebuild"),
    "events": ("parcours.commands", "events", "events told, heard, put aside"),
    "contacts": ("parcours.commands", "contacts", "files of people whom OFII has contacted"),
    "intake": ("parcours.commands", "intake", "files of signatories"),
    "stock": ("parcours.commands", "stock", "the running contracts of an older system"),
    "offer": ("parcours.commands", "offer", "files of the training bodies"),
    "platform": ("parcours.commands", "platform", "reports of the digital French platform"),
    "programme": ("parcours.commands", "programme", "rule-books"),
    "docs": ("parcours.commands", "docs", "pages that are written from the code"),
    "broker": ("parcours.commands", "broker", "users and rights on RabbitMQ"),
    "plan": ("services.scheduler.cli", "plan", "solve and check planning problems"),
    "notices": ("services.notifications.cli", "notices", "notices: their words, versions, callbacks"),
    "sample": ("parcours.sample_cli", "sample", "invented intake and offer files"),
}


class _Lazy(click.Group):
    """A group that imports a command when it is called, and its one line of help never."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        found: click.Command = getattr(importlib.import_module(module), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in COMMANDS.items()])


@click.group(cls=_Lazy)
@click.version_option(package_name="parcours")
def cli() -> None:
    """Parcours plans, records and explains the trainings of France's reception and integration contract."""


def main() -> Any:
    """Run the command line; an error of ours is one clear line, never a stack trace."""
    from shared.errors import ParcoursError

    try:
        return cli()
    except ParcoursError as error:
        words = str(error)
    except Exception as error:
        from sqlalchemy.exc import OperationalError, ProgrammingError

        if not isinstance(error, OperationalError | ProgrammingError):
            raise
        said = str(error.orig).partition("\n")[0]
        words = f"the database says: {said}. Is it running, and was `parcours db upgrade` run?"
    click.echo(f"parcours: {words}", err=True)
    return sys.exit(1)

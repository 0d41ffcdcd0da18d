"""The commands on notices: their words, and where gateways call back; none of them needs a database."""

__all__ = ["notices"]

import json
import os
from dataclasses import asdict

import click

from services.notifications.settings import SMS_PRICE, Settings
from services.notifications.wording.files import FIELDS
from shared.languages import LANGUAGES
from shared.settings import FICTION, SERVED


@click.group()
def notices() -> None:
    """Look at the words of notices and keep their versions; tell gateways where to call back."""


@notices.command()
def callbacks() -> None:
    """Print the addresses to give to SMS gateways (replies) and to the mail relay (bounces); each holds a secret."""
    from services.notifications.usecases.post import open_post

    for what, address in open_post(Settings.from_env(os.environ)).callbacks.items():
        click.echo(f"{what}\t{address}")


@notices.command()
@click.option("--kind", type=click.Choice(list(FIELDS)), help="One kind; else all.")
@click.option("--language", type=click.Choice(LANGUAGES), help="One language; else all.")
@click.option("--json", "as_json", is_flag=True, help="A list, for programs.")
@click.option("--call-back", envvar="PARCOURS_CALL_BACK", default=FICTION, help="The number to call in the example.")
@click.option("--public-url", envvar="PARCOURS_PUBLIC_URL", default=SERVED, help="Where its link leads.")
@click.option(
    "--price", envvar="PARCOURS_SMS_PRICE", default=SMS_PRICE, show_default=True, help="Of a segment, in 1/10,000 euro."
)
def preview(  # noqa: PLR0917 - click passes them by name
    kind: str | None, language: str | None, as_json: bool, call_back: str, public_url: str, price: int
) -> None:
    """Show each text in each language, filled with an invented example: version, signature, segments, cost."""
    from services.notifications.usecases.preview import Example, previews

    example = Example(call_back=call_back, public_url=public_url.rstrip("/"), sms_price=price)
    found = previews([kind] if kind else FIELDS, [language] if language else LANGUAGES, example)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
        return
    for one in found:
        click.echo(
            f"== {one.kind}/{one.language}@{one.version}, {'signed' if one.signed else 'not signed'}: "
            f"{one.segments} of {one.budget} segments ({one.alphabet}), {one.cost / 10_000:.3f} EUR"
            + (f", dear: {one.dear}" if one.alphabet == "ucs2" and one.dear else "")
        )
        click.echo(f"{one.sms}\n-- {one.subject}\n{one.body}\n")


@notices.command()
@click.option(
    "--accept", "accepted", is_flag=True, help="Write the ledger anew, if each changed text has a new version."
)
@click.pass_context
def wording(ctx: click.Context, accepted: bool) -> None:
    """Compare each text with what its version stands for; ends with 1 where one changed under its version."""
    from services.notifications.wording import ledger

    found = ledger.accept() if accepted else ledger.faults()
    for words in found:
        click.echo(words)
    if found and not accepted:
        ctx.exit(1)
    click.echo("the ledger stands for the texts as they are")

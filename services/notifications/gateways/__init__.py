"""
How messages leave the house: files in the embedded mode, HTTP gateways and SMTP elsewhere.

A gateway gets a batch and yields one outcome for each message, in order, as soon as it is known; it raises for nothing
that concerns one message. A message's key goes with it (a file's name, the Idempotency-Key header, the Message-ID): an
`idempotent` gateway keeps one message for one key, so an attempt whose outcome is unknown can be made again. Kannel and
SMTP promise no such thing: there a second attempt may be a second message, so there is one at most, and it is counted.
"""

__all__ = ["Gateway", "MailGateway", "SmsGateway", "open_sms"]

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from services.notifications.domain.messages import MailMessage, Outcome, SmsMessage
from shared.errors import SettingsError

FILES = "file"
OPTIONS = frozenset({"receipts", "replies", "rate"})


class Gateway(Protocol):
    """Something that takes messages; `rate` is how many a second, 0 for as many as come."""

    name: str
    batch: int  # how many messages fit well into one lease
    rate: int
    idempotent: bool


class SmsGateway(Gateway, Protocol):
    """
    Something that takes SMS.

    `receipts` says that it tells what became of a message, so that an acceptance proves nothing yet; `replies` that it
    passes on what people answer.
    """

    takes_test_numbers: bool
    receipts: bool
    replies: bool

    def send(self, messages: Sequence[SmsMessage]) -> Iterator[Outcome]:
        """Send, and yield what became of each."""
        ...


class MailGateway(Gateway, Protocol):
    """Something that takes mail."""

    def send(self, messages: Sequence[MailMessage]) -> Iterator[Outcome]:
        """Send, and yield what became of each."""
        ...


def open_sms(written: str, folder: Path) -> tuple[SmsGateway, ...]:
    """
    Return the SMS gateways of PARCOURS_SMS, in the order in which they are tried.

    `file`, or one or two of `kannel+https://user:password@host/path` and `json+https://:key@host/path`, each with
    `?receipts=yes&replies=yes&rate=20` where it does. Raises SettingsError.
    """
    from services.notifications.gateways.files import SmsFiles
    from services.notifications.gateways.json_http import JsonSms
    from services.notifications.gateways.kannel import KannelSms

    kinds = {"kannel": KannelSms, "json": JsonSms}
    found: list[SmsGateway] = []
    for number, one in enumerate(written.split(), start=1):
        if one == FILES:
            found.append(SmsFiles(folder))
            continue
        parts = urlsplit(one)
        kind, _, scheme = parts.scheme.partition("+")
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        rate = options.get("rate", "0")
        if kind not in kinds or scheme not in {"http", "https"} or not parts.hostname:
            raise SettingsError(f"PARCOURS_SMS: gateway {number} must be file, kannel+https://… or json+https://…")
        if options.keys() - OPTIONS or not rate.isdecimal():
            raise SettingsError(f"PARCOURS_SMS: gateway {number} takes receipts, replies and rate (a number) only")
        address = f"{scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
        found.append(
            kinds[kind](
                address,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                receipts=options.get("receipts") == "yes",
                replies=options.get("replies") == "yes",
                rate=int(rate),
            )
        )
    if len({one.name for one in found}) != len(found) or not found:
        raise SettingsError("PARCOURS_SMS must name at least one gateway, none of them twice")
    return tuple(found)

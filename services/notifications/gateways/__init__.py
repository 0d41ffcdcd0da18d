"""
How messages leave the house: files in the embedded mode, HTTP gateways and SMTP elsewhere.

A gateway gets a batch and yields one outcome for each message, in order, as soon as it is known; it raises for nothing
that concerns one message. A message's key goes with it (a file's name, the Idempotency-Key header, the Message-ID): an
`idempotent` gateway keeps one message for one key, so an attempt whose outcome is unknown can be made again. Kannel and
SMTP promise no such thing: there a second attempt may be a second message, so there is one at most, and it is counted.
"""

__all__ = ["NAME_LENGTH", "Gateway", "MailGateway", "SmsGateway", "open_sms"]

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from services.notifications.domain.messages import MailMessage, Outcome, SmsMessage
from services.notifications.settings import GatewayAddress

NAME_LENGTH = 24  # of what a gateway's row and its attempts keep


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


def open_sms(addresses: Sequence[GatewayAddress], folder: Path) -> tuple[SmsGateway, ...]:
    """
    Return the SMS gateways at these addresses, in the order in which they are tried; files go into the folder.

    Each has a name of its own: a second one of the same house has a number too.
    """
    from services.notifications.gateways.files import SmsFiles
    from services.notifications.gateways.json_http import JsonSms
    from services.notifications.gateways.kannel import KannelSms

    kinds: dict[str, Callable[[GatewayAddress], SmsGateway]] = {
        "file": lambda _address: SmsFiles(folder),
        "kannel": KannelSms,
        "json": JsonSms,
    }
    found: list[SmsGateway] = []
    for number, one in enumerate(addresses, start=1):
        gateway = kinds[one.kind](one)
        if gateway.name in {other.name for other in found}:
            gateway.name = f"{gateway.name[: NAME_LENGTH - 3]} {number}"
        found.append(gateway)
    return tuple(found)

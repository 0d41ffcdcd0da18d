"""
How messages leave the house: files in the embedded mode, an HTTP gateway and SMTP elsewhere.

A gateway gets a batch and yields one outcome for each message, in order, as soon as it is known; it raises for nothing
that concerns one message. A message's key goes with it (a file's name, the Idempotency-Key header, the Message-ID), so
that an attempt whose outcome is unknown can be made again: files and the HTTP gateway then keep one message; SMTP has
no such promise, a mail may come twice with one Message-ID.
"""

__all__ = ["MailGateway", "SmsGateway"]

from collections.abc import Iterator, Sequence
from typing import Protocol

from services.notifications.domain.messages import MailMessage, Outcome, SmsMessage


class SmsGateway(Protocol):
    """Something that takes SMS."""

    name: str
    batch: int  # how many messages fit well into one lease
    takes_test_numbers: bool
    receipts: bool

    def send(self, messages: Sequence[SmsMessage]) -> Iterator[Outcome]:
        """Send, and yield what became of each."""
        ...


class MailGateway(Protocol):
    """Something that takes mail."""

    name: str
    batch: int

    def send(self, messages: Sequence[MailMessage]) -> Iterator[Outcome]:
        """Send, and yield what became of each."""
        ...

"""A message as a gateway gets it, and what became of one attempt."""

__all__ = ["ACCEPTED", "REFUSED", "TEMPORARY", "UNKNOWN", "Attachment", "MailMessage", "Outcome", "SmsMessage"]

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

ACCEPTED, REFUSED, TEMPORARY, UNKNOWN = "accepted", "refused", "temporary", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsMessage:
    """
    One SMS. `key` begins with its notice's id: the same key again is the same message. `alphabet` is gsm7 or ucs2.

    `receipts_to` is the address for what becomes of this one attempt; it holds a secret of its own.
    """

    key: str
    to: str = field(repr=False)
    sender: str
    text: str = field(repr=False)
    alphabet: str
    segments: int
    at: datetime
    receipts_to: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a mail: `media_type` with its parameters, such as `text/calendar; method=REQUEST`."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailMessage:
    """
    One mail, plain and HTML. `token` names it to whoever sends it back, `returns_to` is the envelope's sender, to which
    it comes back; empty: the sender that people see.

    `enclose` makes what goes along; whoever sends calls it, when no database connection is held any more.
    """

    key: str
    to: str = field(repr=False)
    sender: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    languages: tuple[str, ...]
    at: datetime
    enclose: Callable[[], tuple[Attachment, ...]] = field(default=tuple, repr=False)
    token: str = ""
    returns_to: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What became of one attempt.

    accepted · refused (this contact point will never work) · temporary (try again) · unknown (it may have left).
    `reference` is the gateway's own; `error` never holds a contact point.
    """

    state: str
    reference: str = ""
    error: str = ""

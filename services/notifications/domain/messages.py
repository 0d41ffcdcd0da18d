"""A message as a gateway gets it, and what became of one attempt."""

__all__ = ["ACCEPTED", "REFUSED", "TEMPORARY", "UNKNOWN", "MailMessage", "Outcome", "SmsMessage"]

from dataclasses import dataclass, field
from datetime import datetime

ACCEPTED, REFUSED, TEMPORARY, UNKNOWN = "accepted", "refused", "temporary", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsMessage:
    """One SMS. `key` names the notice: the same key again is the same message. `alphabet` is gsm7 or ucs2."""

    key: str
    to: str = field(repr=False)
    sender: str
    text: str = field(repr=False)
    alphabet: str
    segments: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailMessage:
    """One mail, plain and HTML."""

    key: str
    to: str = field(repr=False)
    sender: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    languages: tuple[str, ...]
    at: datetime


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

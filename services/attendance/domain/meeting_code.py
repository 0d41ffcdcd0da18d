"""
What proves that somebody is in the room: a code that turns in the QR picture, and one that the trainer says aloud.

Both are a keyed digest of the meeting and of a step of real time, so there is no table of codes and nothing to clean
up. The step before is still good: who scans at the last moment is not refused. What a scan is exchanged for, a ticket,
lasts as long as a slow person needs to answer.
"""

__all__ = [
    "QR_SECONDS",
    "SPOKEN_SECONDS",
    "TICKET_SECONDS",
    "contact_ticket",
    "is_contact_ticket",
    "read_code",
    "read_ticket",
    "scanned_code",
    "seconds_left",
    "secret_of",
    "spoken_code",
    "ticket",
]

import base64
import hmac
from datetime import datetime, timedelta
from uuid import UUID

QR_SECONDS = 20  # [A] with the overlap a scan is good for 20 to 40 seconds
SPOKEN_SECONDS = 600  # [A] with the overlap what was said aloud is good for 10 to 20 minutes
TICKET_SECONDS = 900  # [A] how long somebody may take over the page that a scan opened
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without 0 O 1 I L, which are misheard and misread
SPOKEN_LENGTH = 6  # 31^6: some 890 million
KINDS = ("qr", "code")


def secret_of(key: bytes, meeting_id: UUID) -> bytes:
    """Return the secret of one meeting, from a key of the service."""
    return hmac.digest(key, b"meeting code\x00" + meeting_id.bytes, "sha256")


def scanned_code(secret: bytes, at: datetime) -> str:
    """Return what the QR picture says at an instant of real time."""
    return _scanned(secret, _step(at, QR_SECONDS))


def spoken_code(secret: bytes, at: datetime) -> str:
    """Return the six characters that the trainer says at an instant of real time."""
    return _spoken(secret, _step(at, SPOKEN_SECONDS))


def read_code(secret: bytes, text: str, at: datetime) -> str | None:
    """Say which kind of code this is (`qr`, `code`) if it is good now, or was in the step before."""
    qr, spoken = _step(at, QR_SECONDS), _step(at, SPOKEN_SECONDS)
    if any(_same(_scanned(secret, step), text) for step in (qr, qr - 1)):
        return "qr"
    said = "".join(text.split()).replace("-", "").upper()
    return "code" if any(_same(_spoken(secret, step), said) for step in (spoken, spoken - 1)) else None


def seconds_left(at: datetime, step: int) -> int:
    """Return the seconds until a code turns, at least 1."""
    return step - int(at.timestamp()) % step


def ticket(secret: bytes, kind: str, until: datetime) -> str:
    """Return what a good code is exchanged for, to be shown again until then."""
    body = f"{kind}.{int(until.timestamp())}"
    return f"{body}.{_mac(secret, f'ticket {body}')}"


def read_ticket(secret: bytes, text: str, at: datetime) -> str | None:
    """Return the kind of code for which a ticket was given, or None for one that is forged or too old."""
    kind, _, rest = text.partition(".")
    until, _, mac = rest.partition(".")
    good = kind in KINDS and _is_instant(until) and _same(_mac(secret, f"ticket {kind}.{until}"), mac)
    return kind if good and int(until) > at.timestamp() else None


def contact_ticket(secret: bytes, signatory_id: UUID, at: datetime) -> str:
    """Return what lets one person, on their own phone, say how they are reached; good for a quarter of an hour."""
    until = int((at + timedelta(seconds=TICKET_SECONDS)).timestamp())
    return f"{until}.{_mac(secret, f'contact {signatory_id} {until}')}"


def is_contact_ticket(secret: bytes, signatory_id: UUID, text: str, at: datetime) -> bool:
    """Say whether such a ticket is this person's and still good."""
    until, _, mac = text.partition(".")
    good = _is_instant(until) and _same(_mac(secret, f"contact {signatory_id} {until}"), mac)
    return good and int(until) > at.timestamp()


def _is_instant(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 12


def _step(at: datetime, seconds: int) -> int:
    return int(at.timestamp()) // seconds


def _scanned(secret: bytes, step: int) -> str:
    return base64.b32encode(hmac.digest(secret, f"qr {step}".encode(), "sha256"))[:10].decode().lower()


def _spoken(secret: bytes, step: int) -> str:
    number = int.from_bytes(hmac.digest(secret, f"spoken {step}".encode(), "sha256"))
    said = ""
    for _ in range(SPOKEN_LENGTH):
        number, at = divmod(number, len(ALPHABET))
        said += ALPHABET[at]
    return said


def _mac(secret: bytes, text: str) -> str:
    return hmac.digest(secret, text.encode(), "sha256").hex()[:32]


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())

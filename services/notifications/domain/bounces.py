"""
What a mail system says later about a mail: a delivery status notification (RFC 3464), read without trust in it.

Which mail it is about is not its own word: our mails carry a token, in Message-ID and in the envelope's sender, that
nobody else can make.
"""

__all__ = ["Bounce", "NotABounceError", "mail_token", "read_bounce", "tokens_in"]

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from uuid import UUID

from shared.errors import ParcoursError

TOKEN = re.compile(r"\b([0-9a-f]{32})\.([0-9a-f]{16})@")
STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})")  # RFC 3463
FAILED = "failed"
ADDRESS, MAILBOX, NETWORK = "1", "2", "4"  # what a status is about; the rest is the systems' or the text's fault
DISABLED = "1"
LONGEST = 300_000  # octets: what fails and which mail it was stand before the end of a mail that came back whole


class NotABounceError(ParcoursError):
    """Raised for a mail that is no delivery status notification: a person's answer, an absence note. Never retry."""

    code = "not_a_bounce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """
    What is said of one recipient: `action` is failed, delayed, delivered, relayed or expanded; `status` as `5.1.1`.

    Without a status that can be read it is `5.0.0` where it failed, else empty.
    """

    action: str
    status: str

    @property
    def failed(self) -> bool:
        return self.action == FAILED

    @property
    def address_at_fault(self) -> bool:
        """Say whether address, mailbox or its domain failed; not a system on the way or a policy about the text."""
        return self.failed and self._about in {ADDRESS, MAILBOX, NETWORK}

    @property
    def address_dead(self) -> bool:
        """Say whether this address will never work: it does not exist, or its mailbox was closed."""
        gone = self._about == ADDRESS or (self._about == MAILBOX and self.status.endswith(f".{DISABLED}"))
        return self.failed and self.status.startswith("5") and gone

    @property
    def _about(self) -> str:
        return self.status.split(".")[1] if self.status else ""


def mail_token(notice_id: UUID, secret: str) -> str:
    """Return what names a mail, in a form that may stand before the @ of an address."""
    return f"{notice_id.hex}.{secret}"


def tokens_in(raw: bytes) -> Iterator[tuple[UUID, str]]:
    """Iterate over the (notice, secret) that a mail names, wherever; whether a secret is right is another's to say."""
    for found in TOKEN.finditer(raw[:LONGEST].decode("latin-1")):
        yield UUID(found[1]), found[2]


def read_bounce(raw: bytes) -> Bounce:
    """
    Return what a notification says; of several recipients the first that failed, for ours have one.

    Raises NotABounceError.
    """
    try:
        mail = message_from_bytes(raw[:LONGEST])
        if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
            raise NotABounceError("no multipart/report")
        said = [bounce for part in mail.walk() for bounce in _said(part)]
    except RecursionError as error:
        raise NotABounceError("mails within mails without end") from error
    if not said:
        raise NotABounceError("no recipient with an action")
    return next((one for one in said if one.failed), said[0])


def _said(part: Message) -> Iterator[Bounce]:
    if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
        return
    for block in part.get_payload():
        if not isinstance(block, Message) or "Action" not in block:
            continue
        action = str(block["Action"]).split(";")[0].strip().lower()
        status = STATUS.match(str(block.get("Status", "")))
        unknown = "5.0.0" if action == FAILED else ""
        yield Bounce(action=action, status=".".join(status.groups()) if status else unknown)

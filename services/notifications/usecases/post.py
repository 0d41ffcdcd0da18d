"""How this deployment sends: its gateways, what it calls itself, and the keys of what it keeps about addresses."""

__all__ = ["Post"]

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.notifications.gateways import Gateway, MailGateway, SmsGateway
from shared.ids import new_id

SECRET_LENGTH = 24  # hexadecimal digits, 96 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """
    Gateways and senders. `sms` in the order in which they are tried; `sms_price` is hundredths of a cent for a segment;
    `public_url` is where people and gateways reach this house; `holder` names this process.
    """

    sms: Sequence[SmsGateway]
    mail: MailGateway
    sender: str
    mail_sender: str
    call_back: str
    public_url: str
    demo: bool
    quiet_hours: bool
    sms_price: int
    receipt_hours: int
    address_key: bytes = field(repr=False)
    holder: UUID = field(default_factory=new_id)

    @property
    def gateways(self) -> dict[str, Sequence[Gateway]]:
        """Return the gateways of each channel."""
        return {"sms": self.sms, "email": (self.mail,)}

    @property
    def batch(self) -> int:
        return min(self.mail.batch, *(one.batch for one in self.sms))

    @property
    def test_numbers(self) -> bool:
        """Say whether numbers of no country are taken: only where every message goes to a file."""
        return all(one.takes_test_numbers for one in self.sms)

    @property
    def two_way(self) -> bool:
        """Say whether an answer to an SMS is heard, whichever gateway carries it."""
        return all(one.replies for one in self.sms)

    def idempotent(self, name: str) -> bool:
        """Say whether a gateway keeps one message for one key; one that is here no more does not."""
        known = (one for gateways in self.gateways.values() for one in gateways)
        return any(one.name == name and one.idempotent for one in known)

    def receipts(self, name: str) -> bool:
        """Say whether a gateway tells later what became of a message."""
        return any(one.name == name and one.receipts for one in self.sms)

    def address_hash(self, address: str) -> str:
        """Return the keyed hash under which an address is known to attempts and replies."""
        return self._digest(f"address {address}")

    def receipts_to(self, notice_id: UUID, n: int) -> str:
        """Return the address for the receipts of one attempt."""
        return f"{self.public_url}/notices/receipts/{notice_id}/{n}/{self.receipt_secret(notice_id, n)}"

    def receipt_secret(self, notice_id: UUID, n: int) -> str:
        """Return the secret that only the gateway that made an attempt was told."""
        return self._digest(f"receipt {notice_id} {n}")[:SECRET_LENGTH]

    def door_secret(self, what: str) -> str:
        """Return the secret of an address that gateways or the mail relay call for one purpose."""
        return self._digest(f"door {what}")[:SECRET_LENGTH]

    def _digest(self, text: str) -> str:
        return hmac.new(self.address_key, text.encode(), hashlib.sha256).hexdigest()

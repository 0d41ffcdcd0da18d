"""How this deployment sends: its gateways, what it calls itself, and the keys of what it keeps about addresses."""

__all__ = ["Post", "open_post"]

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.notifications.domain.bounces import mail_token
from services.notifications.gateways import Gateway, MailGateway, SmsGateway, open_sms
from services.notifications.gateways.files import MailFiles
from services.notifications.gateways.mail import SmtpMail
from services.notifications.settings import Settings
from shared.ids import new_id

MAIL_SECRET_LENGTH = 16
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
    mail_returns: str
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
    def rates(self) -> dict[str, int]:
        """Return how many messages a second each gateway takes, 0 for as many as come."""
        return {one.name: one.rate for gateways in self.gateways.values() for one in gateways}

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

    def mail_secret(self, notice_id: UUID) -> str:
        """Return the secret of a mail: 16 hexadecimal digits, for what stands before an @ has 64 letters at most."""
        return self._digest(f"mail {notice_id}")[:MAIL_SECRET_LENGTH]

    def mail_token(self, notice_id: UUID) -> str:
        """Return what names a mail to whoever sends it back, and what nobody else can make."""
        return mail_token(notice_id, self.mail_secret(notice_id))

    def returns_to(self, notice_id: UUID) -> str:
        """Return the envelope's sender of a mail; empty where this deployment has no domain for what comes back."""
        return f"retour+{self.mail_token(notice_id)}@{self.mail_returns}" if self.mail_returns else ""

    @property
    def callbacks(self) -> dict[str, str]:
        """Return the addresses to give to gateways and to the mail relay, by what they are for."""
        return {what: f"{self.public_url}/notices/{what}/{self.door_secret(what)}" for what in ("replies", "bounces")}

    def door_secret(self, what: str) -> str:
        """Return the secret of an address that gateways or the mail relay call for one purpose."""
        return self._digest(f"door {what}")[:SECRET_LENGTH]

    def _digest(self, text: str) -> str:
        return hmac.new(self.address_key, text.encode(), hashlib.sha256).hexdigest()


def open_post(settings: Settings) -> Post:
    """Return how this deployment sends."""
    mail: MailGateway = MailFiles(settings.mail_folder)
    if settings.mail == "smtp":
        mail = SmtpMail(settings.smtp_url, ca=settings.smtp_ca)
    return Post(
        sms=open_sms(settings.sms_gateways, settings.sms_folder),
        mail=mail,
        sender=settings.sender,
        mail_sender=settings.mail_sender,
        mail_returns=settings.mail_returns,
        call_back=settings.call_back,
        public_url=settings.public_url,
        demo=settings.demo,
        quiet_hours=settings.quiet_hours,
        sms_price=settings.sms_price,
        receipt_hours=settings.receipt_hours,
        address_key=settings.address_key,
    )

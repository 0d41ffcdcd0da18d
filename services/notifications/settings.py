"""What notifications reads from its environment, once."""

__all__ = ["GatewayAddress", "Settings", "read_gateways"]

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from services.notifications.domain.discretion import indiscreet
from shared.errors import SettingsError
from shared.settings import CommonSettings, Environment, common_from

SENDER = re.compile(r"[A-Za-z0-9 ]{3,11}")  # what operators accept as an alphanumeric sender
KEY = re.compile(r"[!-~]+")  # what a header takes
RECEIPT_HOURS = 24  # [A]
NOTICE_DAYS = 1096  # [A] three years: a contract of one, an extension of one, and a year to contest
SMS_PRICE = 450  # [A] hundredths of a cent for one segment


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAddress:
    """
    Where an SMS gateway is and what it can do: `kind` is file, kannel or json; `rate` is messages a second, 0 for any.

    `receipts`: it tells later what became of a message; `replies`: it passes on what people answer.
    """

    kind: str
    url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    receipts: bool = False
    replies: bool = False
    rate: int = 0


def read_gateways(written: str) -> tuple[GatewayAddress, ...]:
    """
    Return the SMS gateways of PARCOURS_SMS, in the order in which they are tried.

    `file`, or one or two of `kannel+https://user:password@host/path` and `json+https://:key@host/path`, each with
    `?receipts=yes&replies=yes&rate=20` where it does. Raises SettingsError.
    """
    found = tuple(_gateway(one, number) for number, one in enumerate(written.split(), start=1))
    if not found or len({(one.kind, one.url) for one in found}) != len(found):
        raise SettingsError("PARCOURS_SMS must name at least one gateway, none of them twice")
    return found


def _gateway(written: str, number: int) -> GatewayAddress:
    if written == "file":
        return GatewayAddress(kind="file")
    parts = urlsplit(written)
    kind, _, scheme = parts.scheme.partition("+")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    rate = options.get("rate", "0")
    if kind not in {"kannel", "json"} or scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"PARCOURS_SMS: gateway {number} must be file, kannel+https://… or json+https://…")
    if options.keys() - {"receipts", "replies", "rate"} or not rate.isdecimal():
        raise SettingsError(f"PARCOURS_SMS: gateway {number} takes receipts, replies and rate (a number) only")
    password = unquote(parts.password or "")
    if kind == "json" and not KEY.fullmatch(password):
        raise SettingsError(f"PARCOURS_SMS: gateway {number} needs its key, in ASCII: json+https://:key@host/path")
    return GatewayAddress(
        kind=kind,
        url=f"{scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}",
        user=unquote(parts.username or ""),
        password=password,
        receipts=options.get("receipts") == "yes",
        replies=options.get("replies") == "yes",
        rate=int(rate),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    How messages leave. `sms` names the SMS gateways, see gateways/; `mail` is file or smtp; prices are hundredths of a
    cent for one segment.

    `mail_returns` is the domain to which mails come back, empty where they come back to who they are from; `smtp_ca` is
    the certificate of a private authority that the mail server's hangs on.

    `public_url` is where people and gateways reach this house; `demo` allows texts that no translator signed;
    `receipt_hours` is how long a receipt is waited for where receipts come; `notice_days` how long the words of a
    notice are kept; `gather_seconds` how long (real time) news
    about one person's seats is gathered.
    """

    common: CommonSettings
    demo: bool
    public_url: str
    sms: str = field(repr=False)
    mail: str
    smtp_url: str = field(repr=False)
    sender: str
    mail_sender: str
    mail_returns: str
    smtp_ca: Path | None
    call_back: str
    quiet_hours: bool
    receipt_hours: int
    notice_days: int
    sms_price: int
    gather_seconds: int

    @property
    def address_key(self) -> bytes:
        """Return the key of what is kept about addresses, and of the secrets that gateways are told."""
        return self.common.seal_keys["notifications"]

    @property
    def sms_gateways(self) -> tuple[GatewayAddress, ...]:
        return read_gateways(self.sms)

    @property
    def sms_folder(self) -> Path:
        return self.common.var / "sms"

    @property
    def mail_folder(self) -> Path:
        return self.common.var / "mail"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment. Raises SettingsError with everything that lacks."""
        environment = Environment(environ)
        common = common_from(environment, "notifications")
        real = common.production
        mail = environment.text("PARCOURS_MAIL", None if real else "file")
        settings = cls(
            common=common,
            demo=common.demo,
            public_url=common.public_url,
            sms=environment.text("PARCOURS_SMS", None if real else "file"),
            mail=mail,
            smtp_url=environment.text("PARCOURS_SMTP_URL", None if mail == "smtp" else ""),
            sender=environment.text("PARCOURS_SMS_SENDER", "FORMATION"),
            mail_sender=environment.text(
                "PARCOURS_MAIL_SENDER", None if real else "Formation <formation@parcours.example>"
            ),
            mail_returns=environment.text("PARCOURS_MAIL_RETURNS", ""),
            smtp_ca=environment.path("PARCOURS_SMTP_CA"),
            call_back=common.call_back,
            quiet_hours=environment.text("PARCOURS_QUIET_HOURS", "yes") == "yes",
            notice_days=environment.number("PARCOURS_NOTICE_DAYS", NOTICE_DAYS),
            receipt_hours=environment.number("PARCOURS_RECEIPT_HOURS", RECEIPT_HOURS),
            sms_price=environment.number("PARCOURS_SMS_PRICE", SMS_PRICE),
            gather_seconds=environment.number("PARCOURS_GATHER_SECONDS", 120 if real else 1),
        )
        environment.check()
        settings._check()
        return settings

    def _check(self) -> None:
        faults = []
        try:
            read_gateways(self.sms)
        except SettingsError as error:
            faults.append(str(error))
        if urlsplit(self.public_url).scheme not in {"http", "https"}:
            faults.append("PARCOURS_PUBLIC_URL must begin with https:// or http://")
        if self.mail not in {"file", "smtp"}:
            faults.append(f"PARCOURS_MAIL must be file or smtp, not {self.mail!r}")
        if self.mail == "smtp" and not (
            urlsplit(self.smtp_url).scheme in {"smtp", "smtps"} and urlsplit(self.smtp_url).hostname
        ):
            faults.append("PARCOURS_SMTP_URL must be smtp://user:password@host:port or smtps://…")
        if not parse_qs(urlsplit(self.smtp_url).query).get("rate", ["0"])[-1].isdecimal():
            faults.append("PARCOURS_SMTP_URL takes rate (messages a second, a number) only")
        if self.smtp_ca is not None and not self.smtp_ca.is_file():
            faults.append("PARCOURS_SMTP_CA must be a file with a certificate")
        if "@" in self.mail_returns or indiscreet(self.mail_returns):
            faults.append("PARCOURS_MAIL_RETURNS must be a domain, such as retours.parcours.example")
        if not SENDER.fullmatch(self.sender):
            faults.append("PARCOURS_SMS_SENDER must be 3 to 11 letters, digits or spaces")
        # What a shared telephone shows; the domain of a mail's sender is the operator's own and stays as it is.
        shown = {
            "SMS_SENDER": self.sender,
            "PUBLIC_URL": self.public_url,
            "MAIL_SENDER": parseaddr(self.mail_sender)[0],
        }
        for name, value in shown.items():
            word = indiscreet(value)
            if word:
                faults.append(f"PARCOURS_{name} is read by others and may not say {word!r}")
        if faults:
            raise SettingsError("; ".join(faults))

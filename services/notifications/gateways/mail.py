"""Mail by SMTP: one connection a batch, each refusal told apart by its code."""

__all__ = ["SmtpMail", "as_email"]

import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from time import monotonic
from urllib.parse import parse_qs, unquote, urlsplit

from services.notifications.domain.messages import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, MailMessage, Outcome

TIMEOUT_SECONDS = 10
BATCH_SECONDS = 150  # after so long the rest of a batch waits for another one: a lease must outlast it
PERMANENT = 500
OURS = re.compile(rb"\s*5\.[3567]\.")  # system, protocol, content, policy (RFC 3463): no fault of the address


class NoTlsError(OSError):
    """Raised where a password would leave in the open."""


class SmtpMail:
    """
    A mail server, by its URL: smtp://user:password@host:port, or smtps:// for TLS from the first byte.

    TLS is used wherever it is offered, and its certificate is checked, against `ca` too where there is one; a password
    never leaves without it. `timeout` is seconds for each step.
    """

    name = "smtp"
    batch = 100
    idempotent = False

    def __init__(self, url: str, *, ca: Path | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        self.ca = ca
        self.timeout = timeout
        self.tls = parts.scheme == "smtps"
        self.host = parts.hostname or ""
        self.port = parts.port or (465 if self.tls else 25)
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        self.rate = int(parse_qs(parts.query).get("rate", ["0"])[-1])

    def send(self, messages: Sequence[MailMessage]) -> Iterator[Outcome]:
        server: smtplib.SMTP | None = None
        until = monotonic() + BATCH_SECONDS
        try:
            for message in messages:
                if monotonic() > until:
                    yield Outcome(TEMPORARY, error="the mail server took too long for a batch")
                    continue
                if server is None:
                    try:
                        server = self._open()
                    except (OSError, smtplib.SMTPException) as error:  # the server is away, or does not know us
                        yield Outcome(TEMPORARY, error=_words(error))
                        continue
                outcome = _send_one(server, message)
                if outcome.state in {UNKNOWN, TEMPORARY}:
                    server.close()
                    server = None
                yield outcome
        finally:
            if server is not None:
                _leave(server)

    def _open(self) -> smtplib.SMTP:
        context = ssl.create_default_context(cafile=self.ca)
        if self.tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            server.ehlo()
            if not self.tls and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            if self.user:
                self._log_in(server)
        except BaseException:
            server.close()
            raise
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        if not isinstance(server.sock, ssl.SSLSocket):
            raise NoTlsError("the server offers no TLS, and a password must not leave without it")
        server.login(self.user, self.password)


def as_email(message: MailMessage) -> EmailMessage:
    """Return a mail with its plain and HTML forms; the same message gives the same bytes."""
    mail = EmailMessage()
    mail["From"] = message.sender
    mail["To"] = message.to
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.at)
    domain = parseaddr(message.sender)[1].rpartition("@")[2] or "localhost"
    mail["Message-ID"] = f"<{message.token or message.key}@{domain}>"
    mail["Content-Language"] = ", ".join(message.languages)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    mail.set_boundary(f"=={message.key}==")
    files = message.enclose()
    for enclosed in files:
        main, _slash, rest = enclosed.media_type.partition("/")
        sub, *params = (part.strip() for part in rest.split(";"))
        named = dict(param.split("=", 1) for param in params)
        mail.add_attachment(enclosed.content, main, sub, filename=enclosed.name, params=named)
    if files:
        mail.set_boundary(f"=+{message.key}+=")
    return mail


def _send_one(server: smtplib.SMTP, message: MailMessage) -> Outcome:
    try:
        mail = as_email(message)
    except Exception as error:  # noqa: BLE001 - one mail that cannot be made holds no other
        return Outcome(TEMPORARY, error=type(error).__name__)
    try:
        server.send_message(mail, from_addr=message.returns_to or None)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _words in error.recipients.values()]
        refused = all(code >= PERMANENT and not OURS.match(said) for code, said in error.recipients.values())
        return Outcome(REFUSED if refused else TEMPORARY, error=f"recipient refused: {codes}")
    except smtplib.SMTPResponseException as error:  # the sender or the text: ours to correct, not the address's fault
        return Outcome(TEMPORARY, error=f"SMTP {error.smtp_code}")
    except smtplib.SMTPServerDisconnected as error:
        return Outcome(UNKNOWN, error=_words(error))
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(UNKNOWN, error=_words(error))
    return Outcome(ACCEPTED, reference=f"{message.key}")


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


def _words(error: Exception) -> str:
    """Return an error's kind, code and what is wrong with a certificate; other texts may hold an address."""
    code = getattr(error, "smtp_code", "") or getattr(error, "errno", "") or ""
    return f"{type(error).__name__} {code} {getattr(error, 'verify_message', '')}".strip()

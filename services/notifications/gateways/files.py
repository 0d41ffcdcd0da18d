"""The sinks of the embedded mode: one file a message, named by its notice. The same notice again is the same file."""

__all__ = ["MailFiles", "SmsFiles"]

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.notifications.domain.messages import ACCEPTED, TEMPORARY, MailMessage, Outcome, SmsMessage
from services.notifications.gateways.mail import as_email


class SmsFiles:
    """SMS as JSON files."""

    name = "sms files"
    batch = 200
    rate = 0
    idempotent = True
    takes_test_numbers = True
    receipts = False
    replies = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, messages: Sequence[SmsMessage]) -> Iterator[Outcome]:
        for message in messages:
            body = {
                "id": message.key,
                "to": message.to,
                "from": message.sender,
                "text": message.text,
                "alphabet": message.alphabet,
                "segments": message.segments,
                "at": message.at.isoformat(),
            }
            text = json.dumps(body, ensure_ascii=False, indent=1) + "\n"
            yield _keep(self.folder, f"{message.key}.json", text.encode())


class MailFiles:
    """Mails as .eml files, which any mail program opens."""

    name = "mail files"
    batch = 200
    rate = 0
    idempotent = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, messages: Sequence[MailMessage]) -> Iterator[Outcome]:
        for message in messages:
            try:
                content = as_email(message).as_bytes()
            except Exception as error:  # noqa: BLE001 - one mail that cannot be made holds no other
                yield Outcome(TEMPORARY, error=type(error).__name__)
            else:
                yield _keep(self.folder, f"{message.key}.eml", content)


def _keep(folder: Path, name: str, content: bytes) -> Outcome:
    """Write a file as a whole, or leave the one that is there already."""
    final, fresh = folder / name, folder / f".{name}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not final.exists():
            fresh.write_bytes(content)
            fresh.replace(final)
    except OSError as error:
        return Outcome(TEMPORARY, error=f"{type(error).__name__}: {error.strerror}")
    return Outcome(ACCEPTED, reference=name)

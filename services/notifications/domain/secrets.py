"""What a person holds to open their own pages: the secret of their link, the four digits of the desk."""

__all__ = ["Secrets"]

import hmac
import re
import unicodedata
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without 0 O 1 I L, which are misread
LENGTH = 14  # 31^14: 69 bits
SECRET = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Makes and checks them with a key of the service; who has the database only can do neither."""

    key: bytes = field(repr=False)

    def of_link(self, person_id: UUID, number: int) -> str:
        """Return the secret of somebody's link: the same for the same number."""
        made = int.from_bytes(self._digest(b"link", person_id.bytes, str(number).encode()))
        letters = []
        for _ in range(LENGTH):
            made, at = divmod(made, len(ALPHABET))
            letters.append(ALPHABET[at])
        return "".join(letters)

    def digest_of_link(self, said: str) -> str | None:
        """Return what is kept of a secret, as typed or scanned; None for what cannot be one."""
        secret = said.upper()
        return self._digest(b"said", secret.encode()).hex() if SECRET.fullmatch(secret) else None

    def digest_of_code(self, person_id: UUID, digits: str) -> str:
        """Return what is kept of the four digits that somebody was given."""
        plain = "".join(str(unicodedata.digit(one, one)) for one in digits if not one.isspace())  # of whatever keyboard
        return self._digest(b"code", person_id.bytes, plain.encode()).hex()

    def _digest(self, *parts: bytes) -> bytes:
        return hmac.digest(self.key, b"\x00".join((b"own pages", *parts)), sha256)

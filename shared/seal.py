"""
Sealed blocks: the only way in which a name or a contact point travels in an event.

AES-256-GCM with the recipient's key; the event's id is associated data, so that a block cannot be moved to another
event. A ring keeps old keys for reading; the first key seals.
"""

__all__ = ["KeyRing", "SealBrokenError", "seal_for"]

import base64
import json
import os
from collections.abc import Mapping
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import ParcoursError


class SealBrokenError(ParcoursError):
    """Raised when a block was altered, moved to another event, or sealed with a key that is not in the ring."""

    code = "seal_broken"


class KeyRing:
    """The keys of one recipient, newest first; 32 bytes each."""

    def __init__(self, *keys: bytes) -> None:
        self._keys = {_name(key): key for key in keys}

    def open(self, block: str, event_id: UUID) -> dict[str, str]:
        """Return the private fields. Raises SealBrokenError."""
        try:
            name, nonce, secret = block.split(".")
            plain = AESGCM(self._keys[name]).decrypt(_bytes(nonce), _bytes(secret), event_id.bytes)
        except (KeyError, ValueError, InvalidTag) as error:
            raise SealBrokenError(f"the sealed block of event {event_id} cannot be opened") from error
        return dict(json.loads(plain))


def seal_for(key: bytes, fields: Mapping[str, str], event_id: UUID) -> str:
    """Return the block that only the holder of `key` can open, and only inside this event."""
    nonce = os.urandom(12)
    secret = AESGCM(key).encrypt(nonce, json.dumps(dict(fields), ensure_ascii=False).encode(), event_id.bytes)
    return f"{_name(key)}.{_text(nonce)}.{_text(secret)}"


def _name(key: bytes) -> str:
    return sha256(b"parcours key" + key).hexdigest()[:8]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

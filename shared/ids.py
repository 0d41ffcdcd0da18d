"""Identifiers: UUIDv7 for what is born here, uuid5 of the natural key for what is imported or simulated."""

__all__ = ["derived_id", "new_id"]

import os
import time
from uuid import UUID, uuid5

_ROOT = UUID("6f2e2f7a-54c1-5b83-9d0e-9a3c8f6b1d20")  # drawn once; every derived id hangs on it


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits. Sorts by birth."""
    stamp = time.time_ns() // 1_000_000
    noise = int.from_bytes(os.urandom(10))
    return UUID(int=stamp << 80 | 0x7 << 76 | (noise >> 68) << 64 | 0b10 << 62 | noise & (1 << 62) - 1)


def derived_id(kind: str, *key: object) -> UUID:
    """Return the id that a kind of thing with this natural key always has: the same file twice is the same rows."""
    return uuid5(_ROOT, "\x1f".join([kind, *map(str, key)]))

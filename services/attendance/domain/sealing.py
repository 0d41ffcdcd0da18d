"""
The chain of sealed rolls: what was signed cannot be changed without being seen.

Each roll's statement and the commitments of its new marks are hashed with the head before them, one chain a provider.
A commitment is salted with a secret of the person: once that secret is erased, the chain still holds and says nothing
about them. Whoever writes the whole chain anew is found by the heads that the other services hold.
"""

__all__ = ["GENESIS", "PRINT", "commitment", "head_of", "marked", "prints_of"]

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

GENESIS = "0" * 64  # the head before the first roll
PRINT = 16  # hexadecimal digits of a commitment that witnesses keep: enough to name the mark that was altered
MARKED = (
    "id",
    "meeting_id",
    "signatory_id",
    "status",
    "minutes_lost",
    "act",
    "act_reason",
    "act_id",
    "proof_ref",
    "arrived",
    "left",
    "source",
    "ground",
    "supersedes",
    "reason",
    "actor",
    "effective_at",
    "recorded_at",
    "seq",
)


def marked(mark: Mapping[str, Any], act_digest: str = "") -> str:
    """Return a mark as the text that is committed to; `act_digest` is that of the act on which it stands."""
    return _canonical({name: mark[name] for name in MARKED} | {"act_digest": act_digest})


def commitment(key: bytes, text: str) -> str:
    """Return what stands for a mark in the chain: nobody without the person's key can tell what it says."""
    return hmac.new(key, text.encode(), sha256).hexdigest()


def head_of(previous: str, statement: Mapping[str, Any], commitments: Sequence[Sequence[str]]) -> str:
    """Return the head of the chain after one more roll; `commitments` are (mark id, commitment), by mark id."""
    return sha256(_canonical([previous, statement, commitments]).encode()).hexdigest()


def prints_of(commitments: Iterable[Sequence[str]]) -> str:
    """Return the first digits of each commitment, as witnesses keep them."""
    return " ".join(digest[:PRINT] for _, digest in commitments)


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_text)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)

"""
The session token: a 10-minute EdDSA JWT that scheduler signs and every service verifies with the public key.

Real time, not business time: a simulated year must not expire a session.
"""

__all__ = ["COOKIE", "TokenError", "TokenSigner", "TokenVerifier"]

import base64
import time
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.errors import ForbiddenError
from shared.rights import Principal
from shared.settings import public_half

COOKIE = "parcours_session"
LIFE_SECONDS = 600
TOKENS_KNOWN = 1024
ALGORITHMS = ["Ed25519"]


class TokenError(ForbiddenError):
    """Raised for a token that is missing, forged or too old. Sign in again."""

    code = "not_signed_in"


@dataclass(frozen=True, slots=True)
class Session:
    """What a valid token says: who, and under which session (to be renewed or revoked)."""

    who: Principal
    session_id: UUID
    fresh: bool


class TokenSigner:
    """Held by scheduler only."""

    def __init__(self, seed: bytes) -> None:
        public = public_half(seed)
        self._key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _b64(public), "d": _b64(seed)})

    def sign(self, who: Principal, session_id: UUID) -> str:
        """Return a token for this person, good for ten minutes."""
        now = int(time.time())
        claims = {
            "sub": who.id,
            "role": who.role,
            "scope": who.scope,
            "sid": str(session_id),
            "iat": now,
            "exp": now + LIFE_SECONDS,
        }
        return jwt.encode({"alg": "Ed25519"}, claims, self._key, algorithms=ALGORITHMS)


class TokenVerifier:
    """Held by every service: the public key only."""

    def __init__(self, public: bytes) -> None:
        self._key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _b64(public)})
        self._verified = lru_cache(TOKENS_KNOWN)(self._verify)  # a signature that was good stays good

    def read(self, token: str) -> Session:
        """Return what a token says; `fresh` is false once it has expired. Raises TokenError for a forged one."""
        who, session_id, until = self._verified(token)
        return Session(who=who, session_id=session_id, fresh=until > time.time())

    def _verify(self, token: str) -> tuple[Principal, UUID, float]:
        try:
            claims = jwt.decode(token, self._key, algorithms=ALGORITHMS).claims
            who = Principal(kind="person", id=claims["sub"], role=claims["role"], scope=claims["scope"])
            return who, UUID(claims["sid"]), float(claims["exp"])
        except (JoseError, KeyError, ValueError, TypeError) as error:
            raise TokenError("the session token is not valid") from error


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

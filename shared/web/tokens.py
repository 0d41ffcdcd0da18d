"""
The session token: an EdDSA JWT that every service verifies with public keys.

Scheduler signs staff's (10 minutes, renewed while their session holds). Notifications signs those of people who opened
their own link (20 minutes, never renewed: they open it again) with a key of its own, which counts for their roles only.

Real time, not business time: a simulated year must not expire a session.
"""

__all__ = ["COOKIE", "OWN", "OWN_LIFE_SECONDS", "Session", "TokenError", "TokenSigner", "TokenVerifier"]

import base64
import time
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.errors import ForbiddenError
from shared.rights import OWN_ROLES, Principal
from shared.settings import public_half

COOKIE = "parcours_session"
LIFE_SECONDS = 600
OWN_LIFE_SECONDS = 1200  # [A] of who opened their own link, perhaps on a shared phone
STAFF, OWN = "staff", "own"  # whose key signed
TOKENS_KNOWN = 1024
ALGORITHMS = ["Ed25519"]


class TokenError(ForbiddenError):
    """Raised for a token that is missing, forged or too old. Sign in again."""

    code = "not_signed_in"


@dataclass(frozen=True, slots=True)
class Session:
    """
    What a valid token says: who, under which session (to be renewed or revoked), until when (seconds of the epoch).

    A link's is never renewed.
    """

    who: Principal
    session_id: UUID
    until: float
    fresh: bool
    renewable: bool


class TokenSigner:
    """Held by scheduler only; with the key of links, by notifications only."""

    def __init__(self, seed: bytes, kind: str = STAFF) -> None:
        public = public_half(seed)
        self._key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _b64(public), "d": _b64(seed)})
        self._kind = kind

    def sign(self, who: Principal, session_id: UUID, until: float | None = None) -> str:
        """
        Return a token for this person, good for the usual time or `until`.

        Raises ValueError for a role that this key does not speak for.
        """
        if self._kind == OWN and who.role not in OWN_ROLES:
            raise ValueError(f"a link opens nothing as {who.role}")
        now = int(time.time())
        claims = {
            "sub": who.id,
            "role": who.role,
            "scope": who.scope,
            "sid": str(session_id),
            "iat": now,
            "exp": until or now + (OWN_LIFE_SECONDS if self._kind == OWN else LIFE_SECONDS),
        }
        return jwt.encode({"alg": "Ed25519", "kid": self._kind}, claims, self._key, algorithms=ALGORITHMS)


class TokenVerifier:
    """Held by every service: the public keys only."""

    def __init__(self, public: bytes, own_public: bytes) -> None:
        self._keys = {
            kind: OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _b64(key)})
            for kind, key in ((STAFF, public), (OWN, own_public))
        }
        self._verified = lru_cache(TOKENS_KNOWN)(self._verify)  # a signature that was good stays good

    def read(self, token: str) -> Session:
        """Return what a token says; `fresh` is false once it has expired. Raises TokenError for a forged one."""
        who, session_id, until, kind = self._verified(token)
        fresh = until > time.time()
        return Session(who=who, session_id=session_id, until=until, fresh=fresh, renewable=kind == STAFF)

    def _verify(self, token: str) -> tuple[Principal, UUID, float, str]:
        try:
            read = jwt.decode(token, lambda guest: self._keys[guest.headers()["kid"]], algorithms=ALGORITHMS)
            claims, kind = read.claims, str(read.header["kid"])
            who = Principal(kind="person", id=claims["sub"], role=claims["role"], scope=claims["scope"])
            if kind == OWN and who.role not in OWN_ROLES:
                raise TokenError("this key speaks for people with a link only")
            return who, UUID(claims["sid"]), float(claims["exp"]), kind
        except (JoseError, KeyError, ValueError, TypeError) as error:
            raise TokenError("the session token is not valid") from error


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

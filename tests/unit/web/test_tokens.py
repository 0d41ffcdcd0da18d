"""Whose key speaks for whom: staff's for everybody, that of links for people with a link only."""

import time
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.rights import LINKED, OWN_ROLES, SIGNATORY, Principal
from shared.settings import public_half
from shared.web import tokens
from shared.web.tokens import OWN, STAFF, TokenError, TokenSigner, TokenVerifier

STAFF_SEED, OWN_SEED = b"s" * 32, b"o" * 32
VERIFIER = TokenVerifier(public_half(STAFF_SEED), public_half(OWN_SEED))


def somebody(role):
    return Principal(kind="person", id="x", role=role, scope="93")


def forged(seed, kid, role):
    """Return a token that a service signs with its own key whatever our signer says."""
    key = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": tokens._b64(public_half(seed)), "d": tokens._b64(seed)}
    )
    claims = {"sub": "x", "role": role, "scope": "93", "sid": str(uuid4()), "exp": int(time.time()) + 600}
    header = {"alg": "Ed25519"} | ({"kid": kid} if kid else {})
    return jwt.encode(header, claims, key, algorithms=["Ed25519"])


@pytest.mark.parametrize("role", OWN_ROLES)
def test_the_key_of_links_speaks_for_people_with_a_link_and_their_session_is_not_renewed(role):
    session = VERIFIER.read(TokenSigner(OWN_SEED, OWN).sign(somebody(role), uuid4()))

    assert (session.who, session.fresh, session.renewable) == (somebody(role), True, False)


def test_staffs_key_speaks_for_staff_whose_session_is_renewed():
    session = VERIFIER.read(TokenSigner(STAFF_SEED).sign(somebody("planner"), uuid4()))

    assert (session.who.role, session.renewable) == ("planner", True)


@pytest.mark.parametrize("role", ["planner", "admin", "service", "prefecture", ""])
@pytest.mark.parametrize("kid", [OWN, STAFF, None, "other"])
def test_whoever_has_the_key_of_links_makes_no_staff(role, kid):
    with pytest.raises(ValueError, match="opens nothing"):
        TokenSigner(OWN_SEED, OWN).sign(somebody(role), uuid4())
    with pytest.raises(TokenError):
        VERIFIER.read(forged(OWN_SEED, kid, role))


@pytest.mark.parametrize(("seed", "kid"), [(STAFF_SEED, OWN), (OWN_SEED, STAFF), (b"z" * 32, OWN), (b"z" * 32, STAFF)])
def test_a_key_under_anothers_name_is_refused(seed, kid):
    for role in (LINKED, SIGNATORY):
        with pytest.raises(TokenError):
            VERIFIER.read(forged(seed, kid, role))

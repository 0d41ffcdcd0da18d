"""Accounts and sign-in: Argon2id passwords, sessions that can be revoked, one-time links of the demonstration."""

__all__ = ["SignInRefusedError", "add_account", "demo_link_for", "end_session", "redeem_link", "renew", "sign_in"]

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from services.scheduler import storage
from shared.clock import real_now
from shared.database import upsert
from shared.errors import FieldFault, InvalidInputError
from shared.ids import derived_id, new_id
from shared.rights import ROLES, Principal
from shared.web.tokens import TokenError
from shared.work import Work

SESSION_HOURS = 10  # [A] a working day
MOST_FAILURES = 5  # [A] then the account rests
REST_MINUTES = 15  # [A]
LEAST_PASSWORD = 12  # CNIL recommendation 2022-100: 12 characters where nothing else protects
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe(12))  # so that an unknown login takes as long as a wrong password


class SignInRefusedError(TokenError):
    """Raised for a wrong login or password, a resting account, or a link that was used before."""

    code = "sign_in_refused"


def add_account(work: Work, login: str, password: str, role: str, scope: str) -> UUID:
    """Create or replace an account. Raises InvalidInputError for a short password or an unknown role."""
    faults = []
    if len(password) < LEAST_PASSWORD:
        faults.append(FieldFault("password", "too_short", f"at least {LEAST_PASSWORD} characters"))
    if role not in ROLES:
        faults.append(FieldFault("role", "choice", f"one of {', '.join(ROLES)}"))
    if not login:
        faults.append(FieldFault("login", "required", "a login"))
    if faults:
        raise InvalidInputError("the account was not kept", faults)
    key = derived_id("account", login)
    row = {"id": key, "login": login, "password_hash": _HASHER.hash(password), "role": role, "scope": scope}
    upsert(work.db, storage.account, [row | {"failures": 0, "locked_until": None, "changed_at": work.now}])
    return key


def sign_in(work: Work, login: str, password: str) -> tuple[Principal, UUID] | None:
    """
    Return who signed in and under which session, or None when refused.

    Failures are counted in this transaction, so the caller must commit before it answers; after five the account rests
    for fifteen minutes. An unknown login costs the same time as a wrong password.
    """
    query = sa.select(storage.account).where(storage.account.c.login == login).with_for_update()
    row = work.db.execute(query).mappings().first()
    resting = row is not None and row["locked_until"] is not None and row["locked_until"] > real_now()
    right = _verified(row["password_hash"] if row else _NOBODY, password)
    if row is None or resting:
        return None
    failures = 0 if right else row["failures"] + 1
    rest = real_now() + timedelta(minutes=REST_MINUTES) if failures >= MOST_FAILURES else None
    counted = {"failures": 0 if rest else failures, "locked_until": rest}
    work.db.execute(storage.account.update().where(storage.account.c.id == row["id"]).values(**counted))
    return _open_session(work, dict(row)) if right else None


def renew(work: Work, session_id: UUID) -> Principal:
    """Return who holds a session that is neither ended nor revoked. Raises TokenError."""
    query = (
        sa.select(storage.account)
        .join(storage.web_session, storage.web_session.c.account_id == storage.account.c.id)
        .where(storage.web_session.c.id == session_id)
        .where(storage.web_session.c.revoked.is_(False), storage.web_session.c.until > real_now())
    )
    row = work.db.execute(query).mappings().first()
    if row is None:
        raise TokenError("the session has ended; sign in again")
    return _principal(dict(row))


def end_session(work: Work, session_id: UUID) -> None:
    """Revoke a session: its token is not renewed."""
    held = storage.web_session.c.id == session_id
    work.db.execute(storage.web_session.update().where(held).values(revoked=True))


def demo_link_for(work: Work, login: str) -> str:
    """Return the secret of a one-time link for this account (demonstration only)."""
    secret = secrets.token_urlsafe(16)
    account_id = derived_id("account", login)
    digest = sha256(secret.encode()).hexdigest()
    work.db.execute(storage.demo_link.insert().values(digest=digest, account_id=account_id, used_at=None))
    return secret


def redeem_link(work: Work, secret: str) -> tuple[Principal, UUID]:
    """Exchange a one-time link for a session. Raises SignInRefusedError when it is unknown or was used."""
    table = storage.demo_link
    unused = sa.and_(table.c.digest == sha256(secret.encode()).hexdigest(), table.c.used_at.is_(None))
    account_id = work.db.scalar(sa.select(table.c.account_id).where(unused).with_for_update())
    if account_id is None:
        raise SignInRefusedError("ce lien est inconnu ou a déjà servi")
    work.db.execute(table.update().where(unused).values(used_at=real_now()))
    return _open_session(work, storage.one(work.db, storage.account, account_id, "account"))


def _verified(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False


def _open_session(work: Work, row: dict[str, Any]) -> tuple[Principal, UUID]:
    session_id = new_id()
    until = real_now() + timedelta(hours=SESSION_HOURS)
    opened = {"id": session_id, "account_id": row["id"], "until": until, "revoked": False}
    work.db.execute(storage.web_session.insert().values(**opened))
    return _principal(row), session_id


def _principal(row: dict[str, Any]) -> Principal:
    return Principal(kind="person", id=str(row["login"]), role=row["role"], scope=row["scope"])

"""Signing in from a program."""

__all__ = ["door_routes"]

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.usecases import accounts
from services.scheduler.usecases.accounts import SignInRefusedError
from shared.service import Service
from shared.web.frame import acting
from shared.web.tokens import LIFE_SECONDS, TokenSigner


class Credentials(ma.Schema):
    """A login and its password."""

    login = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))
    password = ma.fields.String(required=True, validate=ma.validate.Length(1, 200), load_only=True)


class Token(ma.Schema):
    """A bearer token; ask for another before it expires."""

    token = ma.fields.String(required=True)
    seconds = ma.fields.Integer(required=True, metadata={"description": "How long the token is good for."})
    role = ma.fields.String(required=True)
    scope = ma.fields.String(required=True)


def door_routes(service: Service, signer: TokenSigner) -> Blueprint:
    """Return the routes for signing in."""
    routes = Blueprint("doors", __name__, description="Signing in")

    @routes.post("/sessions")
    @routes.arguments(Credentials)
    @routes.response(200, Token)
    @routes.alt_response(401, success=False, description="Wrong login or password, or the account rests.")
    def open_session(body: dict[str, str]) -> dict[str, object]:
        """Exchange a login and password for a token."""
        with acting(service) as work:
            opened = accounts.sign_in(work, body["login"], body["password"])
        if opened is None:
            raise SignInRefusedError("wrong login or password, or too many attempts")
        who, session_id = opened
        return {"token": signer.sign(who, session_id), "seconds": LIFE_SECONDS, "role": who.role, "scope": who.scope}

    return routes

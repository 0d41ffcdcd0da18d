"""
Where gateways call back: receipts, answers of people, mails that came back. Each address holds a secret of its own.

Kannel calls by GET, and a receipt changes something: these are no pages, nobody follows a link to them, and who does
not know the secret is told that there is nothing here.
"""

__all__ = ["callback_routes"]

import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from services.notifications.gateways.kannel import RECEIPTS
from services.notifications.usecases.bounces import take_bounce
from services.notifications.usecases.post import Post
from services.notifications.usecases.receipts import ReceiptCommand, take_receipt
from services.notifications.usecases.replies import take_reply
from shared.errors import FieldFault, InvalidInputError, NotFoundError
from shared.ids import derived_id
from shared.rights import Principal
from shared.service import Service
from shared.work import Work

GATEWAY = Principal(kind="service", id="gateway", role="service")
SAID = frozenset(RECEIPTS.values())
NOTHING = ("", 204)


def callback_routes(service: Service, post: Post) -> Blueprint:
    """Return the routes that gateways call."""
    routes = Blueprint("callbacks", __name__)

    @routes.get("/receipts/<uuid:notice_id>/<int:n>/<string:secret>")
    def kannel_receipt(notice_id: UUID, n: int, secret: str) -> Any:
        kind = request.args.get("kind", "")
        if kind not in RECEIPTS:
            raise _unknown("kind", f"one of {', '.join(RECEIPTS)}")
        _check(secret, post.receipt_secret(notice_id, n))
        return _take(notice_id, n, RECEIPTS[kind], f"kannel {kind}")

    @routes.post("/receipts/<uuid:notice_id>/<int:n>/<string:secret>")
    def json_receipt(notice_id: UUID, n: int, secret: str) -> Any:
        _check(secret, post.receipt_secret(notice_id, n))
        body = _body()
        state = str(body.get("state"))
        if state not in SAID:
            raise _unknown("state", f"one of {', '.join(sorted(SAID))}")
        return _take(notice_id, n, state, str(body.get("error", ""))[:200])

    @routes.get("/replies/<string:secret>")
    def kannel_reply(secret: str) -> Any:
        _check(secret, post.door_secret("replies"))
        return _hear(request.args)

    @routes.post("/replies/<string:secret>")
    def json_reply(secret: str) -> Any:
        _check(secret, post.door_secret("replies"))
        return _hear(_body())

    @routes.post("/bounces/<string:secret>")
    def bounce(secret: str) -> Any:
        _check(secret, post.door_secret("bounces"))
        raw = request.get_data(cache=False)
        _heard(service, lambda work: take_bounce(post, work, raw))
        return NOTHING

    def _take(notice_id: UUID, n: int, state: str, error: str) -> Any:
        key = derived_id("receipt", notice_id, n, state, error)
        said = ReceiptCommand(id=key, state=state, attempt=n, error=error)
        _heard(service, lambda work: take_receipt(post, work, notice_id, said))
        return NOTHING

    def _hear(said: Any) -> Any:
        sender, text, key = (str(said.get(name, "")) for name in ("from", "text", "id"))
        if not sender or not key:
            raise _unknown("from" if not sender else "id", "must be given")
        _heard(service, lambda work: take_reply(post, work, key=key, sender=sender, text=text))
        return NOTHING

    return routes


def _heard(service: Service, take: Callable[[Work], object]) -> None:
    """Take in what a gateway says; many say it once only."""
    service.surely(lambda work: take(replace(work, who=GATEWAY)))


def _check(secret: str, known: str) -> None:
    if not hmac.compare_digest(secret.encode(), known.encode()):
        raise NotFoundError("address", "of a gateway")


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise _unknown("body", "must be a JSON object")
    return body


def _unknown(field: str, rule: str) -> InvalidInputError:
    return InvalidInputError("what a gateway said is refused", [FieldFault(field, "choice", rule)])

"""Notices as sent, their attempts and receipts, counts."""

__all__ = ["notice_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.notifications.domain.occasions import OCCASIONS
from services.notifications.domain.states import STATES
from services.notifications.usecases import overview
from services.notifications.usecases.post import Post
from services.notifications.usecases.receipts import ReceiptCommand, take_receipt
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting


class TerritoryQuery(ma.Schema):
    """One territory, or all that the caller may see."""

    territory = ma.fields.String(load_default=None, validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])$"))


class NoticeQuery(TerritoryQuery):
    """A keyset page of notices."""

    person = ma.fields.UUID(load_default=None)
    session = ma.fields.UUID(load_default=None)
    day = ma.fields.Date(load_default=None, metadata={"description": "Notices that name this day, local at the site."})
    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(STATES))
    kind = ma.fields.String(load_default=None, validate=ma.validate.OneOf(list(OCCASIONS)))
    after = ma.fields.UUID(load_default=None, metadata={"description": "`next` of the page before."})
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))


class NoticeView(ma.Schema):
    """A notice and where it stands. Times are business time in UTC."""

    id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True)
    person_id = ma.fields.UUID(required=True)
    session_id = ma.fields.UUID(required=True, allow_none=True)
    territory = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    channel = ma.fields.String(required=True, metadata={"description": "Of the last attempt; empty before the first."})
    task = ma.fields.String(required=True, metadata={"description": "What a person has to do: letter, relay, …"})
    reason = ma.fields.String(required=True)
    due_at = ma.fields.AwareDateTime(required=True)
    useless_after = ma.fields.AwareDateTime(required=True)
    made_at = ma.fields.AwareDateTime(required=True)
    ended_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class NoticePage(ma.Schema):
    """A page of notices."""

    items = ma.fields.List(ma.fields.Nested(NoticeView), required=True)
    next = ma.fields.UUID(required=True, allow_none=True)


class AttemptView(ma.Schema):
    """One attempt: the address only as a keyed hash."""

    n = ma.fields.Integer(required=True)
    channel = ma.fields.String(required=True)
    gateway = ma.fields.String(required=True)
    address_hash = ma.fields.String(required=True)
    started_at = ma.fields.AwareDateTime(required=True)
    ended_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    outcome = ma.fields.String(required=True)
    reference = ma.fields.String(required=True)
    error = ma.fields.String(required=True)


class ReceiptView(ma.Schema):
    """What a gateway said later."""

    id = ma.fields.UUID(required=True)
    attempt = ma.fields.Integer(required=True)
    state = ma.fields.String(required=True)
    error = ma.fields.String(required=True)
    heard_at = ma.fields.AwareDateTime(required=True)


class DoneView(ma.Schema):
    """What somebody did, or has to do, because no machine could: see `/tasks`. `outcome` is empty while it is open."""

    id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True)
    outcome = ma.fields.String(required=True)
    done_on = ma.fields.Date(required=True, allow_none=True)
    proof = ma.fields.String(required=True)
    actor = ma.fields.String(required=True)
    ended_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class NoticeDetail(NoticeView):
    """A notice with its text as sent, attempts, receipts, what people did. `cost` is hundredths of a cent."""

    languages = ma.fields.List(ma.fields.String(), required=True)
    usable = ma.fields.Boolean(required=True)
    days = ma.fields.List(ma.fields.String(), required=True)
    subject = ma.fields.String(required=True)
    text = ma.fields.String(required=True)
    segments = ma.fields.Integer(required=True)
    cost = ma.fields.Integer(required=True)
    attempts = ma.fields.List(ma.fields.Nested(AttemptView), required=True)
    receipts = ma.fields.List(ma.fields.Nested(ReceiptView), required=True)
    tasks = ma.fields.List(ma.fields.Nested(DoneView), required=True)


class ReceiptBody(ma.Schema):
    """A gateway's receipt, under its own id: the same one twice is one."""

    id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(["delivered", "failed"]))
    attempt = ma.fields.Integer(
        load_default=0, strict=True, validate=ma.validate.Range(0, 1000), metadata={"description": "0: the last one."}
    )
    error = ma.fields.String(load_default="", validate=ma.validate.Length(max=200))

    @ma.post_load
    def to_command(self, data: dict[str, Any], **_: object) -> ReceiptCommand:
        return ReceiptCommand(**data)


class Summary(ma.Schema):
    """Counts over everything; `sms_cost` is hundredths of a cent."""

    channels = ma.fields.Dict(required=True)
    kinds = ma.fields.Dict(required=True)
    tasks = ma.fields.Dict(required=True)
    sms_cost = ma.fields.Integer(required=True)
    sms_segments = ma.fields.Integer(required=True)
    people_without_notice = ma.fields.Integer(required=True)
    doubles = ma.fields.Dict(
        required=True, metadata={"description": "Messages that may have come twice (possible), and that did (proven)."}
    )


class Digests(ma.Schema):
    """SHA-256 of what each table says, for comparing two states."""

    tables = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), required=True)


def notice_routes(service: Service, post: Post) -> Blueprint:
    """Return the routes about notices."""
    routes = Blueprint("notices", __name__, description="What was told, and what became of it")

    @routes.get("/notices")
    @routes.arguments(NoticeQuery, location="query")
    @routes.response(200, NoticePage)
    def list_notices(query: dict[str, Any]) -> dict[str, Any]:
        """Return notices by person, meeting (session and day), state or kind."""
        with acting(service, reading=True) as work:
            filters = {
                "territory": own_territory(work.who, query["territory"]),
                "person_id": query["person"],
                "session_id": query["session"],
                "day": query["day"],
                "state": query["state"],
                "kind": query["kind"],
            }
            return overview.listed(work, filters, query["after"], query["limit"])

    @routes.get("/notices/<uuid:notice_id>")
    @routes.response(200, NoticeDetail)
    @routes.alt_response(404, success=False)
    def read_notice(notice_id: UUID) -> dict[str, Any]:
        """Return one notice with its text as sent and every attempt."""
        with acting(service, reading=True) as work:
            return overview.notice_detail(work, notice_id)

    @routes.post("/notices/<uuid:notice_id>/receipts")
    @routes.arguments(ReceiptBody)
    @routes.response(200, NoticeView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False)
    def add_receipt(command: ReceiptCommand, notice_id: UUID) -> dict[str, Any]:
        """Take a gateway's receipt."""
        with acting(service) as work:
            return take_receipt(post, work, notice_id, command)

    @routes.get("/summary")
    @routes.arguments(TerritoryQuery, location="query")
    @routes.response(200, Summary)
    def read_summary(query: dict[str, Any]) -> dict[str, Any]:
        """Count notices by channel and state."""
        with acting(service, reading=True) as work:
            counts = overview.summary(work, own_territory(work.who, query["territory"]))
            return counts | {"doubles": overview.doubles(post, work)}

    @routes.get("/digests")
    @routes.response(200, Digests)
    def read_digests() -> dict[str, Any]:
        """Return a digest of each table: equal digests mean that nothing changed in between."""
        with acting(service, reading=True) as work:
            return {"tables": overview.digests(work)}

    return routes

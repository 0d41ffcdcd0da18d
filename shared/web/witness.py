"""The door to what a service keeps as a witness: the heads of the providers' chains of sealed rolls."""

__all__ = ["HeadsQuery", "positions_page", "witness_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask_smorest import Blueprint

from shared.service import Service
from shared.web.frame import acting
from shared.witness import heads

MOST = 1000


class HeadsQuery(ma.Schema):
    """From which position on."""

    after = ma.fields.Integer(load_default=0, validate=ma.validate.Range(0, 10**9))
    limit = ma.fields.Integer(load_default=MOST, validate=ma.validate.Range(1, MOST))


class HeadView(ma.Schema):
    """Where a chain stood at the end of a day."""

    day = ma.fields.Date(required=True)
    position = ma.fields.Integer(required=True)
    head = ma.fields.String(required=True)


class HeadsPage(ma.Schema):
    """A page of heads; `next` is the position after which the next one starts."""

    items = ma.fields.List(ma.fields.Nested(HeadView), required=True)
    next = ma.fields.Integer(required=True, allow_none=True)


def witness_routes(service: Service, table: sa.Table) -> Blueprint:
    """Return the routes of a witness."""
    routes = Blueprint("witness", __name__, description="Heads of the chains of sealed rolls")

    @routes.get("/chains/<uuid:provider_id>/heads")
    @routes.arguments(HeadsQuery, location="query")
    @routes.response(200, HeadsPage)
    def list_heads(query: dict[str, Any], provider_id: UUID) -> dict[str, Any]:
        """Return where a provider's chain stood at the end of each day on which something was sealed."""
        with acting(service, reading=True) as work:
            found = heads(work.db, table, provider_id, query["after"], query["limit"] + 1)
        return positions_page(found, query["limit"])

    return routes


def positions_page(found: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """Return a page of what was found, one more than the limit, by position."""
    items = found[:limit]
    return {"items": items, "next": items[-1]["position"] if len(found) > limit else None}

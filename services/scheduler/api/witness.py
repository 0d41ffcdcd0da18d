"""What the scheduler keeps as a witness of sealed rolls."""

__all__ = ["sealed_roll_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask_smorest import Blueprint

from services.scheduler import storage
from shared.service import Service
from shared.web.frame import acting
from shared.web.witness import HeadsQuery, positions_page


class SealedRollView(ma.Schema):
    """A roll as it entered its provider's chain."""

    position = ma.fields.Integer(required=True)
    meeting_id = ma.fields.UUID(required=True)
    roll_version = ma.fields.Integer(required=True)
    head = ma.fields.String(required=True)
    prints = ma.fields.String(required=True, metadata={"description": "First digits of each mark's commitment."})


class SealedRollsPage(ma.Schema):
    """A page of sealed rolls; `next` is the position after which the next one starts."""

    items = ma.fields.List(ma.fields.Nested(SealedRollView), required=True)
    next = ma.fields.Integer(required=True, allow_none=True)


def sealed_roll_routes(service: Service) -> Blueprint:
    """Return the routes of sealed rolls."""
    routes = Blueprint("sealed_rolls", __name__, description="Sealed rolls, as they were heard")

    @routes.get("/chains/<uuid:provider_id>/rolls")
    @routes.arguments(HeadsQuery, location="query")
    @routes.response(200, SealedRollsPage)
    def list_sealed_rolls(query: dict[str, Any], provider_id: UUID) -> dict[str, Any]:
        """Return a provider's sealed rolls as they were heard first."""
        table = storage.sealed_roll
        mine = sa.select(table).where(table.c.provider_id == provider_id, table.c.position > query["after"])
        with acting(service, reading=True) as work:
            found = storage.rows(work.db, mine.order_by(table.c.position).limit(query["limit"] + 1))
        return positions_page(found, query["limit"])

    return routes

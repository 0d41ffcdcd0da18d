"""Declared interest: everybody may declare it, who receives people reads it and lets go of it."""

__all__ = ["interest_routes"]

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler import storage
from services.scheduler.api.paging import PageQuery, page_of
from services.scheduler.bodies.reception import InterestBody
from services.scheduler.usecases.reception import interest
from shared.service import Service
from shared.web.caller import caller
from shared.web.frame import acting


class InterestView(ma.Schema):
    """Somebody who would like to be received, and how to answer them; forgotten after 30 days."""

    id = ma.fields.UUID(required=True)
    territory = ma.fields.String(required=True)
    commune = ma.fields.String(required=True, metadata={"description": "Its code."})
    language = ma.fields.String(required=True)
    permit_kind = ma.fields.String(required=True)
    called = ma.fields.String(required=True)
    phone = ma.fields.String(required=True)
    email = ma.fields.String(required=True)
    declared_at = ma.fields.AwareDateTime(required=True)


def interest_routes(service: Service, *, demo: bool) -> Blueprint:
    """Return the routes for declared interest; `demo` accepts invented phones."""
    routes = Blueprint("interest", __name__, description="Who would like to be received")

    @routes.put("/interests/<uuid:interest_id>")
    @routes.arguments(InterestBody)
    @routes.response(204)
    @routes.alt_response(429, success=False, description="Too many from this address in an hour.")
    def declare_interest(said: interest.Declared, interest_id: UUID) -> None:
        """Say that one would like to be received; the same id again changes nothing. Needs no sign-in."""
        with acting(service) as work:
            interest.declare(work, interest_id, said, caller(), test_numbers=demo)

    @routes.get("/interests")
    @routes.arguments(PageQuery, location="query")
    @routes.response(200, page_of(InterestView))
    def list_interests(query: dict[str, Any]) -> dict[str, Any]:
        """Return who waits to be contacted."""
        with acting(service, reading=True) as work:
            waiting = interest.waiting(work, query["territory"])
            page = storage.page(work.db, waiting, storage.interest.c.id, query["after"], query["limit"])
        return page | {"items": [_flat(row) for row in page["items"]]}

    @routes.post("/interests/<uuid:interest_id>/dropping")
    @routes.response(204)
    @routes.alt_response(404, success=False)
    def drop_interest(interest_id: UUID) -> None:
        """Forget a declared interest: the person was contacted, or asked for it."""
        with acting(service) as work:
            interest.drop(work, interest_id)

    return routes


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **row["private"]}

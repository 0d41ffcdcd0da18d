"""Rescue: courses that end after the term, a faster group, and the move into it."""

__all__ = ["rescue_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.bodies.rescue import RescueBody, SearchBody
from services.scheduler.bodies.scenarios import TERRITORY
from services.scheduler.usecases import rescue, rescue_groups
from shared.service import Service
from shared.web.frame import acting


class RescuesQuery(ma.Schema):
    """Which department."""

    territory = ma.fields.String(required=True, validate=TERRITORY)


class WayView(ma.Schema):
    """A group that would end before the term; `run_id` is the plan to publish first, where it is not open yet."""

    session_id = ma.fields.UUID(required=True)
    site = ma.fields.String(required=True)
    rhythm = ma.fields.String(required=True)
    joins_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)
    travel_minutes = ma.fields.Integer(required=True)
    run_id = ma.fields.UUID(required=True, allow_none=True)


class NoWayView(ma.Schema):
    """Why there is no way out, in words."""

    code = ma.fields.String(required=True)
    fr = ma.fields.String(required=True)
    en = ma.fields.String(required=True)


class RescueView(ma.Schema):
    """Somebody whose course ends after the term, and what can be done."""

    placement_id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    contract_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    programme = ma.fields.String(required=True)
    part = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    rhythm = ma.fields.String(required=True)
    joins_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)
    term_on = ma.fields.Date(required=True)
    ways = ma.fields.List(ma.fields.Nested(WayView), required=True)
    why = ma.fields.Nested(NoWayView, required=True, allow_none=True)


class MovedSeatView(ma.Schema):
    """The seat after the move."""

    placement_id = ma.fields.UUID(required=True)
    session_id = ma.fields.UUID(required=True)
    joins_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)


class LateView(ma.Schema):
    """Somebody whose course would end after the term."""

    signatory_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)


class QuickGroupView(ma.Schema):
    """A group that could open: how many would sit in it, and which late people."""

    session_id = ma.fields.UUID(required=True)
    part = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    rhythm = ma.fields.String(required=True)
    starts_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)
    people = ma.fields.Integer(required=True)
    late = ma.fields.List(ma.fields.Nested(LateView), required=True)
    open = ma.fields.Boolean(required=True)


class SearchView(ma.Schema):
    """A search for new groups, how far it is, and what it found."""

    id = ma.fields.UUID(required=True)
    territory = ma.fields.String(required=True)
    programme = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    job = ma.fields.String(required=True)
    error = ma.fields.String(required=True, allow_none=True)
    groups = ma.fields.List(ma.fields.Nested(QuickGroupView), required=True)


class OpenedView(ma.Schema):
    """A group after it was opened."""

    session_id = ma.fields.UUID(required=True)
    people = ma.fields.Integer(required=True)


def rescue_routes(service: Service) -> Blueprint:
    """Return the routes of rescue."""
    routes = Blueprint("rescue", __name__, description="Rescue before an extension")

    @routes.get("/rescues")
    @routes.arguments(RescuesQuery, location="query")
    @routes.response(200, RescueView(many=True))
    def list_rescues(query: dict[str, str]) -> list[dict[str, Any]]:
        """Return whose course is forecast to end after the term, and a faster group for each, or why there is none."""
        with acting(service, reading=True) as work:
            return rescue.late(work, query["territory"])

    @routes.post("/placements/<uuid:placement_id>/rescue")
    @routes.arguments(RescueBody)
    @routes.response(200, MovedSeatView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The seat is taken, no longer late, or the course has begun.")
    def rescue_person(body: dict[str, UUID], placement_id: UUID) -> dict[str, Any]:
        """Give the seat of a late course back and give one that ends before the term; sent twice, moved once."""
        with acting(service) as work:
            return rescue.move(work, placement_id, body["session_id"])

    @routes.put("/rescue-searches/<uuid:search_id>")
    @routes.arguments(SearchBody)
    @routes.response(200, SearchView)
    @routes.alt_response(409, success=False, description="The id was used with another body.")
    def search_groups(body: dict[str, str], search_id: UUID) -> dict[str, Any]:
        """Search in the background for new groups that would end before the term of late people."""
        with acting(service) as work:
            return rescue_groups.ask(work, search_id, body["territory"], body["programme"])

    @routes.get("/rescue-searches/<uuid:search_id>")
    @routes.response(200, SearchView)
    @routes.alt_response(404, success=False)
    def read_search(search_id: UUID) -> dict[str, Any]:
        """Return a search and what it found."""
        with acting(service, reading=True) as work:
            return rescue_groups.find(work, search_id)

    @routes.post("/rescue-searches/<uuid:search_id>/groups/<uuid:session_id>/opening")
    @routes.response(200, OpenedView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Somebody or something is taken by now: search again.")
    def open_quick_group(search_id: UUID, session_id: UUID) -> dict[str, Any]:
        """Open a group that a search found and move its late people into it; sent twice, opened once."""
        with acting(service) as work:
            return rescue_groups.open_group(work, search_id, session_id)

    return routes

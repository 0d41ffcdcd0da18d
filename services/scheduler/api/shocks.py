"""After a shock: groups that no longer hold, their cancellation, and who was moved."""

__all__ = ["shock_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.bodies.shocks import CancellationBody
from services.scheduler.programmes import codes
from services.scheduler.usecases import shocks
from shared.service import Service
from shared.web.frame import acting


class ShakenQuery(ma.Schema):
    """Which groups to look at."""

    territory = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])$"))
    programme = ma.fields.String(required=True, validate=ma.validate.OneOf(codes()))


class WhyView(ma.Schema):
    """One rule that a group breaks now."""

    rule = ma.fields.String(required=True)
    words = ma.fields.String(required=True)


class ShakenView(ma.Schema):
    """A published group that no longer holds."""

    id = ma.fields.UUID(required=True)
    training = ma.fields.String(required=True)
    parts = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    starts_on = ma.fields.Date(required=True)
    people = ma.fields.Integer(required=True)
    reasons = ma.fields.List(ma.fields.Nested(WhyView), required=True)


class CancelledView(ma.Schema):
    """A group after its cancellation."""

    id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True)


class MovedView(ma.Schema):
    """Somebody whom a plan moved, and why."""

    reference = ma.fields.String(required=True)
    signatory_id = ma.fields.UUID(required=True)
    training = ma.fields.String(required=True)
    part = ma.fields.String(required=True)
    from_site = ma.fields.String(required=True)
    from_on = ma.fields.Date(required=True)
    why = ma.fields.String(required=True)
    to_site = ma.fields.String(required=True)
    to_on = ma.fields.Date(required=True)


def shock_routes(service: Service) -> Blueprint:
    """Return the routes for what happens after a shock."""
    routes = Blueprint("shocks", __name__, description="After a shock")

    @routes.get("/shaken-sessions")
    @routes.arguments(ShakenQuery, location="query")
    @routes.response(200, ShakenView(many=True))
    def list_shaken(query: dict[str, str]) -> list[dict[str, Any]]:
        """Return the published groups that no longer hold under the offer as it is now."""
        with acting(service, reading=True) as work:
            return shocks.no_longer_hold(work, query["territory"], query["programme"])

    @routes.post("/sessions/<uuid:session_id>/cancellation")
    @routes.arguments(CancellationBody)
    @routes.response(200, CancelledView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The group has begun.")
    def cancel_session(body: dict[str, str], session_id: UUID) -> dict[str, Any]:
        """Cancel a group that has not begun: its people are told and wait for the next plan."""
        with acting(service) as work:
            return shocks.cancel(work, session_id, body["reason"])

    @routes.get("/runs/<uuid:run_id>/moves")
    @routes.response(200, MovedView(many=True))
    @routes.alt_response(404, success=False)
    def list_moves(run_id: UUID) -> list[dict[str, Any]]:
        """Return whom a published plan moved, and why."""
        with acting(service, reading=True) as work:
            return shocks.moved(work, run_id)

    return routes

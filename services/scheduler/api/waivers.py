"""Waivers of a territory, and the travel times that were imported for it."""

__all__ = ["waiver_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler import storage
from services.scheduler.api.paging import PageQuery, page_of
from services.scheduler.bodies.waivers import WaiverBody
from services.scheduler.usecases import offer, waivers
from services.scheduler.usecases.waivers import Wanted
from shared.scope import check_territory
from shared.service import Service
from shared.web.frame import acting

TERRITORY = ma.validate.Regexp(r"^(\d{2,3}|2[AB])$")


class WaiverView(ma.Schema):
    """A waiver: for whom, which rule, why, who agreed and when, and whether it holds."""

    id = ma.fields.UUID(required=True)
    territory = ma.fields.String(required=True)
    rule = ma.fields.String(required=True)
    signatory_id = ma.fields.UUID(required=True, allow_none=True)
    session_id = ma.fields.UUID(required=True, allow_none=True)
    reason = ma.fields.String(required=True)
    agreed_by = ma.fields.String(required=True)
    agreed_on = ma.fields.Date(required=True)
    ended_on = ma.fields.Date(required=True, allow_none=True)
    ended_by = ma.fields.String(required=True, allow_none=True)
    actor = ma.fields.String(required=True)
    at = ma.fields.AwareDateTime(required=True)


class WaiverQuery(PageQuery):
    """Which waivers."""

    territory = ma.fields.String(required=True, validate=TERRITORY)
    signatory_id = ma.fields.UUID(load_default=None)


class TravelQuery(ma.Schema):
    """Which travel times."""

    territory = ma.fields.String(required=True, validate=TERRITORY)
    commune = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^\d[\dAB]\d{3}$"))


class TravelView(ma.Schema):
    """A travel time that goes before the estimate."""

    commune = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    mode = ma.fields.String(required=True)
    minutes = ma.fields.Integer(required=True)


def waiver_routes(service: Service) -> Blueprint:
    """Return the routes for waivers and travel times."""
    routes = Blueprint("waivers", __name__, description="Exceptions that planners make")

    @routes.put("/waivers/<uuid:waiver_id>")
    @routes.arguments(WaiverBody)
    @routes.response(200, WaiverView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Waived already, or the id was used with another body.")
    def give_waiver(body: Wanted, waiver_id: UUID) -> dict[str, Any]:
        """Waive a rule for a person or group; plans made from now on read it."""
        with acting(service) as work:
            return waivers.give(work, waiver_id, body)

    @routes.get("/waivers")
    @routes.arguments(WaiverQuery, location="query")
    @routes.response(200, page_of(WaiverView))
    def list_waivers(query: dict[str, Any]) -> dict[str, Any]:
        """Return the waivers of a territory (of one person), ended ones too."""
        with acting(service, reading=True) as work:
            check_territory(work.who, query["territory"])
            found = waivers.listed(query["territory"], query["signatory_id"])
            return storage.page(work.db, found, storage.waiver.c.id, query["after"], query["limit"])

    @routes.post("/waivers/<uuid:waiver_id>/ending")
    @routes.response(200, WaiverView)
    @routes.alt_response(404, success=False)
    def end_waiver(waiver_id: UUID) -> dict[str, Any]:
        """End a waiver; the same again changes nothing."""
        with acting(service) as work:
            return waivers.end(work, waiver_id)

    @routes.get("/travel-times")
    @routes.arguments(TravelQuery, location="query")
    @routes.response(200, TravelView(many=True))
    def list_travel_times(query: dict[str, str]) -> list[Any]:
        """Return the imported travel times from a commune; where there is none, the estimate holds."""
        with acting(service, reading=True) as work:
            check_territory(work.who, query["territory"])
            return list(offer.travel_times(work, query["territory"], {query["commune"]}))

    return routes

"""The interview desk: itineraries with seats held, the choice, and who fits a free seat."""

__all__ = ["desk_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.bodies.desk import ChoiceBody, ShowBody
from services.scheduler.settings import Settings
from services.scheduler.usecases import choosing, desk, desk_code
from shared.service import Service
from shared.web.frame import acting


class StepView(ma.Schema):
    """A seat of an itinerary: local days and times at its site."""

    session_id = ma.fields.UUID(required=True)
    training = ma.fields.String(required=True)
    needs = ma.fields.Dict(required=True, metadata={"description": "Need id -> part."})
    days = ma.fields.Dict(required=True, metadata={"description": "Part -> its first day."})
    joins_on = ma.fields.String(required=True, metadata={"format": "date"})
    starts_at = ma.fields.String(required=True)
    last_on = ma.fields.String(required=True, metadata={"format": "date"})
    meetings = ma.fields.Integer(required=True)
    site = ma.fields.String(required=True)
    travel_minutes = ma.fields.Integer(required=True)
    rhythm = ma.fields.String(required=True, allow_none=True)
    late = ma.fields.Boolean(required=True, metadata={"description": "Forecast to end after the term."})


class ItineraryView(ma.Schema):
    """One itinerary; lower values are better, T1 before T2 before T3 (docs/formats/problem.md)."""

    number = ma.fields.Integer(required=True)
    value = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    steps = ma.fields.List(ma.fields.Nested(StepView), required=True)
    chosen = ma.fields.Boolean(load_default=False)


class ShowingView(ma.Schema):
    """What is shown to somebody; its seats are held until an instant of real time."""

    id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(["shown", "taken", "released"]))
    until = ma.fields.AwareDateTime(required=True)
    itineraries = ma.fields.List(ma.fields.Nested(ItineraryView), required=True)


class FittingView(ma.Schema):
    """Somebody who waits and fits a free seat."""

    signatory_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    need_ids = ma.fields.List(ma.fields.UUID(), required=True)
    points = ma.fields.Integer(required=True, metadata={"description": "T1 points while they have no seat."})
    joins_on = ma.fields.Date(required=True)
    travel_minutes = ma.fields.Integer(required=True)


class OfferView(ma.Schema):
    """What somebody may choose from at home, until an instant; nothing is held. Of one that ended, what was given."""

    id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(["open", "taken", "expired", "withdrawn"]))
    until = ma.fields.AwareDateTime(required=True)
    itineraries = ma.fields.List(ma.fields.Nested(ItineraryView), required=True)


class CodeView(ma.Schema):
    """The four digits that open more than a link: said once, kept sealed."""

    code = ma.fields.String(required=True, metadata={"pattern": "^[0-9]{4}$"})


def desk_routes(service: Service, settings: Settings) -> Blueprint:
    """Return the routes of the interview desk."""
    routes = Blueprint("desk", __name__, description="The interview desk")

    @routes.put("/showings/<uuid:showing_id>")
    @routes.arguments(ShowBody)
    @routes.response(200, ShowingView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Nothing is owed, or the seats are held no longer.")
    def show_itineraries(body: dict[str, UUID], showing_id: UUID) -> dict[str, Any]:
        """Show up to three itineraries to somebody and hold their seats. What was shown before is let go."""
        with acting(service) as work:
            return desk.show(work, showing_id, body["signatory_id"])

    @routes.get("/showings/<uuid:showing_id>")
    @routes.response(200, ShowingView)
    @routes.alt_response(404, success=False)
    def read_showing(showing_id: UUID) -> dict[str, Any]:
        """Return what was shown."""
        with acting(service, reading=True) as work:
            return desk.find(work, showing_id)

    @routes.post("/showings/<uuid:showing_id>/choice")
    @routes.arguments(ChoiceBody)
    @routes.response(200, ShowingView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Held no longer, or another one was chosen.")
    def choose_itinerary(body: dict[str, int], showing_id: UUID) -> dict[str, Any]:
        """Give the seats of one itinerary; the person is told, the other seats are free again."""
        with acting(service) as work:
            return desk.take(work, showing_id, body["number"])

    @routes.post("/showings/<uuid:showing_id>/release")
    @routes.response(200, ShowingView)
    @routes.alt_response(404, success=False)
    def release_showing(showing_id: UUID) -> dict[str, Any]:
        """Let go of the seats that are held."""
        with acting(service) as work:
            return desk.release(work, showing_id)

    @routes.put("/slot-offers/<uuid:offer_id>")
    @routes.arguments(ShowBody)
    @routes.response(200, OfferView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Nothing is owed, or nothing fits now.")
    def offer_slots(body: dict[str, UUID], offer_id: UUID) -> dict[str, Any]:
        """Let somebody choose at home from up to three itineraries; first come keeps the seat."""
        with acting(service) as work:
            return choosing.offer(work, offer_id, body["signatory_id"], settings.choose_hours)

    @routes.get("/signatories/<uuid:signatory_id>/slot-offers")
    @routes.response(200, OfferView(many=True))
    @routes.alt_response(404, success=False)
    def read_offers(signatory_id: UUID) -> list[dict[str, Any]]:
        """Return what was offered to somebody, the last one first."""
        with acting(service, reading=True) as work:
            return choosing.offers_of(work, signatory_id)

    @routes.post("/slot-offers/<uuid:offer_id>/withdrawal")
    @routes.response(200, OfferView)
    @routes.alt_response(404, success=False)
    def withdraw_offer(offer_id: UUID) -> dict[str, Any]:
        """Take an offer back; what has ended stays as it is."""
        with acting(service) as work:
            return choosing.withdraw(work, offer_id)

    @routes.post("/signatories/<uuid:signatory_id>/code")
    @routes.response(200, CodeView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="This record is merged into another.")
    def give_code(signatory_id: UUID) -> dict[str, str]:
        """Give somebody a code of four digits, another one each time; show it to them and keep no copy."""
        with acting(service) as work:
            return {"code": desk_code.give_code(work, signatory_id)}

    @routes.get("/sessions/<uuid:session_id>/fitting")
    @routes.response(200, FittingView(many=True))
    @routes.alt_response(404, success=False)
    def who_fits(session_id: UUID) -> list[dict[str, Any]]:
        """Return who of the waiting people fits a free seat of this group best."""
        with acting(service, reading=True) as work:
            return desk.who_fits(work, session_id)

    return routes

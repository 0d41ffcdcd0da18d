"""Corrections that are asked for, every version of a roll, rolls that are missing."""

__all__ = ["correction_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.attendance.api.following import PageQuery, page_of
from services.attendance.api.rolls import MarkBody, MarkView, RollRow
from services.attendance.usecases import corrections, meetings
from services.attendance.usecases.corrections import CORRECTIONS, REFUSALS, Request
from services.attendance.usecases.missing import STAGES, missing_rolls
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting


class RequestBody(ma.Schema):
    """The mark that should stand, and why."""

    mark = ma.fields.Nested(MarkBody, required=True)
    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(CORRECTIONS))


class RequestQuery(PageQuery):
    """Corrections asked for, by state."""

    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(["asked", "accepted", "refused"]))


class RequestView(ma.Schema):
    """A correction that a training body asked for."""

    id = ma.fields.UUID(required=True)
    meeting_id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    held_on = ma.fields.Date(required=True)
    mark = ma.fields.Dict(required=True)
    reason = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    refused_because = ma.fields.String(required=True)
    asked_by = ma.fields.String(required=True)
    asked_at = ma.fields.AwareDateTime(required=True)
    decided_by = ma.fields.String(required=True)
    decided_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class RequestPage(ma.Schema):
    """A page of corrections asked for."""

    items = ma.fields.List(ma.fields.Nested(RequestView), required=True)
    next = ma.fields.UUID(required=True, allow_none=True)


class DecisionBody(ma.Schema):
    """A named agent's decision."""

    accepted = ma.fields.Boolean(required=True)
    refused_because = ma.fields.String(load_default="", validate=ma.validate.OneOf(("", *REFUSALS)))


class DecisionView(ma.Schema):
    """The decision as it was kept."""

    id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True)
    refused_because = ma.fields.String(required=True)
    decided_by = ma.fields.String(required=True)


class VersionedMark(MarkView):
    """A mark, and in which version of the roll it was sealed."""

    signatory_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    ground = ma.fields.String(required=True)
    actor = ma.fields.String(required=True)
    recorded_at = ma.fields.AwareDateTime(required=True)
    version = ma.fields.Integer(required=True, allow_none=True, metadata={"description": "Null: not sealed yet."})
    sealed_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class Versions(ma.Schema):
    """Every mark ever put on a roll."""

    marks = ma.fields.List(ma.fields.Nested(VersionedMark), required=True)


class MissingQuery(ma.Schema):
    """Missing rolls, by who is asked for them."""

    stage = ma.fields.String(load_default=None, validate=ma.validate.OneOf(STAGES))


class MissingView(RollRow):
    """A roll that nobody has taken."""

    stage = ma.fields.String(required=True, validate=ma.validate.OneOf(STAGES))


class MissingList(ma.Schema):
    """The oldest first, at most 500."""

    items = ma.fields.List(ma.fields.Nested(MissingView), required=True)


class SubstituteBody(ma.Schema):
    """The code of the trainer who holds the meeting; empty: as planned."""

    trainer = ma.fields.String(required=True, validate=ma.validate.Length(max=80))


class CancellationBody(ma.Schema):
    """Why a meeting was not held."""

    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(meetings.NOT_HELD))


def correction_routes(service: Service) -> Blueprint:
    """Return the routes of corrections."""
    routes = Blueprint("corrections", __name__, description="Corrections, versions, missing rolls")

    @routes.put("/rolls/<uuid:meeting_id>/correction-requests/<uuid:request_id>")
    @routes.arguments(RequestBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The roll is not signed, or the id is another request's.")
    def ask_correction(body: dict[str, Any], meeting_id: UUID, request_id: UUID) -> None:
        """Ask OFII for a correction, once the days in which the training body corrects by itself are over."""
        with acting(service) as work:
            corrections.ask_correction(work, Request(id=request_id, **body), meeting_id)

    @routes.get("/correction-requests")
    @routes.arguments(RequestQuery, location="query")
    @routes.response(200, RequestPage)
    def list_requests(query: dict[str, Any]) -> dict[str, Any]:
        """Return corrections that were asked for."""
        with acting(service, reading=True) as work:
            territory = own_territory(work.who, query["territory"])
            found = corrections.requests(work, territory, query["state"], query["after"], query["limit"] + 1)
        return page_of(found, query["limit"])

    @routes.post("/correction-requests/<uuid:request_id>/decision")
    @routes.arguments(DecisionBody)
    @routes.response(200, DecisionView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="It was decided otherwise.")
    def decide_correction(body: dict[str, Any], request_id: UUID) -> dict[str, Any]:
        """Decide on a correction; an accepted one is a new version of the roll."""
        with acting(service) as work:
            return corrections.decide_correction(work, request_id, **body)

    @routes.get("/rolls/<uuid:meeting_id>/versions")
    @routes.response(200, Versions)
    @routes.alt_response(404, success=False)
    def list_versions(meeting_id: UUID) -> dict[str, Any]:
        """Return every mark of a roll with the version in which it was sealed."""
        with acting(service, reading=True) as work:
            return {"marks": corrections.versions(work, meeting_id)}

    @routes.put("/rolls/<uuid:meeting_id>/substitute")
    @routes.arguments(SubstituteBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The roll is signed.")
    def name_substitute(body: dict[str, Any], meeting_id: UUID) -> None:
        """Name the trainer who holds a meeting in another's place: they see its roll."""
        with acting(service) as work:
            meetings.name_substitute(work, meeting_id, body["trainer"])

    @routes.post("/rolls/<uuid:meeting_id>/cancellation")
    @routes.arguments(CancellationBody)
    @routes.response(200, RollRow)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The roll is signed, or not open yet.")
    def cancel_meeting(body: dict[str, Any], meeting_id: UUID) -> dict[str, Any]:
        """Say that a meeting was not held: it counts nowhere."""
        with acting(service) as work:
            return meetings.cancel_meeting(work, meeting_id, body["reason"])

    @routes.post("/rolls/<uuid:meeting_id>/loss")
    @routes.response(200, RollRow)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The roll has marks, is signed, or not open yet.")
    def declare_roll_lost(meeting_id: UUID) -> dict[str, Any]:
        """Say that a meeting was held and its roll cannot be had any more: it counts nowhere."""
        with acting(service) as work:
            return meetings.declare_roll_lost(work, meeting_id)

    @routes.get("/missing-rolls")
    @routes.arguments(MissingQuery, location="query")
    @routes.response(200, MissingList)
    def list_missing(query: dict[str, Any]) -> dict[str, Any]:
        """Return rolls that nobody has taken; they count against nobody who sat there."""
        with acting(service, reading=True) as work:
            return {"items": missing_rolls(work, query["stage"])}

    return routes

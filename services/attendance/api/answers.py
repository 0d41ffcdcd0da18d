"""What people say: that they will not come, that they were there, that they had a reason."""

__all__ = ["answer_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response, request
from flask_smorest import Blueprint

from services.attendance.settings import Settings
from services.attendance.usecases import absences
from shared.service import Service
from shared.web.frame import acting


class AnnouncementBody(ma.Schema):
    """Somebody will be absent, or late: it frees no seat."""

    signatory_id = ma.fields.UUID(required=True)
    meeting_id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(absences.ANNOUNCED))
    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(absences.JUSTIFICATIONS))


class AnswerBody(ma.Schema):
    """What a person says about an absence of theirs."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(absences.ANSWERS))
    reason = ma.fields.String(load_default="", validate=ma.validate.OneOf(("", *absences.JUSTIFICATIONS)))


class AnswerView(ma.Schema):
    """What was said, and when."""

    kind = ma.fields.String(required=True)
    reason = ma.fields.String(required=True)
    recorded_at = ma.fields.AwareDateTime(required=True)


class OwnAbsence(ma.Schema):
    """One absence as the person sees it."""

    mark_id = ma.fields.UUID(required=True)
    meeting_id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True)
    held_on = ma.fields.Date(required=True)
    starts_at = ma.fields.Time(required=True)
    training = ma.fields.String(required=True)
    part = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    answer = ma.fields.Nested(AnswerView, required=True, allow_none=True)


class OwnAbsences(ma.Schema):
    """A person's absences, the newest first."""

    items = ma.fields.List(ma.fields.Nested(OwnAbsence), required=True)


def answer_routes(service: Service, settings: Settings) -> Blueprint:
    """Return the routes of what people say."""
    routes = Blueprint("answers", __name__, description="Announced absences, answers, papers")

    @routes.put("/announcements/<uuid:announcement_id>")
    @routes.arguments(AnnouncementBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The roll is signed, or the id is another one's.")
    def announce(body: dict[str, Any], announcement_id: UUID) -> None:
        """Keep that somebody will be absent or late; it stands on the roll before anybody takes it."""
        with acting(service) as work:
            people = body.pop("signatory_id"), body.pop("meeting_id")
            absences.announce(work, announcement_id, *people, **body)

    @routes.post("/announcements/<uuid:announcement_id>/withdrawal")
    @routes.response(204)
    @routes.alt_response(404, success=False)
    def withdraw_announcement(announcement_id: UUID) -> None:
        """Take back what was announced."""
        with acting(service) as work:
            absences.withdraw_announcement(work, announcement_id)

    @routes.put("/absences/<uuid:mark_id>/answers/<uuid:answer_id>")
    @routes.arguments(AnswerBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="No absence, or the id is another answer's.")
    def answer_absence(body: dict[str, Any], mark_id: UUID, answer_id: UUID) -> None:
        """Keep what the person says about an absence."""
        with acting(service) as work:
            absences.answer_absence(work, answer_id, mark_id, kind=body["kind"], reason=body["reason"])

    @routes.put("/absences/<uuid:mark_id>/papers/<uuid:paper_id>")
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="No absence, or the id is another paper's.")
    @routes.alt_response(422, success=False, description="No JPEG, PNG or PDF, or too big.")
    def send_paper(mark_id: UUID, paper_id: UUID) -> None:
        """Send a photo about an absence, as the request's body: an agent looks at it, then it is gone."""
        kind = request.mimetype
        with acting(service) as work:
            content = request.get_data()
            absences.send_paper(work, paper_id, mark_id, media_type=kind, content=content, delays=settings.delays)

    @routes.get("/papers/<uuid:paper_id>")
    @routes.response(200, content_type="application/octet-stream")
    @routes.alt_response(404, success=False)
    def read_paper(paper_id: UUID) -> Response:
        """Return a photo that a person sent, while it is kept."""
        with acting(service, reading=True) as work:
            media_type, content = absences.read_paper(work, paper_id)
        return Response(content, mimetype=media_type, headers={"Content-Disposition": "attachment"})

    @routes.get("/signatories/<uuid:signatory_id>/absences")
    @routes.response(200, OwnAbsences)
    @routes.alt_response(404, success=False)
    def own_absences(signatory_id: UUID) -> dict[str, Any]:
        """Return a person's absences with what they answered and what was decided."""
        with acting(service, reading=True) as work:
            return {"items": absences.own_absences(work, signatory_id)}

    return routes

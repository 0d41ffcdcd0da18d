"""Beside the planned trainings: follow-up offers, the platform's reports, orientations, levels; and who is who."""

__all__ = ["prescription_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask_smorest import Blueprint

from services.scheduler.bodies.prescriptions import (
    DifficultyBody,
    FollowUpBody,
    LevelBody,
    LogBody,
    MergeBody,
    OfferAnswerBody,
    OrientationBody,
    PaperQuery,
    ReachBody,
)
from services.scheduler.domain.prescription import PlatformLog
from services.scheduler.settings import Settings
from services.scheduler.usecases import contracts, people, prescriptions
from shared.service import Service
from shared.web.frame import acting


class FollowUpView(FollowUpBody):
    """A follow-up prescribed to somebody."""

    id = ma.fields.UUID(required=True)
    offer = ma.fields.String(required=True)


class LogView(ma.Schema):
    """A report as it is kept."""

    reported_on = ma.fields.Date(required=True)
    last_login = ma.fields.Date(required=True, allow_none=True)
    minutes = ma.fields.Integer(required=True)
    module = ma.fields.String(required=True)
    test = ma.fields.String(required=True)


class OrientationView(ma.Schema):
    """What is suggested, and what came of it."""

    id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True)
    why = ma.fields.String(required=True)
    state = ma.fields.String(required=True)


class LevelView(ma.Schema):
    """A level that was seen, and when."""

    on = ma.fields.Date(required=True)
    occasion = ma.fields.String(required=True)
    level = ma.fields.String(required=True)
    oral = ma.fields.String(required=True)
    written = ma.fields.String(required=True)
    confidence = ma.fields.String(required=True)


class MergeView(MergeBody):
    """A merge, undone or not."""

    id = ma.fields.UUID(required=True)
    why = ma.fields.List(ma.fields.String(), required=True)
    undone_at = ma.fields.AwareDateTime(required=True, allow_none=True)


def prescription_routes(service: Service, settings: Settings) -> Blueprint:
    """Return the routes for what is prescribed beside the trainings, for the contract's paper and for people."""
    routes = Blueprint("prescriptions", __name__, description="Prescriptions, levels, people")

    @routes.get("/contracts/<uuid:contract_id>/paper")
    @routes.arguments(PaperQuery, location="query")
    @routes.response(200, content_type="application/pdf")
    @routes.alt_response(404, success=False)
    def read_paper(query: dict[str, str], contract_id: UUID) -> Response:
        """Return the contract as PDF, in French with the person's language beside it."""
        with acting(service, reading=True) as work:
            content = contracts.paper(work, contract_id, query["language"], settings.legal_texts)
        return Response(content, mimetype="application/pdf")

    @routes.put("/contracts/<uuid:contract_id>/follow-ups/<string:offer>")
    @routes.arguments(FollowUpBody)
    @routes.response(200, FollowUpView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Not possible from here, or no place is left.")
    def note_follow_up(body: dict[str, Any], contract_id: UUID, offer: str) -> dict[str, Any]:
        """Prescribe a follow-up offer, book it, or note that it was attended or given up."""
        with acting(service) as work:
            return prescriptions.follow_up(work, contract_id, offer, body["state"], body["on"])

    @routes.post("/contracts/<uuid:contract_id>/platform")
    @routes.arguments(LogBody)
    @routes.response(200, LogView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="This contract does not follow the platform.")
    def report_platform(log: PlatformLog, contract_id: UUID) -> dict[str, Any]:
        """Keep what the platform reports; the same day again replaces it."""
        with acting(service) as work:
            return prescriptions.report(work, contract_id, log)

    @routes.put("/contracts/<uuid:contract_id>/language-offer")
    @routes.arguments(OfferAnswerBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="No course is offered, or the contract has ended.")
    def answer_language_offer(body: dict[str, str], contract_id: UUID) -> None:
        """Keep what the person says of a course that is offered: refused, it is not owed."""
        with acting(service) as work:
            prescriptions.answer_offer(work, contract_id, body["answer"])

    @routes.post("/contracts/<uuid:contract_id>/difficulties")
    @routes.arguments(DifficultyBody)
    @routes.response(200, OrientationView(many=True))
    @routes.alt_response(404, success=False)
    def note_difficulty(body: dict[str, str], contract_id: UUID) -> list[dict[str, Any]]:
        """Note a difficulty; the answer suggests what the rules have for it."""
        with acting(service) as work:
            return prescriptions.orient(work, contract_id, body["why"])

    @routes.post("/orientations/<uuid:orientation_id>/outcome")
    @routes.arguments(OrientationBody)
    @routes.response(200, OrientationView)
    @routes.alt_response(404, success=False)
    def answer_orientation(body: dict[str, str], orientation_id: UUID) -> dict[str, Any]:
        """Note what came of an orientation."""
        with acting(service) as work:
            return prescriptions.answer_orientation(work, orientation_id, body["state"])

    @routes.post("/signatories/<uuid:signatory_id>/levels")
    @routes.arguments(LevelBody)
    @routes.response(200, LevelView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="No contract of this person is running.")
    def place_again(body: dict[str, Any], signatory_id: UUID) -> dict[str, Any]:
        """Keep a level seen after some sessions; another course is prescribed where one is given."""
        on = body.pop("on")
        with acting(service) as work:
            return prescriptions.place_again(work, signatory_id, body, on)

    @routes.get("/signatories/<uuid:signatory_id>/levels")
    @routes.response(200, LevelView(many=True))
    @routes.alt_response(404, success=False)
    def read_levels(signatory_id: UUID) -> list[dict[str, Any]]:
        """Return every level that was seen, the first one first."""
        with acting(service, reading=True) as work:
            return prescriptions.levels(work, signatory_id)

    @routes.put("/signatories/<uuid:signatory_id>/contact")
    @routes.arguments(ReachBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    def change_contact(reach: people.Reach, signatory_id: UUID) -> None:
        """Change how somebody is reached; a file sent again does not take it back."""
        with acting(service) as work:
            people.change_contact(work, signatory_id, reach, test_numbers=settings.demo)

    @routes.put("/merges/<uuid:merge_id>")
    @routes.arguments(MergeBody)
    @routes.response(200, MergeView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="One of them is merged already.")
    def merge_people(body: dict[str, UUID], merge_id: UUID) -> dict[str, Any]:
        """Say that two records are one person."""
        with acting(service) as work:
            return people.merge(work, merge_id, body["kept_id"], body["other_id"])

    @routes.post("/merges/<uuid:merge_id>/undoing")
    @routes.response(200, MergeView)
    @routes.alt_response(404, success=False)
    def unmerge_people(merge_id: UUID) -> dict[str, Any]:
        """Undo a merge: the two are told apart again."""
        with acting(service) as work:
            return people.unmerge(work, merge_id)

    return routes

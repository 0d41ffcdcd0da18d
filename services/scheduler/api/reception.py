"""Before a contract: candidates and their answers, interview half-days, bookings, the record, the signature."""

__all__ = ["reception_routes"]

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler import storage
from services.scheduler.api.eligibility import AnswerView
from services.scheduler.api.paging import PageQuery, page_of
from services.scheduler.bodies.reception import (
    LONGEST_REFERENCE,
    AppointmentOutcomeBody,
    AskBody,
    BookingBody,
    ContactBody,
    InterviewRecordBody,
    SignBody,
    SlotsBody,
)
from services.scheduler.domain.eligibility import Facts
from services.scheduler.domain.reception import Assessment, Contact
from services.scheduler.usecases.reception import candidates, interviews
from shared.errors import FieldFault, InvalidInputError
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting

STATES = ("contacted", "booked", "received", "absent", "interviewed", "signed", "not_eligible")


class Alike(ma.Schema):
    """A record that may be the same person, with the reasons in French."""

    id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    why = ma.fields.List(ma.fields.String(), required=True)


class CandidateView(ma.Schema):
    """A candidate, without name or contact points."""

    id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    territory = ma.fields.String(required=True)
    entry = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(STATES))
    programme = ma.fields.String(required=True)
    verdict = ma.fields.String(required=True)
    regime = ma.fields.String(required=True)
    permit_consequence = ma.fields.String(required=True, allow_none=True)


class CandidateEntered(CandidateView):
    """A candidate just written down, with the records that may be the same person."""

    similar = ma.fields.List(ma.fields.Nested(Alike), required=True)


class CandidateQuery(PageQuery):
    """Candidates, by state."""

    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(STATES))


class KeptAnswer(AnswerView):
    """An answer as it is kept."""

    id = ma.fields.UUID(required=True)
    programme = ma.fields.String(required=True)
    actor = ma.fields.String(required=True)
    at = ma.fields.AwareDateTime(required=True)


class Opened(ma.Schema):
    """How many half-days are new."""

    opened = ma.fields.Integer(required=True)


class SlotView(ma.Schema):
    """A half-day of a platform; its time is local."""

    id = ma.fields.UUID(required=True)
    platform = ma.fields.String(required=True)
    day = ma.fields.Date(required=True)
    half = ma.fields.String(required=True)
    starts_at = ma.fields.String(required=True)
    minutes = ma.fields.Integer(required=True)
    places = ma.fields.Integer(required=True)
    desks = ma.fields.Integer(required=True)
    free = ma.fields.Integer(required=True)


class SlotQuery(ma.Schema):
    """Half-days of a territory from a day on."""

    territory = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])$"))
    since = ma.fields.Date(required=True)


class AppointmentView(ma.Schema):
    """An appointment."""

    id = ma.fields.UUID(required=True)
    slot_id = ma.fields.UUID(required=True)
    person_id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    desk = ma.fields.Integer(required=True, allow_none=True)


class SignedView(ma.Schema):
    """The contract that was signed."""

    id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    programme = ma.fields.String(required=True)
    regime = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    signed_on = ma.fields.Date(required=True)
    term_on = ma.fields.Date(required=True)


def reception_routes(service: Service, *, demo: bool) -> Blueprint:
    """Return the routes for what comes before a contract; `demo` accepts invented phones."""
    routes = Blueprint("reception", __name__, description="Before a contract")

    @routes.put("/territories/<string:territory>/candidates/<string:reference>")
    @routes.arguments(ContactBody)
    @routes.response(200, CandidateEntered)
    @routes.alt_response(409, success=False, description="Has signed, or the reference is another territory's.")
    def enter_candidate(body: dict[str, Any], territory: str, reference: str) -> dict[str, Any]:
        """Write somebody down; the same again changes nothing. Says which records may be the same person."""
        if len(reference) > LONGEST_REFERENCE:
            fault = FieldFault("reference", "length", f"at most {LONGEST_REFERENCE} characters")
            raise InvalidInputError("refused", [fault])
        with acting(service) as work:
            return candidates.enter(work, territory, Contact(reference=reference, **body), test_numbers=demo)

    @routes.get("/candidates")
    @routes.arguments(CandidateQuery, location="query")
    @routes.response(200, page_of(CandidateView))
    def list_candidates(query: dict[str, Any]) -> dict[str, Any]:
        """Return candidates."""
        with acting(service, reading=True) as work:
            found = candidates.listed(own_territory(work.who, query["territory"]), query["state"])
            return storage.page(work.db, found, storage.candidate.c.id, query["after"], query["limit"])

    @routes.post("/candidates/<uuid:candidate_id>/answers")
    @routes.arguments(AskBody)
    @routes.response(200, KeptAnswer)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Has signed.")
    def examine_candidate(body: dict[str, Any], candidate_id: UUID) -> dict[str, Any]:
        """Decide whether somebody signs, and keep the answer; asked again it is a re-examination."""
        with acting(service) as work:
            return candidates.ask(work, candidate_id, body["programme"], Facts(**body["facts"]))

    @routes.get("/candidates/<uuid:candidate_id>/answers")
    @routes.response(200, KeptAnswer(many=True))
    @routes.alt_response(404, success=False)
    def read_answers(candidate_id: UUID) -> list[dict[str, Any]]:
        """Return every answer, the first one first."""
        with acting(service, reading=True) as work:
            candidates.find(work, candidate_id)
            return candidates.answers(work, candidate_id)

    @routes.post("/territories/<string:territory>/interview-slots")
    @routes.arguments(SlotsBody)
    @routes.response(200, Opened)
    @routes.alt_response(404, success=False)
    def open_slots(body: Mapping[str, Any], territory: str) -> dict[str, int]:
        """Open half-days of a platform; those already open stay."""
        with acting(service) as work:
            return {"opened": interviews.open_slots(work, territory, **body)}

    @routes.get("/interview-slots")
    @routes.arguments(SlotQuery, location="query")
    @routes.response(200, SlotView(many=True))
    def list_slots(query: dict[str, Any]) -> list[dict[str, Any]]:
        """Return half-days with their free places."""
        with acting(service, reading=True) as work:
            return interviews.slots(work, query["territory"], query["since"])

    @routes.put("/appointments/<uuid:appointment_id>")
    @routes.arguments(BookingBody)
    @routes.response(200, AppointmentView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Full, past, or the person has another appointment.")
    def book_appointment(body: dict[str, Any], appointment_id: UUID) -> dict[str, Any]:
        """Book somebody into a half-day, or move their appointment there; they are told."""
        with acting(service) as work:
            return interviews.book(work, appointment_id, **body)

    @routes.post("/appointments/<uuid:appointment_id>/outcome")
    @routes.arguments(AppointmentOutcomeBody)
    @routes.response(200, AppointmentView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Over already, or too early.")
    def tell_outcome(body: dict[str, Any], appointment_id: UUID) -> dict[str, Any]:
        """Say what became of an appointment."""
        with acting(service) as work:
            return interviews.outcome(work, appointment_id, **body)

    @routes.put("/candidates/<uuid:candidate_id>/record")
    @routes.arguments(InterviewRecordBody)
    @routes.response(200, CandidateView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Has signed.")
    def record_interview(body: dict[str, Any], candidate_id: UUID) -> dict[str, Any]:
        """Keep what the auditor wrote down; it may be corrected until the signature."""
        row = body.pop("row")
        found = Assessment(**body | {"needs": tuple(body["needs"])})
        with acting(service) as work:
            return interviews.record(work, candidate_id, found, row, test_numbers=demo)

    @routes.post("/candidates/<uuid:candidate_id>/signature")
    @routes.arguments(SignBody)
    @routes.response(200, SignedView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Eligibility has not said yes, or there is no record.")
    def sign_contract(body: dict[str, Any], candidate_id: UUID) -> dict[str, Any]:
        """Make the contract, dated by the person's own signature. The same again gives the same contract."""
        signed_on: date = body["signed_on"]
        with acting(service) as work:
            return candidates.sign(work, candidate_id, signed_on, body["columns"], test_numbers=demo)

    return routes

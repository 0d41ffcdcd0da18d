"""The life of contracts: moves by hand, dated duties, the dossier."""

__all__ = ["life_routes"]

from datetime import date
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.api.extensions import ProposalView
from services.scheduler.api.prescriptions import FollowUpView, LogView, OrientationView
from services.scheduler.bodies.life import ActBody, DutyBookingBody, DutyRecordBody, SignatureBody
from services.scheduler.domain.duties import DUTIES
from services.scheduler.domain.life import STATES, Act
from services.scheduler.usecases import contracts, duties, life
from shared.service import Service
from shared.web.frame import acting

WORDS = ma.validate.Length(max=2000)


class MoveView(ma.Schema):
    """A move: who, when, why, under which rule."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    move = ma.fields.String(required=True)
    state_before = ma.fields.String(required=True, validate=ma.validate.OneOf(list(STATES)))
    state_after = ma.fields.String(required=True, validate=ma.validate.OneOf(list(STATES)))
    on = ma.fields.Date(required=True)
    rule = ma.fields.String(required=True)
    act = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), required=True)
    actor = ma.fields.String(required=True)
    at = ma.fields.AwareDateTime(required=True)


class DutyView(ma.Schema):
    """A dated duty; both ends of its window are included."""

    id = ma.fields.UUID(required=True)
    contract_id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(DUTIES))
    owner = ma.fields.String(required=True)
    opens_on = ma.fields.Date(required=True)
    due_on = ma.fields.Date(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(["open", "booked", "done"]))
    outcome = ma.fields.String(required=True)
    booked_on = ma.fields.Date(required=True, allow_none=True)
    done_on = ma.fields.Date(required=True, allow_none=True)
    words = ma.fields.String(required=True)
    rule = ma.fields.String(required=True)


class ContractView(ma.Schema):
    """A contract with its life: moves, duties, signatures, and what was prescribed beside the trainings."""

    id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    territory = ma.fields.String(required=True)
    programme = ma.fields.String(required=True)
    regime = ma.fields.String(required=True)
    permit_consequence = ma.fields.String(required=True, allow_none=True)
    language_offer = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(list(STATES)))
    signed_on = ma.fields.Date(required=True)
    term_on = ma.fields.Date(required=True)
    months_granted = ma.fields.Integer(required=True)
    moves = ma.fields.List(ma.fields.Nested(MoveView), required=True)
    duties = ma.fields.List(ma.fields.Nested(DutyView), required=True)
    signatures = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Date(), required=True)
    follow_ups = ma.fields.List(ma.fields.Nested(FollowUpView), required=True)
    orientations = ma.fields.List(ma.fields.Nested(OrientationView), required=True)
    platform = ma.fields.List(ma.fields.Nested(LogView), required=True)
    proposals = ma.fields.List(ma.fields.Nested(ProposalView), required=True)


class EntryView(ma.Schema):
    """One line of the dossier's index."""

    at = ma.fields.AwareDateTime(required=True)
    code = ma.fields.String(required=True)
    source = ma.fields.String(required=True, metadata={"description": "The service that owns the detail."})
    link = ma.fields.String(required=True)


def life_routes(service: Service) -> Blueprint:
    """Return the routes for the life of contracts."""
    routes = Blueprint("life", __name__, description="The life of contracts")

    @routes.get("/contracts/<uuid:contract_id>")
    @routes.response(200, ContractView)
    @routes.alt_response(404, success=False)
    def read_contract(contract_id: UUID) -> dict[str, Any]:
        """Return a contract with its moves, duties and signatures."""
        with acting(service, reading=True) as work:
            return contracts.view(work, contract_id)

    @routes.put("/contracts/<uuid:contract_id>/moves/<uuid:move_id>")
    @routes.arguments(ActBody)
    @routes.response(200, MoveView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Not possible from this state, or a duty is open.")
    def make_move(wanted: Act, contract_id: UUID, move_id: UUID) -> dict[str, Any]:
        """Make a move. The same id again gives the same move. Extensions are proposed and decided as such."""
        with acting(service) as work:
            return life.act(work, move_id, contract_id, wanted)

    @routes.put("/contracts/<uuid:contract_id>/signatures/<string:party>")
    @routes.arguments(SignatureBody)
    @routes.response(200, ContractView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Signed on another day before.")
    def record_signature(body: dict[str, date], contract_id: UUID, party: str) -> dict[str, Any]:
        """Record the day on which the person, the representative of a minor, or the prefect signed."""
        with acting(service) as work:
            return contracts.sign(work, contract_id, party, body["on"])

    @routes.post("/duties/<uuid:duty_id>/booking")
    @routes.arguments(DutyBookingBody)
    @routes.response(200, DutyView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Done before.")
    def book_duty(body: dict[str, date], duty_id: UUID) -> dict[str, Any]:
        """Keep for which day an exam or a certification is booked at its centre; again moves it."""
        with acting(service) as work:
            return duties.book(work, duty_id, body["on"])

    @routes.post("/duties/<uuid:duty_id>/record")
    @routes.arguments(DutyRecordBody)
    @routes.response(200, DutyView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Done before.")
    def record_duty(body: dict[str, Any], duty_id: UUID) -> dict[str, Any]:
        """Record what came of a duty."""
        with acting(service) as work:
            return duties.record(work, duty_id, body["outcome"], body["on"], body["words"])

    @routes.get("/signatories/<uuid:signatory_id>/dossier")
    @routes.response(200, EntryView(many=True))
    @routes.alt_response(404, success=False)
    def read_dossier(signatory_id: UUID) -> list[dict[str, Any]]:
        """Return what happened to a person, in order of time; each detail stays with its owner."""
        with acting(service, reading=True) as work:
            return contracts.dossier_of(work, signatory_id)

    return routes

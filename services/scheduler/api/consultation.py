"""Publishing in two steps: training bodies confirm the groups of a plan before people are told."""

__all__ = ["consultation_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.bodies.consultation import ConsultationBody, GroupAnswerBody, GroupDecisionBody
from services.scheduler.usecases.consultation import answering, asking, deciding
from services.scheduler.usecases.consultation.answering import Answer
from services.scheduler.usecases.consultation.deciding import Decision
from shared.errors import NotFoundError
from shared.service import Service
from shared.web.frame import acting


class GroupView(ma.Schema):
    """A group of a plan as it is put to its training body: how many people, and nothing else about them."""

    id = ma.fields.UUID(required=True)
    body = ma.fields.String(required=True)
    training = ma.fields.String(required=True)
    parts = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    starts_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)
    people = ma.fields.Integer(required=True)
    session = ma.fields.Dict(required=True, metadata={"description": "As in docs/formats/plan.schema.json."})
    state = ma.fields.String(
        required=True,
        metadata={"description": "waiting, confirmed, countered, refused, kept, left_out or gone."},
    )
    overdue = ma.fields.Boolean(required=True)
    offered = ma.fields.Dict(required=True, allow_none=True)
    reason = ma.fields.String(required=True)


class PlannedGroupView(GroupView):
    """The same for a planner: who answered or decided last, and when."""

    session_id = ma.fields.UUID(required=True)
    actor = ma.fields.String(required=True)
    at = ma.fields.AwareDateTime(required=True)


class BodyGroupView(GroupView):
    """The same for its training body: until when to answer, and whether an answer still counts."""

    answer_by = ma.fields.Date(required=True)
    final = ma.fields.Boolean(required=True)


class ChoiceView(ma.Schema):
    """A room or trainer that may be offered instead."""

    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class OwnGroupView(BodyGroupView):
    """One group with what its training body may offer instead."""

    rooms = ma.fields.List(ma.fields.Nested(ChoiceView), required=True)
    trainers = ma.fields.List(ma.fields.Nested(ChoiceView), required=True)


class ConsultationView(ma.Schema):
    """What training bodies said of a run so far."""

    run_id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True, metadata={"description": "open, withdrawn or published."})
    answer_by = ma.fields.Date(required=True)
    awaited = ma.fields.Integer(required=True, metadata={"description": "Groups without an answer or a decision."})
    sessions = ma.fields.List(ma.fields.Nested(PlannedGroupView), required=True)


class SaidView(ma.Schema):
    """A reason in French and English, with its code."""

    code = ma.fields.String(required=True)
    fr = ma.fields.String(required=True)
    en = ma.fields.String(required=True)


class PutOutView(ma.Schema):
    """A need that would wait again, and why."""

    need_id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    training = ma.fields.String(required=True)
    part = ma.fields.String(required=True)
    reason = ma.fields.Nested(SaidView, required=True)
    anyway = ma.fields.Boolean(
        required=True, metadata={"description": "Lost even if the change is turned down: another body's answer, say."}
    )


class BreachView(ma.Schema):
    """A rule that forbids a change."""

    rule = ma.fields.String(required=True)
    words = ma.fields.String(required=True)


class EffectView(PlannedGroupView):
    """What accepting a counter-proposal would do."""

    answer_id = ma.fields.UUID(required=True)
    changed = ma.fields.Dict(required=True, metadata={"description": "The group as it would be."})
    out = ma.fields.List(ma.fields.Nested(PutOutView), required=True)
    broken = ma.fields.List(ma.fields.Nested(BreachView), required=True)
    effect = ma.fields.String(required=True, metadata={"description": "To be named when it is accepted."})


def consultation_routes(service: Service) -> Blueprint:
    """Return the routes for publishing in two steps."""
    routes = Blueprint("consultation", __name__, description="Training bodies asked before people are told")

    @routes.put("/runs/<uuid:run_id>/consultation")
    @routes.arguments(ConsultationBody)
    @routes.response(200, ConsultationView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Not ready, outdated, or asked until another day.")
    def propose_run(body: dict[str, Any], run_id: UUID) -> dict[str, Any]:
        """Put a ready plan's new groups to their training bodies; what another run asked them is withdrawn."""
        with acting(service) as work:
            asking.propose(work, run_id, body["answer_by"])
            return _consultation(asking.of_run(work, run_id), run_id)

    @routes.get("/runs/<uuid:run_id>/consultation")
    @routes.response(200, ConsultationView)
    @routes.alt_response(404, success=False)
    def read_consultation(run_id: UUID) -> dict[str, Any]:
        """Return what training bodies said of a run so far."""
        with acting(service, reading=True) as work:
            return _consultation(asking.of_run(work, run_id), run_id)

    @routes.post("/runs/<uuid:run_id>/consultation/withdrawal")
    @routes.response(200, ConsultationView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The plan is published.")
    def withdraw_run(run_id: UUID) -> dict[str, Any]:
        """Take a plan back from the training bodies."""
        with acting(service) as work:
            asking.withdraw(work, run_id)
            return _consultation(asking.of_run(work, run_id), run_id)

    @routes.get("/sessions-to-confirm")
    @routes.response(200, BodyGroupView(many=True))
    def list_to_confirm() -> list[dict[str, Any]]:
        """Return the groups that the caller's training body is asked about, those without an answer first."""
        with acting(service, reading=True) as work:
            return answering.of_body(work)

    @routes.get("/sessions-to-confirm/<uuid:consulted_id>")
    @routes.response(200, OwnGroupView)
    @routes.alt_response(404, success=False)
    def read_to_confirm(consulted_id: UUID) -> dict[str, Any]:
        """Return one of them, with the rooms and trainers that may be offered instead."""
        with acting(service, reading=True) as work:
            return answering.for_body(work, consulted_id)

    @routes.put("/sessions-to-confirm/<uuid:consulted_id>/answers/<uuid:answer_id>")
    @routes.arguments(GroupAnswerBody)
    @routes.response(200, BodyGroupView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Decided, published or withdrawn; or the id was used.")
    def answer_session(body: Answer, consulted_id: UUID, answer_id: UUID) -> dict[str, Any]:
        """Confirm a group, offer something else, or refuse it; a refusal is final."""
        with acting(service) as work:
            return answering.answer(work, consulted_id, answer_id, body)

    @routes.get("/sessions-to-confirm/<uuid:consulted_id>/effect")
    @routes.response(200, EffectView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="No counter-proposal is open.")
    def read_effect(consulted_id: UUID) -> dict[str, Any]:
        """Return what accepting a counter-proposal would do: whom it puts out, or which rules forbid it."""
        with acting(service, reading=True) as work:
            return deciding.effect(work, consulted_id)

    @routes.put("/sessions-to-confirm/<uuid:consulted_id>/decisions/<uuid:decision_id>")
    @routes.arguments(GroupDecisionBody)
    @routes.response(200, PlannedGroupView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="A rule forbids it, it has changed, or it is not due.")
    def decide_session(body: Decision, consulted_id: UUID, decision_id: UUID) -> dict[str, Any]:
        """Decide on a counter-proposal, or on a group without an answer when the delay is over."""
        with acting(service) as work:
            return deciding.decide(work, consulted_id, decision_id, body)

    return routes


def _consultation(found: dict[str, Any] | None, run_id: UUID) -> dict[str, Any]:
    if found is None:
        raise NotFoundError("consultation of plan run", run_id)
    return found

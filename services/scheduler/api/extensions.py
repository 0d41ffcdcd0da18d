"""Proposals to extend contracts, and what the prefecture decided."""

__all__ = ["extension_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler import storage
from services.scheduler.api.paging import PageQuery, page_of
from services.scheduler.bodies.life import DecisionBody, DismissalBody, ProposalBody
from services.scheduler.domain.extension import Decision, Draft
from services.scheduler.usecases import extensions
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting

STATES = ("pending", "accepted", "refused", "lapsed")
WORDS = ma.validate.Length(max=2000)


class ProposalView(ma.Schema):
    """A proposal with its evidence and, once there is one, its decision."""

    id = ma.fields.UUID(required=True)
    contract_id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(STATES))
    reason = ma.fields.String(required=True)
    stated_by = ma.fields.String(required=True)
    months = ma.fields.Integer(required=True)
    opinion = ma.fields.String(required=True)
    supplied = ma.fields.String(required=True, allow_none=True)
    evidence = ma.fields.List(ma.fields.String(), required=True)
    proposed_by = ma.fields.String(required=True)
    proposed_at = ma.fields.AwareDateTime(required=True)
    reference = ma.fields.String(required=True, allow_none=True)
    decided_on = ma.fields.Date(required=True, allow_none=True)
    decided_by = ma.fields.String(required=True, allow_none=True)
    months_granted = ma.fields.Integer(required=True, allow_none=True)
    refusal_reason = ma.fields.String(required=True, allow_none=True)
    appeal_routes = ma.fields.String(required=True, allow_none=True)
    notified_on = ma.fields.Date(required=True, allow_none=True)
    term_before = ma.fields.Date(required=True)
    term_after = ma.fields.Date(required=True, allow_none=True)


class DraftView(ma.Schema):
    """What a proposal would rest on today; the opinion is a draft for a named agent to complete and sign."""

    contract_id = ma.fields.UUID(required=True)
    evidence = ma.fields.List(ma.fields.String(), required=True)
    opinion = ma.fields.String(required=True)
    months_left = ma.fields.Integer(required=True)


class DismissalView(DismissalBody):
    """A dismissal with the evidence as it stood."""

    id = ma.fields.UUID(required=True)
    flag_id = ma.fields.UUID(required=True)
    evidence = ma.fields.List(ma.fields.String(), required=True)
    actor = ma.fields.String(required=True)
    at = ma.fields.AwareDateTime(required=True)


class ProposalQuery(PageQuery):
    """Proposals, by state."""

    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(STATES))


def extension_routes(service: Service) -> Blueprint:
    """Return the routes for extensions."""
    routes = Blueprint("extensions", __name__, description="Extensions: OFII proposes, the prefect decides")

    @routes.put("/contracts/<uuid:contract_id>/proposals/<uuid:proposal_id>")
    @routes.arguments(ProposalBody)
    @routes.response(200, ProposalView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="No open flag, another one pending, or not running.")
    def propose_extension(draft: Draft, contract_id: UUID, proposal_id: UUID) -> dict[str, Any]:
        """Sign a proposal, with the flag's evidence as it stands. The same id again gives the same proposal."""
        with acting(service) as work:
            return extensions.propose(work, proposal_id, contract_id, draft)

    @routes.get("/contracts/<uuid:contract_id>/proposal-draft")
    @routes.response(200, DraftView)
    @routes.alt_response(404, success=False)
    def draft_proposal(contract_id: UUID) -> dict[str, Any]:
        """Return the evidence as it stands and a drafted opinion."""
        with acting(service, reading=True) as work:
            return extensions.draft(work, contract_id)

    @routes.put("/flags/<uuid:flag_id>/dismissals/<uuid:dismissal_id>")
    @routes.arguments(DismissalBody)
    @routes.response(200, DismissalView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The flag was withdrawn, or the id is used.")
    def dismiss_flag(body: dict[str, str], flag_id: UUID, dismissal_id: UUID) -> dict[str, Any]:
        """Dismiss a flag with a reason."""
        with acting(service) as work:
            return extensions.dismiss(work, dismissal_id, flag_id, body["reason"], body["words"])

    @routes.get("/proposals")
    @routes.arguments(ProposalQuery, location="query")
    @routes.response(200, page_of(ProposalView))
    def list_proposals(query: dict[str, Any]) -> dict[str, Any]:
        """Return proposals with their evidence and decision."""
        with acting(service, reading=True) as work:
            found = extensions.proposals(own_territory(work.who, query["territory"]), query["state"])
            return storage.page(work.db, found, storage.proposal.c.id, query["after"], query["limit"])

    @routes.post("/proposals/<uuid:proposal_id>/decision")
    @routes.arguments(DecisionBody)
    @routes.response(200, ProposalView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Decided before.")
    def decide_extension(decision: Decision, proposal_id: UUID) -> dict[str, Any]:
        """Record the decision; an acceptance moves the term, and nothing else does."""
        with acting(service) as work:
            return extensions.decide(work, proposal_id, decision)

    return routes

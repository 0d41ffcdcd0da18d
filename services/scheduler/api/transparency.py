"""Why a person sits where they sit: for the person, through who has their record."""

__all__ = ["transparency_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.usecases import transparency
from shared.service import Service
from shared.web.frame import acting


class Said(ma.Schema):
    """The same words in French and in English."""

    fr = ma.fields.String(required=True)
    en = ma.fields.String(required=True)


def _said(**options: Any) -> ma.fields.Nested:
    return ma.fields.Nested(Said, required=True, **options)


class ExplainedDatum(ma.Schema):
    """One fact that a plan is given about the person."""

    name = ma.fields.String(required=True)
    says = _said()
    value = _said()
    source = _said()


class ExplainedNumber(ma.Schema):
    """A rule-book's value under its key, with its source or [A]."""

    key = ma.fields.String(required=True)
    says = _said()
    value = _said()
    source = ma.fields.String(required=True)


class ExplainedRule(ma.Schema):
    """A rule of planning and the numbers that it takes."""

    rule = ma.fields.String(required=True)
    says = _said()
    numbers = ma.fields.List(ma.fields.Nested(ExplainedNumber), required=True)


class ExplainedContract(ma.Schema):
    """A contract and the rules of its own rule-book, as they hold in its territory for its day of signature."""

    contract_id = ma.fields.UUID(required=True)
    programme = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    territory = ma.fields.String(required=True)
    signed_on = ma.fields.Date(required=True)
    term_on = ma.fields.Date(required=True)
    rules = ma.fields.List(ma.fields.Nested(ExplainedRule), required=True)


class ExplainedWeight(ma.Schema):
    """One part of the objective: an earlier tier always goes before a later one."""

    tier = ma.fields.String(required=True)
    part = ma.fields.String(required=True)
    says = _said()
    unit = _said()
    weight = ma.fields.Integer(required=True)


class ExplainedCount(ma.Schema):
    """What this person's own needs counted in one part of the objective."""

    part = ma.fields.String(required=True)
    says = _said()
    unit = _said()
    quantity = ma.fields.Integer(required=True)
    weight = ma.fields.Integer(required=True)
    points = ma.fields.Integer(required=True)


class ExplainedSeat(ma.Schema):
    """A seat: where, when, and how far."""

    session_id = ma.fields.UUID(required=True)
    site = ma.fields.String(required=True)
    first_on = ma.fields.Date(required=True)
    last_on = ma.fields.Date(required=True)
    starts_at = ma.fields.String(required=True, allow_none=True, metadata={"description": "Local at the site."})
    meetings = ma.fields.Integer(required=True)
    travel_minutes = ma.fields.Integer(required=True, allow_none=True)
    forecast_end = ma.fields.Date(required=True, allow_none=True)


class ExplainedWhy(ma.Schema):
    """One thing that made the seat possible, under the name of its rule; `choice` is the choice among what is."""

    rule = ma.fields.String(required=True)
    says = _said()


class ExplainedReason(ma.Schema):
    """Why a need has no seat, is not owed, or is open again; and the smallest change that would place it."""

    code = ma.fields.String(required=True)
    says = _said()
    rules = ma.fields.List(ma.fields.Nested(ExplainedRule), required=True)
    numbers = ma.fields.List(ma.fields.Nested(ExplainedNumber), required=True)
    changes = ma.fields.List(ma.fields.Nested(Said), required=True)
    confirmed = _said(allow_none=True)


class ExplainedDecision(ma.Schema):
    """What became of one need, and who answers for it."""

    need_id = ma.fields.UUID(required=True)
    contract_id = ma.fields.UUID(required=True)
    training = ma.fields.String(required=True)
    part = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(list(transparency.DECIDED)))
    what = _said()
    deadline = ma.fields.Date(required=True, allow_none=True)
    says = _said()
    seat = ma.fields.Nested(ExplainedSeat, required=True, allow_none=True)
    why = ma.fields.List(ma.fields.Nested(ExplainedWhy), required=True)
    reason = ma.fields.Nested(ExplainedReason, required=True, allow_none=True)
    run_id = ma.fields.UUID(required=True, allow_none=True)
    by = _said()


class ExplainedTier(ma.Schema):
    """How good the whole plan is in one tier."""

    name = ma.fields.String(required=True)
    value = ma.fields.Integer(required=True)
    bound = ma.fields.Integer(required=True, allow_none=True)
    gap = ma.fields.Integer(required=True, allow_none=True)


class ExplainedRun(ma.Schema):
    """A published run, and what this person counted in it."""

    run_id = ma.fields.UUID(required=True)
    programme = ma.fields.String(required=True)
    territory = ma.fields.String(required=True)
    asked_by = ma.fields.String(required=True)
    asked_at = ma.fields.AwareDateTime(required=True)
    published_by = ma.fields.String(required=True)
    published_at = ma.fields.AwareDateTime(required=True)
    publish_on = ma.fields.Date(required=True)
    solver = ma.fields.String(required=True)
    tiers = ma.fields.List(ma.fields.Nested(ExplainedTier), required=True)
    counted = ma.fields.List(ma.fields.Nested(ExplainedCount), required=True)
    data_changed_since = ma.fields.List(
        ma.fields.String(), required=True, metadata={"description": "Facts that the run knew otherwise than today."}
    )
    numbers_unlike_the_contract = ma.fields.List(
        ma.fields.String(), required=True, metadata={"description": "Rules whose number differs from the contract's."}
    )


class Explanation(ma.Schema):
    """Everything that placed a person: no name, no contact point, no nationality."""

    signatory_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    territory = ma.fields.String(required=True)
    contribution = _said()
    data = ma.fields.List(ma.fields.Nested(ExplainedDatum), required=True)
    data_not_used = ma.fields.List(ma.fields.Nested(Said), required=True)
    contracts = ma.fields.List(ma.fields.Nested(ExplainedContract), required=True)
    objective = ma.fields.List(ma.fields.Nested(ExplainedWeight), required=True)
    decisions = ma.fields.List(ma.fields.Nested(ExplainedDecision), required=True)
    runs = ma.fields.List(ma.fields.Nested(ExplainedRun), required=True)
    review = _said()


def transparency_routes(service: Service) -> Blueprint:
    """Return the route that explains one person's places."""
    routes = Blueprint("transparency", __name__, description="What placed a person, in plain words")

    @routes.get("/signatories/<uuid:signatory_id>/explanation")
    @routes.response(200, Explanation)
    @routes.alt_response(404, success=False)
    def explain(signatory_id: UUID) -> dict[str, Any]:
        """Return data, rules, weights and decisions about one person, in French and in English."""
        with acting(service, reading=True) as work:
            return transparency.explanation(work, signatory_id)

    return routes

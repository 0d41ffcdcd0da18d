"""Who signs: facts in, an answer out; nothing of the question is kept."""

__all__ = ["eligibility_routes"]

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.bodies.reception import FactsSchema
from services.scheduler.domain.eligibility import Answer, Facts, decide
from services.scheduler.programmes import codes, rule_book


class Question(ma.Schema):
    """What is known about somebody; null or left out is not known."""

    programme = ma.fields.String(required=True, validate=ma.validate.OneOf(codes()))
    facts = ma.fields.Nested(FactsSchema, required=True)


class AnswerView(ma.Schema):
    """The answer, with the rule, its source and the fact that decided."""

    verdict = ma.fields.String(required=True, validate=ma.validate.OneOf(["yes", "no", "needs_paper"]))
    rule = ma.fields.String(required=True)
    says = ma.fields.String(required=True, metadata={"description": "The rule in French."})
    source = ma.fields.String(required=True)
    fact = ma.fields.String(required=True, metadata={"description": "The fact that decided, or that is not known."})
    paper = ma.fields.String(required=True, metadata={"description": "What shows the fact, in French."})
    regime = ma.fields.String(required=True)
    permit_consequence = ma.fields.String(required=True, allow_none=True, metadata={"description": "Null: not known."})


def eligibility_routes() -> Blueprint:
    """Return the route that answers who signs."""
    routes = Blueprint("eligibility", __name__, description="Who signs")

    @routes.post("/eligibility")
    @routes.arguments(Question)
    @routes.response(200, AnswerView)
    def ask(question: dict[str, Any]) -> Answer:
        """Say whether a person signs under a programme. Nothing is kept, nationality least of all."""
        return decide(rule_book(question["programme"]).eligibility, Facts(**question["facts"]))

    return routes

"""What waits for an agent, and records that may be, or are, one person."""

__all__ = ["worklist_routes"]

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.usecases import people, worklist
from shared.service import Service
from shared.web.frame import acting


class TerritoryQuery(ma.Schema):
    """One territory."""

    territory = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])$"))


class WorklistQuery(TerritoryQuery):
    """What waits, for one role or of one kind."""

    owner = ma.fields.String(load_default=None, validate=ma.validate.OneOf(worklist.OWNERS))
    kind = ma.fields.String(load_default=None, validate=ma.validate.Length(1, 40))


class WaitingView(ma.Schema):
    """One thing that waits; `what` is a code of its kind."""

    kind = ma.fields.String(required=True)
    what = ma.fields.String(required=True)
    owner = ma.fields.String(required=True)
    contract_id = ma.fields.UUID(required=True, allow_none=True)
    signatory_id = ma.fields.UUID(required=True, allow_none=True)
    reference = ma.fields.String(required=True)
    due_on = ma.fields.Date(required=True, allow_none=True, metadata={"description": "Null: no day is known."})
    overdue = ma.fields.Boolean(required=True)


class SuspectView(ma.Schema):
    """Two records that may be one person, with the reasons in French."""

    kept_id = ma.fields.UUID(required=True)
    kept = ma.fields.String(required=True, metadata={"description": "Reference."})
    other_id = ma.fields.UUID(required=True)
    other = ma.fields.String(required=True, metadata={"description": "Reference."})
    why = ma.fields.List(ma.fields.String(), required=True)


class StandingMergeView(SuspectView):
    """A merge that stands."""

    id = ma.fields.UUID(required=True)
    actor = ma.fields.String(required=True)
    at = ma.fields.AwareDateTime(required=True)


def worklist_routes(service: Service) -> Blueprint:
    """Return the routes of the worklist and of duplicates."""
    routes = Blueprint("worklist", __name__, description="What waits, and who may be who")

    @routes.get("/worklist")
    @routes.arguments(WorklistQuery, location="query")
    @routes.response(200, WaitingView(many=True))
    def read_worklist(query: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what rules, flags and the calendar ask of an agent, the most overdue first."""
        with acting(service, reading=True) as work:
            found = worklist.of_territory(work, query["territory"], query["owner"])
        return [row for row in found if query["kind"] in {None, row["kind"]}]

    @routes.get("/duplicates")
    @routes.arguments(TerritoryQuery, location="query")
    @routes.response(200, SuspectView(many=True))
    def list_suspects(query: dict[str, str]) -> list[dict[str, Any]]:
        """Return pairs of records that may be one person."""
        with acting(service, reading=True) as work:
            return people.suspects(work, query["territory"])

    @routes.get("/merges")
    @routes.arguments(TerritoryQuery, location="query")
    @routes.response(200, StandingMergeView(many=True))
    def list_merges(query: dict[str, str]) -> list[dict[str, Any]]:
        """Return the merges that stand, the last one first."""
        with acting(service, reading=True) as work:
            return people.merges(work, query["territory"])

    return routes

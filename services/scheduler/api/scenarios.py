"""Scenarios: a copy of the offer with changes, solved and compared."""

__all__ = ["scenario_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.bodies.scenarios import TERRITORY, ChangeBody, CopyBody, ScenarioBody, SolvingBody
from services.scheduler.domain.scenario import OfferChange
from services.scheduler.usecases import scenarios
from shared.service import Service
from shared.web.frame import acting


class ScenariosQuery(ma.Schema):
    """Whose scenarios."""

    territory = ma.fields.String(required=True, validate=TERRITORY)


class KeptChangeView(ma.Schema):
    """A change of a scenario, with its id."""

    id = ma.fields.UUID(required=True)
    change = ma.fields.Dict(required=True)


class ScenarioRowView(ma.Schema):
    """A scenario in a list."""

    id = ma.fields.UUID(required=True)
    territory = ma.fields.String(required=True)
    programme = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    publish_on = ma.fields.Date(required=True)
    base_run_id = ma.fields.UUID(required=True, allow_none=True)
    state = ma.fields.String(required=True)
    changes = ma.fields.List(ma.fields.Nested(KeptChangeView), required=True)
    limits = ma.fields.Dict(required=True, allow_none=True)


class ScenarioView(ScenarioRowView):
    """A scenario, how far it is, and its comparison (docs/formats/changes.md)."""

    job = ma.fields.String(required=True)
    progress = ma.fields.Dict(required=True)
    error = ma.fields.String(required=True, allow_none=True)
    result = ma.fields.Dict(required=True, allow_none=True)


def scenario_routes(service: Service) -> Blueprint:
    """Return the routes for scenarios."""
    routes = Blueprint("scenarios", __name__, description="Scenarios")

    @routes.put("/scenarios/<uuid:scenario_id>")
    @routes.arguments(ScenarioBody)
    @routes.response(200, ScenarioView)
    @routes.alt_response(409, success=False, description="The id was used with another body.")
    def make_scenario(body: dict[str, Any], scenario_id: UUID) -> dict[str, Any]:
        """Make a draft of a scenario. The same id and body again answer the same scenario."""
        with acting(service) as work:
            scenarios.create(work, scenario_id, **body)
            return scenarios.find(work, scenario_id)

    @routes.get("/scenarios/<uuid:scenario_id>")
    @routes.response(200, ScenarioView)
    @routes.alt_response(404, success=False)
    def read_scenario(scenario_id: UUID) -> dict[str, Any]:
        """Return a scenario, how far it is, and its comparison with the base once it is solved."""
        with acting(service, reading=True) as work:
            return scenarios.find(work, scenario_id)

    @routes.get("/scenarios")
    @routes.arguments(ScenariosQuery, location="query")
    @routes.response(200, ScenarioRowView(many=True))
    def list_scenarios(query: dict[str, str]) -> list[dict[str, Any]]:
        """Return the newest scenarios of a territory."""
        with acting(service, reading=True) as work:
            return scenarios.listed(work, query["territory"])

    @routes.put("/scenarios/<uuid:scenario_id>/changes/<uuid:change_id>")
    @routes.arguments(ChangeBody)
    @routes.response(200, ScenarioView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Solved before, or the id is another change's.")
    def add_change(change: OfferChange, scenario_id: UUID, change_id: UUID) -> dict[str, Any]:
        """Add a change to a draft."""
        with acting(service) as work:
            scenarios.add_change(work, scenario_id, change_id, change)
            return scenarios.find(work, scenario_id)

    @routes.post("/scenarios/<uuid:scenario_id>/changes/<uuid:change_id>/dropping")
    @routes.response(200, ScenarioView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Solved before.")
    def drop_change(scenario_id: UUID, change_id: UUID) -> dict[str, Any]:
        """Take a change out of a draft."""
        with acting(service) as work:
            scenarios.drop_change(work, scenario_id, change_id)
            return scenarios.find(work, scenario_id)

    @routes.post("/scenarios/<uuid:scenario_id>/solving")
    @routes.arguments(SolvingBody)
    @routes.response(200, ScenarioView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Solved before with other limits.")
    def solve_scenario(body: dict[str, Any], scenario_id: UUID) -> dict[str, Any]:
        """Solve a scenario and its base in the background."""
        with acting(service) as work:
            return scenarios.ask(work, scenario_id, **body)

    @routes.post("/scenarios/<uuid:scenario_id>/cancellation")
    @routes.response(200, ScenarioView)
    @routes.alt_response(404, success=False)
    def stop_scenario(scenario_id: UUID) -> dict[str, Any]:
        """Stop a scenario that is being solved."""
        with acting(service) as work:
            return scenarios.stop(work, scenario_id)

    @routes.put("/scenarios/<uuid:scenario_id>/copies/<uuid:copy_id>")
    @routes.arguments(CopyBody)
    @routes.response(200, ScenarioView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The id was used with another body.")
    def copy_scenario(body: dict[str, str], scenario_id: UUID, copy_id: UUID) -> dict[str, Any]:
        """Make a draft with the same base and changes."""
        with acting(service) as work:
            scenarios.copy(work, scenario_id, copy_id, body["name"])
            return scenarios.find(work, copy_id)

    return routes

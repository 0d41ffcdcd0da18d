"""Advice on a run: the value of one more group, room, trainer or interpreter."""

__all__ = ["advice_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.bodies.advice import AdviceBody
from services.scheduler.usecases import advising
from shared.service import Service
from shared.web.frame import acting


class AdviceView(ma.Schema):
    """Advice, how far it is, and what was found (docs/formats/advice.md)."""

    id = ma.fields.UUID(required=True)
    run_id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True)
    limits = ma.fields.Dict(required=True)
    job = ma.fields.String(required=True)
    progress = ma.fields.Dict(required=True)
    error = ma.fields.String(required=True, allow_none=True)
    result = ma.fields.Dict(required=True, allow_none=True)


def advice_routes(service: Service) -> Blueprint:
    """Return the routes for advice."""
    routes = Blueprint("advice", __name__, description="Advice on a run")

    @routes.put("/runs/<uuid:run_id>/advice/<uuid:advice_id>")
    @routes.arguments(AdviceBody)
    @routes.response(200, AdviceView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The run has no plan, or the id was used otherwise.")
    def ask_advice(body: dict[str, int], run_id: UUID, advice_id: UUID) -> dict[str, Any]:
        """Ask what more capacity would give; it is found in the background. The same again asks once."""
        with acting(service) as work:
            return advising.ask(work, run_id, advice_id, **body)

    @routes.get("/runs/<uuid:run_id>/advice/<uuid:advice_id>")
    @routes.response(200, AdviceView)
    @routes.alt_response(404, success=False)
    def read_advice(run_id: UUID, advice_id: UUID) -> dict[str, Any]:
        """Return advice and how far it is."""
        with acting(service, reading=True) as work:
            return advising.find(work, run_id, advice_id)

    @routes.post("/runs/<uuid:run_id>/advice/<uuid:advice_id>/cancellation")
    @routes.response(200, AdviceView)
    @routes.alt_response(404, success=False)
    def stop_advice(run_id: UUID, advice_id: UUID) -> dict[str, Any]:
        """Stop looking."""
        with acting(service) as work:
            return advising.stop(work, run_id, advice_id)

    return routes

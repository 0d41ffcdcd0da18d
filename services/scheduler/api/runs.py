"""Plan runs: ask, follow, cancel, publish."""

__all__ = ["run_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.scheduler.bodies.consultation import PublicationBody
from services.scheduler.usecases import planning, publication
from shared import jobs
from shared.scope import check_territory
from shared.service import Service
from shared.web.frame import acting, current_principal


class RunBody(ma.Schema):
    """What to plan."""

    territory = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])$"))
    programme = ma.fields.String(required=True, validate=ma.validate.Length(1, 24))
    publish_on = ma.fields.Date(
        load_default=None, allow_none=True, metadata={"description": "Day on which people are told; default today."}
    )
    seconds = ma.fields.Integer(strict=True, load_default=20, validate=ma.validate.Range(1, 3600))
    work_limit = ma.fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=ma.validate.Range(0, 1_000_000),
        metadata={"description": "Units of work instead of a wall clock: the same plan each time."},
    )


class RunView(ma.Schema):
    """A run, how far it is, and what it found."""

    id = ma.fields.UUID(required=True)
    territory = ma.fields.String(required=True)
    programme = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    job = ma.fields.String(required=True)
    progress = ma.fields.Dict(required=True)
    error = ma.fields.String(required=True, allow_none=True)
    publish_on = ma.fields.Date(required=True)
    base_version = ma.fields.Integer(required=True, allow_none=True)
    summary = ma.fields.Dict(required=True, allow_none=True)


def run_routes(service: Service) -> Blueprint:
    """Return the routes for plan runs."""
    routes = Blueprint("runs", __name__, description="Plan runs")

    @routes.put("/runs/<uuid:run_id>")
    @routes.arguments(RunBody)
    @routes.response(200, RunView)
    @routes.alt_response(409, success=False, description="The id was used with another body.")
    def ask_run(body: dict[str, Any], run_id: UUID) -> dict[str, Any]:
        """Ask for a plan; it is made in the background. The same id and body again answer the same run."""
        check_territory(current_principal(), body["territory"])
        with acting(service) as work:
            planning.ask_run(work, run_id, **body)
            return planning.view_run(work, run_id)

    @routes.get("/runs/<uuid:run_id>")
    @routes.response(200, RunView)
    @routes.alt_response(404, success=False)
    def read_run(run_id: UUID) -> dict[str, Any]:
        """Return a run and how far it is."""
        with acting(service, reading=True) as work:
            run = planning.view_run(work, run_id)
            check_territory(work.who, run["territory"])
            return run

    @routes.post("/runs/<uuid:run_id>/cancellation")
    @routes.response(200, RunView)
    @routes.alt_response(404, success=False)
    def cancel_run(run_id: UUID) -> dict[str, Any]:
        """Stop a run that has not ended."""
        with acting(service) as work:
            check_territory(work.who, planning.view_run(work, run_id)["territory"])
            jobs.cancel(work, run_id)
            return planning.view_run(work, run_id)

    @routes.post("/runs/<uuid:run_id>/publication")
    @routes.arguments(PublicationBody, required=False)
    @routes.response(200, RunView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Not ready, answers awaited, or the territory has moved on.")
    def publish_run(body: dict[str, bool], run_id: UUID) -> dict[str, Any]:
        """
        Publish a ready plan: sessions open, people are told. A second call changes nothing.

        Where training bodies were asked, what they confirmed is published.
        """
        with acting(service) as work:
            check_territory(work.who, planning.view_run(work, run_id)["territory"])
            publication.publish(work, run_id, one_step=body["one_step"])
            return planning.view_run(work, run_id)

    return routes

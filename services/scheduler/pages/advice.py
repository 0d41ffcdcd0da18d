"""The value of capacity: what one more group, room, trainer or interpreter would give to a run."""

__all__ = ["advice_pages"]

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.bodies.advice import AdviceBody
from services.scheduler.pages.forms import Form, submit
from services.scheduler.usecases import advising
from shared.service import Service
from shared.web.frame import acting


def advice_pages(service: Service) -> Blueprint:
    """Return the pages of advice on a run."""
    pages = Blueprint("advice_pages", __name__, template_folder="templates")

    def advice_page(run_id: UUID, sent: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            run, advice = advising.latest(work, run_id)
        form = sent or Form.of("advice", AdviceBody(), {"top": 10, "seconds": 60})
        return render_template("scheduler/advice.html", run=run, advice=advice, form=form, code=run["territory"])

    @pages.get("/runs/<uuid:run_id>/advice")
    def read_advice(run_id: UUID) -> str:
        return advice_page(run_id)

    @pages.post("/runs/<uuid:run_id>/advice")
    def ask(run_id: UUID) -> BaseResponse | tuple[str, HTTPStatus]:
        def act(limits: dict[str, int], key: UUID) -> str:
            with acting(service) as work:
                advising.ask(work, run_id, key, **limits)
            return f"/planning/runs/{run_id}/advice"

        form = Form.of("advice", AdviceBody(), {})
        return submit(form, act, lambda sent: advice_page(run_id, sent))

    @pages.post("/runs/<uuid:run_id>/advice/<uuid:advice_id>/cancellation")
    def stop(run_id: UUID, advice_id: UUID) -> BaseResponse:
        with acting(service) as work:
            advising.stop(work, run_id, advice_id)
        return redirect(f"/planning/runs/{run_id}/advice", HTTPStatus.SEE_OTHER)

    return pages

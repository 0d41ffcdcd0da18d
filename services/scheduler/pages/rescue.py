"""Rescue: people whose course is forecast to end after their term, and the one button that moves them."""

__all__ = ["rescue_pages"]

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.bodies.rescue import RescueBody
from services.scheduler.pages.forms import Form
from services.scheduler.pages.planner import territory_of
from services.scheduler.usecases import rescue
from shared.errors import ConflictError
from shared.service import Service
from shared.web.frame import acting

Answer = BaseResponse | tuple[str, HTTPStatus]


def rescue_pages(service: Service) -> Blueprint:
    """Return the page of rescue."""
    pages = Blueprint("rescue_pages", __name__, template_folder="templates")

    def rescue_page(refused: ConflictError | None = None) -> str:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            found = rescue.late(work, code)
        return render_template("scheduler/rescues.html", code=code, found=found, refused=refused)

    @pages.get("/rescues")
    def list_rescues() -> str:
        return rescue_page()

    @pages.post("/rescues/<uuid:placement_id>")
    def move(placement_id: UUID) -> Answer:
        body = Form.of("rescue", RescueBody()).load(request.form)
        try:
            with acting(service) as work:
                code = territory_of(work)
                rescue.move(work, placement_id, body["session_id"])
        except ConflictError as refused:
            return rescue_page(refused), HTTPStatus.CONFLICT
        return redirect(f"/planning/rescues?territory={code}", HTTPStatus.SEE_OTHER)

    return pages

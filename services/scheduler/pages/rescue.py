"""Rescue: people whose course is forecast to end after their term, and the one button that moves them."""

__all__ = ["rescue_pages"]

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.bodies.rescue import RescueBody, SearchBody
from services.scheduler.pages.forms import Form, submit
from services.scheduler.pages.planner import territory_of
from services.scheduler.programmes import codes
from services.scheduler.usecases import rescue, rescue_groups
from services.scheduler.usecases.consultation import asking
from shared.errors import ConflictError
from shared.service import Service
from shared.web.frame import acting

Answer = BaseResponse | tuple[str, HTTPStatus]


def rescue_pages(service: Service) -> Blueprint:
    """Return the page of rescue."""
    pages = Blueprint("rescue_pages", __name__, template_folder="templates")

    def rescue_page(refused: ConflictError | None = None, sent: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            found = rescue.late(work, code)
            search = rescue_groups.latest(work, code)
            asked = asking.open_run(work, code)
        form = sent or _search_form(code, found[0]["programme"] if found else codes()[-1])
        return render_template(
            "scheduler/rescues.html", code=code, found=found, search=search, form=form, refused=refused, asked=asked
        )

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

    @pages.post("/rescues/searches")
    def search() -> Answer:
        with acting(service, reading=True) as work:
            code = territory_of(work)

        def act(body: dict[str, str], key: UUID) -> str:
            with acting(service) as work:
                rescue_groups.ask(work, key, **body)
            return f"/planning/rescues?territory={code}"

        return submit(_search_form(code, ""), act, lambda form: rescue_page(sent=form))

    @pages.post("/rescues/searches/<uuid:search_id>/groups/<uuid:session_id>")
    def open_group(search_id: UUID, session_id: UUID) -> Answer:
        try:
            with acting(service) as work:
                code = territory_of(work)
                rescue_groups.open_group(work, search_id, session_id)
        except ConflictError as refused:
            return rescue_page(refused), HTTPStatus.CONFLICT
        return redirect(f"/planning/rescues?territory={code}", HTTPStatus.SEE_OTHER)

    return pages


def _search_form(code: str, programme: str) -> Form:
    return Form.of("search", SearchBody(), {"programme": programme}, fixed={"territory": code})

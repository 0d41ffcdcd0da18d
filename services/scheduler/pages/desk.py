"""The interview desk: dates that fit somebody, held while they choose."""

__all__ = ["desk_pages"]

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.documents.code_slip import code_slip_pdf
from services.scheduler.settings import Settings
from services.scheduler.usecases import choosing, desk, desk_code, overview
from shared.clock import real_now
from shared.ids import new_id
from shared.service import Service
from shared.web.frame import acting


def desk_pages(service: Service, settings: Settings) -> Blueprint:
    """Return the pages of the desk."""
    pages = Blueprint("desk_pages", __name__, template_folder="templates")

    @pages.post("/people/<uuid:signatory_id>/showing")
    def look(signatory_id: UUID) -> BaseResponse:
        showing_id = request.form.get("key", type=UUID) or new_id()
        with acting(service) as work:
            desk.show(work, showing_id, signatory_id)
        return redirect(f"/planning/showings/{showing_id}", HTTPStatus.SEE_OTHER)

    @pages.get("/showings/<uuid:showing_id>")
    def read_showing(showing_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found = desk.find(work, showing_id)
            person = overview.person(work, found["signatory_id"])
        over = found["until"] <= real_now()
        return render_template(
            "scheduler/showing.html", showing=found, person=person, code=person["territory"], over=over
        )

    @pages.post("/showings/<uuid:showing_id>/choice")
    def choose(showing_id: UUID) -> BaseResponse:
        with acting(service) as work:
            desk.take(work, showing_id, request.form.get("number", 0, type=int))
        return redirect(f"/planning/showings/{showing_id}", HTTPStatus.SEE_OTHER)

    @pages.post("/showings/<uuid:showing_id>/release")
    def let_go(showing_id: UUID) -> BaseResponse:
        with acting(service) as work:
            desk.release(work, showing_id)
        return redirect(f"/planning/showings/{showing_id}", HTTPStatus.SEE_OTHER)

    @pages.post("/people/<uuid:signatory_id>/slot-offers")
    def let_choose(signatory_id: UUID) -> BaseResponse:
        offer_id = request.form.get("key", type=UUID) or new_id()
        with acting(service) as work:
            choosing.offer(work, offer_id, signatory_id, settings.choose_hours)
        return redirect(f"/planning/people/{signatory_id}", HTTPStatus.SEE_OTHER)

    @pages.post("/people/<uuid:signatory_id>/slot-offers/<uuid:offer_id>/withdrawal")
    def withdraw_offer(signatory_id: UUID, offer_id: UUID) -> BaseResponse:
        with acting(service) as work:
            choosing.withdraw(work, offer_id)
        return redirect(f"/planning/people/{signatory_id}", HTTPStatus.SEE_OTHER)

    @pages.post("/people/<uuid:signatory_id>/code")
    def give_code(signatory_id: UUID) -> str:
        """Show the code on the answer itself: no address leads to it a second time."""
        with acting(service) as work:
            code = desk_code.give_code(work, signatory_id)
            person = overview.person(work, signatory_id)
        return render_template("scheduler/desk_code.html", digits=code, person=person, code=person["territory"])

    @pages.post("/people/<uuid:signatory_id>/code.pdf")
    def give_code_slip(signatory_id: UUID) -> Response:
        """Answer with the code on paper: whoever asks again gets another code, no address leads to this one."""
        with acting(service) as work:
            slip = desk_code.give_code_slip(
                work, signatory_id, settings.common.call_back, unsigned_allowed=settings.demo
            )
        content = code_slip_pdf(slip)  # no transaction waits for a paper
        headers = {"Content-Disposition": 'inline; filename="code.pdf"', "Cache-Control": "no-store"}
        return Response(content, mimetype="application/pdf", headers=headers)

    return pages

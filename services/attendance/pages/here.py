"""The pages on people's own phones: "I am here", and how they are reached. Their language, big buttons, no script."""

__all__ = ["here_pages"]

from http import HTTPStatus
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from services.attendance.domain.errors import RollNotOpenError, RollSignedError
from services.attendance.settings import Settings
from services.attendance.usecases import contacts, here
from services.attendance.usecases.contacts import ContactCommand
from services.attendance.usecases.here import CodeRefusedError
from shared.errors import InvalidInputError
from shared.ids import derived_id
from shared.rights import SIGNATORY
from shared.service import Service
from shared.web.caller import caller
from shared.web.frame import acting, current_principal
from shared.web.own import own_page

DONE = "/attendance/here/done"
WAIT_STEP = 30  # seconds after which a page that waits looks again, or earlier when the roll opens earlier


def here_pages(service: Service, settings: Settings) -> Blueprint:
    """Return the pages that everybody may open."""
    pages = Blueprint("here_pages", __name__, template_folder="templates")

    def may_try() -> bool:
        with acting(service, reading=True) as work:
            return here.may_knock(work, caller())

    def refused() -> BaseResponse:
        """Count a try that was wrong, and ask for the code with why."""
        with acting(service) as work:
            here.count_knock(work, caller())
        return _ask_code(HTTPStatus.FORBIDDEN, "here_refused")

    @pages.get("/here")
    def by_code() -> BaseResponse:
        return _ask_code()

    @pages.post("/here")
    def say_by_code() -> BaseResponse:
        said, reference = request.form.get("code", ""), request.form.get("reference", "")
        if not may_try():
            return _ask_code(HTTPStatus.TOO_MANY_REQUESTS, "here_too_many")
        try:
            with acting(service) as work:
                here.say_here_by_code(work, said, reference, settings.early)
        except CodeRefusedError:
            return refused()
        except RollNotOpenError:
            return _ask_code(HTTPStatus.CONFLICT, "here_early")
        except RollSignedError:
            return own_page("own/room.html", status=HTTPStatus.CONFLICT, said="here_closed", bad=True)
        return redirect(DONE, HTTPStatus.SEE_OTHER)

    @pages.get("/here/done")
    def done() -> BaseResponse:
        return own_page("own/room.html", said="here_done")

    @pages.get("/here/<uuid:meeting_id>/<string:shown>")
    def scanned(meeting_id: UUID, shown: str) -> BaseResponse:
        if not may_try():
            return _ask_code(HTTPStatus.TOO_MANY_REQUESTS, "here_too_many")
        try:
            with acting(service, reading=True) as work:
                door = here.look(work, meeting_id, shown, settings.early)
        except CodeRefusedError:
            return refused()
        except RollNotOpenError:
            return _ask_code(HTTPStatus.CONFLICT, "here_early")
        if door.done:
            return own_page("own/room.html", said="here_done")
        local = door.opens_at.astimezone(ZoneInfo(door.meeting["zone"]))
        again = min(door.opens_in + 1, WAIT_STEP) if door.opens_in else 0
        address = f"/attendance/here/{meeting_id}/{door.ticket}"
        return own_page(
            "own/room_scanned.html", address=address, opens=f"{local:%H:%M}", again=again, known=door.session
        )

    @pages.post("/here/<uuid:meeting_id>/<string:ticket>")
    def say(meeting_id: UUID, ticket: str) -> BaseResponse:
        reference = request.form.get("reference", "")
        if not may_try():
            return _ask_code(HTTPStatus.TOO_MANY_REQUESTS, "here_too_many")
        try:
            with acting(service) as work:
                here.say_here(work, meeting_id, ticket, reference, settings.early)
        except CodeRefusedError:
            return refused()
        except RollNotOpenError:
            return _ask_code(HTTPStatus.CONFLICT, "here_early")
        except RollSignedError:
            return own_page("own/room.html", status=HTTPStatus.CONFLICT, said="here_closed", bad=True)
        return redirect(DONE, HTTPStatus.SEE_OTHER)

    @pages.get("/contact/<uuid:meeting_id>/<uuid:signatory_id>/<string:ticket>")
    def contact(meeting_id: UUID, signatory_id: UUID, ticket: str) -> BaseResponse:
        try:
            with acting(service, reading=True) as work:
                contacts.check_ticket(work, meeting_id, signatory_id, ticket)
        except CodeRefusedError:
            return own_page("own/room_phone.html", status=HTTPStatus.FORBIDDEN, said="number_refused", bad=True)
        return _ask_number()

    @pages.post("/contact/<uuid:meeting_id>/<uuid:signatory_id>/<string:ticket>")
    def give(meeting_id: UUID, signatory_id: UUID, ticket: str) -> BaseResponse:
        changed = request.form.get("what") == "changed"
        phone = request.form.get("phone", "").strip()[:24] if changed else ""
        if changed and not phone:
            return _ask_number(HTTPStatus.UNPROCESSABLE_ENTITY, "phone_refused")
        try:
            with acting(service) as work:
                contacts.check_ticket(work, meeting_id, signatory_id, ticket)
                word_id = derived_id("contact word", signatory_id, ticket, phone)  # pressed twice, it is one word
                contacts.give_contact(work, word_id, ContactCommand(signatory_id=signatory_id, phone=phone))
        except CodeRefusedError:
            return own_page("own/room_phone.html", status=HTTPStatus.FORBIDDEN, said="number_refused", bad=True)
        except InvalidInputError:
            return _ask_number(HTTPStatus.UNPROCESSABLE_ENTITY, "phone_refused")
        return own_page("own/room_phone.html", said="done")

    return pages


def _ask_code(status: int = HTTPStatus.OK, said: str = "") -> BaseResponse:
    return _asking("own/room_code.html", status, said, known=current_principal().role == SIGNATORY)


def _ask_number(status: int = HTTPStatus.OK, said: str = "") -> BaseResponse:
    return _asking("own/room_phone.html", status, said, address=f"/attendance{request.path}")


def _asking(template: str, status: int, said: str, **values: Any) -> BaseResponse:
    """Return a page that asks; where it asks again, it says why."""
    return own_page(template, status=status, said=said, bad=bool(said), **values)

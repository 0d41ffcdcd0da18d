"""The pages on people's own phones: "I am here", and how they are reached. Their language, big buttons, no script."""

__all__ = ["here_pages"]

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import negotiate_locale
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from services.attendance import wording
from services.attendance.domain.errors import RollNotOpenError, RollSignedError
from services.attendance.settings import Settings
from services.attendance.usecases import contacts, here
from services.attendance.usecases.contacts import ContactCommand
from services.attendance.usecases.here import CodeRefusedError
from shared.errors import InvalidInputError
from shared.ids import derived_id
from shared.service import Service
from shared.web.caller import caller
from shared.web.frame import acting, current_principal

COOKIE = "parcours_here"  # the language of these pages: there are more than the staff's two
A_DAY = 24 * 3600
WAIT_STEP = 30  # seconds after which a page that waits looks again, or earlier when the roll opens earlier


def here_pages(service: Service, settings: Settings) -> Blueprint:
    """Return the pages that everybody may open."""
    pages = Blueprint("here_pages", __name__, template_folder="templates")

    def may_try() -> bool:
        with acting(service, reading=True) as work:
            return here.may_knock(work, caller())

    def refused(template: str, **values: Any) -> BaseResponse:
        """Count a try that was wrong, and show the page again with why."""
        with acting(service) as work:
            here.count_knock(work, caller())
        return _page(template, status=403, said="refused", **values)

    @pages.get("/here")
    def by_code() -> BaseResponse:
        return _page("code", session=_session())

    @pages.post("/here")
    def say_by_code() -> BaseResponse:
        said, reference = request.form.get("code", ""), request.form.get("reference", "")
        if not may_try():
            return _page("code", status=429, said="too_many", session=_session())
        try:
            with acting(service) as work:
                here.say_here_by_code(work, said, reference, settings.early)
        except CodeRefusedError:
            return refused("code", session=_session())
        except RollNotOpenError:
            return _page("code", status=409, said="early", session=_session())
        except RollSignedError:
            return _page("done", status=409, said="closed")
        return redirect("/attendance/here/done", 303)

    @pages.get("/here/done")
    def done() -> BaseResponse:
        return _page("done", said="done")

    @pages.get("/here/<uuid:meeting_id>/<string:shown>")
    def scanned(meeting_id: UUID, shown: str) -> BaseResponse:
        if not may_try():
            return _page("code", status=429, said="too_many", session=_session())
        try:
            with acting(service, reading=True) as work:
                door = here.look(work, meeting_id, shown, settings.early)
        except CodeRefusedError:
            return refused("code", session=_session())
        except RollNotOpenError:
            return _page("code", status=409, said="early", session=_session())
        if door.done:
            return _page("done", said="done")
        local = door.opens_at.astimezone(ZoneInfo(door.meeting["zone"]))
        again = min(door.opens_in + 1, WAIT_STEP) if door.opens_in else 0
        return _page("scanned", door=door, opens=f"{local:%H:%M}", again=again, session=door.session)

    @pages.post("/here/<uuid:meeting_id>")
    def say(meeting_id: UUID) -> BaseResponse:
        ticket, reference = request.form.get("ticket", ""), request.form.get("reference", "")
        if not may_try():
            return _page("code", status=429, said="too_many", session=_session())
        try:
            with acting(service) as work:
                here.say_here(work, meeting_id, ticket, reference, settings.early)
        except CodeRefusedError:
            return refused("code", session=_session())
        except RollNotOpenError:
            return _page("code", status=409, said="early", session=_session())
        except RollSignedError:
            return _page("done", status=409, said="closed")
        return redirect("/attendance/here/done", 303)

    @pages.get("/contact/<uuid:meeting_id>/<uuid:signatory_id>/<string:ticket>")
    def contact(meeting_id: UUID, signatory_id: UUID, ticket: str) -> BaseResponse:
        try:
            with acting(service, reading=True) as work:
                contacts.check_ticket(work, meeting_id, signatory_id, ticket)
        except CodeRefusedError:
            return _page("done", status=403, said="contact_refused")
        return _page("contact")

    @pages.post("/contact/<uuid:meeting_id>/<uuid:signatory_id>/<string:ticket>")
    def give(meeting_id: UUID, signatory_id: UUID, ticket: str) -> BaseResponse:
        changed = request.form.get("what") == "changed"
        phone = request.form.get("phone", "").strip()[:24] if changed else ""
        if changed and not phone:
            return _page("contact", status=422, said="phone_refused")
        try:
            with acting(service) as work:
                contacts.check_ticket(work, meeting_id, signatory_id, ticket)
                word_id = derived_id("contact word", signatory_id, ticket, phone)  # pressed twice, it is one word
                contacts.give_contact(work, word_id, ContactCommand(signatory_id=signatory_id, phone=phone))
        except CodeRefusedError:
            return _page("done", status=403, said="contact_refused")
        except InvalidInputError:
            return _page("contact", status=422, said="phone_refused")
        return _page("done", said="contact_done")

    return pages


def _session() -> bool:
    return current_principal().role == "signatory"


def _page(template: str, *, status: int = 200, said: str = "", **values: Any) -> BaseResponse:
    language = _language()
    text = render_template(
        f"attendance/here/{template}.html",
        words=wording.words(language),
        languages=wording.LANGUAGES,
        reading=language,
        direction="rtl" if language in wording.RIGHT_TO_LEFT else "ltr",
        said=said,
        where=f"/attendance{request.path}"
        if request.method == "GET" or "/contact/" in request.path
        else "/attendance/here",
        **values,
    )
    answer = Response(text, status=status, mimetype="text/html")
    if request.args.get("lang") in wording.LANGUAGES:
        answer.set_cookie(
            COOKIE, language, max_age=A_DAY, path="/attendance", secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return answer


def _language() -> str:
    best = negotiate_locale(request.accept_languages.values(), wording.LANGUAGES, sep="-")
    wanted = (request.args.get("lang"), request.cookies.get(COOKIE), best)
    return next((one for one in wanted if one and one in wording.LANGUAGES), "fr")

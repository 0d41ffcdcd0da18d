"""What people open by their own link: their days, what they say of them, the code of the desk, giving up a place."""

__all__ = ["own_pages"]

from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, g, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from services.notifications.settings import Settings
from services.notifications.usecases import codes, giving_up, links, offers, own, own_contact
from services.notifications.usecases.codes import Tried
from services.notifications.usecases.links import LinkRefusedError
from shared.errors import InvalidInputError, NotFoundError
from shared.ids import new_id
from shared.rights import SIGNATORY, Principal
from shared.service import Service
from shared.web.caller import caller
from shared.web.frame import acting, current_principal, local_path
from shared.web.own import OWN_HOME, own_page, remember_language
from shared.web.tokens import COOKIE, OWN, OWN_LIFE_SECONDS, TokenSigner

DONE = ("late_said", "absent_said", "done")  # what a page may say of the step before


def own_pages(service: Service, settings: Settings) -> Blueprint:
    """Return the pages of a person with a link."""
    pages = Blueprint("own_pages", __name__, template_folder="templates")
    signer = TokenSigner(settings.common.link_key, OWN)

    def entered(who: Principal, target: str, until: float | None = None) -> BaseResponse:
        answer = redirect(target, HTTPStatus.SEE_OTHER)
        answer.set_cookie(
            COOKIE,
            signer.sign(who, new_id(), until),
            max_age=OWN_LIFE_SECONDS,
            path="/",
            httponly=True,
            secure=settings.common.production,
            samesite="Lax",
        )
        return answer

    @pages.get("/m/<string:secret>")
    def door(secret: str) -> BaseResponse:
        """Show one button and look nothing up: previews and scanners open links before people do."""
        return own_page("own/door.html", secret=secret)

    @pages.post("/m/<string:secret>")
    def enter(secret: str) -> BaseResponse:
        with acting(service) as work:  # a wrong secret is counted in the transaction that found it wrong
            try:
                opened = links.open_link(work, secret)
            except LinkRefusedError:
                if not links.may_try(work, caller()):
                    return own_page("own/said.html", status=HTTPStatus.TOO_MANY_REQUESTS, said="too_many", bad=True)
                links.count_wrong(work, caller())
                return own_page("own/said.html", status=HTTPStatus.FORBIDDEN, said="link_refused", bad=True)
        answer = entered(opened.who, OWN_HOME)
        if opened.language:
            remember_language(answer, opened.language)
        return answer

    @pages.post("/leave")
    def leave() -> BaseResponse:
        answer = own_page("own/said.html", said="left")
        answer.delete_cookie(COOKIE, path="/")
        return answer

    @pages.get("/mine")
    def mine() -> BaseResponse:
        with acting(service, reading=True) as work:
            places = own.own_places(work)
            days = own.own_days(work, places)
            shown: dict[str, Any] = {"places": places, "days": days, "leaving": giving_up.given_up(work, places)}
            shown["choose"] = offers.may_choose(work)
        return own_page("own/mine.html", said=_said(), **shown)

    @pages.get("/mine/days/<uuid:session_id>/<string:held_on>/<string:kind>")
    def ask_day(session_id: UUID, held_on: str, kind: str) -> BaseResponse:
        return own_page("own/day.html", one=_own_day(session_id, held_on, kind), kind=kind)

    @pages.post("/mine/days/<uuid:session_id>/<string:held_on>/<string:kind>")
    def say_day(session_id: UUID, held_on: str, kind: str) -> BaseResponse:
        return _say_day(session_id, held_on, _kind(kind), f"{kind}_said")

    @pages.post("/mine/days/<uuid:session_id>/<string:held_on>/withdrawal")
    def take_back(session_id: UUID, held_on: str) -> BaseResponse:
        return _say_day(session_id, held_on, "", "done")

    @pages.get("/code")
    def code() -> BaseResponse:
        return own_page("own/code.html", next=local_path(request.args.get("next")))

    @pages.post("/code")
    def give_code() -> BaseResponse:
        target = local_path(request.form.get("next"))
        with acting(service) as work:
            if not codes.may_try(work, caller()):
                return own_page("own/said.html", status=HTTPStatus.TOO_MANY_REQUESTS, said="too_many", bad=True)
            tried = codes.try_code(work, request.form.get("code", "")[:12], caller())
        if tried is not Tried.RIGHT:
            return own_page("own/code.html", status=HTTPStatus.FORBIDDEN, said=tried.value, bad=True, next=target)
        me = current_principal()
        further = Principal(kind=me.kind, id=me.id, role=SIGNATORY, scope=me.scope)
        return entered(further, target or OWN_HOME, g.session_until)  # the code opens more, not for longer

    @pages.get("/mine/places/<uuid:session_id>")
    def ask_place(session_id: UUID) -> BaseResponse:
        with acting(service, reading=True) as work:
            place = _found(own.own_places(work), session_id)
            until, now = giving_up.undone_until(place, work.now), giving_up.given_up(work, [place]).get(session_id)
        return own_page("own/place.html", place=place, until=until, leaving=now)

    @pages.post("/mine/places/<uuid:session_id>/giving-up")
    def give_up(session_id: UUID) -> BaseResponse:
        return _of_place(partial(giving_up.give_up, session_id=session_id))

    @pages.post("/mine/places/<uuid:session_id>/keeping")
    def keep_place(session_id: UUID) -> BaseResponse:
        return _of_place(partial(giving_up.keep_place, session_id=session_id))

    @pages.get("/mine/phone")
    def phone() -> BaseResponse:
        return _phone_page()

    @pages.post("/mine/phone/confirmation")
    def confirm_phone() -> BaseResponse:
        with acting(service) as work:
            own_contact.confirm_phone(work)
        return redirect(f"{OWN_HOME}?said=done", HTTPStatus.SEE_OTHER)

    @pages.get("/mine/phone/new")
    def new_phone() -> BaseResponse:
        return own_page("own/new_phone.html")

    @pages.post("/mine/phone/new")
    def change_phone() -> BaseResponse:
        try:
            with acting(service) as work:
                own_contact.change_phone(
                    work, request.form.get("phone", "").strip()[:24], test_numbers=settings.common.demo
                )
        except InvalidInputError:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            return own_page("own/new_phone.html", status=status, said="phone_refused", bad=True)
        return redirect(f"{OWN_HOME}?said=done", HTTPStatus.SEE_OTHER)

    def _phone_page() -> BaseResponse:
        with acting(service, reading=True) as work:
            number = own_contact.masked_phone(work)
        return own_page("own/phone.html", number=number)

    def _own_day(session_id: UUID, held_on: str, kind: str) -> own.OwnDay:
        _kind(kind)
        with acting(service, reading=True) as work:
            days = own.own_days(work, own.own_places(work))
        found = [one for one in days if (one.place.session_id, one.day.on.isoformat()) == (session_id, held_on)]
        if not found:
            raise NotFound
        return found[0]

    def _say_day(session_id: UUID, held_on: str, kind: str, said: str) -> BaseResponse:
        try:
            with acting(service) as work:
                own.announce(work, session_id, date.fromisoformat(held_on), kind)
        except (NotFoundError, ValueError):
            return own_page("own/said.html", status=HTTPStatus.CONFLICT, said="day_over", bad=True, back=OWN_HOME)
        return redirect(f"{OWN_HOME}?said={said}", HTTPStatus.SEE_OTHER)

    def _of_place(act: Any) -> BaseResponse:
        try:
            with acting(service) as work:
                act(work)
        except NotFoundError:
            return own_page("own/said.html", status=HTTPStatus.CONFLICT, said="day_over", bad=True, back=OWN_HOME)
        return redirect(f"{OWN_HOME}?said=done", HTTPStatus.SEE_OTHER)

    return pages


def _found(places: list[own.OwnPlace], session_id: UUID) -> own.OwnPlace:
    place = next((one for one in places if one.session_id == session_id), None)
    if place is None:
        raise NotFound
    return place


def _kind(kind: str) -> str:
    if kind not in own.KINDS:
        raise NotFound
    return kind


def _said() -> str:
    said = request.args.get("said", "")
    return said if said in DONE else ""

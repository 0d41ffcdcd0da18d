"""Signing in and out, and the demonstration's one-time links."""

__all__ = ["door_pages"]

from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, abort, g, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.usecases import accounts
from shared.rights import Principal
from shared.service import Service
from shared.web.frame import acting, local_path
from shared.web.tokens import COOKIE, TokenError, TokenSigner

HOMES = {
    "auditor": "/planning/reception",
    "prefecture": "/planning/worklist",
    "provider_manager": "/attendance/",
    "trainer": "/attendance/",
    "signatory": "/attendance/mine",
}


def door_pages(service: Service, signer: TokenSigner, *, demo: bool, secure: bool) -> Blueprint:
    """Return the pages that let people in and out."""
    pages = Blueprint("doors_pages", __name__, template_folder="templates")

    def entered(who: Principal, session_id: UUID, target: str) -> BaseResponse:
        answer = redirect(target, 303)
        answer.set_cookie(
            COOKIE,
            signer.sign(who, session_id),
            max_age=10 * 3600,
            path="/",
            httponly=True,
            secure=secure,
            samesite="Lax",
        )
        return answer

    @pages.get("/sign-in")
    def sign_in_page() -> str:
        return render_template(
            "scheduler/sign_in.html", next=local_path(request.args.get("next")), refused=False, demo=demo
        )

    @pages.post("/sign-in")
    def sign_in() -> BaseResponse:
        with acting(service) as work:
            opened = accounts.sign_in(work, request.form.get("login", ""), request.form.get("password", ""))
        target = local_path(request.form.get("next"))
        if opened is None:
            page = render_template("scheduler/sign_in.html", next=target, refused=True, demo=demo)
            return Response(page, status=401, mimetype="text/html")
        return entered(*opened, target or _home(opened[0]))

    @pages.get("/session")
    def renew() -> BaseResponse:
        """Renew an expired token when its session still holds, else ask to sign in."""
        target = local_path(request.args.get("next")) or "/planning/"
        sign_in_first = f"/planning/sign-in?next={quote(target)}"
        held = g.get("expired_session_id") or g.get("session_id")
        if held is None:
            return redirect(sign_in_first)
        try:
            with acting(service, reading=True) as work:
                who = accounts.renew(work, held)
        except TokenError:
            return redirect(sign_in_first)
        return entered(who, held, target)

    @pages.post("/sign-out")
    def sign_out() -> BaseResponse:
        held = g.get("session_id") or g.get("expired_session_id")
        if held is not None:
            with acting(service) as work:
                accounts.end_session(work, held)
        answer = redirect("/", 303)
        answer.delete_cookie(COOKIE, path="/")
        answer.headers["Clear-Site-Data"] = '"storage"'  # what a trainer's device kept of today's rolls
        return answer

    @pages.get("/demo/<secret>")
    def demo_page(secret: str) -> str:
        """Show one button: a link that is only fetched (a preview, a scanner) changes nothing."""
        _demo_only(demo)
        return render_template("scheduler/demo_link.html", secret=secret)

    @pages.post("/demo/<secret>")
    def demo_enter(secret: str) -> BaseResponse:
        _demo_only(demo)
        with acting(service) as work:
            opened = accounts.redeem_link(work, secret)
        return entered(*opened, _home(opened[0]))

    return pages


def _home(who: Principal) -> str:
    """Return where somebody in this role begins."""
    return HOMES.get(who.role, "/planning/")


def _demo_only(demo: bool) -> None:
    if not demo or request.remote_addr not in {"127.0.0.1", "::1"}:
        abort(404)

"""The scheduler's pages: server-rendered, no script needed."""

__all__ = ["register"]

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response, abort, g, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler import storage
from services.scheduler.domain.eligibility import CHOICES, FACTS, NUMBERS, decide, facts_of
from services.scheduler.programmes import codes, rule_book
from services.scheduler.usecases import accounts, imports, overview, planning, publication, transparency
from services.scheduler.usecases.scope import check_territory
from shared import staging
from shared.errors import FieldFault, InvalidInputError
from shared.ids import new_id
from shared.rights import Principal
from shared.service import Service
from shared.web.frame import acting
from shared.web.tokens import COOKIE, TokenError, TokenSigner

RUN_SECONDS = 30  # [A] what a planner waits for at most


def register(app: Flask, service: Service, signer: TokenSigner, *, demo: bool, secure: bool) -> None:
    """Add the pages to the application."""
    app.register_blueprint(_door_pages(service, signer, demo=demo, secure=secure))
    app.register_blueprint(_planner_pages(service, demo=demo))


def _door_pages(service: Service, signer: TokenSigner, *, demo: bool, secure: bool) -> Blueprint:
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
            "scheduler/sign_in.html", next=_local(request.args.get("next")), refused=False, demo=demo
        )

    @pages.post("/sign-in")
    def sign_in() -> BaseResponse:
        with acting(service) as work:
            opened = accounts.sign_in(work, request.form.get("login", ""), request.form.get("password", ""))
        target = _local(request.form.get("next"))
        if opened is None:
            page = render_template("scheduler/sign_in.html", next=target, refused=True, demo=demo)
            return Response(page, status=401, mimetype="text/html")
        return entered(*opened, target)

    @pages.get("/session")
    def renew() -> BaseResponse:
        """Renew an expired token when its session still holds, else ask to sign in."""
        target = _local(request.args.get("next"))
        held = g.get("expired_session_id") or g.get("session_id")
        if held is None:
            return redirect(f"/planning/sign-in?next={target}")
        try:
            with acting(service, reading=True) as work:
                who = accounts.renew(work, held)
        except TokenError:
            return redirect(f"/planning/sign-in?next={target}")
        return entered(who, held, target)

    @pages.post("/sign-out")
    def sign_out() -> BaseResponse:
        held = g.get("session_id") or g.get("expired_session_id")
        if held is not None:
            with acting(service) as work:
                accounts.end_session(work, held)
        answer = redirect("/", 303)
        answer.delete_cookie(COOKIE, path="/")
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
        return entered(*opened, "/planning/")

    return pages


def _planner_pages(service: Service, *, demo: bool) -> Blueprint:
    pages = Blueprint("planner_pages", __name__, template_folder="templates")

    def territory(work: Any) -> str:
        known = overview.territories(work)
        asked = request.args.get("territory") or request.form.get("territory") or work.who.scope
        chosen = asked or (known[0] if known else "93")
        check_territory(work.who, chosen)
        return chosen

    @pages.get("/")
    def index() -> str:
        with acting(service, reading=True) as work:
            code = territory(work)
            seen = overview.dashboard(work, code)
            known = overview.territories(work)
        return render_template("scheduler/index.html", code=code, known=known, programmes=_programmes(), **seen)

    @pages.get("/imports")
    def list_imports() -> str:
        with acting(service, reading=True) as work:
            code = territory(work)
            listed = imports.batches(work, code)
        return render_template("scheduler/imports.html", code=code, batches=listed, report=None, error=None)

    @pages.post("/imports")
    def take_upload() -> Any:
        upload = request.files.get("file")
        content = upload.stream.read(staging.MOST_BYTES + 1) if upload else b""
        name, kind = (upload.filename if upload else "") or "fichier", request.form.get("kind", "intake")
        report, error = None, None
        with acting(service, reading=True) as work:
            code = territory(work)
        try:
            with acting(service) as work:
                report = imports.import_file(work, code, kind, name, content, test_numbers=demo)
        except InvalidInputError as refused:
            error = str(refused)
        with acting(service, reading=True) as work:
            listed = imports.batches(work, code)
        page = render_template("scheduler/imports.html", code=code, batches=listed, report=report, error=error)
        return page, 422 if error else 200

    @pages.get("/imports/<uuid:batch_id>")
    def read_import(batch_id: UUID) -> str:
        with acting(service, reading=True) as work:
            batch = staging.find_batch(work.db, batch_id)
            check_territory(work.who, batch["scope"])
            refused = staging.batch_rows(work.db, batch_id, "refused")
        return render_template("scheduler/import.html", batch=batch, refused=refused, code=batch["scope"], error=None)

    @pages.post("/imports/<uuid:batch_id>/rows/<string:sheet>/<int:number>")
    def mend_row(batch_id: UUID, sheet: str, number: int) -> Any:
        cells = {key.removeprefix("cell:"): value for key, value in request.form.items() if key.startswith("cell:")}
        with acting(service) as work:
            check_territory(work.who, staging.find_batch(work.db, batch_id)["scope"])
            imports.mend_row(work, batch_id, sheet, number, cells, test_numbers=demo)
        return redirect(f"/planning/imports/{batch_id}", 303)

    @pages.post("/runs")
    def ask_run() -> BaseResponse:
        run_id = new_id()
        with acting(service) as work:
            code = territory(work)
            planning.ask_run(
                work,
                run_id,
                territory=code,
                programme=request.form.get("programme", ""),
                publish_on=_day(request.form.get("publish_on", "")),
                seconds=RUN_SECONDS,
            )
        return redirect(f"/planning/runs/{run_id}", 303)

    @pages.get("/runs/<uuid:run_id>")
    def read_run(run_id: UUID) -> str:
        with acting(service, reading=True) as work:
            run = planning.view_run(work, run_id)
            check_territory(work.who, run["territory"])
            stale = run["state"] == "ready" and run["base_version"] != storage.territory_version(
                work.db, run["territory"]
            )
        left = [] if run["plan"] is None else run["plan"]["unplaced"]
        return render_template("scheduler/run.html", run=run, code=run["territory"], left=left, stale=stale)

    @pages.post("/runs/<uuid:run_id>/publication")
    def publish(run_id: UUID) -> BaseResponse:
        with acting(service) as work:
            check_territory(work.who, planning.view_run(work, run_id)["territory"])
            publication.publish(work, run_id)
        return redirect(f"/planning/runs/{run_id}", 303)

    @pages.get("/sessions")
    def sessions() -> str:
        with acting(service, reading=True) as work:
            code = territory(work)
            listed = overview.sessions(work, code, request.args.get("training"))
        return render_template(
            "scheduler/sessions.html", code=code, sessions=listed, training=request.args.get("training")
        )

    @pages.get("/sessions/<uuid:session_id>")
    def session(session_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found = overview.session_detail(work, session_id)
            check_territory(work.who, found["territory"])
        return render_template("scheduler/session.html", session=found, code=found["territory"])

    @pages.get("/unplaced")
    def unplaced() -> str:
        with acting(service, reading=True) as work:
            code = territory(work)
            listed = overview.unplaced(work, code)
        return render_template("scheduler/unplaced.html", code=code, needs=listed)

    @pages.get("/people/<uuid:signatory_id>")
    def person(signatory_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found = overview.person(work, signatory_id)
            check_territory(work.who, found["territory"])
        return render_template("scheduler/person.html", person=found, code=found["territory"])

    @pages.get("/people/<uuid:signatory_id>/explanation")
    def explanation(signatory_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found = transparency.explanation(work, signatory_id)
        return render_template("scheduler/explanation.html", found=found, code=found["territory"])

    @pages.get("/flags")
    def flags() -> str:
        with acting(service, reading=True) as work:
            code = territory(work)
            listed = overview.flags(work, code)
        return render_template("scheduler/flags.html", code=code, flags=listed)

    @pages.route("/eligibility", methods=["GET", "POST"])
    def eligibility() -> str:
        with acting(service, reading=True) as work:
            code = territory(work)
        answer, faults = None, {}
        if request.method == "POST":  # what is asked stands in no address and in no log
            try:
                facts = facts_of({name: request.form.get(name, "") for name in FACTS})
                answer = decide(rule_book(request.form.get("programme", "")).eligibility, facts)
            except InvalidInputError as refused:
                faults = {fault.field: fault.message for fault in refused.faults} or {"programme": str(refused)}
        return render_template(
            "scheduler/eligibility.html",
            code=code,
            programmes=_programmes(),
            asked=request.form,
            choices=CHOICES,
            facts=FACTS,
            numbers=NUMBERS,
            answer=answer,
            faults=faults,
        )

    return pages


def _programmes() -> list[Any]:
    return [rule_book(code) for code in codes()]


def _local(target: str | None) -> str:
    """Return a path on this site only: never a redirect to somewhere else."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        return target
    return "/planning/"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        fault = FieldFault("publish_on", "date", _("« %(text)s » n’est pas une date", text=text))
        raise InvalidInputError(_("la date de publication"), [fault]) from error


def _demo_only(demo: bool) -> None:
    if not demo or request.remote_addr not in {"127.0.0.1", "::1"}:
        abort(404)

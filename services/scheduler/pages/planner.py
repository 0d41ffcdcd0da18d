"""What planners look at: files, sessions, needs without a seat, people, flags, eligibility."""

__all__ = ["planner_pages", "territory_of"]

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.bodies.prescriptions import ReachBody
from services.scheduler.domain.eligibility import CHOICES, FACTS, NUMBERS, decide, facts_of
from services.scheduler.pages.forms import Form, submit
from services.scheduler.programmes import codes, rule_book
from services.scheduler.usecases import choosing, desk, imports, overview, people, shocks, transparency
from shared import staging
from shared.communes import commune
from shared.errors import InvalidInputError, ParcoursError
from shared.ids import new_id
from shared.scope import check_territory
from shared.service import Service
from shared.web.frame import acting
from shared.work import Work


def planner_pages(service: Service, *, demo: bool) -> Blueprint:
    """Return the planner's pages; `demo` accepts invented phones."""
    pages = Blueprint("planner_pages", __name__, template_folder="templates")
    pages.add_app_template_filter(commune_name)

    @pages.get("/")
    def index() -> str:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            seen = overview.dashboard(work, code)
            known = overview.territories(work)
        return render_template(
            "scheduler/index.html", code=code, known=known, programmes=_programmes(), key=new_id(), **seen
        )

    def imports_page(code: str, listed: Any, **seen: Any) -> str:
        return render_template("scheduler/imports.html", code=code, batches=listed, kinds=imports.KINDS, **seen)

    @pages.get("/imports")
    def list_imports() -> str:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            listed = imports.batches(work, code)
        return imports_page(code, listed)

    @pages.post("/imports")
    def take_upload() -> Any:
        upload = request.files.get("file")
        content = upload.stream.read(staging.MOST_BYTES + 1) if upload else b""
        name, kind = (upload.filename if upload else "") or "fichier", request.form.get("kind", "intake")
        report, error = None, None
        with acting(service, reading=True) as work:
            code = territory_of(work)
        try:
            with acting(service) as work:
                report = imports.import_file(work, code, kind, name, content, test_numbers=demo)
        except InvalidInputError as refused:
            error = str(refused)
        with acting(service, reading=True) as work:
            listed = imports.batches(work, code)
        return imports_page(code, listed, report=report, error=error), 422 if error else 200

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

    @pages.get("/sessions")
    def sessions() -> str:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            listed = overview.sessions(work, code, request.args.get("training"))
        return render_template(
            "scheduler/sessions.html", code=code, sessions=listed, training=request.args.get("training")
        )

    @pages.get("/sessions/<uuid:session_id>")
    def session(session_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found = overview.session_detail(work, session_id)
            check_territory(work.who, found["territory"])
            fitting = desk.who_fits(work, session_id) if work.who.role in desk.ROLES else None
        return render_template("scheduler/session.html", session=found, code=found["territory"], fitting=fitting)

    @pages.get("/shaken")
    def no_longer_hold() -> str:
        with acting(service, reading=True) as work:
            code, programme = territory_of(work), _programme()
            found = shocks.no_longer_hold(work, code, programme)
        return render_template("scheduler/shaken.html", code=code, found=found, programme=programme, programmes=codes())

    @pages.post("/shaken/<uuid:session_id>")
    def cancel(session_id: UUID) -> BaseResponse:
        with acting(service) as work:
            code = territory_of(work)
            shocks.cancel(work, session_id, request.form.get("reason", ""))
        return redirect(f"/planning/shaken?territory={code}&programme={_programme()}", 303)

    @pages.get("/unplaced")
    def unplaced() -> str:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            listed = overview.unplaced(work, code)
        return render_template("scheduler/unplaced.html", code=code, needs=listed)

    def person_page(signatory_id: UUID, sent: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            found = overview.person(work, signatory_id)
            check_territory(work.who, found["territory"])
            offers = choosing.offers_of(work, signatory_id)
        offered = [
            one | {"ends": f"{choosing.ends_at(one):%d/%m %H:%M}"} for one in offers[:1] if one["state"] == "open"
        ]
        form = sent or _reach_form(found)
        waiting = any(need["state"] in {"open", "unplaced"} for need in found["needs"])
        return render_template(
            "scheduler/person.html",
            person=found,
            code=found["territory"],
            form=form,
            waiting=waiting,
            offered=offered,
            key=new_id(),
        )

    @pages.get("/people/<uuid:signatory_id>")
    def person(signatory_id: UUID) -> str:
        return person_page(signatory_id)

    @pages.post("/people/<uuid:signatory_id>/contact")
    def change_contact(signatory_id: UUID) -> Any:
        def act(reach: people.Reach, _key: UUID) -> str:
            with acting(service) as work:
                people.change_contact(work, signatory_id, reach, test_numbers=demo)
            return f"/planning/people/{signatory_id}"

        return submit(_reach_form(None), act, lambda form: person_page(signatory_id, form))

    @pages.get("/people/<uuid:signatory_id>/explanation")
    def explanation(signatory_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found = transparency.explanation(work, signatory_id)
        return render_template("scheduler/explanation.html", found=found, code=found["territory"])

    @pages.get("/flags")
    def flags() -> str:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            listed = overview.flags(work, code)
        return render_template("scheduler/flags.html", code=code, flags=listed)

    @pages.route("/eligibility", methods=["GET", "POST"])
    def eligibility() -> str:
        with acting(service, reading=True) as work:
            code = territory_of(work)
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


def commune_name(code: str) -> str:
    """Return what a commune is called, with its code; what is no commune stays."""
    try:
        return f"{commune(code).name} ({code})"
    except ParcoursError:
        return code


def territory_of(work: Work) -> str:
    """Return the territory that a page is about: asked for, else the person's own, else the first one that is known."""
    known = overview.territories(work)
    asked = request.args.get("territory") or request.form.get("territory") or work.who.scope
    chosen = asked or (known[0] if known else "93")
    check_territory(work.who, chosen)
    return chosen


def _reach_form(person: Mapping[str, Any] | None) -> Form:
    """Return the form for another phone or address; what is known is not shown, as everywhere on this page."""
    return Form.of("contact", ReachBody(), {"channel": person["facts"]["channel"]} if person else {})


def _programme() -> str:
    """Return the programme that a page is about: asked for, else today's."""
    asked = request.args.get("programme", "")
    return asked if asked in codes() else codes()[-1]


def _programmes() -> list[Any]:
    return [rule_book(code) for code in codes()]

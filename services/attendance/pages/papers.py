"""Documents: a body's month with its sheets, statement and binder; files in and out; certificates; opinions."""

__all__ = ["paper_pages"]

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.attendance.documents.opinion_text import VERDICTS
from services.attendance.settings import Settings
from services.attendance.usecases import binders, certificates, exchange, opinions, papers, statements
from services.attendance.usecases.statements import STATEMENT_FILES
from shared import staging
from shared.errors import FieldFault, InvalidInputError, NotFoundError
from shared.ids import new_id
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting
from shared.work import Work

MIME = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
MOST_REFUSED = 50  # rows to mend on one page


def paper_pages(service: Service, settings: Settings) -> Blueprint:
    """Return the pages of documents and files."""
    pages = Blueprint("paper_pages", __name__, template_folder="templates")

    def documents_page(**seen: Any) -> str:
        with acting(service, reading=True) as work:
            return render_template("attendance/papers.html", **_documents(work), **seen)

    @pages.get("/documents")
    def documents() -> str:
        return documents_page()

    @pages.get("/documents/find")
    def find() -> str:
        number = request.args.get("number", "")
        sheet, lost = None, False
        with acting(service, reading=True) as work:
            try:
                sheet = papers.find_sheet(work, number)
            except (NotFoundError, InvalidInputError):
                lost = True
        return documents_page(sought=number, sheet=sheet, lost=lost)

    @pages.post("/documents/<uuid:provider_id>/statements")
    def make_statement(provider_id: UUID) -> BaseResponse:
        month = statements.month_of(request.form.get("month", ""))
        with acting(service) as work:
            statements.make(work, provider_id, month, settings.pay_rules)
        return _back(provider_id, month)

    @pages.get("/documents/<uuid:provider_id>/statements/<string:month>/<int:version>/<string:kind>")
    def statement(provider_id: UUID, month: str, version: int, kind: str) -> Response:
        if kind not in STATEMENT_FILES:
            raise NotFoundError("file", kind)
        with acting(service, reading=True) as work:
            found = statements.read(work, provider_id, statements.month_of(month), version)
        return _file(statements.file_of(found, kind), f"etat-{month}-v{version}", kind)

    @pages.post("/documents/<uuid:provider_id>/binders")
    def ask_binder(provider_id: UUID) -> BaseResponse:
        month = statements.month_of(request.form.get("month", ""))
        with acting(service) as work:
            binders.ask(work, _key(), provider_id, month)
        return _back(provider_id, month)

    @pages.get("/documents/binders/<uuid:binder_id>")
    def fetch_binder(binder_id: UUID) -> Response:
        with acting(service) as work:
            month = binders.find(work, binder_id)["month"]
            content = binders.content_of(work, binder_id)
        return _file(content, f"documents-{month:%Y-%m}", "zip")

    @pages.get("/documents/<uuid:provider_id>/blank-sheets")
    def blank_sheets(provider_id: UUID) -> Response:
        first, last = _asked_day("first"), _asked_day("last")
        with acting(service, reading=True) as work:
            content = papers.blank_sheets(work, provider_id, first, last)
        return _file(content, f"a-signer-{first}-{last}", "zip")

    @pages.get("/documents/sheets/<uuid:meeting_id>")
    def sheet(meeting_id: UUID) -> Response:
        with acting(service) as work:
            number, content = papers.meeting_of(work, meeting_id)["number"], papers.sheet(work, meeting_id)
        return _file(content, f"feuille-{number}", "pdf")

    @pages.get("/documents/sheets/<uuid:meeting_id>/blank")
    def blank_sheet(meeting_id: UUID) -> Response:
        with acting(service, reading=True) as work:
            number = papers.meeting_of(work, meeting_id)["number"]
            content = papers.sheet(work, meeting_id, blank=True)
        return _file(content, f"a-signer-{number}", "pdf")

    @pages.get("/documents/sheets/<uuid:meeting_id>/reads")
    def reads(meeting_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found, listed = papers.meeting_of(work, meeting_id), papers.reads_of(work, meeting_id)
        return render_template("attendance/sheet_reads.html", meeting=found, reads=listed)

    @pages.post("/documents/certificates")
    def certificate() -> Response:
        first, last = _day("first"), _day("last")
        with acting(service, reading=True) as work:
            contract = certificates.contract_by_reference(work, request.form.get("reference", "").strip())
            content = certificates.certificate(work, contract["id"], first, last).content
        return _file(content, "attestation", "pdf")

    _add_files(pages, service)
    _add_opinions(pages, service, settings)
    return pages


def _add_files(pages: Blueprint, service: Service) -> None:
    def files_page(**seen: Any) -> str:
        with acting(service, reading=True) as work:
            month = _month(work)
            listed = exchange.batches(work) if work.who.role == "provider_manager" else []
        return render_template(
            "attendance/files.html", batches=listed, first=month, last=statements.last_day(month), **seen
        )

    @pages.get("/files")
    def files() -> str:
        return files_page()

    @pages.get("/files/export")
    def export() -> Response:
        kind = request.args.get("format", "csv")
        first, last = _asked_day("first"), _asked_day("last")
        if kind not in {"csv", "xlsx"}:
            raise NotFoundError("file", kind)
        with acting(service, reading=True) as work:
            content = exchange.exported(work, first, last, kind)
        return _file(content, f"presences-{first}-{last}", kind)

    @pages.post("/files")
    def import_file() -> Any:
        upload = request.files.get("file")
        content = upload.stream.read(staging.MOST_BYTES + 1) if upload else b""
        name = (upload.filename if upload else "") or "fichier"
        report = error = None
        try:
            with acting(service) as work:
                report = exchange.import_file(work, name, content)
        except InvalidInputError as refused:
            error = str(refused)
        return files_page(report=report, error=error), 422 if error else 200

    @pages.get("/files/<uuid:batch_id>")
    def read_import(batch_id: UUID) -> str:
        with acting(service, reading=True) as work:
            batch, refused = exchange.find_import(work, batch_id), exchange.refused_rows(work, batch_id)
        return render_template("attendance/file.html", batch=batch, refused=refused, most=MOST_REFUSED)

    @pages.post("/files/<uuid:batch_id>/rows/<int:number>")
    def mend_row(batch_id: UUID, number: int) -> BaseResponse:
        cells = {name.removeprefix("cell:"): text for name, text in request.form.items() if name.startswith("cell:")}
        with acting(service) as work:
            exchange.mend_row(work, batch_id, number, cells)
        return redirect(f"/attendance/files/{batch_id}", 303)


def _add_opinions(pages: Blueprint, service: Service, settings: Settings) -> None:
    @pages.get("/opinions")
    def list_opinions() -> str:
        with acting(service, reading=True) as work:
            listed = opinions.opinions_of(work, own_territory(work.who, None))
        return render_template("attendance/opinions.html", opinions=listed, key=new_id())

    @pages.post("/opinions")
    def draft_opinion() -> BaseResponse:
        with acting(service) as work:
            contract = certificates.contract_by_reference(work, request.form.get("reference", "").strip())
            found = opinions.draft(work, _key(), contract["id"])
        return redirect(f"/attendance/opinions/{found['id']}", 303)

    @pages.get("/opinions/<uuid:opinion_id>")
    def read_opinion(opinion_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found = opinions.read(work, opinion_id)
        return render_template("attendance/opinion.html", opinion=found, verdicts=VERDICTS)

    @pages.post("/opinions/<uuid:opinion_id>/draft")
    def draft_again(opinion_id: UUID) -> BaseResponse:
        with acting(service) as work:
            opinions.draft(work, opinion_id, opinions.read(work, opinion_id)["contract_id"])
        return redirect(f"/attendance/opinions/{opinion_id}", 303)

    @pages.post("/opinions/<uuid:opinion_id>/signature")
    def sign_opinion(opinion_id: UUID) -> BaseResponse:
        with acting(service) as work:
            opinions.sign(work, opinion_id, request.form.get("verdict", ""))
        return redirect(f"/attendance/opinions/{opinion_id}", 303)

    @pages.get("/opinions/<uuid:opinion_id>/paper")
    def opinion_paper(opinion_id: UUID) -> Response:
        with acting(service, reading=True) as work:
            content = opinions.paper(work, opinion_id, settings.opinion_text)
        return _file(content, "avis-d-assiduite", "pdf")


def _documents(work: Work) -> Mapping[str, Any]:
    """Return what the page of a body's month shows: the first body, unless another is asked for."""
    bodies, month = papers.bodies(work), _month(work)
    asked = request.args.get("provider", type=UUID)
    body = next((one for one in bodies if one["id"] == asked), bodies[0] if bodies else None)
    found: dict[str, Any] = {"bodies": bodies, "body": body, "month": month, "key": new_id(), "today": work.now.date()}
    found |= {"week": (work.now.date(), work.now.date() + timedelta(days=papers.DAYS_AT_ONCE - 1))}
    if body is None:
        return found | {"sheets": [], "statements": [], "binders": []}
    made = statements.statements_of(work, body["id"], month)
    return found | {
        "sheets": papers.month_sheets(work, body["id"], month, statements.last_day(month)),
        "statements": made,
        "binders": [one for one in binders.binders_of(work, body["id"]) if one["month"] == month],
    }


def _month(work: Work) -> date:
    text = request.args.get("month", "")
    return statements.month_of(text) if text else work.now.date().replace(day=1)


def _day(name: str) -> date | None:
    text = request.form.get(name, "")
    return _parsed(name, text) if text else None


def _asked_day(name: str) -> date:
    return _parsed(name, request.args.get(name, ""))


def _parsed(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        fault = FieldFault(name, "date", _("« %(text)s » n’est pas une date", text=text))
        raise InvalidInputError(_("le jour"), [fault]) from error


def _back(provider_id: UUID, month: date) -> BaseResponse:
    return redirect(f"/attendance/documents?provider={provider_id}&month={month:%Y-%m}", 303)


def _file(content: bytes, name: str, kind: str) -> Response:
    """Return a file under a name that says nothing about a person."""
    place = "inline" if kind == "pdf" else "attachment"
    return Response(content, mimetype=MIME[kind], headers={"Content-Disposition": f'{place}; filename="{name}.{kind}"'})


def _key() -> UUID:
    return request.form.get("key", type=UUID) or new_id()

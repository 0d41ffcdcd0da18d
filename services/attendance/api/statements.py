"""Monthly statements of training bodies, and all papers of a month in one file."""

__all__ = ["statement_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask_smorest import Blueprint

from services.attendance.domain.statements import PayRules
from services.attendance.usecases import binders, papers, statements
from services.attendance.usecases.statements import STATEMENT_FILES
from shared.service import Service
from shared.web.frame import acting

MIME = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ZIP = "application/zip"
FILE = {"schema": {"type": "string", "format": "binary"}}
MONTH = ma.validate.Regexp(r"^20\d{2}-(0[1-9]|1[0-2])$", error="as 2025-04")


class BodyView(ma.Schema):
    """A training body."""

    id = ma.fields.UUID(required=True)
    code = ma.fields.String(required=True)
    label = ma.fields.String(required=True)


class BodyList(ma.Schema):
    """The training bodies that somebody may see."""

    items = ma.fields.List(ma.fields.Nested(BodyView), required=True)


class MonthBody(ma.Schema):
    """A month, as 2025-04."""

    month = ma.fields.String(required=True, validate=MONTH)


class StatementRow(ma.Schema):
    """One version of a month's statement: its totals in minutes and cents."""

    provider_id = ma.fields.UUID(required=True)
    month = ma.fields.Date(required=True, metadata={"description": "The first day of the month."})
    version = ma.fields.Integer(required=True)
    actor = ma.fields.String(required=True)
    made_at = ma.fields.AwareDateTime(required=True)
    totals = ma.fields.Dict(required=True)
    complete = ma.fields.Boolean(required=True, metadata={"description": "The month was over."})


class StatementView(ma.Schema):
    """One version of a month's statement with its lines."""

    provider_id = ma.fields.UUID(required=True)
    month = ma.fields.Date(required=True)
    version = ma.fields.Integer(required=True)
    actor = ma.fields.String(required=True)
    made_at = ma.fields.AwareDateTime(required=True)
    content = ma.fields.Dict(required=True)


class StatementList(ma.Schema):
    """Statements of a body, the newest month first."""

    items = ma.fields.List(ma.fields.Nested(StatementRow), required=True)


class FileQuery(ma.Schema):
    """In which form a file is wanted."""

    format = ma.fields.String(load_default="pdf", validate=ma.validate.OneOf(STATEMENT_FILES))


class DaysQuery(ma.Schema):
    """The first and the last day."""

    first = ma.fields.Date(required=True)
    last = ma.fields.Date(required=True)


class BinderBody(ma.Schema):
    """Whose papers, of which month."""

    provider_id = ma.fields.UUID(required=True)
    month = ma.fields.String(required=True, validate=MONTH)


class BinderView(ma.Schema):
    """A binder of papers and how far its job is."""

    id = ma.fields.UUID(required=True)
    provider_id = ma.fields.UUID(required=True)
    month = ma.fields.Date(required=True)
    kind = ma.fields.String(required=True, metadata={"description": "named, or by references alone"})
    asked_at = ma.fields.AwareDateTime(required=True)
    job_state = ma.fields.String(required=True)
    done = ma.fields.Integer(required=True)
    of = ma.fields.Integer(required=True)
    papers = ma.fields.Integer(required=True)
    there = ma.fields.Boolean(required=True, metadata={"description": "Whether its file can be fetched."})
    delete_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    error = ma.fields.String(required=True)


def statement_routes(service: Service, rules: PayRules) -> Blueprint:
    """Return the routes for statements and binders; `rules` say what is payable."""
    routes = Blueprint("statements", __name__, description="Monthly statements, papers in bulk")

    @routes.get("/providers")
    @routes.response(200, BodyList)
    def list_providers() -> dict[str, Any]:
        """Return the training bodies whose groups one may see."""
        with acting(service, reading=True) as work:
            return {"items": papers.bodies(work)}

    @routes.get("/providers/<uuid:provider_id>/statements")
    @routes.response(200, StatementList)
    @routes.alt_response(404, success=False)
    def list_statements(provider_id: UUID) -> dict[str, Any]:
        """Return a body's last sixty monthly statements, every version of a month."""
        with acting(service, reading=True) as work:
            return {"items": statements.statements_of(work, provider_id)}

    @routes.post("/providers/<uuid:provider_id>/statements")
    @routes.arguments(MonthBody)
    @routes.response(200, StatementView)
    @routes.alt_response(404, success=False)
    def make_statement(body: dict[str, str], provider_id: UUID) -> dict[str, Any]:
        """Make a month's statement; a new version only where something has changed since the last."""
        with acting(service) as work:
            return statements.make(work, provider_id, statements.month_of(body["month"]), rules)

    @routes.get("/providers/<uuid:provider_id>/statements/<string:month>/<int:version>")
    @routes.response(200, StatementView)
    @routes.alt_response(404, success=False)
    def read_statement(provider_id: UUID, month: str, version: int) -> dict[str, Any]:
        """Return one version of a statement with its lines."""
        with acting(service, reading=True) as work:
            return statements.read(work, provider_id, statements.month_of(month), version)

    @routes.get("/providers/<uuid:provider_id>/statements/<string:month>/<int:version>/file")
    @routes.arguments(FileQuery, location="query")
    @routes.response(200, content_type="application/pdf")
    @routes.doc(responses={"200": {"content": dict.fromkeys(MIME.values(), FILE)}})
    @routes.alt_response(404, success=False)
    def read_statement_file(query: dict[str, str], provider_id: UUID, month: str, version: int) -> Response:
        """Return one version of a statement as PDF, XLSX or CSV."""
        with acting(service, reading=True) as work:
            found = statements.read(work, provider_id, statements.month_of(month), version)
        return Response(statements.file_of(found, query["format"]), mimetype=MIME[query["format"]])

    @routes.get("/providers/<uuid:provider_id>/blank-sheets")
    @routes.arguments(DaysQuery, location="query")
    @routes.response(200, content_type=ZIP)
    @routes.alt_response(404, success=False)
    def read_blank_sheets(query: dict[str, Any], provider_id: UUID) -> Response:
        """Return the sheets to be signed by hand of up to a week as one ZIP."""
        with acting(service, reading=True) as work:
            content = papers.blank_sheets(work, provider_id, query["first"], query["last"])
        return Response(content, mimetype=ZIP)

    @routes.put("/binders/<uuid:binder_id>")
    @routes.arguments(BinderBody)
    @routes.response(200, BinderView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The id is another binder's.")
    def ask_binder(body: dict[str, Any], binder_id: UUID) -> dict[str, Any]:
        """Ask for all papers of a body and month as one ZIP: a job makes it."""
        with acting(service) as work:
            return binders.ask(work, binder_id, body["provider_id"], statements.month_of(body["month"]))

    @routes.get("/binders/<uuid:binder_id>")
    @routes.response(200, BinderView)
    @routes.alt_response(404, success=False)
    def read_binder(binder_id: UUID) -> dict[str, Any]:
        """Return how far a binder is."""
        with acting(service, reading=True) as work:
            return binders.find(work, binder_id)

    @routes.get("/binders/<uuid:binder_id>/content")
    @routes.response(200, content_type=ZIP)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Not made yet, or deleted again.")
    def fetch_binder(binder_id: UUID) -> Response:
        """Return the ZIP; each sheet with names in it is logged as read."""
        with acting(service) as work:
            content = binders.content_of(work, binder_id)
        return Response(content, mimetype=ZIP)

    return routes

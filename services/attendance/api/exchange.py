"""A training body's own attendance as files: in row by row, out without names."""

__all__ = ["exchange_routes"]

from dataclasses import asdict
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask_smorest import Blueprint
from flask_smorest.fields import Upload

from services.attendance.usecases import exchange
from shared import staging
from shared.service import Service
from shared.web.frame import acting
from shared.web.problems import FaultSchema

MIME = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

FILE = {"schema": {"type": "string", "format": "binary"}}


class AttendanceFile(ma.Schema):
    """The file, XLSX or CSV."""

    file = Upload(required=True)


class AttendanceRowFault(FaultSchema):
    """One thing wrong with one cell."""

    sheet = ma.fields.String(required=True)
    row = ma.fields.Integer(required=True)


class AttendanceReport(ma.Schema):
    """What became of a file."""

    batch_id = ma.fields.UUID(required=True)
    accepted = ma.fields.Integer(required=True)
    refused = ma.fields.Integer(required=True)
    changed = ma.fields.Integer(required=True, metadata={"description": "Rows that became a new mark."})
    faults = ma.fields.List(ma.fields.Nested(AttendanceRowFault), required=True)


class MendedCells(ma.Schema):
    """Corrected cells of one row, by header."""

    cells = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.String(validate=ma.validate.Length(max=200)),
        required=True,
        validate=ma.validate.Length(1, 20),
    )


class ExportQuery(ma.Schema):
    """Which days, in which form."""

    first = ma.fields.Date(required=True)
    last = ma.fields.Date(required=True)
    format = ma.fields.String(load_default="csv", validate=ma.validate.OneOf(list(MIME)))


def exchange_routes(service: Service) -> Blueprint:
    """Return the routes for a body's own files."""
    routes = Blueprint("exchange", __name__, description="Attendance as files")

    @routes.post("/attendance-files")
    @routes.arguments(AttendanceFile, location="files")
    @routes.response(200, AttendanceReport)
    def import_attendance(files: dict[str, Any]) -> dict[str, Any]:
        """Take a body's own attendance; good rows become marks, bad ones are answered with row, column and rule."""
        upload = files["file"]
        content = upload.stream.read(staging.MOST_BYTES + 1)
        with acting(service) as work:
            return asdict(exchange.import_file(work, upload.filename or "file", content))

    @routes.get("/attendance-files/<uuid:batch_id>")
    @routes.response(200, AttendanceReport)
    @routes.alt_response(404, success=False)
    def read_attendance_import(batch_id: UUID) -> dict[str, Any]:
        """Return what became of a file so far."""
        with acting(service, reading=True) as work:
            return asdict(exchange.report(work, batch_id))

    @routes.patch("/attendance-files/<uuid:batch_id>/rows/<int:number>")
    @routes.arguments(MendedCells)
    @routes.response(200, AttendanceReport)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The row is accepted already.")
    def mend_attendance_row(body: dict[str, dict[str, str]], batch_id: UUID, number: int) -> dict[str, Any]:
        """Try a refused row again with corrected cells."""
        with acting(service) as work:
            return asdict(exchange.mend_row(work, batch_id, number, body["cells"]))

    @routes.get("/attendance-export")
    @routes.arguments(ExportQuery, location="query")
    @routes.response(200, content_type=MIME["csv"])
    @routes.doc(responses={"200": {"content": dict.fromkeys(MIME.values(), FILE)}})
    def export_attendance(query: dict[str, Any]) -> Response:
        """Return the marks of a period by reference, with hours and sheet numbers: no names."""
        with acting(service, reading=True) as work:
            content = exchange.exported(work, query["first"], query["last"], query["format"])
        return Response(content, mimetype=MIME[query["format"]])

    return routes

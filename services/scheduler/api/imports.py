"""Imports: files of signatories and of the offer, and mending refused rows."""

__all__ = ["import_routes"]

from dataclasses import asdict
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint
from flask_smorest.fields import Upload

from services.scheduler.usecases import imports
from shared import staging
from shared.scope import check_territory
from shared.service import Service
from shared.web.frame import acting, current_principal
from shared.web.problems import FaultSchema


class ImportQuery(ma.Schema):
    """What the file is and for which territory."""

    territory = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])$"))
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(imports.KINDS))


class ImportFile(ma.Schema):
    """The file, XLSX or CSV."""

    file = Upload(required=True)


class RowFault(FaultSchema):
    """One thing wrong with one cell."""

    sheet = ma.fields.String(required=True)
    row = ma.fields.Integer(required=True)


class ImportReport(ma.Schema):
    """What became of a file."""

    batch_id = ma.fields.UUID(required=True)
    accepted = ma.fields.Integer(required=True)
    refused = ma.fields.Integer(required=True)
    changed = ma.fields.Integer(required=True, metadata={"description": "Rows that brought something new."})
    faults = ma.fields.List(ma.fields.Nested(RowFault), required=True)


class Correction(ma.Schema):
    """Corrected cells of one row, by header."""

    cells = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.String(validate=ma.validate.Length(max=400)),
        required=True,
        validate=ma.validate.Length(1, 40),
    )


def import_routes(service: Service, *, demo: bool) -> Blueprint:
    """Return the routes for imports; `demo` accepts invented phones."""
    routes = Blueprint("imports", __name__, description="Imports of signatories and of the offer")

    @routes.post("/imports")
    @routes.arguments(ImportQuery, location="query")
    @routes.arguments(ImportFile, location="files")
    @routes.response(200, ImportReport)
    def import_file(query: dict[str, str], files: dict[str, Any]) -> dict[str, Any]:
        """Import a file; good rows stay, bad rows are answered with sheet, row, column and rule."""
        check_territory(current_principal(), query["territory"])
        upload = files["file"]
        content = upload.stream.read(staging.MOST_BYTES + 1)
        with acting(service) as work:
            report = imports.import_file(
                work, query["territory"], query["kind"], upload.filename or "file", content, test_numbers=demo
            )
        return asdict(report)

    @routes.get("/imports/<uuid:batch_id>")
    @routes.response(200, ImportReport)
    @routes.alt_response(404, success=False)
    def read_import(batch_id: UUID) -> dict[str, Any]:
        """Return what became of a file so far."""
        with acting(service, reading=True) as work:
            check_territory(work.who, staging.find_batch(work.db, batch_id)["scope"])
            return asdict(imports.report(work, batch_id))

    @routes.patch("/imports/<uuid:batch_id>/rows/<string:sheet>/<int:number>")
    @routes.arguments(Correction)
    @routes.response(200, ImportReport)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The row is accepted already.")
    def mend_row(body: dict[str, dict[str, str]], batch_id: UUID, sheet: str, number: int) -> dict[str, Any]:
        """Try a refused row again with corrected cells."""
        with acting(service) as work:
            check_territory(work.who, staging.find_batch(work.db, batch_id)["scope"])
            return asdict(imports.mend_row(work, batch_id, sheet, number, body["cells"], test_numbers=demo))

    return routes

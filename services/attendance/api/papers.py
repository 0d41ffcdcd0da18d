"""Papers: sheets and who read them, presence certificates, opinions on assiduity."""

__all__ = ["paper_routes"]

from pathlib import Path
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask_smorest import Blueprint

from services.attendance.documents.opinion_text import VERDICTS
from services.attendance.usecases import certificates, opinions, papers
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting

PDF = "application/pdf"


class SheetQuery(ma.Schema):
    """A sheet by the number that is printed on it."""

    number = ma.fields.String(required=True, validate=ma.validate.Length(max=40))


class SheetView(ma.Schema):
    """A half-day and the number of its sheet."""

    id = ma.fields.UUID(required=True, metadata={"description": "Id of the meeting."})
    number = ma.fields.String(required=True)
    session_id = ma.fields.UUID(required=True)
    held_on = ma.fields.Date(required=True)
    slot = ma.fields.String(required=True)
    starts_at = ma.fields.Time(required=True)
    training = ma.fields.String(required=True)
    part = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True)


class ReadView(ma.Schema):
    """Somebody took a sheet, with its names, out of the house."""

    id = ma.fields.UUID(required=True)
    version = ma.fields.Integer(required=True)
    actor = ma.fields.String(required=True)
    read_at = ma.fields.AwareDateTime(required=True)


class ReadList(ma.Schema):
    """Who read a sheet, newest first."""

    items = ma.fields.List(ma.fields.Nested(ReadView), required=True)


class CertificateQuery(ma.Schema):
    """The days that a certificate covers; without them, from the contract's signature to today."""

    first = ma.fields.Date(load_default=None)
    last = ma.fields.Date(load_default=None)


class OpinionBody(ma.Schema):
    """The contract on which an opinion is drafted."""

    contract_id = ma.fields.UUID(required=True)


class VerdictBody(ma.Schema):
    """The agent's verdict."""

    verdict = ma.fields.String(required=True, validate=ma.validate.OneOf(VERDICTS))


class OpinionRow(ma.Schema):
    """An opinion without its evidence."""

    id = ma.fields.UUID(required=True)
    contract_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    verdict = ma.fields.String(required=True)
    drafted_by = ma.fields.String(required=True)
    drafted_at = ma.fields.AwareDateTime(required=True)
    signed_by = ma.fields.String(required=True)
    signed_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class OpinionView(OpinionRow):
    """An opinion and the evidence on which it stands."""

    evidence = ma.fields.Dict(required=True)


class OpinionQuery(ma.Schema):
    """The opinions of a territory, or on one contract."""

    territory = ma.fields.String(load_default=None, validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])$"))
    contract_id = ma.fields.UUID(load_default=None)


class OpinionList(ma.Schema):
    """Opinions, newest first."""

    items = ma.fields.List(ma.fields.Nested(OpinionRow), required=True)


def paper_routes(service: Service, text: Path | None) -> Blueprint:
    """Return the routes for papers about half-days and people; `text` holds the operator's words of the opinion."""
    routes = Blueprint("papers", __name__, description="Sheets, certificates, opinions")

    @routes.get("/sheets")
    @routes.arguments(SheetQuery, location="query")
    @routes.response(200, SheetView)
    @routes.alt_response(404, success=False)
    def find_sheet(query: dict[str, str]) -> dict[str, Any]:
        """Return the half-day whose sheet bears this number."""
        with acting(service, reading=True) as work:
            return papers.find_sheet(work, query["number"])

    @routes.get("/sheets/<uuid:meeting_id>/paper")
    @routes.response(200, content_type=PDF)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The roll is not signed yet.")
    def read_sheet(meeting_id: UUID) -> Response:
        """Return the sheet as it was taken, as PDF; each reading is logged."""
        with acting(service) as work:
            content = papers.sheet(work, meeting_id)
        return Response(content, mimetype=PDF)

    @routes.get("/sheets/<uuid:meeting_id>/blank")
    @routes.response(200, content_type=PDF)
    @routes.alt_response(404, success=False)
    def read_blank_sheet(meeting_id: UUID) -> Response:
        """Return the sheet to be signed by hand, as PDF."""
        with acting(service, reading=True) as work:
            content = papers.sheet(work, meeting_id, blank=True)
        return Response(content, mimetype=PDF)

    @routes.get("/sheets/<uuid:meeting_id>/reads")
    @routes.response(200, ReadList)
    @routes.alt_response(404, success=False)
    def list_sheet_reads(meeting_id: UUID) -> dict[str, Any]:
        """Return who took a sheet with its names out of the house, and when."""
        with acting(service, reading=True) as work:
            return {"items": papers.reads_of(work, meeting_id)}

    @routes.get("/contracts/<uuid:contract_id>/certificate")
    @routes.arguments(CertificateQuery, location="query")
    @routes.response(200, content_type=PDF)
    @routes.alt_response(404, success=False)
    def read_certificate(query: dict[str, Any], contract_id: UUID) -> Response:
        """Return a presence certificate as PDF: a body's own hours, or for OFII all of them."""
        with acting(service, reading=True) as work:
            made = certificates.certificate(work, contract_id, query["first"], query["last"])
        return Response(made.content, mimetype=PDF)

    @routes.get("/opinions")
    @routes.arguments(OpinionQuery, location="query")
    @routes.response(200, OpinionList)
    def list_opinions(query: dict[str, Any]) -> dict[str, Any]:
        """Return opinions on assiduity, newest first."""
        with acting(service, reading=True) as work:
            territory = own_territory(work.who, query["territory"])
            return {"items": opinions.opinions_of(work, territory, query["contract_id"])}

    @routes.put("/opinions/<uuid:opinion_id>")
    @routes.arguments(OpinionBody)
    @routes.response(200, OpinionView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The id is another opinion's, or it is signed.")
    def draft_opinion(body: dict[str, Any], opinion_id: UUID) -> dict[str, Any]:
        """Draft an opinion from the evidence; the same again drafts it afresh where the evidence has changed."""
        with acting(service) as work:
            return opinions.draft(work, opinion_id, body["contract_id"])

    @routes.get("/opinions/<uuid:opinion_id>")
    @routes.response(200, OpinionView)
    @routes.alt_response(404, success=False)
    def read_opinion(opinion_id: UUID) -> dict[str, Any]:
        """Return an opinion with its evidence."""
        with acting(service, reading=True) as work:
            return opinions.read(work, opinion_id)

    @routes.post("/opinions/<uuid:opinion_id>/signature")
    @routes.arguments(VerdictBody)
    @routes.response(200, OpinionView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Signed before, or something was recorded since the draft.")
    def sign_opinion(body: dict[str, str], opinion_id: UUID) -> dict[str, Any]:
        """Complete an opinion with its verdict and sign it, as a person."""
        with acting(service) as work:
            return opinions.sign(work, opinion_id, body["verdict"])

    @routes.get("/opinions/<uuid:opinion_id>/paper")
    @routes.response(200, content_type=PDF)
    @routes.alt_response(404, success=False)
    def read_opinion_paper(opinion_id: UUID) -> Response:
        """Return an opinion as PDF with the annex of its evidence."""
        with acting(service, reading=True) as work:
            content = opinions.paper(work, opinion_id, text)
        return Response(content, mimetype=PDF)

    return routes

"""Rolls and marks: a batch of marks is answered mark by mark, and may be sent again."""

__all__ = ["roll_routes"]

from dataclasses import asdict
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.attendance.domain.marks import ACTS, DECLARED_REASONS, STATUSES
from services.attendance.usecases import rolls
from services.attendance.usecases.rolls import CORRECTIONS, MarkCommand
from shared.service import Service
from shared.web.frame import acting


class RollsQuery(ma.Schema):
    """The rolls of one day."""

    day = ma.fields.Date(required=True, metadata={"description": "Local day at the site."})
    people = ma.fields.Boolean(
        load_default=False, metadata={"description": "With the people of each roll: what a device keeps for the day."}
    )
    after = ma.fields.UUID(load_default=None)
    limit = ma.fields.Integer(load_default=200, validate=ma.validate.Range(1, 200))


class RollRow(ma.Schema):
    """One meeting and the state of its roll."""

    id = ma.fields.UUID(required=True, metadata={"description": "Id of the meeting."})
    session_id = ma.fields.UUID(required=True)
    held_on = ma.fields.Date(required=True)
    slot = ma.fields.String(required=True)
    starts_at = ma.fields.Time(required=True)
    minutes = ma.fields.Integer(required=True)
    training = ma.fields.String(required=True)
    part = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    commune = ma.fields.String(required=True)
    trainer = ma.fields.String(required=True)
    state = ma.fields.String(required=True)


class MarkView(ma.Schema):
    """A mark in force."""

    id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True)
    minutes_lost = ma.fields.Integer(required=True)
    act = ma.fields.String(required=True)
    act_reason = ma.fields.String(required=True)
    supersedes = ma.fields.UUID(required=True, allow_none=True)
    reason = ma.fields.String(required=True)


class RollPerson(ma.Schema):
    """Somebody who has a seat in the meeting."""

    signatory_id = ma.fields.UUID(required=True)
    contract_id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    reference = ma.fields.String(required=True)
    mark = ma.fields.Nested(MarkView, required=True, allow_none=True)


class RollsItem(RollRow):
    """One roll of a day, with its people where they were asked for."""

    people = ma.fields.List(ma.fields.Nested(RollPerson))


class RollsPage(ma.Schema):
    """A keyset page of rolls."""

    items = ma.fields.List(ma.fields.Nested(RollsItem), required=True)
    next = ma.fields.UUID(required=True, allow_none=True)


class RollView(RollRow):
    """One roll with its people."""

    people = ma.fields.List(ma.fields.Nested(RollPerson), required=True)
    signed_by = ma.fields.String(required=True, allow_none=True)
    signed_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class MarkBody(ma.Schema):
    """One mark; `id` is made by the device, so that the same mark sent twice is one mark."""

    id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUSES))
    minutes_lost = ma.fields.Integer(strict=True, load_default=0, validate=ma.validate.Range(0, 600))
    act = ma.fields.String(load_default="", validate=ma.validate.OneOf(("", *ACTS)))
    act_reason = ma.fields.String(load_default="", validate=ma.validate.OneOf(("", *DECLARED_REASONS)))
    effective_at = ma.fields.AwareDateTime(load_default=None, allow_none=True)

    @ma.post_load
    def to_command(self, data: dict[str, Any], **_: object) -> MarkCommand:
        return MarkCommand(**data)


class MarksBody(ma.Schema):
    """A batch of marks of one roll."""

    marks = ma.fields.List(ma.fields.Nested(MarkBody), required=True, validate=ma.validate.Length(1, 200))
    sign = ma.fields.Boolean(load_default=False, metadata={"description": "Sign the roll off too, if none is refused."})


class CorrectionBody(ma.Schema):
    """A corrected mark and why."""

    mark = ma.fields.Nested(MarkBody, required=True)
    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(CORRECTIONS))


class MarkAnswer(ma.Schema):
    """What became of one mark."""

    id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(["kept", "refused"]))
    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class MarksAnswer(ma.Schema):
    """What became of each mark of a batch."""

    results = ma.fields.List(ma.fields.Nested(MarkAnswer), required=True)


def roll_routes(service: Service) -> Blueprint:
    """Return the routes for rolls."""
    routes = Blueprint("rolls", __name__, description="Rolls and marks")

    @routes.get("/rolls")
    @routes.arguments(RollsQuery, location="query")
    @routes.response(200, RollsPage)
    def list_rolls(query: dict[str, Any]) -> dict[str, Any]:
        """Return the meetings of a day with the state of their roll."""
        with acting(service, reading=True) as work:
            found = rolls.rolls_of_day(work, query["day"], query["after"], query["limit"] + 1)
            items = found[: query["limit"]]
            if query["people"]:
                items = [rolls.read_roll(work, item["id"]) for item in items]
        return {"items": items, "next": items[-1]["id"] if len(found) > query["limit"] else None}

    @routes.get("/rolls/<uuid:meeting_id>")
    @routes.response(200, RollView)
    @routes.alt_response(404, success=False)
    def read_roll(meeting_id: UUID) -> dict[str, Any]:
        """Return one roll: who has a seat and the mark in force for each."""
        with acting(service, reading=True) as work:
            return rolls.read_roll(work, meeting_id)

    @routes.post("/rolls/<uuid:meeting_id>/marks")
    @routes.arguments(MarksBody)
    @routes.response(200, MarksAnswer)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The roll is signed, or its day has not come.")
    def mark(body: dict[str, Any], meeting_id: UUID) -> dict[str, Any]:
        """Keep marks; each is answered for itself. With `sign`, sign the roll off when all were kept."""
        with acting(service) as work:
            results = rolls.mark_roll(work, meeting_id, body["marks"], sign=body["sign"])
        return {"results": [asdict(result) for result in results]}

    @routes.post("/rolls/<uuid:meeting_id>/signature")
    @routes.response(200, RollRow)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Somebody has no mark yet, or the day has not come.")
    def sign(meeting_id: UUID) -> dict[str, Any]:
        """Sign the roll off; a second call changes nothing."""
        with acting(service) as work:
            return rolls.sign_roll(work, meeting_id)

    @routes.post("/rolls/<uuid:meeting_id>/corrections")
    @routes.arguments(CorrectionBody)
    @routes.response(200, RollView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The roll is not signed yet.")
    def correct(body: dict[str, Any], meeting_id: UUID) -> dict[str, Any]:
        """Correct a mark of a signed roll; both versions stay visible."""
        with acting(service) as work:
            rolls.correct_mark(work, body["mark"], meeting_id, body["reason"])
            return rolls.read_roll(work, meeting_id)

    return routes

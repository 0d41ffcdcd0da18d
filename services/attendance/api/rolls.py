"""Rolls and marks: what a device sends is answered roll by roll and mark by mark, and may be sent again."""

__all__ = ["roll_routes"]

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.attendance.domain.marks import ACTS, DECLARED_REASONS, DEVICE_SOURCES, STATUSES
from services.attendance.settings import Settings
from services.attendance.usecases import corrections, rolls
from services.attendance.usecases.corrections import CORRECTIONS
from services.attendance.usecases.rolls import MarkCommand, RollCommand
from shared.service import Service
from shared.web.frame import acting

DAYS_AT_ONCE = 7
FIRST = datetime(2000, 1, 1, tzinfo=UTC)  # no roll is older: what a device says of the year 1 is a broken clock
STATES = ("open", "submitted", "signed", "sealed", "corrected")


class RollsQuery(ma.Schema):
    """The rolls of one day, or of up to a week."""

    day = ma.fields.Date(required=True, metadata={"description": "Local day at the site."})
    until = ma.fields.Date(
        load_default=None, metadata={"description": "Last local day, at most six days later; without it, one day."}
    )
    people = ma.fields.Boolean(
        load_default=False, metadata={"description": "With the people of each roll: what a device keeps for the day."}
    )
    after = ma.fields.UUID(load_default=None)
    limit = ma.fields.Integer(load_default=200, validate=ma.validate.Range(1, 200))

    @ma.validates_schema
    def check_days(self, data: dict[str, Any], **_: object) -> None:
        days = (data["until"] - data["day"]).days if data["until"] else 0
        if not 0 <= days < DAYS_AT_ONCE:
            raise ma.ValidationError(f"the last day is at most {DAYS_AT_ONCE - 1} days after the first", "until")


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
    held_by = ma.fields.String(required=True, metadata={"description": "The substitute; empty: held as planned."})
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(STATES))
    version = ma.fields.Integer(required=True, metadata={"description": "0 before the seal; one more a correction."})


class MarkView(ma.Schema):
    """A mark in force."""

    id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True)
    minutes_lost = ma.fields.Integer(required=True)
    act = ma.fields.String(required=True)
    act_reason = ma.fields.String(required=True)
    act_id = ma.fields.UUID(required=True, allow_none=True)
    proof_ref = ma.fields.String(required=True)
    arrived = ma.fields.Time(required=True, allow_none=True)
    left = ma.fields.Time(required=True, allow_none=True)
    source = ma.fields.String(required=True)
    effective_at = ma.fields.AwareDateTime(required=True)
    supersedes = ma.fields.UUID(required=True, allow_none=True)
    reason = ma.fields.String(required=True)


class RollPerson(ma.Schema):
    """Somebody on the list of the meeting: with a seat in it, or added in the room."""

    signatory_id = ma.fields.UUID(required=True)
    contract_id = ma.fields.UUID(required=True, allow_none=True)
    name = ma.fields.String(required=True)
    reference = ma.fields.String(required=True)
    provisional = ma.fields.Boolean(required=True, metadata={"description": "Added in the room, not on the list."})
    identified_as = ma.fields.UUID(required=True, allow_none=True)
    announced = ma.fields.String(required=True, metadata={"description": "absent or late, where it was announced."})
    announced_reason = ma.fields.String(required=True)
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
    submitted_by = ma.fields.String(required=True, allow_none=True)
    submitted_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    sealed_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class MarkBody(ma.Schema):
    """One mark; `id` is made by the device, so that the same mark sent twice is one mark."""

    id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUSES))
    minutes_lost = ma.fields.Integer(strict=True, load_default=0, validate=ma.validate.Range(0, 600))
    act = ma.fields.String(load_default="", validate=ma.validate.OneOf(("", *ACTS)))
    act_reason = ma.fields.String(load_default="", validate=ma.validate.OneOf(("", *DECLARED_REASONS)))
    act_id = ma.fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "The recorded act; without it, the last one."}
    )
    proof_ref = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=64),
        metadata={"description": "The act's number where it is kept elsewhere: paper sheet, e-attendance product."},
    )
    arrived = ma.fields.Time(
        load_default=None, allow_none=True, metadata={"description": "Local time; minutes lost follow from it."}
    )
    left = ma.fields.Time(load_default=None, allow_none=True)
    source = ma.fields.String(load_default="device", validate=ma.validate.OneOf(DEVICE_SOURCES))
    effective_at = ma.fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        validate=ma.validate.Range(min=FIRST),
        metadata={"description": "When taken."},
    )
    seen = ma.fields.UUID(
        allow_none=True,
        metadata={"description": "The mark that the device showed, null for none: another since is a conflict."},
    )

    @ma.post_load
    def to_command(self, data: dict[str, Any], **_: object) -> MarkCommand:
        return MarkCommand(checks_seen="seen" in data, **data)


class RollMarksBody(ma.Schema):
    """What a device kept for one roll."""

    meeting_id = ma.fields.UUID(required=True)
    marks = ma.fields.List(ma.fields.Nested(MarkBody), required=True, validate=ma.validate.Length(1, 200))
    sign = ma.fields.Boolean(load_default=False, metadata={"description": "Sign the roll off too, if none is refused."})
    held_by = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=80))

    @ma.post_load
    def to_command(self, data: dict[str, Any], **_: object) -> RollCommand:
        return RollCommand(**data)


class MarksBody(ma.Schema):
    """The marks of one or several rolls; sending them again changes nothing."""

    rolls = ma.fields.List(ma.fields.Nested(RollMarksBody), required=True, validate=ma.validate.Length(1, 50))

    @ma.validates_schema
    def check_rolls(self, data: dict[str, Any], **_: object) -> None:
        if len({roll.meeting_id for roll in data["rolls"]}) < len(data["rolls"]):
            raise ma.ValidationError("each roll is named once", "rolls")


class CorrectionBody(ma.Schema):
    """A corrected mark and why."""

    mark = ma.fields.Nested(MarkBody, required=True)
    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(CORRECTIONS))


class MarkAnswer(ma.Schema):
    """What became of one mark."""

    id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(["kept", "refused", "conflict"]))
    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)
    in_force = ma.fields.Nested(
        MarkView, required=True, allow_none=True, metadata={"description": "In a conflict: the mark that stands."}
    )


class RollMarksAnswer(ma.Schema):
    """What became of one roll's marks; `code` and `message` say why a roll took none or was not signed."""

    meeting_id = ma.fields.UUID(required=True)
    results = ma.fields.List(ma.fields.Nested(MarkAnswer), required=True)
    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class SignatureBody(ma.Schema):
    """Who held the meeting, where it was not the trainer who had been planned."""

    held_by = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=80))


class MarksAnswer(ma.Schema):
    """What became of each roll, in the order in which they were sent."""

    rolls = ma.fields.List(ma.fields.Nested(RollMarksAnswer), required=True)


def roll_routes(service: Service, settings: Settings) -> Blueprint:
    """Return the routes for rolls."""
    routes = Blueprint("rolls", __name__, description="Rolls and marks")

    @routes.get("/rolls")
    @routes.arguments(RollsQuery, location="query")
    @routes.response(200, RollsPage)
    def list_rolls(query: dict[str, Any]) -> dict[str, Any]:
        """Return the meetings of a day, or of up to a week, with the state of their roll."""
        with acting(service, reading=True) as work:
            found = rolls.rolls_between(
                work,
                query["day"],
                query["until"] or query["day"],
                query["after"],
                query["limit"] + 1,
                people=query["people"],
            )
        items = found[: query["limit"]]
        return {"items": items, "next": items[-1]["id"] if len(found) > query["limit"] else None}

    @routes.get("/rolls/<uuid:meeting_id>")
    @routes.response(200, RollView)
    @routes.alt_response(404, success=False)
    def read_roll(meeting_id: UUID) -> dict[str, Any]:
        """Return one roll: who has a seat and the mark in force for each."""
        with acting(service, reading=True) as work:
            return rolls.read_roll(work, meeting_id)

    @routes.post("/rolls/marks")
    @routes.arguments(MarksBody)
    @routes.response(200, MarksAnswer)
    def mark_rolls(body: dict[str, Any]) -> dict[str, Any]:
        """Keep the marks of rolls; each roll and each mark is answered for itself. With `sign`, sign the roll off."""
        with acting(service) as work:
            return {"rolls": rolls.mark_rolls(work, body["rolls"], settings.early)}

    @routes.post("/rolls/<uuid:meeting_id>/submission")
    @routes.response(200, RollRow)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Somebody has no mark yet, or the roll is not open.")
    def submit_roll(meeting_id: UUID) -> dict[str, Any]:
        """Say that a device has sent all it kept; a second call changes nothing."""
        with acting(service) as work:
            return rolls.submit_roll(work, meeting_id, settings.early)

    @routes.post("/rolls/<uuid:meeting_id>/signature")
    @routes.arguments(SignatureBody)
    @routes.response(200, RollRow)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="Somebody has no mark yet, or the roll is not open.")
    def sign_roll(body: dict[str, Any], meeting_id: UUID) -> dict[str, Any]:
        """Sign the roll off and seal it; a second call changes nothing."""
        with acting(service) as work:
            return rolls.sign_roll(work, meeting_id, body["held_by"], settings.early)

    @routes.post("/rolls/<uuid:meeting_id>/corrections")
    @routes.arguments(CorrectionBody)
    @routes.response(200, RollView)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The roll is not signed yet.")
    def correct_mark(body: dict[str, Any], meeting_id: UUID) -> dict[str, Any]:
        """Correct a mark of a signed roll; both versions stay visible."""
        with acting(service) as work:
            corrections.correct_mark(work, body["mark"], meeting_id, body["reason"], settings.delays)
            return rolls.read_roll(work, meeting_id)

    return routes

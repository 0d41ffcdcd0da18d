"""Around a roll: people's own acts, the code that turns, who was added in the room, calls to absentees, contacts."""

__all__ = ["act_routes"]

import base64
import binascii
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask_smorest import Blueprint

from services.attendance.api.rolls import FIRST
from services.attendance.settings import Settings
from services.attendance.usecases import acts, contacts, provisional, relays
from services.attendance.usecases.acts import KINDS_HERE, MEDIA, ActCommand
from services.attendance.usecases.contacts import ContactCommand
from services.attendance.usecases.provisional import ProvisionalCommand
from shared.service import Service
from shared.web.frame import acting

MOST_TEXT = acts.MOST_BYTES * 4 // 3 + 4


class Content(ma.fields.Field[bytes]):
    """Bytes as base64 text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bytes:  # noqa: ARG002
        if not isinstance(value, str) or len(value) > MOST_TEXT:
            raise ma.ValidationError(f"base64 text of at most {acts.MOST_BYTES} bytes")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ma.ValidationError("no base64") from error


class ActBody(ma.Schema):
    """What somebody drew on the device that goes round, or the photo of a sheet that they signed."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS_HERE))
    subject_id = ma.fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "Null for the photo of a whole sheet."}
    )
    media_type = ma.fields.String(
        required=True, validate=ma.validate.OneOf(sorted({one for media in MEDIA.values() for one in media}))
    )
    content = Content(
        required=True,
        metadata={
            "type": "string",
            "format": "byte",
            "description": "Base64. Drawn: JSON strokes, [[[x, y], …], …], in thousandths of the square drawn in.",
        },
    )
    made_at = ma.fields.AwareDateTime(load_default=None, allow_none=True, validate=ma.validate.Range(min=FIRST))

    @ma.post_load
    def to_command(self, data: dict[str, Any], **_: object) -> ActCommand:
        return ActCommand(**data)


class ActView(ma.Schema):
    """An act without its content."""

    id = ma.fields.UUID(required=True)
    subject_id = ma.fields.UUID(required=True, allow_none=True)
    kind = ma.fields.String(required=True)
    source = ma.fields.String(required=True)
    known_by = ma.fields.String(required=True, metadata={"description": "Whose word: session, reference, trainer."})
    media_type = ma.fields.String(required=True)
    digest = ma.fields.String(required=True)
    made_at = ma.fields.AwareDateTime(required=True)


class LiveMark(ma.Schema):
    """The mark in force of one person."""

    signatory_id = ma.fields.UUID(required=True)
    id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True)


class LiveView(ma.Schema):
    """Where a roll stands: who is marked, and who did something that no mark rests on yet."""

    state = ma.fields.String(required=True)
    people = ma.fields.Integer(required=True)
    marked = ma.fields.Integer(required=True)
    came = ma.fields.Integer(required=True)
    marks = ma.fields.List(ma.fields.Nested(LiveMark), required=True)
    acts = ma.fields.List(ma.fields.Nested(ActView), required=True)


class CodeView(ma.Schema):
    """What is shown and said in the room now."""

    meeting_id = ma.fields.UUID(required=True)
    scanned = ma.fields.String(required=True, metadata={"description": "Last part of /attendance/here/<meeting>/…"})
    scanned_seconds = ma.fields.Integer(required=True, metadata={"description": "Until it turns."})
    spoken = ma.fields.String(required=True, metadata={"description": "Six characters to say aloud."})
    spoken_seconds = ma.fields.Integer(required=True)
    opens_at = ma.fields.AwareDateTime(required=True)
    ends_at = ma.fields.AwareDateTime(required=True)


class ProvisionalBody(ma.Schema):
    """Somebody in the room whom the list does not name."""

    name = ma.fields.String(required=True, validate=ma.validate.Length(1, 200))
    reference = ma.fields.String(load_default="", validate=ma.validate.Length(max=40))


class IdentificationBody(ma.Schema):
    """Who it is, by their reference; null takes it back."""

    reference = ma.fields.String(required=True, allow_none=True, validate=ma.validate.Length(1, 40))


class RelaysAnswer(ma.Schema):
    """How many people are told now."""

    asked = ma.fields.Integer(required=True)


class ContactBody(ma.Schema):
    """A person's word on their contact: both empty says that nothing has changed."""

    meeting_id = ma.fields.UUID(required=True, metadata={"description": "Where they are now."})
    signatory_id = ma.fields.UUID(required=True)
    phone = ma.fields.String(load_default="", validate=ma.validate.Length(max=24))
    email = ma.fields.String(load_default="", validate=ma.validate.Length(max=200))


def act_routes(service: Service, settings: Settings) -> Blueprint:
    """Return the routes around a roll."""
    routes = Blueprint("acts", __name__, description="People's own acts, the code of a meeting, and who was added")

    @routes.get("/rolls/<uuid:meeting_id>/live")
    @routes.response(200, LiveView)
    @routes.alt_response(404, success=False)
    def read_live(meeting_id: UUID) -> dict[str, Any]:
        """Return where a roll stands now; may be asked every few seconds."""
        with acting(service, reading=True) as work:
            return acts.live(work, meeting_id)

    @routes.get("/rolls/<uuid:meeting_id>/code")
    @routes.response(200, CodeView)
    @routes.alt_response(404, success=False)
    def read_code(meeting_id: UUID) -> dict[str, Any]:
        """Return the code to show and the code to say now."""
        with acting(service, reading=True) as work:
            return acts.code_of(work, meeting_id, settings.early)

    @routes.get("/rolls/<uuid:meeting_id>/acts")
    @routes.response(200, ActView(many=True))
    @routes.alt_response(404, success=False)
    def list_acts(meeting_id: UUID) -> list[dict[str, Any]]:
        """Return what people did for this meeting, without drawings and photos."""
        with acting(service, reading=True) as work:
            return acts.acts_of(work, meeting_id)

    @routes.put("/rolls/<uuid:meeting_id>/acts/<uuid:act_id>")
    @routes.arguments(ActBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The id was used for something else.")
    def keep_act(command: ActCommand, meeting_id: UUID, act_id: UUID) -> None:
        """Keep a drawing of somebody, or the photo of a signed sheet; the same again changes nothing."""
        with acting(service) as work:
            acts.keep_act(work, meeting_id, act_id, command)

    @routes.get("/rolls/<uuid:meeting_id>/acts/<uuid:act_id>/content")
    @routes.response(200, content_type="application/octet-stream")
    @routes.alt_response(404, success=False)
    def read_act(meeting_id: UUID, act_id: UUID) -> Response:
        """Return the drawing or photo itself."""
        with acting(service, reading=True) as work:
            found = acts.read_act(work, meeting_id, act_id)
        answer = Response(found["content"], mimetype="application/octet-stream")
        answer.headers["Content-Disposition"] = "attachment"
        return answer

    @routes.put("/rolls/<uuid:meeting_id>/provisional/<uuid:provisional_id>")
    @routes.arguments(ProvisionalBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The roll is not open, or this person is on the list.")
    def add_provisional(body: dict[str, str], meeting_id: UUID, provisional_id: UUID) -> None:
        """Write down somebody who is in the room and not on the list."""
        with acting(service) as work:
            command = ProvisionalCommand(id=provisional_id, **body)
            provisional.add_provisional(work, meeting_id, command, settings.early)

    @routes.put("/provisional/<uuid:provisional_id>/identifications/<uuid:identification_id>")
    @routes.arguments(IdentificationBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="This person was in another meeting of the half-day.")
    def identify(body: dict[str, str | None], provisional_id: UUID, identification_id: UUID) -> None:
        """Say who a provisional person is, or take it back: the last word counts."""
        with acting(service) as work:
            provisional.identify(work, provisional_id, identification_id, body["reference"])

    @routes.post("/rolls/<uuid:meeting_id>/relays")
    @routes.response(200, RelaysAnswer)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The meeting is over, or its roll not open yet.")
    def call_absentees(meeting_id: UUID) -> dict[str, int]:
        """Have everybody told who is expected and not there, once each; no number is shown."""
        with acting(service) as work:
            return {"asked": relays.call_absentees(work, meeting_id, settings.early)}

    @routes.put("/contacts/<uuid:word_id>")
    @routes.arguments(ContactBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The id was used for something else.")
    def give_contact(body: dict[str, Any], word_id: UUID) -> None:
        """Pass on what a person in the room says of their contact; nobody can read it here."""
        with acting(service) as work:
            contacts.ticket_for(work, body.pop("meeting_id"), body["signatory_id"])  # who has a seat there
            contacts.give_contact(work, word_id, ContactCommand(**body))

    return routes

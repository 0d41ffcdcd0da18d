"""Before a contract: contacts, eligibility, interviews, records, signatures; declared interest."""

__all__ = [
    "AppointmentOutcomeBody",
    "AskBody",
    "BookingBody",
    "ContactBody",
    "InterviewRecordBody",
    "SignBody",
    "SlotsBody",
]

from typing import Any

import marshmallow as ma

from services.scheduler.domain.eligibility import CHOICES, FACTS, MOST_YEARS, NUMBERS
from services.scheduler.domain.intake import COLUMNS, OPTIONAL_COLUMNS
from services.scheduler.domain.reception import CONFIDENCES, INSTITUTIONS, NEEDS
from services.scheduler.programmes import codes
from services.scheduler.usecases.reception import interviews

ENTRIES = ("contacted", "self_declared")
READS = ("yes", "with_help", "no")
CHANNELS = ("sms", "courriel", "courrier")
FILE_COLUMNS = (*COLUMNS, *OPTIONAL_COLUMNS)


def _text(most: int, **options: Any) -> ma.fields.String:
    return ma.fields.String(validate=ma.validate.Length(max=most), **options)


def _field(name: str) -> ma.fields.Field[Any]:
    common: dict[str, Any] = {"load_default": None, "allow_none": True}
    if name in CHOICES:
        return ma.fields.String(validate=ma.validate.OneOf(CHOICES[name]), **common)
    if name in NUMBERS:
        return ma.fields.Integer(strict=True, validate=ma.validate.Range(0, MOST_YEARS), **common)
    return ma.fields.Boolean(truthy={True}, falsy={False}, **common)


FactsSchema = ma.Schema.from_dict({name: _field(name) for name in FACTS}, name="EligibilityFacts")


class ContactBody(ma.Schema):
    """Somebody who was contacted, or who came by themselves. No identity number, no nationality."""

    entry = ma.fields.String(load_default="contacted", validate=ma.validate.OneOf(ENTRIES))
    family_name = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))
    given_name = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))
    alias = ma.fields.String(required=True, validate=ma.validate.Length(1, 30))
    phone = _text(20, load_default="", metadata={"description": "E.164 or as it is dialled in the department."})
    email = _text(200, load_default="")
    commune = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^\w{5}$"))
    spoken = ma.fields.List(
        ma.fields.String(validate=ma.validate.Regexp(r"^[a-z]{2,3}$")), required=True, validate=ma.validate.Length(1, 8)
    )
    reads = ma.fields.String(required=True, validate=ma.validate.OneOf(READS))
    reading_language = ma.fields.String(load_default="", validate=ma.validate.Regexp(r"^([a-z]{2,3})?$"))
    channel = ma.fields.String(required=True, validate=ma.validate.OneOf(CHANNELS))
    shared_phone = ma.fields.Boolean(load_default=False, truthy={True}, falsy={False})
    programme = ma.fields.String(required=True, validate=ma.validate.OneOf(codes()))

    @ma.post_load
    def freeze(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        return data | {"spoken": tuple(data["spoken"])}


class AskBody(ma.Schema):
    """What is known about a candidate; null or left out is not known. The facts are not kept."""

    programme = ma.fields.String(required=True, validate=ma.validate.OneOf(codes()))
    facts = ma.fields.Nested(FactsSchema, required=True)


class SlotsBody(ma.Schema):
    """Half-days to open on a platform."""

    platform = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))
    days = ma.fields.List(ma.fields.Date(), required=True, validate=ma.validate.Length(1, 100))
    halves = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(interviews.HALVES)),
        load_default=list(interviews.HALVES),
        validate=ma.validate.Length(1, 2),
    )


class BookingBody(ma.Schema):
    """Who comes when, for what: an interview, or what a dated duty asks for."""

    person_id = ma.fields.UUID(required=True)
    slot_id = ma.fields.UUID(required=True)
    kind = ma.fields.String(load_default="interview", validate=ma.validate.OneOf(interviews.KINDS))


class AppointmentOutcomeBody(ma.Schema):
    """What became of an appointment; the desk is given when it was held."""

    state = ma.fields.String(required=True, validate=ma.validate.OneOf(interviews.OUTCOMES))
    desk = ma.fields.Integer(load_default=None, allow_none=True, strict=True)


class InterviewRecordBody(ma.Schema):
    """What the auditor found out: the assessment, and in `row` the columns of an intake file that the desk filled."""

    oral = _text(12, required=True)
    written = _text(12, required=True)
    confidence = ma.fields.String(required=True, validate=ma.validate.OneOf(CONFIDENCES))
    institutions = ma.fields.String(required=True, validate=ma.validate.OneOf(INSTITUTIONS))
    needs = ma.fields.List(ma.fields.String(validate=ma.validate.OneOf(NEEDS)), load_default=[])
    equipment = ma.fields.Boolean(load_default=False, truthy={True}, falsy={False})
    helper = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.OneOf(["name", "phone", "relation"])),
        values=_text(80),
        load_default={},
    )
    address = _text(300, load_default="", metadata={"description": "Postal; sealed."})
    row = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.OneOf(FILE_COLUMNS)), values=_text(400), required=True
    )


class SignBody(ma.Schema):
    """The day of the person's signature, and what is only known now."""

    signed_on = ma.fields.Date(required=True)
    columns = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.OneOf(OPTIONAL_COLUMNS)), values=_text(200), load_default={}
    )

"""Before a contract: contacts, eligibility, interviews, records, signatures; declared interest."""

__all__ = [
    "LONGEST_REFERENCE",
    "AppointmentOutcomeBody",
    "AskBody",
    "AskFormBody",
    "BookingBody",
    "CandidateFormBody",
    "ContactBody",
    "InterestBody",
    "InterviewRecordBody",
    "SignBody",
    "SlotsBody",
    "SlotsFormBody",
]

from datetime import timedelta
from typing import Any

import marshmallow as ma

from services.scheduler.domain.eligibility import CHOICES, FACTS, MOST_YEARS, NUMBERS, Facts
from services.scheduler.domain.intake import CHANNELS, DESK_COLUMNS, OPTIONAL_COLUMNS
from services.scheduler.domain.reception import CONFIDENCES, INSTITUTIONS, NEEDS, PERMITS, Contact
from services.scheduler.programmes import codes
from services.scheduler.usecases.reception import interest, interviews
from shared.communes import commune_named

ENTRIES = ("contacted", "self_declared")
READS = ("yes", "with_help", "no")
# As people call their own language; the others find somebody to write for them.
LANGUAGES = ("fr", "en", "ar", "fa", "prs", "ps", "tr", "ru", "bn", "es", "ta", "zh", "pt", "ti", "ur", "sq", "uk")
LONGEST_REFERENCE = 40  # characters
MOST_SPAN = timedelta(days=92)


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
    def freeze(self, data: dict[str, Any], **_: object) -> Any:
        return data | {"spoken": tuple(data["spoken"])}


class AskBody(ma.Schema):
    """What is known about a candidate; null or left out is not known. The facts are not kept."""

    programme = ma.fields.String(required=True, validate=ma.validate.OneOf(codes()))
    facts = ma.fields.Nested(FactsSchema, required=True)


class AskFormBody(FactsSchema):  # type: ignore[misc, valid-type]
    """What is known about somebody, as one form asks it."""

    programme = ma.fields.String(required=True, validate=ma.validate.OneOf(codes()))

    @ma.post_load
    def to_question(self, data: dict[str, Any], **_: object) -> tuple[str, Facts]:
        programme = data.pop("programme")
        return programme, Facts(**data)


class InterestBody(ma.Schema):
    """What somebody declares who would like to be received: no identity number, no nationality."""

    called = ma.fields.String(required=True, validate=ma.validate.Length(1, 40))
    commune = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))
    language = ma.fields.String(required=True, validate=ma.validate.OneOf(LANGUAGES))
    permit_kind = ma.fields.String(required=True, validate=ma.validate.OneOf(PERMITS))
    phone = _text(20, load_default="")
    email = _text(200, load_default="")

    @ma.post_load
    def to_declared(self, data: dict[str, Any], **_: object) -> interest.Declared:
        return interest.Declared(**data | {"commune": commune_named(data["commune"]).code})


class CandidateFormBody(ContactBody):
    """Somebody to write down, as a form asks it: the commune may be given by its name."""

    reference = ma.fields.String(required=True, validate=ma.validate.Length(1, LONGEST_REFERENCE))
    commune = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))

    @ma.post_load
    def freeze(self, data: dict[str, Any], **_: object) -> Any:
        return Contact(**data | {"commune": commune_named(data["commune"]).code, "spoken": tuple(data["spoken"])})


class SlotsFormBody(ma.Schema):
    """Half-days to open, as a form asks them: from a day to another, days without work left out."""

    platform = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))
    first = ma.fields.Date(required=True)
    last = ma.fields.Date(required=True)
    halves = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(interviews.HALVES)), required=True, validate=ma.validate.Length(1)
    )

    @ma.validates_schema
    def in_order(self, data: dict[str, Any], **_: object) -> None:
        if not data["first"] <= data["last"] <= data["first"] + MOST_SPAN:
            raise ma.ValidationError(f"Must be from the first day to {MOST_SPAN.days} days later.", "last")


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
        keys=ma.fields.String(validate=ma.validate.OneOf(DESK_COLUMNS)), values=_text(400), required=True
    )


class SignBody(ma.Schema):
    """The day of the person's signature, and what is only known now."""

    signed_on = ma.fields.Date(required=True)
    columns = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.OneOf(OPTIONAL_COLUMNS)), values=_text(200), load_default={}
    )

"""Scenarios: what a planner wants to know, and the changes to the offer, each of a kind."""

__all__ = ["FIELDS", "TERRITORY", "ChangeBody", "CopyBody", "ScenarioBody", "SolvingBody"]

from dataclasses import fields as fields_of
from typing import Any

import marshmallow as ma

from services.scheduler.domain.codec import FormatError
from services.scheduler.domain.scenario import KINDS, MOST_CHANGES, OfferChange, change_from_json
from services.scheduler.programmes import codes

TERRITORY = ma.validate.Regexp(r"^(\d{2,3}|2[AB])$")
MOST_SECONDS = 600  # [A] of each of the two solves
MOST_WORK = 10_000
# What each kind of change takes, in the order in which a form asks it.
FIELDS = {kind: tuple(one.name for one in fields_of(of)) for kind, of in KINDS.items()}


def _code() -> ma.fields.String:
    return ma.fields.String(validate=ma.validate.Length(1, 80))


class ChangeBody(ma.Schema):
    """One change to the offer: its kind, and what this kind takes (docs/formats/changes.md)."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(list(KINDS)))
    like = _code()
    room = _code()
    trainer = _code()
    language = _code()
    site = _code()
    lot = _code()
    programme = _code()
    training = ma.fields.String(validate=ma.validate.OneOf(["civic", "language"]))
    first = ma.fields.Date()
    last = ma.fields.Date()
    days = ma.fields.List(ma.fields.Date(), validate=ma.validate.Length(1, 31))
    slots = ma.fields.List(
        ma.fields.String(validate=ma.validate.Regexp(r"^M?A?S?$")),
        validate=ma.validate.Length(7, 7),
        metadata={"description": "Half-days of a week, Monday first: M morning, A afternoon, S evening."},
    )
    percent = ma.fields.Integer(strict=True, validate=ma.validate.Range(-100, 1000))
    minimum = ma.fields.Integer(strict=True, validate=ma.validate.Range(1, 200))
    maximum = ma.fields.Integer(strict=True, validate=ma.validate.Range(1, 200))

    @ma.post_load
    def to_change(self, data: dict[str, Any], **_: object) -> OfferChange:
        written = {name: _plain(value) for name, value in data.items()}
        try:
            return change_from_json(written, "")
        except FormatError as error:
            raise ma.ValidationError({error.path.lstrip(".") or "kind": [error.rule]}) from error


class ScenarioBody(ma.Schema):
    """A scenario: of which territory and programme, beside what, and its first changes."""

    territory = ma.fields.String(required=True, validate=TERRITORY)
    name = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))
    programme = ma.fields.String(required=True, validate=ma.validate.OneOf(codes()))
    publish_on = ma.fields.Date(
        load_default=None, allow_none=True, metadata={"description": "Day on which people are told; default today."}
    )
    base_run_id = ma.fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "Run to compare with; without it the present state is solved without changes."},
    )
    changes = ma.fields.List(
        ma.fields.Nested(ChangeBody), load_default=list, validate=ma.validate.Length(0, MOST_CHANGES)
    )


class CopyBody(ma.Schema):
    """The name of a copy."""

    name = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))


class SolvingBody(ma.Schema):
    """The limit of each solve, of the base and of the scenario."""

    seconds = ma.fields.Integer(strict=True, load_default=30, validate=ma.validate.Range(1, MOST_SECONDS))
    work_limit = ma.fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=ma.validate.Range(1, MOST_WORK),
        metadata={"description": "Units of work instead of a wall clock: the same comparison each time."},
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value

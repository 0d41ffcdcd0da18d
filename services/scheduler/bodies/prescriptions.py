"""Beside the planned trainings: follow-ups, platform reports, difficulties, levels; and merges."""

__all__ = [
    "DifficultyBody",
    "FollowUpBody",
    "LevelBody",
    "LogBody",
    "MergeBody",
    "OfferAnswerBody",
    "OrientationBody",
    "PaperQuery",
    "ReachBody",
]

from typing import Any

import marshmallow as ma

from services.scheduler.domain.intake import CHANNELS
from services.scheduler.domain.prescription import FOLLOW_UP_MOVES, OUTCOMES, WHYS, PlatformLog
from services.scheduler.domain.reception import CONFIDENCES
from services.scheduler.usecases.people import Reach


class FollowUpBody(ma.Schema):
    """Where a follow-up stands; a day is given when it is booked or was attended."""

    state = ma.fields.String(required=True, validate=ma.validate.OneOf(list(FOLLOW_UP_MOVES)))
    on = ma.fields.Date(load_default=None, allow_none=True)


class LogBody(ma.Schema):
    """What the platform reports of one person; minutes count from the beginning and never go back."""

    reported_on = ma.fields.Date(required=True)
    last_login = ma.fields.Date(load_default=None, allow_none=True)
    minutes = ma.fields.Integer(required=True, strict=True)
    module = ma.fields.String(load_default="", validate=ma.validate.Length(max=40))
    test = ma.fields.String(load_default="", validate=ma.validate.Length(max=40))

    @ma.post_load
    def to_log(self, data: dict[str, Any], **_: object) -> PlatformLog:
        return PlatformLog(**data)


class DifficultyBody(ma.Schema):
    """What the person finds hard."""

    why = ma.fields.String(required=True, validate=ma.validate.OneOf(WHYS))


class OrientationBody(ma.Schema):
    """What came of an orientation."""

    state = ma.fields.String(required=True, validate=ma.validate.OneOf(OUTCOMES))


class LevelBody(ma.Schema):
    """A level seen after some sessions; a course is given where another one fits it."""

    on = ma.fields.Date(required=True)
    level = ma.fields.String(required=True)
    oral = ma.fields.String(required=True)
    written = ma.fields.String(required=True)
    confidence = ma.fields.String(required=True, validate=ma.validate.OneOf(CONFIDENCES))
    course = ma.fields.String(load_default="")


class ReachBody(ma.Schema):
    """How somebody can be reached from now on."""

    phone = ma.fields.String(load_default="", validate=ma.validate.Length(max=20))
    email = ma.fields.String(load_default="", validate=ma.validate.Length(max=200))
    channel = ma.fields.String(required=True, validate=ma.validate.OneOf(CHANNELS))
    shared_phone = ma.fields.Boolean(load_default=False, truthy={True}, falsy={False})

    @ma.post_load
    def to_reach(self, data: dict[str, Any], **_: object) -> Reach:
        return Reach(**data)


class OfferAnswerBody(ma.Schema):
    """What the person says of a course that is offered and not imposed."""

    answer = ma.fields.String(required=True, validate=ma.validate.OneOf(["proposed", "accepted", "refused"]))


class PaperQuery(ma.Schema):
    """The language beside French; none: the one that the person reads."""

    language = ma.fields.String(load_default="", validate=ma.validate.Regexp(r"^([a-z]{2,3})?$"))


class MergeBody(ma.Schema):
    """Two records that are one person: the other becomes an alias of the one that is kept."""

    kept_id = ma.fields.UUID(required=True)
    other_id = ma.fields.UUID(required=True)

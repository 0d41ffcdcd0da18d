"""The life of contracts: moves, duties, signatures, proposals, decisions, dismissals."""

__all__ = [
    "ActBody",
    "DecisionBody",
    "DismissalBody",
    "DutyBookingBody",
    "DutyRecordBody",
    "ProposalBody",
    "SignatureBody",
]

from typing import Any

import marshmallow as ma

from services.scheduler.domain.extension import REASONS, STATED_BY, Decision, Draft
from services.scheduler.domain.life import MOVES, Act
from services.scheduler.usecases import extensions

WORDS = ma.validate.Length(max=2000)


class ProposalBody(ma.Schema):
    """What a named agent proposes."""

    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(REASONS))
    stated_by = ma.fields.String(required=True, validate=ma.validate.OneOf(STATED_BY))
    months = ma.fields.Integer(required=True, strict=True, metadata={"description": "Length asked for, in months."})
    opinion = ma.fields.String(required=True, validate=WORDS)
    supplied = ma.fields.String(load_default="", validate=WORDS, metadata={"description": "What the person brought."})

    @ma.post_load
    def to_draft(self, data: dict[str, Any], **_: object) -> Draft:
        return Draft(**data)


class DecisionBody(ma.Schema):
    """What the prefecture decided; a refusal grants no month and states its reason."""

    accepted = ma.fields.Boolean(required=True, truthy={True}, falsy={False})
    reference = ma.fields.String(required=True, validate=ma.validate.Length(max=80))
    decided_on = ma.fields.Date(required=True)
    months = ma.fields.Integer(load_default=0, strict=True)
    lawful_stay = ma.fields.Boolean(
        load_default=False, truthy={True}, falsy={False}, metadata={"description": "Confirmed by who decides."}
    )
    refusal_reason = ma.fields.String(load_default="", validate=WORDS)
    appeal_routes = ma.fields.String(
        load_default="", validate=WORDS, metadata={"description": "How and until when to appeal; with a refusal."}
    )
    notified_on = ma.fields.Date(load_default=None, allow_none=True, metadata={"description": "Proven notification."})

    @ma.post_load
    def to_decision(self, data: dict[str, Any], **_: object) -> Decision:
        return Decision(**data)


class DismissalBody(ma.Schema):
    """Why a flag asks for nothing; it stays dismissed while its evidence is the same."""

    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(extensions.DISMISSALS))
    words = ma.fields.String(load_default="", validate=WORDS)


class ActBody(ma.Schema):
    """A move as somebody makes it; which fields it needs stands in docs/contract-life.md."""

    move = ma.fields.String(required=True, validate=ma.validate.OneOf(list(MOVES)))
    on = ma.fields.Date(required=True, metadata={"description": "Local day on which it takes effect."})
    reason = ma.fields.String(load_default="", validate=ma.validate.Length(max=40))
    reference = ma.fields.String(load_default="", validate=ma.validate.Length(max=80))
    words = ma.fields.String(load_default="", validate=WORDS)
    notified_on = ma.fields.Date(load_default=None, allow_none=True)
    territory = ma.fields.String(load_default="", validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])?$"))

    @ma.post_load
    def to_act(self, data: dict[str, Any], **_: object) -> Act:
        return Act(**data)


class DutyBookingBody(ma.Schema):
    """The day of an exam or certification that a centre keeps a place for."""

    on = ma.fields.Date(required=True)


class DutyRecordBody(ma.Schema):
    """What came of a duty."""

    outcome = ma.fields.String(required=True)
    on = ma.fields.Date(required=True)
    words = ma.fields.String(load_default="", validate=WORDS)


class SignatureBody(ma.Schema):
    """The day on which a party signed."""

    on = ma.fields.Date(required=True)

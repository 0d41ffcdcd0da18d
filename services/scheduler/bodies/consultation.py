"""Publishing in two steps: putting a plan to training bodies, what they answer, what a planner decides."""

__all__ = ["ConsultationBody", "GroupAnswerBody", "GroupDecisionBody", "PublicationBody"]

from typing import Any

import marshmallow as ma

from services.scheduler.domain.consultation import ANSWERS, DECISIONS, REFUSALS
from services.scheduler.usecases.consultation.answering import Answer
from services.scheduler.usecases.consultation.deciding import Decision

CODE = ma.validate.Length(1, 80)


class ConsultationBody(ma.Schema):
    """How long training bodies may answer."""

    answer_by = ma.fields.Date(
        load_default=None,
        allow_none=True,
        metadata={"description": "Last day to answer, local; default: the rule-book's publication.answer_days."},
    )


class GroupAnswerBody(ma.Schema):
    """What a training body says of one group; `counter` offers another room, trainer or first day."""

    answer = ma.fields.String(required=True, validate=ma.validate.OneOf(ANSWERS))
    room = ma.fields.String(load_default=None, allow_none=True, validate=CODE)
    trainer = ma.fields.String(load_default=None, allow_none=True, validate=CODE)
    starts_on = ma.fields.Date(
        load_default=None,
        allow_none=True,
        metadata={"description": "First day of the group; civic days keep their distance, a course its rhythm."},
    )
    reason = ma.fields.String(
        load_default=None,
        allow_none=True,
        validate=ma.validate.OneOf(list(REFUSALS)),
        metadata={"description": "With a refusal."},
    )

    @ma.post_load
    def to_answer(self, data: dict[str, Any], **_: object) -> Answer:
        return Answer(**data)


class GroupDecisionBody(ma.Schema):
    """What a planner decides: `accept` and `turn_down` a counter-proposal; `keep` and `leave_out` what is overdue."""

    decision = ma.fields.String(required=True, validate=ma.validate.OneOf(DECISIONS))
    answer_id = ma.fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "The counter-proposal that is decided on."}
    )
    effect = ma.fields.String(
        load_default=None,
        allow_none=True,
        validate=ma.validate.Length(1, 64),
        metadata={"description": "To accept: what the effect's page gave. Another effect by now is refused."},
    )

    @ma.post_load
    def to_decision(self, data: dict[str, Any], **_: object) -> Decision:
        return Decision(**data)


class PublicationBody(ma.Schema):
    """How to publish."""

    one_step = ma.fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Do not ask training bodies, even where the territory's rules would."},
    )

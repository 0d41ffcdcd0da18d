"""Waivers: one rule lifted for one person or group, why, who agreed and when."""

__all__ = ["WaiverBody"]

from typing import Any

import marshmallow as ma

from services.scheduler.domain.waivers import AGREED_BY, GROUP_RULES, PERSON_RULES, REASONS
from services.scheduler.usecases.waivers import Wanted


class WaiverBody(ma.Schema):
    """What is waived: for a person one set of rules, for a group another; one of the two ids is given."""

    signatory_id = ma.fields.UUID(load_default=None, allow_none=True)
    session_id = ma.fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "A published group, or one put to its body."}
    )
    rule = ma.fields.String(required=True, validate=ma.validate.OneOf([*PERSON_RULES, *GROUP_RULES]))
    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(list(REASONS)))
    agreed_by = ma.fields.String(
        required=True, validate=ma.validate.OneOf([one for listed in AGREED_BY.values() for one in listed])
    )
    agreed_on = ma.fields.Date(required=True, metadata={"description": "The day on which they agreed."})

    @ma.post_load
    def to_wanted(self, data: dict[str, Any], **_: object) -> Wanted:
        return Wanted(**data)

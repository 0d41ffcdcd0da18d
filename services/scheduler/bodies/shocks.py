"""After a shock: a group that is cancelled, and why."""

__all__ = ["CancellationBody"]

import marshmallow as ma

from services.scheduler.usecases.shocks import REASONS


class CancellationBody(ma.Schema):
    """Why a published group does not take place."""

    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(list(REASONS)))

"""Rescue: the group into which somebody moves."""

__all__ = ["RescueBody", "SearchBody"]

import marshmallow as ma

from services.scheduler.bodies.scenarios import TERRITORY
from services.scheduler.programmes import codes


class RescueBody(ma.Schema):
    """A published group of the same course that ends before the term."""

    session_id = ma.fields.UUID(required=True)


class SearchBody(ma.Schema):
    """Where to search for new groups, and under which programme."""

    territory = ma.fields.String(required=True, validate=TERRITORY)
    programme = ma.fields.String(required=True, validate=ma.validate.OneOf(codes()))

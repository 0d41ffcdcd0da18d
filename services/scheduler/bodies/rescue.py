"""Rescue: the group into which somebody moves."""

__all__ = ["RescueBody"]

import marshmallow as ma


class RescueBody(ma.Schema):
    """A published group of the same course that ends before the term."""

    session_id = ma.fields.UUID(required=True)

"""The interview desk: whom to show itineraries to, and which one was chosen."""

__all__ = ["ChoiceBody", "ShowBody"]

import marshmallow as ma


class ShowBody(ma.Schema):
    """Who sits at the desk, or chooses at home."""

    signatory_id = ma.fields.UUID(required=True)


class ChoiceBody(ma.Schema):
    """The number of the itinerary that was chosen."""

    number = ma.fields.Integer(required=True, strict=True, validate=ma.validate.Range(1, 3))

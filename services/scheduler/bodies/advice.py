"""Advice on a run: how many items, and how long to look."""

__all__ = ["AdviceBody"]

import marshmallow as ma

MOST_SECONDS = 600


class AdviceBody(ma.Schema):
    """How much advice is wanted."""

    top = ma.fields.Integer(strict=True, load_default=10, validate=ma.validate.Range(1, 100))
    seconds = ma.fields.Integer(strict=True, load_default=60, validate=ma.validate.Range(1, MOST_SECONDS))

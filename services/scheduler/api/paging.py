"""Keyset pages: what every list of this API is asked with and answers."""

__all__ = ["PageQuery", "page_of"]

from collections.abc import Mapping
from typing import Any

import marshmallow as ma


class PageQuery(ma.Schema):
    """A keyset page of one territory."""

    territory = ma.fields.String(load_default=None, validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])$"))
    after = ma.fields.UUID(load_default=None, metadata={"description": "`next` of the page before."})
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))


def page_of(item: type[ma.Schema]) -> type[ma.Schema]:
    """Return the schema of a page of these, as `storage.page` makes it."""
    shape: Mapping[str, Any] = {
        "items": ma.fields.List(ma.fields.Nested(item), required=True),
        "next": ma.fields.UUID(required=True, allow_none=True),
    }
    return ma.Schema.from_dict(dict(shape), name=f"{item.__name__}Page")

"""
What no text of a request may hold, and how much one may nest: looked at once at the door, for every service.

PostgreSQL keeps no NUL, UTF-8 has no lone surrogate, and a number beyond 64 bits fits no column.
"""

__all__ = ["check_texts"]

import json
import re
from collections.abc import Iterator
from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest

from shared.errors import FieldFault, InvalidInputError

UNFIT = re.compile("[\\x00\\ud800-\\udfff]")
DEEPEST = 32  # objects and lists inside one another
LARGEST = 2**63 - 1
TEXT = ("character", "holds a character that no text has (NUL, or half of a pair)")
NUMBER = ("range", "is no number of 64 bits")
Fault = tuple[str, str]


def check_texts(request: Request) -> None:
    """Raise InvalidInputError naming what cannot be kept; BadRequest for JSON that nests or counts without end."""
    found: dict[str, Fault] = {}
    for name, value in _said(request):
        fault = _fault(value)
        if fault or _fault(name):
            found[_plain(name)] = fault or TEXT
    if found:
        faults = [FieldFault(name, rule, message) for name, (rule, message) in found.items()]
        raise InvalidInputError("what was sent cannot be kept", faults)


def _said(request: Request) -> Iterator[tuple[str, Any]]:
    """Return every value that a request brings, with its name."""
    yield from (request.view_args or {}).items()
    yield from request.args.items(multi=True)
    if request.is_json:
        yield from _in_json(request.get_data(cache=True))
        return
    yield from request.form.items(multi=True)
    yield from ((name, upload.filename) for name, upload in request.files.items(multi=True))


def _in_json(body: bytes) -> Iterator[tuple[str, Any]]:
    """Return the values in a JSON body; one that cannot be read is the business of who reads it."""
    try:
        left = [("", json.loads(body.decode()), 0)]
    except (json.JSONDecodeError, UnicodeDecodeError):
        return
    except (RecursionError, ValueError) as error:  # lists without end, a number of thousands of digits
        raise BadRequest("the JSON nests too deep, or has a number that is too long") from error
    while left:
        name, value, depth = left.pop()
        if depth > DEEPEST:
            raise BadRequest(f"the JSON nests deeper than {DEEPEST}")
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        left += [(f"{name}.{key}" if name else str(key), one, depth + 1) for key, one in inner]
        yield name, value


def _fault(value: Any) -> Fault | None:
    if isinstance(value, str) and UNFIT.search(value):
        return TEXT
    if isinstance(value, int) and abs(value) > LARGEST:
        return NUMBER
    return None


def _plain(name: str) -> str:
    return UNFIT.sub("?", name)

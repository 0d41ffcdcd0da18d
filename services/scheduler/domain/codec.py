"""
JSON to frozen values and back, driven by the type hints of the values themselves.

One description serves three readers: the codec, the JSON Schema in `docs/formats/` and the person who reads
the class. A bad file gives one error that names the path, the field and the rule.
"""

import dataclasses
import types
import typing
from collections.abc import Hashable, Mapping
from datetime import date
from enum import Enum
from functools import cache
from typing import Annotated, Any, TypeVar, cast

from services.scheduler.domain.slots import WeeklySlots
from shared.errors import ParcoursError

__all__ = ["FormatError", "Says", "from_json", "schema_of", "to_json"]

_T = TypeVar("_T")
_DAY_SCHEMA = {"type": "string", "pattern": "^M?A?S?$"}


class FormatError(ParcoursError, ValueError):
    """Raised when a file does not have the documented shape. Never retry: correct the file."""

    code = "bad_format"

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(f"{path}: {rule}")
        self.path = path
        self.rule = rule


@dataclasses.dataclass(frozen=True, slots=True)
class Says:
    """What a field means, its unit, and the range that it may have."""

    text: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


def from_json(kind: type[_T], data: Any, path: str = "$") -> _T:
    """Return the value of `kind` that `data` describes; raises FormatError on the first thing that is wrong."""
    return cast("_T", _decode(kind, data, path))


def to_json(value: Any) -> Any:
    """Return the plain JSON of a value; fields keep the order of the class."""
    if isinstance(value, WeeklySlots):
        return list(value.days())
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def schema_of(kind: type[Any], title: str, identity: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a value class, with one definition for each class that it holds."""
    definitions: dict[str, Any] = {}
    root = _schema(kind, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": identity,
        "title": title,
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple(
        (
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    )


def _decode(kind: Any, data: Any, path: str) -> Any:
    origin = typing.get_origin(kind)
    if origin is Annotated:
        inner, *notes = typing.get_args(kind)
        value = _decode(inner, data, path)
        for note in notes:
            if isinstance(note, Says):
                _check(note, value, path)
        return value
    if origin in {typing.Union, types.UnionType}:
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        return None if data is None else _decode(options[0], data, path)
    if origin is tuple:
        inner = typing.get_args(kind)[0]
        if not isinstance(data, list):
            raise FormatError(path, f"a list is expected, not {_name(data)}")
        return tuple(_decode(inner, item, f"{path}[{index}]") for index, item in enumerate(data))
    if origin is Mapping:
        inner = typing.get_args(kind)[1]
        if not isinstance(data, dict):
            raise FormatError(path, f"an object is expected, not {_name(data)}")
        return {key: _decode(inner, item, f"{path}.{key}") for key, item in data.items()}
    return _decode_plain(kind, data, path)


def _decode_plain(kind: Any, data: Any, path: str) -> Any:
    if kind is WeeklySlots:
        if not isinstance(data, list) or not all(isinstance(day, str) for day in data):
            raise FormatError(path, "a list of seven strings is expected, Monday first, letters among M, A, S")
        try:
            return WeeklySlots.from_days(data)
        except ValueError as error:
            raise FormatError(path, str(error)) from None
    if kind is date:
        try:
            return date.fromisoformat(data)
        except (TypeError, ValueError):
            raise FormatError(path, f"a date like 2025-03-31 is expected, not {data!r}") from None
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(data)
        except ValueError:
            known = ", ".join(str(member.value) for member in kind)
            raise FormatError(path, f"one of {known} is expected, not {data!r}") from None
    if dataclasses.is_dataclass(kind):
        return _decode_object(cast("type[Any]", kind), data, path)
    if kind is float and isinstance(data, int | float) and not isinstance(data, bool):
        return float(data)
    if type(data) is not kind:
        names = {str: "a text", int: "a whole number", bool: "true or false", float: "a number"}
        raise FormatError(path, f"{names.get(kind, str(kind))} is expected, not {_name(data)}")
    return data


def _decode_object(kind: type[Any], data: Any, path: str) -> Any:
    if not isinstance(data, dict):
        raise FormatError(path, f"an object is expected, not {_name(data)}")
    fields = _fields(cast("Hashable", kind))
    unknown = sorted(set(data) - {name for name, _, _ in fields})
    if unknown:
        raise FormatError(f"{path}.{unknown[0]}", "no such field")
    values: dict[str, Any] = {}
    for name, hint, required in fields:
        if name in data:
            values[name] = _decode(hint, data[name], f"{path}.{name}")
        elif required:
            raise FormatError(f"{path}.{name}", "this field is missing")
    try:
        return kind(**values)
    except ValueError as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(path, str(error)) from None


def _check(note: Says, value: Any, path: str) -> None:
    if value is None:
        return
    if note.choices and value not in note.choices:
        raise FormatError(path, f"one of {', '.join(note.choices)} is expected, not {value!r}")
    if note.minimum is not None and value < note.minimum:
        raise FormatError(path, f"at least {note.minimum:g} is expected ({note.text}), not {value}")
    if note.maximum is not None and value > note.maximum:
        raise FormatError(path, f"at most {note.maximum:g} is expected ({note.text}), not {value}")


def _name(data: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a whole number"}
    return "nothing" if data is None else names.get(type(data), "a number")


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = typing.get_origin(kind)
    if origin is Annotated:
        inner, *notes = typing.get_args(kind)
        schema = dict(_schema(inner, definitions))
        for note in notes:
            if isinstance(note, Says):
                schema["description"] = note.text
                schema |= {
                    key: limit
                    for key, limit in (("minimum", note.minimum), ("maximum", note.maximum))
                    if limit is not None
                }
                if note.choices:
                    schema["enum"] = list(note.choices)
        return schema
    if origin in {typing.Union, types.UnionType}:
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        return {"anyOf": [_schema(options[0], definitions), {"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": _schema(typing.get_args(kind)[0], definitions)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema(typing.get_args(kind)[1], definitions)}
    if kind is WeeklySlots:
        return {
            "type": "array",
            "items": _DAY_SCHEMA,
            "minItems": 7,
            "maxItems": 7,
            "description": "seven days, Monday first; M morning, A afternoon, S evening",
        }
    if kind is date:
        return {"type": "string", "format": "date"}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [member.value for member in kind]}
    if dataclasses.is_dataclass(kind):
        return _object_schema(cast("type[Any]", kind), definitions)
    return {"type": {str: "string", int: "integer", bool: "boolean", float: "number"}[kind]}


def _object_schema(kind: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}
        fields = _fields(cast("Hashable", kind))
        definitions[kind.__name__] = {
            "type": "object",
            "description": " ".join((kind.__doc__ or "").split()),
            "properties": {name: _schema(hint, definitions) for name, hint, _ in fields},
            "required": [name for name, _, required in fields if required],
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{kind.__name__}"}

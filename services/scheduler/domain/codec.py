"""
JSON to frozen values and back, driven by the type hints of the values themselves.

One description serves three readers: the codec, the JSON Schema in `docs/formats/` and the person who reads
the class. A bad file gives one error that names the path, the field and the rule.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from datetime import date
from enum import Enum
from functools import cache
from typing import Annotated, Any, TypeVar, cast

from services.scheduler.domain.slots import WeeklySlots
from shared.errors import ParcoursError

__all__ = ["FormatError", "Says", "from_json", "schema_of", "to_json"]

_T = TypeVar("_T")
_Coder = Callable[[Any], Any]
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
    try:
        return cast("_T", _decoder(kind)(data))
    except _FaultError as fault:
        raise FormatError(path + "".join(reversed(fault.steps)), fault.rule) from None


def to_json(value: Any) -> Any:
    """Return the plain JSON of a value; fields keep the order of the class."""
    return _encoder(type(value))(value)


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


class _FaultError(Exception):
    """What is wrong, and the steps that lead to it from the innermost value outwards."""

    def __init__(self, rule: str, *steps: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self.steps = list(steps)

    def under(self, step: str) -> "_FaultError":
        self.steps.append(step)
        return self


def _make_encoder(kind: type[Any]) -> _Coder:
    """Return the function that writes values of this very class; looked up once, run a hundred thousand times."""
    if kind is WeeklySlots:
        return lambda value: list(value.days())
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, date):
        return date.isoformat
    if issubclass(kind, tuple | list):
        return lambda value: [_encoder(type(item))(item) for item in value]
    if issubclass(kind, Mapping):
        return lambda value: {str(key): _encoder(type(item))(item) for key, item in value.items()}
    if dataclasses.is_dataclass(kind):
        names = tuple(field.name for field in dataclasses.fields(kind))
        return lambda value: {name: _encoder(type(item := getattr(value, name)))(item) for name in names}
    return lambda value: value


_encoder: Callable[[Any], _Coder] = cache(_make_encoder)


def _make_decoder(kind: Any) -> _Coder:
    """Return the function that reads this type; a hint is taken apart once, not for each value."""
    origin = typing.get_origin(kind)
    if origin is Annotated:
        inner, *notes = typing.get_args(kind)
        return _checked(_decoder(inner), [note for note in notes if isinstance(note, Says)])
    if origin in {typing.Union, types.UnionType}:
        (option,) = [option for option in typing.get_args(kind) if option is not type(None)]
        decode = _decoder(option)
        return lambda data: None if data is None else decode(data)
    if origin is tuple:
        return _list_of(_decoder(typing.get_args(kind)[0]))
    if origin is Mapping:
        return _object_of(_decoder(typing.get_args(kind)[1]))
    if kind is WeeklySlots:
        return _slots
    if kind is date:
        return _day
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member_of(kind)
    if dataclasses.is_dataclass(kind):
        return _fields_of(cast("type[Any]", kind))
    return _plain(kind)


_decoder: Callable[[Any], _Coder] = cache(_make_decoder)


def _checked(decode: _Coder, notes: list[Says]) -> _Coder:
    def read(data: Any) -> Any:
        value = decode(data)
        for note in notes:
            _check(note, value)
        return value

    return read if notes else decode


def _list_of(decode: _Coder) -> _Coder:
    def read(data: Any) -> Any:
        if not isinstance(data, list):
            raise _FaultError(f"a list is expected, not {_name(data)}")
        found: list[Any] = []
        try:
            for item in data:
                found.append(decode(item))  # noqa: PERF401 - the length says where the fault is
        except _FaultError as fault:
            raise fault.under(f"[{len(found)}]") from None
        return tuple(found)

    return read


def _object_of(decode: _Coder) -> _Coder:
    def read(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _FaultError(f"an object is expected, not {_name(data)}")
        found = {}
        for key, item in data.items():
            try:
                found[key] = decode(item)
            except _FaultError as fault:
                raise fault.under(f".{key}") from None
        return found

    return read


def _slots(data: Any) -> WeeklySlots:
    if not isinstance(data, list) or not all(isinstance(day, str) for day in data):
        raise _FaultError("a list of seven strings is expected, Monday first, letters among M, A, S")
    try:
        return WeeklySlots.from_days(data)
    except ValueError as error:
        raise _FaultError(str(error)) from None


def _day(data: Any) -> date:
    try:
        return date.fromisoformat(data)
    except (TypeError, ValueError):
        raise _FaultError(f"a date like 2025-03-31 is expected, not {data!r}") from None


def _member_of(kind: type[Enum]) -> _Coder:
    def read(data: Any) -> Enum:
        try:
            return kind(data)
        except ValueError:
            known = ", ".join(str(member.value) for member in kind)
            raise _FaultError(f"one of {known} is expected, not {data!r}") from None

    return read


def _plain(kind: Any) -> _Coder:
    expected = {str: "a text", int: "a whole number", bool: "true or false", float: "a number"}.get(kind, str(kind))

    def read(data: Any) -> Any:
        if type(data) is kind:
            return data
        if kind is float and isinstance(data, int) and not isinstance(data, bool):
            return float(data)
        raise _FaultError(f"{expected} is expected, not {_name(data)}")

    return read


def _fields_of(kind: type[Any]) -> _Coder:
    fields: dict[str, _Coder] = {}
    required: list[str] = []

    def prepare() -> None:
        for name, hint, needed in _fields(cast("Hashable", kind)):
            fields[name] = _decoder(hint)
            required.extend([name] if needed else [])

    def read(data: Any) -> Any:
        if not fields:
            prepare()  # only now: a class may hold itself
        if not isinstance(data, dict):
            raise _FaultError(f"an object is expected, not {_name(data)}")
        values: dict[str, Any] = {}
        for name, item in data.items():
            decode = fields.get(name)
            if decode is None:
                raise _FaultError("no such field", f".{name}")
            try:
                values[name] = decode(item)
            except _FaultError as fault:
                raise fault.under(f".{name}") from None
        for name in required:
            if name not in values:
                raise _FaultError("this field is missing", f".{name}")
        try:
            return kind(**values)
        except FormatError:
            raise
        except ValueError as error:
            raise _FaultError(str(error)) from None

    return read


def _check(note: Says, value: Any) -> None:
    if value is None:
        return
    if note.choices and value not in note.choices:
        raise _FaultError(f"one of {', '.join(note.choices)} is expected, not {value!r}")
    if note.minimum is not None and value < note.minimum:
        raise _FaultError(f"at least {note.minimum:g} is expected ({note.text}), not {value}")
    if note.maximum is not None and value > note.maximum:
        raise _FaultError(f"at most {note.maximum:g} is expected ({note.text}), not {value}")


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

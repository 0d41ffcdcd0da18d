"""
Events on the wire: CloudEvents 1.0, structured JSON, the data checked by a marshmallow schema made from the class.

Source: CloudEvents 1.0.2 (attribute names are lower-case letters and digits). Ours beside the standard ones:
`subjectversion` (states), `causeid`, `actor`.
"""

__all__ = ["Envelope", "EnvelopeError", "decode", "encode", "event_schema"]

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import marshmallow as ma

from shared.errors import ParcoursError
from shared.events import Event, State, event_class
from shared.seal import KeyRing, seal_for

MEDIA_TYPE = "application/cloudevents+json"
_SCHEMAS: dict[type[Any], ma.Schema] = {}
_SCALARS: Mapping[Any, type[ma.fields.Field[Any]]] = {
    UUID: ma.fields.UUID,
    str: ma.fields.String,
    bool: ma.fields.Boolean,
    date: ma.fields.Date,
    time: ma.fields.Time,
    datetime: ma.fields.AwareDateTime,
}


class EnvelopeError(ParcoursError):
    """Raised for a message that is no event of ours, or whose data breaks its schema. Never retry."""

    code = "bad_event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event as it was received, with who told it, when and why."""

    id: UUID
    source: str
    time: datetime
    cause_id: UUID
    actor: str
    event: Event


def encode(
    event: Event,
    *,
    event_id: UUID,
    at: datetime,
    cause_id: UUID,
    actor: str,
    seal_keys: Mapping[str, bytes],
) -> str:
    """Return the event's JSON text; private fields are sealed for their recipients."""
    data = event_schema(type(event)).dump(event)
    private = getattr(event, "private", None)
    if private is not None:
        data["sealed"] = {to: seal_for(seal_keys[to], block, event_id) for to, block in sorted(private.items())}
    message: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event_id),
        "source": f"parcours/{event.teller()}",
        "type": event.type_name(),
        "time": at.isoformat(),
        "causeid": str(cause_id),
        "actor": actor,
        "datacontenttype": "application/json",
        "data": data,
    }
    if isinstance(event, State):
        message["subject"] = str(event.subject_id)
        message["subjectversion"] = str(event.subject_version)
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def decode(text: str | bytes | Mapping[str, Any], *, recipient: str = "", ring: KeyRing | None = None) -> Envelope:
    """
    Return what a message says, from its text or from its JSON read already; blocks sealed for `recipient` are opened.

    Raises EnvelopeError, SealBrokenError.
    """
    try:
        message = text if isinstance(text, Mapping) else json.loads(text)
        kind = event_class(message["type"])
        event_id = UUID(message["id"])
        data = dict(message["data"])
        sealed = data.pop("sealed", {})
        values = event_schema(kind).load(data)
        if issubclass(kind, State):
            values["subject_version"] = int(message["subjectversion"])
        if sealed and ring is not None and recipient in sealed:
            values["private"] = {recipient: ring.open(sealed[recipient], event_id)}
        return Envelope(
            id=event_id,
            source=str(message["source"]).removeprefix("parcours/"),
            time=datetime.fromisoformat(message["time"]),
            cause_id=UUID(message["causeid"]),
            actor=str(message["actor"]),
            event=kind(**values),
        )
    except ma.ValidationError as error:
        raise EnvelopeError(f"event breaks its schema: {error.messages}") from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise EnvelopeError(f"not an event of ours: {error!r}") from error


def event_schema(kind: type[Any]) -> ma.Schema:
    """Return the marshmallow schema of an event class, or of a value inside one; made once."""
    if kind in _SCHEMAS:
        return _SCHEMAS[kind]
    hints = typing.get_type_hints(kind)
    left_out = {"private", "subject_version"}
    shape = {name: _field(hints[name]) for name in [field.name for field in fields(kind)] if name not in left_out}
    base = _StrictSchema if issubclass(kind, Event) else _value_base(kind)
    return _SCHEMAS.setdefault(kind, base.from_dict(shape, name=f"{kind.__name__}Schema")())


class _StrictSchema(ma.Schema):
    class Meta:
        unknown = ma.RAISE


def _value_base(kind: type[Any]) -> type[ma.Schema]:
    class Base(_StrictSchema):
        @ma.post_load
        def build(self, data: dict[str, Any], **_: object) -> Any:
            return kind(**data)

    return Base


class _Tuple(ma.fields.List[Any]):
    """A list on the wire, a tuple inside."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(*args, **kwargs))


def _field(hint: Any, **options: Any) -> ma.fields.Field[Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    options = {"required": True, **options}
    if origin in (typing.Union, types.UnionType):
        (kept,) = [option for option in inner if option is not type(None)]
        return _field(kept, allow_none=True)
    if origin is tuple:
        return _Tuple(_field(inner[0]), **options)
    if is_dataclass(hint) and isinstance(hint, type):
        return ma.fields.Nested(event_schema(hint), **options)
    if hint is int:
        return ma.fields.Integer(strict=True, **options)
    return _SCALARS[hint](**options)

"""The AsyncAPI 3 document of every event, generated from `shared/events.py`: docs/asyncapi.json."""

__all__ = ["document"]

from typing import Any

import marshmallow as ma

from shared.envelope import MEDIA_TYPE, event_schema
from shared.events import ALL_EVENTS, State

_TYPES: tuple[tuple[type[ma.fields.Field[Any]], dict[str, str]], ...] = (
    (ma.fields.UUID, {"type": "string", "format": "uuid"}),
    (ma.fields.Date, {"type": "string", "format": "date"}),
    (ma.fields.Time, {"type": "string", "format": "time"}),
    (ma.fields.AwareDateTime, {"type": "string", "format": "date-time"}),
    (ma.fields.Integer, {"type": "integer"}),
    (ma.fields.Boolean, {"type": "boolean"}),
    (ma.fields.String, {"type": "string"}),
)


def document() -> dict[str, Any]:
    """Return the document: one channel and message an event, who tells it and who hears it."""
    channels, operations, messages = {}, {}, {}
    for event in ALL_EVENTS:
        name = event.type_name()
        messages[name] = _message(event)
        channels[name] = {
            "address": name,
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            "bindings": {"amqp": {"is": "routingKey", "exchange": {"name": "parcours.events", "type": "topic"}}},
        }
        operations[f"{event.teller()}.tell.{name}"] = _operation("send", name)
        for hearer in event.hearers:
            operations[f"{hearer}.hear.{name}"] = _operation("receive", name)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Parcours events", "version": "1.0.0"},
        "defaultContentType": MEDIA_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _operation(action: str, name: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{name}"}}


def _message(event: type[Any]) -> dict[str, Any]:
    text = {"type": "string"}
    envelope: dict[str, Any] = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "source": {"const": f"parcours/{event.teller()}"},
        "type": {"const": event.type_name()},
        "time": {"type": "string", "format": "date-time"},
        "causeid": {"type": "string", "format": "uuid"},
        "actor": text,
        "datacontenttype": {"const": "application/json"},
        "data": _schema(event_schema(event)),
    }
    if issubclass(event, State):
        envelope |= {"subject": {"type": "string", "format": "uuid"}, "subjectversion": text}
    if "private" in event.__dataclass_fields__:
        envelope["data"]["properties"]["sealed"] = {"type": "object", "additionalProperties": text}
    return {
        "name": event.type_name(),
        "summary": " ".join((event.__doc__ or "").split()),
        "contentType": MEDIA_TYPE,
        "payload": {"type": "object", "required": sorted(envelope), "properties": envelope},
    }


def _schema(schema: ma.Schema) -> dict[str, Any]:
    fields = {name: _field(field) for name, field in schema.fields.items()}
    return {"type": "object", "required": sorted(fields), "properties": fields}


def _field(field: ma.fields.Field[Any]) -> dict[str, Any]:
    if isinstance(field, ma.fields.List):
        return {"type": "array", "items": _field(field.inner)}
    if isinstance(field, ma.fields.Nested):
        return _schema(field.schema)
    shape: dict[str, Any] = dict(next(shape for kind, shape in _TYPES if isinstance(field, kind)))
    if field.allow_none:
        shape["type"] = [shape["type"], "null"]
    return shape

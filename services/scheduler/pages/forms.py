"""
Forms drawn from the schema that reads them: what a command needs is said once, for the API and for people.

A form that is refused comes back with everything that was typed, each fault at its field; nothing has changed then.
"""

__all__ = ["Form", "Input", "submit"]

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from shared.errors import (
    ConflictError,
    FieldFault,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    ParcoursError,
    TooManyError,
)
from shared.ids import new_id

Choices = Sequence[tuple[str, str]]  # value and label; an empty label: the page knows a word for the value
KEY = "key"  # the id of what a form makes: sent twice, it is made once
LONG = 200  # characters, from which a text is written on several lines
WHOLE_NUMBER = re.compile(r"-?\d{1,9}")  # what is none stays text, which the schema refuses by name
YES_NO = (("yes", ""), ("no", ""))
# What schemas and use cases say of a range, in English; numbers and days are read in any language.
BETWEEN = re.compile(r"between (\S+) and (\S+?)\.?$")
LEAST = re.compile(r"greater than or equal to (\S+?)\.?(?: |$)")
MOST = re.compile(r"less than or equal to (\S+?)\.?$")
STATUS = ((ConflictError, HTTPStatus.CONFLICT), (TooManyError, HTTPStatus.TOO_MANY_REQUESTS))
# What marshmallow says, as the rule that was broken.
RULES = (
    ("Missing data", "required"),
    ("Field may not be null", "required"),
    ("this field is missing", "required"),
    ("no such field", "choice"),
    ("Not a valid date", "date"),
    ("Not a valid integer", "whole_number"),
    ("Not a valid boolean", "choice"),
    ("Must be one of", "choice"),
    ("Length must be", "length"),
    ("Longer than", "length"),
    ("Shorter than", "required"),
    ("Must be", "range"),
    ("String does not match", "shape"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One field of a form; `kind` is text, area, number, date, check, choice, many, or letters (joined to one text)."""

    name: str
    kind: str
    required: bool = False
    choices: Choices = ()
    value: str = ""
    fault: FieldFault | None = None

    @property
    def values(self) -> list[str]:
        """The values that are chosen, of a field that takes several."""
        return list(self.value) if self.kind == "letters" else self.value.split(",")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """
    The fields of one schema, or some of them (`only`), with what they hold.

    `fixed` is given by the page and not asked; `choices` narrow or name what may be chosen; `cells` are the keys of a
    dictionary that are asked one by one, as `field:key`. `problem` says why the whole was refused.
    """

    name: str
    schema: ma.Schema
    inputs: tuple[Input, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    key: UUID = field(default_factory=new_id)
    problem: ParcoursError | None = None

    @classmethod
    def of(
        cls,
        name: str,
        schema: ma.Schema,
        values: Mapping[str, Any] | None = None,
        *,
        only: Iterable[str] | None = None,
        fixed: Mapping[str, Any] | None = None,
        choices: Mapping[str, Choices] | None = None,
        cells: Mapping[str, Sequence[str]] | None = None,
    ) -> "Form":
        """Return the form of a schema with the values that are known already."""
        known, fixed, choices, cells = values or {}, fixed or {}, choices or {}, cells or {}
        inputs: list[Input] = []
        for one, described in schema.fields.items():
            if one in fixed or (only is not None and one not in only):
                continue
            held = known.get(one)
            if isinstance(described, ma.fields.Dict):
                row = held or {}
                inputs += [_cell(f"{one}:{key}", choices, str(row.get(key, ""))) for key in cells.get(one, ())]
            else:
                inputs.append(_input(one, described, choices.get(one), held))
        return cls(name=name, schema=schema, inputs=tuple(inputs), fixed=fixed)

    def load(self, sent: MultiDict[str, str]) -> Any:
        """Return what the schema makes of a form that was sent. Raises InvalidInputError naming field and rule."""
        body: dict[str, Any] = dict(self.fixed)
        for one in self.inputs:
            name, _, cell = one.name.partition(":")
            value = self._read(one, sent)
            if cell:
                body.setdefault(name, {})[cell] = value
            elif value != "" or one.kind in {"check", "many"}:
                body[name] = value
        try:
            return self.schema.load(body)
        except ma.ValidationError as error:
            raise InvalidInputError("refused", list(_faults(error.normalized_messages()))) from error  # type: ignore[no-untyped-call]

    def refused(self, sent: MultiDict[str, str], error: ParcoursError) -> "Form":
        """Return this form as it was sent, with what was refused at each field."""
        faults = list(getattr(error, "faults", ()))
        inputs = []
        for one in self.inputs:
            label = one.name.partition(":")[2] or one.name
            found = next((fault for fault in faults if fault.field in {one.name, label}), None)
            found = found and replace(found, message=_bounds(found.message))
            inputs.append(replace(one, value=",".join(sent.getlist(one.name)), fault=found))
        return replace(self, inputs=tuple(inputs), problem=error, key=_key(sent) or self.key)

    @property
    def faults(self) -> list[FieldFault]:
        """The faults of fields that this form does not show."""
        shown = {one.fault.field for one in self.inputs if one.fault}
        return [fault for fault in getattr(self.problem, "faults", ()) if fault.field not in shown]

    def _read(self, one: Input, sent: MultiDict[str, str]) -> Any:
        if one.kind == "many":
            return [value for value in sent.getlist(one.name) if value]
        text = ("" if one.kind == "letters" else ",").join(sent.getlist(one.name)).strip()
        described = self.schema.fields.get(one.name)
        if isinstance(described, ma.fields.Boolean):
            return text in {"yes", "on"} if text or one.kind == "check" else ""
        if isinstance(described, ma.fields.List):
            return [part for part in text.replace(",", " ").replace(";", " ").split() if part]
        if isinstance(described, ma.fields.Integer) and WHOLE_NUMBER.fullmatch(text):
            return int(text)
        return text


def submit(
    form: Form, act: Callable[[Any, UUID], str], shown: Callable[[Form], str]
) -> BaseResponse | tuple[str, HTTPStatus]:
    """
    Read the form that was sent and act: `act(command, key)` returns the address to go to afterwards.

    What is refused comes back as `shown(form)`. What is forbidden or missing is the frame's business.
    """
    try:
        target = act(form.load(request.form), _key(request.form) or form.key)
    except (ForbiddenError, NotFoundError):
        raise
    except ParcoursError as refused:
        status = next((code for kind, code in STATUS if isinstance(refused, kind)), HTTPStatus.UNPROCESSABLE_ENTITY)
        return shown(form.refused(request.form, refused)), status
    return redirect(target, HTTPStatus.SEE_OTHER)


def _input(name: str, described: ma.fields.Field[Any], choices: Choices | None, held: Any) -> Input:
    value = "" if held is None else ",".join(map(str, held)) if isinstance(held, list | tuple) else str(held)
    allowed = choices if choices is not None else [(one, "") for one in _allowed(described)]
    kind = "text"
    if isinstance(described, ma.fields.Boolean):
        open_question = described.required or described.allow_none  # an unticked box would answer no
        kind, allowed = ("choice", YES_NO) if open_question else ("check", ())
        value = {True: "yes", False: "no", None: ""}[held]
    elif isinstance(described, ma.fields.List):
        allowed = choices or [(one, "") for one in _allowed(described.inner)]
        kind = "many" if allowed else "text"
    elif isinstance(described, ma.fields.Date):
        kind = "date"
    elif isinstance(described, ma.fields.Integer):
        kind = "number"
    elif allowed or choices is not None:
        kind = "choice"
    elif _most(described) > LONG:
        kind = "area"
    return Input(name=name, kind=kind, required=described.required, choices=allowed, value=value)


def _cell(name: str, choices: Mapping[str, Choices], value: str) -> Input:
    allowed = choices.get(name.partition(":")[2], ())
    halves = [code for code, _ in allowed] == ["M", "A", "S"]
    return Input(name=name, kind="letters" if halves else "choice" if allowed else "text", choices=allowed, value=value)


def _allowed(described: ma.fields.Field[Any]) -> list[str]:
    return [str(one) for rule in described.validators if isinstance(rule, ma.validate.OneOf) for one in rule.choices]


def _most(described: ma.fields.Field[Any]) -> int:
    found = [rule.max for rule in described.validators if isinstance(rule, ma.validate.Length) and rule.max]
    return max(found, default=0)


def _faults(messages: Mapping[str, Any], path: str = "") -> Iterable[FieldFault]:
    for name, found in messages.items():
        if isinstance(found, Mapping):
            yield from _faults(found, path or str(name))
        else:
            for words in found:
                rule = next((rule for start, rule in RULES if str(words).startswith(start)), "shape")
                yield FieldFault(path or str(name), rule, str(words))


def _bounds(words: str) -> str:
    """Return what is said of a range as its bounds alone: `1 – 600`, `≥ 1`, `≤ 600`; other words as they are."""
    both, least, most = BETWEEN.search(words), LEAST.search(words), MOST.search(words)
    if both:
        return f"{both[1]} – {both[2]}"
    if least and most:
        return f"{least[1]} – {most[1]}"
    return f"≥ {least[1]}" if least else f"≤ {most[1]}" if most else words


def _key(sent: MultiDict[str, str]) -> UUID | None:
    try:
        return UUID(sent.get(KEY, ""))
    except ValueError:
        return None

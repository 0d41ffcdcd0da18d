"""The shape of a rule-book: each rule a value and its source; every fault names its key and rule."""

__all__ = ["BookSchema"]

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NoReturn

import marshmallow as ma

from services.scheduler.domain.duties import ANCHORS, DUTIES, OWNERS
from services.scheduler.domain.eligibility import FACTS

# What may put off a term with no decision; the CAI knew one case, the CIR none.
AUTOMATIC = ("language_training_unfinished",)


class _Strict(ma.Schema):
    class Meta:
        unknown = ma.RAISE


def _rule(field: ma.fields.Field[Any]) -> ma.fields.Field[Any]:
    schema = _Strict.from_dict({"value": field, "source": ma.fields.String(required=True, validate=_said)})
    return ma.fields.Nested(schema, required=True)


def _said(source: str) -> None:
    if not source.strip():
        raise ma.ValidationError("say where the rule comes from, or [A] for an assumption")


def _is_day(value: Any) -> None:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ma.ValidationError(f"a date such as 2025-07-01, without quotes, is expected, not {value!r}")


def _day(**options: Any) -> ma.fields.Field[Any]:
    """YAML itself makes a date of what looks like one: whatever else it makes of a value is a fault."""
    return ma.fields.Raw(validate=_is_day, **options)


def _check_order(first: date | None, last: date | None, key: str) -> None:
    if first is not None and last is not None and last < first:
        raise ma.ValidationError(f"{last} is before the first day, {first}", key)


def _number(*, least: int | None = 0, null: bool = False) -> ma.fields.Field[Any]:
    return ma.fields.Integer(
        required=True, strict=True, allow_none=null, validate=ma.validate.Range(min=least), metadata={"rule": "number"}
    )


def _texts() -> ma.fields.Field[Any]:
    return ma.fields.List(ma.fields.String(), required=True)


def _choices(known: tuple[str, ...], **options: Any) -> ma.fields.Field[Any]:
    return ma.fields.List(ma.fields.String(validate=ma.validate.OneOf(known)), required=True, **options)


def _half_days() -> ma.fields.Field[Any]:
    rule = "letters among M, A and S, in this order and each once, are expected"
    return ma.fields.String(validate=ma.validate.Regexp("^M?A?S?$", error=rule))


def _section(**rules: ma.fields.Field[Any]) -> ma.fields.Field[Any]:
    shape: dict[str, Any] = {key: _rule(field) for key, field in rules.items()}
    return ma.fields.Nested(_Strict.from_dict(shape), required=True)


def _flag() -> ma.fields.Field[Any]:
    return ma.fields.Boolean(required=True, truthy={True}, falsy={False})


def _by_name(values: ma.fields.Field[Any]) -> ma.fields.Field[Any]:
    return ma.fields.Dict(keys=ma.fields.String(), values=values, required=True)


class _TestSchema(_Strict):
    """A condition on one fact: a closed list, or a range whose ends are included."""

    among = ma.fields.List(ma.fields.Raw(), load_default=())
    at_least = ma.fields.Integer(load_default=None, strict=True)
    at_most = ma.fields.Integer(load_default=None, strict=True)

    @ma.validates_schema
    def check_one(self, data: dict[str, Any], **_: object) -> None:
        if not data["among"] and data["at_least"] is None and data["at_most"] is None:
            raise ma.ValidationError("say among, at_least or at_most")

    @ma.post_load
    def freeze(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        return data | {"among": tuple(data["among"])}


def _tests(**options: Any) -> ma.fields.Field[Any]:
    known = ma.fields.String(validate=ma.validate.OneOf(FACTS))
    return ma.fields.Dict(keys=known, values=ma.fields.Nested(_TestSchema), **options)


class _EligibilityRule(_Strict):
    id = ma.fields.String(required=True)
    says = ma.fields.String(required=True)
    source = ma.fields.String(required=True, validate=_said)
    when = _tests(required=True)
    otherwise = _tests(load_default={})


class _RegimeRule(_EligibilityRule):
    regime = ma.fields.String(required=True)
    permit_consequence = ma.fields.String(required=True, allow_none=True)


class _EligibilitySchema(_Strict):
    exemptions = ma.fields.List(ma.fields.Nested(_EligibilityRule), required=True)
    requirements = ma.fields.List(ma.fields.Nested(_EligibilityRule), required=True)
    regimes = ma.fields.List(ma.fields.Nested(_RegimeRule), required=True, validate=ma.validate.Length(min=1))

    @ma.validates_schema
    def check_ids(self, data: dict[str, Any], **_: object) -> None:
        ids = [one["id"] for part in data.values() for one in part]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ma.ValidationError(f"the id {twice[0]} comes twice")
        if data["regimes"][-1]["when"]:
            raise ma.ValidationError("the last regime is for everybody who is left: no condition", "regimes")


class _DutySchema(_Strict):
    """Something dated: due `until_months` after a day of the contract, and not before `from_months` after it."""

    after = ma.fields.String(required=True, validate=ma.validate.OneOf(ANCHORS))
    from_months = _number(least=None)
    until_months = _number()
    owner = ma.fields.String(required=True, validate=ma.validate.OneOf(OWNERS))


class _AmendmentSchema(_Strict):
    note = ma.fields.String(required=True)
    territories = ma.fields.List(ma.fields.String(), load_default=())
    first = _day(data_key="from", load_default=None)
    last = _day(data_key="until", load_default=None)
    rules = ma.fields.Dict(keys=ma.fields.String(), required=True, validate=ma.validate.Length(min=1))

    @ma.validates_schema
    def check_days(self, data: dict[str, Any], **_: object) -> None:
        _check_order(data["first"], data["last"], "until")


class BookSchema(_Strict):
    """A whole rule-book file."""

    code = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    note = ma.fields.String(required=True)
    signable_from = _day(required=True)
    signable_until = _day(required=True, allow_none=True)
    term_months = _rule(_number(least=1))
    extension_months_max = _rule(_number())
    regimes = _rule(_texts())
    levels = _rule(_texts())
    civic = _section(
        parts=_texts(),
        bundles=ma.fields.List(_texts(), required=True),
        gap_days=_number(least=1),
        bundle_span_days=_number(least=1),
        meeting_minutes=_number(least=1),
        size_min=_number(least=1),
        size_max=_number(least=1),
        overbooked=_number(),
        kept_seats=_number(),
        interpreter_below_level=ma.fields.String(required=True),
        interpreted_languages_max=_number(),
        first_within_days=_number(),
        last_within_days=_number(),
        pauses_in_school_holidays=_flag(),
    )
    language = _section(
        proposed=_flag(),
        owed_below=ma.fields.String(required=True),
        packages=_by_name(_texts()),
        platform_levels=_texts(),
        size_min=_number(least=1),
        size_max=_number(least=1),
        overbooked=_number(),
        kept_seats=_number(),
        rolling_entry_weeks=_number(),
        start_within_days=_number(),
        meeting_minutes=_number(least=1),
        pauses_in_school_holidays=_flag(),
        hours_a_week_max=_number(least=1),
        rhythms=_by_name(ma.fields.List(ma.fields.List(_half_days(), validate=ma.validate.Length(equal=7)))),
    )
    notice_days = _rule(_by_name(_number()))
    publication = _section(two_steps=_flag(), answer_days=_number(least=1))
    desk = _section(notice_days=_number(), hold_minutes=_number(least=1))
    slot_starts = _rule(_by_name(ma.fields.String()))
    attendance = _section(
        civic_days_required=_number(null=True),
        assiduity_percent=_number(null=True),
        unexplained_in_a_row=_number(least=1),
    )
    extension = _section(
        review_lead_days=_number(),
        late_window_days=_number(),
        reminder_days=_number(least=1),
        months_max_by_reason=_by_name(_number(least=1)),
        automatic_when=_choices(AUTOMATIC, allow_none=True),  # shown, and acted on by nobody
    )
    termination = _section(answer_months=_number(least=1))
    duties = _section(**{kind: ma.fields.Nested(_DutySchema, required=True, allow_none=True) for kind in DUTIES})
    follow_up = _section(offers=_texts())
    eligibility = ma.fields.Nested(_EligibilitySchema, required=True)
    amendments = ma.fields.List(ma.fields.Nested(_AmendmentSchema), load_default=())

    @ma.validates_schema
    def check_days(self, data: dict[str, Any], **_: object) -> None:
        _check_order(data["signable_from"], data["signable_until"], "signable_until")

    @ma.validates_schema
    def check_sizes(self, data: dict[str, Any], **_: object) -> None:
        for section in ("civic", "language"):
            fewest, most = (data[section][key]["value"] for key in ("size_min", "size_max"))
            if fewest > most:
                _refuse(section, "size_min", f"the fewest people ({fewest}) are more than the most ({most})")
            kept = data[section]["kept_seats"]["value"]
            if most + data[section]["overbooked"]["value"] - kept < fewest:
                _refuse(section, "kept_seats", f"with {kept} seats kept, a new group cannot reach {fewest} people")

    @ma.validates_schema
    def check_civic_days(self, data: dict[str, Any], **_: object) -> None:
        parts = data["civic"]["parts"]["value"]
        for bundle in data["civic"]["bundles"]["value"]:
            _check_known(bundle, parts, "civic", "bundles", "civic day")
        required = data["attendance"]["civic_days_required"]["value"]
        if required is not None and required > len(parts):
            _refuse("attendance", "civic_days_required", f"{required} days of the {len(parts)} in civic.parts")

    @ma.validates_schema
    def check_levels(self, data: dict[str, Any], **_: object) -> None:
        levels, language = data["levels"]["value"], data["language"]
        _check_known(language["packages"]["value"], levels, "language", "packages", "level")
        _check_known(language["platform_levels"]["value"], levels, "language", "platform_levels", "level")
        _check_known([language["owed_below"]["value"]], levels, "language", "owed_below", "level")
        below = data["civic"]["interpreter_below_level"]["value"]
        _check_known([below], levels, "civic", "interpreter_below_level", "level")


def _refuse(section: str, key: str, words: str) -> NoReturn:
    raise ma.ValidationError({section: {key: {"value": [words]}}})


def _check_known(named: Iterable[str], known: Sequence[str], section: str, key: str, what: str) -> None:
    for one in named:
        if one not in known:
            _refuse(section, key, f"there is no {what} {one}; there are {', '.join(known)}")

"""
The contract's words: one YAML file a version, checked when it is read; French, and the same in other languages.

The ministry's text is the operator's to supply. Ours shows what it looks like and says SPECIMEN wherever it is printed.
"""

__all__ = ["FRENCH", "OFFERS", "Article", "LegalText", "LegalTextError", "Wording", "legal_text", "parse"]

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import marshmallow as ma
import yaml

from shared.errors import ParcoursError

OURS = Path(__file__).with_name("specimen.yaml")
FRENCH = "fr"
OFFERS = ("proposed", "accepted", "refused")  # what became of the language training that was offered
LABELS = (
    *("reference", "programme", "territory", "family_name", "given_name", "signed_on", "term_on"),
    *("articles", "trainings", "training", "hours", "no_training", *(f"offer_{offer}" for offer in OFFERS)),
    *("commitments", "by_state", "by_signatory"),
    *("signatures", "person", "representative", "prefect", "signed", "not_signed"),
)


class LegalTextError(ParcoursError):
    """Raised for a legal text that breaks its schema: names file, key and rule. Correct the file."""

    code = "bad_legal_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article of the contract."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The contract in one language. `reviewed`: a translator signed it; `trainings` maps a training's code to words."""

    reviewed: bool
    title: str
    specimen: str
    intro: str
    articles: tuple[Article, ...]
    by_state: tuple[str, ...]
    by_signatory: tuple[str, ...]
    trainings: Mapping[str, str]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalText:
    """One version of the contract's words, for these programmes (none named: for all), by language."""

    version: str
    specimen: bool
    programmes: tuple[str, ...]
    valid_from: date
    languages: Mapping[str, Wording]

    def beside_french(self, language: str) -> str | None:
        """Return the language that stands beside French: the person's, else English; None for a French speaker."""
        if language == FRENCH:
            return None
        return next((one for one in (language, "en") if one in self.languages), None)


def legal_text(programme: str, directory: Path | None, on: date) -> LegalText:
    """
    Return the words for a contract of this programme signed on this day.

    The operator's newest file wins whose `valid_from` has come; where there is none, ours, marked SPECIMEN.

    Raises LegalTextError, also for a fault in a file that would not have been chosen.
    """
    found: dict[date, str] = {}
    chosen = None
    for path in sorted(directory.glob("*.yaml")) if directory else ():
        text = _read(path, path.stat().st_mtime_ns)
        if text.programmes and programme not in text.programmes:
            continue
        if text.valid_from in found:
            raise LegalTextError(f"{path.name}: valid_from: {found[text.valid_from]} begins on the same day")
        found[text.valid_from] = path.name
        if text.valid_from <= on and (chosen is None or text.valid_from > chosen.valid_from):
            chosen = text
    return chosen or _read(OURS, OURS.stat().st_mtime_ns)


def parse(filename: str, content: str) -> LegalText:
    """Read and validate a legal text. Raises LegalTextError naming file, key and rule."""
    try:
        loaded: LegalText = _TextSchema().load(yaml.safe_load(content))
    except ma.ValidationError as error:
        faults = "; ".join(f"{key}: {message}" for key, message in _flat(error.messages))
        raise LegalTextError(f"{filename}: {faults}") from error
    except yaml.YAMLError as error:
        raise LegalTextError(f"{filename}: not YAML: {error}") from error
    return loaded


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> LegalText:
    return parse(path.name, path.read_text(encoding="utf-8"))


def _said(text: str) -> None:
    if not text.strip():
        raise ma.ValidationError("say something")


def _a_day(value: object) -> None:
    if type(value) is not date:  # a datetime is a date too
        raise ma.ValidationError("not a day, as in 2026-01-31")


def _words() -> ma.fields.Field[Any]:
    return ma.fields.String(required=True, validate=_said)


def _some(field: ma.fields.Field[Any]) -> ma.fields.Field[Any]:
    return ma.fields.List(field, required=True, validate=ma.validate.Length(min=1))


def _flag() -> ma.fields.Field[Any]:
    return ma.fields.Boolean(required=True, truthy={True}, falsy={False})


class _Strict(ma.Schema):
    class Meta:
        unknown = ma.RAISE


class _ArticleSchema(_Strict):
    heading = _words()
    text = _words()

    @ma.post_load
    def to_article(self, data: dict[str, Any], **_: object) -> Article:
        return Article(**data)


class _WordingSchema(_Strict):
    reviewed = _flag()
    title = _words()
    specimen = _words()
    intro = _words()
    articles = _some(ma.fields.Nested(_ArticleSchema))
    by_state = _some(_words())
    by_signatory = _some(_words())
    trainings = ma.fields.Dict(keys=ma.fields.String(), values=_words(), required=True)
    labels = ma.fields.Nested(_Strict.from_dict({label: _words() for label in LABELS}), required=True)

    @ma.post_load
    def to_wording(self, data: dict[str, Any], **_: object) -> Wording:
        lists = {name: tuple(data[name]) for name in ("articles", "by_state", "by_signatory")}
        return Wording(**data | lists)


class _TextSchema(_Strict):
    version = _words()
    specimen = _flag()
    programmes = ma.fields.List(ma.fields.String(), required=True)
    valid_from = ma.fields.Raw(required=True, validate=_a_day)
    languages = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(_WordingSchema), required=True)

    @ma.validates_schema
    def check_languages(self, data: dict[str, Any], **_: object) -> None:
        languages: Mapping[str, Wording] = data["languages"]
        if FRENCH not in languages:
            raise ma.ValidationError({"languages": {FRENCH: ["French is required"]}})
        for language, wording in languages.items():
            _check_like_french(data["specimen"], language, wording, languages[FRENCH])

    @ma.post_load
    def to_text(self, data: dict[str, Any], **_: object) -> LegalText:
        return LegalText(**data | {"programmes": tuple(data["programmes"])})


def _check_like_french(specimen: bool, language: str, wording: Wording, french: Wording) -> None:
    def refuse(key: str, rule: str) -> ma.ValidationError:
        return ma.ValidationError({"languages": {language: {key: [rule]}}})

    for key in ("articles", "by_state", "by_signatory"):
        count, wanted = len(getattr(wording, key)), len(getattr(french, key))
        if count != wanted:
            raise refuse(key, f"{count} where French has {wanted}")
    odd = sorted(set(wording.trainings) ^ set(french.trainings))
    if odd:
        raise refuse(f"trainings.{odd[0]}", "not in this language and in French alike")
    if specimen and "SPECIMEN" not in wording.specimen:
        raise refuse("specimen", "must have the word SPECIMEN")


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Return (dotted key, message); marshmallow's step `value` into a mapping is no key of the file."""
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flat(value, path if key in {"value", "_schema"} else f"{path}.{key}" if path else str(key))
    else:
        for message in messages:
            yield path, str(message)

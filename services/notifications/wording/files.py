"""The files of the words, read and checked: `<kind>/<language>.yaml` and `phrases/<language>.yaml`."""

__all__ = [
    "FIELDS",
    "FOLDER",
    "PHRASES",
    "TEXTS",
    "WAITING",
    "Phrases",
    "Template",
    "WordingError",
    "names",
    "phrases_of",
    "read",
    "read_phrases",
    "read_template",
    "templates",
]

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from babel import Locale

from services.notifications.domain.discretion import indiscreet
from shared.errors import ParcoursError
from shared.languages import LANGUAGES

FOLDER = Path(__file__).parent
SAFELY = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where PyYAML has it: 256 files in 50 ms, not 500
SEAT = frozenset({"alias", "when", "place", "call"})
LINKED_SEAT = SEAT | {"link"}
WAITING = "waiting"  # no occasion of its own: what an SMS says in place of a personal notice, where others read it
FIELDS: Mapping[str, frozenset[str]] = {
    "convocation": LINKED_SEAT,
    "moved": LINKED_SEAT,
    "cancelled": LINKED_SEAT,
    "reminder": LINKED_SEAT | {"wait"},
    "tomorrow": LINKED_SEAT,
    "missed": LINKED_SEAT,
    "not_missed": SEAT,
    "expected": SEAT,
    "completed": frozenset({"alias", "training", "call"}),
    "appointment": SEAT,
    "no_appointment": SEAT,
    "call_us": frozenset({"alias", "call"}),
    "choose": frozenset({"alias", "until", "call", "link"}),
    "given_up": LINKED_SEAT | {"until"},
    "confirm_contact": frozenset({"alias", "call", "link"}),
    WAITING: frozenset({"alias", "call", "link"}),
}
PHRASES: Mapping[str, frozenset[str]] = {
    "date": frozenset(),  # a pattern of CLDR, such as EEEE d MMMM y; the names are CLDR's
    "day": frozenset({"date", "hours"}),
    "course": frozenset({"first", "last", "week"}),
    "long_course": frozenset({"first", "last", "hours"}),
    "and": frozenset(),
    "list": frozenset(),
    "hours": frozenset({"start", "end"}),
    "until": frozenset({"date", "time"}),
    "reply": frozenset({"code"}),
    "greeting": frozenset({"alias"}),
    "training_civic": frozenset(),
    "training_language": frozenset(),
}
TEXTS = ("sms", "subject", "body")
MARKETING = re.compile(r"\bstop\b", re.IGNORECASE)  # with such a line operators treat an SMS as advertising
LINK_INSIDE_A_LINE = re.compile(r"\{link\}[^\n]")


class WordingError(ParcoursError):
    """Raised when a file lacks a field or says what must not be said. Correct the file."""

    code = "wording"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The words of one kind in one language; `reviewed`: a translator signed them."""

    version: int
    reviewed: bool
    sms: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """
    What one language puts into its texts: `words` by the names of PHRASES, `wait` by CLDR's plural categories.

    `sms_spelling` maps words to a right spelling that costs less in an SMS.
    """

    version: int
    reviewed: bool
    locale: Locale
    words: Mapping[str, str]
    wait: Mapping[str, str]
    sms_spelling: Mapping[str, str]


@cache
def templates() -> Mapping[str, Mapping[str, Template]]:
    """Return kind -> language -> template. Raises WordingError."""
    return {kind: {language: read_template(FOLDER, f"{kind}/{language}") for language in LANGUAGES} for kind in FIELDS}


@cache
def phrases_of(language: str) -> Phrases:
    """Return what a language puts into its texts. Raises WordingError."""
    return read_phrases(FOLDER, f"phrases/{language}")


def read_template(folder: Path, name: str) -> Template:
    """Return the template of a file, `convocation/ar`. Raises WordingError."""
    raw, fields = read(folder, name), FIELDS[name.partition("/")[0]]
    _check_keys(name, raw, set(TEXTS))
    _check(f"{name}: sms", raw["sms"], fields)
    _check(f"{name}: body", raw["body"], fields - {"alias"})
    _check(f"{name}: subject", raw["subject"], frozenset())
    if MARKETING.search(raw["sms"]):
        raise WordingError(f"{name}: sms: a word on how to unsubscribe makes it advertising")
    for text in (raw["sms"], raw["body"]):
        if LINK_INSIDE_A_LINE.search(text):
            raise WordingError(f"{name}: nothing may follow {{link}} on its line, telephones would make it part of it")
    return Template(**raw)


def read_phrases(folder: Path, name: str) -> Phrases:
    """Return the phrases of a file, `phrases/ar`. Raises WordingError."""
    raw = read(folder, name)
    _check_keys(name, raw, {*PHRASES, "wait"}, optional={"sms_spelling"})
    for phrase, wanted in PHRASES.items():
        _check(f"{name}: {phrase}", raw[phrase], wanted)
    locale = Locale.parse(name.partition("/")[2])
    categories = {*locale.plural_form.tags, "other"}
    if set(raw["wait"]) != categories:
        raise WordingError(f"{name}: wait must have the forms {sorted(categories)}, not {sorted(raw['wait'])}")
    for category, text in raw["wait"].items():
        # Arabic has words of their own for today, one day and two.
        spelled = category in {"zero", "one", "two"} and not _placeholders(text)
        _check(f"{name}: wait.{category}", text, frozenset() if spelled else frozenset({"n"}))
    return Phrases(
        version=raw["version"],
        reviewed=raw["reviewed"],
        locale=locale,
        words={phrase: raw[phrase] for phrase in PHRASES},
        wait=raw["wait"],
        sms_spelling=raw.get("sms_spelling", {}),
    )


def names() -> Iterator[str]:
    """Iterate over all files, `convocation/ar` and `phrases/ar`."""
    return (f"{folder}/{language}" for folder in (*FIELDS, "phrases") for language in LANGUAGES)


def read(folder: Path, name: str) -> dict[str, Any]:
    """Return a file as it stands. Raises WordingError when it is not there or has no version."""
    try:
        raw = yaml.load((folder / f"{name}.yaml").read_bytes(), SAFELY)  # noqa: S506 - either is a safe one
    except FileNotFoundError as error:
        raise WordingError(f"{name}.yaml is missing") from error
    except yaml.YAMLError as error:
        raise WordingError(f"{name}.yaml is not YAML: {error}") from error
    if not isinstance(raw, dict) or type(raw.get("version")) is not int or type(raw.get("reviewed")) is not bool:
        raise WordingError(f"{name}.yaml must begin with `version: <number>` and `reviewed: true` or `false`")
    return raw


def _check_keys(where: str, raw: Mapping[str, Any], wanted: set[str], optional: AbstractSet[str] = frozenset()) -> None:
    keys = set(raw) - {"version", "reviewed"}
    if not wanted <= keys <= wanted | optional:
        raise WordingError(f"{where}.yaml must have {sorted(wanted)}, and has {sorted(keys)}")


def _check(where: str, text: object, wanted: frozenset[str]) -> None:
    if not isinstance(text, str) or not text:
        raise WordingError(f"{where} must be a text")
    found = _placeholders(text)
    if found != wanted:
        raise WordingError(f"{where} must have the placeholders {sorted(wanted)}, not {sorted(found)}")
    word = indiscreet(text)
    if word:
        raise WordingError(f"{where} names a status or an authority: {word}")


def _placeholders(text: str) -> frozenset[str]:
    return frozenset(name for _literal, name, _format, _conversion in Formatter().parse(text) if name is not None)

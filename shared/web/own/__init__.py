"""
The pages that people open for themselves, by a link and without an account: their words and their one shape.

Each service serves what it owns; the words, the layout and the choice of a language are here, so that somebody who
goes from one to another sees one page. One file a language; a file that no translator signed is shown in the
demonstration only, elsewhere French and English stand together in its place.
"""

__all__ = [
    "OWN_DOORS",
    "OWN_HOME",
    "OwnWordsError",
    "Speech",
    "own_page",
    "picture",
    "remember_language",
    "spoken_to",
    "words",
]

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any, Self

import yaml
from babel import Locale, negotiate_locale
from babel.dates import format_date
from flask import Response, current_app, render_template, request
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as BaseResponse

from shared.errors import ParcoursError
from shared.languages import LANGUAGES, direction

NAMES = {code: Locale.parse(code).language_name or code for code in LANGUAGES}  # each by its own name
OWN_HOME = "/notices/mine"
OWN_DOORS = ("/m/", "/mine", "/code", "/leave", "/choose", "/here", "/contact/")  # in any service
SOURCE = "fr"
TOGETHER = ("fr", "en")  # instead of a language whose words nobody signed
COOKIE = "parcours_own_lang"
A_MONTH = 30 * 24 * 3600
ISOLATED = "\N{FIRST STRONG ISOLATE}%s\N{POP DIRECTIONAL ISOLATE}"  # a number or place keeps its own direction


class OwnWordsError(ParcoursError):
    """Raised when a language lacks a sentence or a field that French has. Write it."""

    code = "own_words"


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language by name, and whether a translator signed them."""

    reviewed: bool
    sentences: Mapping[str, str]


@cache
def words(language: str) -> Words:
    """Return the words of a language. Raises OwnWordsError."""
    found, source = _read(language), _read(SOURCE)
    wrong = sorted(
        name
        for name in found.sentences.keys() | source.sentences.keys()
        if not found.sentences.get(name) or _fields(found.sentences[name]) != _fields(source.sentences.get(name, ""))
    )
    if wrong:
        raise OwnWordsError(f"{language}.yaml does not say the same as fr.yaml: {', '.join(wrong)}")
    return found


def spoken_to(language: str | None, *, unsigned_allowed: bool) -> tuple[str, ...]:
    """Return in what to speak to who reads this language (None: none of ours); two where French and English go."""
    if language is None or not (words(language).reviewed or unsigned_allowed):
        return TOGETHER
    return (language,)


@dataclass(frozen=True, slots=True)
class Speech:
    """In which language a page speaks; two where French and English stand together."""

    language: str
    spoken: tuple[str, ...]

    @classmethod
    def of(cls, language: str, *, unsigned_allowed: bool) -> Self:
        """Return how a page speaks to who reads this language."""
        return cls(language, spoken_to(language, unsigned_allowed=unsigned_allowed))

    @property
    def direction(self) -> str:
        return direction(self.spoken[0])

    def say(self, name: str, **fields: Any) -> Markup:
        """Return a sentence as HTML; days (with their year) and moments among the fields are written out."""
        return self._told(lambda language: _sentence(language, name, fields))

    def plain(self, name: str, **fields: Any) -> str:
        """Return a sentence as text, where no markup can stand."""
        return " / ".join(_sentence(one, name, fields) for one in self.spoken)

    def line(self, *parts: str | date) -> Markup:
        """Return sentences by their names, and days written out with their weekdays, on one line."""
        return self._told(lambda language: " – ".join(_part(one, language) for one in parts))

    def _told(self, write: Callable[[str], str]) -> Markup:
        if len(self.spoken) == 1:
            return escape(write(self.spoken[0]))
        told = (Markup('<span class="said" lang="{}">{}</span>').format(one, write(one)) for one in self.spoken)
        return Markup("<span>{}</span>").format(Markup(" ").join(told))


def own_page(template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page `own/<template>` in the language of who reads it; a language asked for is remembered."""
    speech = Speech.of(_language(), unsigned_allowed=current_app.config["UNSIGNED_WORDS"])
    text = render_template(
        template,
        speech=speech,
        say=speech.say,
        tongues=NAMES,
        runs=direction,
        call=current_app.config["CALL_BACK"],
        **values,
    )
    answer = Response(text, status=status, mimetype="text/html")
    if request.args.get("lang") in LANGUAGES:
        remember_language(answer, speech.language)
    return answer


def remember_language(answer: BaseResponse, language: str) -> None:
    """Keep a language for the pages that come, whichever service serves them."""
    answer.set_cookie(
        COOKIE, language, max_age=A_MONTH, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )


@cache
def picture(name: str) -> str:
    """Return a pictogram of these pages as an SVG file, for what is printed."""
    drawn = Environment(loader=PackageLoader("shared.web"), autoescape=True).get_template("own/pictures.html")
    return str(getattr(drawn.module, name)())


def _language() -> str:
    best = negotiate_locale(request.accept_languages.values(), LANGUAGES, sep="-")
    wanted = (request.args.get("lang"), request.cookies.get(COOKIE), best)
    return next((one for one in wanted if one and one in LANGUAGES), SOURCE)


def _sentence(language: str, name: str, fields: Mapping[str, Any]) -> str:
    filled = {key: ISOLATED % _text(value, language) for key, value in fields.items()}
    return words(language).sentences[name].format(**filled)


def _part(value: str | date, language: str) -> str:
    return _day(value, language) if isinstance(value, date) else words(language).sentences[value]


def _text(value: Any, language: str) -> str:
    if isinstance(value, datetime):
        return f"{_day(value, language)} {value:%H:%M}"
    return _day(value, language, "date_and_year") if isinstance(value, date) else str(value)


def _day(value: date, language: str, pattern: str = "date") -> str:
    """Return a day with its weekday by a pattern of the language's file; decision 0033 has why they are as they are."""
    return format_date(value, words(language).sentences[pattern], locale=language)


def _fields(sentence: str) -> set[str]:
    return {name for _text, name, _format, _conversion in Formatter().parse(sentence) if name}


def _read(language: str) -> Words:
    text = resources.files(__name__).joinpath(f"{language}.yaml").read_text(encoding="utf-8")
    raw: dict[str, Any] = yaml.safe_load(text)
    return Words(reviewed=raw.pop("reviewed") is True, sentences=raw)

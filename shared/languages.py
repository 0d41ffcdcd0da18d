"""The languages in which those we write to are addressed, and which way each runs. Not those of staff pages."""

__all__ = ["LANGUAGES", "RIGHT_TO_LEFT", "direction", "first_of_ours", "plain_digits", "written_as"]

import unicodedata
from collections.abc import Iterable, Mapping

LANGUAGES = ("fr", "en", "ar", "fa", "ps", "tr", "ru", "bn", "es", "ta", "zh", "pt", "ti", "ur", "sq", "uk")  # ISO 639
RIGHT_TO_LEFT = frozenset({"ar", "fa", "ps", "ur"})
WRITTEN_AS: Mapping[str, str] = {"prs": "fa"}  # Dari, the Persian of Afghanistan, is written like Iran's


def direction(language: str) -> str:
    """Return which way a language runs, as HTML's `dir` says it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def written_as(language: str) -> str:
    """Return the language in which somebody who speaks this one is written to."""
    return WRITTEN_AS.get(language, language)


def first_of_ours(languages: Iterable[str]) -> str | None:
    """Return the first of these languages in which we write, as it is written; None if there is none."""
    return next((one for one in map(written_as, languages) if one in LANGUAGES), None)


def plain_digits(text: str) -> str:
    """Return a text with the digits of every script, as a keyboard gives them, written 0 to 9."""
    return "".join(str(unicodedata.digit(one, one)) for one in text)

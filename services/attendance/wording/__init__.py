"""The words of the pages on people's own phones: one file a language, short sentences, read once and checked."""

__all__ = ["LANGUAGES", "RIGHT_TO_LEFT", "words"]

from collections.abc import Mapping
from functools import cache
from importlib import resources

import yaml

from shared.errors import ParcoursError

LANGUAGES: Mapping[str, str] = {"fr": "Français", "en": "English", "ar": "العربية"}  # each by its own name
RIGHT_TO_LEFT = frozenset({"ar"})


class WordsError(ParcoursError):
    """Raised when a language lacks a sentence that French has. Write it."""

    code = "words"


@cache
def words(language: str) -> Mapping[str, str]:
    """Return the sentences of a language by name. Raises WordsError."""
    found = _read(language)
    if set(found) != set(_read("fr")) or not all(found.values()):
        raise WordsError(f"{language}.yaml must have the sentences of fr.yaml, and nothing else")
    return found


def _read(language: str) -> dict[str, str]:
    text = resources.files(__name__).joinpath(f"{language}.yaml").read_text(encoding="utf-8")
    raw: dict[str, str] = yaml.safe_load(text)
    return raw

"""The languages in which those we write to are addressed, and which way each runs. Not those of staff pages."""

__all__ = ["LANGUAGES", "RIGHT_TO_LEFT", "WRITTEN_AS", "direction"]

from collections.abc import Mapping

LANGUAGES = ("fr", "en", "ar", "fa", "ps", "tr", "ru", "bn", "es", "ta", "zh", "pt", "ti", "ur", "sq", "uk")  # ISO 639
RIGHT_TO_LEFT = frozenset({"ar", "fa", "ps", "ur"})
WRITTEN_AS: Mapping[str, str] = {"prs": "fa"}  # Dari, the Persian of Afghanistan, is written like Iran's


def direction(language: str) -> str:
    """Return which way a language runs, as HTML's `dir` says it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"

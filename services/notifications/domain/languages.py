"""In which language a person is written to, and whether they can use what they get."""

__all__ = ["FALLBACK", "Reader", "language_for", "own_language", "usable"]

from collections.abc import Mapping
from dataclasses import dataclass

from shared.languages import first_of_ours, written_as

FALLBACK = ("fr", "en")  # both, one after the other, when none of ours is the person's
READING = frozenset({"yes", "with_help"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a person speaks (ISO 639, best first), whether they read (yes, with_help, no), and in which language."""

    spoken: tuple[str, ...]
    reads: str
    reading_language: str


def language_for(reader: Reader, signed: Mapping[str, bool], *, unsigned_allowed: bool) -> tuple[str, ...]:
    """
    Return the language of a notice; two where French and English go together.

    The reading language comes first, then the first spoken one of ours. `signed` says of each language whether a
    translator signed the text; an unsigned one leaves only where `unsigned_allowed` (the demo), else French and
    English go instead.
    """
    own = own_language(reader)
    if own is None or not (signed[own] or unsigned_allowed):
        return FALLBACK
    return (own,)


def own_language(reader: Reader) -> str | None:
    """Return the person's own language if it is one of ours."""
    first = (reader.reading_language,) if reader.reads in READING else ()
    return first_of_ours((*first, *reader.spoken))


def usable(reader: Reader, languages: tuple[str, ...]) -> bool:
    """
    Return whether a text in these languages is in a form that the person understands.

    Whoever does not read cannot use a text, whatever its language: somebody has to tell them. Whoever reads with help
    can use a language that they speak.
    """
    if reader.reads not in READING:
        return False
    known = {reader.reading_language} if reader.reading_language else set(reader.spoken)
    if reader.reads == "with_help":
        known |= set(reader.spoken)
    return not {written_as(one) for one in known}.isdisjoint(languages)

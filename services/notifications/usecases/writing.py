"""A notice in words: in which language, and what stands in it."""

__all__ = ["languages_of", "reader_of", "written"]

from collections.abc import Mapping
from typing import Any

from services.notifications import wording
from services.notifications.domain.languages import Reader, language_for
from services.notifications.usecases.post import Post
from services.notifications.wording import Filling, Text


def reader_of(person: Mapping[str, Any]) -> Reader:
    """Return what a person speaks and reads."""
    return Reader(spoken=tuple(person["spoken"]), reads=person["reads"], reading_language=person["reading_language"])


def languages_of(post: Post, person: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """Return the language of a notice to a person, or French and English together."""
    return language_for(reader_of(person), wording.signed_languages(kind), unsigned_allowed=post.demo)


def written(
    post: Post,
    row: Mapping[str, Any],
    person: Mapping[str, Any],
    site: Mapping[str, Any] | None,
    languages: tuple[str, ...],
) -> Text:
    """Return a notice in words."""
    filling = Filling(
        alias=person["alias"] or person["reference"],
        call=post.call_back,
        days=tuple(row["days"]),
        place=site["label"] if site else "",
        commune=site["commune"] if site else "",
        training=row["training"],
    )
    return wording.compose(row["kind"], languages, filling)

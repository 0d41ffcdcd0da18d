"""What each template looks like when it is filled, and what it costs: for authors, translators and planners."""

__all__ = ["Example", "Preview", "filling", "previews"]

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.notifications import wording
from services.notifications.domain.sms import dear_characters, segments
from services.notifications.wording import Filling
from services.notifications.wording.budgets import BUDGETS
from services.notifications.wording.files import phrases_of
from shared.languages import direction

DAYS = ("2026-09-23 09:00-16:30", "2026-09-24 09:00-16:30")
OF_ONE_DAY = frozenset({"tomorrow", "missed", "not_missed", "expected", "appointment", "no_appointment"})
UNTIL = datetime(2026, 9, 23, 18, tzinfo=ZoneInfo("Europe/Paris"))
SECRET = "K7Q2M4XW9PTC"  # noqa: S105 - the shape of a link's end; it opens nothing
# Where a language has an alphabet of its own, every letter is dear and none is worth naming.
LATIN = frozenset({"fr", "en", "tr", "es", "pt", "sq"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What of a deployment stands in its texts; the price is hundredths of a cent for a segment."""

    call_back: str
    public_url: str
    sms_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """
    One template in one language, filled with an invented example.

    `budget` is the segments that its alphabet allows to the kind; `cost` hundredths of a cent; `dear` the letters that
    force the dearer alphabet, where the language has a choice.
    """

    kind: str
    language: str
    direction: str
    version: int
    phrases_version: int
    signed: bool
    sms: str
    subject: str
    body: str
    alphabet: str
    segments: int
    budget: int
    cost: int
    dear: str


def previews(kinds: Iterable[str], languages: Iterable[str], example: Example) -> Iterator[Preview]:
    """Iterate over the templates of these kinds in these languages, kind by kind."""
    spoken = tuple(languages)
    return (_preview(kind, language, example) for kind in kinds for language in spoken)


def filling(kind: str, example: Example, **other: Any) -> Filling:
    """Return the invented example for a kind; `other` are fields to say otherwise."""
    said: Mapping[str, Any] = {
        "alias": "Marguerite-B",
        "call": example.call_back,
        "days": DAYS[:1] if kind in OF_ONE_DAY else DAYS,
        "place": "Maison Victor-Schoelcher",
        "commune": "Villeneuve-Garenne",
        "training": "language",
        "link": f"{example.public_url}/notices/m/{SECRET}",
        "until": UNTIL,
        "wait_days": 7,
    }
    return Filling(**{**said, **other})


def _preview(kind: str, language: str, example: Example) -> Preview:
    text = wording.compose(kind, (language,), filling(kind, example))
    size = segments(text.sms)
    return Preview(
        kind=kind,
        language=language,
        direction=direction(language),
        version=wording.templates()[kind][language].version,
        phrases_version=phrases_of(language).version,
        signed=wording.signed_languages(kind)[language],
        sms=text.sms,
        subject=text.subject,
        body=text.plain,
        alphabet=size.alphabet,
        segments=size.count,
        budget=BUDGETS[kind].of(size.alphabet),
        cost=size.count * example.sms_price,
        dear=dear_characters(text.sms) if language in LATIN else "",
    )

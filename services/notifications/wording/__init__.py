"""
The words of notices: one file a kind and language, checked when they are read, and the code that fills them.

A template says whether a translator signed it (`reviewed`). Every language has every placeholder, no text and no place
that is put into it names a status or an authority: phones are shared and screens are read by others.
"""

__all__ = [
    "BETWEEN_MAILS",
    "BETWEEN_SMS",
    "Filling",
    "Text",
    "WordingError",
    "compose",
    "joined",
    "signed_languages",
    "templates",
]

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from string import Formatter
from typing import Any

import yaml
from babel.dates import format_date

from services.notifications.domain.languages import LANGUAGES, RIGHT_TO_LEFT
from services.notifications.domain.occasions import OCCASIONS
from services.notifications.domain.sms import plain_typography
from services.notifications.domain.timetable import Day, read_day
from shared.errors import ParcoursError

FORBIDDEN = re.compile(
    r"ofii|contra[ct]|immigra|nationalit|étrang|foreign|préfecture|titre de séjour|الهجرة|عقد", re.IGNORECASE
)
SEAT_FIELDS = frozenset({"alias", "when", "place", "call"})
FIELDS: Mapping[str, frozenset[str]] = {
    "convocation": SEAT_FIELDS,
    "moved": SEAT_FIELDS,
    "cancelled": SEAT_FIELDS,
    "missed": SEAT_FIELDS,
    "not_missed": SEAT_FIELDS,
    "expected": SEAT_FIELDS,
    "completed": frozenset({"alias", "training", "call"}),
    "appointment": SEAT_FIELDS,
    "no_appointment": SEAT_FIELDS,
    "call_us": frozenset({"alias", "call"}),
}
PHRASES: Mapping[str, frozenset[str]] = {
    "day": frozenset({"date", "hours"}),
    "course": frozenset({"first", "last", "week"}),
    "long_course": frozenset({"first", "last", "hours"}),
    "and": frozenset(),
    "training_civic": frozenset(),
    "training_language": frozenset(),
    "greeting": frozenset({"alias"}),
}
DAYS_NAMED = 4  # up to so many days each is named; beyond, the first, the last and the week's rhythm
HOURS_NAMED = 6  # a rhythm with more different times than this would not be read
BETWEEN_SMS, BETWEEN_MAILS = "\n", "\n\n---\n\n"  # what stands between two languages of one message
LEFT_TO_RIGHT_MARK = "\N{LEFT-TO-RIGHT MARK}"


class WordingError(ParcoursError):
    """Raised when a template lacks a field, or names what must not be named. Correct the file."""

    code = "wording"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The words of one kind in one language."""

    reviewed: bool
    sms: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What a notice says: `days` as `timetable` writes them; `training` is civic or language, where it is named."""

    alias: str
    call: str
    days: tuple[str, ...] = ()
    place: str = ""
    commune: str = ""
    training: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A notice in words, ready for each channel; two languages stand one after the other, each a section."""

    sms: str
    subject: str
    plain: str
    sections: tuple[str, ...]
    language: str
    versions: tuple[str, ...] = ()

    @property
    def html(self) -> str:
        """Return the page: one section a language."""
        return _page(self.language, self.subject, self.sections)


@cache
def templates() -> Mapping[str, Mapping[str, Template]]:
    """Return kind -> language -> template. Raises WordingError."""
    return {kind: {language: _template(kind, language) for language in LANGUAGES} for kind in OCCASIONS}


@cache
def signed_languages(kind: str) -> Mapping[str, bool]:
    """Return whether a translator signed the text of this kind, and the phrases put into it, by language."""
    return {
        language: template.reviewed and bool(_phrases(language)["reviewed"])
        for language, template in templates()[kind].items()
    }


def compose(kind: str, languages: Sequence[str], filling: Filling) -> Text:
    """Return a notice in words."""
    parts = [(language, _words(kind, language, filling)) for language in languages]
    return Text(
        sms=BETWEEN_SMS.join(plain_typography(words["sms"]) for _language, words in parts),
        subject=" / ".join(words["subject"] for _language, words in parts),
        plain=BETWEEN_MAILS.join(words["body"] for _language, words in parts),
        sections=tuple(_section(language, words["body"]) for language, words in parts),
        language=languages[0],
    )


def joined(texts: Sequence[Text]) -> Text:
    """Return several notices to one person as one message, in their order."""
    return Text(
        sms=BETWEEN_SMS.join(text.sms for text in texts),
        subject=" / ".join(dict.fromkeys(text.subject for text in texts)),
        plain=BETWEEN_MAILS.join(text.plain for text in texts),
        sections=tuple(section for text in texts for section in text.sections),
        language=texts[0].language,
        versions=tuple(dict.fromkeys(version for text in texts for version in text.versions)),
    )


def _words(kind: str, language: str, filling: Filling) -> dict[str, str]:
    template, phrases = templates()[kind][language], _phrases(language)
    values = {
        "alias": filling.alias,
        "call": _mark(language, filling.call),
        "when": _when(language, [read_day(day) for day in filling.days]),
        "place": _mark(language, _discreet(filling)),
        "training": phrases.get(f"training_{filling.training}", ""),
    }
    greeting = phrases["greeting"].format(alias=filling.alias)
    return {
        "sms": template.sms.format(**values),
        "subject": template.subject,
        "body": f"{greeting}\n\n{template.body.format(**values).strip()}",
    }


def _when(language: str, days: Sequence[Day]) -> str:
    phrases = _phrases(language)
    if len(days) <= DAYS_NAMED:
        named = [phrases["day"].format(date=_date(language, day), hours=_hours(language, day)) for day in days]
        return str(phrases["and"]).join(named)
    ends = {"first": _date(language, days[0]), "last": _date(language, days[-1])}
    rhythm: dict[str, list[str]] = {}
    for hours, _number, weekday in sorted(
        {(_hours(language, day), day.on.weekday(), format_date(day.on, "EEEE", locale=language)) for day in days}
    ):
        rhythm.setdefault(hours, []).append(weekday)
    if sum(map(len, rhythm.values())) > HOURS_NAMED:
        return str(phrases["long_course"].format(hours=_hours(language, days[0]), **ends))
    comma = "، " if language == "ar" else ", "
    week = comma.join(f"{comma.join(weekdays)} {hours}" for hours, weekdays in rhythm.items())
    return str(phrases["course"].format(week=week, **ends))


def _date(language: str, day: Day) -> str:
    return format_date(day.on, "EEEE d MMMM y", locale=language)


def _hours(language: str, day: Day) -> str:
    return _mark(language, f"{day.starts_at:%H:%M}-{day.ends_at:%H:%M}")


def _mark(language: str, value: str) -> str:
    """Keep Latin text and figures in their order inside a line that runs from right to left."""
    return f"{LEFT_TO_RIGHT_MARK}{value}{LEFT_TO_RIGHT_MARK}" if language in RIGHT_TO_LEFT else value


def _discreet(filling: Filling) -> str:
    """Return the place; its label is left out where it names what must not be named."""
    label = "" if FORBIDDEN.search(filling.place) else filling.place
    return ", ".join(filter(None, (label, filling.commune if filling.commune not in label else "")))


def _section(language: str, body: str) -> str:
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    paragraphs = "".join(f"<p>{escape(one).replace(chr(10), '<br>')}</p>" for one in body.split("\n\n") if one.strip())
    return f'<section lang="{language}" dir="{direction}">{paragraphs}</section>'


def _page(language: str, title: str, sections: Sequence[str]) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f'<body style="font:1.1em/1.5 sans-serif;max-width:38em;margin:1em auto">{"<hr>".join(sections)}</body></html>'
    )


def _template(kind: str, language: str) -> Template:
    raw = _read(f"{kind}/{language}.yaml")
    if set(raw) != {"reviewed", "sms", "subject", "body"}:
        raise WordingError(f"{kind}/{language}.yaml must have reviewed, sms, subject and body, and nothing else")
    _check(f"{kind}/{language}.yaml: sms", raw["sms"], FIELDS[kind])
    _check(f"{kind}/{language}.yaml: body", raw["body"], FIELDS[kind] - {"alias"})
    _check(f"{kind}/{language}.yaml: subject", raw["subject"], frozenset())
    return Template(reviewed=raw["reviewed"], sms=raw["sms"], subject=raw["subject"], body=raw["body"])


@cache
def _phrases(language: str) -> Mapping[str, Any]:
    raw = _read(f"phrases/{language}.yaml")
    for name, wanted in PHRASES.items():
        _check(f"phrases/{language}.yaml: {name}", raw.get(name, ""), wanted)
    return raw


def _check(where: str, text: str, wanted: frozenset[str]) -> None:
    found = {name for _literal, name, _format, _conversion in Formatter().parse(text) if name is not None}
    if found != wanted or not text:
        raise WordingError(f"{where} must have the placeholders {sorted(wanted)}, not {sorted(found)}")
    if FORBIDDEN.search(text):
        raise WordingError(f"{where} names a status or an authority")


def _read(name: str) -> dict[str, Any]:
    text = resources.files("services.notifications.wording").joinpath(name).read_text(encoding="utf-8")
    raw: dict[str, Any] = yaml.safe_load(text)
    return raw

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
    "named_day",
    "named_place",
    "signed_languages",
    "templates",
    "title",
]

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from html import escape

from babel.dates import format_date

from services.notifications.domain.discretion import indiscreet
from services.notifications.domain.sms import plain_typography
from services.notifications.domain.timetable import Day, read_day
from services.notifications.wording.files import FIELDS, Phrases, WordingError, phrases_of, templates
from services.notifications.wording.order import in_order, led
from shared.languages import direction

DAYS_NAMED = 4  # up to so many days each is named; beyond, the first, the last and the week's rhythm
HOURS_NAMED = 6  # a rhythm with more different times than this would not be read
# What stands between two languages of one message; neither stands inside a text.
BETWEEN_SMS, BETWEEN_MAILS = "\n\n", "\n\n---\n\n"
LINK = "{link}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """
    What a notice says: `days` as `timetable` writes them; `training` is civic or language, where it is named.

    `until` is a moment in the person's own zone; `wait_days` are whole days until the first one that is named; `reply`
    is the code that an answer to the SMS repeats. Without a link the line that names it is left out.
    """

    alias: str
    call: str
    days: tuple[str, ...] = ()
    place: str = ""
    commune: str = ""
    training: str = ""
    link: str = ""
    until: datetime | None = None
    wait_days: int | None = None
    reply: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """
    A notice in words, ready for each channel; two languages stand one after the other, each a section.

    `versions` are the files that it was written with, `convocation/ar@1`.
    """

    sms: str
    subject: str
    plain: str
    sections: tuple[str, ...]
    language: str
    versions: tuple[str, ...]

    @property
    def html(self) -> str:
        """Return the page: one section a language."""
        return _page(self.language, self.subject, self.sections)


@cache
def signed_languages(kind: str) -> dict[str, bool]:
    """Return whether a translator signed the text of this kind, and the phrases put into it, by language."""
    return {
        language: template.reviewed and phrases_of(language).reviewed
        for language, template in templates()[kind].items()
    }


def compose(kind: str, languages: Sequence[str], filling: Filling) -> Text:
    """Return a notice in words. Raises WordingError where the filling lacks a day or a wait that the kind tells."""
    parts = [(language, _words(kind, language, filling)) for language in languages]
    return Text(
        sms=BETWEEN_SMS.join(plain_typography(words["sms"]) for _language, words in parts),
        subject=title(kind, languages),
        plain=BETWEEN_MAILS.join(words["body"] for _language, words in parts),
        sections=tuple(_section(language, words["body"], filling.link) for language, words in parts),
        language=languages[0],
        versions=tuple(version for language in languages for version in _versions(kind, language)),
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


def title(kind: str, languages: Sequence[str]) -> str:
    """Return what a notice of this kind is called."""
    return " / ".join(templates()[kind][language].subject for language in languages)


def named_day(language: str, text: str) -> str:
    """Return one day with its hours; `text` as `timetable` writes it."""
    phrases = phrases_of(language)
    return led(language, _day(language, phrases, read_day(text)))


def named_place(label: str, commune: str) -> str:
    """Return a place; its label is left out where it names what must not be named."""
    said = "" if indiscreet(label) else label
    return ", ".join(filter(None, (said, commune if commune not in said else "")))


def _versions(kind: str, language: str) -> tuple[str, str]:
    template, phrases = templates()[kind][language], phrases_of(language)
    return f"{kind}/{language}@{template.version}", f"phrases/{language}@{phrases.version}"


def _words(kind: str, language: str, filling: Filling) -> dict[str, str]:
    template, phrases = templates()[kind][language], phrases_of(language)
    alias = in_order(language, filling.alias)
    values = {
        "alias": alias,
        "call": in_order(language, filling.call),
        "when": _when(language, phrases, [read_day(day) for day in filling.days]),
        "place": in_order(language, named_place(filling.place, filling.commune)),
        "training": phrases.words.get(f"training_{filling.training}", ""),
        "link": filling.link,
        "until": _until(language, phrases, filling.until),
        "wait": _wait(phrases, filling.wait_days),
    }
    lacking = sorted(name for name in FIELDS[kind] & {"until", "wait"} if not values[name])
    if lacking:
        raise WordingError(f"{kind} tells {lacking[0]}, and nothing was said of it")
    sms = _linked(template.sms, filling.link).format(**values)
    if filling.reply:
        sms += "\n" + phrases.words["reply"].format(code=in_order(language, filling.reply))
    greeting = phrases.words["greeting"].format(alias=alias)
    body = _linked(template.body, filling.link).format(**values)
    return {
        "sms": led(language, _respelled(phrases, sms)),
        "body": led(language, f"{greeting}\n\n{body}"),
    }


def _linked(text: str, link: str) -> str:
    """Leave out the line that names the link where there is none, and the paragraph that was nothing else."""
    paragraphs = text.strip().split("\n\n")
    kept = ["\n".join(line for line in one.split("\n") if link or LINK not in line) for one in paragraphs]
    return "\n\n".join(filter(None, kept))


def _respelled(phrases: Phrases, sms: str) -> str:
    for dear, cheap in phrases.sms_spelling.items():
        sms = sms.replace(dear, cheap)
    return sms


def _when(language: str, phrases: Phrases, days: Sequence[Day]) -> str:
    words = phrases.words
    if len(days) <= DAYS_NAMED:
        return words["and"].join(_day(language, phrases, day) for day in days)
    ends = {"first": _date(phrases, days[0].on), "last": _date(phrases, days[-1].on)}
    rhythm: dict[str, list[str]] = {}
    for hours, weekday in sorted({(_hours(language, phrases, day), day.on.weekday()) for day in days}):
        rhythm.setdefault(hours, []).append(phrases.locale.days["format"]["wide"][weekday])
    if sum(map(len, rhythm.values())) > HOURS_NAMED:
        return words["long_course"].format(hours=_hours(language, phrases, days[0]), **ends)
    comma = words["list"]
    week = comma.join(f"{comma.join(weekdays)} {hours}" for hours, weekdays in rhythm.items())
    return words["course"].format(week=week, **ends)


def _day(language: str, phrases: Phrases, day: Day) -> str:
    return phrases.words["day"].format(date=_date(phrases, day.on), hours=_hours(language, phrases, day))


def _date(phrases: Phrases, on: date) -> str:
    return format_date(on, phrases.words["date"], locale=phrases.locale)


def _hours(language: str, phrases: Phrases, day: Day) -> str:
    hours = phrases.words["hours"].format(start=f"{day.starts_at:%H:%M}", end=f"{day.ends_at:%H:%M}")
    return in_order(language, hours)


def _until(language: str, phrases: Phrases, until: datetime | None) -> str:
    if until is None:
        return ""
    time = in_order(language, f"{until:%H:%M}")
    return phrases.words["until"].format(date=_date(phrases, until.date()), time=time)


def _wait(phrases: Phrases, days: int | None) -> str:
    return "" if days is None else phrases.wait[phrases.locale.plural_form(days)].format(n=days)


def _section(language: str, body: str, link: str) -> str:
    text = escape(body)
    if link:
        address = escape(link)
        text = text.replace(address, f'<a href="{address}">{address}</a>')
    paragraphs = "".join(f"<p>{one.replace(chr(10), '<br>')}</p>" for one in text.split("\n\n") if one.strip())
    return f'<section lang="{language}" dir="{direction(language)}">{paragraphs}</section>'


def _page(language: str, title: str, sections: Sequence[str]) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title></head>'
        '<body style="font:1.1em/1.5 sans-serif;max-width:38em;margin:1em auto;padding:0 .5em;overflow-wrap:anywhere">'
        f"{'<hr>'.join(sections)}</body></html>"
    )

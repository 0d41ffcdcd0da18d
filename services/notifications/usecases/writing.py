"""A notice in words: in which language, and what stands in it."""

__all__ = ["languages_of", "reader_of", "said_as", "written"]

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.notifications import wording
from services.notifications.domain.discretion import indiscreet
from services.notifications.domain.languages import Reader, language_for
from services.notifications.domain.occasions import OCCASIONS
from services.notifications.domain.sms import plain_typography
from services.notifications.domain.timetable import read_day
from services.notifications.usecases.post import Post
from services.notifications.wording import Filling, Text
from services.notifications.wording.files import WAITING
from shared.communes import local_time

Row = Mapping[str, Any]


def reader_of(person: Row) -> Reader:
    """Return what a person speaks and reads."""
    return Reader(spoken=tuple(person["spoken"]), reads=person["reads"], reading_language=person["reading_language"])


def said_as(row: Row, person: Row, channel: str) -> str:
    """Return the kind of words in which a notice leaves: on a telephone that others read, that a message waits."""
    others_read = channel == "sms" and person["shared_phone"] and OCCASIONS[row["kind"]].personal
    return WAITING if others_read else str(row["kind"])


def languages_of(post: Post, person: Row, kind: str) -> tuple[str, ...]:
    """Return the language of a notice to a person, or French and English together."""
    return language_for(reader_of(person), wording.signed_languages(kind), unsigned_allowed=post.demo)


def written(
    post: Post, row: Row, person: Row, site: Row | None, *, languages: tuple[str, ...], now: datetime, link: str = ""
) -> Text:
    """
    Return a notice in words, as it is said at an instant; `site` is the place that it names, if it names one.

    What can be done until a moment, can be done as long as the notice is of use.
    """
    filling = Filling(
        alias=_called(person),
        call=post.call_back,
        days=tuple(row["days"]),
        place=site["label"] if site else "",
        commune=site["commune"] if site else "",
        training=row["training"],
        link=link,
        until=local_time(row["useless_after"], person["territory"]),
        wait_days=_wait(row, site, now) if row["moment"] else None,
        reply=row["reply_code"],
    )
    return wording.compose(row["kind"], languages, filling)


def _called(person: Row) -> str:
    """Return the name that a person chose; their reference where an SMS could not show it, or it says too much."""
    alias: str = person["alias"]
    return alias if plain_typography(alias).strip() and not indiscreet(alias) else person["reference"]


def _wait(row: Row, site: Row | None, now: datetime) -> int:
    """Return in how many days, by the calendar of the place, the first day comes that a reminder names."""
    zone = ZoneInfo(site["zone"]) if site else now.tzinfo
    return (read_day(row["days"][0]).on - now.astimezone(zone).date()).days

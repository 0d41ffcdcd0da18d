"""Notices on paper: what goes with a mail, what is posted or handed over, what is shown to who does not read."""

__all__ = ["about_whom", "languages_on_paper", "letter_of", "page_of", "slip_of"]

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date

from services.notifications import storage, wording
from services.notifications.documents.papers import Paper, Picture, Said, notice_pdf, slip_pdf
from services.notifications.domain.timetable import read_day
from services.notifications.usecases.post import Post
from services.notifications.usecases.tasks import find_task
from services.notifications.usecases.writing import languages_of, written
from shared.communes import department_of
from shared.documents import DocumentError
from shared.errors import NotFoundError
from shared.logs import log
from shared.work import Work

FRENCH = "fr"
NEW_LINE = re.compile(r"\n|,\s*(?=\d{5}\b)")  # an address in one line goes on with its postcode
BY_HAND = ("(à remettre en main propre)",)
CROSSED = frozenset({"cancelled", "no_appointment", "given_up"})  # kinds that say not to come
NAMED_IN_WORDS = 4  # up to so many days stand in the text; beyond, each is listed below it
Row = Mapping[str, Any]


def page_of(post: Post, row: Row, person: Row, site: Row | None, now: datetime) -> bytes | None:
    """
    Return the page to print that goes with a mail; an alias that no font can print gives way to the reference.

    None where even that cannot be printed: the mail says everything too.
    """
    for alias in (person["alias"], ""):
        try:
            named = dict(person) | {"alias": alias}
            content = notice_pdf(
                paper_of(post, row, named, site, now, languages=with_french(row["languages"])), pictured=False
            )
        except DocumentError as error:
            log.warning("a page could not be printed", notice=str(row["id"]), error=type(error).__name__)
        else:
            return content
    return None


def letter_of(post: Post, work: Work, task_id: UUID) -> bytes:
    """
    Return the letter that a task asks to post: the words, the days drawn, the address in the envelope's window.

    Without an address it says that it is handed over. Raises NotFoundError, ForbiddenError, DocumentError.
    """
    row, person, site = _to_tell(work, task_id, "letter")
    who = f"Représentant légal de {person['name']}" if person["stands_for"] else person["name"]
    lines = tuple(line.strip() for line in NEW_LINE.split(person["address"]) if line.strip())
    languages = languages_on_paper(post, row, person)
    named = replace(
        paper_of(post, row, person, site, work.now, languages=languages), addressee=(who, *(lines or BY_HAND))
    )
    return notice_pdf(named, pictured=True)


def slip_of(post: Post, work: Work, task_id: UUID) -> bytes:
    """
    Return the slip of pictograms that goes with telling somebody who does not read.

    Raises NotFoundError, ForbiddenError, DocumentError.
    """
    row, person, site = _to_tell(work, task_id, "relay")
    return slip_pdf(paper_of(post, row, person, site, work.now, languages=_languages(post, row, person)))


def _languages(post: Post, row: Row, person: Row) -> tuple[str, ...]:
    """Return the languages in which a notice was told, or would have been where no message could leave."""
    return tuple(row["languages"]) or languages_of(post, person, row["kind"])


def _to_tell(work: Work, task_id: UUID, kind: str) -> tuple[Row, Row, Row | None]:
    """Return the notice of a task of this kind, whom it is for, and its place."""
    task = find_task(work, task_id)
    if task["kind"] != kind or task["notice_id"] is None:
        raise NotFoundError("paper", task_id)
    row = storage.one(work.db, storage.notice, task["notice_id"], "notice")
    return row, *about_whom(work, row)


def about_whom(work: Work, row: Row) -> tuple[Row, Row | None]:
    """Return whom a notice is for (of a merged record the one kept) and the place that it names, if it names one."""
    person = storage.one(work.db, storage.person, row["person_id"], "person")
    if person["merged_into"] is not None:
        person = storage.one(work.db, storage.person, person["merged_into"], "person")
    site = storage.one(work.db, storage.site, UUID(row["site"]), "site") if row["site"] else None
    return person, site


def languages_on_paper(post: Post, row: Row, person: Row) -> tuple[str, ...]:
    """Return the languages of a notice's letter."""
    return with_french(_languages(post, row, person))


def with_french(languages: Sequence[str]) -> tuple[str, ...]:
    """Return the languages of a paper that others have to read too: an employer, a trainer, a counter."""
    return tuple(dict.fromkeys((*languages, FRENCH)))


def paper_of(
    post: Post,
    row: Row,
    person: Row,
    site: Row | None,
    now: datetime,
    *,
    languages: Sequence[str],
    addressee: Sequence[str] = (),
) -> Paper:
    """Return a notice as it is printed, in these languages one after the other."""
    zone = ZoneInfo(site["zone"] if site else department_of(person["territory"]).time_zone)
    return Paper(
        reference=person["reference"],
        said=tuple(_said(post, row, person, site, language=one, now=now) for one in languages),
        days=tuple(_picture(day) for day in row["days"]),
        crossed=row["kind"] in CROSSED,
        place=wording.named_place(site["label"], site["commune"]) if site else "",
        call=post.call_back,
        made_on=now.astimezone(zone).date(),
        addressee=tuple(addressee),
    )


def _said(post: Post, row: Row, person: Row, site: Row | None, *, language: str, now: datetime) -> Said:
    text = written(post, {**row, "reply_code": ""}, person, site, languages=(language,), now=now)
    days = row["days"] if len(row["days"]) > NAMED_IN_WORDS else ()
    return Said(
        language=language,
        title=text.subject,
        body=text.plain,
        short=text.sms,
        days=tuple(wording.named_day(language, day) for day in days),
    )


def _picture(text: str) -> Picture:
    day = read_day(text)
    hours = {"starts": f"{day.starts_at:%H:%M}", "ends": f"{day.ends_at:%H:%M}"}
    return Picture(
        weekday=format_date(day.on, "EEE", locale=FRENCH),
        number=str(day.on.day),
        month=format_date(day.on, "MMMM", locale=FRENCH),
        alt=wording.named_day(FRENCH, text),
        **hours,
    )

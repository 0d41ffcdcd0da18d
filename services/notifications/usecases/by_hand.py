"""What somebody told, handed over or posted in place of a machine: it is part of what was told, and proof of it."""

__all__ = ["end_by_hand"]

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.notifications import storage
from services.notifications.domain.languages import usable
from services.notifications.usecases.papers import about_whom, languages_on_paper
from services.notifications.usecases.post import Post
from services.notifications.usecases.settling import delivered
from services.notifications.usecases.tasks import Ending, close_about, end_task
from services.notifications.usecases.writing import reader_of, written
from shared.communes import local_time
from shared.database import upsert
from shared.work import Work

SPOKEN = frozenset({"told", "told_by_helper"})
BY_LETTER = frozenset({"handed_over", "posted", "registered"})
FRENCH = ("fr",)  # what the page of tasks shows to who tells it
Row = dict[str, Any]
Whom = tuple[Mapping[str, Any], Mapping[str, Any] | None]  # a person, and the place that the notice names


def end_by_hand(post: Post, work: Work, task_id: UUID, ending: Ending) -> None:
    """
    Say how a task ended; what was told or brought in time makes its notice arrive, and the other services hear of it.

    A letter that was only posted is sent, as a message is that a gateway took. Raises as `end_task`.
    """
    task = end_task(work, task_id, ending)
    if task is None or task["notice_id"] is None or task["outcome"] not in SPOKEN | BY_LETTER:
        return
    row = storage.one(work.db, storage.notice, task["notice_id"], "notice", lock=True)
    if row["state"] == "superseded" or task["done_on"] > _last_day(row):
        return  # it stands as it was done; it told nothing that was still of use
    spoken = task["outcome"] in SPOKEN
    told = row | (_said if spoken else _brought)(post, work, row)
    arrived = task["outcome"] != "posted"
    if row["state"] != "delivered":
        ended = {"state": "delivered" if arrived else "accepted", "reason": "", "ended_at": work.now}
        told |= ended | {"awaits_until": None}
    upsert(work.db, storage.notice, [told])
    if told["usable"]:
        close_about(work, [row["id"]])
    if row["session_id"] is not None:
        channel = {"channel": "spoken" if spoken else "letter"}
        work.tell(delivered(told | channel, task["outcome"]))


def _said(post: Post, work: Work, row: Row) -> Row:
    """Return what changes of a notice that was told by word of mouth: who hears it understands it."""
    words = {} if row["text"] else _words(post, work, row, about_whom(work, row), FRENCH) | {"channel": "spoken"}
    return words | {"usable": True}


def _brought(post: Post, work: Work, row: Row) -> Row:
    """Return what changes of a notice that was brought as a letter: from here on its words are the letter's."""
    whom = about_whom(work, row)
    languages = languages_on_paper(post, row, whom[0])
    can_use = row["usable"] or usable(reader_of(whom[0]), languages)
    return _words(post, work, row, whom, languages) | {"channel": "letter", "usable": can_use}


def _words(post: Post, work: Work, row: Row, whom: Whom, languages: tuple[str, ...]) -> Row:
    person, site = whom
    text = written(post, {**row, "reply_code": ""}, person, site, languages=languages, now=work.now)
    said = {"subject": text.subject, "text": text.plain}
    return said | {"languages": list(languages), "wording": list(text.versions)}


def _last_day(row: Row) -> date:
    until: datetime = row["useless_after"]
    return local_time(until, row["territory"]).date()

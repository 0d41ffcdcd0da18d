"""
What people answer by SMS, where the gateways pass answers on.

An answer is a code, the one that stood in the message, or several, and means "I cannot come to this one"; or STOP, and
no SMS leaves any more until somebody has spoken with the person. Everything else is for a planner to read.
"""

__all__ = ["reply_code", "take_reply"]

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.contacts import mobile_number
from services.notifications.domain.timetable import read_day
from services.notifications.usecases.contacts import reached_by, still_theirs
from services.notifications.usecases.links import holder_of
from services.notifications.usecases.own import announce
from services.notifications.usecases.post import Post
from services.notifications.usecases.tasks import open_tasks, task_row
from shared.database import insert_new
from shared.errors import NotFoundError
from shared.ids import derived_id
from shared.languages import plain_digits
from shared.work import Work

STOP = re.compile(r"\s*(stop|arr[eê]t)\b", re.IGNORECASE)
CODE = re.compile(r"(?<!\d)\d{4}(?!\d)")  # not a part of a telephone number
CODES = 9000  # 1000 to 9999: a code never begins with a zero that somebody leaves out
LONGEST = 160
FRANCE = "75"  # numbers without country code are read as French ones


def reply_code(person_id: UUID, session_id: UUID, day: str) -> str:
    """Return the four digits that stand for a person's day of a session."""
    return str(1000 + derived_id("reply", person_id, session_id, day[:10]).int % CODES)


def take_reply(post: Post, work: Work, *, key: str, sender: str, text: str) -> str:
    """
    Keep an answer under the gateway's own key and do what it says; return absent, stop or nothing.

    The same answer twice is one. A number that got no message of ours is not kept.
    """
    number = mobile_number(sender, FRANCE, test_numbers=post.test_numbers) or sender
    digest = post.address_hash(number)
    reply_id = derived_id("reply", key, digest)
    known = work.db.scalar(sa.select(storage.reply.c.understood).where(storage.reply.c.id == reply_id))
    if known is not None:
        return str(known)
    told = _told(work, digest)
    people = list(dict.fromkeys(row["person_id"] for row in told))
    row: dict[str, Any] = {"id": reply_id, "address_hash": digest, "understood": "nothing", "text": ""}
    row |= {"person_id": people[0] if people else None, "notice_id": None, "heard_at": work.now}
    meant = _meant(told, text, work)
    if STOP.match(text) and people:
        row["understood"] = "stop"
        _mute(post, work, people, row)
    elif meant and _announced(work, meant):
        row |= {"understood": "absent", "person_id": meant[0]["person_id"], "notice_id": meant[0]["id"]}
    elif people:
        row["text"] = text[:LONGEST]
        person = storage.one(work.db, storage.person, people[0], "person")
        open_tasks(work, [task_row("reply", person, work.now, about=reply_id, note=text)])
    insert_new(work.db, storage.reply, [row])
    return str(row["understood"])


def _told(work: Work, digest: str) -> list[dict[str, Any]]:
    """Return the notices that were sent to an address, the newest first."""
    notice, attempt = storage.notice, storage.attempt
    sent = sa.select(attempt.c.notice_id).where(attempt.c.address_hash == digest, attempt.c.channel == "sms")
    alone = sa.select(notice.c.id).where(notice.c.id.in_(sent), notice.c.rides_on.is_(None))
    carried = sa.select(notice.c.id).where(notice.c.rides_on.in_(sent))
    told = notice.c.id.in_(alone.union_all(carried))  # two ways, each by its index
    return storage.rows(work.db, sa.select(notice).where(told).order_by(notice.c.made_at.desc(), notice.c.id))


def _meant(told: Sequence[dict[str, Any]], text: str, work: Work) -> list[dict[str, Any]]:
    """
    Return the notices whose codes stand in an answer, in whatever digits, while their first days are not over.

    None where a code may mean two things: people who share a telephone may have been told the same one.
    """
    found: dict[str, dict[Any, dict[str, Any]]] = {code: {} for code in CODE.findall(plain_digits(text))}
    for row in told:
        if row["reply_code"] in found and work.now < row["useless_after"]:
            about = (row["person_id"], row["session_id"], row["days"][0][:10])
            found[row["reply_code"]].setdefault(about, row)
    if any(len(rows) > 1 for rows in found.values()):
        return []
    return [row for rows in found.values() for row in rows.values()]


def _announced(work: Work, notices: Sequence[dict[str, Any]]) -> bool:
    """Say for the person that they cannot come on the first day of each notice; false where one is theirs no more."""
    lost = 0
    for notice in notices:
        acting = replace(work, who=holder_of(work, notice["person_id"]))
        try:
            announce(acting, notice["session_id"], read_day(notice["days"][0]).on, "absent")
        except NotFoundError:
            lost += 1
    return not lost


def _mute(post: Post, work: Work, people: Sequence[UUID], said: Mapping[str, Any]) -> None:
    """Send no more SMS to whoever is reached by a number; those who have another by now did not say this."""
    known = reached_by(work, people).values()
    reached = {one["id"]: one for one in known if still_theirs(post, one, "sms", said["address_hash"])}
    person = storage.person
    work.db.execute(person.update().where(person.c.id.in_(list(reached))).values(muted=True, stale=True))
    open_tasks(work, [task_row("muted", one, work.now, about=said["id"]) for one in reached.values()])

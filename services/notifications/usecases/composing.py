"""
How a message is composed of the notices that leave together, and what is noted of it before it leaves.

Notices to one person that leave at the same moment by the same channel are one message: the first carries the others,
which ride on it and share its fate.
"""

__all__ = ["start", "together"]

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from services.notifications.domain.languages import own_language, usable
from services.notifications.domain.messages import MailMessage, SmsMessage
from services.notifications.domain.occasions import REMINDERS
from services.notifications.domain.sms import segments
from services.notifications.usecases.batches import LEASE, Batch, Known, Message, Row, task_about
from services.notifications.usecases.enclosing import enclosed
from services.notifications.usecases.links import without_secret
from services.notifications.usecases.post import Post
from services.notifications.usecases.replies import reply_code
from services.notifications.usecases.writing import languages_of, reader_of, said_as, written
from services.notifications.wording import Text, joined
from services.notifications.wording.files import FIELDS
from shared.clock import real_now

CARRIED = 3  # a message holds so many notices beside its own; more would not be read
LONGEST = 10  # [A] segments of an SMS that carries several: beyond, gateways cut or refuse it
ANSWERED = frozenset({"convocation", "moved", *REMINDERS})  # of which one may answer: I cannot come


def together(messages: Iterable[Message | None]) -> list[Message]:
    """Put messages to one person by one channel together; one that leaves again carries what it carried."""
    heads: dict[Any, Message] = {}
    found: list[Message] = []
    for message in messages:
        if message is None:
            continue
        row = message.head
        again = row["state"] == "sending"
        key = row["rides_on"] or row["id"] if again else (row["person_id"], message.channel)
        head = heads.get(key)
        if head is None or len(head.riders) >= CARRIED:
            heads[key] = message
            found.append(message)
        else:
            head.riders.append(row)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One notice of a message, in words; `link` is empty where another one of the message says it."""

    row: Row
    site: Row | None
    languages: tuple[str, ...]
    text: Text
    link: str


def start(batch: Batch, message: Message, known: Known) -> None:
    """
    Note the attempt at a message and add it to what is sent after the commit, if a gateway is free.

    Notices that would make an SMS too long leave in another one.
    """
    head, rows = message.head, [message.head, *message.riders]
    again = head["state"] == "sending"
    only = head["gateway"] if again and batch.post.idempotent(head["gateway"]) else ""
    name, opens = batch.lines.take(message.channel, avoid=head["gateway"] if head["tries"] else "", only=only)
    if name is None:
        for row in rows:
            row["ready_at"] = opens
        return
    said = _in_words(batch, message, known)
    for one in said:
        _note(batch, message, one, name, known)
    batch.attempts.append(_attempt(batch.post, batch.work.now, head, message.address))
    if message.channel == "sms":
        batch.sms.setdefault(name, []).append(_sms(batch, message, said, known))
    else:
        batch.mail.append(_mail(batch, message, said, known))
    if others := rows[len(said) :]:
        start(batch, replace(message, head=others[0], riders=others[1:]), known)


def _in_words(batch: Batch, message: Message, known: Known) -> list[Said]:
    """Return a message's notices in words, as many as it holds; one that leaves again says what it said."""
    post, person, again = batch.post, message.person, message.head["state"] == "sending"
    said: list[Said] = []
    for row in (message.head, *message.riders):
        kind = said_as(row, person, message.channel)
        languages = tuple(row["languages"]) if again else languages_of(post, person, kind)
        site = known.sites.get(UUID(row["site"])) if row["site"] else None
        row["reply_code"] = _reply_code(post, message.channel, row)
        once = "link" in FIELDS[kind] and not any(one.link for one in said)
        link = known.links.get(row["person_id"], "") if once else ""
        told = {**row, "kind": kind}
        text = written(post, told, person, site, languages=languages, now=batch.work.now, link=link)
        if said and not again and message.channel == "sms" and _too_long([*(one.text for one in said), text]):
            break
        said.append(Said(row=row, site=site, languages=languages, text=text, link=link))
    return said


def _note(batch: Batch, message: Message, said: Said, gateway: str, known: Known) -> None:
    """Write into a notice's row that it leaves, and ask for what somebody has to do beside it."""
    row, head, by_sms = said.row, message.head, message.channel == "sms"
    task = _task_of(message.person, said.languages)
    row |= {
        "state": "sending",
        "channel": message.channel,
        "gateway": gateway,
        "rides_on": head["id"] if row is not head else None,
        "languages": list(said.languages),
        "wording": list(said.text.versions),
        "usable": usable(reader_of(message.person), said.languages),
        "subject": "" if by_sms else said.text.subject,
        "text": without_secret(said.text.sms if by_sms else said.text.plain, said.link),
        "segments": 0,
        "task": task,
        "holder": batch.post.holder,
        "ready_at": real_now() + LEASE,
        "attempts": row["attempts"] + 1 if row is head else row["attempts"],
    }
    if task:
        batch.tasks.append(task_about(task, row, known))


def _sms(batch: Batch, message: Message, said: Sequence[Said], known: Known) -> SmsMessage:
    post, head = batch.post, message.head
    whole = joined([one.text for one in said])
    size = segments(whole.sms)
    head["segments"] = size.count
    return SmsMessage(
        key=_key(post, head, message.address, known),
        to=message.address,
        sender=post.sender,
        text=whole.sms,
        alphabet=size.alphabet,
        segments=size.count,
        at=batch.work.now,
        receipts_to=post.receipts_to(head["id"], head["attempts"]),
    )


def _mail(batch: Batch, message: Message, said: Sequence[Said], known: Known) -> MailMessage:
    post, head, now = batch.post, message.head, batch.work.now
    whole = joined([one.text for one in said])
    return MailMessage(
        key=_key(post, head, message.address, known),
        to=message.address,
        sender=post.mail_sender,
        token=post.mail_token(head["id"]),
        returns_to=post.returns_to(head["id"]),
        subject=whole.subject,
        text=whole.plain,
        html=whole.html,
        languages=tuple(dict.fromkeys(language for one in said for language in one.languages)),
        at=now,
        enclose=partial(enclosed, post, message.person, [(one.row, one.site) for one in said], now=now),
    )


def _key(post: Post, head: Row, address: str, known: Known) -> str:
    """
    Return the key of a message: its notice's id, and another one for another address than the first that was tried.

    Else a gateway that keeps one message for one key would take it for the one to a number that the person left.
    """
    digest = post.address_hash(address)
    before = known.attempts.get(head["id"])
    return str(head["id"]) if not before or before[0]["address_hash"] == digest else f"{head['id']}.{digest[:12]}"


def _too_long(texts: Sequence[Text]) -> bool:
    return segments(joined(texts).sms).count > LONGEST


def _task_of(person: Row, languages: tuple[str, ...]) -> str:
    """Return what somebody has to do beside a message: tell who does not read, or whose language it is not in."""
    if person["reads"] == "no":
        return "relay"
    own = own_language(reader_of(person))
    return "translation" if own is not None and own not in languages else ""


def _reply_code(post: Post, channel: str, row: Row) -> str:
    """Return what the person may answer about the first day that a notice names, where an answer is heard."""
    if channel != "sms" or not post.two_way or row["kind"] not in ANSWERED:
        return ""
    return reply_code(row["person_id"], row["session_id"], row["days"][0])


def _attempt(post: Post, now: datetime, row: Row, address: str) -> Row:
    return {
        "notice_id": row["id"],
        "n": row["attempts"],
        "channel": row["channel"],
        "gateway": row["gateway"],
        "address_hash": post.address_hash(address),
        "started_at": now,
        "ended_at": None,
        "outcome": "started",
        "reference": "",
        "error": "",
    }

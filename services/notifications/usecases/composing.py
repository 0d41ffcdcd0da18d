"""
How a message is composed of the notices that leave together, and what is noted of it before it leaves.

Notices to one person that leave at the same moment by the same channel are one message: the first carries the others,
which ride on it and share its fate.
"""

__all__ = ["start", "together"]

from collections.abc import Iterable, Sequence
from dataclasses import replace
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


def start(batch: Batch, message: Message, known: Known) -> None:
    """
    Note the attempt at a message and add it to what is sent after the commit, if a gateway is free.

    Notices that would make an SMS too long leave in another one.
    """
    post, work, head = batch.post, batch.work, message.head
    again = head["state"] == "sending"
    only = head["gateway"] if again and post.idempotent(head["gateway"]) else ""
    name, opens = batch.lines.take(message.channel, avoid=head["gateway"] if head["tries"] else "", only=only)
    rows = [head, *message.riders]
    if name is None:
        for row in rows:
            row["ready_at"] = opens
        return
    kinds = {row["id"]: said_as(row, message.person, message.channel) for row in rows}
    linked = next((row for row in rows if "link" in FIELDS[kinds[row["id"]]]), None)  # said once in a message
    said: list[tuple[Row, Text, Row | None]] = []
    for row in rows:
        kind = kinds[row["id"]]
        languages = tuple(row["languages"]) if again else languages_of(post, message.person, kind)
        site = known.sites.get(UUID(row["site"])) if row["site"] else None
        row["reply_code"] = _reply_code(post, message.channel, row)
        link = known.links.get(row["person_id"], "") if row is linked else ""
        text = written(post, {**row, "kind": kind}, message.person, site, languages=languages, now=work.now, link=link)
        if said and not again and message.channel == "sms" and _too_long([*(one for _, one, _ in said), text]):
            break
        said.append((row, text, site))
        task = _task_of(message.person, languages)
        row |= {
            "state": "sending",
            "channel": message.channel,
            "gateway": name,
            "rides_on": head["id"] if row is not head else None,
            "languages": list(languages),
            "wording": list(text.versions),
            "usable": usable(reader_of(message.person), languages),
            "subject": "" if message.channel == "sms" else text.subject,
            "text": without_secret(text.sms if message.channel == "sms" else text.plain, link),
            "segments": 0,
            "task": task,
            "holder": post.holder,
            "ready_at": real_now() + LEASE,
            "attempts": row["attempts"] + 1 if row is head else row["attempts"],
        }
        if task:
            batch.tasks.append(task_about(task, row, known))
    whole = joined([text for _row, text, _site in said])
    batch.attempts.append(_attempt(post, work.now, head, message.address))
    key = _key(post, head, message.address, known)
    if message.channel == "sms":
        if len(said) < len(rows):
            others = rows[len(said) :]
            start(batch, replace(message, head=others[0], riders=others[1:]), known)
        size = segments(whole.sms)
        head["segments"] = size.count
        batch.sms.setdefault(name, []).append(
            SmsMessage(
                key=key,
                to=message.address,
                sender=post.sender,
                text=whole.sms,
                alphabet=size.alphabet,
                segments=size.count,
                at=work.now,
                receipts_to=post.receipts_to(head["id"], head["attempts"]),
            )
        )
        return
    batch.mail.append(
        MailMessage(
            key=key,
            to=message.address,
            sender=post.mail_sender,
            token=post.mail_token(head["id"]),
            returns_to=post.returns_to(head["id"]),
            subject=whole.subject,
            text=whole.plain,
            html=whole.html,
            languages=tuple(dict.fromkeys(one for row, _text, _site in said for one in row["languages"])),
            at=work.now,
            enclose=partial(enclosed, post, message.person, [(row, site) for row, _text, site in said], now=work.now),
        )
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

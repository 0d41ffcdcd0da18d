"""
What becomes of notices that are due: sent, held, given up, or no longer true. Decides; whoever calls it sends.

Notices to one person that leave at the same moment by the same channel are one message: the first carries the others,
which ride on it and share its fate.
"""

__all__ = ["Batch", "Message", "prepare"]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications import storage
from services.notifications.domain.hours import leaves_at
from services.notifications.domain.languages import own_language, usable
from services.notifications.domain.messages import MailMessage, SmsMessage
from services.notifications.domain.occasions import OCCASIONS, REMINDERS, SEAT_KINDS
from services.notifications.domain.sms import segments
from services.notifications.domain.states import FINAL, UNANSWERED
from services.notifications.usecases.contacts import points_of
from services.notifications.usecases.enclosing import enclosed
from services.notifications.usecases.lines import Lines
from services.notifications.usecases.links import links_of, without_secret
from services.notifications.usecases.post import Post
from services.notifications.usecases.rechecking import recheck
from services.notifications.usecases.replies import reply_code
from services.notifications.usecases.tasks import task_row
from services.notifications.usecases.writing import languages_of, reader_of, written
from services.notifications.wording import joined
from services.notifications.wording.files import FIELDS
from shared.clock import real_now
from shared.communes import department_of
from shared.events import NoticeFailed
from shared.work import Work

LEASE = timedelta(minutes=6)  # longer than a batch whose every call takes its whole time-out
# Waits after a failure that may pass, in seconds of real time; after the last one the next channel is tried. [A]
BACK_OFF = (2, 10, 30, 120, 600, 1800)
RESENT = 1  # so often a message may leave again where a gateway keeps no key and its first outcome is unknown
CARRIED = 3  # a message holds so many notices beside its own; more would not be read
ANSWERED = frozenset({"convocation", "moved", *REMINDERS})  # of which one may answer: I cannot come
Row = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Message:
    """One message about to leave: the notice that carries it, and those that ride on it."""

    head: Row
    riders: list[Row]
    person: Row
    channel: str
    address: str


@dataclass(slots=True, kw_only=True)
class Batch:
    """What one transaction decided: rows to keep, attempts to note, messages to send afterwards, by gateway."""

    post: Post
    work: Work
    lines: Lines
    notices: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)
    lost: list[Row] = field(default_factory=list)
    news: list[Row] = field(default_factory=list)
    tasks: list[Row] = field(default_factory=list)
    failures: list[NoticeFailed] = field(default_factory=list)
    sms: dict[str, list[SmsMessage]] = field(default_factory=dict)
    mail: list[MailMessage] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the decision about a batch rests on."""

    people: Mapping[UUID, Row]
    sites: Mapping[UUID, Row]
    sessions: Mapping[UUID, Row]
    links: Mapping[UUID, str]


def prepare(post: Post, work: Work, claimed: Sequence[Row]) -> Batch:
    """Decide on notices that this transaction holds: those that wait, and those whose last attempt nobody ended."""
    people = _reached(work, storage.by_id(work.db, storage.person, [row["person_id"] for row in claimed]))
    recheck(work, claimed)
    known = _Known(
        people=people,
        sites=storage.by_id(work.db, storage.site, {UUID(row["site"]) for row in claimed if row["site"]}),
        sessions=storage.by_id(work.db, storage.session, {row["session_id"] for row in claimed if row["session_id"]}),
        links=links_of(work, post.public_url, [row["person_id"] for row in claimed if "link" in FIELDS[row["kind"]]]),
    )
    batch = Batch(post=post, work=work, lines=Lines(post, work))
    heads_first = sorted(claimed, key=lambda row: row["rides_on"] is not None)
    for message in _together(_decide(batch, row, known) for row in heads_first):
        _start(batch, message, known)
    return batch


def _reached(work: Work, people: dict[UUID, Row]) -> dict[UUID, Row]:
    """Return people with the contact points of who they are: a merged record's are those of the one that was kept."""
    kept = storage.by_id(work.db, storage.person, [row["merged_into"] for row in people.values() if row["merged_into"]])
    points = ("alias", "phone", "email", "channel", "shared_phone", "refused", "muted", "address")
    return {
        key: row | {name: kept[row["merged_into"]][name] for name in points} if row["merged_into"] in kept else row
        for key, row in people.items()
    }


def _decide(batch: Batch, row: Row, known: _Known) -> Message | None:
    """Return the message that a notice asks for, or None: then the row says what became of it."""
    post, work, person = batch.post, batch.work, known.people[row["person_id"]]
    batch.notices.append(row)
    if row["holder"] is not None:  # its process died: nobody wrote how the attempt ended
        batch.lost.append({"b_notice": row["id"], "b_n": row["attempts"], "b_now": work.now})
        row |= {"tries": row["tries"] + 1, "reason": UNANSWERED, "holder": None}
    if row["state"] in FINAL:  # no longer true
        return None
    again = row["state"] == "sending"
    if again and not _may_leave_again(post, row):
        row |= {"state": "due", "skipped": [*row["skipped"], row["channel"]], "tries": 0, "rides_on": None}
        again = False
    if work.now >= row["useless_after"]:
        _give_up(batch, row, known, "expired", "too_late")
        if row["kind"] in SEAT_KINDS:  # there may be later days to tell
            since = real_now()
            pair = {"person_id": row["person_id"], "session_id": row["session_id"]}
            batch.news.append(pair | {"since": since, "due_at": since})
        return None
    zone = ZoneInfo(department_of(person["territory"]).time_zone)
    leaves = leaves_at(work.now, zone) if post.quiet_hours else work.now
    if leaves >= row["useless_after"]:
        _give_up(batch, row, known, "expired", "quiet_hours")
        return None
    if leaves > work.now:
        row["due_at"] = leaves
        return None
    points = points_of(person, test_numbers=post.test_numbers)
    channel = row["channel"] if again and row["channel"] in points else _channel(row, person, points)
    if channel == "letter":
        reason = _why_a_letter(row, person)
        row["channel"] = "letter"
        _give_up(batch, row, known, "failed", reason)
        return None
    return Message(head=row, riders=[], person=person, channel=channel, address=points[channel])


def _why_a_letter(row: Row, person: Row) -> str:
    """Return why no message brings a notice: the person's wish, dead contact points, none at all, or gateways."""
    if person["channel"] == "letter":
        return "letter_wanted"
    if not row["skipped"]:
        return "no_contact"
    return "refused" if set(row["skipped"]) <= set(person["refused"]) else "undelivered"


def _may_leave_again(post: Post, row: Row) -> bool:
    """Say whether a message whose outcome is unknown is sent once more, and not another one by the next channel."""
    most = len(BACK_OFF) if post.idempotent(row["gateway"]) else RESENT
    return int(row["tries"]) <= most


def _channel(row: Row, person: Row, points: Mapping[str, str]) -> str:
    """Return the first channel that is left: the person's own choice, then the table's order; a letter closes it."""
    order = [person["channel"], *(one for one in OCCASIONS[row["kind"]].channels if one != person["channel"])]
    return next((one for one in order if one == "letter" or (one in points and one not in row["skipped"])), "letter")


def _give_up(batch: Batch, row: Row, known: _Known, state: str, reason: str) -> None:
    """End a notice that no message brings: with a letter where there is time, with a call where there is none."""
    work, person = batch.work, known.people[row["person_id"]]
    if row["reason"] == UNANSWERED:  # the truth is that nobody knows
        state, reason = "unknown", UNANSWERED
    task = "letter" if state == "failed" else "call"
    matters = "letter" in OCCASIONS[row["kind"]].channels  # a reminder that fails is nobody's work
    if matters and (state != "expired" or reason == "quiet_hours"):
        row["task"] = task
        alone = task == "call" or person["reads"] != "no"  # a letter tells nothing to who does not read
        batch.tasks += [_task(one, row, known) for one in ((task,) if alone else (task, "relay"))]
    row |= {"state": state, "reason": reason, "ended_at": work.now, "rides_on": None}
    if row["session_id"] is not None and row["kind"] not in REMINDERS:
        batch.failures.append(
            NoticeFailed(
                notice_id=row["id"],
                signatory_id=person["id"],
                session_id=row["session_id"],
                kind=row["kind"],
                reason=reason,
            )
        )


def _together(messages: Iterable[Message | None]) -> list[Message]:
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


def _start(batch: Batch, message: Message, known: _Known) -> None:
    """Note the attempt at a message and add it to what is sent after the commit, if a gateway is free."""
    post, work, head = batch.post, batch.work, message.head
    again = head["state"] == "sending"
    only = head["gateway"] if again and post.idempotent(head["gateway"]) else ""
    name, opens = batch.lines.take(message.channel, avoid=head["gateway"] if head["tries"] else "", only=only)
    rows = [head, *message.riders]
    if name is None:
        for row in rows:
            row["ready_at"] = opens
        return
    linked = next((row for row in rows if "link" in FIELDS[row["kind"]]), None)  # said once in a message
    said = []
    for row in rows:
        languages = tuple(row["languages"]) if again else languages_of(post, message.person, row["kind"])
        site = known.sites.get(UUID(row["site"])) if row["site"] else None
        row["reply_code"] = _reply_code(post, message.channel, row)
        link = known.links.get(row["person_id"], "") if row is linked else ""
        text = written(post, row, message.person, site, languages=languages, now=work.now, link=link)
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
            batch.tasks.append(_task(task, row, known))
    whole = joined([text for _row, text, _site in said])
    batch.attempts.append(_attempt(post, work.now, head, message.address))
    key = str(head["id"])
    if message.channel == "sms":
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
            languages=tuple(dict.fromkeys(one for row in rows for one in row["languages"])),
            at=work.now,
            enclose=partial(enclosed, post, message.person, [(row, site) for row, _text, site in said], now=work.now),
        )
    )


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


def _task(kind: str, row: Row, known: _Known) -> Row:
    session = known.sessions.get(row["session_id"]) if row["session_id"] else None
    person = known.people[row["person_id"]]
    provider_id = session["provider_id"] if session else None
    return task_row(kind, person, row["made_at"], about=row["id"], notice=row, provider_id=provider_id)


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

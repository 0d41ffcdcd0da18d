"""
Sending what is due: an attempt row is committed before a gateway is called, the result is written after.

No database connection is held during a call. A process that dies in between leaves an attempt that nobody ended: it
becomes `unknown`, and the same message goes out again under the same key, so that an idempotent gateway keeps one.
"""

__all__ = ["Post", "deliver_due", "delivered", "due", "mark_refused"]

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session as DbSession

from services.notifications import storage, wording
from services.notifications.domain.hours import leaves_at
from services.notifications.domain.languages import Reader, language_for, own_language, usable
from services.notifications.domain.messages import ACCEPTED, REFUSED, UNKNOWN, MailMessage, Outcome, SmsMessage
from services.notifications.domain.occasions import OCCASIONS, SEAT_KINDS, wanted_kind
from services.notifications.domain.sms import segments
from services.notifications.domain.timetable import coming
from services.notifications.gateways import MailGateway, SmsGateway
from services.notifications.usecases.contacts import points_of
from services.notifications.usecases.seats import Truth, seat_notices, seat_truths, told_of
from services.notifications.wording import Filling, Text
from shared.clock import real_now
from shared.communes import department_of
from shared.database import claim_due, upsert
from shared.events import NoticeDelivered, NoticeFailed
from shared.ids import new_id
from shared.logs import log
from shared.service import Service
from shared.work import Work

LEASE = timedelta(minutes=6)  # longer than a batch whose every call takes its whole time-out
# Waits after a temporary failure, in seconds of real time; after the last one the next channel is tried. [A]
BACK_OFF = (2, 10, 30, 120, 600, 1800)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """How this deployment sends. `sms_price` is hundredths of a cent for a segment; `holder` names this process."""

    sms: SmsGateway
    mail: MailGateway
    sender: str
    mail_sender: str
    call_back: str
    demo: bool
    quiet_hours: bool
    sms_price: int
    address_key: bytes = field(repr=False)
    holder: UUID = field(default_factory=new_id)

    @property
    def batch(self) -> int:
        return min(self.sms.batch, self.mail.batch)


@dataclass(slots=True, kw_only=True)
class _Batch:
    """What one transaction decided: rows to keep, attempts to note, messages to send afterwards."""

    post: Post
    work: Work
    notices: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)
    lost: list[Row] = field(default_factory=list)
    news: list[Row] = field(default_factory=list)
    sms: list[SmsMessage] = field(default_factory=list)
    mail: list[MailMessage] = field(default_factory=list)
    failures: list[NoticeFailed] = field(default_factory=list)


def due(db: DbSession, now: datetime) -> int:
    """Count what is due now: news of seats, contact points to look at, notices to send or being sent."""
    waiting = sa.and_(storage.notice.c.state == "due", storage.notice.c.due_at <= now)
    queries = (
        sa.select(sa.func.count()).select_from(storage.seat_news),
        sa.select(sa.func.count()).select_from(storage.person).where(storage.person.c.stale.is_(True)),
        sa.select(sa.func.count()).select_from(storage.notice).where(waiting | (storage.notice.c.state == "sending")),
    )
    return sum(db.scalar(query) or 0 for query in queries)


def deliver_due(post: Post, service: Service) -> int:
    """Send one batch of what is due; return how many notices were looked at. A tick of the service."""
    ready = _ready(post, service)
    with service.database.read() as db:
        if db.scalar(sa.select(storage.notice.c.id).where(ready).limit(1)) is None:
            return 0
    with service.database.begin() as db:
        work = service.work(db)
        claimed = [dict(row) for row in claim_due(db, storage.notice, ready, limit=post.batch)]
        batch = _prepare(post, work, claimed)
        _keep(work, batch)
    outcomes: dict[str, Outcome] = {}
    try:
        outcomes.update(_send(post, batch))  # item by item: what came before an exception is kept
    except Exception:  # noqa: BLE001 - what is known is kept; the rest is unknown and goes out again after the lease
        log.exception("a gateway failed")
    if outcomes:
        with service.database.begin() as db:
            _settle(post, service.work(db), {UUID(key): outcome for key, outcome in outcomes.items()})
    return len(claimed)


def _ready(post: Post, service: Service) -> sa.ColumnElement[bool]:
    notice, real = storage.notice, real_now()
    waiting = sa.and_(notice.c.state == "due", notice.c.due_at <= service.clock.now(), notice.c.ready_at <= real)
    left = notice.c.ready_at <= real
    if service.database.is_sqlite:  # the embedded process is alone: another holder is one that died
        left = sa.or_(left, notice.c.holder != post.holder)
    return sa.or_(waiting, sa.and_(notice.c.state == "sending", left))


def _prepare(post: Post, work: Work, claimed: Sequence[Row]) -> _Batch:
    people = _reached(work, storage.by_id(work.db, storage.person, [row["person_id"] for row in claimed]))
    pairs = [(row["person_id"], row["session_id"]) for row in claimed if row["kind"] in SEAT_KINDS]
    truths, notices = seat_truths(work, pairs), seat_notices(work, pairs)
    for row in claimed:
        pair = (row["person_id"], row["session_id"])
        if row["kind"] in SEAT_KINDS and row["state"] == "due" and pair in truths:
            _refresh(work, row, truths[pair], notices[pair])
    site_ids = {UUID(row["site"]) for row in claimed if row["site"]}
    sites = storage.by_id(work.db, storage.site, site_ids)
    batch = _Batch(post=post, work=work)
    for row in claimed:
        person = people[row["person_id"]]
        site = sites.get(UUID(row["site"])) if row["site"] else None
        _decide(batch, row, person, site)
    return batch


def _reached(work: Work, people: dict[UUID, Row]) -> dict[UUID, Row]:
    """Return people with the contact points of who they are: a merged record's are those of the one that was kept."""
    kept = storage.by_id(work.db, storage.person, [row["merged_into"] for row in people.values() if row["merged_into"]])
    points = ("alias", "phone", "email", "channel", "shared_phone", "refused")
    return {
        key: row | {name: kept[row["merged_into"]][name] for name in points} if row["merged_into"] in kept else row
        for key, row in people.items()
    }


def _refresh(work: Work, row: Row, truth: Truth, notices: Sequence[Row]) -> None:
    """Say what is true now, or supersede a notice that is true no more."""
    if work.now >= row["useless_after"]:
        return
    told, moment = told_of(notices, but=row["id"]), truth.moment(work.now)
    kind = wanted_kind(told, truth.days, str(truth.site_id), moment)
    if kind != row["kind"]:
        row |= {"state": "superseded", "reason": kind or "no_longer_true", "ended_at": work.now}
    elif kind != "cancelled":
        row |= {"days": list(coming(truth.days, moment)), "site": str(truth.site_id)}


def _decide(batch: _Batch, row: Row, person: Row, site: Row | None) -> None:
    """Send, hold, give up: add to the batch what becomes of one notice."""
    post, work = batch.post, batch.work
    again = row["state"] == "sending"
    if again:  # nobody wrote how the last attempt ended; the same message goes out again
        batch.lost.append({"b_notice": row["id"], "b_n": row["attempts"], "b_now": work.now})
    batch.notices.append(row)
    if row["state"] == "superseded":
        return
    if work.now >= row["useless_after"]:
        _give_up(batch, row, work.now, "expired", "too_late")
        if row["kind"] in SEAT_KINDS:  # there may be later days to tell
            news = {"person_id": row["person_id"], "session_id": row["session_id"], "due_at": real_now()}
            batch.news.append(news)
        return
    zone = ZoneInfo(department_of(person["territory"]).time_zone)
    leaves = leaves_at(work.now, zone, row["useless_after"]) if post.quiet_hours and not again else work.now
    if leaves > work.now:
        row["due_at"] = leaves
        return
    points = points_of(person, test_numbers=post.sms.takes_test_numbers)
    channel = row["channel"] if again else _channel(row, person, points)
    if channel == "letter" or channel not in points:
        reason = "letter_wanted" if person["channel"] == "letter" else "refused" if row["attempts"] else "no_contact"
        row |= {"channel": "letter", "task": "letter"}
        _give_up(batch, row, work.now, "failed", reason)
        return
    _start(batch, row, person, site, (channel, points[channel]))


def _channel(row: Row, person: Row, points: Mapping[str, str]) -> str:
    """Return the first channel that is left: the person's own choice, then the table's order; a letter closes it."""
    order = [person["channel"], *(one for one in OCCASIONS[row["kind"]].channels if one != person["channel"])]
    return next((one for one in order if one == "letter" or (one in points and one not in row["skipped"])), "letter")


def _give_up(batch: _Batch, row: Row, now: datetime, state: str, reason: str) -> None:
    row |= {"state": state, "reason": reason, "ended_at": now, "holder": None}
    if row["session_id"] is not None:
        batch.failures.append(
            NoticeFailed(
                notice_id=row["id"],
                signatory_id=row["person_id"],
                session_id=row["session_id"],
                kind=row["kind"],
                reason=reason,
            )
        )


def _start(batch: _Batch, row: Row, person: Row, site: Row | None, point: tuple[str, str]) -> None:
    post, work = batch.post, batch.work
    channel, address = point
    reader = Reader(spoken=tuple(person["spoken"]), reads=person["reads"], reading_language=person["reading_language"])
    signed = wording.signed_languages(row["kind"])
    languages = language_for(reader, signed, unsigned_allowed=post.demo)
    if row["state"] == "sending":  # the same message again
        languages = tuple(row["languages"])
    text = _text(post, row, person, site, languages)
    size = segments(text.sms)
    task = "relay" if person["reads"] == "no" else ""
    own = own_language(reader)
    if not task and own is not None and languages != (own,):
        task = "translation"
    row |= {
        "state": "sending",
        "channel": channel,
        "languages": list(languages),
        "usable": usable(reader, languages),
        "subject": "" if channel == "sms" else text.subject,
        "text": text.sms if channel == "sms" else text.plain,
        "segments": size.count if channel == "sms" else 0,
        "task": task,
        "holder": post.holder,
        "ready_at": real_now() + LEASE,
        "attempts": row["attempts"] + 1,
    }
    key = str(row["id"])
    gateway = post.sms.name if channel == "sms" else post.mail.name
    batch.attempts.append(_attempt(post, work, row, gateway, address))
    if channel == "sms":
        batch.sms.append(
            SmsMessage(
                key=key,
                to=address,
                sender=post.sender,
                text=text.sms,
                alphabet=size.alphabet,
                segments=size.count,
                at=work.now,
            )
        )
    else:
        batch.mail.append(
            MailMessage(
                key=key,
                to=address,
                sender=post.mail_sender,
                subject=text.subject,
                text=text.plain,
                html=text.html,
                languages=languages,
                at=work.now,
            )
        )


def _text(post: Post, row: Row, person: Row, site: Row | None, languages: tuple[str, ...]) -> Text:
    filling = Filling(
        alias=person["alias"] or person["reference"],
        call=post.call_back,
        days=tuple(row["days"]),
        place=site["label"] if site else "",
        commune=site["commune"] if site else "",
        training=row["training"],
    )
    return wording.compose(row["kind"], languages, filling)


def _attempt(post: Post, work: Work, row: Row, gateway: str, address: str) -> Row:
    return {
        "notice_id": row["id"],
        "n": row["attempts"],
        "channel": row["channel"],
        "gateway": gateway,
        "address_hash": hmac.new(post.address_key, address.encode(), hashlib.sha256).hexdigest(),
        "started_at": work.now,
        "ended_at": None,
        "outcome": "started",
        "reference": "",
        "error": "",
    }


def _keep(work: Work, batch: _Batch) -> None:
    upsert(work.db, storage.notice, batch.notices)
    if batch.lost:
        attempt = storage.attempt
        mine = sa.and_(
            attempt.c.notice_id == sa.bindparam("b_notice"),
            attempt.c.n == sa.bindparam("b_n"),
            attempt.c.outcome == "started",
        )
        lost = attempt.update().where(mine).values(outcome=UNKNOWN, ended_at=sa.bindparam("b_now"))
        work.db.connection().execute(lost, batch.lost)
    if batch.attempts:
        work.db.execute(storage.attempt.insert(), batch.attempts)
    news = {(one["person_id"], one["session_id"]): one for one in batch.news}
    upsert(work.db, storage.seat_news, list(news.values()))
    work.tell(*batch.failures)


def _send(post: Post, batch: _Batch) -> Iterator[tuple[str, Outcome]]:
    sms = zip((one.key for one in batch.sms), post.sms.send(batch.sms), strict=True)
    mail = zip((one.key for one in batch.mail), post.mail.send(batch.mail), strict=True)
    return chain(sms, mail)


def _settle(post: Post, work: Work, outcomes: Mapping[UUID, Outcome]) -> None:
    """Write what became of the attempts; a notice that moved on meanwhile (a receipt, a lease lost) stays as it is."""
    query = sa.select(storage.notice).where(storage.notice.c.id.in_(list(outcomes)))
    rows = storage.rows(work.db, query.order_by(storage.notice.c.id).with_for_update())
    attempts, kept, refused, arrived = [], [], [], []
    for row in rows:
        if row["holder"] != post.holder:
            continue
        outcome = outcomes[row["id"]]
        attempts.append(
            {
                "b_notice": row["id"],
                "b_n": row["attempts"],
                "b_now": work.now,
                "b_outcome": outcome.state,
                "b_reference": outcome.reference[:120],
                "b_error": outcome.error[:200],
            }
        )
        if row["state"] == "sending":
            kept.append(_settled(post, work.now, row, outcome))
            if outcome.state == ACCEPTED and _proves(post, row):
                arrived.append(delivered(row, ACCEPTED))
            if outcome.state == REFUSED:
                refused.append((row["person_id"], row["channel"]))
    upsert(work.db, storage.notice, kept)
    _end_attempts(work, attempts)
    mark_refused(work, refused)
    work.tell(*arrived)


def _settled(post: Post, now: datetime, row: Row, outcome: Outcome) -> Row:
    row = row | {"holder": None, "ready_at": real_now()}
    if outcome.state == ACCEPTED:
        price = row["segments"] * post.sms_price if row["channel"] == "sms" else 0
        return row | {"state": "accepted", "cost": row["cost"] + price, "ended_at": now}
    if outcome.state == REFUSED or row["tries"] >= len(BACK_OFF):
        return row | {"state": "due", "skipped": [*row["skipped"], row["channel"]], "tries": 0}
    wait = timedelta(seconds=BACK_OFF[row["tries"]])
    # An unknown outcome stays `sending`: the same message goes again, neither another text nor another channel.
    state = "sending" if outcome.state == UNKNOWN else "due"
    return row | {"state": state, "tries": row["tries"] + 1, "ready_at": real_now() + wait}


def _proves(post: Post, row: Row) -> bool:
    """Return whether an acceptance is all the proof that will ever come, about a session that it can be a proof of."""
    return row["session_id"] is not None and not (row["channel"] == "sms" and post.sms.receipts)


def delivered(row: Mapping[str, Any], proof: str) -> NoticeDelivered:
    """Return the fact that a notice arrived; `proof` is receipt or accepted."""
    return NoticeDelivered(
        notice_id=row["id"],
        signatory_id=row["person_id"],
        session_id=row["session_id"],
        kind=row["kind"],
        channel=row["channel"],
        usable=row["usable"],
        proof=proof,
    )


def mark_refused(work: Work, refused: Sequence[tuple[UUID, str]]) -> None:
    """Remember contact points that will never work; whether the person can still be reached is looked at next."""
    people = storage.by_id(work.db, storage.person, [person for person, _channel in refused])
    for person_id, channel in refused:
        person = people[person_id]
        person["refused"] = sorted({*person["refused"], channel})
        person["stale"] = True
    upsert(work.db, storage.person, list(people.values()))


def _end_attempts(work: Work, ended: Sequence[Row]) -> None:
    if not ended:
        return
    attempt = storage.attempt
    mine = sa.and_(attempt.c.notice_id == sa.bindparam("b_notice"), attempt.c.n == sa.bindparam("b_n"))
    values: dict[str, Any] = {
        "ended_at": sa.bindparam("b_now"),
        "outcome": sa.bindparam("b_outcome"),
        "reference": sa.bindparam("b_reference"),
        "error": sa.bindparam("b_error"),
    }
    work.db.connection().execute(attempt.update().where(mine).values(values), list(ended))

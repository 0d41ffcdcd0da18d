"""
The evening's mail to training bodies: who of their groups could not be reached, who is to be told, what changed.

One a body and working day at most, none when there is nothing to say: its row is committed before the mail leaves, and
one of which nobody knows whether it left does not leave again. Its text is kept no longer than it waits.
"""

__all__ = ["due", "send_digests"]

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from babel.dates import format_date
from sqlalchemy.orm import Session as DbSession

from services.notifications import storage
from services.notifications.documents.digest import SUBJECT, GroupNews, digest_html, digest_text
from services.notifications.domain.contacts import email_address
from services.notifications.domain.messages import TEMPORARY, UNKNOWN, MailMessage
from services.notifications.domain.occasions import REMINDERS, SEAT_KINDS
from services.notifications.usecases.batches import BACK_OFF, LEASE
from services.notifications.usecases.post import Post
from services.notifications.wording import named_place
from shared.calendar import is_working_day
from shared.clock import real_now
from shared.communes import department_of
from shared.database import insert_new
from shared.ids import derived_id
from shared.service import Service
from shared.work import Work

EVENING = time(18)  # [A]
NOTHING, DUE, SENDING, EXPIRED = "nothing", "due", "sending", "expired"
IN_VAIN = ("failed", "expired", "unknown")
Row = Mapping[str, Any]


def due(db: DbSession, now: datetime) -> int:
    """Count bodies whose evening has come and who have no digest of the day yet, and digests to send again."""
    waiting = sa.select(sa.func.count()).select_from(storage.digest).where(storage.digest.c.state == DUE)
    return len(list(_evenings(db, now))) + (db.scalar(waiting) or 0)


def send_digests(post: Post, service: Service) -> int:
    """Make the digests whose hour has come, and send them; return how many were looked at. A tick of the service."""
    now = service.clock.now()
    with service.database.read() as db:
        evenings = list(_evenings(db, now))
        again = db.scalar(sa.select(storage.digest.c.day).where(_ready() | _left()).limit(1))
    if not evenings and again is None:
        return 0
    with service.database.begin() as db:
        work = service.work(db)
        for provider, day in evenings:
            _make(post, work, provider, day)
        db.execute(storage.digest.update().where(_left()).values(state=UNKNOWN, text=""))
        mails = _claim(post, work)
    for row, mail in mails:
        (outcome,) = post.mail.send([mail])
        failed = outcome.state == TEMPORARY and row["tries"] < len(BACK_OFF)
        wait = timedelta(seconds=BACK_OFF[row["tries"]]) if failed else timedelta()
        said = {"state": DUE, "text": row["text"]} if failed else {"state": outcome.state, "text": ""}
        said |= {"error": outcome.error[:200], "tries": row["tries"] + 1}
        with service.database.begin() as db:
            db.execute(storage.digest.update().where(_is(row)).values(**said, ready_at=real_now() + wait))
    return len(evenings) + len(mails)


def _evenings(db: DbSession, now: datetime) -> Iterator[tuple[Row, date]]:
    """Iterate over bodies with an address whose working day has come to its evening without a digest."""
    provider, digest = storage.provider, storage.digest
    since = now.date() - timedelta(days=2)
    query = sa.select(digest.c.provider_id, digest.c.day).where(digest.c.day >= since)
    made = {(key, day) for key, day in db.execute(query)}
    for row in storage.rows(db, sa.select(provider).where(provider.c.email != "").order_by(provider.c.id)):
        local = now.astimezone(_zone(row))
        day = local.date()
        comes = local.time() >= EVENING and is_working_day(row["territory"], day)
        if comes and (row["id"], day) not in made and email_address(row["email"]):
            yield row, day


def _make(post: Post, work: Work, provider: Row, day: date) -> None:
    groups = _groups(work, provider, day)
    row = {
        "provider_id": provider["id"],
        "day": day,
        "state": DUE if groups else NOTHING,
        "text": digest_text(groups, f"{post.public_url}/notices/tasks") if groups else "",
        "tries": 0,
        "error": "",
        "ready_at": real_now(),
        "made_at": work.now,
    }
    insert_new(work.db, storage.digest, [row])


def _claim(post: Post, work: Work) -> list[tuple[dict[str, Any], MailMessage]]:
    """Take the digests that may leave; from here on nobody else sends them."""
    digest, provider = storage.digest, storage.provider
    rows = storage.rows(work.db, sa.select(digest).where(_ready()).with_for_update(skip_locked=True))
    bodies = storage.by_id(work.db, provider, [row["provider_id"] for row in rows])
    mails = []
    for row in rows:
        body = bodies[row["provider_id"]]
        address = email_address(body["email"])
        if address and row["day"] == work.now.astimezone(_zone(body)).date():
            work.db.execute(digest.update().where(_is(row)).values(state=SENDING, ready_at=real_now() + LEASE))
            mails.append((row, _mail(post, row, address, work.now)))
        else:
            work.db.execute(digest.update().where(_is(row)).values(state=EXPIRED, text=""))
    return mails


def _mail(post: Post, row: Row, address: str, now: datetime) -> MailMessage:
    key = derived_id("digest", row["provider_id"], row["day"])
    return MailMessage(
        key=str(key),
        to=address,
        sender=post.mail_sender,
        subject=SUBJECT,
        text=row["text"],
        html=digest_html(row["text"]),
        languages=("fr",),
        at=now,
    )


def _groups(work: Work, provider: Row, day: date) -> list[GroupNews]:
    """Return what is new of each group of a body on a day of its territory, groups in the order of their first day."""
    begins, ends = (datetime.combine(day + timedelta(days=n), time(), _zone(provider)) for n in (0, 1))
    notice, task, session = storage.notice, storage.task, storage.session
    of_body = sa.and_(session.c.id == notice.c.session_id, session.c.provider_id == provider["id"])
    person = storage.person.c.id == notice.c.person_id
    who = sa.select(notice.c.session_id, storage.person.c.reference).select_from(notice).join(storage.person, person)
    in_vain = sa.and_(notice.c.state.in_(IN_VAIN), notice.c.ended_at >= begins, notice.c.ended_at < ends)
    not_reached = who.join(session, of_body).where(in_vain, notice.c.kind.not_in(REMINDERS))
    still = sa.or_(task.c.due_by.is_(None), task.c.due_by > work.now)
    relays = sa.and_(task.c.notice_id == notice.c.id, task.c.kind == "relay", task.c.outcome == "", still)
    to_tell = who.join(session, of_body).join(task, relays)
    made = sa.and_(notice.c.kind.in_(SEAT_KINDS), notice.c.made_at >= begins, notice.c.made_at < ends)
    changed = (
        sa.select(notice.c.session_id, notice.c.kind, sa.func.count(sa.distinct(notice.c.person_id)))
        .join(session, of_body)
        .where(made, notice.c.state != "superseded")
        .group_by(notice.c.session_id, notice.c.kind)
    )
    found: dict[UUID, dict[str, Any]] = {}
    for name, query in (("not_reached", not_reached), ("to_tell", to_tell)):
        for key, reference in work.db.execute(query.distinct()):
            found.setdefault(key, {}).setdefault(name, set()).add(reference)
    for key, kind, count in work.db.execute(changed):
        found.setdefault(key, {}).setdefault("changes", {})[kind] = count
    sessions = storage.by_id(work.db, session, found)
    sites = storage.by_id(work.db, storage.site, [row["site_id"] for row in sessions.values()])
    ordered = sorted(sessions.values(), key=lambda row: (_first_day(row), row["id"]))
    return [_news(row, sites[row["site_id"]], found[row["id"]]) for row in ordered]


def _news(session: Row, site: Row, found: Mapping[str, Any]) -> GroupNews:
    first = _first_day(session)
    return GroupNews(
        training=session["training"],
        first_day=format_date(first, "EEEE d MMMM y", locale="fr"),
        place=named_place(site["label"], site["commune"]),
        not_reached=sorted(found.get("not_reached", ())),
        to_tell=sorted(found.get("to_tell", ())),
        changes=found.get("changes", {}),
    )


def _first_day(session: Row) -> date:
    return min((date.fromisoformat(one["held_on"]) for one in session["meetings"]), default=date.max)


def _zone(provider: Row) -> ZoneInfo:
    return ZoneInfo(department_of(provider["territory"]).time_zone)


def _ready() -> sa.ColumnElement[bool]:
    return sa.and_(storage.digest.c.state == DUE, storage.digest.c.ready_at <= real_now())


def _left() -> sa.ColumnElement[bool]:
    """Return the condition for what a process was sending when it died: nobody knows whether it left."""
    return sa.and_(storage.digest.c.state == SENDING, storage.digest.c.ready_at <= real_now())


def _is(row: Row) -> sa.ColumnElement[bool]:
    digest = storage.digest
    return sa.and_(digest.c.provider_id == row["provider_id"], digest.c.day == row["day"])

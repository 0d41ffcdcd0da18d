"""From news about seats to notices: what a person believes is compared with what is true now."""

__all__ = ["NO_LONGER_TRUE", "Truth", "fresh_notice", "notices_about", "review_seats", "seat_truths", "told_of"]

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session as DbSession

from services.notifications import storage
from services.notifications.domain.occasions import OCCASIONS, REMINDERS, SEAT_KINDS, Told, wanted_kind
from services.notifications.domain.reminding import KINDS, named_from, reminders
from services.notifications.domain.states import UNANSWERED
from services.notifications.domain.timetable import coming, days_of, ends_at, first_meetings
from services.notifications.usecases.overtaking import overtaken
from services.notifications.usecases.tasks import close_about
from shared.clock import real_now
from shared.database import claim_due, upsert
from shared.ids import derived_id
from shared.service import Service
from shared.work import Work

BATCH = 200
MOST_AT_ONCE = 20  # pieces of news about one person, one with another
LONGEST_GATHER = timedelta(minutes=10)  # [A] real time
LOOK_AGAIN = timedelta(seconds=2)  # for a seat whose person, session or site has not been heard of yet
BELIEVED = frozenset({"sending", "unknown", "accepted", "delivered", "failed"})
OLD_CONTACT, NO_LONGER_TRUE = "old_contact", "no_longer_true"

Pair = tuple[UUID, UUID]  # person, session


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """
    What is true of a person's seats in a session now; no days when seat or session is gone.

    `firsts` is the first meeting of each day, by its date.
    """

    days: tuple[str, ...]
    firsts: Mapping[str, str]
    site_id: UUID
    zone: ZoneInfo

    def moment(self, now: datetime) -> str:
        """Return an instant as the local text with which days compare."""
        return f"{now.astimezone(self.zone):%Y-%m-%d %H:%M}"


def review_seats(gather: timedelta, service: Service) -> int:
    """
    Make the notices that news about seats call for, once it has been quiet about a person for `gather` (real time).

    News that never ends is not waited for longer than LONGEST_GATHER. All of a person's news is looked at by one
    process at once: it is one message. Returns how many pairs were looked at; a tick.
    """
    quiet = _quiet(gather)
    with service.database.read() as db:
        if db.scalar(sa.select(storage.seat_news.c.person_id).where(quiet).limit(1)) is None:
            return 0
    with service.database.leadership("seats") as leading:
        if not leading:
            return 0
        with service.database.begin() as db:
            return _review(service.work(db), _claim(db, quiet))


def _claim(db: DbSession, quiet: sa.ColumnElement[bool]) -> list[Pair]:
    """Return the pairs of one batch, with all the news about each person in it."""
    news = storage.seat_news
    people = {row["person_id"] for row in claim_due(db, news, quiet, limit=BATCH)}
    theirs = claim_due(db, news, sa.and_(quiet, news.c.person_id.in_(people)), limit=BATCH * MOST_AT_ONCE)
    return [(row["person_id"], row["session_id"]) for row in theirs]


def _quiet(gather: timedelta) -> sa.ColumnElement[bool]:
    """Say of which news it is time: nothing newer about that person, or the first of it is old."""
    news, newer, now = storage.seat_news, storage.seat_news.alias("newer"), real_now()
    loud = sa.exists().where(newer.c.person_id == news.c.person_id, newer.c.due_at > now - gather)
    return sa.and_(news.c.due_at <= now, ~loud | (news.c.since <= now - LONGEST_GATHER))


def seat_truths(work: Work, pairs: Collection[Pair]) -> dict[Pair, Truth]:
    """Return what is true of each pair; a pair whose session or site is not known yet is left out."""
    sessions = storage.by_id(work.db, storage.session, [session for _person, session in pairs])
    sites = storage.by_id(work.db, storage.site, [row["site_id"] for row in sessions.values()])
    joins: dict[Pair, dict[str, Any]] = {}
    for seat in _of_pairs(work, storage.placement, pairs):
        if seat["state"] == "active":
            mine = joins.setdefault((seat["person_id"], seat["session_id"]), {})
            mine[seat["part"]] = min(seat["joins_on"], mine.get(seat["part"], seat["joins_on"]))
    found = {}
    for pair in pairs:
        session = sessions.get(pair[1])
        site = sites.get(session["site_id"]) if session else None
        if session is None or site is None:
            continue
        running = session["state"] == "open" and pair in joins
        found[pair] = Truth(
            days=days_of(session["meetings"], joins[pair]) if running else (),
            firsts=first_meetings(session["meetings"], joins[pair]) if running else {},
            site_id=site["id"],
            zone=ZoneInfo(site["zone"]),
        )
    return found


def told_of(notices: Iterable[Mapping[str, Any]]) -> Told | None:
    """Return what a person was last told about a session, or may have been: one that waits for its next channel too."""
    known = [
        one
        for one in notices
        if (one["state"] in BELIEVED or (one["state"] == "due" and one["reason"] == UNANSWERED))
        and one["reason"] != OLD_CONTACT
        and one["kind"] in SEAT_KINDS
    ]
    last = max(known, key=lambda one: int(one["number"]), default=None)
    if last is None:
        return None
    return Told(kind=last["kind"], site=last["site"], days=tuple(last["days"]), reached=last["state"] != "failed")


def notices_about(
    work: Work, pairs: Collection[Pair], kinds: Collection[str], *, lock: bool = False
) -> dict[Pair, list[dict[str, Any]]]:
    """Return the notices of these kinds about each pair; `lock` keeps them for this transaction."""
    found: dict[Pair, list[dict[str, Any]]] = {}
    for row in _of_pairs(work, storage.notice, pairs, lock=lock):
        if row["kind"] in kinds:
            found.setdefault((row["person_id"], row["session_id"]), []).append(row)
    return found


def fresh_notice(key: UUID, kind: str, person: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the row of a new notice that waits; what it is about is the caller's to fill in."""
    return {
        "id": key,
        "kind": kind,
        "person_id": person["id"],
        "session_id": None,
        "number": 0,
        "territory": person["territory"],
        "days": [],
        "site": "",
        "training": "",
        "state": "due",
        "moment": "",
        "priority": OCCASIONS[kind].priority,
        "channel": "",
        "gateway": "",
        "rides_on": None,
        "languages": [],
        "wording": [],
        "reply_code": "",
        "calendar": [],
        "usable": False,
        "subject": "",
        "text": "",
        "segments": 0,
        "cost": 0,
        "task": "",
        "reason": "",
        "useless_after": now,
        "due_at": now,
        "ready_at": real_now(),
        "holder": None,
        "attempts": 0,
        "tries": 0,
        "awaits_until": None,
        "skipped": [],
        "made_at": now,
        "ended_at": None,
    }


def _review(work: Work, pairs: list[Pair]) -> int:
    people = storage.by_id(work.db, storage.person, [person for person, _session in pairs])
    truths = seat_truths(work, pairs)
    notices = notices_about(work, pairs, (*SEAT_KINDS, *REMINDERS), lock=True)
    kept: list[dict[str, Any]] = []
    done: list[Pair] = []
    for pair in pairs:
        if pair[0] in people and pair in truths:
            done.append(pair)
            about = notices.get(pair, [])
            kept += _notices_of_pair(work, people[pair[0]], pair, truths[pair], about)
            kept += _reminders_of_pair(work, people[pair[0]], pair, truths[pair], about)
    upsert(work.db, storage.notice, kept)
    newest = {
        (row["person_id"], row["session_id"]): row["id"]
        for row in kept
        if row["kind"] in SEAT_KINDS and row["state"] == "due"
    }
    over = [_no_longer_to_do(truths[pair], notices.get(pair, []), newest.get(pair)) for pair in done]
    close_about(work, list(chain.from_iterable(over)))
    unknown = [pair for pair in pairs if pair not in set(done)]
    again = real_now() + LOOK_AGAIN
    waits = [
        {"person_id": person, "session_id": session, "since": again, "due_at": again} for person, session in unknown
    ]
    upsert(work.db, storage.seat_news, waits)
    news = storage.seat_news
    if done:
        gone = sa.and_(news.c.person_id == sa.bindparam("p"), news.c.session_id == sa.bindparam("s"))
        settled = [{"p": person, "s": session} for person, session in done]
        work.db.connection().execute(news.delete().where(gone), settled)
    return len(done)


def _no_longer_to_do(truth: Truth, notices: list[dict[str, Any]], newest: UUID | None) -> list[UUID]:
    """Return the notices of which nothing is left to do: a newer one says it, or they ask to come where nothing is."""
    if newest is not None:
        return [one["id"] for one in notices if one["id"] != newest]
    return [] if truth.days else [one["id"] for one in notices if one["kind"] != "cancelled"]


def _notices_of_pair(
    work: Work, person: Mapping[str, Any], pair: Pair, truth: Truth, notices: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the rows to write: the notice now wanted, and the waiting one that it replaces."""
    notices = [one for one in notices if one["kind"] in SEAT_KINDS]
    told = told_of(notices)
    moment = truth.moment(work.now)
    kind = wanted_kind(told, truth.days, str(truth.site_id), moment)
    waiting = next((one for one in notices if one["state"] == "due"), None)
    changed: list[dict[str, Any]] = []
    if waiting is not None and waiting["reason"] == UNANSWERED and kind is None:
        return []  # it may have arrived, is true, and waits for its next channel
    if waiting is not None and (waiting["kind"] != kind or waiting["reason"] == UNANSWERED):
        changed.append(overtaken(waiting, kind or NO_LONGER_TRUE, work.now))
        waiting = None
    if kind is None:
        return changed
    number = max((one["number"] for one in notices), default=0) + 1
    key = derived_id("notice", kind, *pair, number)
    row = waiting or fresh_notice(key, kind, person, work.now) | {"session_id": pair[1], "number": number}
    cancelled = kind == "cancelled" and told is not None
    days = coming(told.days if cancelled and told else truth.days, moment)
    site = told.site if cancelled and told else str(truth.site_id)
    useless = ends_at(days[0], truth.zone).astimezone(UTC)
    return [*changed, row | {"days": list(days), "site": site, "useless_after": useless}]


def _reminders_of_pair(
    work: Work, person: Mapping[str, Any], pair: Pair, truth: Truth, notices: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the rows to write: reminders that are wanted and not there, and those that wait in vain."""
    known: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in notices:
        if one["kind"] in REMINDERS:
            known.setdefault((one["moment"], one["days"][0]), []).append(one)
    changed = []
    wanted = {(one.moment, one.days[0]): one for one in reminders(truth.days, truth.zone, work.now)}
    if person["channel"] == "letter":
        wanted = {}  # a letter would come too late
    for key, reminder in wanted.items():
        before = [one for one in known.get(key, []) if one["state"] != "superseded"]
        if any(one["state"] != "due" or one["site"] == str(truth.site_id) for one in before):
            continue
        number = len(known.get(key, []))
        kind = KINDS[reminder.moment]
        row = fresh_notice(derived_id("notice", kind, *pair, *key, number), kind, person, work.now)
        row |= {"session_id": pair[1], "number": number, "moment": reminder.moment, "days": list(reminder.days)}
        due = {"due_at": reminder.at.astimezone(UTC), "useless_after": reminder.until.astimezone(UTC)}
        changed.append(row | due | {"site": str(truth.site_id)})
    for (_moment, first), rows in known.items():
        named = named_from(truth.days, first)
        changed += [
            overtaken(one, NO_LONGER_TRUE, work.now)
            for one in rows
            if one["state"] == "due" and (not named or one["site"] != str(truth.site_id))
        ]
    return changed


def _of_pairs(work: Work, table: sa.Table, pairs: Collection[Pair], *, lock: bool = False) -> list[dict[str, Any]]:
    people = list({person for person, _session in pairs})
    query = sa.select(table).where(table.c.person_id.in_(people)).order_by(table.c.id)
    wanted = set(pairs)
    found = storage.rows(work.db, query.with_for_update() if lock else query)
    return [row for row in found if (row["person_id"], row["session_id"]) in wanted]

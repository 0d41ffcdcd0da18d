"""
A person's link: one, reusable, and what it opens.

A link opens the days of whom it was made for: of the record that was kept where two are one person, of the minor where
it is their representative's. It is good until two weeks after the last of those days, or after the last notice that
said it.
"""

__all__ = [
    "LinkRefusedError",
    "Opened",
    "count_wrong",
    "holder_of",
    "link_of",
    "links_of",
    "may_try",
    "open_link",
    "renew_link",
    "secrets_of",
    "without_secret",
]

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.languages import own_language
from services.notifications.domain.secrets import Secrets
from services.notifications.usecases.writing import reader_of
from shared import knocks
from shared.database import insert_new, upsert
from shared.errors import ForbiddenError
from shared.rights import LINKED, Principal
from shared.scope import check_territory
from shared.work import Work

LASTS = timedelta(days=14)  # after the last day or the last notice
A_DAY = timedelta(days=1)
DOOR = "link"
MOST_AN_HOUR = 30  # [A] wrong secrets of one address: behind one router there may be a class


class LinkRefusedError(ForbiddenError):
    """Raised for a link that is wrong, was replaced, or is over. Never says which."""

    code = "link_refused"


@dataclass(frozen=True, slots=True)
class Opened:
    """Who a link is for, as whom they go on, and the language that they read (empty: none of ours)."""

    who: Principal
    language: str


def link_of(work: Work, public_url: str, person_id: UUID) -> str:
    """Return the address of a person's link under the `public_url`; from now on it is good for two weeks at least."""
    return links_of(work, public_url, [person_id])[person_id]


def without_secret(text: str, link: str) -> str:
    """Return a text as it is kept: who reads what was told must not be able to open the person's pages."""
    return text.replace(link, f"{link.rpartition('/')[0]}/…") if link else text


def links_of(work: Work, public_url: str, people: Collection[UUID]) -> dict[UUID, str]:
    """
    Return the addresses of people's links, as `link_of` does, with few statements for all.

    They are locked until the transaction ends: a link that is just made another one is not made the old one again.
    """
    if not people:
        return {}
    link = storage.link
    theirs = sa.select(link).where(link.c.person_id.in_(list(people))).order_by(link.c.person_id)
    known = {row["person_id"]: row for row in storage.rows(work.db, theirs.with_for_update())}
    secrets, made = secrets_of(work), {}
    kept: list[dict[str, object]] = []
    fresh: list[dict[str, object]] = []
    for person_id in dict.fromkeys(people):
        before = known.get(person_id)
        number = before["number"] if before else 1
        secret = secrets.of_link(person_id, number)
        digest = secrets.digest_of_link(secret)
        if before is None or before["digest"] != digest or before["told_at"] <= work.now - A_DAY:
            row = {"person_id": person_id, "number": number, "digest": digest, "told_at": work.now}
            (kept if before else fresh).append(row)
        made[person_id] = f"{public_url}/notices/m/{secret}"
    upsert(work.db, link, kept)
    insert_new(work.db, link, fresh)
    return made


def renew_link(work: Work, person_id: UUID) -> None:
    """Make a person's link another one: whoever has the old one opens nothing. Raises NotFoundError, ForbiddenError."""
    person = storage.one(work.db, storage.person, person_id, "person")
    check_territory(work.who, person["territory"])
    table = storage.link
    before = work.db.scalar(sa.select(table.c.number).where(table.c.person_id == person_id).with_for_update()) or 1
    secrets = secrets_of(work)
    digest = secrets.digest_of_link(secrets.of_link(person_id, before + 1))
    row = {"person_id": person_id, "number": before + 1, "digest": digest, "told_at": work.now}
    upsert(work.db, table, [row])


def may_try(work: Work, caller: str) -> bool:
    """Say whether this caller may try more wrong links; a right one opens in any case, its letters are enough."""
    return knocks.may_knock(work, storage.door_count, DOOR, caller, MOST_AN_HOUR)


def count_wrong(work: Work, caller: str) -> None:
    """Count a link that was wrong."""
    knocks.count_knock(work, storage.door_count, DOOR, caller)


def open_link(work: Work, said: str) -> Opened:
    """Return as whom the holder of a secret goes on. Raises LinkRefusedError."""
    table, digest = storage.link, secrets_of(work).digest_of_link(said)
    row = storage.first(work.db, sa.select(table).where(table.c.digest == digest)) if digest else None
    if row is None:
        raise LinkRefusedError("this link opens nothing")
    who = holder_of(work, row["person_id"])
    last = max(filter(None, (row["told_at"].date(), _last_day(work, UUID(who.scope)))))
    if work.now.date() > last + LASTS:
        raise LinkRefusedError("this link is over")
    holder = storage.one(work.db, storage.person, UUID(who.id), "person")
    return Opened(who, own_language(reader_of(holder)) or "")


def holder_of(work: Work, person_id: UUID) -> Principal:
    """
    Return as whom somebody acts who holds what was sent to this person: a link, a code to answer with.

    They are the record that was kept of merged ones; whose things they see is theirs, or those of whom they stand for.
    """
    person = storage.one(work.db, storage.person, person_id, "person")
    if person["merged_into"] is not None:
        person = storage.one(work.db, storage.person, person["merged_into"], "person")
    scope = person["stands_for"] or person["id"]
    return Principal(kind="person", id=str(person["id"]), role=LINKED, scope=str(scope))


def secrets_of(work: Work) -> Secrets:
    """Return what makes and checks secrets, with the service's own key: another key makes every link another one."""
    return Secrets(work.voice.seal_keys[work.voice.service])


def _last_day(work: Work, person_id: UUID) -> date | None:
    """Return the last day of every session in which somebody has or had a seat."""
    seat, session = storage.placement, storage.session
    query = sa.select(session.c.meetings).join(seat, seat.c.session_id == session.c.id)
    held = [
        date.fromisoformat(one["held_on"])
        for meetings in work.db.scalars(query.where(seat.c.person_id == person_id))
        for one in meetings
    ]
    return max(held, default=None)

"""Which contact points of a person work, and telling it when that changes."""

__all__ = ["POINTS", "points_of", "reached_by", "retell", "review_contacts", "still_theirs"]

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.contacts import contact_state, email_address, mobile_number
from services.notifications.domain.occasions import OCCASIONS
from services.notifications.usecases.post import Post
from services.notifications.usecases.seats import fresh_notice
from shared.database import insert_new, upsert
from shared.events import ContactabilityState
from shared.ids import derived_id
from shared.service import Service
from shared.work import Work

BATCH = 500
POINTS = {"sms": "phone", "email": "email"}  # where a person's row has the contact point of a channel


def points_of(person: Mapping[str, Any], *, test_numbers: bool) -> dict[str, str]:
    """Return channel -> address of the contact points that may work; whoever answered STOP gets no SMS."""
    found = {
        "sms": mobile_number(person["phone"], person["territory"], test_numbers=test_numbers),
        "email": email_address(person["email"]),
    }
    closed = {*person["refused"], *(("sms",) if person["muted"] else ())}
    return {channel: address for channel, address in found.items() if address and channel not in closed}


def reached_by(work: Work, people: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return whose contact points reach each of these people, locked: of a merged record those of the one kept."""
    table = storage.person
    query = sa.select(table.c.id, sa.func.coalesce(table.c.merged_into, table.c.id)).where(table.c.id.in_(people))
    kept: dict[UUID, UUID] = dict(work.db.execute(query).all())
    query = sa.select(table).where(table.c.id.in_({*kept, *kept.values()})).order_by(table.c.id)
    rows = {row["id"]: row for row in storage.rows(work.db, query.with_for_update())}
    return {key: rows.get(one, rows[key]) for key, one in kept.items()}


def still_theirs(post: Post, person: Mapping[str, Any], channel: str, address_hash: str) -> bool:
    """Say whether an address is the one by which a person is still reached: numbers go to other people."""
    address = points_of(person, test_numbers=post.test_numbers).get(channel)
    return address is not None and post.address_hash(address) == address_hash


def review_contacts(test_numbers: bool, service: Service) -> int:
    """Look again at people whose contact points changed or failed; tell what changed. A tick of the service."""
    table = storage.person
    with service.database.read() as db:
        if db.scalar(sa.select(table.c.id).where(table.c.stale.is_(True)).limit(1)) is None:
            return 0
    with service.database.begin() as db:
        work = service.work(db)
        query = sa.select(table).where(table.c.stale.is_(True)).order_by(table.c.id).limit(BATCH)
        people = storage.rows(db, query.with_for_update(skip_locked=True))
        _keep(work, people, test_numbers=test_numbers)
        db.execute(table.update().where(table.c.id.in_([one["id"] for one in people])).values(stale=False))
    return len(people)


def retell(work: Work) -> int:
    """Tell again whether each person can be reached."""
    known = storage.rows(work.db, sa.select(storage.contactability).order_by(storage.contactability.c.person_id))
    work.tell(*[_state(row) for row in known])
    return len(known)


def _keep(work: Work, people: list[dict[str, Any]], *, test_numbers: bool) -> None:
    table = storage.contactability
    query = sa.select(table).where(table.c.person_id.in_([one["id"] for one in people]))
    known = {row["person_id"]: row for row in storage.rows(work.db, query)}
    changed, asked = [], []
    for person in people:
        points = points_of(person, test_numbers=test_numbers)
        written = [channel for channel, column in POINTS.items() if person[column]]
        broken = [name for name in written if name not in points]
        row = {"state": contact_state(points, broken), "channels": sorted(points)}
        before = known.get(person["id"])
        if before is None or any(before[name] != value for name, value in row.items()):
            changed.append({"person_id": person["id"], "version": before["version"] + 1 if before else 1, **row})
        if points and any(name in person["refused"] for name in broken):
            asked.append(_asks(work, person))
    upsert(work.db, table, changed)
    insert_new(work.db, storage.notice, asked)
    work.tell(*[_state(row) for row in changed])


def _asks(work: Work, person: dict[str, Any]) -> dict[str, Any]:
    """Return the notice that asks for a better contact point, by one that works: one for each that failed."""
    failed = [f"{channel} {person[POINTS[channel]]}" for channel in sorted(person["refused"])]
    key = derived_id("notice", "confirm_contact", person["id"], *failed)
    row = fresh_notice(key, "confirm_contact", person, work.now)
    return row | {"useless_after": work.now + (OCCASIONS["confirm_contact"].useful_for or timedelta())}


def _state(row: Mapping[str, Any]) -> ContactabilityState:
    return ContactabilityState(
        subject_version=row["version"],
        signatory_id=row["person_id"],
        state=row["state"],
        channels=tuple(row["channels"]),
    )

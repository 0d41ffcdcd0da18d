"""Tables and queries of the scheduler: rows stay inside, values and plain mappings come out."""

__all__ = [
    "METADATA",
    "account",
    "advice",
    "appointment",
    "bump_territory",
    "by_id",
    "candidate",
    "carried",
    "chain_head",
    "consultation",
    "consultation_answer",
    "consulted",
    "contract",
    "contract_move",
    "contract_progress",
    "demo_link",
    "desk_showing",
    "dismissal",
    "door_count",
    "dossier_entry",
    "duty",
    "eligibility_answer",
    "first",
    "flag",
    "follow_up",
    "interest",
    "interview_slot",
    "level_seen",
    "meeting",
    "meeting_count",
    "missing_roll",
    "need",
    "offer",
    "offer_item",
    "one",
    "orientation",
    "page",
    "placement",
    "plan_run",
    "platform_log",
    "proposal",
    "rescue_search",
    "reviewed",
    "rows",
    "same_person",
    "scenario",
    "sealed_roll",
    "seat_hold",
    "seat_time",
    "seats_taken",
    "session",
    "signatory",
    "signature",
    "slot_offer",
    "territory",
    "territory_version",
    "training_outcome",
    "travel_time",
    "unreachable",
    "waiver",
    "web_session",
]

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session as DbSession

from services.scheduler.storage.attended import chain_head, missing_roll, sealed_roll
from services.scheduler.storage.base import METADATA
from services.scheduler.storage.consultation import consultation, consultation_answer, consulted, travel_time, waiver
from services.scheduler.storage.desk import desk_showing, seat_hold, slot_offer
from services.scheduler.storage.life import (
    carried,
    contract_move,
    dismissal,
    dossier_entry,
    duty,
    follow_up,
    orientation,
    platform_log,
    proposal,
    signature,
    training_outcome,
)
from services.scheduler.storage.planning import (
    account,
    contract,
    contract_progress,
    demo_link,
    flag,
    meeting,
    meeting_count,
    need,
    offer_item,
    placement,
    plan_run,
    reviewed,
    seat_time,
    session,
    signatory,
    territory,
    unreachable,
    web_session,
)
from services.scheduler.storage.reception import (
    appointment,
    candidate,
    door_count,
    eligibility_answer,
    interest,
    interview_slot,
    level_seen,
    same_person,
)
from services.scheduler.storage.whatif import advice, rescue_search, scenario
from shared.database import first, insert_new, one, rows


def territory_version(db: DbSession, code: str, *, lock: bool = False) -> int:
    """Return how many publications a territory has seen; with `lock`, nobody else publishes there meanwhile."""
    insert_new(db, territory, [{"code": code, "version": 0}]) if lock else None
    query = sa.select(territory.c.version).where(territory.c.code == code)
    return db.scalar(query.with_for_update() if lock else query) or 0


def bump_territory(db: DbSession, code: str) -> None:
    """Count one publication more."""
    db.execute(territory.update().where(territory.c.code == code).values(version=territory.c.version + 1))


def by_id(db: DbSession, table: sa.Table, ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return rows by id, however many there are."""
    wanted = list(dict.fromkeys(ids))
    found: dict[UUID, dict[str, Any]] = {}
    for start in range(0, len(wanted), 500):
        query = sa.select(table).where(table.c.id.in_(wanted[start : start + 500]))
        found |= {row["id"]: row for row in rows(db, query)}
    return found


def offer(db: DbSession, code: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return a territory's offer: (kind, code) -> row, in a fixed order."""
    query = sa.select(offer_item).where(offer_item.c.territory == code)
    found = rows(db, query.order_by(offer_item.c.kind, offer_item.c.code))
    return {(row["kind"], row["code"]): row for row in found}


def page(db: DbSession, query: sa.Select[Any], key: sa.Column[Any], after: Any, limit: int) -> dict[str, Any]:
    """Return one keyset page: `{items, next}`, `next` null at the end."""
    if after is not None:
        query = query.where(key > after)
    found = rows(db, query.order_by(key).limit(limit + 1))
    items = found[:limit]
    return {"items": items, "next": items[-1][key.name] if len(found) > limit else None}


def seats_taken(db: DbSession, sessions: Sequence[UUID] | None = None) -> Mapping[UUID, int]:
    """Return how many different people sit in each session."""
    count = sa.func.count(sa.distinct(placement.c.signatory_id))
    query = sa.select(placement.c.session_id, count).where(placement.c.state == "active")
    if sessions is not None:
        query = query.where(placement.c.session_id.in_(sessions))
    return {key: int(number) for key, number in db.execute(query.group_by(placement.c.session_id))}

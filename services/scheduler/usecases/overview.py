"""What pages and the API show: counts, lists, one person."""

__all__ = [
    "dashboard",
    "digests",
    "flags",
    "offer_names",
    "person",
    "session_detail",
    "sessions",
    "territories",
    "unplaced",
]

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.usecases import telling
from shared import database
from shared.tables import import_batch, import_row
from shared.work import Work

# What a second import and publication of the same files must leave as it is; runs, jobs and sign-ins come and go.
DIGESTED = (
    storage.signatory,
    storage.contract,
    storage.need,
    storage.offer_item,
    storage.session,
    storage.meeting,
    storage.placement,
    storage.seat_time,
    import_batch,
    import_row,
)


def territories(work: Work) -> list[str]:
    """Return the territories that have signatories or an offer."""
    people = sa.select(storage.signatory.c.territory)
    offered = sa.select(storage.offer_item.c.territory)
    return sorted(work.db.scalars(people.union(offered)))


def dashboard(work: Work, territory: str) -> dict[str, Any]:
    """Return the numbers of a territory's first page."""
    need, flag = storage.need, storage.flag
    counted = sa.select(need.c.training, need.c.state, sa.func.count()).where(need.c.territory == territory)
    needs: dict[str, dict[str, int]] = {}
    for training, state, count in work.db.execute(counted.group_by(need.c.training, need.c.state)):
        needs.setdefault(training, {})[state] = count
    runs = sa.select(storage.plan_run).where(storage.plan_run.c.territory == territory)
    open_flags = (
        sa.select(flag.c.kind, sa.func.count())
        .join(storage.contract, storage.contract.c.id == flag.c.contract_id)
        .where(storage.contract.c.territory == territory, flag.c.state == "open")
        .group_by(flag.c.kind)
    )
    return {
        "people": _count(work, storage.signatory, territory),
        "sessions": _count(work, storage.session, territory),
        "needs": needs,
        "flags": dict(sorted(work.db.execute(open_flags).all())),
        "runs": storage.rows(work.db, runs.order_by(storage.plan_run.c.asked_at.desc()).limit(10)),
        "status": _statuses(work, territory),
    }


def sessions(work: Work, territory: str, training: str | None = None) -> list[dict[str, Any]]:
    """Return the sessions of a territory in order of time, with seats taken and the site's name."""
    table = storage.session
    query = sa.select(table).where(table.c.territory == territory)
    if training:
        query = query.where(table.c.training == training)
    found = storage.rows(work.db, query.order_by(table.c.starts_on, table.c.site, table.c.id))
    taken = storage.seats_taken(work.db)
    names = _site_names(work, territory)
    return [row | {"taken": taken.get(row["id"], 0), "site_name": names.get(row["site"], "")} for row in found]


def session_detail(work: Work, session_id: UUID) -> dict[str, Any]:
    """Return one session with its meetings, who sits in it (by reference) and how many came."""
    row = storage.one(work.db, storage.session, session_id, "session")
    meetings = telling.meetings_of(work, [session_id])[session_id]
    counts = storage.rows(
        work.db, sa.select(storage.meeting_count).where(storage.meeting_count.c.session_id == session_id)
    )
    came = {one["meeting_id"]: one for one in counts}
    seats = sa.select(storage.placement, storage.signatory.c.reference, storage.signatory.c.facts).join(
        storage.signatory, storage.signatory.c.id == storage.placement.c.signatory_id
    )
    seats = seats.where(storage.placement.c.session_id == session_id, storage.placement.c.state == "active")
    return row | {
        "site_name": _site_names(work, row["territory"]).get(row["site"], ""),
        "meetings": [{**one, "count": came.get(one["id"])} for one in meetings],
        "seats_taken": storage.rows(work.db, seats.order_by(storage.signatory.c.reference, storage.placement.c.part)),
    }


def unplaced(work: Work, territory: str) -> list[dict[str, Any]]:
    """Return needs that have no seat, the most urgent first, each with the reason that the plan gave."""
    need = storage.need
    query = (
        sa.select(need, storage.signatory.c.reference, storage.signatory.c.facts)
        .join(storage.signatory, storage.signatory.c.id == need.c.signatory_id)
        .where(need.c.territory == territory, need.c.state.in_(("unplaced", "open")))
        .order_by(need.c.deadline, storage.signatory.c.reference, need.c.part)
    )
    return storage.rows(work.db, query)


def person(work: Work, signatory_id: UUID) -> dict[str, Any]:
    """Return a person without name or contact: facts, contracts, needs, seats. Raises NotFoundError."""
    row = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    contract, need, seat = storage.contract, storage.need, storage.placement
    contracts = storage.rows(work.db, sa.select(contract).where(contract.c.signatory_id == signatory_id))
    needs = sa.select(need).where(need.c.signatory_id == signatory_id)
    seats = (
        sa.select(seat, storage.session.c.site, storage.session.c.training, storage.session.c.ends_on)
        .join(storage.session, storage.session.c.id == seat.c.session_id)
        .where(seat.c.signatory_id == signatory_id)
    )
    keys = [one["id"] for one in contracts]
    flags = storage.rows(work.db, sa.select(storage.flag).where(storage.flag.c.contract_id.in_(keys)))
    del row["private"]
    return row | {
        "contracts": [_jsonable(one) for one in contracts],
        "needs": storage.rows(work.db, needs.order_by(need.c.training, need.c.part, need.c.again)),
        "seats": storage.rows(work.db, seats.order_by(seat.c.joins_on)),
        "flags": flags,
    }


def flags(work: Work, territory: str) -> list[dict[str, Any]]:
    """Return the flags of a territory, open ones first, by the day until which somebody must act."""
    table = storage.flag
    query = (
        sa.select(table, storage.signatory.c.reference)
        .join(storage.contract, storage.contract.c.id == table.c.contract_id)
        .join(storage.signatory, storage.signatory.c.id == table.c.signatory_id)
        .where(storage.contract.c.territory == territory)
        .order_by(table.c.state, table.c.due_on, table.c.kind, storage.signatory.c.reference)
        .limit(1000)
    )
    return storage.rows(work.db, query)


def digests(work: Work) -> dict[str, str]:
    """Return a SHA-256 of each table's rows in a fixed order, ids and times included."""
    return database.digests(work.db, DIGESTED)


def offer_names(work: Work, territory: str) -> dict[str, str]:
    """Return what bodies, sites, rooms and trainers of a territory are called, by `kind:code`."""
    table = storage.offer_item
    kinds = ("organismes", "sites", "salles", "formateurs")
    query = sa.select(table).where(table.c.territory == territory, table.c.kind.in_(kinds))
    return {f"{row['kind']}:{row['code']}": row["facts"]["name"] for row in storage.rows(work.db, query)}


def _count(work: Work, table: sa.Table, territory: str) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(table.c.territory == territory)
    return work.db.scalar(query) or 0


def _statuses(work: Work, territory: str) -> Mapping[str, int]:
    table = storage.contract_progress
    query = (
        sa.select(table.c.status, sa.func.count())
        .join(storage.contract, storage.contract.c.id == table.c.contract_id)
        .where(storage.contract.c.territory == territory)
        .group_by(table.c.status)
    )
    return dict(sorted(work.db.execute(query).all()))


def _site_names(work: Work, territory: str) -> dict[str, str]:
    table = storage.offer_item
    query = sa.select(table).where(table.c.territory == territory, table.c.kind == "sites")
    return {row["code"]: row["facts"]["name"] for row in storage.rows(work.db, query)}


def _jsonable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value if isinstance(value, int | str) else str(value) for key, value in row.items()}

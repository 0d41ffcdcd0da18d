"""What somebody has to do about a person because no machine can, and how it ended."""

__all__ = [
    "KINDS",
    "OUTCOMES",
    "Ending",
    "close_about",
    "end_task",
    "find_task",
    "lapse",
    "open_tasks",
    "task_id",
    "task_row",
    "tasks_of",
]

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage
from shared.communes import local_time
from shared.database import UtcDateTime, insert_new
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.ids import derived_id
from shared.rights import Principal
from shared.scope import check_territory
from shared.service import Service
from shared.work import Work

# relay: tell somebody who does not read · letter: hand over or post · translation: no text in their language ·
# call: it is unknown whether they were told, or it is too late to write · dead_contact: a number or address that will
# never work · muted: they answered STOP · reply: an answer that nobody understood
OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "relay": ("told", "told_by_helper", "not_reached"),
    "letter": ("handed_over", "posted", "registered", "not_reached"),
    "translation": ("told", "not_reached"),
    "call": ("told", "not_reached"),
    "dead_contact": ("corrected", "not_reached"),
    "muted": ("told", "unmuted", "not_reached"),
    "reply": ("answered", "nothing_to_do", "not_reached"),
}
KINDS = tuple(OUTCOMES)
OF_A_BODY = frozenset({"trainer", "provider_manager"})
OVERTAKEN = "overtaken"  # what was to be told is no longer so, or the person was reached another way
LAPSED = "lapsed"  # its day went by and nobody said how it ended
GRACE = timedelta(days=2)  # [A] after its day, for who did it and had no time to say so
PROOF_LENGTH = 80
NO_OUTCOME: sa.ColumnElement[str] = sa.literal_column("''")  # as the index of open tasks says it
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # of what has no end: after all that has
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """
    How somebody says that a task ended.

    `on` is the day it was done, of the person's territory; null for today. `proof` is what shows it: the number of a
    registered letter and the day it came. A registered letter needs one: where the law starts a clock, they are the
    evidence.
    """

    outcome: str
    on: date | None = None
    proof: str = ""


def task_row(
    kind: str, person: Mapping[str, Any], now: datetime, *, about: object, notice: Mapping[str, Any] | None = None,
    provider_id: UUID | None = None, note: str = "",
) -> Row:  # fmt: skip
    """Return the row of a task; `about` tells two tasks of one kind about one person apart."""
    return {
        "id": task_id(kind, person["id"], about),
        "kind": kind,
        "person_id": person["id"],
        "notice_id": notice["id"] if notice else None,
        "provider_id": provider_id,
        "territory": person["territory"],
        "note": note[:200],
        "made_at": now,
        "due_by": notice["useless_after"] if notice else None,
        "outcome": "",
        "done_on": None,
        "proof": "",
        "actor": "",
        "ended_at": None,
    }


def task_id(kind: str, person_id: UUID, about: object) -> UUID:
    """Return the id of a task: the same need twice is one task."""
    return derived_id("task", kind, person_id, about)


def open_tasks(work: Work, rows: Iterable[Row]) -> None:
    """Keep tasks that are not known yet; one that was ended stays ended."""
    insert_new(work.db, storage.task, list({row["id"]: row for row in rows}.values()))


def close_about(work: Work, notice_ids: Collection[UUID], kinds: Collection[str] = KINDS) -> None:
    """End the tasks of notices that something newer has overtaken."""
    if notice_ids:
        task = storage.task
        mine = sa.and_(task.c.notice_id.in_(list(notice_ids)), task.c.kind.in_(list(kinds)), task.c.outcome == "")
        ended = {"outcome": OVERTAKEN, "actor": work.who.actor, "ended_at": work.now}
        work.db.execute(task.update().where(mine).values(**ended))


def end_task(work: Work, task_id: UUID, ending: Ending) -> Row | None:
    """
    Say how a task ended; return it, or None where the same was said before: then nothing changes.

    Ending `muted` with `unmuted` lets SMS leave again. What lapsed can still be said. Raises NotFoundError,
    ForbiddenError, InvalidInputError, ConflictError (`task_ended`).
    """
    row = storage.one(work.db, storage.task, task_id, "task", lock=True)
    _check_seen(work, row)
    today = _local_day(row, work.now)
    said = {"outcome": ending.outcome, "done_on": ending.on or today, "proof": ending.proof}
    if faults := _faults(row, said, today):
        raise InvalidInputError("the outcome is refused", faults)
    if row["outcome"] not in {"", LAPSED}:
        if all(row[name] == value for name, value in said.items() if name != "done_on" or ending.on):
            return None
        raise ConflictError(f"task {task_id} ended before: {row['outcome']}", "task_ended")
    ended = said | {"actor": work.who.actor, "ended_at": work.now}
    work.db.execute(storage.task.update().where(storage.task.c.id == task_id).values(**ended))
    if ending.outcome == "unmuted":
        person = storage.person
        work.db.execute(person.update().where(person.c.id == row["person_id"]).values(muted=False, stale=True))
    return row | ended


def lapse(service: Service) -> int:
    """End the tasks whose day went by without a word; return how many. A tick."""
    task, now = storage.task, service.clock.now()
    past = sa.and_(task.c.outcome == NO_OUTCOME, task.c.due_by <= now - GRACE)
    with service.database.read() as db:
        if db.scalar(sa.select(task.c.id).where(past).limit(1)) is None:
            return 0
    with service.database.begin() as db:
        ended = {"outcome": LAPSED, "actor": service.work(db).who.actor, "ended_at": now}
        return int(db.execute(task.update().where(past).values(**ended)).rowcount)  # type: ignore[attr-defined]


def find_task(work: Work, task_id: UUID) -> Row:
    """Return a task that this person may see. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.task, task_id, "task")
    _check_seen(work, row)
    return row


def tasks_of(work: Work, *, territory: str | None, kind: str | None, after: UUID | None, limit: int) -> dict[str, Any]:
    """
    Return a keyset page of open tasks, the most pressing first, with the person's reference.

    One whose day has just gone by is still there, for who did it in time and has not said so.

    A training body sees what its people can do about its groups, a trainer about their own; OFII all of the territory.
    """
    task, person, notice = storage.task, storage.person, storage.notice
    query = (
        sa.select(task, person.c.reference, person.c.spoken, person.c.helper, notice.c.kind.label("about"))
        .join(person, person.c.id == task.c.person_id)
        .outerjoin(notice, notice.c.id == task.c.notice_id)
        .where(task.c.outcome == "")
    )
    if work.who.role in OF_A_BODY:
        query = query.where(_of_body(work.who))
    elif territory:
        query = query.where(task.c.territory == territory)
    if kind:
        query = query.where(task.c.kind == kind)
    due = sa.func.coalesce(task.c.due_by, sa.literal(NEVER, UtcDateTime))
    if after is not None:
        last = storage.one(work.db, task, after, "task")
        since = last["due_by"] or NEVER
        query = query.where(sa.or_(due > since, sa.and_(due == since, task.c.id > after)))
    found = storage.rows(work.db, query.order_by(due, task.c.id).limit(limit + 1))
    return {"items": found[:limit], "next": found[limit - 1]["id"] if len(found) > limit else None}


def _faults(row: Row, said: Mapping[str, Any], today: date) -> list[FieldFault]:
    faults = []
    if said["outcome"] not in OUTCOMES[row["kind"]]:
        faults.append(FieldFault("outcome", "choice", f"one of {', '.join(OUTCOMES[row['kind']])}"))
    if not (made_on := _local_day(row, row["made_at"])) <= said["done_on"] <= today:
        faults.append(FieldFault("on", "range", f"a day from {made_on} to {today}"))
    if said["outcome"] == "registered" and not said["proof"]:
        faults.append(FieldFault("proof", "required", "the registered letter's number and the day it came"))
    if len(said["proof"]) > PROOF_LENGTH:
        faults.append(FieldFault("proof", "length", f"at most {PROOF_LENGTH} characters"))
    return faults


def _local_day(row: Row, at: datetime) -> date:
    return local_time(at, row["territory"]).date()


def _check_seen(work: Work, row: Mapping[str, Any]) -> None:
    if work.who.role not in OF_A_BODY:
        check_territory(work.who, row["territory"])
        return
    task = storage.task
    if work.db.scalar(sa.select(task.c.id).where(task.c.id == row["id"], _of_body(work.who))) is None:
        raise NotFoundError("task", row["id"])


def _of_body(who: Principal) -> sa.ColumnElement[bool]:
    """Return the condition for what a training body's people do: tell who does not read, in groups of theirs."""
    task, notice, session, provider = storage.task, storage.notice, storage.session, storage.provider
    body, _slash, trainer = who.scope.partition("/")
    theirs: sa.ColumnElement[bool] = task.c.provider_id.in_(sa.select(provider.c.id).where(provider.c.code == body))
    if who.role == "trainer":
        own = sa.select(notice.c.id).join(session, session.c.id == notice.c.session_id)
        theirs = sa.and_(theirs, task.c.notice_id.in_(own.where(session.c.trainer == trainer)))
    return sa.and_(theirs, task.c.kind == "relay")

"""What all sides of a consultation share: its groups, the lock under which they change, what was said before."""

__all__ = [
    "OPEN",
    "change_state",
    "check_open",
    "consultation_of",
    "found_of",
    "keep",
    "locked",
    "people_in",
    "plain",
    "said_before",
    "stamp",
    "view",
]

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.plan import Plan
from services.scheduler.usecases import swap
from shared.errors import ConflictError, NotFoundError
from shared.work import Work

OPEN = ("waiting", "countered")  # a publication waits for these


def found_of(row: dict[str, Any] | None, run_id: UUID) -> dict[str, Any]:
    """Return the row of a consultation. Raises NotFoundError."""
    if row is None:
        raise NotFoundError("consultation of plan run", run_id)
    return row


def consultation_of(work: Work, run_id: UUID) -> dict[str, Any] | None:
    """Return the consultation of a run, where there is one."""
    return storage.first(work.db, sa.select(storage.consultation).where(storage.consultation.c.run_id == run_id))


def locked(work: Work, run_id: UUID) -> dict[str, Any]:
    """Lock a run without reading its plan; return what says whether it may still be published."""
    run = storage.plan_run
    query = sa.select(run.c.id, run.c.territory, run.c.state, run.c.base_version).where(run.c.id == run_id)
    found = storage.first(work.db, query.with_for_update())
    if found is None:
        raise NotFoundError("plan run", run_id)
    return found


def check_open(work: Work, run: Mapping[str, Any], *, lock: bool = True) -> None:
    """
    Raise ConflictError unless answers to this run still count.

    With `lock`, neither a publication nor another run that is put to the bodies changes that meanwhile.
    """
    storage.territory_version(work.db, run["territory"], lock=lock)
    row = found_of(consultation_of(work, run["id"]), run["id"])
    if row["state"] == "published":
        raise ConflictError("the plan is published", "published")
    if row["state"] == "withdrawn":
        raise ConflictError("the plan was taken back from the training bodies", "consultation_closed")
    swap.check_base(work, run, lock=False)


def view(row: Mapping[str, Any], *, late: bool = False) -> dict[str, Any]:
    """Return a group as it stands in a consultation; `session` is as in a plan, without anybody in it."""
    names = ("id", "run_id", "body", "session_id", "people", "state", "offered", "reason", "actor", "at")
    facts = row["facts"]
    return {name: row[name] for name in names} | {
        "session": facts,
        "training": facts["training"],
        "parts": "+".join(facts["parts"]),
        "site": facts["site"],
        "starts_on": date.fromisoformat(facts["meetings"][0]["day"]),
        "ends_on": date.fromisoformat(facts["meetings"][-1]["day"]),
        "overdue": late and row["state"] == "waiting",
    }


def people_in(plan: Plan, person_of: Mapping[str, str]) -> dict[str, int]:
    """Return how many people sit in each group of a plan; `person_of` says whose a need is."""
    people: dict[str, set[str]] = {one.id: set() for one in plan.sessions}
    for one in plan.placements:
        people[one.session].add(person_of[one.need])
    return {key: len(found) for key, found in people.items()}


def plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said as JSON keeps it."""
    return {name: value if value is None else str(value) for name, value in content.items()}


def said_before(work: Work, consulted_id: UUID, key: UUID, content: Mapping[str, Any]) -> bool:
    """Tell whether the same was said with this id before. Raises ConflictError (`id_reused`)."""
    table = storage.consultation_answer
    before = storage.first(work.db, sa.select(table).where(table.c.id == key))
    if before is None:
        return False
    same = (before["consulted_id"], before["content"], before["actor"]) == (consulted_id, content, work.who.actor)
    if not same:
        raise ConflictError(f"{key} was said with another content", "id_reused")
    return True


def keep(work: Work, consulted_id: UUID, key: UUID, content: Mapping[str, Any]) -> None:
    """Keep what was said of a group."""
    row = {"id": key, "consulted_id": consulted_id, "content": dict(content)} | stamp(work)
    work.db.execute(storage.consultation_answer.insert().values(**row))


def change_state(work: Work, row: Mapping[str, Any], answer_id: UUID, **values: Any) -> None:
    """Let a group stand otherwise, by this answer or decision."""
    changed = values | {"answer_id": answer_id} | stamp(work)
    work.db.execute(storage.consulted.update().where(storage.consulted.c.id == row["id"]).values(**changed))


def stamp(work: Work) -> dict[str, Any]:
    """Return who changes a row, and when."""
    return {"actor": work.who.actor, "at": work.now}

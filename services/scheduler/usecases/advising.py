"""Advice on a run: what one more group, room, trainer or interpreter would give, found in a job of its own."""

__all__ = ["ADVICE_KIND", "advice_job", "ask", "find", "latest", "stop"]

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.advice import advice_from_json, advice_to_json
from services.scheduler.usecases.solving import ask_apart
from shared import jobs
from shared.database import insert_new
from shared.errors import ConflictError, NotFoundError
from shared.jobs import JobContext
from shared.scope import check_territory
from shared.work import Work

ADVICE_KIND = "advice"
PLANNED = ("ready", "published")


def ask(work: Work, run_id: UUID, advice_id: UUID, *, top: int, seconds: int) -> dict[str, Any]:
    """
    Ask what capacity would give to a run that has a plan; the same id and limits again ask once.

    Raises NotFoundError, ForbiddenError, ConflictError (`plan_not_ready`, `id_reused`).
    """
    run = _run(work, run_id)
    limits = {"top": top, "seconds": seconds}
    row = {
        "id": advice_id,
        "run_id": run_id,
        "state": "asked",
        "limits": limits,
        "result": None,
        "actor": work.who.actor,
        "at": work.now,
    }
    known = _row(work, advice_id)
    if known is None:
        if run["state"] not in PLANNED or run["plan"] is None:
            raise ConflictError(f"plan {run_id} is {run['state']}, not ready", "plan_not_ready")
        insert_new(work.db, storage.advice, [row])
        known = _row(work, advice_id)
    if known is None or (known["run_id"], known["limits"]) != (run_id, limits):
        raise ConflictError(f"advice {advice_id} was asked for with other parameters", "id_reused")
    jobs.ask(work, advice_id, ADVICE_KIND, limits)
    return find(work, run_id, advice_id)


def find(work: Work, run_id: UUID, advice_id: UUID) -> dict[str, Any]:
    """Return advice on a run with its job's state and progress. Raises NotFoundError, ForbiddenError."""
    run = _run(work, run_id)
    row = _row(work, advice_id)
    if row is None or row["run_id"] != run["id"]:
        raise NotFoundError("advice", advice_id)
    job = jobs.find(work.db, advice_id)
    return row | {"job": job["state"], "progress": job["progress"], "error": job["error"]}


def latest(work: Work, run_id: UUID) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return a run, and the advice that was asked for last, if any. Raises NotFoundError, ForbiddenError."""
    run = _run(work, run_id)
    table = storage.advice
    query = sa.select(table.c.id).where(table.c.run_id == run_id).order_by(table.c.at.desc(), table.c.id.desc())
    last = work.db.scalar(query.limit(1))
    return run, None if last is None else find(work, run_id, last)


def stop(work: Work, run_id: UUID, advice_id: UUID) -> dict[str, Any]:
    """Stop looking; what has ended stays. Raises NotFoundError, ForbiddenError."""
    find(work, run_id, advice_id)
    jobs.cancel(work, advice_id)
    return find(work, run_id, advice_id)


def advice_job(context: JobContext) -> dict[str, Any]:
    """Find the advice in a subprocess with limits from outside, and keep it; every item was judged there."""
    with context.database.read() as db:
        row = storage.one(db, storage.advice, context.id, "advice")
        run = storage.one(db, storage.plan_run, row["run_id"], "plan run")
    seconds = int(context.params["seconds"])
    options = ["--top", str(context.params["top"]), "--time-limit", str(seconds)]
    given = {"problem": run["problem"], "plan": run["plan"]}
    found = advice_from_json(ask_apart(context, "services.scheduler.solver.advice", given, options, seconds))
    with context.database.begin() as db:
        context.still_mine(db)
        kept = {"state": "ready", "result": advice_to_json(found)}
        db.execute(storage.advice.update().where(storage.advice.c.id == context.id).values(**kept))
    return {"items": len(found.items), "tried": found.tried}


def _run(work: Work, run_id: UUID) -> dict[str, Any]:
    run = storage.one(work.db, storage.plan_run, run_id, "plan run")
    check_territory(work.who, run["territory"])
    return run


def _row(work: Work, advice_id: UUID) -> dict[str, Any] | None:
    return storage.first(work.db, sa.select(storage.advice).where(storage.advice.c.id == advice_id))

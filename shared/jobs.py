"""
Heavy work by job id. The row is the truth: state, progress, cancel and result; a message only wakes a worker.

A worker holds a lease with a fencing token and renews it by a heartbeat; when it dies the lease ends (real time) and
another may take the job. A result that comes with an old token is refused.
"""

__all__ = ["JobContext", "JobKind", "JobLostError", "ask", "cancel", "find", "run_due", "run_job", "wake_abandoned"]

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.clock import Clock, real_now
from shared.database import Database, claim_due
from shared.errors import ConflictError, NotFoundError, ParcoursError
from shared.logs import bind_cause, log
from shared.rights import Principal
from shared.tables import job
from shared.work import Voice, Work

LEASE = timedelta(seconds=30)
HEARTBEAT_SECONDS = 5.0
MOST_ATTEMPTS = 5  # [A] a job that outlives five workers is marked failed: a person looks at it

JobKind = Callable[["JobContext"], dict[str, Any]]


class JobLostError(ParcoursError):
    """Raised inside a job whose lease went to another worker, or that was cancelled. Stop at once; nothing is kept."""

    code = "job_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """What a job's function works with."""

    id: UUID
    params: Mapping[str, Any]
    database: Database
    clock: Clock
    voice: Voice
    token: int
    lost: threading.Event

    def work(self, db: Session) -> Work:
        return Work(
            db=db,
            who=Principal(kind="service", id=self.voice.service, role="service"),
            now=self.clock.now(),
            voice=self.voice,
        )

    def report(self, progress: Mapping[str, Any]) -> None:
        """Keep how far the job is. Raises JobLostError where somebody else holds it now, or it was cancelled."""
        with self.database.begin() as db:
            self._still_mine(db)
            db.execute(job.update().where(job.c.id == self.id).values(progress=dict(progress)))

    def still_mine(self, db: Session) -> None:
        """Check the fencing token inside the transaction that keeps the result. Raises JobLostError."""
        self._still_mine(db)

    def _still_mine(self, db: Session) -> None:
        row = db.execute(sa.select(job.c.state, job.c.token).where(job.c.id == self.id).with_for_update()).one()
        if row.state != "running" or row.token != self.token:
            self.lost.set()
            raise JobLostError(f"job {self.id} is {row.state}, held with token {row.token}")


def ask(work: Work, job_id: UUID, kind: str, params: Mapping[str, Any]) -> None:
    """Queue a job. The same id with the same request again changes nothing; another request raises ConflictError."""
    row = work.db.execute(sa.select(job).where(job.c.id == job_id)).mappings().first()
    if row is not None:
        if row["kind"] != kind or row["params"] != dict(params):
            raise ConflictError(f"job {job_id} was asked for with other parameters", "id_reused")
        return
    work.db.execute(
        job.insert().values(
            id=job_id,
            kind=kind,
            params=dict(params),
            state="queued",
            progress={},
            actor=work.who.actor,
            attempts=0,
            token=0,
            due_at=real_now(),
            asked_at=work.now,
        )
    )
    work.hand_to_workers("run_job", job_id)


def find(db: Session, job_id: UUID) -> Mapping[str, Any]:
    """Return a job's row. Raises NotFoundError."""
    row = db.execute(sa.select(job).where(job.c.id == job_id)).mappings().first()
    if row is None:
        raise NotFoundError("job", job_id)
    return dict(row)


def cancel(work: Work, job_id: UUID) -> None:
    """Stop a job that has not ended; its worker notices at its next report. Ended jobs stay as they are."""
    find(work.db, job_id)
    unended = sa.and_(job.c.id == job_id, job.c.state.in_(("queued", "running")))
    work.db.execute(job.update().where(unended).values(state="cancelled", due_at=None, ended_at=work.now))


def run_job(kinds: Mapping[str, JobKind], database: Database, clock: Clock, voice: Voice, job_id: UUID) -> bool:
    """Take the job's lease and run it here, to its end; say whether the lease could be had."""
    context = _lease(database, clock, voice, job_id)
    if context is None:
        return False
    stop = threading.Event()
    beat = threading.Thread(target=_keep_alive, args=(context, stop), name=f"lease-{job_id}", daemon=True)
    beat.start()
    try:
        with bind_cause(job_id):
            kind = find_kind(kinds, database, job_id)
            result = kind(context)
        _end(context, "done", result=result)
    except JobLostError:
        log.warning("job lost", job=str(job_id))
    except Exception as error:  # noqa: BLE001 - the row carries the failure to whoever asked
        log.exception("job failed", job=str(job_id))
        told = str(error) if isinstance(error, ParcoursError) else f"{type(error).__name__} (see the log, job {job_id})"
        _end(context, "failed", error=told)
    finally:
        stop.set()
        beat.join()
    return True


def find_kind(kinds: Mapping[str, JobKind], database: Database, job_id: UUID) -> JobKind:
    """Return the function that runs this job."""
    with database.read() as db:
        return kinds[find(db, job_id)["kind"]]


def run_due(kinds: Mapping[str, JobKind], database: Database, clock: Clock, voice: Voice) -> int:
    """Run what is queued, or was left by a dead worker (the embedded loop); return how many ran."""
    with database.read() as db:
        ids = db.scalars(sa.select(job.c.id).where(_takeable()).order_by(job.c.due_at)).all()
    return sum(run_job(kinds, database, clock, voice, job_id) for job_id in ids)


def wake_abandoned(work: Work) -> int:
    """Send jobs whose lease has ended to the workers again; return how many."""
    ready = sa.and_(job.c.state == "running", job.c.due_at <= real_now())
    rows = claim_due(work.db, job, ready, limit=20)
    for row in rows:
        work.db.execute(job.update().where(job.c.id == row["id"]).values(due_at=real_now() + LEASE))
        work.hand_to_workers("run_job", row["id"])
    return len(rows)


def _takeable() -> sa.ColumnElement[bool]:
    return sa.and_(job.c.state.in_(("queued", "running")), job.c.due_at <= real_now())


def _lease(database: Database, clock: Clock, voice: Voice, job_id: UUID) -> JobContext | None:
    with database.begin() as db:
        query = sa.select(job).where(job.c.id == job_id, _takeable()).with_for_update(skip_locked=True)
        row = db.execute(query).mappings().first()
        if row is None:
            return None
        if row["attempts"] >= MOST_ATTEMPTS:
            error = f"{MOST_ATTEMPTS} workers died on it"
            db.execute(
                job.update()
                .where(job.c.id == job_id)
                .values(state="failed", error=error, due_at=None, ended_at=clock.now())
            )
            return None
        token = row["token"] + 1
        fresh = {"state": "running", "token": token, "attempts": row["attempts"] + 1, "due_at": real_now() + LEASE}
        db.execute(job.update().where(job.c.id == job_id).values(**fresh))
    return JobContext(
        id=job_id,
        params=row["params"],
        database=database,
        clock=clock,
        voice=voice,
        token=token,
        lost=threading.Event(),
    )


def _keep_alive(context: JobContext, stop: threading.Event) -> None:
    mine = sa.and_(job.c.id == context.id, job.c.token == context.token, job.c.state == "running")
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            with context.database.begin() as db:
                held = db.execute(job.update().where(mine).values(due_at=real_now() + LEASE)).rowcount  # type: ignore[attr-defined]
        except sa.exc.OperationalError:
            continue  # the lease lasts longer than one missed beat
        if not held:
            context.lost.set()
            return


def _end(context: JobContext, state: str, *, result: Mapping[str, Any] | None = None, error: str | None = None) -> None:
    mine = sa.and_(job.c.id == context.id, job.c.token == context.token, job.c.state == "running")
    ended = {"state": state, "result": result, "error": error, "due_at": None, "ended_at": context.clock.now()}
    with context.database.begin() as db:
        db.execute(job.update().where(mine).values(**ended))

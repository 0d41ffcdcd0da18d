"""A service as its processes see it: who it is, its database and clock, what it hears, its jobs and its ticks."""

__all__ = ["Service", "at_rest", "backlog", "do_each"]

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shared import jobs
from shared.clock import Clock
from shared.database import Database, upgrade
from shared.events import Event
from shared.inbox import Handler, Hearer
from shared.logs import log
from shared.rights import service_principal
from shared.seal import KeyRing
from shared.tables import inbox, job, outbox, quarantine
from shared.work import Voice, Work

DONE_AGAIN = 3  # times, after a deadlock
Tick = Callable[["Service"], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """
    The parts of one service, put together in its app.py.

    `ticks` do what falls due by the clock and return how much they did; `due` counts what is due now and not yet done;
    `retell` tells the present state of everything again.
    """

    name: str
    database: Database
    clock: Clock
    voice: Voice
    ring: KeyRing
    migrations: Path
    handlers: Mapping[type[Event], Handler]
    job_kinds: Mapping[str, jobs.JobKind] = field(default_factory=dict)
    ticks: tuple[Tick, ...] = ()
    due: Callable[[Session, Any], int] = lambda _db, _now: 0
    retell: Callable[[Work], int] = lambda _work: 0

    @property
    def hearer(self) -> Hearer:
        return Hearer(
            service=self.name,
            database=self.database,
            handlers=self.handlers,
            voice=self.voice,
            ring=self.ring,
            clock=self.clock,
        )

    def work(self, db: Session) -> Work:
        """Return a unit of work done by the service itself, on the clock's behalf."""
        return Work(db=db, who=service_principal(self.name), now=self.clock.now(), voice=self.voice)

    def surely(self, act: Callable[[Work], object]) -> None:
        """Do what must not be forgotten because two transactions met: in one of its own, again after a deadlock."""
        for left in range(DONE_AGAIN, -1, -1):
            try:
                with self.database.begin() as db:
                    act(self.work(db))
            except OperationalError:
                if not left:
                    raise
                log.warning("done again after a deadlock", service=self.name)
            else:
                return

    def upgrade(self) -> str:
        return upgrade(self.database, self.migrations)

    def tick(self) -> int:
        """Do everything that is due by the clock; return how much was done. Raises as `do_each`."""
        return do_each(partial(tick, self) for tick in self.ticks)


def do_each(chores: Iterable[Callable[[], int]]) -> int:
    """
    Do every chore, also those after one that fails; return how much was done.

    Raises ExceptionGroup of what failed once all were tried, and OperationalError at once: without a database none can.
    """
    done, failures = 0, []
    for chore in chores:
        try:
            done += chore()
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - what one chore stumbles on must not keep the others from their work
            failures.append(error)
    if failures:
        raise ExceptionGroup("chores failed", failures)
    return done


def at_rest(service: Service) -> bool:
    """Say whether nothing waits to be sent, heard or done in this service: `backlog` without its counts."""
    with service.database.read() as db:
        unsent = db.scalar(sa.select(outbox.c.seq).where(outbox.c.sent_at.is_(None)).limit(1))
        unheard = db.scalar(sa.select(inbox.c.event_id).where(inbox.c.state == "retry").limit(1))
        return unsent is None and unheard is None and not service.due(db, service.clock.now())


def backlog(service: Service) -> dict[str, Any]:
    """
    Count what still has to happen: nothing anywhere, and as many told as heard, means that the house is at rest.

    `told` and `heard` count events by the other service, ever; a broker's queue depth is never asked (it lies after a
    restart).
    """
    with service.database.read() as db:
        unsent = db.scalar(sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None)))
        waiting = db.scalar(sa.select(sa.func.count()).select_from(inbox).where(inbox.c.state.in_(("retry", "trying"))))
        running = db.scalar(sa.select(sa.func.count()).select_from(job).where(job.c.state.in_(("queued", "running"))))
        bad = db.scalar(sa.select(sa.func.count()).select_from(quarantine))
        told: dict[str, int] = {}
        rows = db.execute(
            sa.select(outbox.c.hearers, sa.func.count()).where(outbox.c.kind == "event").group_by(outbox.c.hearers)
        )
        for hearers, count in rows:
            for hearer in hearers.split():
                told[hearer] = told.get(hearer, 0) + count
        heard_by = sa.select(inbox.c.source, sa.func.count()).group_by(inbox.c.source)
        heard = {source: int(count) for source, count in db.execute(heard_by)}
        return {
            "service": service.name,
            "outbox": unsent or 0,
            "inbox": waiting or 0,
            "jobs": running or 0,
            "due": service.due(db, service.clock.now()),
            "quarantine": bad or 0,
            "told": told,
            "heard": heard,
        }

"""
The embedded wire: one process reads each service's outbox and closes a row only when every hearer's inbox holds it.

The outbox is the only truth (kombu's in-process transports lose un-acknowledged messages on a kill: measured), so a
kill at any moment only makes rows come again, and the inbox takes each once.
"""

__all__ = ["Dispatcher"]

import threading
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from shared import inbox as ear
from shared import jobs
from shared.clock import real_now
from shared.logs import log
from shared.service import Service, do_each
from shared.tables import outbox

BATCH = 200
IDLE_SECONDS = (0.02, 0.25)  # busy, idle


class Dispatcher:
    """Moves events between the services of this process and does what is due."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services: Mapping[str, Service] = {service.name: service for service in services}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def step(self) -> int:
        """Move what is there and do what is due, once; return how much was done. Safe from any thread."""
        with self._lock:
            done = moved = sum(self._move(service) for service in self._services.values())
            while moved:  # all that was told is heard before anything is done about it: one message, not two
                moved = sum(self._move(service) for service in self._services.values())
                done += moved
            for service in self._services.values():
                done += ear.retry_due(service.hearer)
            return done + do_each(service.tick for service in self._services.values())

    def run_jobs(self) -> int:
        """Run the jobs that wait, here and now."""
        return sum(
            jobs.run_due(service.job_kinds, service.database, service.clock, service.voice)
            for service in self._services.values()
            if service.job_kinds
        )

    def start(self) -> None:
        """Run in the background until `stop`: one thread for the wire, one for jobs."""
        for work, name in ((self.step, "dispatcher"), (self.run_jobs, "jobs")):
            thread = threading.Thread(target=self._loop, args=(work,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def _loop(self, work: object) -> None:
        busy, idle = IDLE_SECONDS
        wait = busy
        while not self._stop.wait(wait):
            try:
                wait = busy if work() else min(idle, wait * 2)  # type: ignore[operator]
            except Exception:  # noqa: BLE001 - the loop is what repairs: it must outlive any one failure
                log.exception("dispatcher step failed")
                wait = idle

    def _move(self, service: Service) -> int:
        with service.database.read() as db:
            query = sa.select(outbox).where(outbox.c.sent_at.is_(None)).order_by(outbox.c.seq).limit(BATCH)
            rows = db.execute(query).mappings().all()
        if not rows:
            return 0
        for name, hearer in self._services.items():
            bodies = [row["body"] for row in rows if row["kind"] == "event" and name in row["hearers"].split()]
            if bodies:
                ear.hear(hearer.hearer, bodies)
        with service.database.begin() as db:
            db.execute(outbox.update().where(outbox.c.seq.in_([row["seq"] for row in rows])).values(sent_at=real_now()))
        return len(rows)

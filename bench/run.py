"""
Measurements of the kernel, side by side with the bare limit of the same machine in the same run.

`make bench` prints a table and writes bench/results/local/kernel.json. Machines are noisy: read the ratios.
"""

import json
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from services.attendance.app import MIGRATIONS as ATTENDANCE
from services.scheduler.app import MIGRATIONS as SCHEDULER
from shared.clock import SystemClock
from shared.database import Database, upgrade
from shared.dispatcher import Dispatcher
from shared.events import RollSigned
from shared.ids import new_id
from shared.rights import service_principal
from shared.seal import KeyRing
from shared.service import Service
from shared.work import Voice, Work

ROWS = 2000
KEYS = {name: bytes([n]) * 32 for n, name in enumerate(("scheduler", "attendance", "notifications"), 1)}


def rate(count, begun):
    return count / (time.perf_counter() - begun)


def bare_sqlite(folder):
    """Insert one row a commit with the standard library: the limit."""
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id TEXT, body TEXT)"
        )
        begun = time.perf_counter()
        for n in range(ROWS):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t VALUES (?, ?)", (str(n), "x" * 500))
            connection.execute("COMMIT")
        return rate(ROWS, begun)


def service(name, folder, migrations, handlers):
    database = Database(f"sqlite:///{folder / name}.db")
    upgrade(database, migrations)
    return Service(
        name=name, database=database, clock=SystemClock(), voice=Voice(name, KEYS), ring=KeyRing(KEYS[name]),
        migrations=migrations, handlers=handlers,
    )  # fmt: skip


def tell(teller, batch):
    """Tell events, `batch` in each commit."""
    begun = time.perf_counter()
    for _ in range(ROWS // batch):
        with teller.database.begin() as db:
            who = service_principal("bench")
            work = Work(db=db, who=who, now=datetime.now(UTC), voice=teller.voice)
            work.tell(
                *(RollSigned(meeting_id=new_id(), session_id=new_id(), present=1, absent=0) for _ in range(batch))
            )
    return rate(ROWS // batch * batch, begun)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        heard = []
        teller = service("attendance", folder, ATTENDANCE, {})
        hearer = service("scheduler", folder, SCHEDULER, {RollSigned: lambda _work, event: heard.append(event)})
        limit = bare_sqlite(folder)
        measured = [
            ("bare sqlite3, one row a commit", limit),
            ("outbox, one event a commit", tell(teller, 1)),
            ("outbox, 100 events a commit", tell(teller, 100)),
        ]
        dispatcher = Dispatcher((teller, hearer))
        begun = time.perf_counter()
        while dispatcher.step():
            pass
        measured.append(("embedded wire, outbox to effect", rate(len(heard), begun)))
        assert len(heard) == ROWS * 2, "an event was lost"
    table = Table("measured", "per second", "ratio to the bare limit")
    for words, value in measured:
        table.add_row(words, f"{value:,.0f}", f"{value / limit:.2f}")
    Console().print(table)
    results = Path(__file__).parent / "results" / "local"
    results.mkdir(parents=True, exist_ok=True)
    (results / "kernel.json").write_text(json.dumps({words: round(value, 1) for words, value in measured}, indent=1))


if __name__ == "__main__":
    main()

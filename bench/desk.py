"""
The interview desk against a nation's published plan, on PostgreSQL: how long somebody waits for their dates.

One department's month is planned and published, then copied to every other department, so that the tables have a
nation's size; 20 desks then serve people of one department, one after the other and all at once. `make bench-desk`
prints a table and writes bench/results/local/desk.json. Machines are noisy: the bare line is the same machine in the
same run, one read of as many rows as a department has seats.
"""

import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid5

import psycopg
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from parcours.sample.files import write_month
from parcours.sample.generator import generate_month
from services.scheduler import storage
from services.scheduler.usecases import desk
from shared.communes import departments
from shared.errors import ConflictError
from shared.ids import new_id
from tests.integration.desk.counter import AUDITOR, Counter
from tests.servers import private_servers

HERE, PEOPLE, NEWCOMERS, DESKS = "93", 300, 400, 20
COPIED = ("signatory", "contract", "need", "offer_item", "session", "meeting", "placement", "seat_time")
BATCH = 2000


def main():
    servers = private_servers()
    try:
        with tempfile.TemporaryDirectory() as folder:
            measured = measure(servers, Path(folder))
    finally:
        servers.stop()
    table = Table("measured", "median ms", "p99 ms", "calls")
    for name, row in measured.items():
        table.add_row(name, f"{row['median_ms']:.1f}", f"{row['p99_ms']:.1f}", str(row["calls"]))
    Console().print(table)
    results = Path(__file__).parent / "results" / "local"
    results.mkdir(parents=True, exist_ok=True)
    (results / "desk.json").write_text(json.dumps(measured, indent=1))


def measure(servers, folder):
    admin = sa.make_url(servers.database_url)
    with psycopg.connect(admin.set(drivername="postgresql").render_as_string(False), autocommit=True) as connection:
        connection.execute("CREATE DATABASE parcours_bench_desk")
    counter = Counter(folder, admin.set(database="parcours_bench_desk").render_as_string(False))
    first = generate_month(HERE, PEOPLE, date(2025, 3, 1), 1, "cir-2019")
    write_month(first, folder / "month")
    counter.send("offer", "offre.xlsx", (folder / "month" / "offre.xlsx").read_bytes())
    counter.send("intake", "signataires.xlsx", (folder / "month" / "signataires.xlsx").read_bytes())
    counter.clock.set(datetime(2025, 4, 1, 9, tzinfo=UTC))
    counter.publish(counter.plan(work_limit=30))
    copies = [code for code in departments() if code != HERE]
    copy(counter, copies)
    newcomers = generate_month(HERE, NEWCOMERS, date(2025, 3, 1), 2, "cir-2019")
    write_month(newcomers, folder / "later")
    text = (folder / "later" / "signataires.csv").read_text("utf-8-sig").replace("93-2025-", "93-LATER-")
    counter.send("intake", "signataires.csv", text.encode("utf-8-sig"))
    with counter.service.database.read() as db:
        people = list(
            db.scalars(sa.select(storage.signatory.c.id).where(storage.signatory.c.reference.like("93-LATER-%")))
        )
        rows = db.scalar(sa.select(sa.func.count()).select_from(storage.placement))
    Console().print(f"{len(copies) + 1} departments, {rows} seats given, {len(people)} people come to the desk")
    counter.service.database.engine.connect().exec_driver_sql("ANALYZE")
    serve(counter, people[0], [])  # a process that has just started takes the groups apart once
    alone, together = [], []
    for person in people[1:200]:
        serve(counter, person, alone)
    with ThreadPoolExecutor(DESKS) as desks:
        list(desks.map(lambda person: serve(counter, person, together), people[200:]))
    assert counter.crowded() == {}, "a seat was given twice"
    found = {
        f"bare read of {PEOPLE * 4} rows": timed_reads(counter),
        "one desk: dates shown, seats held": summed([one for one, _ in alone]),
        "one desk: dates given": summed([two for _, two in alone if two is not None]),
        f"{DESKS} desks at once: dates shown, seats held": summed([one for one, _ in together]),
        f"{DESKS} desks at once: dates given": summed([two for _, two in together if two is not None]),
    }
    counter.close()
    return found


def serve(counter, person, times):
    """Serve somebody: show, then give the first itinerary to every other person; keep the seconds of both."""
    begun = time.perf_counter()
    try:
        shown = counter.do(desk.show, new_id(), person, who=AUDITOR)
    except ConflictError:
        return
    seen = time.perf_counter()
    given = None
    if shown["itineraries"] and shown["id"].int % 2:
        counter.do(desk.take, shown["id"], 1, who=AUDITOR)
        given = time.perf_counter() - seen
    else:
        counter.do(desk.release, shown["id"], who=AUDITOR)
    times.append((seen - begun, given))


def copy(counter, codes):
    """Copy the department's rows to the others, each with ids, codes and references of its own."""
    with counter.service.database.read() as db:
        known = {name: storage.rows(db, sa.select(getattr(storage, name))) for name in COPIED}
    run = known["session"][0]["run_id"]
    for code in codes:
        with counter.service.database.begin() as db:
            for name in COPIED:
                rows = [moved(row, name, code, run) for row in known[name]]
                for start in range(0, len(rows), BATCH):
                    db.execute(getattr(storage, name).insert(), rows[start : start + BATCH])


def moved(row, name, code, run):
    space = UUID(int=int.from_bytes(code.encode().ljust(16, b"\0")))
    changed = {key: uuid5(space, str(value)) if isinstance(value, UUID) else value for key, value in row.items()}
    if "territory" in changed:
        changed["territory"] = code
    if name == "signatory":
        changed["reference"] = f"{code}-{row['reference']}"
    if name == "session":
        changed["run_id"] = run
    if name == "meeting":
        changed |= {"room": f"{code}-{row['room']}", "trainer": f"{code}-{row['trainer']}"}
    return changed


def timed_reads(counter):
    times = []
    with counter.service.database.read() as db:
        for _ in range(200):
            begun = time.perf_counter()
            db.execute(sa.select(storage.placement.c.id).limit(PEOPLE * 4)).all()
            times.append(time.perf_counter() - begun)
    return summed(times)


def summed(times):
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"median_ms": 1000 * cuts[49], "p99_ms": 1000 * cuts[98], "calls": len(times)}


if __name__ == "__main__":
    main()

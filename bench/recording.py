"""
Recording rolls under load, on PostgreSQL: marks a second, processor time a mark, and that nothing is lost.

Trainers' devices send rolls of twenty, signed and sealed, through HTTP; beside it, in the same run and behind the same
server, a bare Flask and psycopg insert of the same rows. `make bench-recording` prints a table and writes
bench/results/local/recording.json. Machines are noisy: read the ratios.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import httpx
import psycopg
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from services.attendance import storage
from services.attendance.app import MIGRATIONS
from services.attendance.settings import Settings
from shared.clock import FileClock
from shared.database import Database, upgrade
from shared.ids import derived_id, new_id
from shared.rights import Principal
from shared.tables import outbox
from shared.web.tokens import TokenSigner
from tests.servers import private_servers

SEATS, MEETINGS = 20, 20  # people of a group, half-days of a group
DEVICES = 8
FIRST = date(2025, 4, 7)
BODIES = 10
SIDE_BY_SIDE = {"workers": 2, "threads": 4}


def furnish(database, rolls):
    """Fill the database with groups; return the body and meeting of each roll, with the people who sit there."""
    sites, people, seats, meetings, sessions, contracts, found = [], [], [], [], [], [], []
    bodies = [derived_id("bench body", n) for n in range(BODIES)]
    sites = [{"id": derived_id("bench site"), "label": "Centre", "commune": "Bobigny", "zone": "Europe/Paris"}]
    for group in range(rolls // MEETINGS):
        session = derived_id("bench session", group)
        body = group % BODIES
        last = FIRST + timedelta(days=MEETINGS)
        sessions.append(
            {"id": session, "provider_id": bodies[body], "site_id": sites[0]["id"], "training": "language",
             "package": "100", "trainer": "T1", "state": "open", "ends_on": last}
        )  # fmt: skip
        members = [derived_id("bench person", group, n) for n in range(SEATS)]
        for n, member in enumerate(members):
            contract = derived_id("bench contract", group, n)
            people.append(
                {"id": member, "reference": f"B-{group}-{n}", "territory": "93", "name": f"Person {n}", "alias": ""}
            )
            contracts.append(
                {"id": contract, "signatory_id": member, "territory": "93", "state": "running", "signed_on": FIRST,
                 "term_on": FIRST + timedelta(days=364), "stale": False,
                 "rules": {"civic_days_required": 3, "assiduity_percent": 80, "review_lead_days": 60,
                           "unexplained_in_a_row": 4},
                 "owed": [{"training": "language", "part": "100", "minutes": 6000, "quickest_days": 28}]}
            )  # fmt: skip
            seats.append(
                {"id": derived_id("bench seat", group, n), "contract_id": contract, "signatory_id": member,
                 "session_id": session, "part": "100", "joins_on": FIRST, "state": "active"}
            )  # fmt: skip
        for n in range(MEETINGS):
            meeting = derived_id("bench meeting", group, n)
            meetings.append(
                {"id": meeting, "session_id": session, "held_on": FIRST + timedelta(days=n), "slot": "morning",
                 "starts_at": clock_time(9), "minutes": 180, "part": "100"}
            )  # fmt: skip
            found.append((body, meeting, members))
    providers = [{"id": key, "code": f"BODY{n}", "label": f"Body {n}"} for n, key in enumerate(bodies)]
    with database.begin() as db:
        for table, rows in (
            (storage.provider, providers), (storage.site, sites), (storage.session, sessions),
            (storage.meeting, meetings), (storage.signatory, people), (storage.contract, contracts),
            (storage.placement, seats),
        ):  # fmt: skip
            for first in range(0, len(rows), 2000):
                db.execute(table.insert(), rows[first : first + 2000])
    return found


def roll_body(meeting, members):
    marks = [
        {"id": str(new_id()), "signatory_id": str(member)}
        | ({"status": "present", "act": "qr", "source": "product", "proof_ref": f"s{n}"} if n % 7 else
           {"status": "absent_unexplained"})
        for n, member in enumerate(members)
    ]  # fmt: skip
    return {"rolls": [{"meeting_id": str(meeting), "marks": marks, "sign": True}]}


class Server:
    """One gunicorn with its workers: its address, and the processor time that they have used."""

    def __init__(self, application, environ, probe):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = [f"--{name}={value}" for name, value in SIDE_BY_SIDE.items()]
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", *options, application]
        self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environ, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}"
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if httpx.get(self.url + probe).status_code < 500:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise SystemExit(f"{application} did not start")

    def cpu(self):
        """Return the seconds of processor time of the workers so far."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ticks = 0
        for pid in children:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def load(server, requests):
    """Send every request from a few devices at once; return what was measured."""
    clients = [httpx.Client(base_url=server.url, timeout=60) for _ in range(DEVICES)]
    before, begun, kept = server.cpu(), time.perf_counter(), 0

    def send(device):
        done = 0
        for path, body, headers in requests[device::DEVICES]:
            answer = clients[device].post(path, json=body, headers=headers)
            answer.raise_for_status()
            found = answer.json()
            done += (
                found["kept"]
                if "kept" in found
                else sum(one["state"] == "kept" for one in found["rolls"][0]["results"])
            )
        return done

    with ThreadPoolExecutor(DEVICES) as pool:
        kept = sum(pool.map(send, range(DEVICES)))
    seconds, used = time.perf_counter() - begun, server.cpu() - before
    for client in clients:
        client.close()
    return {"marks": kept, "per_second": round(kept / seconds, 1), "cpu_us_a_mark": round(used / kept * 1e6, 1)}


def measure(servers, folder, rolls):
    admin = sa.make_url(servers.database_url)
    plain = admin.set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(False), autocommit=True) as connection:
        connection.execute("CREATE DATABASE parcours_bench_recording")
    url = admin.set(database="parcours_bench_recording").render_as_string(False)
    environ = {
        "PARCOURS_VAR": str(folder), "PARCOURS_CLOCK_FILE": str(folder / "clock"), "PARCOURS_DEMO": "yes",
        "PARCOURS_ATTENDANCE_DATABASE_URL": url,
    }  # fmt: skip
    settings = Settings.from_env(environ)
    FileClock(folder / "clock").set(datetime(2025, 6, 30, 18, tzinfo=UTC))
    database = Database(url)
    upgrade(database, MIGRATIONS)
    wanted = furnish(database, rolls)
    signer = TokenSigner(settings.common.token_key)
    requests = []
    tokens = [
        signer.sign(Principal(kind="person", id=f"b{n}", role="provider_manager", scope=f"BODY{n}"), new_id())
        for n in range(BODIES)
    ]
    for body, meeting, members in wanted:
        headers = {"Authorization": f"Bearer {tokens[body]}"}
        requests.append(("/attendance/api/v1/rolls/marks", roll_body(meeting, members), headers))
    bare_url = plain.set(database="parcours_bench_recording").render_as_string(False)
    with psycopg.connect(bare_url, autocommit=True) as connection:
        from bench.peers.bare_marks import TABLE

        connection.execute(TABLE)
    results = {}
    for name, application, extra, probe, path in (
        ("bare Flask + psycopg", "bench.peers.bare_marks:app", {"BARE_DATABASE": bare_url}, "/", "/marks"),
        ("Parcours, signed and sealed", "parcours.wsgi:attendance()", environ, "/attendance/health", None),
    ):
        server = Server(application, extra, probe)
        try:
            results[name] = load(server, [(path or one[0], one[1], one[2]) for one in requests])
        finally:
            server.stop()
    with database.read() as db:
        out = {
            "marks": db.scalar(sa.select(sa.func.count()).select_from(storage.mark)),
            "half_days_counted": db.scalar(sa.select(sa.func.count()).select_from(storage.presence)),
            "rolls_sealed": db.scalar(sa.select(sa.func.count()).select_from(storage.seal)),
            "events_told": db.scalar(sa.select(sa.func.count()).select_from(outbox)),
        }
    assert out["marks"] == out["half_days_counted"] == len(wanted) * SEATS, "a mark was lost"
    assert out["rolls_sealed"] == len(wanted), "a roll was lost"
    database.dispose()
    return results, out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rolls", type=int, default=5000)
    options = parser.parse_args()
    servers = private_servers()
    try:
        with tempfile.TemporaryDirectory() as folder:
            results, out = measure(servers, Path(folder), options.rolls)
    finally:
        servers.stop()
    bare = results["bare Flask + psycopg"]
    table = Table("recording", "marks a second", "ratio", "processor time a mark", "ratio")
    for name, row in results.items():
        table.add_row(
            name, f"{row['per_second']:,.0f}", f"{row['per_second'] / bare['per_second']:.2f}",
            f"{row['cpu_us_a_mark']:,.0f} µs", f"{row['cpu_us_a_mark'] / bare['cpu_us_a_mark']:.2f}",
        )  # fmt: skip
    Console().print(table)
    print(f"count in {options.rolls * SEATS}, count out {out}")
    path = Path(__file__).parent / "results" / "local"
    path.mkdir(parents=True, exist_ok=True)
    (path / "recording.json").write_text(json.dumps({"measured": results, "count_out": out}, indent=1))


if __name__ == "__main__":
    main()

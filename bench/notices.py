"""
Notices under load: from the event heard to the gateway's acceptance, beside a bare loop that makes the same sends.

Embedded (SQLite, one process) and two workers on PostgreSQL; by an HTTP gateway and by SMTP; then reminders that all
fall due in the same minute. Gateway and mail server are processes of their own on loopback that take everything. The
bare loops send the very texts that were sent, in the same run. `make bench` prints a table and writes
bench/results/local/notices.json. Machines are noisy: read the ratios.
"""

import argparse
import json
import os
import smtplib
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import httpx
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from services.notifications import storage
from shared.ids import derived_id
from tests.integration.notifications.office import PARTS, Office
from tests.servers import free_port, private_servers, wait_for_port

LANES = 8  # calls at once, ours and the bare loop's
WORKERS = 2
REMINDED_AT = datetime(2025, 3, 11, 8, 0, 30, tzinfo=UTC)  # two days before, 09:00 in Paris


GATEWAY = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        said = b'{"reference": "r"}'
        head = f"HTTP/1.1 202 Accepted\\r\\nContent-Length: {len(said)}\\r\\n\\r\\n".encode()
        self.wfile.write(head + said)
    def log_message(self, *args): pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Door).serve_forever()
"""
MAILBOX = """
import sys, time
from aiosmtpd.controller import Controller
class Box:
    async def handle_DATA(self, server, session, envelope): return "250 kept"
Controller(Box(), hostname="127.0.0.1", port=int(sys.argv[1])).start()
time.sleep(9999)
"""
WORKER = """
import sys, time
from pathlib import Path
from tests.integration.notifications.office import Office
office = Office(Path(sys.argv[1]), sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
idle = 0
while idle < 20:
    idle = 0 if office.service.tick() else idle + 1
    time.sleep(0.01 if idle else 0)
"""


@contextmanager
def a_process(code, *arguments, port=None, **options):
    process = subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, **options)
    try:
        if port:
            wait_for_port(port, 20)
        yield process
    finally:
        process.kill()
        process.wait()


def invite(office, people):
    """Hear what a publication tells: a group, its people, their seats on two days."""
    office.hear(office.site(), office.session())
    for first in range(0, people, 100):
        keys = [(n, derived_id("person", n)) for n in range(first, min(first + 100, people))]
        office.hear(
            *[
                office.person(key, alias=f"Rose {n}", phone=f"+336{n:08d}", email=f"p{n}@example.org",
                              channel=office.channel, reading_language="fr", spoken=("fr",))
                for n, key in keys
            ]
        )  # fmt: skip
        office.hear(*[office.seat(part, key) for _n, key in keys for part in PARTS])


def sent(office, moment=""):
    table = storage.notice
    mine = sa.and_(table.c.state == "accepted", table.c.moment == moment)
    with office.service.database.read() as db:
        return db.scalar(sa.select(sa.func.count()).where(mine))


def run_embedded(office):
    while office.service.tick():
        pass


def run_workers(folder, url, environ):
    """Let two processes send until both find nothing more; return the seconds from the start signal."""
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": os.environ | environ, "text": True}
    with a_process(WORKER, folder, url, **options) as one, a_process(WORKER, folder, url, **options) as two:
        for process in (one, two):
            process.stdout.readline()
        start = time.perf_counter()
        for process in (one, two):
            process.stdin.write("\n")
            process.stdin.flush()
        for process in (one, two):
            process.wait()
        return time.perf_counter() - start - 0.2  # the idle rounds at the end


def texts_of(office):
    with office.service.database.read() as db:
        rows = db.execute(sa.select(storage.notice.c.id, storage.notice.c.text).where(storage.notice.c.text != ""))
        return [(str(key), text) for key, text in rows]


def bare_http(url, texts, lanes):
    def one(message):
        key, text = message
        body = {"id": key, "to": "+33612345678", "from": "FORMATION", "text": text, "alphabet": "gsm7", "receipts": ""}
        client.post(url, json=body, headers={"Idempotency-Key": key}).raise_for_status()

    start = time.perf_counter()
    with httpx.Client(trust_env=False) as client, ThreadPoolExecutor(lanes) as pool:
        list(pool.map(one, texts))
    return len(texts) / (time.perf_counter() - start)


def bare_smtp(port, texts):
    start = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for key, text in texts:
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "f@e.org", "t@e.org", "Dates", f"<{key}@e>"
            mail.set_content(text)
            server.send_message(mail)
    return len(texts) / (time.perf_counter() - start)


def measure(console, people, reminders):
    rows = []
    servers = private_servers()
    gateway_port, mail_port = free_port(), free_port()
    ways = {
        "sms": {"PARCOURS_SMS": f"json+http://:key@127.0.0.1:{gateway_port}/sms"},
        "email": {"PARCOURS_MAIL": "smtp", "PARCOURS_SMTP_URL": f"smtp://127.0.0.1:{mail_port}"},
    }
    try:
        with a_process(GATEWAY, gateway_port, port=gateway_port), a_process(MAILBOX, mail_port, port=mail_port):
            for channel, environ in ways.items():
                for mode in ("embedded", "2 workers"):
                    for what, count in (("convocations", people), ("reminders", reminders)):
                        if what == "reminders" and channel == "email":
                            continue
                        ports = gateway_port, mail_port
                        rows.append(one_run(servers, channel, environ, mode=mode, what=what, count=count, ports=ports))
                        console.print(rows[-1])
    finally:
        servers.stop()
    return rows


def one_run(servers, channel, environ, *, mode, what, count, ports):
    gateway_port, mail_port = ports
    with tempfile.TemporaryDirectory() as folder:
        url = None
        if mode != "embedded":
            url = a_database(servers)
        office = Office(Path(folder), url, **environ)
        office.channel = channel
        invite(office, count)
        if what == "reminders":
            office.service.tick()  # the seats are looked at, and the convocations leave to files
            quiet = Office(Path(folder), url)
            run_embedded(quiet)
            office.clock.set(REMINDED_AT)
        moment = "two_days" if what == "reminders" else ""
        before = sent(office, moment)
        start = time.perf_counter()
        if url:
            seconds = run_workers(folder, url, environ)
        else:
            run_embedded(office)
            seconds = time.perf_counter() - start
        done = sent(office, moment) - before
        texts = texts_of(office)[:count]
        bare = bare_smtp(mail_port, texts) if channel == "email" else None
        one, eight = (
            (None, None) if bare else (bare_http(f"http://127.0.0.1:{gateway_port}/sms", texts, n) for n in (1, LANES))
        )
        office.service.database.dispose()
    bare = bare or max(one, eight)
    return {
        "what": what, "channel": channel, "mode": mode, "asked": count, "sent": done, "seconds": round(seconds, 2),
        "a_second": round(done / seconds, 1), "bare_a_second": round(bare, 1), "ratio": round(done / seconds / bare, 3),
    }  # fmt: skip


def a_database(servers):
    """Return the address of a new database on the bench's own server."""
    name = f"bench_{os.getpid()}_{time.monotonic_ns()}"
    engine = sa.create_engine(servers.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return sa.make_url(servers.database_url).set(database=name).render_as_string(hide_password=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--reminders", type=int, default=10_000)
    asked = parser.parse_args()
    console = Console()
    rows = measure(console, asked.people, asked.reminders)
    table = Table(title="Notices, from event to gateway accepted")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), justify="right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    console.print(table)
    folder = ROOT / "bench" / "results" / "local"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "notices.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()

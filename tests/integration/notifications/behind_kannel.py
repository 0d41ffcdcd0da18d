"""
Debian's Kannel with its fake carrier and the notifications service, all in one network namespace of their own.

Kannel's fake-carrier port listens everywhere; in here everywhere is nowhere. Run by test_kannel.py as
`unshare --net … python -m tests.integration.notifications.behind_kannel FOLDER SCENARIO`; prints what was seen as JSON.
"""

import json
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from werkzeug.serving import make_server

from services.notifications import storage
from services.notifications.app import create_app, open_post
from services.notifications.domain.messages import SmsMessage
from services.notifications.domain.sms import segments
from services.notifications.gateways import open_sms
from services.notifications.settings import read_gateways
from shared.ids import derived_id
from shared.web.frame import mount
from tests.integration.notifications.office import PARTS, an_office
from tests.servers import wait_for_port

SENDSMS, WEB = 13013, 18000
FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
URL = f"kannel+http://tester:secret@127.0.0.1:{SENDSMS}/cgi-bin/sendsms"
CONF = """
group = core
admin-port = 13000
admin-password = x
smsbox-port = 13001
box-allow-ip = 127.0.0.1
log-file = "{folder}/bearerbox.log"
store-type = file
store-location = "{folder}/kannel.store"

group = smsc
smsc = fake
smsc-id = FAKE
port = 10000
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
log-file = "{folder}/smsbox.log"

group = sendsms-user
username = tester
password = secret
concatenation = true
max-messages = 20

group = sms-service
keyword = default
get-url = "{replies}?from=%p&text=%a&id=%I"
max-messages = 0
"""
GOT = re.compile(r"Got message \d+: <\S+ (\S+) (text|udh|data|ucs2) ")
RANDOM_CHARACTERS = "aé€[]{}ç’…ا한ж \n"


class Room:
    """Kannel, its carrier and our pages; each can be started and ended."""

    def __init__(self, folder):
        self.folder, self.running = Path(folder), {}

    def start(self, *names):
        commands = {
            "bearerbox": ["bearerbox", str(self.folder / "kannel.conf")],
            "smsbox": ["smsbox", str(self.folder / "kannel.conf")],
            "carrier": [FAKESMSC, "-H", "127.0.0.1", "-r", "10000", "-i", "0.2", "-m", "0", "1 2 text nothing"],
        }
        ports = {"bearerbox": 13001, "smsbox": SENDSMS}
        for name in names:
            log = (self.folder / f"{name}.out").open("ab")
            self.running[name] = subprocess.Popen(commands[name], stdout=log, stderr=log)
            if name in ports:
                wait_for_port(ports[name], 20)
        time.sleep(0.5)

    def says(self, sender, text):
        """Somebody sends an SMS to us, over the one connection that the fake carrier has."""
        if "carrier" in self.running:
            self.kill("carrier")
        command = [FAKESMSC, "-H", "127.0.0.1", "-r", "10000", "-m", "1", f"{sender} 100 text {text}"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as phone:
            time.sleep(2)
            phone.terminate()

    def kill(self, *names):
        for name in names:
            self.running.pop(name).kill()

    def carried(self):
        """Return how many parts the carrier got, by number."""
        log = (self.folder / "carrier.out").read_text(errors="replace")
        return Counter(number for number, _kind in GOT.findall(log))

    def end(self):
        for process in reversed(self.running.values()):
            process.kill()
            process.wait()


@contextmanager
def a_room(folder):
    environ = {"PARCOURS_SMS": f"{URL}?receipts=yes&replies=yes", "PARCOURS_PUBLIC_URL": f"http://127.0.0.1:{WEB}"}
    with an_office(Path(folder), **environ) as office:
        room = Room(folder)
        post = open_post(office.settings)
        conf = CONF.format(folder=folder, sendsms=SENDSMS, replies=post.callbacks["replies"])
        (room.folder / "kannel.conf").write_text(conf)
        app = mount(None, {"/notices": create_app(office.settings, office.service)})
        server = make_server("127.0.0.1", WEB, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        room.start("bearerbox", "smsbox", "carrier")
        try:
            yield office, room
        finally:
            room.end()
            server.shutdown()


def until(true, seconds=20):
    ends = time.monotonic() + seconds
    while not true() and time.monotonic() < ends:
        time.sleep(0.1)


def phones(count):
    return [f"06123456{n:02d}" for n in range(count)]


def invite(office, count):
    """Invite people who read French, Arabic and Chinese."""
    office.hear(office.site(), office.session())
    for n, phone in enumerate(phones(count)):
        key = derived_id("person", n)
        language = ("fr", "ar")[n % 2]
        person = {"spoken": (language,), "reading_language": language, "phone": phone, "email": ""}
        office.hear(office.person(key, alias=f"Rose {n}", **person), *[office.seat(part, key) for part in PARTS])
    office.run()


def states(office):
    return Counter(one["state"] for one in office.notices())


def delivers(folder):
    """People are invited; the carrier takes everything and says so; one answers with the code, one says stop."""
    with a_room(folder) as (office, room):
        invite(office, 20)
        until(lambda: states(office)["delivered"] == 20)
        kinds = Counter(one["error"] for one in office.rows(storage.receipt, storage.receipt.c.heard_at))
        codes = {one["reply_code"]: one["person_id"] for one in office.notices()}
        first = next(code for code, person in codes.items() if person == derived_id("person", 0))
        room.says("+33612345600", first)
        room.says("+33612345601", "STOP")
        room.says("+33612345602", "what is this?")
        room.says("+33699999999", first)
        until(lambda: len(office.rows(storage.reply, storage.reply.c.heard_at)) == 4)
        replies = office.rows(storage.reply, storage.reply.c.heard_at)
        tasks = office.rows(storage.task, storage.task.c.kind)
        sizes = {one["segments"] for one in office.notices()}
        parts = Counter(room.carried().values())
        return {
            "states": states(office),
            "receipts": kinds,
            "attempts": Counter(outcome for _channel, outcome in office.attempts()),
            "parts": sum(count * size for size, count in parts.items()),
            "segments": sum(one["segments"] for one in office.notices()),
            "sizes": sorted(sizes),
            "replies": Counter(one["understood"] for one in replies),
            "announced": [(one.kind, str(one.held_on)) for one in office.told("AbsenceAnnouncedState")],
            "tasks": Counter(one["kind"] for one in tasks),
            "proofs": Counter(one.proof for one in office.told("NoticeDelivered")),
        }


def counts(folder):
    """Random mixed texts: how many parts we count and how many the carrier gets."""
    draw = random.Random(6)
    with a_room(folder) as (_office, room):
        (gateway,) = open_sms(read_gateways(URL), None)
        ours = {}
        for n in range(60):
            alphabet = RANDOM_CHARACTERS if n % 2 else "abé€{}[]~|^ "
            text = "".join(draw.choices(alphabet, k=draw.choice((69, 70, 71, 133, 135, 152, 153, 160, 161, 305, 460))))
            text = f"<{text}>"
            size = segments(text)
            to = f"+336111111{n:02d}"
            ours[to] = size.count
            message = SmsMessage(
                key=str(n), to=to, sender="F", text=text, alphabet=size.alphabet, segments=size.count,
                at=datetime(2025, 3, 3, tzinfo=UTC),
            )  # fmt: skip
            (outcome,) = gateway.send([message])
            assert outcome.state == "accepted", outcome
        (wrong,) = gateway.send([replace(message, to="abc")])
        until(lambda: sum(room.carried().values()) >= sum(ours.values()))
        time.sleep(1)
        return {"ours": ours, "theirs": room.carried(), "wrong": wrong.state}


def falls(folder):
    """The gateway is away, takes messages, is killed, comes back without its receipts, and has them in the end."""
    with a_room(folder) as (office, room):
        room.kill("smsbox", "carrier")
        invite(office, 3)
        away = Counter(outcome for _channel, outcome in office.attempts())
        room.start("smsbox")
        office.skip_back_off()
        office.run()
        office.skip_back_off()
        office.run()
        taken = states(office)
        room.kill("bearerbox", "smsbox")
        time.sleep(1)
        room.start("bearerbox", "carrier")
        until(lambda: len(room.carried()) == 3)
        time.sleep(2)
        office.clock.set(datetime(2025, 3, 4, 10, tzinfo=UTC))  # a day later no receipt has come
        office.run()
        doubted, calls = states(office), office.rows(storage.task, storage.task.c.kind)
        room.start("smsbox")
        until(lambda: states(office)["delivered"] == 3)
        return {
            "away": away,
            "taken": taken,
            "doubted": doubted,
            "calls": Counter(one["kind"] for one in calls),
            "messages": len(room.carried()),
            "whole": sorted(room.carried().values()),
            "segments": sorted(one["segments"] for one in office.notices()),
            "states": states(office),
            "left": [one["kind"] for one in office.rows(storage.task, storage.task.c.kind) if not one["outcome"]],
        }


def ready():
    return all(shutil.which(name) for name in ("bearerbox", "smsbox")) and Path(FAKESMSC).exists()


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    found = {"delivers": delivers, "counts": counts, "falls": falls}[sys.argv[2]](sys.argv[1])
    print(json.dumps(found))

"""An SMS gateway on loopback that errs as it is told to, speaks Kannel's way or JSON, and remembers what it took."""

import json
import os
import signal
import threading
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Carrier:
    """
    What a gateway does with each message: `behaviour` is one of the methods below, `took` the texts by number.

    By JSON, the same Idempotency-Key again is the same message.
    """

    def __init__(self):
        self.behaviour, self.calls = "takes", 0
        self.took, self.keys, self.receipts = Counter(), set(), []
        self.kill_pid = None

    def take(self, to, key, receipts):
        if key is None or key not in self.keys:
            self.took[to] += 1
            self.receipts.append(receipts)
        self.keys.add(key)

    def answer(self, to, key, receipts):
        """Return status and body, or None for silence."""
        self.calls += 1
        taken = 202, b"0: Accepted for delivery" if key is None else b'{"reference": "r"}'
        match self.behaviour:
            case "takes":
                self.take(to, key, receipts)
                return taken
            case "fails":
                return 500, b"oops"
            case "takes and fails":
                self.take(to, key, receipts)
                return 500, b"oops"
            case "refuses":
                return 422, b"no such number"
            case "is busy":
                return 503, b"later"
            case "talks garbage":
                return 200, b"<html>Welcome to the hotel's wireless network</html>"
            case "talks in circles":
                return 200, b"[" * 100_000
            case "never ends":
                self.take(to, key, receipts)
                return 200, None
            case "is slow":
                self.take(to, key, receipts)
                time.sleep(30)
                return taken
            case "tells before it answers":
                self.take(to, key, receipts)
                tell(receipts, "delivered", key)
                return taken
            case "tells a failure before it answers":
                self.take(to, key, receipts)
                tell(receipts, "failed", key)
                return taken
            case "kills":
                self.take(to, key, receipts)
                os.kill(int(self.kill_pid()), signal.SIGKILL)
                return None
        raise AssertionError(self.behaviour)


def tell(address, state, key=None):
    """Call the address of a receipt, as this kind of gateway does."""
    if key is None:
        kind = {"delivered": "1", "failed": "16", "accepted": "8"}[state]
        with urllib.request.urlopen(address.replace("%d", kind), timeout=5) as answer:
            return answer.status
    body = json.dumps({"state": state}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.status


@contextmanager
def a_carrier():
    carrier = Carrier()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            fields = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self._reply(carrier.answer(fields["to"], None, fields.get("dlr-url", "")))

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._reply(carrier.answer(body["to"], self.headers["Idempotency-Key"], body["receipts"]))

        def _reply(self, said):
            if said is None:
                self.close_connection = True
                return
            status, content = said
            try:
                self.send_response(status)
                if content is None:
                    self.end_headers()
                    for _second in range(60):
                        self.wfile.write(b"0")
                        time.sleep(1)
                    return
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                self.close_connection = True  # whoever asked has gone

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    carrier.kannel = f"kannel+http://u:p@127.0.0.1:{server.server_port}/sendsms"
    carrier.json = f"json+http://:key@127.0.0.1:{server.server_port}/sms"
    try:
        yield carrier
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

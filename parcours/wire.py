"""How the demonstration reaches the services: through their HTTP APIs, in this process or over the network."""

__all__ = ["Door", "EmbeddedHouse", "RemoteHouse", "Stage", "in_this_process"]

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from shared.clock import FileClock
from shared.errors import ParcoursError

if TYPE_CHECKING:
    from parcours.embedded import House  # loads all services: not needed where they run elsewhere

PREFIXES = {"scheduler": "/planning", "attendance": "/attendance", "notifications": "/notices"}
TOKEN_SECONDS = 480  # tokens live ten minutes
DRAIN_SECONDS = 300


class DemoError(ParcoursError):
    """Raised when the demonstration meets an answer that it did not expect."""

    code = "demo_failed"


def in_this_process(wsgi: Any) -> httpx.Client:
    """Return a client of the services in this process; paths reach them as a server gives them (PEP 3333)."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        environ["PATH_INFO"] = environ["PATH_INFO"].encode().decode("latin-1")  # httpx leaves it as text
        return wsgi(environ, start_response)

    transport = httpx.WSGITransport(app=application, raise_app_exceptions=False)
    return httpx.Client(transport=transport, base_url="http://127.0.0.1:8000")


class Stage(Protocol):
    """A running set of services with a simulated clock."""

    clock: FileClock

    def client(self) -> httpx.Client:
        """Return an HTTP client whose base is the services' address."""
        ...

    def drain(self, admin: "Door") -> None:
        """Wait until nothing is due anywhere and everything told was heard."""
        ...

    def run_jobs(self) -> None:
        """Let jobs run where they run in this process."""
        ...


class Door:
    """One signed-in person's way to the APIs."""

    def __init__(self, client: httpx.Client, login: str, password: str) -> None:
        self._client = client
        self._credentials = {"login": login, "password": password}
        self._token = ""
        self._until = 0.0

    def get(self, path: str, **params: Any) -> Any:
        return self._call("GET", path, params={key: value for key, value in params.items() if value is not None})

    def put(self, path: str, body: Any) -> Any:
        return self._call("PUT", path, json=body)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self._call("POST", path, json=body, **options)

    def items(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Return every item of a keyset list."""
        found: list[dict[str, Any]] = []
        after = None
        while True:
            page = self.get(path, limit=200, after=after, **params)
            found += page["items"]
            after = page["next"]
            if after is None:
                return found

    def _call(self, method: str, path: str, **options: Any) -> Any:
        if time.monotonic() > self._until:
            self._sign_in()
        answer = self._client.request(method, path, headers={"Authorization": f"Bearer {self._token}"}, **options)
        if answer.status_code >= 400:
            raise DemoError(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json() if answer.content else None

    def _sign_in(self) -> None:
        answer = self._client.post("/planning/api/v1/sessions", json=self._credentials)
        if answer.status_code != 200:
            raise DemoError(
                f"signing in as {self._credentials['login']} answered {answer.status_code}: {answer.text[:300]}"
            )
        self._token, self._until = answer.json()["token"], time.monotonic() + TOKEN_SECONDS


class EmbeddedHouse:
    """The services of this process; the demonstration itself moves events and runs jobs, deterministically."""

    def __init__(self, house: "House", clock: FileClock) -> None:
        self._house = house
        self.clock = clock

    def client(self) -> httpx.Client:
        return in_this_process(self._house.wsgi)

    def drain(self, admin: Door) -> None:
        del admin
        limit = time.monotonic() + DRAIN_SECONDS
        while self._house.dispatcher.step() or self._restless():
            if time.monotonic() > limit:
                raise DemoError(f"events still move after {DRAIN_SECONDS} s")

    def run_jobs(self) -> None:
        self._house.dispatcher.run_jobs()

    def _restless(self) -> bool:
        from shared.service import at_rest

        waiting = not all(at_rest(service) for service in self._house.services.values())
        if waiting:
            time.sleep(0.02)  # a retry waits for its back-off, in real time
        return waiting


class RemoteHouse:
    """Services elsewhere (compose); they move events by themselves, we ask when they are at rest."""

    def __init__(self, url: str, clock: FileClock) -> None:
        self._url = url
        self.clock = clock

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self._url, timeout=60)

    def drain(self, admin: Door) -> None:
        limit = time.monotonic() + DRAIN_SECONDS
        calm = 0
        while calm < 2:  # twice in a row: a tick may begin between two questions
            calm = (
                calm + 1
                if _at_rest({name: admin.get(f"{path}/api/v1/backlog") for name, path in PREFIXES.items()})
                else 0
            )
            if time.monotonic() > limit:
                raise DemoError(f"the services are not at rest after {DRAIN_SECONDS} s")
            time.sleep(0.25)

    def run_jobs(self) -> None:
        time.sleep(0.5)


def _at_rest(states: dict[str, dict[str, Any]]) -> bool:
    """Say whether nothing waits anywhere and each service heard all that the others told it."""
    if any(state["outbox"] or state["inbox"] or state["due"] or state["jobs"] for state in states.values()):
        return False
    return all(
        states[hearer]["heard"].get(teller, 0) == count
        for teller, state in states.items()
        for hearer, count in state["told"].items()
    )


Report = Callable[[str, float, float], None]  # phase, done, of

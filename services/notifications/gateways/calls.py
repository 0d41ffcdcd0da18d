"""What gateways by HTTP share: several calls at once, and what a failed call says about the message."""

__all__ = ["HttpGateway", "failed"]

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx

from services.notifications.domain.messages import TEMPORARY, UNKNOWN, Outcome, SmsMessage
from services.notifications.gateways import NAME_LENGTH
from services.notifications.settings import GatewayAddress

TIMEOUT_SECONDS = 5.0
CALLS_AT_ONCE = 8  # a batch takes a quarter of a minute at worst, far less than a lease
BATCH = 100
MOST_BYTES = 1_000_000  # of an answer


class HttpGateway(ABC):
    """An SMS gateway that is called once for each message; `name` is its kind and host."""

    batch = BATCH
    takes_test_numbers = False
    idempotent: bool

    def __init__(self, address: GatewayAddress) -> None:
        self.name = f"{address.kind} {urlsplit(address.url).netloc}"[:NAME_LENGTH]
        self.url = address.url
        self.user = address.user
        self.password = address.password
        self.receipts = address.receipts
        self.replies = address.replies
        self.rate = address.rate

    def send(self, messages: Sequence[SmsMessage]) -> Iterator[Outcome]:
        if not messages:
            return
        lanes = min(CALLS_AT_ONCE, len(messages))
        with (
            httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, headers=self.headers()) as client,
            ThreadPoolExecutor(lanes) as pool,
        ):
            yield from pool.map(lambda message: self._call(client, message), messages)

    def headers(self) -> dict[str, str]:
        """Return what goes with each request."""
        return {}

    @abstractmethod
    def call(self, client: httpx.Client, message: SmsMessage) -> Outcome:
        """Send one message and return what the answer says. May raise httpx.HTTPError."""

    def ask(self, client: httpx.Client, method: str, **given: Any) -> httpx.Response:
        """Return what the gateway answers; an answer that never ends is none. May raise httpx.HTTPError."""
        until, content = monotonic() + TIMEOUT_SECONDS, b""
        with client.stream(method, self.url, **given) as answer:
            for piece in answer.iter_bytes():
                content += piece
                if monotonic() > until or len(content) > MOST_BYTES:
                    raise httpx.ReadTimeout("the answer does not end")
        return httpx.Response(answer.status_code, content=content)

    def _call(self, client: httpx.Client, message: SmsMessage) -> Outcome:
        try:
            return self.call(client, message)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Outcome(TEMPORARY, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - whatever an answer is made of, the batch goes on; it may have left
            return Outcome(UNKNOWN, error=type(error).__name__)


def failed(answer: httpx.Response) -> Outcome:
    """
    Return the outcome of an answer that is no acceptance.

    A gateway that answers 5xx may have taken the message before it fell: unknown, unless it says that it is too busy.
    """
    busy = answer.status_code in {429, 503} or answer.status_code < 500
    return Outcome(TEMPORARY if busy else UNKNOWN, error=f"HTTP {answer.status_code}")

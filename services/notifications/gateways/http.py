"""
SMS by HTTP: one JSON request a message, with an Idempotency-Key, so that the same message again is one message.

Request: `{"id", "to", "from", "text", "alphabet"}` with `Authorization: Bearer …`. Answer: any 2xx, with the gateway's
own `reference` if it has one. 400, 410 and 422 say that this number will never work; everything else may pass (a 404 is
a wrong URL, not a wrong number).
"""

__all__ = ["HttpSms"]

from collections.abc import Iterator, Sequence
from http import HTTPStatus

import httpx

from services.notifications.domain.messages import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, Outcome, SmsMessage

TIMEOUT_SECONDS = 5.0
REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY}


class HttpSms:
    """A gateway that speaks JSON over HTTP."""

    name = "http"
    batch = 20  # each may take the whole time-out, all together less than a lease
    takes_test_numbers = False

    def __init__(self, url: str, key: str, *, receipts: bool) -> None:
        self.url = url
        self.key = key
        self.receipts = receipts

    def send(self, messages: Sequence[SmsMessage]) -> Iterator[Outcome]:
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            for message in messages:
                yield self._send_one(client, message)

    def _send_one(self, client: httpx.Client, message: SmsMessage) -> Outcome:
        body = {
            "id": message.key,
            "to": message.to,
            "from": message.sender,
            "text": message.text,
            "alphabet": message.alphabet,
        }
        try:
            answer = client.post(self.url, json=body, headers={"Idempotency-Key": message.key})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Outcome(TEMPORARY, error=type(error).__name__)
        except httpx.HTTPError as error:  # it may have left
            return Outcome(UNKNOWN, error=type(error).__name__)
        if answer.is_success:
            return Outcome(ACCEPTED, reference=_reference(answer))
        state = REFUSED if answer.status_code in REFUSALS else TEMPORARY
        return Outcome(state, error=f"HTTP {answer.status_code}")


def _reference(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return ""
    return str(body.get("reference", ""))[:120] if isinstance(body, dict) else ""

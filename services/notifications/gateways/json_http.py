"""
SMS by HTTP and JSON: one request a message, with an Idempotency-Key, so that the same message again is one message.

Request: `{"id", "to", "from", "text", "alphabet", "receipts"}` with `Authorization: Bearer …`; `receipts` is the
address to which the gateway posts `{"state": "accepted" | "delivered" | "failed", "error"}` later. Answer: any 2xx with
a JSON object, in it the gateway's own `reference` if it has one. 400, 410 and 422 say that this number will never work;
everything else may pass (a 404 is a wrong URL, not a wrong number). A 2xx that is no JSON object is no acceptance: some
proxy answered, and whether the message left is unknown.
"""

__all__ = ["JsonSms"]

from http import HTTPStatus

import httpx

from services.notifications.domain.messages import ACCEPTED, REFUSED, UNKNOWN, Outcome, SmsMessage
from services.notifications.gateways.calls import HttpGateway, failed

REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY}


class JsonSms(HttpGateway):
    """A gateway that speaks JSON over HTTP."""

    idempotent = True

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.password}"}

    def call(self, client: httpx.Client, message: SmsMessage) -> Outcome:
        body = {
            "id": message.key,
            "to": message.to,
            "from": message.sender,
            "text": message.text,
            "alphabet": message.alphabet,
            "receipts": message.receipts_to,
        }
        answer = self.ask(client, "POST", json=body, headers={"Idempotency-Key": message.key})
        if answer.status_code in REFUSALS:
            return Outcome(REFUSED, error=f"HTTP {answer.status_code}")
        if not answer.is_success:
            return failed(answer)
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict):
            return Outcome(UNKNOWN, error=f"HTTP {answer.status_code} without a JSON object")
        return Outcome(ACCEPTED, reference=str(said.get("reference", ""))[:120])

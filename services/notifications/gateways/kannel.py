"""
SMS by Kannel's `sendsms` (also what many operators and gateways imitate).

The alphabet is ours to choose: with coding 0 Kannel turns what GSM-7 lacks into question marks without a word
(measured). It keeps no key, so the same message twice is two messages. Receipts come as calls of the address given
with the message, `%d` in it being the kind: 1 delivered, 2 failed, 4 queued, 8 taken by the carrier, 16 refused; they
come out of order and sometimes never.

Source: Kannel 1.4.5 user's guide, "Setting up sendsms-user" and "Delivery reports".
"""

__all__ = ["RECEIPTS", "KannelSms"]

from collections.abc import Mapping

import httpx

from services.notifications.domain.messages import ACCEPTED, REFUSED, UNKNOWN, Outcome, SmsMessage
from services.notifications.gateways.calls import HttpGateway, failed

TAKEN = ("0:", "3:")  # accepted, or queued for later
NEVER = ("receiver", "denied by")  # a number that is none, or that the operator of the gateway keeps out
ALL_RECEIPTS = 1 + 2 + 8 + 16  # 4 would say again that it waits
CODING = {"gsm7": "0", "ucs2": "2"}
RECEIPTS: Mapping[str, str] = {"1": "delivered", "2": "failed", "4": "accepted", "8": "accepted", "16": "failed"}


class KannelSms(HttpGateway):
    """A Kannel smsbox, or what speaks like one."""

    idempotent = False

    def call(self, client: httpx.Client, message: SmsMessage) -> Outcome:
        fields = {
            "username": self.user,
            "password": self.password,
            "from": message.sender,
            "to": message.to,
            "text": message.text,
            "charset": "UTF-8",
            "coding": CODING[message.alphabet],
        }
        if self.receipts:
            fields |= {"dlr-mask": str(ALL_RECEIPTS), "dlr-url": f"{message.receipts_to}?kind=%d"}
        answer = self.ask(client, "GET", params=fields)
        said = answer.text[:80]
        if answer.is_success:
            taken = said.startswith(TAKEN)
            return Outcome(ACCEPTED, reference=said) if taken else Outcome(UNKNOWN, error="an answer that is no answer")
        if answer.is_client_error and any(words in said.lower() for words in NEVER):
            return Outcome(REFUSED, error=f"HTTP {answer.status_code}")
        return failed(answer)

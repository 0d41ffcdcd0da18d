"""The gateways against real servers on loopback."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller

from services.notifications.domain.messages import Attachment, MailMessage, SmsMessage
from services.notifications.gateways import open_sms
from services.notifications.gateways.files import MailFiles
from services.notifications.gateways.mail import SmtpMail, as_email
from services.notifications.settings import read_gateways
from tests.integration.notifications.office import an_office, as_kept
from tests.servers import free_port

AT = datetime(2025, 3, 3, 9, tzinfo=UTC)


def sms(key="1", to="+33612345678"):
    return SmsMessage(
        key=key, to=to, sender="FORMATION", text="مرحبا", alphabet="ucs2", segments=1, at=AT,
    )  # fmt: skip


def mail(key="1", to="rose@example.org"):
    return MailMessage(
        key=key, to=to, sender="Formation <f@parcours.example>", subject="مواعيد", text="مرحبا", html="<p>مرحبا</p>",
        languages=("ar",), at=AT,
    )  # fmt: skip


def json_url(url):
    return url.replace("http://", "json+http://:secret@")


def by_json(url):
    (gateway,) = open_sms(read_gateways(json_url(url)), None)
    return gateway


class Carrier(BaseHTTPRequestHandler):
    """An SMS gateway that keeps one message a key."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.headers["Idempotency-Key"], self.headers["Authorization"], body))
        self.server.kept.setdefault(self.headers["Idempotency-Key"], body)
        if self.server.status == 0:  # took it, and fell silent
            self.close_connection = True
            return
        answer = b'{"reference": "ref-1"}'
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def carrier():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Carrier)
    server.status, server.seen, server.kept = 202, [], {}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/sms"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Box:
    """A mail server's judgement: who is refused, and what came."""

    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if address.startswith("gone"):
            return "550 no such mailbox"
        if address.startswith("full"):
            return "452 mailbox full"
        if address.startswith("barred"):
            return "550 5.7.1 relaying denied"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def mailbox():
    box = Box()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.url = f"smtp://127.0.0.1:{controller.port}"
    yield box
    controller.stop()


def unmade():
    raise IndexError("a paper that cannot be made")


@pytest.mark.parametrize("way", ["smtp", "files"])
def test_a_mail_that_cannot_be_made_holds_no_other(mailbox, tmp_path, way):
    gateway = SmtpMail(mailbox.url) if way == "smtp" else MailFiles(tmp_path)

    outcomes = list(gateway.send([mail("1"), replace(mail("2"), enclose=unmade), mail("3")]))

    assert [one.state for one in outcomes] == ["accepted", "temporary", "accepted"]
    assert len(mailbox.mails) + len(list(tmp_path.glob("*.eml"))) == 2


def test_an_sms_leaves_with_its_key_and_alphabet(carrier):
    (outcome,) = by_json(carrier.url).send([sms("n-1")])

    assert (outcome.state, outcome.reference) == ("accepted", "ref-1")
    ((key, authorization, body),) = carrier.seen
    assert (key, authorization) == ("n-1", "Bearer secret")
    assert body == {
        "id": "n-1",
        "to": "+33612345678",
        "from": "FORMATION",
        "text": "مرحبا",
        "alphabet": "ucs2",
        "receipts": "",
    }


@pytest.mark.parametrize(
    ("status", "state"),
    [(400, "refused"), (422, "refused"), (401, "temporary"), (404, "temporary"), (503, "temporary")],
)
def test_only_what_concerns_the_number_is_final(carrier, status, state):
    carrier.status = status

    (outcome,) = by_json(carrier.url).send([sms()])

    assert outcome.state == state


def test_a_gateway_that_falls_silent_leaves_the_outcome_unknown_and_one_that_is_away_does_not(carrier):
    carrier.status = 0

    (silent,) = by_json(carrier.url).send([sms()])
    (away,) = by_json(f"http://127.0.0.1:{free_port()}/").send([sms()])

    assert (silent.state, away.state) == ("unknown", "temporary")


def test_a_silent_gateway_gets_the_same_message_again_and_keeps_one(carrier, tmp_path):
    with an_office(tmp_path, PARCOURS_SMS=f"{json_url(carrier.url)}?receipts=yes") as office:
        carrier.status = 0
        office.place(phone="0612345678")
        office.run()
        carrier.status = 202
        office.skip_back_off()
        office.run()

        assert [outcome for _channel, outcome in office.attempts()] == ["unknown", "accepted"]
        assert len(carrier.seen) == 2
        assert len(carrier.kept) == 1
        assert office.told("NoticeDelivered") == []  # an acceptance proves nothing where receipts will come
        office.receipt(office.notices()[0]["id"], "delivered")
        assert [told.proof for told in office.told("NoticeDelivered")] == ["receipt"]


def test_an_invented_number_never_reaches_a_real_gateway(carrier, tmp_path):
    with an_office(tmp_path, PARCOURS_SMS=json_url(carrier.url)) as office:
        office.place(phone="+999000000001")
        office.run()

        assert carrier.seen == []
        assert [one["channel"] for one in office.notices()] == ["email"]


def test_a_mail_arrives_plain_and_html_in_its_own_direction(mailbox, tmp_path):
    with an_office(tmp_path, PARCOURS_MAIL="smtp", PARCOURS_SMTP_URL=mailbox.url) as office:
        office.place(channel="courriel")
        office.run()

        (mail_seen,) = mailbox.mails
        (notice,) = office.notices()
        assert notice["state"] == "accepted"
        assert mail_seen["To"] == "rose@example.org"
        assert notice["id"].hex in mail_seen["Message-ID"]
        assert as_kept(mail_seen.get_body(("plain",)).get_content()).strip() == notice["text"].strip()
        assert 'dir="rtl"' in mail_seen.get_body(("html",)).get_content()


def test_the_same_mail_is_the_same_bytes_with_what_goes_along():
    file = Attachment(name="dates.ics", media_type="text/calendar; method=PUBLISH; charset=utf-8", content=b"BEGIN")
    once, again = (as_email(replace(mail(), enclose=lambda: (file, file))).as_bytes() for _time in range(2))

    assert once == again
    assert once.count(b'Content-Disposition: attachment; filename="dates.ics"') == 2


def test_refusals_are_told_apart_and_spare_the_other_mails(mailbox):
    addresses = ["a@example.org", "gone@example.org", "full@example.org", "barred@example.org", "b@example.org"]

    found = list(SmtpMail(mailbox.url).send([mail(to, to) for to in addresses]))

    assert [outcome.state for outcome in found] == ["accepted", "refused", "temporary", "temporary", "accepted"]
    assert [one["To"] for one in mailbox.mails] == ["a@example.org", "b@example.org"]
    assert not any("example.org" in outcome.error for outcome in found)


def test_a_mail_server_that_is_away_is_a_temporary_failure():
    (outcome,) = SmtpMail(f"smtp://127.0.0.1:{free_port()}").send([mail()])

    assert outcome.state == "temporary"


def test_a_mail_to_a_dead_mailbox_becomes_a_task(mailbox, tmp_path):
    with an_office(tmp_path, PARCOURS_MAIL="smtp", PARCOURS_SMTP_URL=mailbox.url) as office:
        office.place(phone="", email="gone@example.org")
        office.run()

        (notice,) = office.notices()
        assert (notice["state"], notice["task"], notice["reason"]) == ("failed", "letter", "refused")
        assert [one.state for one in office.told("ContactabilityState")][-1] == "unreachable"

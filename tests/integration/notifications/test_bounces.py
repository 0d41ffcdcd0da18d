"""Mails that come back, as the relay hands them over; every report is written by hand."""

import time
from email import message_from_bytes, policy

import pytest

from services.notifications import storage
from services.notifications.app import create_app, open_post
from services.notifications.domain.bounces import NotABounceError, read_bounce
from tests.integration.notifications.office import an_office

OTHER = "0123456789abcdef0123456789abcdef.0123456789abcdef"
REPORT = """\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="AbC/{boundary}"

This is a MIME-encapsulated message.

--AbC/{boundary}
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.net. I am sorry to have to inform you
that your message could not be delivered to one or more recipients.

--AbC/{boundary}
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Mon, 3 Mar 2025 10:00:02 +0100 (CET)

Final-Recipient: rfc822; rose@example.org
Original-Recipient: rfc822;rose@example.org
Action: {action}
{status}Remote-MTA: dns; in.example.org
Diagnostic-Code: smtp; {code} {words}

--AbC/{boundary}
Content-Description: Undelivered Message Headers
Content-Type: {returned}

{headers}
--AbC/{boundary}--
"""


def report(
    message_id, *, action="failed", status="5.1.1", to="formation@parcours.example", returned="text/rfc822-headers"
):
    headers = f"From: Formation <formation@parcours.example>\nTo: rose@example.org\nMessage-ID: {message_id}\n"
    if returned == "message/rfc822":
        headers += "Subject: dates\n\ntext\n"
    return REPORT.format(
        to=to, boundary="7f3", action=action, status=f"Status: {status}\n" if status else "", code=550 if status else 421,
        words="no such user here", returned=returned, headers=headers,
    ).replace("\n", "\r\n").encode()  # fmt: skip


class House:
    """The service with its doors, and one mail that left."""

    def __init__(self, office):
        self.office = office
        self.post = open_post(office.settings)
        self.client = create_app(office.settings, office.service).test_client()

    def send(self):
        self.office.place(channel="email")
        self.office.run()
        (mail,) = self.office.mails()
        return message_from_bytes(mail.read_bytes(), policy=policy.default)["Message-ID"]

    def hand_over(self, raw, secret=None):
        address = self.post.callbacks["bounces"].removeprefix(f"{self.post.public_url}/notices")
        if secret:
            address = f"/bounces/{secret}"
        return self.client.post(address, data=raw, content_type="message/rfc822").status_code

    def known(self):
        (notice,) = self.office.notices(kind="convocation")
        return notice["channel"], notice["state"]

    def tasks(self):
        return [row["kind"] for row in self.office.rows(storage.task, storage.task.c.kind)]

    def refused(self):
        (person,) = self.office.rows(storage.person, storage.person.c.id)
        return person["refused"], person["failing"]


@pytest.fixture
def house(tmp_path):
    with an_office(tmp_path) as office:
        yield House(office)


@pytest.mark.parametrize("returned", ["text/rfc822-headers", "message/rfc822"])
def test_a_dead_address_is_given_up_at_once_and_the_next_channel_taken(house, returned):
    sent = house.send()
    assert house.known() == ("email", "accepted")

    assert house.hand_over(report(sent, returned=returned)) == 204
    house.office.run()

    assert house.known() == ("sms", "accepted")
    assert house.refused()[0] == ["email"]
    assert house.tasks() == ["dead_contact"]


@pytest.mark.parametrize("endless", [b"Content-Type: message/rfc822\r\n\r\n" * 5_000, b"--a\r\n\r\n" * 500_000])
def test_a_report_made_to_keep_us_busy_is_refused_soon(house, endless):
    started = time.monotonic()

    assert house.hand_over(b"Content-Type: multipart/report; boundary=a\r\n\r\n--a\r\n" + endless) == 422
    assert time.monotonic() - started < 3


def test_the_same_report_twice_is_one(house):
    sent = house.send()

    for _time in range(2):
        assert house.hand_over(report(sent)) == 204
        house.office.run()

    assert len(house.office.rows(storage.receipt, storage.receipt.c.id)) == 1
    assert len(house.office.sms()) == 1


@pytest.mark.parametrize(
    ("action", "status", "state", "failing"),
    [
        ("delayed", "4.4.1", ("email", "accepted"), {}),
        ("relayed", "2.0.0", ("email", "accepted"), {}),
        ("failed", "4.4.7", ("sms", "accepted"), {"email": 1}),  # given up after days: once is not always
        ("failed", "5.2.2", ("sms", "accepted"), {"email": 1}),  # full
        ("failed", "5.7.1", ("sms", "accepted"), {}),  # a policy about our text or our server
        ("failed", "", ("sms", "accepted"), {}),
    ],
)
def test_only_what_is_said_of_an_address_is_held_against_it(house, action, status, state, failing):
    sent = house.send()

    assert house.hand_over(report(sent, action=action, status=status)) == 204
    house.office.run()

    assert house.known() == state
    assert house.refused() == ([], failing)
    assert house.tasks() == []


def test_an_address_corrected_meanwhile_is_not_given_up(house):
    sent = house.send()
    house.office.hear(house.office.person(channel="email", email="rose.new@example.org"))

    assert house.hand_over(report(sent)) == 204

    assert house.refused()[0] == []


def test_nobody_fails_a_mail_by_guessing(house):
    sent = house.send()
    guessed = sent.replace(sent.partition(".")[2][:16], "0" * 16)

    assert house.hand_over(report(guessed)) == 404
    assert house.hand_over(report(f"<{OTHER}@parcours.example>")) == 404
    assert house.hand_over(report(sent), secret="0" * 24) == 404
    assert house.known() == ("email", "accepted")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\x00\xfe" * 100,
        b"From: rose@example.org\r\nSubject: Re: dates\r\n\r\nI am on holiday.\r\n",
        b'Content-Type: multipart/report; boundary="x"\r\n\r\n--x\r\n\r\nno status\r\n--x--\r\n',
        b'Content-Type: multipart/report; boundary="x"\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n--x--\r\n',
    ],
)
def test_what_is_no_report_is_refused(house, raw):
    house.send()

    assert house.hand_over(raw) == 422
    with pytest.raises(NotABounceError):
        read_bounce(raw)


def test_a_return_address_of_its_own_names_the_mail_where_the_headers_are_lost(tmp_path):
    with an_office(tmp_path, PARCOURS_MAIL_RETURNS="retours.parcours.example") as office:
        house = House(office)
        house.send()
        (notice,) = office.notices()
        returns_to = house.post.returns_to(notice["id"])

        assert len(returns_to.partition("@")[0]) <= 64  # RFC 5321
        assert house.hand_over(report("<gone@example.org>", to=returns_to)) == 204
        office.run()

        assert house.known() == ("sms", "accepted")

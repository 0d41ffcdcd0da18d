"""
The fault table: whatever a gateway or a process does, every notice ends sent, failed with a reason, unknown or expired.

None is lost; what may have come twice is counted, and every double that the carrier saw is among the counted.
"""

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from services.notifications import storage
from services.notifications.app import create_app, open_post
from services.notifications.gateways.files import SmsFiles
from services.notifications.usecases.delivery import doubt_unanswered
from services.notifications.usecases.overview import doubles
from shared.ids import derived_id
from shared.web.frame import mount
from tests.integration.notifications.carrier import a_carrier, tell
from tests.integration.notifications.office import PARTS, an_office
from tests.servers import ROOT, free_port

PEOPLE = 3
ENDS = {"accepted", "delivered", "failed", "unknown", "expired"}
KINDS = ("kannel", "json")


@pytest.fixture
def carrier():
    with a_carrier() as carrier:
        yield carrier


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def invite(office, **other):
    """Invite people of whom only the phone is known."""
    office.hear(office.site(), office.session())
    for n in range(PEOPLE):
        key = derived_id("person", n)
        person = {"phone": f"+336123456{n:02d}", "email": ""} | other
        office.hear(office.person(key, **person), *[office.seat(part, key) for part in PARTS])


def settle(office):
    """Let every wait pass until nothing is left to try."""
    for _round in range(80):
        office.run()
        if not {one["state"] for one in office.notices()} & {"due", "sending"}:
            return
        office.skip_back_off()
    raise AssertionError("a notice never ends")


def outcome(office, carrier):
    """Check what must always hold; return states, reasons, doubles counted, doubles that the carrier saw."""
    notices = office.notices()
    assert len(notices) == PEOPLE
    assert {one["state"] for one in notices} <= ENDS
    for one in notices:
        assert one["reason"] or one["state"] in {"accepted", "delivered"}
    assert all(result != "started" for _channel, result in office.attempts())
    with office.service.database.read() as db:
        counted = doubles(open_post(office.settings), office.service.work(db))
    twice = sum(count - 1 for count in carrier.took.values())
    assert twice <= counted["possible"]
    assert max(carrier.took.values(), default=0) <= 2
    return sorted({one["state"] for one in notices}), sorted({one["reason"] for one in notices}), counted, twice


def test_a_gateway_that_is_down(tmp_path, kind):
    url = f"{kind}+http://u:p@127.0.0.1:{free_port()}/sms"
    with an_office(tmp_path, PARCOURS_SMS=url) as office, a_carrier() as idle:
        invite(office)
        settle(office)

        assert outcome(office, idle) == (["failed"], ["undelivered"], {"possible": 0, "proven": 0}, 0)
        assert {one["kind"] for one in office.open_tasks()} == {"letter"}


def test_a_gateway_that_is_down_for_a_while(tmp_path, kind, carrier):
    with an_office(tmp_path, PARCOURS_SMS=getattr(carrier, kind)) as office:
        carrier.behaviour = "is busy"
        invite(office)
        office.run()
        carrier.behaviour = "takes"
        settle(office)

        assert outcome(office, carrier) == (["accepted"], [""], {"possible": 0, "proven": 0}, 0)
        assert sum(carrier.took.values()) == PEOPLE


def test_a_gateway_that_takes_thirty_seconds(tmp_path, kind, carrier):
    with an_office(tmp_path, PARCOURS_SMS=getattr(carrier, kind)) as office:
        carrier.behaviour = "is slow"
        invite(office)
        office.run()
        carrier.behaviour = "takes"
        settle(office)

        possible = PEOPLE if kind == "kannel" else 0
        assert outcome(office, carrier) == (["accepted"], [""], {"possible": possible, "proven": 0}, possible)


def test_a_gateway_that_takes_the_message_and_answers_500(tmp_path, kind, carrier):
    with an_office(tmp_path, PARCOURS_SMS=getattr(carrier, kind)) as office:
        carrier.behaviour = "takes and fails"
        invite(office)
        settle(office)

        possible = PEOPLE if kind == "kannel" else 0
        assert outcome(office, carrier) == (["unknown"], ["unanswered"], {"possible": possible, "proven": 0}, possible)
        assert {one["kind"] for one in office.open_tasks()} == {"call"}


@pytest.mark.parametrize("garbage", ["talks garbage", "talks in circles"])
def test_garbage_with_a_200_is_no_acceptance(tmp_path, kind, carrier, garbage):
    with an_office(tmp_path, PARCOURS_SMS=getattr(carrier, kind)) as office:
        carrier.behaviour = garbage
        invite(office)
        office.run()
        assert office.told("NoticeDelivered") == []
        assert {result for _channel, result in office.attempts()} == {"unknown"}
        carrier.behaviour = "takes"
        settle(office)

        states, _reasons, _counted, twice = outcome(office, carrier)
        assert (states, twice) == (["accepted"], 0)


def test_the_other_gateway_takes_over_at_once(tmp_path, carrier):
    dead = f"json+http://:key@127.0.0.1:{free_port()}/sms"
    with an_office(tmp_path, PARCOURS_SMS=f"{dead} {carrier.kannel}") as office:
        invite(office)
        office.run()
        office.run()

        assert outcome(office, carrier) == (["accepted"], [""], {"possible": 0, "proven": 0}, 0)
        assert len(office.attempts()) <= 2 * PEOPLE


def test_two_gateways_of_one_house_do_not_both_send(tmp_path, carrier):
    with an_office(tmp_path, PARCOURS_SMS=f"{carrier.kannel} {carrier.kannel}/2") as office:
        invite(office)
        office.run()

        assert outcome(office, carrier) == (["accepted"], [""], {"possible": 0, "proven": 0}, 0)


def test_a_gateway_whose_answer_never_ends_holds_nobody(tmp_path, kind, carrier):
    with an_office(tmp_path, PARCOURS_SMS=getattr(carrier, kind)) as office:
        carrier.behaviour = "never ends"
        invite(office)
        started = time.monotonic()
        office.run()
        assert time.monotonic() - started < 30
        carrier.behaviour = "takes"
        settle(office)

        assert outcome(office, carrier)[0] == ["accepted"]


def test_a_gateway_that_takes_and_never_delivers_gives_way_to_the_mail(tmp_path, kind, carrier):
    with an_office(tmp_path, PARCOURS_SMS=f"{getattr(carrier, kind)}?receipts=yes") as office:
        invite(office, email="rose@example.org")
        office.run()
        assert office.told("NoticeDelivered") == []
        office.clock.set(datetime(2025, 3, 4, 9, 1, tzinfo=UTC))  # a day without a receipt
        settle(office)

        assert outcome(office, carrier) == (["accepted"], [""], {"possible": 0, "proven": 0}, 0)
        assert {one["channel"] for one in office.notices()} == {"email"}
        assert len(office.mails()) == PEOPLE


def test_a_gateway_that_never_delivers_and_nothing_else_is_left(tmp_path, kind, carrier):
    with an_office(tmp_path, PARCOURS_SMS=f"{getattr(carrier, kind)}?receipts=yes") as office:
        invite(office)
        office.run()
        office.clock.set(datetime(2025, 3, 4, 9, 1, tzinfo=UTC))
        settle(office)

        assert outcome(office, carrier)[:2] == (["unknown"], ["unanswered"])
        assert [told.reason for told in office.told("NoticeFailed")] == ["unanswered"] * PEOPLE


def test_what_may_have_arrived_stays_so_while_its_next_message_cannot_be_written(tmp_path, carrier):
    with an_office(tmp_path, PARCOURS_SMS=f"{carrier.json}?receipts=yes") as office:
        invite(office)
        office.run()
        office.clock.set(datetime(2025, 3, 4, 9, 1, tzinfo=UTC))
        doubt_unanswered(office.service)
        for territory in ("nowhere", "93"):
            with office.service.database.begin() as db:
                db.execute(storage.person.update().values(territory=territory))
            office.run()
            office.skip_back_off()
        settle(office)

        assert outcome(office, carrier)[:2] == (["unknown"], ["unanswered"])


@pytest.fixture
def answering(tmp_path, carrier, kind):
    """An office whose doors are open to the gateway's calls."""
    port = free_port()
    environ = {"PARCOURS_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with an_office(tmp_path, PARCOURS_SMS=f"{getattr(carrier, kind)}?receipts=yes", **environ) as office:
        app = mount(None, {"/notices": create_app(office.settings, office.service)})
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield office
        server.shutdown()
        thread.join()
        server.server_close()


def test_receipts_before_the_answer_twice_and_out_of_order(answering, carrier, kind):
    carrier.behaviour = "tells before it answers"
    invite(answering)
    answering.run()
    key = None if kind == "kannel" else "x"
    for address in carrier.receipts:
        for state in ("delivered", "accepted", "failed", "delivered"):
            assert tell(address, state, key) == 204
    settle(answering)

    assert outcome(answering, carrier) == (["delivered"], [""], {"possible": 0, "proven": 0}, 0)
    assert [told.proof for told in answering.told("NoticeDelivered")] == ["receipt"] * PEOPLE
    assert all(one["cost"] for one in answering.notices())


def test_a_failure_told_before_the_answer_is_not_forgotten(answering, carrier):
    carrier.behaviour = "tells a failure before it answers"
    invite(answering)
    answering.run()
    carrier.behaviour = "takes"
    settle(answering)

    assert outcome(answering, carrier)[:2] == (["failed"], ["undelivered"])
    assert {one["kind"] for one in answering.open_tasks()} == {"letter"}


def test_a_message_of_which_only_a_receipt_says_that_it_was_taken_gives_way_to_the_mail_too(answering, carrier, kind):
    carrier.behaviour = "takes and fails"
    invite(answering, email="rose@example.org")
    answering.run()
    for address in carrier.receipts:
        tell(address, "accepted", None if kind == "kannel" else "x")
    assert {one["state"] for one in answering.notices()} == {"accepted"}
    answering.clock.set(datetime(2025, 3, 4, 9, 1, tzinfo=UTC))
    settle(answering)

    assert {(one["state"], one["channel"]) for one in answering.notices()} == {("accepted", "email")}


def test_a_receipt_with_another_secret_is_refused_and_changes_nothing(answering, carrier, kind):
    invite(answering)
    answering.run()
    first, second, _third = carrier.receipts
    forged = first.replace(first.rsplit("/", 1)[1], second.rsplit("/", 1)[1])
    with pytest.raises(OSError, match="404"):
        tell(forged, "failed", None if kind == "kannel" else "x")

    assert {one["state"] for one in answering.notices()} == {"accepted"}


def test_a_worker_killed_between_the_gateway_and_its_record(tmp_path, kind, carrier, new_database):
    url = new_database("notifications").url.render_as_string(hide_password=False)
    carrier.kill_pid = (tmp_path / "pid").read_text
    with an_office(tmp_path, url, PARCOURS_SMS=getattr(carrier, kind)) as office:
        invite(office)
        office.review()
        for _life in range(2):
            carrier.behaviour = "kills"
            environ = {**os.environ, "PARCOURS_SMS": getattr(carrier, kind)}
            environ |= {"PARCOURS_NOTIFICATIONS_DATABASE_URL": url}
            command = [sys.executable, "-m", "tests.integration.notifications.a_worker", str(tmp_path)]
            done = subprocess.run(command, cwd=ROOT, env=environ, timeout=60)
            assert done.returncode == -9
            office.skip_back_off()  # the lease of the dead is over
        carrier.behaviour = "takes"
        settle(office)

        states, _reasons, counted, twice = outcome(office, carrier)
        assert set(states) <= {"accepted", "unknown"}
        assert counted["possible"] == (0 if kind == "json" else counted["possible"])
        assert twice == (0 if kind == "json" else twice)
        calls = [one["notice_id"] for one in office.open_tasks() if one["kind"] == "call"]
        assert set(calls) == {one["id"] for one in office.notices() if one["state"] == "unknown"}
        assert len(carrier.took) + len(calls) >= PEOPLE  # nobody was forgotten: told, or somebody calls


def killed(office):
    """Let the process that sends die after the gateway took the message: its row says nothing but that it began."""
    office.review()
    office.deliver_with(sms=(Dying(office.settings.sms_folder),))
    office.skip_back_off()


class Dying(SmsFiles):
    """A gateway that takes a message and never answers."""

    idempotent = False

    def send(self, messages):
        yield from ()
        raise KeyboardInterrupt


def test_what_may_have_left_and_is_no_longer_true_does_not_leave_again_and_is_called_off(tmp_path):
    with an_office(tmp_path) as office:
        office.place()
        with pytest.raises(KeyboardInterrupt):
            killed(office)
        office.hear(office.session(state="cancelled"))
        settle(office)

        told = [(one["kind"], one["state"]) for one in office.notices()]
        assert told == [("convocation", "unknown"), ("cancelled", "accepted")]
        assert len(office.sms()) + len(office.mails()) == 1


def test_what_waits_for_its_next_channel_and_may_have_arrived_is_called_off(tmp_path, carrier):
    with an_office(tmp_path, PARCOURS_SMS=f"{carrier.json}?receipts=yes") as office:
        invite(office, email="rose@example.org")
        office.run()
        office.clock.set(datetime(2025, 3, 4, 9, 1, tzinfo=UTC))  # a day without a receipt
        doubt_unanswered(office.service)
        office.hear(office.session(state="cancelled"))
        office.run()

        told = {(one["kind"], one["state"]) for one in office.notices()}
        assert told == {("convocation", "unknown"), ("cancelled", "accepted")}


def test_an_absence_that_may_have_been_told_and_was_none_is_not_told_by_the_next_channel(tmp_path, carrier):
    with an_office(tmp_path, PARCOURS_SMS=f"{carrier.json}?receipts=yes") as office:
        office.place(phone="+33612345600")
        office.run()
        office.hear(office.miss())
        office.run()
        office.hear(office.no_miss())
        office.clock.set(datetime(2025, 3, 4, 9, 1, tzinfo=UTC))
        settle(office)

        told = {one["kind"]: (one["state"], one["channel"]) for one in office.notices()}
        assert told["missed"] == ("unknown", "sms")
        assert told["not_missed"][0] == "accepted"


def test_what_rode_on_a_message_whose_carrier_has_ended_leaves_by_itself(tmp_path):
    with an_office(tmp_path) as office:
        office.place()
        office.hear(office.miss())
        with pytest.raises(KeyboardInterrupt):
            killed(office)
        with office.service.database.begin() as db:
            carrier = storage.notice.c.id.in_(sa.select(storage.notice.c.rides_on))
            db.execute(storage.notice.update().where(carrier).values(state="accepted", holder=None))
        office.skip_back_off()
        settle(office)

        assert {one["state"] for one in office.notices()} == {"accepted"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_that_changed_while_nobody_knew_whether_the_message_left_gets_it_too(tmp_path, kind, carrier):
    with an_office(tmp_path, PARCOURS_SMS=getattr(carrier, kind)) as office:
        carrier.behaviour = "takes and fails"
        office.place(phone="+33612345600", email="")
        office.run()
        office.hear(office.person(phone="+33612345699", email=""))
        for behaviour in ("is busy", "takes"):
            carrier.behaviour = behaviour
            office.skip_back_off()
            office.run()

        assert carrier.took == {"+33612345600": 1, "+33612345699": 1}
        assert [one["state"] for one in office.notices()] == ["accepted"]

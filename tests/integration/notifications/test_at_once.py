"""What happens at the same moment on PostgreSQL: a reviewer, a gateway's answer and news about the same person."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.notifications import storage
from services.notifications.app import create_app
from services.notifications.usecases import hearing, links
from services.notifications.usecases.links import LinkRefusedError
from tests.integration.notifications.carrier import a_carrier
from tests.integration.notifications.office import MONDAY, PERSON, an_office

PHONE, ANOTHER = "+33612345600", "+33612345699"


@pytest.fixture
def url(postgres_url):
    return postgres_url("notifications")


@pytest.fixture
def office(tmp_path, url):
    with an_office(tmp_path, url) as office:
        yield office


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def act(office, use_case, *given):
    with office.service.database.begin() as db:
        return use_case(office.service.work(db), *given)


def wait_for_blocked(office, count):
    """Wait until so many transactions wait for a lock of another one."""
    blocked = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with office.service.database.read() as db:
            if db.scalar(blocked) >= count:
                return
    raise AssertionError("nobody waits")


def test_news_that_comes_while_the_seats_are_looked_at_is_not_lost(office, pool):
    office.place()
    office.run()
    office.hear(office.session())
    with office.service.database.begin() as db:
        db.execute(sa.select(storage.notice.c.id).with_for_update())
        looking = pool.submit(office.review)
        wait_for_blocked(office, 1)
        hearing_it = pool.submit(office.hear, office.session(state="cancelled"))
        wait_for_blocked(office, 2)
    looking.result()
    hearing_it.result()
    office.run()

    assert [one["kind"] for one in office.notices()] == ["convocation", "cancelled"]


def test_a_number_that_is_refused_while_a_new_one_comes_does_not_undo_it(tmp_path, url, pool):
    with a_carrier() as carrier, an_office(tmp_path, url, PARCOURS_SMS=carrier.json) as office:
        carrier.behaviour = "refuses"
        office.place(phone=PHONE, email="")
        office.review()
        with office.service.database.begin() as db:
            hearing.keep_person(office.service.work(db), office.person(phone=ANOTHER, email=""))
            sending = pool.submit(office.deliver_only)
            wait_for_blocked(office, 1)
        sending.result()

        (person,) = office.rows(storage.person, storage.person.c.id)
        assert (person["phone"], person["refused"]) == (ANOTHER, [])


def test_an_appointment_that_ends_while_its_notice_leaves_is_called_off(office, pool):
    office.hear(office.site(), office.appointment())
    with office.service.database.begin() as db:
        db.execute(storage.notice.update().values(state="sending"))
        hearing_it = pool.submit(office.hear, office.appointment(state="cancelled"))
        wait_for_blocked(office, 1)
    hearing_it.result()

    assert {one["kind"] for one in office.notices()} == {"appointment", "no_appointment"}


def test_a_link_that_was_read_by_somebody_else_stays_closed_when_a_notice_leaves_just_then(office, pool):
    office.place()
    told = act(office, links.link_of, "https://f.example", PERSON)
    office.clock.set(MONDAY + timedelta(days=2))
    with office.service.database.begin() as db:
        links.renew_link(office.service.work(db), PERSON)
        sending = pool.submit(act, office, links.link_of, "https://f.example", PERSON)
        wait_for_blocked(office, 1)

    assert sending.result() != told
    with pytest.raises(LinkRefusedError):
        act(office, links.open_link, told.rpartition("/")[2])


def test_a_receipt_that_meets_news_about_the_same_person_is_not_lost(tmp_path, url, pool):
    with a_carrier() as carrier, an_office(tmp_path, url, PARCOURS_SMS=carrier.kannel + "?receipts=yes") as office:
        office.place(phone=PHONE, email="")
        office.run()
        (notice,) = office.notices()
        (address,) = carrier.receipts
        client = create_app(office.settings, office.service).test_client()
        path = address.replace("%d", "1").removeprefix(f"{office.settings.public_url}/notices")
        with office.service.database.begin() as db:  # a person first, then their notices: the other way round
            db.execute(sa.select(storage.person.c.id).with_for_update())
            hearing_it = pool.submit(client.get, path)
            wait_for_blocked(office, 1)
            db.execute(storage.notice.update().values(reason=""))

        assert hearing_it.result().status_code == 204
        assert [row["state"] for row in office.rows(storage.receipt, storage.receipt.c.id)] == ["delivered"]
        assert {one["state"] for one in office.notices(id=notice["id"])} == {"delivered"}

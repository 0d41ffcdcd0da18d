"""Several agents at the same moment: the last place is one place, an appointment is one, a person is entered once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.scheduler import storage
from services.scheduler.domain.reception import Contact
from services.scheduler.usecases import prescriptions
from services.scheduler.usecases.reception import candidates, interviews
from shared.errors import ConflictError
from shared.ids import new_id
from tests.doors import OFFER, xlsx_of
from tests.integration.desk.counter import AUDITOR, Counter

CONTACT = Contact(
    reference="93-RACE-1", entry="contacted", family_name="Noori", given_name="Zahra", alias="Rose",
    phone="+999000000901", email="", commune="93008", spoken=("ps",), reads="yes", reading_language="ps",
    channel="sms", shared_phone=False, programme="cir-2025",
)  # fmt: skip


@pytest.fixture
def counter(database_url, tmp_path):
    counter = Counter(tmp_path, database_url)
    counter.send("offer", "offre.xlsx", xlsx_of(OFFER))
    yield counter
    counter.close()


def at_once(acts):
    """Do all of these at the same time; return how many were done, the others being refused."""

    def done(act):
        try:
            act()
        except ConflictError:
            return 0
        return 1

    with ThreadPoolExecutor(len(acts)) as agents:
        return sum(agents.map(done, acts))


def test_the_last_place_of_a_workshop_is_booked_once(counter):
    counter.take_in(range(1, 9))
    day = counter.clock.now().date()
    contracts = [row["id"] for row in counter.rows(storage.contract)]

    booked = at_once(
        [lambda key=key: counter.do(prescriptions.follow_up, key, "AT1", "booked", day) for key in contracts]
    )

    assert booked == 1
    assert len(counter.rows(storage.follow_up, storage.follow_up.c.state == "booked")) == 1


def test_one_person_gets_one_appointment_and_is_entered_once(counter):
    entered = at_once(
        [lambda: counter.do(candidates.enter, "93", CONTACT, test_numbers=True, who=AUDITOR) for _ in range(4)]
    )
    assert entered == 4, "the same again changes nothing"
    (person,) = counter.rows(storage.candidate)
    days = [counter.clock.now().date() + timedelta(days=n) for n in (6, 7)]
    counter.do(interviews.open_slots, "93", "PF93", days, interviews.HALVES)
    slots = [row["id"] for row in counter.rows(storage.interview_slot)]

    at_once(
        [
            lambda key=key: counter.do(interviews.book, new_id(), person["id"], key, "interview", who=AUDITOR)
            for key in slots
        ]
    )

    assert [row["state"] for row in counter.rows(storage.appointment)] == ["booked"]

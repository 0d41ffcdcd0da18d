"""What is said in the room reaches who must act on it: scheduler a new contact, notifications a call to the absent."""

from datetime import UTC, datetime, time

import pytest

from services.attendance.domain.opening import starts_at
from services.scheduler import storage
from shared.events import ContactGiven
from shared.ids import new_id
from tests.integration.attendance.taken import a_roll_taken


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    with a_roll_taken(tmp_path_factory.mktemp("passed on") / "var") as (house, roll, missing):
        yield house, roll, missing


def reach_of(house, reference):
    service = house.house.services["scheduler"]
    with service.database.read() as db:
        query = storage.signatory.select().where(storage.signatory.c.reference == reference)
        (row,) = storage.rows(db, query)
    return row["private"]["phone"], row["private"]["email"], row["facts"]["channel"]


def give(house, roll, person, **said):
    body = {"meeting_id": roll["id"], "signatory_id": person["signatory_id"], **said}
    headers = {"Authorization": f"Bearer {house.token('body-ORG')}"}
    answer = house.client.put(f"/attendance/api/v1/contacts/{new_id()}", json=body, headers=headers)
    house.drain()
    return answer


def test_a_number_given_in_the_room_is_the_one_that_is_called_from_now_on(taken):
    house, roll, _ = taken
    person = roll["people"][2]
    before = reach_of(house, person["reference"])

    assert give(house, roll, person, phone="+999 000 009 999").status_code == 204

    assert reach_of(house, person["reference"]) == ("+999000009999", *before[1:])
    notices = house.house.services["notifications"]
    with notices.database.read() as db:
        from services.notifications import storage as kept

        (row,) = kept.rows(db, kept.person.select().where(kept.person.c.reference == person["reference"]))
    assert row["phone"] == "+999000009999"


def test_nothing_changed_tells_nobody_and_what_is_no_number_is_noted_for_an_agent(taken):
    house, roll, _ = taken
    person = roll["people"][3]
    before = reach_of(house, person["reference"])

    assert give(house, roll, person).status_code == 204
    assert give(house, roll, person, phone="hello").status_code == 422
    assert give(house, roll, person, phone="1 ((((((").status_code == 204

    assert reach_of(house, person["reference"]) == before
    service = house.house.services["scheduler"]
    with service.database.read() as db:
        entries = storage.rows(db, storage.dossier_entry.select())
    assert [one["code"] for one in entries if one["code"].startswith("contact_")] == [
        "contact_changed",
        "contact_unreadable",
    ]
    assert not storage_of_quarantine(service)


def storage_of_quarantine(service):
    from shared.tables import quarantine

    with service.database.read() as db:
        return storage.rows(db, quarantine.select())


def test_who_is_expected_and_not_there_is_written_to_once_in_their_language(taken):
    house, roll, missing = taken
    body = house.door("body-ORG")
    seated = {one["reference"] for one in roll["people"]}
    other = next(
        one
        for day in range(1, 20)
        for one in body.items("/attendance/api/v1/rolls", day=f"2025-04-{day + 1:02d}", people="true")
        if one["people"] and one["state"] == "open" and missing["reference"] in {p["reference"] for p in one["people"]}
    )
    assert missing["reference"] in seated
    when = {"held_on": datetime.fromisoformat(other["held_on"]).date(), "zone": "Europe/Paris"}
    when["starts_at"] = time.fromisoformat(other["starts_at"])
    house.clock.set(starts_at(when).astimezone(UTC))

    for _ in range(2):
        body.post(f"/attendance/api/v1/rolls/{other['id']}/relays")
        house.drain()

    (notice,) = [one for one in house.notices_of(missing["reference"]) if one["kind"] == "expected"]
    assert notice["channel"] == "sms"
    assert "نحن في انتظارك" in notice["text"]
    assert "OFII" not in notice["text"]


def test_the_word_itself_is_in_no_row_of_attendance(taken):
    house, roll, _ = taken
    give(house, roll, roll["people"][4], phone="+999 000 007 777")

    service = house.house.services["attendance"]
    with service.database.engine.connect() as connection:
        dump = "\n".join(connection.connection.iterdump())
    assert "7 777" not in dump
    assert "007777" not in dump
    assert ContactGiven.type_name() in dump

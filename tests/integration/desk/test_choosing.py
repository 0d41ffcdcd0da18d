"""Dates that a person chooses at home: first come keeps the seat, an end, and what the system gives after it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.usecases import choosing, desk, leaving
from services.scheduler.usecases.choosing import Outcome
from services.scheduler.usecases.desk_code import give_code
from shared.envelope import decode
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.ids import new_id
from shared.rights import LINKED, Principal
from shared.seal import KeyRing
from shared.tables import outbox
from tests.integration.desk.counter import AUDITOR, PLANNER

HOURS = 72
NEWCOMER = {"langues_parlees": "fr;ar"}


def themselves(signatory_id):
    return Principal(kind="person", id=str(signatory_id), role=LINKED, scope=str(signatory_id))


def offered(counter, signatory_id, who=PLANNER):
    return counter.do(choosing.offer, new_id(), signatory_id, HOURS, who=who)


def seats_of(counter, signatory_id):
    seat = storage.placement
    return {
        (row["session_id"], row["part"])
        for row in counter.rows(seat, seat.c.signatory_id == signatory_id, seat.c.state == "active")
    }


def steps_of(itinerary):
    return {(step["session_id"], part) for step in itinerary["steps"] for part in step["needs"].values()}


def as_text(seats):
    return {(str(key), part) for key, part in seats}


def close(counter, *groups):
    """Leave no seat in these groups."""
    table = storage.session
    with counter.service.database.begin() as db:
        full = {"seats": 0, "version": table.c.version + 1}
        db.execute(table.update().where(table.c.id.in_([UUID(str(key)) for key in groups])).values(**full))


def owe_nothing(counter, signatory_id):
    contract = storage.contract
    (row,) = counter.rows(contract, contract.c.signatory_id == signatory_id)
    counter.do(leaving.end_needs, row["id"])


def states_told(counter):
    with counter.service.database.read() as db:
        bodies = list(db.scalars(sa.select(outbox.c.body).where(outbox.c.kind == "event").order_by(outbox.c.seq)))
    events = [decode(body).event for body in bodies]
    return [event.state for event in events if type(event).__name__ == "SlotOfferState"]


@pytest.fixture
def newcomer(counter):
    (key,) = counter.take_in([101], **NEWCOMER)
    return key


def test_a_person_takes_one_of_the_itineraries_and_has_its_seats(counter, newcomer):
    offer = offered(counter, newcomer)
    assert 1 <= len(offer["itineraries"]) <= 3
    second = offer["itineraries"][-1]

    outcome = counter.do(choosing.choose, offer["id"], second["number"], who=themselves(newcomer))

    assert outcome is Outcome.TAKEN
    assert as_text(seats_of(counter, newcomer)) == steps_of(second)
    (row,) = counter.rows(storage.slot_offer)
    assert (row["state"], row["actor"]) == ("taken", f"linked:{newcomer}")
    assert states_told(counter) == ["open", "taken"]


def test_the_same_choice_again_changes_nothing_and_another_one_is_over(counter, newcomer):
    offer = offered(counter, newcomer)
    first = offer["itineraries"][0]["number"]
    for _ in range(2):
        assert counter.do(choosing.choose, offer["id"], first, who=themselves(newcomer)) is Outcome.TAKEN
    before = seats_of(counter, newcomer)

    assert counter.do(choosing.choose, offer["id"], first + 1, who=themselves(newcomer)) is Outcome.OVER
    assert seats_of(counter, newcomer) == before


@pytest.mark.parametrize("hours", [1, 23, HOURS - 1])
def test_what_is_offered_can_be_taken_as_it_was_shown_until_the_end(counter, newcomer, hours):
    counter.clock.set(counter.clock.now() + timedelta(days=2))  # the course begins within these hours and two days
    offer = offered(counter, newcomer)
    counter.clock.set(counter.clock.now() + timedelta(hours=hours))

    assert counter.do(choosing.choose, offer["id"], 1, who=themselves(newcomer)) is Outcome.TAKEN
    assert as_text(seats_of(counter, newcomer)) == steps_of(offer["itineraries"][0])


def test_nothing_is_held_while_they_choose(counter, newcomer):
    offered(counter, newcomer)

    assert counter.rows(storage.seat_hold) == []


def test_when_somebody_was_quicker_what_is_left_is_shown(counter, newcomer):
    offer = offered(counter, newcomer)
    wanted = offer["itineraries"][0]
    close(counter, *(key for key, _ in steps_of(wanted)))

    outcome = counter.do(choosing.choose, offer["id"], wanted["number"], who=themselves(newcomer))

    (row,) = counter.rows(storage.slot_offer)
    shown = [steps_of(one) for one in row["itineraries"]]
    if row["state"] == "open":
        assert outcome is Outcome.GONE
        assert shown
    else:
        assert (outcome, row["state"], shown) == (Outcome.OVER, "expired", [])
    assert all(not (one & steps_of(wanted)) for one in shown)
    assert seats_of(counter, newcomer) == set()


def test_the_last_seat_goes_to_one_of_two_who_press_at_the_same_moment(counter):
    first, second = counter.take_in([101, 102], **NEWCOMER)
    offers = [offered(counter, key) for key in (first, second)]
    wanted = offers[0]["itineraries"][0]
    numbers = [
        next(one["number"] for one in offer["itineraries"] if steps_of(one) == steps_of(wanted)) for offer in offers
    ]
    with counter.service.database.begin() as db:
        for key, part in steps_of(wanted):
            taken = [
                row for row in storage.rows(db, storage.placement.select())
                if (str(row["session_id"]), row["part"], row["state"]) == (key, part, "active")
            ]  # fmt: skip
            group = storage.session.c.id == UUID(key)
            db.execute(storage.session.update().where(group).values(seats=len(taken) + 1))

    def press(key, offer, number):
        return counter.do(choosing.choose, offer["id"], number, who=themselves(key))

    with ThreadPoolExecutor(2) as phones:
        outcomes = list(phones.map(press, (first, second), offers, numbers))

    assert outcomes.count(Outcome.TAKEN) == 1
    assert counter.crowded() == {}
    winner, loser = (first, second) if outcomes[0] is Outcome.TAKEN else (second, first)
    assert as_text(seats_of(counter, winner)) == steps_of(wanted)
    assert seats_of(counter, loser) == set()


def test_after_the_hours_the_best_that_is_left_is_given(counter, newcomer):
    offer = offered(counter, newcomer)
    counter.clock.set(counter.clock.now() + timedelta(hours=HOURS))
    assert counter.do(choosing.choose, offer["id"], 1, who=themselves(newcomer)) is Outcome.OVER

    assert choosing.look_at_offers(counter.service) == 1
    assert choosing.look_at_offers(counter.service) == 0

    assert seats_of(counter, newcomer)
    assert states_told(counter) == ["open", "expired"]
    codes = [row["code"] for row in counter.rows(storage.dossier_entry) if row["person_id"] == newcomer]
    assert "slot_chosen_for" in codes


def test_where_nothing_is_left_after_the_hours_the_need_waits_for_the_plan(counter, newcomer):
    offered(counter, newcomer)
    close(counter, *(row["id"] for row in counter.rows(storage.session)))
    counter.clock.set(counter.clock.now() + timedelta(hours=HOURS))

    choosing.look_at_offers(counter.service)

    assert seats_of(counter, newcomer) == set()
    need = storage.need
    assert {row["state"] for row in counter.rows(need, need.c.signatory_id == newcomer)} <= {"open", "unplaced"}
    assert states_told(counter) == ["open", "expired"]


@pytest.mark.parametrize("ticks", [0, 1])
def test_an_offer_to_somebody_who_owes_nothing_any_more_is_withdrawn(counter, newcomer, ticks):
    offer = offered(counter, newcomer)
    owe_nothing(counter, newcomer)
    for _ in range(ticks):
        assert choosing.look_at_offers(counter.service) == 1

    assert counter.do(choosing.choose, offer["id"], 1, who=themselves(newcomer)) is Outcome.OVER
    assert seats_of(counter, newcomer) == set()
    assert states_told(counter) == ["open", "withdrawn"]


def test_what_an_agent_gave_meanwhile_leaves_the_offer(counter, newcomer):
    offer = offered(counter, newcomer)
    shown = counter.do(desk.show, new_id(), newcomer, who=AUDITOR)
    counter.do(desk.take, shown["id"], 1, who=AUDITOR)
    before = seats_of(counter, newcomer)

    assert counter.do(choosing.choose, offer["id"], 1, who=themselves(newcomer)) is not Outcome.TAKEN
    assert seats_of(counter, newcomer) == before


def test_a_new_offer_takes_the_place_of_the_one_before(counter, newcomer):
    first = offered(counter, newcomer)
    second = offered(counter, newcomer)

    assert counter.do(choosing.choose, first["id"], 1, who=themselves(newcomer)) is Outcome.OVER
    assert counter.do(choosing.choose, second["id"], 1, who=themselves(newcomer)) is Outcome.TAKEN


def test_the_same_offer_again_changes_nothing(counter, newcomer):
    offer_id = new_id()
    once = counter.do(choosing.offer, offer_id, newcomer, HOURS)
    again = counter.do(choosing.offer, offer_id, newcomer, HOURS)

    assert again["itineraries"] == once["itineraries"]
    assert states_told(counter) == ["open"]
    (other,) = counter.take_in([102], **NEWCOMER)
    with pytest.raises(ConflictError) as raised:
        counter.do(choosing.offer, offer_id, other, HOURS)
    assert raised.value.code == "id_reused"


def test_nobody_chooses_from_somebody_elses_offer(counter, newcomer):
    (other,) = counter.take_in([102], **NEWCOMER)
    offer = offered(counter, newcomer)

    with pytest.raises(NotFoundError):
        counter.do(choosing.choose, offer["id"], 1, who=themselves(other))
    assert counter.do(choosing.open_offer, who=themselves(other)) is None
    assert seats_of(counter, other) == set()


def test_another_directorate_offers_and_withdraws_nothing(counter, newcomer):
    elsewhere = Principal(kind="person", id="zoe", role="planner", scope="75")
    offer = offered(counter, newcomer)

    with pytest.raises(ForbiddenError):
        offered(counter, newcomer, who=elsewhere)
    with pytest.raises(ForbiddenError):
        counter.do(choosing.withdraw, offer["id"], who=elsewhere)
    with pytest.raises(ForbiddenError):
        counter.do(give_code, newcomer, who=elsewhere)


def test_somebody_who_owes_nothing_is_offered_nothing(counter, newcomer):
    owe_nothing(counter, newcomer)

    with pytest.raises(ConflictError) as raised:
        offered(counter, newcomer)
    assert raised.value.code == "nothing_owed"


def test_the_code_of_the_desk_is_told_sealed_and_survives_a_file_sent_again(counter, newcomer):
    codes = {counter.do(give_code, newcomer) for _ in range(3)}
    assert all(len(code) == 4 and code.isdecimal() for code in codes)
    last = counter.do(give_code, newcomer)
    counter.take_in([101], **NEWCOMER, telephone="+999000000777")

    (row,) = counter.rows(storage.signatory, storage.signatory.c.id == newcomer)
    sealed = row["private"]["code"]
    key = counter.service.voice.seal_keys["notifications"]
    assert KeyRing(key).open(sealed, newcomer) == {"code": last}
    assert last not in sealed

"""Ten desks at a time: what is shown is held, never twice, and what is chosen is given whole or not at all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.life import Act
from services.scheduler.usecases import desk, guests, life, waivers
from services.scheduler.usecases.waivers import Wanted
from shared.clock import real_now
from shared.errors import ConflictError, ForbiddenError
from shared.ids import new_id
from shared.rights import Principal
from tests.integration.desk.counter import AUDITOR

ELSEWHERE = Principal(kind="person", id="other", role="auditor", scope="75")
_numbers = count(100)


def show(counter, person, showing=None, who=AUDITOR):
    return counter.do(desk.show, showing or new_id(), person, who=who)


def seats_of(counter, person):
    return counter.rows(
        storage.placement, storage.placement.c.signatory_id == person, storage.placement.c.state == "active"
    )


def test_somebody_is_shown_itineraries_chooses_one_and_has_its_seats(counter):
    (amina,) = counter.take_in([next(_numbers)])
    shown = show(counter, amina)
    assert 1 <= len(shown["itineraries"]) <= 3
    assert show(counter, amina, shown["id"])["itineraries"] == shown["itineraries"], "the same id shows the same"
    assert counter.rows(storage.seat_hold)

    taken = counter.do(desk.take, shown["id"], 1, who=AUDITOR)

    assert taken["state"] == "taken"
    wanted = {
        (step["session_id"], part) for step in shown["itineraries"][0]["steps"] for part in step["needs"].values()
    }
    assert {(str(seat["session_id"]), seat["part"]) for seat in seats_of(counter, amina)} == wanted
    assert counter.rows(storage.seat_hold) == [], "the other seats are free again"
    assert counter.do(desk.take, shown["id"], 1, who=AUDITOR)["state"] == "taken", "sent twice, given once"
    with pytest.raises(ConflictError) as refused:
        counter.do(desk.take, shown["id"], 2, who=AUDITOR) if len(shown["itineraries"]) > 1 else show(counter, amina)
    assert refused.value.code in {"chosen_before", "nothing_owed"}


def test_twenty_desks_at_once_never_show_or_give_a_seat_twice(counter):
    people = counter.take_in([next(_numbers) for _ in range(20)])

    def sit_down(person):
        shown = show(counter, person)
        assert counter.crowded() == {}, "while they choose"
        if not shown["itineraries"]:
            return 0
        counter.do(desk.take, shown["id"], 1, who=AUDITOR)
        return 1

    with ThreadPoolExecutor(20) as desks:
        seated = sum(desks.map(sit_down, people))

    assert seated > 0
    assert counter.crowded() == {}
    assert counter.rows(storage.seat_hold) == []


def test_a_held_seat_is_shown_to_nobody_else_until_it_is_let_go(counter):
    people = counter.take_in([next(_numbers) for _ in range(30)])
    shown = [show(counter, person) for person in people]
    full = [one for one in shown if not one["itineraries"]]
    assert full, "thirty people want more than is free"
    assert counter.crowded() == {}

    counter.do(desk.release, shown[0]["id"], who=AUDITOR)

    assert show(counter, full[0]["signatory_id"])["itineraries"]


def test_a_hold_ends_with_real_time_and_what_was_shown_cannot_be_chosen_then(counter):
    amina, bo = counter.take_in([next(_numbers), next(_numbers)])
    shown = show(counter, amina)
    counter.clock.set(counter.clock.now() + timedelta(hours=2))
    assert counter.do(desk.find, shown["id"], who=AUDITOR)["until"] > real_now(), "simulated time ends no hold"
    past = real_now() - timedelta(seconds=1)
    with counter.service.database.begin() as db:
        for table in (storage.desk_showing, storage.seat_hold):
            db.execute(sa.update(table).values(until=past))

    with pytest.raises(ConflictError) as refused:
        counter.do(desk.take, shown["id"], 1, who=AUDITOR)

    assert refused.value.code == "hold_over"
    assert show(counter, bo)["itineraries"]
    assert seats_of(counter, amina) == []


def test_what_is_owed_no_more_is_not_given_and_another_territory_sees_nothing(counter):
    (amina,) = counter.take_in([next(_numbers)])
    shown = show(counter, amina)
    with pytest.raises(ForbiddenError):
        show(counter, amina, who=ELSEWHERE)
    with pytest.raises(ForbiddenError):
        counter.do(desk.take, shown["id"], 1, who=ELSEWHERE)
    (contract,) = counter.rows(storage.contract, storage.contract.c.signatory_id == amina)
    postponed = Act(move="postpone", on=counter.clock.now().date(), reason="illness")
    counter.do(life.act, new_id(), contract["id"], postponed)

    with pytest.raises(ConflictError) as refused:
        counter.do(desk.take, shown["id"], 1, who=AUDITOR)

    assert refused.value.code == "contract_not_running"


def test_a_free_seat_goes_to_who_waits_longest_among_those_who_fit(counter):
    early, late = next(_numbers), next(_numbers)
    counter.take_in([early], date_signature="2024-12-01")
    counter.take_in([late], date_signature="2025-03-20")
    away = next(_numbers)
    counter.take_in([away], lundi="", mardi="", mercredi="", jeudi="", vendredi="", samedi="S")
    session = counter.rows(storage.session, storage.session.c.training == "civic")[0]

    found = counter.do(desk.who_fits, session["id"], who=AUDITOR)

    references = [one["reference"] for one in found]
    assert references[0] == f"93-2025-{early:06d}"
    assert f"93-2025-{late:06d}" in references
    assert f"93-2025-{away:06d}" not in references


def test_everybody_who_waits_is_read_at_once_as_each_alone_would_be(counter):
    """Early and late contracts, other half-days, a waiver, somebody with seats already, a course and civic days."""
    counter.take_in([next(_numbers)], date_signature="2024-12-01")
    counter.take_in([next(_numbers)], date_signature="2025-03-20", lundi="", mardi="S")
    (far,) = counter.take_in([next(_numbers)], trajet_max_min="15")
    wanted = Wanted(
        rule="reach", reason="own_wish", agreed_by="person", agreed_on=counter.clock.now().date(), signatory_id=far
    )
    counter.do(waivers.give, new_id(), wanted)
    (half,) = counter.take_in([next(_numbers)])
    counter.do(desk.take, show(counter, half)["id"], 1)
    met = set()
    for training, parts in (("civic", ["S1", "S2", "S3", "S4"]), ("language", ["100", "200", "400", "600"])):
        until = max(row["ends_on"] for row in counter.rows(storage.session))

        together = counter.do(
            guests.ask_everybody,
            territory="93",
            programme="cir-2019",
            training=training,
            parts=parts,
        )

        met |= {one.person["id"] for one in together}
        for one in together:
            alone = counter.do(guests.ask, one.person["id"])
            assert (alone.guest(until), alone.units) == (one.guest(until), one.units)
    assert {far, half} <= met
    assert len(met) >= 4


def test_a_lot_that_another_desk_has_spent_gives_no_seat(counter):
    amina, bo = counter.take_in([next(_numbers), next(_numbers)])
    shown = [show(counter, person) for person in (amina, bo)]
    with counter.service.database.begin() as db:
        lot = storage.offer(db, "93")["lots", "L1"]["facts"]
        civic = storage.placement.join(storage.session, storage.session.c.id == storage.placement.c.session_id)
        spent = db.scalar(sa.select(sa.func.count()).select_from(civic).where(storage.session.c.training == "civic"))
        mine = sa.and_(storage.offer_item.c.kind == "lots", storage.offer_item.c.code == "L1")
        db.execute(sa.update(storage.offer_item).where(mine).values(facts=lot | {"ordered": spent + 2}))

    counter.do(desk.take, shown[0]["id"], 1, who=AUDITOR)
    with pytest.raises(ConflictError) as refused:
        counter.do(desk.take, shown[1]["id"], 1, who=AUDITOR)

    assert refused.value.code == "lot_spent"
    assert seats_of(counter, bo) == []

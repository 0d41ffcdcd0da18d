"""Attendance when things happen at the same moment, and when a process dies: PostgreSQL, threads, committed rows."""

import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
import sqlalchemy as sa

from services.attendance import storage
from services.attendance.app import build_service
from services.attendance.domain.delays import Delays
from services.attendance.usecases import absences, corrections, missing, presence, provisional, rolls
from services.attendance.usecases.provisional import ProvisionalCommand
from services.attendance.usecases.rebuilding import rebuild
from services.attendance.usecases.rolls import RollCommand
from services.attendance.usecases.sealing import seal_signed, tell_heads
from services.attendance.usecases.verifying import verify
from shared.envelope import decode
from shared.errors import ConflictError
from shared.events import ChainHead, PlacementState, RollMissingState, RollSealed, RollSigned, SessionState
from shared.ids import derived_id, new_id
from shared.tables import outbox
from shared.work import Work
from tests.integration.attendance.room import (
    COURSE,
    DAY,
    MEETINGS,
    PEOPLE,
    PLANNER,
    PROVIDER,
    Room,
    absent,
    present,
)

DELAYS = Delays()
MANY = 12  # courses of three half-days
LATER = datetime(2025, 4, 9, 20, tzinfo=UTC)  # every one of them was held
LIMIT = 30.0  # seconds of real time that anything here may take


@pytest.fixture
def room(tmp_path, postgres_url):
    made = Room(tmp_path, postgres_url("attendance"))
    made.furnish()
    yield made
    made.service.database.dispose()


@contextmanager
def begun(room, who=PROVIDER):
    """Open a unit of work that stays open until the block ends."""
    with room.service.database.begin() as db:
        yield Work(db=db, who=who, now=room.clock.now(), voice=room.service.voice)


def until(true):
    """Wait for a state, with a limit."""
    limit = monotonic() + LIMIT
    while not true():
        assert monotonic() < limit, "it never came to that"


def somebody_waits(room):
    """Say whether a connection of this database waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with room.service.database.read() as db:
        return bool(db.scalar(sa.text(query)))


def meanwhile(room, first, second, who=PROVIDER):
    """Do `first` in a transaction; before it commits start `second`, which has to wait; return what that gave."""
    with ThreadPoolExecutor(1) as other:
        with begun(room, who) as work:
            first(work)
            waiting = other.submit(second)
            until(lambda: somebody_waits(room) or waiting.done())
        return waiting.result(LIMIT)


def told(room, event):
    with room.service.database.read() as db:
        mine = outbox.c.name == event.type_name()
        return [decode(body).event for body in db.scalars(sa.select(outbox.c.body).where(mine).order_by(outbox.c.seq))]


def assert_sound(room, rolls_sealed):
    """Assert that the chain is whole, each roll is sealed once a version, and counting again changes nothing."""
    with room.service.database.read() as db:
        verdict = verify(db, {})
    assert (verdict.findings, verdict.rolls) == ([], rolls_sealed)
    assert rebuild(room.service).same
    sealed = told(room, RollSealed)
    assert len(sealed) == rolls_sealed
    assert [one.position for one in sorted(sealed, key=lambda one: one.position)] == [*range(1, rolls_sealed + 1)]


def both(*acts):
    """Do all of these at once; return what each gave, a conflict as its code."""

    def done(act):
        try:
            return act()
        except ConflictError as error:
            return error.code

    with ThreadPoolExecutor(len(acts)) as agents:
        return list(agents.map(done, acts))


def test_two_devices_sign_the_same_roll_and_it_is_sealed_once(room):
    def device():
        return room.mark([present(0), absent(1), present(2)], sign=True)

    results = both(*(device for _ in range(4)))

    kept = [one for one in results if one.code == ""]
    assert len(kept) == 1
    assert {one.code for one in results if one.code} == {"roll_signed"}
    assert len(told(room, RollSigned)) == 1
    assert_sound(room, 1)


def test_a_mark_that_comes_while_the_roll_is_signed_is_refused_or_in_the_seal(room):
    room.mark([present(0), absent(1), present(2)])

    results = both(
        lambda: room.do(rolls.sign_roll, MEETINGS[0])["state"],
        *(lambda: room.mark([present(1)]).code for _ in range(4)),
    )

    assert set(results) <= {"sealed", "", "roll_signed"}
    assert_sound(room, 1)


def test_a_correction_and_a_qualification_of_one_absence_do_not_both_stand(room):
    away = absent(1)
    room.mark([present(0), away, present(2)], sign=True)

    def qualify():
        return room.do(absences.qualify_absence, away.id, new_id(), justified=False, reason="", who=PLANNER)

    def correct():
        return room.do(corrections.correct_mark, present(1), MEETINGS[0], "sheet_found", DELAYS)

    results = both(qualify, correct)

    assert sorted(map(str, results)) in (["None", "qualified"], ["None", "not_an_absence"], ["None", "superseded"])
    assert_sound(room, 2)


def test_rolls_of_one_training_body_that_are_signed_at_once_stand_one_after_the_other(room):
    for course in range(MANY):
        furnish(room, course)
    room.clock.set(LATER)
    both(*(lambda key=key: room.mark([present(n) for n in range(3)], meeting=key, sign=True) for key in many()[:24]))

    assert_sound(room, 24)


def test_a_meeting_that_moves_while_its_roll_is_taken_keeps_its_marks(room):
    course = room.course(COURSE)
    kept = {name: getattr(course, name) for name in ("session_id", "provider_id", "site_id", "training", "package")}
    moved = SessionState(subject_version=2, trainer="T1", state="open", meetings=course.meetings[1:], **kept)

    meanwhile(
        room,
        lambda work: rolls.mark_rolls(work, [RollCommand(meeting_id=MEETINGS[0], marks=[present(0)])]),
        lambda: room.hear(moved),
    )

    assert room.do(rolls.read_roll, MEETINGS[0])["people"][0]["mark"]["status"] == "present"


def test_a_roll_that_is_corrected_while_it_is_counted_again_keeps_the_correction(room):
    room.mark([present(0), absent(1), present(2)], sign=True)

    meanwhile(
        room,
        lambda work: corrections.correct_mark(work, present(1), MEETINGS[0], "sheet_found", DELAYS),
        lambda: room.do(presence.recount, MEETINGS, who=PLANNER),
    )

    assert room.hours(1) == (180, 180)
    assert_sound(room, 2)


def test_who_is_recognised_and_taken_back_while_everything_is_counted_again_counts_by_the_last_word(room):
    guest = new_id()
    room.do(provisional.add_provisional, MEETINGS[0], ProvisionalCommand(id=guest, name="Inconnue", reference=""))
    marks = [present(0), absent(1), absent(2), replace(present(0), signatory_id=guest)]
    room.mark(marks, sign=True)

    acts = [lambda said=said: room.do(provisional.identify, guest, new_id(), said) for said in ("93-1", None, "93-1")]
    both(*acts, lambda: rebuild(room.service), lambda: rebuild(room.service))
    room.do(provisional.identify, guest, new_id(), "93-1")

    assert room.hours(1) == (180, 180)
    assert_sound(room, 1)


def test_two_processes_that_look_for_missing_rolls_say_each_thing_once(room):
    for course in range(MANY):
        furnish(room, course)
    for days in (1, 5):
        room.clock.set(datetime(2025, 4, 9, 20, tzinfo=UTC) + timedelta(days=days))
        services = [build_service(room.settings) for _ in range(3)]
        both(*(lambda one=one: missing.look_for_missing_rolls(DELAYS)(one) for one in services))
        for one in services:
            one.database.dispose()

    said = [(one.meeting_id, one.subject_version) for one in told(room, RollMissingState)]
    assert len(said) == len(set(said))
    assert {one.stage for one in told(room, RollMissingState)} == {"provider", "ofii"}


def test_two_processes_that_tell_heads_and_seal_what_was_signed_before_do_each_once(room):
    for n, meeting in enumerate(MEETINGS):
        room.clock.set(datetime(2025, 4, 7 + n, 20, tzinfo=UTC))
        room.mark([present(n) for n in range(3)], meeting=meeting, sign=True)
        services = [build_service(room.settings) for _ in range(3)]
        room.clock.set(datetime(2025, 4, 8 + n, 0, 5, tzinfo=UTC))
        both(*(lambda one=one: (seal_signed(one), tell_heads(one)) for one in services))
        for one in services:
            one.database.dispose()

    heads = [(one.day.day, one.position) for one in told(room, ChainHead)]
    assert heads == [(7, 1), (8, 2), (9, 3)]
    assert_sound(room, 3)


def furnish(room, course):
    """Add a course in which everybody sits."""
    key = derived_id("thing", "many", course)
    room.hear(
        room.course(key),
        *(
            PlacementState(
                subject_version=1, placement_id=derived_id("many", course, n), contract_id=derived_id("contract", n),
                signatory_id=PEOPLE[n], session_id=key, part="100", joins_on=DAY, state="active",
            )
            for n in range(len(PEOPLE))
        ),
    )  # fmt: skip


def many():
    return [derived_id("meeting", derived_id("thing", "many", course), n) for course in range(MANY) for n in range(3)]


def mark_for_ever(var, url):
    """Sign every roll, three at a time, again and again: what a device does whose answer never comes."""
    room = Room(var, url)
    room.clock.set(LATER)
    keys = many()
    marks = {key: [replace(present(n), id=derived_id("its mark", key, n)) for n in range(len(PEOPLE))] for key in keys}
    commands = [RollCommand(meeting_id=key, sign=True, marks=marks[key]) for key in keys]
    while True:
        for first in range(0, len(commands), 3):
            room.do(rolls.mark_rolls, commands[first : first + 3])


def test_a_process_that_is_killed_loses_no_mark_and_doubles_none(room, tmp_path):
    for course in range(MANY):
        furnish(room, course)
    room.clock.set(LATER)
    url = room.service.database.url.render_as_string(hide_password=False)

    def sealed():
        with room.service.database.read() as db:
            return db.scalar(sa.select(sa.func.count()).select_from(storage.seal))

    for wanted in (1, 8, 20, 3 * MANY):
        child = multiprocessing.get_context("spawn").Process(target=mark_for_ever, args=(tmp_path, url), daemon=True)
        child.start()
        until(lambda wanted=wanted, child=child: sealed() >= wanted or not child.is_alive())
        assert child.is_alive()
        os.kill(child.pid, signal.SIGKILL)
        child.join(LIMIT)

    with room.service.database.read() as db:
        marks = db.scalar(sa.select(sa.func.count()).select_from(storage.mark))
    assert marks == 3 * MANY * len(PEOPLE)
    assert len(told(room, RollSigned)) == 3 * MANY
    assert_sound(room, 3 * MANY)
    assert [room.hours(n) for n in range(3)] == [(6000, 3 * MANY * 180)] * 3, "no more is followed than is owed"

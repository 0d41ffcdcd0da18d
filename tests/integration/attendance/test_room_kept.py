"""Acts, people who were recognised, wrong tries: kept alike by both databases."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.attendance import storage
from services.attendance.domain import meeting_code
from services.attendance.usecases import acts, here, provisional, relays
from services.attendance.usecases.acts import ActCommand
from services.attendance.usecases.provisional import ProvisionalCommand
from services.attendance.usecases.rolls import MarkCommand
from shared.clock import real_now
from shared.errors import ConflictError
from shared.knocks import purge_knocks
from shared.rights import Principal
from tests.integration.attendance.room import MEETINGS, OTHER, PEOPLE, PROVIDER, absent, present

STROKES = b"[[" + b",".join(b"[%d,%d]" % (n, n) for n in range(20)) + b"]]"


def rows(room, table):
    with room.service.database.read() as db:
        return storage.rows(db, table.select())


def digest(room):
    return sorted(map(str, rows(room, storage.presence)))


def test_recognised_then_not_after_all_leaves_every_number_as_it_was(room):
    room.hear(room.seat(2, session=OTHER))
    guest, word = uuid4(), uuid4()
    room.do(provisional.add_provisional, MEETINGS[0], ProvisionalCommand(id=guest, name="Maya ROY"))
    stranger = MarkCommand(
        id=uuid4(), signatory_id=guest, status="present", act="trainer_declared", act_reason="cannot_sign"
    )  # fmt: skip
    room.mark([present(0), absent(1), stranger], sign=True)
    before, hours = digest(room), [room.hours(n) for n in range(3)]

    for _ in range(2):
        room.do(provisional.identify, guest, word, "93-2")
    assert room.hours(2) == (180, 180)
    with pytest.raises(ConflictError):
        room.do(provisional.identify, guest, word, None)
    room.do(provisional.identify, guest, uuid4(), None)

    assert digest(room) == before
    assert [room.hours(n) for n in range(3)] == hours
    assert [row["seq"] for row in rows(room, storage.identification)] == [1, 2]


def test_who_is_on_the_list_and_was_added_besides_is_counted_once(room):
    guest = uuid4()
    room.do(provisional.add_provisional, MEETINGS[0], ProvisionalCommand(id=guest, name="Second time"))
    twice = MarkCommand(id=uuid4(), signatory_id=guest, status="late", act="trainer_declared", act_reason="cannot_sign", minutes_lost=30)  # fmt: skip
    room.mark([present(0), present(1), absent(2), twice], sign=True)

    room.do(provisional.identify, guest, uuid4(), "93-2")

    assert room.hours(2) == (150, 180), "the presence counts, the absence that was a mistake does not"


def test_an_act_is_kept_once_and_a_scan_is_one_act_however_often_it_is_pressed(room):
    room.clock.set(datetime(2025, 4, 7, 6, 45, tzinfo=UTC))
    key = uuid4()
    drawing = ActCommand(kind="drawn", subject_id=PEOPLE[0], media_type="application/json", content=STROKES)
    for _ in range(2):
        room.do(acts.keep_act, MEETINGS[0], key, drawing)
    secret = meeting_code.secret_of(room.service.voice.seal_keys["attendance"], MEETINGS[0])
    me = Principal(kind="person", id="me", role="signatory", scope=str(PEOPLE[1]))
    for _ in range(2):
        ticket = room.do(here.look, MEETINGS[0], meeting_code.scanned_code(secret, real_now()), who=me).ticket
        room.do(here.say_here, MEETINGS[0], ticket, "", who=me)

    assert [(row["kind"], row["known_by"]) for row in rows(room, storage.act)] == [
        ("drawn", "trainer"),
        ("qr", "session"),
    ]
    live = room.do(acts.live, MEETINGS[0])
    assert {act["subject_id"] for act in live["acts"]} == {PEOPLE[0], PEOPLE[1]}
    assert room.mark([present(0, act="drawn", source="device", proof_ref="", act_id=key)]).results[0].state == "kept"
    assert {act["subject_id"] for act in room.do(acts.live, MEETINGS[0])["acts"]} == {PEOPLE[1]}


def test_wrong_tries_are_counted_by_the_hour_and_forgotten(room):
    for _ in range(3):
        room.do(here.count_knock, "203.0.113.7")

    (row,) = rows(room, storage.door_count)
    assert row["count"] == 3
    assert room.do(here.may_knock, "203.0.113.7")
    with room.service.database.begin() as db:
        db.execute(storage.door_count.update().values(hour=datetime(2020, 1, 1, tzinfo=UTC)))
    purge_knocks(storage.door_count, room.service)
    assert rows(room, storage.door_count) == []


def test_a_call_goes_out_once_a_meeting_and_person(room):
    room.clock.set(datetime(2025, 4, 7, 7, 10, tzinfo=UTC))
    room.mark([present(0)])

    assert [room.do(relays.call_absentees, MEETINGS[0]) for _ in range(2)] == [2, 0]
    assert {row["signatory_id"] for row in rows(room, storage.relay)} == {PEOPLE[1], PEOPLE[2]}
    assert {row["actor"] for row in rows(room, storage.relay)} == {PROVIDER.actor}

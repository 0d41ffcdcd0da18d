"""Sealed rolls: marks that only grow, a chain for each training body, witnesses, and tampering that is named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.delays import Delays
from services.attendance.domain.sealing import commitment, head_of, marked
from services.attendance.usecases import absences, corrections, rolls, sealing
from services.attendance.usecases.rebuilding import rebuild
from services.attendance.usecases.verifying import Head, SealedRoll, Witness, verify
from shared.database import JsonValue, UtcDateTime
from shared.events import ChainHead, RollSealed
from shared.ids import new_id
from shared.tables import outbox
from tests.integration.attendance.room import BODY, DAY, MEETINGS, PEOPLE, PLANNER, absent, present


def told(room, event):
    """Return what attendance told of one kind, as its hearers decode it."""
    from shared.envelope import decode

    with room.service.database.read() as db:
        name = sa.and_(outbox.c.name == event.type_name())
        bodies = db.scalars(sa.select(outbox.c.body).where(name).order_by(outbox.c.seq)).all()
    return [decode(body).event for body in bodies]


def witnesses(room):
    """Return what the scheduler and notifications hold after having heard everything."""
    rolls_heard = {
        one.position: SealedRoll(
            position=one.position, meeting_id=one.meeting_id, head=one.head, prints=frozenset(one.prints.split())
        )
        for one in told(room, RollSealed)
    }
    heads = [Head(position=one.position, head=one.head, since=f"of {one.day}") for one in told(room, ChainHead)]
    return {
        BODY: [Witness(name="scheduler", heads=heads, rolls=rolls_heard), Witness(name="notifications", heads=heads)]
    }


def verdict(room, held=None):
    with room.service.database.read() as db:
        return verify(db, witnesses(room) if held is None else held)


@pytest.fixture
def sealed(room):
    """Return a room in which two rolls were sealed on two days, a third corrected, and each day's head was told."""
    for n, meeting in enumerate(MEETINGS):
        room.clock.set(datetime(2025, 4, 7 + n, 20, tzinfo=UTC))
        room.mark([present(0), absent(1), present(2)], meeting=meeting, sign=True)
        room.clock.set(datetime(2025, 4, 8 + n, 1, tzinfo=UTC))
        room.service.tick()
    room.do(corrections.correct_mark, present(1), MEETINGS[2], "came_later", Delays())
    return room


def by_hand(room, *statements):
    """Change the database past every door, as somebody with all rights would."""
    with room.service.database.engine.begin() as connection:
        if room.service.database.is_sqlite:
            for change in ("update", "delete"):
                for table in ("mark", "seal"):
                    connection.exec_driver_sql(f"DROP TRIGGER {table}_append_only_{change}")
        else:
            for table in ("mark", "seal"):
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
                connection.exec_driver_sql(f"GRANT UPDATE, DELETE ON {table} TO CURRENT_USER")
        for statement in statements:
            connection.execute(statement)


def rewrite(room):
    """Write every commitment and head anew, to the end of the chain: consistent in itself."""
    with room.service.database.engine.begin() as connection:
        rows = connection.execute(sa.select(storage.seal).order_by(storage.seal.c.position)).mappings().all()
        marks = {row["id"]: dict(row) for row in connection.execute(sa.select(storage.mark)).mappings()}
        keys = dict(connection.execute(sa.select(storage.person_key.c.subject_id, storage.person_key.c.key)).all())
        previous = rows[0]["previous"]
        for row in rows:
            mine = [one for one in marks.values() if str(one["id"]) in {key for key, _ in row["commitments"]}]
            fresh = sorted([str(one["id"]), commitment(keys[one["signatory_id"]], marked(one))] for one in mine)
            head = head_of(previous, row["statement"], fresh)
            here = storage.seal.c.position == row["position"]
            connection.execute(
                storage.seal.update().where(here).values(commitments=fresh, previous=previous, head=head)
            )
            previous = head


def mark_of(room, n, meeting):
    with room.service.database.read() as db:
        query = sa.select(storage.mark).where(
            storage.mark.c.meeting_id == meeting, storage.mark.c.signatory_id == PEOPLE[n]
        )
        return storage.rows(db, query)[0]


def test_what_was_sealed_verifies_and_each_correction_is_one_version_more(sealed):
    found = verdict(sealed)

    assert found.findings == []
    assert (found.rolls, found.marks, found.heads) == (4, 10, 4 + 3 + 3)
    roll = sealed.do(rolls.read_roll, MEETINGS[2])
    assert (roll["state"], roll["version"]) == ("corrected", 2)
    assert [one.position for one in told(sealed, RollSealed)] == [1, 2, 3, 4]
    assert len(told(sealed, ChainHead)) == 3


FILLERS = {sa.Uuid: new_id, sa.Date: lambda: DAY, sa.Integer: lambda: 1, sa.Time: lambda: None, sa.LargeBinary: bytes}
FILLERS |= {UtcDateTime: lambda: datetime(2025, 4, 7, tzinfo=UTC), JsonValue: list, sa.String: lambda: "x"}


@pytest.mark.parametrize("name", ["mark", "seal", "chain_head", "act", "answer", "identification", "statement"])
@pytest.mark.parametrize("change", ["UPDATE {0} SET {1}={1}", "DELETE FROM {0}"])
def test_the_role_of_the_service_can_neither_change_nor_remove_what_is_append_only(room, name, change):
    table = storage.METADATA.tables[name]
    row = {column.name: FILLERS[type(column.type)]() for column in table.c}
    with room.service.database.begin() as db:
        db.execute(table.insert(), [row])
    statement = sa.text(change.format(name, next(iter(table.c)).name))

    with pytest.raises(sa.exc.DBAPIError, match=r"permission denied|append-only"), room.service.database.begin() as db:
        db.execute(statement)


@pytest.mark.parametrize("anew", [False, True], ids=["", "chain written anew"])
def test_an_altered_mark_is_named(sealed, anew):
    mark = mark_of(sealed, 1, MEETINGS[1])
    held = witnesses(sealed)
    by_hand(sealed, storage.mark.update().where(storage.mark.c.id == mark["id"]).values(status="present", act="qr"))
    if anew:
        rewrite(sealed)

    found = verdict(sealed, held)

    assert {(one.what, one.mark_id, one.meeting_id) for one in found.findings if one.what == "mark_altered"} == {
        ("mark_altered", mark["id"], MEETINGS[1])
    }
    assert anew == any(one.what == "chain_rewritten" for one in found.findings)  # notifications' daily head


@pytest.mark.parametrize("anew", [False, True], ids=["", "chain written anew"])
def test_a_deleted_mark_is_found_with_its_roll(sealed, anew):
    mark = mark_of(sealed, 2, MEETINGS[0])
    held = witnesses(sealed)
    by_hand(sealed, storage.mark.delete().where(storage.mark.c.id == mark["id"]))
    if anew:
        rewrite(sealed)

    found = verdict(sealed, held)

    assert ("mark_deleted", MEETINGS[0]) in {(one.what, one.meeting_id) for one in found.findings}


@pytest.mark.parametrize("anew", [False, True], ids=["", "chain written anew"])
def test_two_people_whose_marks_were_swapped_are_both_named(sealed, anew):
    one, other = mark_of(sealed, 0, MEETINGS[0]), mark_of(sealed, 1, MEETINGS[0])
    held = witnesses(sealed)
    names = ("status", "act", "proof_ref", "source")
    by_hand(
        sealed,
        *(
            storage.mark.update().where(storage.mark.c.id == mine["id"]).values({name: theirs[name] for name in names})
            for mine, theirs in ((one, other), (other, one))
        ),
    )
    if anew:
        rewrite(sealed)

    found = verdict(sealed, held)

    assert {finding.mark_id for finding in found.findings if finding.what == "mark_altered"} == {one["id"], other["id"]}


def test_a_mark_added_past_the_door_and_a_chain_cut_short_are_found(sealed):
    mark = mark_of(sealed, 1, MEETINGS[0])
    held = witnesses(sealed)
    late = mark | {"id": new_id(), "status": "present", "act": "qr", "seq": 2}
    by_hand(sealed, storage.mark.insert().values(**late))
    assert [(one.what, one.mark_id) for one in verdict(sealed, held).findings] == [("mark_added", late["id"])]

    with sealed.service.database.engine.begin() as connection:
        connection.execute(storage.seal.delete().where(storage.seal.c.position == 4))

    assert "chain_cut" in {one.what for one in verdict(sealed, held).findings}


def test_a_printed_head_alone_shows_that_the_chain_was_written_anew(sealed):
    (first, *_) = told(sealed, ChainHead)
    mark = mark_of(sealed, 1, MEETINGS[0])
    by_hand(sealed, storage.mark.update().where(storage.mark.c.id == mark["id"]).values(status="present", act="qr"))
    rewrite(sealed)
    assert verdict(sealed, {}).findings == [], "without a witness nobody can tell"

    paper = Witness(name="statement", heads=[Head(position=first.position, head=first.head, since="printed")])
    found = verdict(sealed, {BODY: [paper]})

    assert [(one.what, one.position) for one in found.findings] == [("chain_rewritten", 1)]


def test_a_person_whose_secret_was_erased_leaves_the_chain_whole(sealed):
    by_hand(sealed, storage.person_key.delete().where(storage.person_key.c.subject_id == PEOPLE[0]))

    found = verdict(sealed)

    assert (found.findings, found.erased) == ([], 3)


def test_rolls_signed_before_there_was_a_seal_are_sealed_by_the_clock(room):
    room.mark([present(n) for n in range(3)], sign=True)
    with room.service.database.engine.begin() as connection:
        connection.execute(storage.roll.update().values(state="signed", version=0, sealed_at=None))
    by_hand(room, storage.seal.delete())

    assert sealing.seal_signed(room.service) == 1

    assert verdict(room, {}).findings == []
    assert room.do(rolls.read_roll, MEETINGS[0])["state"] == "sealed"


def test_counting_again_gives_the_same_numbers_and_names_a_number_that_was_wrong(sealed):
    room = sealed
    room.do(
        absences.qualify_absence, mark_of(room, 1, MEETINGS[0])["id"], new_id(), justified=True, reason="health",
        who=PLANNER,
    )  # fmt: skip
    hours = [room.hours(n) for n in range(3)]
    assert hours == [(540, 540), (180, 360), (540, 540)]

    assert rebuild(room.service).same
    assert [room.hours(n) for n in range(3)] == hours

    with room.service.database.begin() as db:
        db.execute(storage.presence.update().where(storage.presence.c.signatory_id == PEOPLE[1]).values(followed=1))
    report = rebuild(room.service)
    assert report.changed_half_days == 3
    assert [room.hours(n) for n in range(3)] == hours


def test_of_an_open_roll_the_mark_taken_last_is_in_force_whatever_came_first(room):
    morning = datetime(2025, 4, 7, 9, tzinfo=UTC)
    late = present(0, status="late", minutes_lost=20, effective_at=morning + timedelta(minutes=20))
    early = replace(absent(0), effective_at=morning)

    room.mark([late])
    room.mark([early, present(1), present(2)], sign=True)

    assert room.hours() == (160, 180)


def test_a_device_that_had_not_seen_the_mark_in_force_is_told_of_the_conflict(room):
    first, same, other = present(0), present(0), absent(0)
    room.mark([first])

    answers = room.mark([replace(same, checks_seen=True), replace(other, checks_seen=True)]).results
    assert [one.state for one in answers] == ["kept", "conflict"]
    assert answers[1].in_force["id"] == first.id

    chosen = room.mark([replace(other, checks_seen=True, seen=first.id)]).results
    assert [one.state for one in chosen] == ["kept"]

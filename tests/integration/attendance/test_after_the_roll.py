"""What comes after a roll: corrections made and asked for, absences announced and answered, rolls that are missing."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.delays import Delays
from services.attendance.usecases import absences, corrections, levels, meetings, missing, overview, rolls
from services.attendance.usecases.corrections import Request
from shared.envelope import decode
from shared.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from shared.events import LevelReached, RollMissingState
from shared.ids import derived_id, new_id
from shared.rights import Principal
from shared.tables import outbox
from tests.integration.attendance.room import MEETINGS, PEOPLE, PLANNER, absent, present

DELAYS = Delays()
ELSEWHERE = Principal(kind="person", id="other", role="planner", scope="75")
PHOTO = b"\xff\xd8\xff\xe0 a photo"


def signatory(n):
    return Principal(kind="person", id=f"person-{n}", role="signatory", scope=str(PEOPLE[n]))


def told(room, event):
    with room.service.database.read() as db:
        mine = outbox.c.name == event.type_name()
        bodies = db.scalars(sa.select(outbox.c.body).where(mine).order_by(outbox.c.seq)).all()
    return [decode(body).event for body in bodies]


@pytest.fixture
def taken(room):
    """Return a room whose first roll is sealed, with the second person absent."""
    room.away = absent(1)
    room.mark([present(0), room.away, present(2)], sign=True)
    return room


def later(room, **delta):
    room.clock.set(room.clock.now() + timedelta(**delta))


def test_a_training_body_corrects_for_some_days_and_then_has_to_ask(taken):
    later(taken, days=8)
    mark = present(1)

    with pytest.raises(ConflictError) as refused:
        taken.do(corrections.correct_mark, mark, MEETINGS[0], "sheet_found", DELAYS)
    assert refused.value.code == "correction_window_closed"

    request = Request(id=new_id(), mark=mark, reason="sheet_found")
    for _ in range(2):
        taken.do(corrections.ask_correction, request, MEETINGS[0])
    assert taken.hours(1) == (0, 180), "asking changes nothing"
    with pytest.raises(ForbiddenError):
        taken.do(corrections.decide_correction, request.id, accepted=True, who=ELSEWHERE)
    taken.do(corrections.decide_correction, request.id, accepted=True, who=PLANNER)
    assert taken.hours(1) == (180, 180)

    marks = [one for one in taken.do(corrections.versions, MEETINGS[0]) if one["signatory_id"] == PEOPLE[1]]
    assert [(one["status"], one["version"]) for one in marks] == [("absent_unexplained", 1), ("present", 2)]
    with pytest.raises(ConflictError):
        taken.do(corrections.decide_correction, request.id, accepted=False, refused_because="too_late", who=PLANNER)


def test_a_refused_request_changes_nothing_and_says_why(taken):
    request = Request(id=new_id(), mark=present(1), reason="sheet_found")
    taken.do(corrections.ask_correction, request, MEETINGS[0])

    with pytest.raises(InvalidInputError):
        taken.do(corrections.decide_correction, request.id, accepted=False, who=PLANNER)
    taken.do(corrections.decide_correction, request.id, accepted=False, refused_because="no_evidence", who=PLANNER)

    (listed,) = taken.do(corrections.requests, None, None, None, 10)
    assert (listed["state"], listed["refused_because"], listed["decided_by"]) == (
        "refused", "no_evidence", "planner:planner",
    )  # fmt: skip
    assert taken.hours(1) == (0, 180)


def test_a_person_sees_their_absences_answers_them_and_nobody_elses(taken):
    who, key = signatory(1), new_id()

    (mine,) = taken.do(absences.own_absences, PEOPLE[1], who=who)
    assert mine["mark_id"] == taken.away.id
    taken.do(absences.answer_absence, key, taken.away.id, kind="was_there", reason="", who=who)
    with pytest.raises(NotFoundError):
        taken.do(absences.own_absences, PEOPLE[0], who=who)
    with pytest.raises(NotFoundError):
        taken.do(absences.answer_absence, new_id(), taken.away.id, kind="was_there", reason="", who=signatory(0))

    (seen,) = taken.do(overview.absences, "93", None, 10, who=PLANNER)
    assert seen["answer"] == "was_there"
    assert taken.do(absences.own_absences, PEOPLE[1], who=who)[0]["answer"]["kind"] == "was_there"


def test_a_photo_is_seen_by_the_agent_who_decides_and_gone_at_the_decision(taken):
    key, send = new_id(), {"media_type": "image/jpeg", "content": PHOTO, "delays": DELAYS}
    with pytest.raises(InvalidInputError):
        taken.do(absences.send_paper, new_id(), taken.away.id, **(send | {"content": b"<html>"}), who=signatory(1))
    taken.do(absences.send_paper, key, taken.away.id, **send, who=signatory(1))
    with pytest.raises(ForbiddenError):
        taken.do(absences.read_paper, key, who=ELSEWHERE)
    assert taken.do(absences.read_paper, key, who=PLANNER) == ("image/jpeg", PHOTO)

    taken.do(
        absences.qualify_absence, taken.away.id, new_id(), justified=True, reason="health", ground="paper_seen",
        who=PLANNER,
    )  # fmt: skip

    with pytest.raises(NotFoundError):
        taken.do(absences.read_paper, key, who=PLANNER)
    with taken.service.database.read() as db:
        (row,) = storage.rows(db, sa.select(storage.sent_paper))
    assert (row["content"], row["deleted_because"]) == (None, "decided")
    seen = taken.do(corrections.versions, MEETINGS[0], who=PLANNER)
    marks = [one for one in seen if one["signatory_id"] == PEOPLE[1]]
    assert (marks[-1]["reason"], marks[-1]["ground"], marks[-1]["actor"]) == ("health", "paper_seen", "planner:planner")


def test_a_photo_that_nobody_looked_at_is_gone_after_fifteen_days(taken):
    send = {"media_type": "image/jpeg", "content": PHOTO, "delays": DELAYS}
    taken.do(absences.send_paper, new_id(), taken.away.id, **send, who=signatory(1))
    later(taken, days=14)
    assert absences.delete_old_papers(taken.service) == 0

    later(taken, days=2)

    assert absences.delete_old_papers(taken.service) == 1
    with taken.service.database.read() as db:
        assert db.scalar(sa.select(storage.sent_paper.c.content)) is None


def test_an_announced_absence_stands_on_the_roll_frees_no_seat_and_is_a_mark_at_sign_off(room):
    announced, taken_back = new_id(), new_id()
    for n, key in ((1, announced), (2, taken_back)):
        room.do(absences.announce, key, PEOPLE[n], MEETINGS[0], kind="absent", reason="work", who=signatory(n))
    room.do(absences.withdraw_announcement, taken_back, who=signatory(2))

    people = room.do(rolls.read_roll, MEETINGS[0], who=PLANNER)["people"]
    assert [(one["announced"], one["announced_reason"]) for one in people] == [("", ""), ("absent", "work"), ("", "")]
    assert [one["mark"] for one in people] == [None] * 3, "a roll starts unmarked"

    room.mark([present(0), present(2)], sign=True)

    marks = {one["signatory_id"]: one["mark"] for one in room.do(rolls.read_roll, MEETINGS[0])["people"]}
    assert (marks[PEOPLE[1]]["status"], marks[PEOPLE[1]]["source"]) == ("absent_announced", "announced")
    with pytest.raises(ConflictError) as refused:
        room.do(absences.announce, new_id(), PEOPLE[0], MEETINGS[0], kind="absent", reason="work", who=signatory(0))
    assert refused.value.code == "meeting_over"


def test_a_missing_roll_is_asked_of_the_training_body_then_of_ofii_and_counts_against_nobody(room):
    look = missing.look_for_missing_rolls(DELAYS)
    room.clock.set(datetime(2025, 4, 7, 10, tzinfo=UTC))  # the meeting ends at noon, local time
    look(room.service)
    assert told(room, RollMissingState) == []

    later(room, hours=2)
    look(room.service)
    assert [(one["id"], one["stage"]) for one in room.do(missing.missing_rolls)] == [(MEETINGS[0], "provider")]
    later(room, days=3, hours=1)
    look(room.service)
    stages = {one["id"]: one["stage"] for one in room.do(missing.missing_rolls, who=PLANNER)}
    assert stages == {MEETINGS[0]: "ofii", MEETINGS[1]: "provider", MEETINGS[2]: "provider"}
    assert room.hours() == (0, 0)

    room.mark([present(n) for n in range(3)], sign=True)
    later(room, hours=1)
    look(room.service)

    assert [one.stage for one in told(room, RollMissingState) if one.meeting_id == MEETINGS[0]] == [
        "provider", "ofii", "closed",
    ]  # fmt: skip
    assert MEETINGS[0] not in {one["id"] for one in room.do(missing.missing_rolls)}


def test_three_tests_of_a_course_are_told_and_only_a_reached_target_ends_it_early(room):
    contract, day = derived_id("contract", 0), datetime(2025, 4, 7, tzinfo=UTC).date()
    room.do(levels.keep_level, contract, level="infra-A1", test="initial", reached_on=day)
    room.do(
        levels.keep_level, contract, level="infra-A1", test="intermediate", reached_on=day, target_reached=False,
    )  # fmt: skip
    room.clock.set(datetime(2025, 4, 8, 20, tzinfo=UTC))
    assert PEOPLE[0] in {one["signatory_id"] for one in room.do(rolls.read_roll, MEETINGS[1])["people"]}

    room.do(levels.keep_level, contract, level="A1", test="final", reached_on=day)

    assert PEOPLE[0] not in {one["signatory_id"] for one in room.do(rolls.read_roll, MEETINGS[1])["people"]}
    assert room.hours() == (0, 0), "an early exit adds no hour"
    assert [(one.test, one.level, one.target_reached) for one in told(room, LevelReached)] == [
        ("initial", "infra-A1", False), ("intermediate", "infra-A1", False), ("final", "A1", True),
    ]  # fmt: skip
    with pytest.raises(ConflictError):
        room.do(levels.keep_level, contract, level="A2", test="final", reached_on=day)


def test_unexplained_absences_in_a_row_are_a_difficulty_until_one_of_them_falls(room):
    for n, meeting in enumerate(MEETINGS[:2]):
        room.clock.set(datetime(2025, 4, 7 + n, 20, tzinfo=UTC))
        room.mark([absent(0), present(1), present(2)], meeting=meeting, sign=True)
    room.hours()

    def flags(state):
        return [one["kind"] for one in room.do(overview.flags, "93", state, None, 20, who=PLANNER)]

    assert flags("open") == ["difficulty_raised"]
    (flag,) = room.do(overview.flags, "93", "open", None, 20, who=PLANNER)
    assert len([one for one in flag["evidence"] if one.startswith("mark:")]) == 2

    room.do(corrections.correct_mark, present(0), MEETINGS[1], "person_proved_presence", DELAYS)
    room.hours()

    assert flags("open") == []
    assert flags("withdrawn") == ["difficulty_raised"]


def test_a_substitute_takes_the_roll_of_a_meeting_they_were_named_for(room):
    substitute = Principal(kind="person", id="t2", role="trainer", scope="ORG/T2")
    with pytest.raises(NotFoundError):
        room.do(rolls.read_roll, MEETINGS[0], who=substitute)

    room.do(meetings.name_substitute, MEETINGS[0], "T2")

    assert room.do(rolls.read_roll, MEETINGS[0], who=substitute)["held_by"] == "T2"
    room.mark([present(n) for n in range(3)], sign=True, who=substitute)
    roll = room.do(rolls.read_roll, MEETINGS[0])
    assert (roll["held_by"], roll["signed_by"]) == ("T2", "trainer:t2")


def test_a_cancelled_meeting_counts_against_nobody(room):
    room.do(meetings.cancel_meeting, MEETINGS[0], "trainer_absent")
    room.do(meetings.cancel_meeting, MEETINGS[0], "trainer_absent")

    assert [room.hours(n) for n in range(3)] == [(0, 0)] * 3
    people = room.do(rolls.read_roll, MEETINGS[0])["people"]
    assert {(one["mark"]["status"], one["mark"]["reason"]) for one in people} == {
        ("meeting_cancelled", "trainer_absent")
    }


def test_a_lost_roll_counts_against_nobody_and_one_with_marks_is_not_lost(room):
    room.mark([present(0)])
    with pytest.raises(ConflictError) as refused:
        room.do(meetings.declare_roll_lost, MEETINGS[0])
    assert refused.value.code == "roll_has_marks"
    room.clock.set(datetime(2025, 4, 8, 20, tzinfo=UTC))

    room.do(meetings.declare_roll_lost, MEETINGS[1])

    assert [room.hours(n) for n in range(3)] == [(0, 0)] * 3

"""Rolls as they are kept: sent twice, sent too early, corrected, and of people who moved on. On both databases."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.attendance.domain.delays import Delays
from services.attendance.usecases import absences, corrections, meetings, overview, rolls
from services.attendance.usecases.rolls import MarkCommand, RollCommand
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.rights import Principal
from tests.integration.attendance.room import COURSE, DAY, MEETINGS, OTHER, PEOPLE, PLANNER, absent, present


def test_marks_that_are_sent_twice_are_kept_once_and_hours_are_counted_at_sign_off_only(room):
    marks = [present(0), present(1, status="late", minutes_lost=30), absent(2)]

    room.mark(marks)
    assert room.hours() == (0, 0), "an open roll counts for nothing"
    again = room.mark(marks, sign=True)

    assert [result.state for result in again.results] == ["kept", "kept", "kept"]
    assert [room.hours(n) for n in range(3)] == [(180, 180), (150, 180), (0, 180)]
    assert room.do(overview.summary)["rolls_signed"] == 1
    assert sum(room.do(overview.summary)["marks"].values()) == 3


def test_each_roll_and_each_mark_is_answered_for_itself(room):
    stranger = MarkCommand(id=uuid4(), signatory_id=uuid4(), status="absent_unexplained")
    tomorrow = RollCommand(meeting_id=MEETINGS[1], marks=[present(0)])
    unknown = RollCommand(meeting_id=uuid4(), marks=[present(0)])
    today = RollCommand(meeting_id=MEETINGS[0], marks=[present(0), stranger], sign=True)

    found = room.do(rolls.mark_rolls, [tomorrow, unknown, today])

    assert [one.code for one in found] == ["roll_not_open", "not_found", ""]
    assert [result.state for result in found[2].results] == ["kept", "refused"]
    assert room.do(overview.summary)["rolls_signed"] == 0


def test_a_mark_whose_id_belongs_to_another_meeting_is_refused_and_not_lost_in_silence(room):
    mine = present(0)
    room.mark([mine])
    room.clock.set(datetime(2025, 4, 8, 20, tzinfo=UTC))

    result = room.mark([mine, present(1)], meeting=MEETINGS[1])

    assert [(one.state, one.code) for one in result.results] == [("refused", "id_reused"), ("kept", "")]
    marked = [one["mark"] for key in MEETINGS[:2] for one in room.do(rolls.read_roll, key)["people"] if one["mark"]]
    assert len(marked) == 2


def test_signing_a_roll_with_somebody_unmarked_keeps_the_marks_and_says_who_is_missing(room):
    result = room.mark([present(0)], sign=True)

    assert result.code == "roll_incomplete"
    assert "93-1" in result.message
    assert [one["mark"] is not None for one in room.do(rolls.read_roll, MEETINGS[0])["people"]].count(True) == 1
    with pytest.raises(ConflictError):
        room.do(rolls.sign_roll, MEETINGS[0])


def test_who_moved_to_another_group_between_mark_and_sign_off_keeps_the_hours(room):
    room.mark([present(n) for n in range(3)])
    room.hear(room.seat(2, session=OTHER))

    room.do(rolls.sign_roll, MEETINGS[0])

    assert [room.hours(n) for n in range(3)] == [(180, 180)] * 3


def test_in_a_group_of_two_territories_each_sees_its_own_people(room):
    moved, *_ = room.person(2)
    room.hear(replace(moved, subject_version=2, territory="75"))

    def seen(scope, role="planner"):
        who = Principal(kind="person", id="somebody", role=role, scope=scope)
        listed = room.do(rolls.rolls_between, DAY, DAY, people=True, who=who)
        return sorted(len(roll["people"]) for roll in listed)

    assert (seen("93"), seen("75"), seen("13"), seen("", "controller")) == ([2], [1], [], [0, 3])


def test_a_correction_and_a_qualification_change_what_is_counted_and_leave_both_marks(room):
    away, wrong = absent(0), absent(1)
    room.mark([away, wrong, present(2)], sign=True)

    room.do(absences.qualify_absence, away.id, uuid4(), justified=True, reason="health", who=PLANNER)
    room.do(corrections.correct_mark, present(1), MEETINGS[0], "sheet_found", Delays())

    assert [room.hours(n) for n in range(2)] == [(0, 0), (180, 180)]
    assert sum(room.do(overview.summary)["marks"].values()) == 3, "in force; the marks before stay"


def test_a_signed_roll_takes_no_new_mark_and_another_body_sees_nothing(room):
    room.mark([present(n) for n in range(3)], sign=True)

    assert room.mark([absent(0)]).code == "roll_signed"
    other = Principal(kind="person", id="x", role="provider_manager", scope="OTHER")
    assert room.mark([absent(0)], who=other).code == "not_found"
    with pytest.raises(NotFoundError):
        room.do(rolls.read_roll, MEETINGS[0], who=other)
    with pytest.raises(ForbiddenError):
        room.do(rolls.read_roll, MEETINGS[0], who=Principal.visitor())


def test_who_joins_later_is_on_no_earlier_roll_and_never_absent_for_it(room):
    room.hear(replace(room.seat(2), joins_on=DAY.replace(day=8)))

    assert room.mark([present(0), present(1)], sign=True).code == ""
    assert room.do(rolls.read_roll, MEETINGS[0])["people"][-1]["signatory_id"] != PEOPLE[2]
    assert room.hours(2) == (0, 0)
    room.clock.set(datetime(2025, 4, 8, 20, tzinfo=UTC))
    room.mark([absent(n) for n in range(3)], meeting=MEETINGS[1], sign=True)
    assert room.hours(2) == (0, 180)


def test_a_meeting_that_the_scheduler_moves_goes_even_if_a_substitute_was_named_and_stays_once_somebody_is_marked(room):
    room.do(meetings.name_substitute, MEETINGS[1], "T2")
    room.mark([present(0)])
    course = room.course(COURSE)
    moved = tuple(
        one if n == 0 else replace(one, meeting_id=uuid4(), held_on=DAY.replace(day=20 + n))
        for n, one in enumerate(course.meetings)
    )

    room.hear(replace(course, subject_version=2, meetings=moved[1:]))

    with pytest.raises(NotFoundError):
        room.do(rolls.read_roll, MEETINGS[1])
    assert room.do(rolls.read_roll, MEETINGS[0])["people"][0]["mark"]

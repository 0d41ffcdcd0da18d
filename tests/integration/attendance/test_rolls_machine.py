"""
Whatever happens in whatever order: hours are a fold of marks, a sealed roll changes by version, nothing counts twice.

A machine takes rolls, sends marks late, twice and out of order, corrects, qualifies, recognises people added in the room
and takes it back, and compares with a model that knows nothing of the database.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.attendance import storage
from services.attendance.domain.delays import Delays
from services.attendance.usecases import absences, corrections, overview, rolls
from services.attendance.usecases.provisional import ProvisionalCommand, add_provisional, identify
from services.attendance.usecases.rebuilding import rebuild
from services.attendance.usecases.verifying import verify
from shared.errors import ConflictError
from shared.ids import derived_id, new_id
from tests.integration.attendance.room import DAY, MEETINGS, PEOPLE, PLANNER, Room, present

MINUTES = 180
MORNING = datetime(2025, 4, 7, 8, tzinfo=UTC)
OPEN = MEETINGS[:2]  # the third is never taken: it counts nowhere
JOINED = {MEETINGS[0]: (0, 1), MEETINGS[1]: (0, 1, 2)}  # the third person joins on the second day
KINDS = ("present", "late", "left_early", "absent_announced", "absent_unexplained", "meeting_cancelled")


@dataclass
class Roll:
    """What the model believes of one roll."""

    marks: dict = field(default_factory=lambda: {n: [] for n in range(len(PEOPLE))})  # (taken at, order, status, lost)
    guests: dict = field(default_factory=dict)  # added in the room: key -> whom they were found to be, or None
    version: int = 0
    sent: list = field(default_factory=list)

    def in_force(self, n):
        return max(self.marks[n], default=None)

    def counts(self, n):
        """Return (followed, offered) of a person: of their own mark, or of one who was found to be them."""
        subjects = [n, *(key for key, person in self.guests.items() if person == n)]
        return max((counted(self.in_force(subject)) for subject in subjects if self.marks[subject]), default=(0, 0))


def counted(mark):
    """Return (followed, offered) of a mark in force, as the law of the house says."""
    _, _, status, lost = mark
    if status in {"meeting_cancelled", "absent_justified"}:
        return 0, 0
    return (MINUTES - lost if status in {"present", "late", "left_early"} else 0), MINUTES


class Rolls(RuleBasedStateMachine):
    """The rolls of one course, on a database of their own."""

    @initialize()
    def furnish(self):
        self.folder = TemporaryDirectory()
        self.room = Room(Path(self.folder.name))
        self.room.furnish()
        self.room.hear(replace(self.room.seat(2), joins_on=DAY + timedelta(days=1)))
        self.rolls = {meeting: Roll() for meeting in OPEN}
        self.order = 0
        self.room.clock.set(MORNING + timedelta(days=2))

    def teardown(self):
        if hasattr(self, "room"):
            self.room.service.database.dispose()
            self.folder.cleanup()

    def command(self, n, status, lost, minute):
        partial = status in {"late", "left_early"}
        came = partial or status == "present"
        made = present(n, status=status, minutes_lost=lost if partial else 0)
        made = made if came else replace(made, act="", proof_ref="")
        return replace(made, effective_at=MORNING + timedelta(minutes=minute))

    def believe(self, roll, command, taken_at):
        self.order += 1
        known = command.signatory_id in PEOPLE
        n = PEOPLE.index(command.signatory_id) if known else command.signatory_id
        roll.marks[n].append((taken_at, self.order, command.status, command.minutes_lost))

    @rule(
        meeting=st.sampled_from(OPEN),
        marks=st.lists(
            st.tuples(st.integers(0, 2), st.sampled_from(KINDS), st.integers(1, MINUTES - 1), st.integers(0, 240)),
            min_size=1, max_size=4,
        ),
    )  # fmt: skip
    def send_marks_taken_at_any_time(self, meeting, marks):
        roll = self.rolls[meeting]
        commands = [self.command(*mark) for mark in marks]
        result = self.room.mark(commands, meeting=meeting)
        if roll.version:
            assert result.code == "roll_signed"
            return
        early = {PEOPLE[n] for n in range(len(PEOPLE))} - {PEOPLE[n] for n in JOINED[meeting]}
        assert [one.state for one in result.results] == [
            "refused" if command.signatory_id in early else "kept" for command in commands
        ]
        kept = [command for command in commands if command.signatory_id not in early]
        for command in kept:
            self.believe(roll, command, command.effective_at)
        roll.sent += kept

    @precondition(lambda self: any(roll.sent for roll in self.rolls.values()))
    @rule(data=st.data())
    def send_again_what_was_sent(self, data):
        meeting = data.draw(st.sampled_from([key for key, roll in self.rolls.items() if roll.sent]))
        again = data.draw(st.lists(st.sampled_from(self.rolls[meeting].sent), min_size=1, max_size=3))
        result = self.room.mark(again, meeting=meeting)
        assert [one.state for one in result.results] == ["kept"] * len(again), result

    @rule(meeting=st.sampled_from(OPEN), status=st.sampled_from(("present", "late")), lost=st.integers(1, MINUTES - 1))
    def add_somebody_in_the_room(self, meeting, status, lost):
        roll, key = self.rolls[meeting], new_id()
        if roll.version or len(roll.guests) == 2:
            return
        guest = ProvisionalCommand(id=key, name="Somebody")
        self.room.do(add_provisional, meeting, guest)
        command = replace(self.command(0, status, lost, 60), signatory_id=key)
        assert [one.state for one in self.room.mark([command], meeting=meeting).results] == ["kept"]
        roll.guests[key], roll.marks[key] = None, []
        self.believe(roll, command, command.effective_at)

    @precondition(lambda self: any(roll.guests for roll in self.rolls.values()))
    @rule(data=st.data(), n=st.none() | st.integers(0, 2))
    def recognise_somebody_or_take_it_back(self, data, n):
        meeting = data.draw(st.sampled_from([key for key, roll in self.rolls.items() if roll.guests]))
        roll = self.rolls[meeting]
        guest = data.draw(st.sampled_from(sorted(roll.guests)))
        self.room.do(identify, guest, new_id(), None if n is None else f"93-{n}", who=PLANNER)
        roll.guests[guest] = n

    @rule(meeting=st.sampled_from(OPEN))
    def sign(self, meeting):
        roll = self.rolls[meeting]
        result = self.room.mark([], meeting=meeting, sign=True)
        if all(roll.marks[n] for n in (*JOINED[meeting], *roll.guests)):
            assert result.code == ""
            roll.version = roll.version or 1
        else:
            assert result.code == "roll_incomplete"

    @precondition(lambda self: any(roll.version for roll in self.rolls.values()))
    @rule(data=st.data(), n=st.integers(0, 2), status=st.sampled_from(KINDS[:5]), lost=st.integers(1, MINUTES - 1))
    def correct(self, data, n, status, lost):
        meeting = data.draw(st.sampled_from([key for key, roll in self.rolls.items() if roll.version]))
        n = n if n in JOINED[meeting] else 0
        roll, command = self.rolls[meeting], self.command(n, status, lost, 0)
        asked = (corrections.correct_mark, command, meeting, "typing_error", Delays())
        if roll.in_force(n)[2] in {"absent_justified", "absent_unjustified"}:
            with pytest.raises(ConflictError) as refused:
                self.room.do(*asked)
            assert refused.value.code == "qualified"
            return
        self.room.do(*asked)
        roll.version += 1
        self.believe(roll, command, self.room.clock.now())

    @precondition(lambda self: any(roll.version for roll in self.rolls.values()))
    @rule(data=st.data(), n=st.integers(0, 2), justified=st.booleans())
    def qualify(self, data, n, justified):
        meeting = data.draw(st.sampled_from([key for key, roll in self.rolls.items() if roll.version]))
        roll = self.rolls[meeting]
        if n not in JOINED[meeting] or not roll.in_force(n)[2].startswith("absent"):
            return
        people = self.room.do(rolls.read_roll, meeting)["people"]
        (mark,) = [one["mark"] for one in people if one["signatory_id"] == PEOPLE[n]]
        reason = "work" if justified else ""
        self.room.do(
            absences.qualify_absence, mark["id"], new_id(), justified=justified, reason=reason, who=PLANNER
        )  # fmt: skip
        roll.version += 1
        self.order += 1
        status = "absent_justified" if justified else "absent_unjustified"
        roll.marks[n].append((self.room.clock.now(), self.order, status, 0))

    @rule()
    def time_passes(self):
        self.room.clock.set(self.room.clock.now() + timedelta(hours=1))

    @rule()
    def count_everything_again(self):
        assert rebuild(self.room.service).same

    @invariant()
    def hours_are_the_fold_of_the_marks(self):
        if not hasattr(self, "rolls"):
            return
        for n in range(len(PEOPLE)):
            parts = [roll.counts(n) for roll in self.rolls.values() if roll.version]
            assert self.room.hours(n) == (sum(one for one, _ in parts), sum(other for _, other in parts))
            assert all(followed <= MINUTES for followed, _ in parts)

    @invariant()
    def a_roll_has_the_version_of_its_last_change_and_every_seal_holds(self):
        if not hasattr(self, "rolls"):
            return
        for meeting, roll in self.rolls.items():
            assert self.room.do(rolls.read_roll, meeting)["version"] == roll.version
        with self.room.service.database.read() as db:
            assert verify(db, {}).findings == []

    @invariant()
    def an_open_flag_stands_on_evidence_that_still_holds(self):
        if not hasattr(self, "rolls"):
            return
        for flag in self.room.do(overview.flags, "93", "open", None, 50, who=PLANNER):
            n = [derived_id("contract", one) for one in range(len(PEOPLE))].index(flag["contract_id"])
            named = {item.split()[0].removeprefix("mark:") for item in flag["evidence"] if item.startswith("mark:")}
            with self.room.service.database.read() as db:
                held = storage.rows(db, storage.presence.select().where(storage.presence.c.signatory_id == PEOPLE[n]))
            assert named <= {str(row["mark_id"]) for row in held if row["status"].startswith("absent")}


TestRolls = Rolls.TestCase
TestRolls.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)

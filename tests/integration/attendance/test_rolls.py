"""Rolls as they are kept: sent twice, sent too early, corrected, and of people who moved on. On both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import uuid4

import pytest

from services.attendance.app import build_service
from services.attendance.settings import Settings
from services.attendance.usecases import absences, corrections, overview, rolls
from services.attendance.usecases.clock import follow_contracts
from services.attendance.usecases.rolls import MarkCommand, RollCommand
from shared.clock import FileClock
from shared.envelope import encode
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.events import (
    ContractState,
    Meeting,
    Owed,
    PlacementState,
    PrescriptionState,
    ProviderState,
    SessionState,
    SignatoryState,
    SiteState,
)
from shared.ids import derived_id, new_id
from shared.inbox import hear
from shared.rights import Principal
from shared.work import Work
from tests.doors import SCANNED

DAY = date(2025, 4, 7)
BODY, SITE, COURSE, OTHER = (derived_id("thing", name) for name in ("body", "site", "course", "other course"))
MEETINGS = [derived_id("meeting", COURSE, n) for n in range(3)]
PEOPLE = [derived_id("person", n) for n in range(3)]
PROVIDER = Principal(kind="person", id="body-ORG", role="provider_manager", scope="ORG")
PLANNER = Principal(kind="person", id="planner", role="planner", scope="93")


class Room:
    """An attendance service of its own, fed with events as the wire brings them."""

    def __init__(self, var, database_url=None):
        self.clock = FileClock(var / "clock")
        self.clock.set(datetime(2025, 4, 7, 20, tzinfo=UTC))
        environ = {"PARCOURS_VAR": str(var), "PARCOURS_CLOCK_FILE": str(var / "clock"), "PARCOURS_DEMO": "yes"}
        if database_url:
            environ["PARCOURS_ATTENDANCE_DATABASE_URL"] = database_url
        self.settings = Settings.from_env(environ)
        self.service = build_service(self.settings)
        self.service.upgrade()
        self.version = 0

    def hear(self, *events):
        bodies = [
            encode(
                event, event_id=new_id(), at=self.clock.now(), cause_id=new_id(), actor="planner:t",
                seal_keys=self.settings.common.seal_keys,
            )
            for event in events
        ]  # fmt: skip
        hear(self.service.hearer, bodies)

    def furnish(self):
        self.hear(
            ProviderState(subject_version=1, provider_id=BODY, code="ORG", label="Organisme"),
            SiteState(
                subject_version=1, site_id=SITE, provider_id=BODY, label="Centre", commune="Bobigny",
                zone="Europe/Paris", step_free=True,
            ),
            *(self.course(key) for key in (COURSE, OTHER)),
            *(event for n in range(len(PEOPLE)) for event in self.person(n)),
            *(self.seat(n) for n in range(len(PEOPLE))),
        )  # fmt: skip

    def course(self, key):
        meetings = tuple(
            Meeting(
                meeting_id=derived_id("meeting", key, n), held_on=DAY.replace(day=7 + n), slot="morning",
                starts_at=time(9), minutes=180, part="100",
            )
            for n in range(3)
        )  # fmt: skip
        return SessionState(
            subject_version=1, session_id=key, provider_id=BODY, site_id=SITE, training="language", package="100",
            trainer="T1", state="open", meetings=meetings,
        )  # fmt: skip

    def person(self, n):
        contract = derived_id("contract", n)
        yield SignatoryState(
            subject_version=1, signatory_id=PEOPLE[n], reference=f"93-{n}", territory="93", spoken=("ar",),
            reads="yes", reading_language="ar", channel="sms", shared_phone=False, private={},
        )  # fmt: skip
        yield ContractState(
            subject_version=1, contract_id=contract, signatory_id=PEOPLE[n], territory="93", programme="cir-2019",
            regime="obligatoire", state="running", signed_on=date(2025, 3, 3), term_on=date(2026, 3, 2),
            civic_days_required=3, assiduity_percent=80, review_lead_days=60, unexplained_in_a_row=2,
        )  # fmt: skip
        yield PrescriptionState(
            subject_version=1, prescription_id=derived_id("prescription", n), contract_id=contract,
            signatory_id=PEOPLE[n], owed=(Owed(training="language", part="100", minutes=6000, quickest_days=28),),
        )  # fmt: skip

    def seat(self, n, session=COURSE):
        self.version += 1
        return PlacementState(
            subject_version=self.version, placement_id=derived_id("seat", n), contract_id=derived_id("contract", n),
            signatory_id=PEOPLE[n], session_id=session, part="100", joins_on=DAY, state="active",
        )  # fmt: skip

    def do(self, use_case, *args, who=PROVIDER, **named):
        with self.service.database.begin() as db:
            work = Work(db=db, who=who, now=self.clock.now(), voice=self.service.voice)
            return use_case(work, *args, **named)

    def mark(self, commands, meeting=MEETINGS[0], *, sign=False, who=PROVIDER):
        (result,) = self.do(
            rolls.mark_rolls, [RollCommand(meeting_id=meeting, marks=commands, sign=sign)], who=who
        )  # fmt: skip
        return result

    def hours(self, n=0):
        while follow_contracts(self.service):
            pass
        found = self.do(overview.contract_detail, derived_id("contract", n), who=PLANNER)["trainings"][0]
        return found["followed"], found["offered"]


@pytest.fixture(params=["sqlite", "postgresql"])
def room(request, tmp_path):
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")("attendance")
    made = Room(tmp_path, url)
    made.furnish()
    yield made
    made.service.database.dispose()


def present(n, **other):
    return MarkCommand(id=uuid4(), signatory_id=PEOPLE[n], **{"status": "present", **SCANNED, **other})


def absent(n):
    return MarkCommand(id=uuid4(), signatory_id=PEOPLE[n], status="absent_unexplained")


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
    room.do(corrections.correct_mark, present(1), MEETINGS[0], "sheet_found")

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

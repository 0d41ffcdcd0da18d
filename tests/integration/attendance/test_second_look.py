"""What a second reader of attendance found wrong: each test failed before."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.delays import Delays
from services.attendance.usecases import absences, clock, corrections, rolls
from services.attendance.usecases.corrections import Request
from services.attendance.usecases.sealing import HEADS_TOLD
from services.attendance.usecases.verifying import verify
from shared.database import upsert
from shared.errors import ConflictError, NotFoundError
from shared.events import NoticeDelivered, NoticeFailed, PlacementState, ProviderState, SessionState, SiteState
from shared.ids import derived_id, new_id
from shared.rights import Principal
from tests.integration.attendance.room import MEETINGS, OTHER, PEOPLE, PLANNER, absent, present

DELAYS = Delays()
PHOTO = b"\xff\xd8\xff\xe0 a photo"
OTHER_BODY = Principal(kind="person", id="body-B2", role="provider_manager", scope="B2")


def signatory(n):
    return Principal(kind="person", id=f"person-{n}", role="signatory", scope=str(PEOPLE[n]))


@pytest.fixture
def taken(room):
    """Return a room whose first roll is sealed, with the second person absent."""
    room.away = absent(1)
    room.mark([present(0), room.away, present(2)], sign=True)
    return room


def two_bodies(room):
    """Give the second course to another training body, with the first person in it too."""
    body, site = derived_id("thing", "second body"), derived_id("thing", "second site")
    course = room.course(OTHER)
    named = {name: getattr(course, name) for name in ("session_id", "training", "package", "trainer", "state")}
    room.hear(
        ProviderState(subject_version=1, provider_id=body, code="B2", label="Second"),
        SiteState(
            subject_version=1, site_id=site, provider_id=body, label="Là", commune="Pantin", zone="Europe/Paris",
            step_free=True,
        ),
        SessionState(subject_version=2, provider_id=body, site_id=site, meetings=course.meetings, **named),
        PlacementState(
            subject_version=1, placement_id=new_id(), contract_id=derived_id("contract", 0), signatory_id=PEOPLE[0],
            session_id=OTHER, part="100", joins_on=course.meetings[0].held_on, state="active",
        ),
    )  # fmt: skip


def test_a_training_body_announces_nothing_for_the_meetings_of_another(room):
    two_bodies(room)
    key = new_id()
    said = {"kind": "absent", "reason": "work"}

    with pytest.raises(NotFoundError):
        room.do(absences.announce, key, PEOPLE[0], MEETINGS[0], **said, who=OTHER_BODY)
    room.do(absences.announce, key, PEOPLE[0], MEETINGS[0], **said, who=signatory(0))
    with pytest.raises(NotFoundError):
        room.do(absences.withdraw_announcement, key, who=OTHER_BODY)

    first = room.do(rolls.read_roll, MEETINGS[0])["people"][0]
    assert (first["announced"], first["announced_reason"]) == ("absent", "")
    assert room.do(rolls.read_roll, MEETINGS[0], who=PLANNER)["people"][0]["announced_reason"] == "work"


def test_what_ofii_qualified_is_corrected_by_ofii_only(taken):
    taken.do(absences.qualify_absence, taken.away.id, new_id(), justified=False, reason="", who=PLANNER)
    mark = present(1)

    with pytest.raises(ConflictError) as refused:
        taken.do(corrections.correct_mark, mark, MEETINGS[0], "sheet_found", DELAYS)
    assert refused.value.code == "qualified"

    request = Request(id=new_id(), mark=mark, reason="sheet_found")
    taken.do(corrections.ask_correction, request, MEETINGS[0])
    taken.do(corrections.decide_correction, request.id, accepted=True, who=PLANNER)
    assert taken.hours(1) == (180, 180)


def test_a_correction_that_was_asked_for_twice_is_sealed_once(taken):
    mark = present(1)
    asked = [Request(id=new_id(), mark=mark, reason="sheet_found") for _ in range(2)]
    for request in asked:
        taken.do(corrections.ask_correction, request, MEETINGS[0])
    for request in asked:
        later = taken.clock.now() + timedelta(hours=1)
        taken.clock.set(later)
        taken.do(corrections.decide_correction, request.id, accepted=True, who=PLANNER)

    with taken.service.database.read() as db:
        assert verify(db, {}).findings == []
    assert taken.do(rolls.read_roll, MEETINGS[0])["version"] == 2


def test_the_marks_of_who_has_left_the_group_stay_in_its_versions(taken):
    seat = taken.seat(1)
    gone = {name: getattr(seat, name) for name in ("contract_id", "signatory_id", "session_id", "part", "joins_on")}
    taken.hear(PlacementState(subject_version=9, placement_id=seat.placement_id, state="ended", **gone))

    listed = taken.do(corrections.versions, MEETINGS[0])

    assert [one["reference"] for one in listed if one["signatory_id"] == PEOPLE[1]] == ["93-1"]


@pytest.mark.parametrize(
    ("zone", "last"), [("Indian/Reunion", "2025-04-14T19:59"), ("America/Guadeloupe", "2025-04-15T03:59")]
)
def test_a_training_body_corrects_until_the_end_of_the_day_at_its_site(room, zone, last):
    site = storage.site
    with room.service.database.begin() as db:
        db.execute(site.update().values(zone=zone))
    room.clock.set(datetime(2025, 4, 7, 16, tzinfo=UTC))  # the day of the meeting, at both sites
    room.mark([present(0), absent(1), absent(2)], sign=True)

    until = datetime.fromisoformat(last).replace(tzinfo=UTC)
    room.clock.set(until)
    room.do(corrections.correct_mark, present(1), MEETINGS[0], "sheet_found", DELAYS)
    room.clock.set(until + timedelta(minutes=2))
    with pytest.raises(ConflictError) as refused:
        room.do(corrections.correct_mark, present(2), MEETINGS[0], "sheet_found", DELAYS)
    assert refused.value.code == "correction_window_closed"


def test_an_attempt_is_made_on_the_day_that_it_is_where_the_person_lives(room):
    with room.service.database.begin() as db:
        db.execute(storage.signatory.update().values(territory="974"))
    room.clock.set(datetime(2025, 4, 7, 21, tzinfo=UTC))  # one in the morning of the 8th in La Réunion
    agent = Principal(kind="person", id="agent", role="planner", scope="974")

    room.do(absences.keep_attempt, new_id(), PEOPLE[0], method="call", outcome="reached", who=agent)

    with room.service.database.read() as db:
        assert str(db.scalar(sa.select(storage.attempt.c.made_on))) == "2025-04-08"


def test_a_photo_goes_at_the_decision_though_the_mark_was_corrected_since_it_came(taken):
    send = {"media_type": "image/jpeg", "content": PHOTO, "delays": DELAYS}
    taken.do(absences.send_paper, new_id(), taken.away.id, **send, who=signatory(1))
    again = absent(1)
    taken.do(corrections.correct_mark, again, MEETINGS[0], "typing_error", DELAYS)

    taken.do(absences.qualify_absence, again.id, new_id(), justified=True, reason="work", who=PLANNER)

    with taken.service.database.read() as db:
        assert db.scalars(sa.select(storage.sent_paper.c.content)).all() == [None]
    with pytest.raises(ConflictError) as refused:
        taken.do(absences.send_paper, new_id(), taken.away.id, **send, who=signatory(1))
    assert refused.value.code == "superseded"


def test_nobody_fills_the_house_with_photos_of_one_absence(taken):
    send = {"media_type": "image/jpeg", "content": PHOTO, "delays": DELAYS}
    for _ in range(absences.MOST_PAPERS):
        taken.do(absences.send_paper, new_id(), taken.away.id, **send, who=signatory(1))

    with pytest.raises(ConflictError) as refused:
        taken.do(absences.send_paper, new_id(), taken.away.id, **send, who=signatory(1))

    assert refused.value.code == "enough_papers"


def test_contracts_are_looked_at_each_day_whatever_else_was_told_that_day(room):
    room.clock.set(datetime(2026, 2, 1, 9, tzinfo=UTC))  # near the term
    with room.service.database.begin() as db:
        upsert(db, storage.review, [{"id": HEADS_TOLD, "reviewed_on": room.clock.now().date()}])

    assert clock.review_contracts(room.service) == len(PEOPLE)
    assert clock.review_contracts(room.service) == 0


def test_a_notice_that_was_taken_and_came_back_proves_nothing(room):
    about = {"notice_id": new_id(), "signatory_id": PEOPLE[0], "session_id": derived_id("thing", "s"), "kind": "moved"}
    room.hear(NoticeDelivered(**about, channel="email", usable=True, proof="accepted"))
    room.hear(NoticeFailed(**about, reason="undelivered"))

    with room.service.database.read() as db:
        proof = db.execute(sa.select(storage.notice_proof)).mappings().one()
    assert (proof["delivered"], proof["usable"], proof["channel"]) == (False, False, "none")

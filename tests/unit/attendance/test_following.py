"""Hours, completion and flags: arithmetic from marks and timetable."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

import pytest

from services.attendance.domain.errors import MarkRefusedError
from services.attendance.domain.following import (
    Ahead,
    ContractFacts,
    OwedTraining,
    Seat,
    Tally,
    Unjustified,
    flags_of,
    outcome,
)
from services.attendance.domain.following import (
    follow as _follow,
)
from services.attendance.domain.marks import Mark, Status, check_mark, followed_minutes, offered_minutes

SIGNED = date(2025, 3, 3)
TERM = date(2026, 3, 2)
QR = {"act": "qr", "act_id": uuid4()}
COURSE = OwedTraining(training="language", part="100", minutes=6000, quickest_days=28)
DAYS = tuple(OwedTraining(training="civic", part=f"S{n}", minutes=360, quickest_days=1) for n in range(1, 5))


def follow(owed, tally, ahead, seats):
    return _follow(owed, tally, ahead, seats, today=SIGNED, term_on=TERM)


def contract(owed=(COURSE,), **changed):
    values = {
        "id": uuid4(), "signatory_id": uuid4(), "signed_on": SIGNED, "term_on": TERM, "state": "running",
        "civic_days_required": 3, "assiduity_percent": 80, "review_lead_days": 60, "unexplained_in_a_row": 2,
        "owed": tuple(owed),
    }  # fmt: skip
    return ContractFacts(**{**values, **changed})


class HalfDay(NamedTuple):
    held_on: date
    minutes: int
    status: Status | None
    training: str
    part: str
    proofs: dict


def half_days(statuses, *, start=date(2025, 4, 7), owed=COURSE, **proofs):
    return [
        HalfDay(start + timedelta(days=n), 180, status, owed.training, owed.part, proofs)
        for n, status in enumerate(statuses)
    ]


def followed(owed, days, seats=()):
    mine = [day for day in days if (day.training, day.part) == (owed.training, owed.part)]
    tally = Tally(
        sum(followed_minutes(day.status, 0, day.minutes) for day in mine if day.status),
        sum(offered_minutes(day.status, day.minutes) for day in mine if day.status),
    )
    return follow(owed, tally, [Ahead(day.held_on, 0, day.minutes) for day in mine if day.status is None], seats)


def seat(ends_on, owed=COURSE):
    return Seat(
        placement_id=uuid4(), session_id=uuid4(), training=owed.training, part=owed.part,
        joins_on=SIGNED, ends_on=ends_on,
    )  # fmt: skip


def test_hours_followed_are_the_minutes_that_were_attended_and_no_more_than_owed():
    attended = half_days([Status.PRESENT] * 40)

    assert followed(COURSE, attended).followed == 6000
    assert followed_minutes(Status.LATE, 30, 180) == 150
    assert followed_minutes(Status.ABSENT_JUSTIFIED, 0, 180) == 0


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (Status.PRESENT, 180),
        (Status.ABSENT_UNEXPLAINED, 180),
        (Status.ABSENT_UNJUSTIFIED, 180),
        (Status.ABSENT_JUSTIFIED, 0),
        (Status.MEETING_CANCELLED, 0),
        (Status.NOT_YET_ENROLLED, 0),
        (Status.HELD_ROLL_MISSING, 0),
    ],
)
def test_what_was_cancelled_missing_or_justified_counts_neither_for_nor_against(status, offered):
    assert followed(COURSE, half_days([status])).offered == offered


def test_the_forecast_is_a_range_from_the_timetable_and_the_own_pace():
    done = half_days([Status.PRESENT, Status.ABSENT_UNEXPLAINED] * 10)  # 10 of 20: half the pace
    ahead = half_days([None] * 60, start=date(2025, 6, 2))

    following = followed(COURSE, [*done, *ahead], [seat(date(2025, 8, 1))])

    # 6000 - 1800 = 4200 minutes missing: 24 half-days at full pace, 47 at half of it
    assert following.ends_first == ahead[23].held_on
    assert following.ends_last == ahead[46].held_on


@pytest.mark.parametrize(
    ("attended", "expected"),
    [
        ([Status.PRESENT] * 34, "completed"),
        ([Status.PRESENT] * 16 + [Status.ABSENT_UNEXPLAINED] * 4, "completed"),  # 80 % of hours offered
        ([Status.PRESENT] * 15 + [Status.ABSENT_UNEXPLAINED] * 5, "ended_incomplete"),  # 75 %
        ([Status.PRESENT] * 4 + [Status.ABSENT_JUSTIFIED] * 16, "completed"),  # justified: neither for nor against
        ([], "ended_incomplete"),
    ],
)
def test_a_course_that_ended_is_complete_by_the_ratio_of_hours_followed_to_hours_offered(attended, expected):
    following = followed(COURSE, half_days(attended))

    assert outcome(contract(), "language", [following], ended=True) == expected


def test_where_the_ratio_is_not_known_only_the_hours_owed_complete_a_course():
    following = followed(COURSE, half_days([Status.PRESENT] * 30))

    assert outcome(contract(assiduity_percent=None), "language", [following], ended=True) == "ended_incomplete"


@pytest.mark.parametrize(("days", "expected"), [(4, "completed"), (3, "completed"), (2, "running"), (0, "not_started")])
def test_civic_training_is_complete_with_the_days_that_the_rule_requires(days, expected):
    followings = [
        followed(day, half_days([Status.PRESENT] * 2 if n < days else [], owed=day)) for n, day in enumerate(DAYS)
    ]

    assert outcome(contract(DAYS), "civic", followings, ended=False) == expected


def test_half_a_civic_day_is_no_civic_day():
    following = followed(DAYS[0], half_days([Status.PRESENT, Status.ABSENT_UNEXPLAINED], owed=DAYS[0]))

    assert outcome(contract(DAYS[:1], civic_days_required=1), "civic", [following], ended=False) == "running"


def kinds(facts, attended=(), seats=(), today=date(2025, 4, 1)):
    followings = [followed(owed, attended, seats) for owed in facts.owed]
    absences = [
        Unjustified(n, day.held_on, uuid4(), **day.proofs)
        for n, day in enumerate(attended)
        if day.status is Status.ABSENT_UNJUSTIFIED
    ]
    return {flag.kind: flag for flag in flags_of(facts, followings, absences, today)}


def test_a_placement_that_ends_after_the_term_is_flagged_on_the_day_it_is_made():
    late = seat(TERM + timedelta(days=1))

    flags = kinds(contract(), seats=[late])

    assert f"placement:{late.placement_id}" in flags["overrun_forecast"].evidence[0]
    assert "overrun_forecast" not in kinds(contract(), seats=[seat(TERM)])


def test_no_seat_is_flagged_only_when_too_few_days_are_left_and_never_as_termination():
    early, late = TERM - timedelta(days=28), TERM - timedelta(days=27)

    assert kinds(contract(), today=early) == {}
    assert set(kinds(contract(), today=late)) == {"no_seat_before_term"}


def test_an_extension_is_to_be_reviewed_when_training_is_in_progress_duly_attended_and_will_not_end_in_time():
    today = TERM - timedelta(days=59)
    good = half_days([Status.PRESENT] * 10, start=date(2025, 11, 3))
    ahead = half_days([None] * 10, start=TERM + timedelta(days=1))

    assert "extension_review_due" in kinds(contract(), [*good, *ahead], [seat(TERM)], today)
    assert "extension_review_due" not in kinds(contract(), [*good, *ahead], [seat(TERM)], TERM - timedelta(days=61))
    truant = half_days([Status.PRESENT, Status.ABSENT_UNEXPLAINED] * 5, start=date(2025, 11, 3))
    assert "extension_review_due" not in kinds(contract(), [*truant, *ahead], [seat(TERM)], today)


def test_a_termination_risk_needs_unjustified_absences_in_a_row_each_with_delivery_and_a_human_attempt():
    proof = {"delivered_notice": uuid4(), "attempt_id": uuid4()}
    bad = Status.ABSENT_UNJUSTIFIED

    assert "termination_risk_raised" in kinds(contract(), half_days([bad, bad], **proof))
    assert "termination_risk_raised" not in kinds(contract(), half_days([bad, Status.PRESENT, bad], **proof))
    assert "termination_risk_raised" not in kinds(contract(), half_days([bad, bad], delivered_notice=uuid4()))
    assert "termination_risk_raised" not in kinds(contract(), half_days([bad, bad], attempt_id=uuid4()))
    unexplained = half_days([Status.ABSENT_UNEXPLAINED] * 9, **proof)
    assert "termination_risk_raised" not in kinds(contract(), unexplained), "no absence is unjustified by the clock"


def test_a_flag_never_stands_without_evidence():
    flags = kinds(contract(), seats=[seat(TERM + timedelta(days=9))], today=TERM - timedelta(days=3))

    assert flags
    assert all(flag.evidence for flag in flags.values())


@pytest.mark.parametrize(
    ("mark", "rule"),
    [
        ({"status": "present"}, "act_required"),
        ({"status": "present", "act": "trainer_declared"}, "reason_required"),
        ({"status": "absent_unexplained", "act": "qr"}, "no_act_for_absent"),
        ({"status": "late", **QR, "minutes_lost": 180}, "range"),
        ({"status": "present", **QR, "minutes_lost": 5}, "range"),
        ({"status": "present", "act": "qr"}, "act_not_recorded"),
        ({"status": "present", "act": "drawn", "proof_ref": "T-1"}, "act_not_recorded"),
        ({"status": "absent_unjustified"}, "ofii_only"),
    ],
)
def test_a_mark_that_contradicts_itself_is_refused_with_field_and_rule(mark, rule):
    values = {"minutes_lost": 0, "act": "", "act_reason": "", **mark}
    moment = datetime(2025, 4, 7, 9, tzinfo=UTC)
    stamp = {
        "id": uuid4(),
        "signatory_id": uuid4(),
        "actor": "trainer:t",
        "effective_at": moment,
        "recorded_at": moment,
    }

    with pytest.raises(MarkRefusedError) as raised:
        check_mark(Mark(**stamp, **{**values, "status": Status(values["status"])}), 180)

    assert rule in {fault.rule for fault in raised.value.faults}


@pytest.mark.parametrize(("lost", "expected"), [(0, "completed"), (30, "completed"), (31, "running")])
def test_a_civic_day_bears_half_an_hour_and_no_more(lost, expected):
    days = [follow(one, Tally(360 - lost, 360), [], []) for one in DAYS[:3]]
    days.append(follow(DAYS[3], Tally(), [], []))

    assert outcome(contract(DAYS), "civic", days, ended=False) == expected

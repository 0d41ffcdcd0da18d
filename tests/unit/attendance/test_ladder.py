"""What can be finished no more by arithmetic is flagged, always; patterns of absence are looked at; aggregates count."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attendance.domain.following import (
    Ahead,
    ContractFacts,
    OwedTraining,
    Pattern,
    Seat,
    Tally,
    flags_of,
    follow,
)
from services.attendance.domain.marks import Status, in_force, minutes_lost_by
from services.attendance.domain.outlook import Course, band_of, expect, learn

TODAY, TERM = date(2026, 1, 5), date(2026, 3, 6)
COURSE = OwedTraining(training="language", part="100", minutes=6000, quickest_days=28)
DAYS = tuple(OwedTraining(training="civic", part=f"S{n}", minutes=360, quickest_days=1) for n in range(1, 5))
FACTS = {
    "id": uuid4(), "signatory_id": uuid4(), "signed_on": date(2025, 3, 7), "term_on": TERM, "state": "running",
    "civic_days_required": 3, "assiduity_percent": 80, "review_lead_days": 60, "unexplained_in_a_row": 3,
}  # fmt: skip


def contract(*owed, **changed):
    return ContractFacts(owed=owed, **(FACTS | changed))


def stands(owed, tally, ahead=(), ends_on=None, ratio=80):
    last = ends_on or max((one.held_on for one in ahead), default=None)
    seats = [] if last is None else [
        Seat(
            placement_id=uuid4(), session_id=uuid4(), training=owed.training, part=owed.part, joins_on=TODAY,
            ends_on=last,
        )
    ]  # fmt: skip
    return follow(owed, tally, ahead, seats, today=TODAY, term_on=TERM, assiduity_percent=ratio)


def kinds(facts, followings, **more):
    return {flag.kind for flag in flags_of(facts, followings, (), TODAY, **more)}


@given(
    held=st.tuples(st.integers(0, 40), st.integers(0, 40)), ahead=st.integers(0, 60), every=st.integers(1, 5),
    days_left=st.integers(0, 200), quickest=st.integers(1, 120),
)  # fmt: skip
def test_whatever_can_be_finished_no_more_is_flagged_and_nothing_else_is_called_impossible(
    held, ahead, every, days_left, quickest
):
    followed, missed = held
    term = TODAY + timedelta(days=days_left)
    owed = OwedTraining(training="language", part="100", minutes=6000, quickest_days=quickest)
    days = [Ahead(TODAY + timedelta(days=1 + every * n), 0, 180) for n in range(ahead)]
    tally = Tally(followed * 180, (followed + missed) * 180)
    seats = [
        Seat(placement_id=uuid4(), session_id=uuid4(), training="language", part="100", joins_on=TODAY,
             ends_on=days[-1].held_on)
    ] if days else []  # fmt: skip
    facts = contract(owed, term_on=term)
    one = follow(owed, tally, days, seats, today=TODAY, term_on=term, assiduity_percent=80)

    # by trying: every coming half-day followed, a course followed well enough to its end, or the quickest new one
    in_seats = followed * 180 + sum(180 for day in days if day.held_on <= term)
    well_enough = bool(days) and days[-1].held_on <= term and (followed + ahead) * 5 >= (followed + missed + ahead) * 4
    anew = followed * 180 + 6000 * days_left // quickest
    done = followed * 180 >= 6000 or (not days and followed and followed * 5 >= (followed + missed) * 4)
    possible = in_seats >= 6000 or well_enough or anew >= 6000 or done

    raised = kinds(facts, [one]) & {"impossible_before_term", "no_seat_before_term"}
    if not possible:
        assert raised, (one, facts)
    if "impossible_before_term" in raised:
        assert max(in_seats, anew) < 6000
        assert not well_enough


def test_three_civic_days_of_four_within_reach_are_no_impossibility_and_two_are():
    done = [stands(one, Tally(360, 360)) for one in DAYS[:1]]
    near = TODAY + timedelta(days=3)
    coming = [stands(one, Tally(), [Ahead(near, 0, 180), Ahead(near, 1, 180)]) for one in DAYS[1:3]]
    facts = contract(*DAYS, term_on=near)
    gone = follow(
        DAYS[3], Tally(), [Ahead(TERM, 0, 360)], [coming[0].seats[0]], today=near, term_on=near
    )  # fmt: skip

    assert "impossible_before_term" not in kinds(facts, [*done, *coming, gone])
    unreachable = [
        follow(one, Tally(), [Ahead(TERM, 0, 360)], coming[0].seats, today=near, term_on=near) for one in DAYS[1:]
    ]
    assert "impossible_before_term" in {flag.kind for flag in flags_of(facts, [*done, *unreachable], (), near)}


def test_a_course_that_was_duly_attended_to_its_end_needs_no_extension_though_hours_lack():
    days = [Ahead(TODAY + timedelta(days=n), 0, 180) for n in range(1, 11)]
    one = stands(COURSE, Tally(22 * 180, 24 * 180), days)

    assert one.followed + one.planned < COURSE.minutes
    assert one.ends_last == days[-1].held_on
    assert kinds(contract(COURSE), [one]) == set()


def test_near_the_term_a_pace_that_is_not_enough_is_a_difficulty_with_its_arithmetic():
    days = [Ahead(TODAY + timedelta(days=n), 0, 180) for n in range(1, 11)]
    one = stands(COURSE, Tally(12 * 180, 24 * 180), days)

    (flag,) = [one for one in flags_of(contract(COURSE), [one], (), TODAY) if one.kind == "difficulty_raised"]

    assert flag.evidence == ("pace:language 100 followed 2160 of 4320 min offered, 80 % needed",)
    assert flag.owner == "auditor"


@pytest.mark.parametrize(
    ("absences", "first_days_ago", "raised"), [(2, 10, False), (3, 10, True), (1, 40, True), (0, 0, False)]
)
def test_absences_in_a_row_or_a_long_silence_are_a_difficulty(absences, first_days_ago, raised):
    start = TODAY - timedelta(days=first_days_ago)
    marks = tuple((start + timedelta(days=n), uuid4()) for n in range(absences))
    one = stands(COURSE, Tally(), [Ahead(TODAY + timedelta(days=n), 0, 180) for n in range(1, 35)])

    found = kinds(contract(COURSE), [one], pattern=Pattern(marks))

    assert ("difficulty_raised" in found) == raised


def test_minutes_lost_follow_from_the_times_of_coming_and_leaving():
    from datetime import time

    assert minutes_lost_by(time(9, 20), None, time(9), 180) == 20
    assert minutes_lost_by(time(9, 20), time(11, 30), time(9), 180) == 50
    assert minutes_lost_by(time(8, 50), time(12, 30), time(9), 180) == 0


@given(st.permutations(range(6)))
def test_the_mark_in_force_does_not_depend_on_the_order_of_arrival(order):
    person = uuid4()
    marks = [
        {"signatory_id": person, "effective_at": taken, "seq": seq, "status": Status.PRESENT}
        for seq, taken in enumerate(order)
    ]

    assert in_force(marks)[person]["effective_at"] == 5


def test_an_aggregate_says_nothing_about_few_people_and_counts_the_certain_ones_exactly():
    rates = learn([[(0, n % 10 == 3) for n in range(100)]])
    lost = Course(missing=1000, ahead=[(0, 180)])
    sure = Course(missing=0, ahead=[])

    assert expect(rates, [lost] * 9) is None
    found = expect(rates, [lost] * 20 + [sure] * 30)
    assert (found.people, found.unfinished) == (50, 20.0)
    assert found.low <= 20 <= found.high


def test_a_course_that_was_often_missed_so_far_weighs_more_than_one_that_was_not():
    rates = learn([[(20, n % 8 == 0) for n in range(800)]])
    ahead = [(16, 180)] * 20

    def count(came, missed):
        return expect(rates, [Course(missing=17 * 180, ahead=ahead, came=came, missed=missed)] * 40).unfinished

    assert count(30, 0) < count(15, 15)
    assert band_of(0) == 0
    assert band_of(9) == 8


def test_who_comes_no_more_is_learnt_apart_from_who_is_away_at_times():
    steady = [(n // 4, n % 10 == 3) for n in range(40)]
    gone = [(n // 4, n >= 10) for n in range(40)]

    assert learn([steady] * 20).stops < 0.001
    found = learn([steady] * 20 + [gone] * 5)
    assert found.stops > 0.003
    assert max(found.missed[band] for band in (0, 4)) < 0.15

"""The same person's phone pressed twice, or guessed at from many: what is counted and told stays right on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.notifications import storage
from services.notifications.usecases import codes, giving_up, own
from services.notifications.usecases.codes import MOST_A_DAY, Tried
from shared.rights import SIGNATORY, Principal
from shared.work import Work
from tests.integration.notifications.office import DAYS, MONDAY, PERSON, SESSION, an_office

ME = Principal(kind="person", id=str(PERSON), role=SIGNATORY, scope=str(PERSON))


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request, tmp_path):
    url = request.getfixturevalue("postgres_url")("notifications") if request.param == "postgresql" else None
    with an_office(tmp_path, url) as office:
        office.place(code="4711")
        yield office


def act(office, use_case, *given):
    with office.service.database.begin() as db:
        return use_case(Work(db=db, who=ME, now=office.clock.now(), voice=office.service.voice), *given)


def at_once(office, calls):
    with ThreadPoolExecutor(len(calls)) as phones:
        return list(phones.map(lambda call: act(office, *call), calls))


def test_twelve_guesses_at_once_are_not_more_than_five(office):
    outcomes = at_once(office, [(codes.try_code, f"{n:04}", "203.0.113.1") for n in range(12)])

    assert outcomes.count(Tried.WRONG) == MOST_A_DAY - 1
    assert outcomes.count(Tried.LOCKED) == 12 - (MOST_A_DAY - 1)
    assert act(office, codes.try_code, "4711", "203.0.113.1") is Tried.LOCKED
    assert [row["wrong"] for row in office.rows(storage.desk_code, storage.desk_code.c.person_id)] == [MOST_A_DAY]


def test_pressed_four_times_at_once_it_is_said_once(office):
    at_once(office, [(own.announce, SESSION, DAYS["S1"], "late")] * 4)

    assert [one.subject_version for one in office.told("AbsenceAnnouncedState")] == [1]


def test_given_up_four_times_at_once_it_is_told_once(office):
    at_once(office, [(giving_up.give_up, SESSION)] * 4)
    office.clock.set(MONDAY + timedelta(days=2))
    at_once_ticks = [giving_up.settle_given_up] * 4
    with ThreadPoolExecutor(4) as processes:
        done = sum(processes.map(lambda tick: tick(office.service), at_once_ticks))

    assert done == 1
    assert len(office.told("PlacementDeclined")) == len(DAYS)


def test_a_place_that_was_kept_is_never_settled(office):
    act(office, giving_up.give_up, SESSION)
    act(office, giving_up.keep_place, SESSION)
    office.clock.set(MONDAY + timedelta(days=2))

    assert giving_up.settle_given_up(office.service) == 0
    assert office.told("PlacementDeclined") == []


@pytest.mark.parametrize("digits", ["٤٧١١", "۴۷۱۱", "৪৭১১", " 47 11 "])
def test_the_digits_of_the_desk_are_the_same_on_every_keyboard(office, digits):
    assert act(office, codes.try_code, digits, "203.0.113.1") is Tried.RIGHT

"""Occasions, quiet hours, states, contact points."""

from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from services.notifications.consumers import HANDLERS
from services.notifications.domain.contacts import email_address, mobile_number
from services.notifications.domain.hours import leaves_at
from services.notifications.domain.occasions import EVENTS_OF_FACTS, OCCASIONS, Told, wanted_kind
from services.notifications.domain.states import raised
from services.notifications.domain.timetable import days_of
from shared.events import ALL_EVENTS

PARIS = ZoneInfo("Europe/Paris")
LATE = datetime(2025, 6, 1, tzinfo=UTC)
DAYS = ("2025-03-06 09:00-12:00", "2025-03-07 09:00-12:00")
NOW = "2025-03-01 10:00"


def told(kind="convocation", days=DAYS, site="a", *, reached=True):
    return Told(kind=kind, site=site, days=days, reached=reached)


def test_each_event_that_is_heard_stands_in_the_table_and_the_other_way_round():
    in_table = {event for row in OCCASIONS.values() for event in row.events} | set(EVENTS_OF_FACTS)
    heard = {event for event in ALL_EVENTS if "notifications" in event.hearers}

    assert in_table == heard == set(HANDLERS)


def test_each_row_replaces_only_kinds_that_exist():
    for row in OCCASIONS.values():
        assert set(row.supersedes) <= set(OCCASIONS)


@pytest.mark.parametrize(
    ("known", "days", "site", "kind"),
    [
        (None, DAYS, "a", "convocation"),
        (None, (), "a", None),
        (told(), DAYS, "a", None),
        (told(), DAYS[:1], "a", "moved"),
        (told(), DAYS, "b", "moved"),
        (told(), (), "a", "cancelled"),
        (told("cancelled"), DAYS, "a", "convocation"),
        (told("cancelled"), (), "a", None),
        (told(reached=False), DAYS, "a", None),
        (told(reached=False), DAYS[:1], "a", "convocation"),
        (told(reached=False), (), "a", None),
        (told("moved", reached=False), (), "a", "cancelled"),
    ],
)
def test_a_notice_is_wanted_when_what_the_person_believes_is_no_longer_true(known, days, site, kind):
    assert wanted_kind(known, days, site, NOW) == kind


def test_what_is_over_is_never_told():
    assert wanted_kind(None, DAYS, "a", "2025-03-07 12:00") is None
    assert wanted_kind(told(), DAYS[1:], "a", "2025-03-06 13:00") is None
    assert wanted_kind(told(), (), "a", "2025-03-08 08:00") is None


@pytest.mark.parametrize(
    ("now", "zone", "leaves"),
    [
        (datetime(2025, 3, 5, 10, tzinfo=UTC), PARIS, datetime(2025, 3, 5, 10, tzinfo=UTC)),
        (datetime(2025, 3, 5, 20, tzinfo=UTC), PARIS, datetime(2025, 3, 6, 7, tzinfo=UTC)),
        (datetime(2025, 3, 5, 5, tzinfo=UTC), PARIS, datetime(2025, 3, 5, 7, tzinfo=UTC)),
        (datetime(2025, 3, 8, 21, tzinfo=UTC), PARIS, datetime(2025, 3, 10, 7, tzinfo=UTC)),  # Saturday night
        (datetime(2025, 3, 9, 12, tzinfo=UTC), PARIS, datetime(2025, 3, 10, 7, tzinfo=UTC)),  # Sunday
        (datetime(2025, 3, 5, 18, 30, tzinfo=UTC), ZoneInfo("Indian/Mayotte"), datetime(2025, 3, 6, 5, tzinfo=UTC)),
        (datetime(2025, 3, 5, 23, tzinfo=UTC), ZoneInfo("America/Cayenne"), datetime(2025, 3, 5, 23, tzinfo=UTC)),
    ],
)
def test_quiet_hours_are_those_of_the_place_where_the_person_lives(now, zone, leaves):
    assert leaves_at(now, zone) == leaves


def test_what_may_take_until_the_quiet_hours_is_not_begun():
    nearly = datetime(2025, 3, 5, 19, 56, tzinfo=UTC)

    assert leaves_at(nearly, PARIS, timedelta(minutes=6)) == datetime(2025, 3, 6, 7, tzinfo=UTC)
    assert leaves_at(nearly, PARIS, timedelta(minutes=3)) == nearly


def test_a_late_receipt_never_takes_back_what_is_proven():
    assert raised("delivered", "failed") == "delivered"
    assert raised("accepted", "failed") == "failed"
    assert raised("accepted", "delivered") == "delivered"
    assert raised("failed", "delivered") == "delivered"
    assert raised("superseded", "failed") == "superseded"


@pytest.mark.parametrize(
    "said", [("accepted", "failed"), ("accepted", "delivered"), ("accepted", "failed", "delivered")]
)
def test_whatever_the_order_of_answer_and_receipts_the_end_is_the_same(said):
    ends = {reduce(raised, order, "sending") for order in permutations(said)}

    assert ends == {said[-1]}


@pytest.mark.parametrize(
    ("written", "territory", "files", "number"),
    [
        ("0612345678", "93", False, "+33612345678"),
        ("06 92 12 34 56", "974", False, "+262692123456"),
        ("0692123456", "93", False, "+262692123456"),
        ("0142345678", "93", False, None),  # a fixed line
        ("070012", "93", False, None),
        ("", "93", True, None),
        ("+999000000001", "93", True, "+999000000001"),
        ("+999000000001", "93", False, None),
        ("+9990000001", "93", True, None),  # two digits lack
    ],
)
def test_a_number_must_be_able_to_receive_an_sms(written, territory, files, number):
    assert mobile_number(written, territory, test_numbers=files) == number


@pytest.mark.parametrize("written", ["rose@example.org", "o'neil.r+cours@univ-paris8.example.fr", "R_2@b.example"])
def test_an_address_of_atoms_can_be_written_to(written):
    assert email_address(written) == written


@pytest.mark.parametrize(
    "written",
    [
        "",
        "rose",
        "rose@example",
        "rose(@example.org",
        "mailto:rose@example.org",
        '"rose@example.org',
        "rose@[x.fr",
        "rosé@example.org",
        ".rose@example.org",
        "ro..se@example.org",
        "rose@ex..org",
        "a@b@c.org",
        "a@b.org\nBcc:x@y.fr",
    ],
)
def test_what_mail_programs_do_not_take_for_one_address_is_none(written):
    assert email_address(written) is None


def test_the_two_halves_of_a_day_are_one_day():
    meetings = [
        {"held_on": "2025-03-06", "starts_at": "09:00", "minutes": 180, "part": "S1"},
        {"held_on": "2025-03-06", "starts_at": "13:30", "minutes": 180, "part": "S1"},
        {"held_on": "2025-03-07", "starts_at": "09:00", "minutes": 180, "part": "S2"},
    ]

    assert days_of(meetings, {"S1": date(2025, 3, 1)}) == ("2025-03-06 09:00-16:30",)
    assert days_of(meetings, {"S1": date(2025, 3, 7), "S2": date(2025, 3, 1)}) == ("2025-03-07 09:00-12:00",)

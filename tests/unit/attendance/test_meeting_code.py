"""The code of a meeting: it turns, the one before is still good, and a ticket lasts for a slow person."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attendance.domain import meeting_code as code
from services.attendance.domain.opening import ends_at, opens_at

MEETING, OTHER = UUID(int=1), UUID(int=2)
SECRET = code.secret_of(b"k" * 32, MEETING)
AT = datetime(2026, 3, 5, 9, 0, 1, tzinfo=UTC)


@given(st.integers(0, 10**9), st.integers(0, 39))
def test_a_scan_is_good_for_at_least_one_step_and_at_most_two(start, seconds):
    shown = datetime.fromtimestamp(start, UTC)
    later = shown + timedelta(seconds=seconds)
    good = code.read_code(SECRET, code.scanned_code(SECRET, shown), later)

    steps = int(later.timestamp()) // code.QR_SECONDS - start // code.QR_SECONDS
    assert good == ("qr" if steps <= 1 else None)


@given(st.integers(0, 10**9))
def test_what_is_said_aloud_has_six_characters_that_nobody_mixes_up(start):
    said = code.spoken_code(SECRET, datetime.fromtimestamp(start, UTC))

    assert len(said) == 6
    assert not set(said) & set("01OIL")
    spaced = f" {said[:3].lower()}-{said[3:]} "
    assert code.read_code(SECRET, spaced, datetime.fromtimestamp(start, UTC)) == "code"


def test_each_meeting_has_codes_of_its_own():
    other = code.secret_of(b"k" * 32, OTHER)

    assert code.scanned_code(SECRET, AT) != code.scanned_code(other, AT)
    assert code.read_code(other, code.scanned_code(SECRET, AT), AT) is None
    assert code.read_code(other, code.spoken_code(SECRET, AT), AT) is None


@pytest.mark.parametrize(
    "text", ["", "qr", "qr.", "qr.x.y", "qr.99999999999999.y", "qr.٣.y", "drawn.9999999999.y", "é", "…."]
)
def test_what_is_no_ticket_opens_nothing(text):
    assert code.read_ticket(SECRET, text, AT) is None
    assert code.read_code(SECRET, text, AT) is None
    assert not code.is_contact_ticket(SECRET, OTHER, text, AT)


def test_a_ticket_is_good_until_its_end_for_its_meeting_and_kind_only():
    ticket = code.ticket(SECRET, "qr", AT + timedelta(minutes=15))

    assert code.read_ticket(SECRET, ticket, AT + timedelta(minutes=14)) == "qr"
    assert code.read_ticket(SECRET, ticket, AT + timedelta(minutes=15)) is None
    assert code.read_ticket(code.secret_of(b"k" * 32, OTHER), ticket, AT) is None
    assert code.read_ticket(SECRET, ticket.replace("qr", "code", 1), AT) is None


def test_a_roll_opens_by_the_clock_of_its_site():
    here = {"held_on": AT.date(), "starts_at": AT.time().replace(hour=9, second=0), "minutes": 180}

    assert opens_at({**here, "zone": "Europe/Paris"}) == datetime(2026, 3, 5, 7, 30, tzinfo=UTC)
    assert opens_at({**here, "zone": "Indian/Mayotte"}, timedelta(minutes=10)) == datetime(
        2026, 3, 5, 5, 50, tzinfo=UTC
    )
    assert ends_at({**here, "zone": "America/Cayenne"}) == datetime(2026, 3, 5, 15, 0, tzinfo=UTC)

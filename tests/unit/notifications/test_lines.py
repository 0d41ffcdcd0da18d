"""Which gateway a message takes: never a closed one, never more than its rate, and all of them again when it is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.lines import Line, after, choose, refilled, spent
from services.notifications.gateways.mail import SmtpMail

NOW = datetime(2025, 3, 3, 9, tzinfo=UTC)


def line(name="a", rate=0, **other):
    return Line(name=name, rate=rate, allowance=rate * 1000, counted_at=NOW, **other)


def failed(found, times, now=NOW):
    for _time in range(times):
        found = after(found, now, failed=True)
    return found


def test_the_first_one_that_is_well_is_taken():
    assert choose([line("a"), line("b")], NOW) == ("a", NOW)
    assert choose([failed(line("a"), 2), line("b")], NOW) == ("a", NOW)
    assert choose([failed(line("a"), 3), line("b")], NOW) == ("b", NOW)
    assert choose([line("a"), line("b")], NOW, avoid="a") == ("b", NOW)


def test_all_closed_everything_waits_for_the_first_to_open():
    lines = [failed(line("a"), 5), failed(line("b"), 3)]

    name, opens = choose(lines, NOW)

    assert (name, opens) == (None, NOW + timedelta(seconds=30))


def test_one_message_is_the_trial_and_a_success_opens_the_line():
    later = NOW + timedelta(seconds=31)
    closed = failed(line(), 3)
    assert choose([closed], later)[0] == "a"
    tried = spent(closed, later)
    assert choose([tried], later)[0] is None

    assert choose([after(tried, later, failed=False)], later) == ("a", later)
    assert after(tried, later, failed=True).closed_until == later + timedelta(minutes=1)


def test_a_line_is_never_closed_for_longer_than_ten_minutes():
    assert failed(line(), 40).closed_until == NOW + timedelta(minutes=10)


@given(rate=st.integers(1, 50), steps=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 80)), max_size=40))
def test_no_second_has_more_messages_than_the_rate_and_what_was_saved(rate, steps):
    now, present, taken = NOW, line(rate=rate), []
    for milliseconds, wanted in steps:
        now += timedelta(milliseconds=milliseconds)
        present = refilled(present, now)
        for _message in range(wanted):
            name, opens = choose([present], now)
            if name is None:
                assert opens > now
                break
            present = spent(present, now)
            taken.append(now)
    for start in taken:
        within = [one for one in taken if start <= one < start + timedelta(seconds=1)]
        assert len(within) <= 2 * rate  # what was saved of a quiet second, and what comes in this one


@given(rate=st.integers(1, 20))
def test_whoever_waits_as_told_gets_through(rate):
    empty = replace(line(rate=rate), allowance=0)

    name, opens = choose([empty], NOW)

    assert name is None
    assert choose([refilled(empty, opens + timedelta(milliseconds=1))], opens)[0] == "a"


def test_a_clock_that_is_put_back_shuts_no_line():
    used = replace(failed(line(rate=1), 40), allowance=0)

    hour_earlier = NOW - timedelta(hours=1)
    back = refilled(used, hour_earlier)

    assert refilled(back, hour_earlier + timedelta(seconds=1)).opens_at(hour_earlier + timedelta(seconds=1)) == (
        hour_earlier + timedelta(seconds=1)
    )


def test_a_mail_server_may_have_a_rate_too():
    assert SmtpMail("smtps://u:p@mail.example:465?rate=10").rate == 10
    assert SmtpMail("smtp://mail.example").rate == 0

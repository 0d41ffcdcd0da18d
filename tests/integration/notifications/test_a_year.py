"""A year of notices in every zone of the Republic, drawn at random: none leaves in the quiet hours or too late."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notifications import storage
from shared.communes import department_of
from shared.ids import derived_id
from tests.integration.notifications.office import an_office

TERRITORIES = ("93", "971", "972", "973", "974", "976")
NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
SUNDAY = 6


@st.composite
def happenings(draw):
    """Draw what is told about groups in several zones over a year: when, where, on which days, moved or cancelled."""
    found = []
    for number in range(draw(st.integers(2, 6))):
        told = NEW_YEAR + timedelta(minutes=draw(st.integers(0, 330 * 24 * 60)))
        first = told.date() + timedelta(days=draw(st.integers(0, 20)))
        starts = draw(st.sampled_from([time(7, 30), time(9), time(13, 30), time(18), time(20)]))
        second = first + timedelta(days=draw(st.integers(1, 12)))
        turn = draw(st.sampled_from(["stays", "moves", "is cancelled"]))
        after = timedelta(hours=draw(st.integers(0, 200)))
        found.append((number, draw(st.sampled_from(TERRITORIES)), told, (first, second), starts, turn, after))
    return found


def tell(office, number, territory, days, starts, *, state="open"):
    zone = department_of(territory).time_zone
    site, session, person = (derived_id(one, number) for one in ("site", "session", "person"))
    parts = {f"d{n}": day for n, day in enumerate(days)}
    seats = [office.seat(part, person, session) for part in parts]
    held = office.session(session, days=parts, site=site, starts=starts, state=state)
    office.hear(office.site(site, zone=zone), held, office.person(person, territory=territory), *seats)
    office.run()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=happenings())
def test_nothing_leaves_in_quiet_hours_or_after_its_deadline(tmp_path_factory, plan):
    with an_office(tmp_path_factory.mktemp("year")) as office:
        moments = []
        for number, territory, told, days, starts, turn, after in plan:
            moments.append((told, number, lambda n=number, t=territory, d=days, s=starts: tell(office, n, t, d, s)))
            if turn != "stays":
                state = "cancelled" if turn == "is cancelled" else "open"
                later = [day + timedelta(days=3) for day in days] if turn == "moves" else days
                moments.append(
                    (
                        told + after,
                        number,
                        lambda n=number, t=territory, d=later, s=starts, e=state: tell(office, n, t, d, s, state=e),
                    )
                )
        for at, _number, happens in sorted(moments, key=lambda one: one[:2]):
            let_time_pass(office, at)
            happens()
        let_time_pass(office, office.clock.now() + timedelta(days=60))

        notices = {row["id"]: row for row in office.all_notices()}
        zones = {
            row["id"]: ZoneInfo(department_of(row["territory"]).time_zone)
            for row in office.rows(storage.person, storage.person.c.id)
        }
        for attempt in office.rows(storage.attempt, storage.attempt.c.started_at):
            notice = notices[attempt["notice_id"]]
            local = attempt["started_at"].astimezone(zones[notice["person_id"]])
            assert time(8) <= local.time() < time(21), local
            assert local.weekday() != SUNDAY, local
        for notice in notices.values():
            carrier = notices[notice["rides_on"] or notice["id"]]
            for attempt in office.rows(storage.attempt, storage.attempt.c.n):
                if attempt["notice_id"] == carrier["id"] and notice["text"]:
                    assert attempt["started_at"] < notice["useless_after"]
        assert {one["state"] for one in notices.values()} <= {"accepted", "expired", "superseded"}
        assert_expired_for_a_reason(office, notices.values())


def let_time_pass(office, until):
    """Go on from one moment at which something falls due to the next."""
    while True:
        with office.service.database.read() as db:
            waits = sa.select(sa.func.min(storage.notice.c.due_at)).where(storage.notice.c.state == "due")
            due = db.scalar(waits)
        if due is None or due > until:
            break
        office.clock.set(max(due, office.clock.now()))
        office.run()
    office.clock.set(max(until, office.clock.now()))
    office.run()


def assert_expired_for_a_reason(office, notices):
    """What expired in the quiet hours is a call to make, unless it was a reminder."""
    calls = {one["notice_id"] for one in office.rows(storage.task, storage.task.c.kind) if one["kind"] == "call"}
    for one in notices:
        if one["state"] == "expired" and not one["moment"]:
            assert one["reason"] in {"quiet_hours", "too_late"}
            assert (one["id"] in calls) == (one["reason"] == "quiet_hours")

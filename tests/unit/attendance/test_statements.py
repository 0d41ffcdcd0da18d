"""What a body is paid: hand-computed hours, days and cents."""

from datetime import date, time
from uuid import UUID

import pytest

from services.attendance.domain.marks import Status
from services.attendance.domain.sheet_numbers import day_of, sheet_number
from services.attendance.domain.statements import (
    GroupDay,
    HalfDay,
    Held,
    PayRules,
    Price,
    changes,
    line_of,
    price_for,
    totals_of,
)

DAY = date(2025, 4, 7)
HOUR = Price(
    code="L2",
    training="language",
    unit="person_minutes",
    first_on=date(2025, 1, 1),
    last_on=date(2025, 12, 31),
    cents=740,
)
DAYS = Price(
    code="L1",
    training="civic",
    unit="person_days",
    first_on=date(2025, 1, 1),
    last_on=date(2025, 12, 31),
    cents=6449,
)


def held(person, status="present", act="qr", lost=0):
    return Held(UUID(int=person), Status(status), lost, act)


def half_day(slot, *marks, minutes=180):
    return HalfDay(
        meeting_id=UUID(int=1),
        number=f"250407-{slot[0].upper()}-000000",
        slot=slot,
        starts_at=time(9),
        minutes=minutes,
        version=1,
        state="sealed",
        marks=marks,
    )


def a_day(training, *sheets, planned=None):
    return GroupDay(
        session_id=UUID(int=2),
        group="G-1",
        site="Bobigny",
        training=training,
        part="200",
        held_on=DAY,
        planned=planned or len(sheets),
        sheets=sheets,
    )


def test_hours_are_paid_for_the_minutes_that_were_followed_with_an_own_act():
    day = a_day(
        "language",
        half_day("morning", held(1), held(2, "late", lost=20), held(3, "absent_unexplained", act=""), held(4, act="trainer_declared")),
    )  # fmt: skip

    line = line_of(day, HOUR, PayRules())

    assert line["paid_minutes"] == 180 + 160
    assert line["cents"] == 4193  # 340 minutes of 7.40 an hour: 41.9333
    assert line["followed_minutes"] == 180 + 160 + 180
    assert line["proofs"] == {
        "qr": {"half_days": 2, "minutes": 340},
        "trainer_declared": {"half_days": 1, "minutes": 180},
    }
    assert line["statuses"] == {"absent_unexplained": 1, "late": 1, "present": 2}
    assert line["people"] == 3


def test_declared_presences_and_kinds_of_absence_are_paid_only_where_the_rules_say_so():
    day = a_day("language", half_day("morning", held(1, act="trainer_declared"), held(2, "absent_justified", act="")))

    assert line_of(day, HOUR, PayRules())["cents"] == 0
    assert line_of(day, HOUR, PayRules(declared=True))["cents"] == 2220
    assert line_of(day, HOUR, PayRules(declared=True, absences=frozenset({"absent_justified"})))["cents"] == 4440
    with pytest.raises(ValueError, match="holiday"):
        PayRules(absences=frozenset({"holiday"}))


def test_a_civic_day_is_paid_by_its_half_days_and_rounded_once_a_line_half_up():
    both = a_day("civic", half_day("morning", held(1), held(2)), half_day("afternoon", held(1)))

    line = line_of(both, DAYS, PayRules())

    assert line["paid_half_days"] == 3
    assert line["cents"] == 9674  # one day and a half of 64.49: 96.735


def test_a_half_day_whose_roll_is_missing_still_makes_the_day_a_day_of_two_halves():
    morning_only = a_day("civic", half_day("morning", held(1)), planned=2)

    assert line_of(morning_only, DAYS, PayRules())["cents"] == 3225  # 32.245, half up


def test_a_line_without_a_price_adds_hours_and_no_euros():
    line = line_of(a_day("language", half_day("morning", held(1))), None, PayRules())

    totals = totals_of([line])

    assert line["cents"] is None
    assert (totals["cents"], totals["paid_minutes"], totals["lines_without_price"]) == (0, 180, 1)


def test_the_order_of_the_day_pays():
    older = Price(
        code="L0",
        training="language",
        unit="person_minutes",
        first_on=date(2024, 1, 1),
        last_on=date(2025, 12, 31),
        cents=700,
    )

    assert price_for([older, HOUR, DAYS], "language", DAY) == HOUR
    assert price_for([older, HOUR, DAYS], "language", date(2024, 6, 1)) == older
    assert price_for([HOUR], "language", date(2026, 1, 1)) is None


def test_totals_sum_lines_by_order_and_over_everything():
    language = line_of(a_day("language", half_day("morning", held(1), held(2, act="drawn"))), HOUR, PayRules())
    civic = line_of(a_day("civic", half_day("morning", held(1)), half_day("afternoon", held(1))), DAYS, PayRules())

    totals = totals_of([language, civic])

    assert totals["cents"] == 2 * 3 * 740 + 6449
    assert totals["half_days"] == 4
    assert totals["proofs"] == {"drawn": {"half_days": 1, "minutes": 180}, "qr": {"half_days": 3, "minutes": 540}}
    assert [(one["order"], one["cents"]) for one in totals["orders"]] == [("L1", 6449), ("L2", 4440)]


def test_what_changes_between_two_versions_is_told_with_both_numbers():
    before = line_of(a_day("language", half_day("morning", held(1))), HOUR, PayRules())
    after = line_of(a_day("language", half_day("morning", held(1), held(2))), HOUR, PayRules())

    (change,) = changes([before], [after])

    assert (change["was"]["cents"], change["now"]["cents"]) == (2220, 4440)
    assert changes([after], [after]) == []


def test_a_sheet_has_one_number_that_names_its_day():
    key = UUID(int=0x01900000_0000_7000_8000_000000000001)
    number = sheet_number(key, DAY, "morning")

    assert number == sheet_number(key, DAY, "morning")
    assert number.startswith("250407-M-")
    assert day_of(number) == DAY
    assert day_of(number.lower()) == DAY
    assert day_of("250431-M-000000") is None
    assert day_of("a sheet") is None
    assert len({sheet_number(UUID(int=n), DAY, "morning") for n in range(5000)}) == 5000

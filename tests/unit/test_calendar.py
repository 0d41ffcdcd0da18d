from datetime import date
from itertools import pairwise

import pytest

from shared.calendar import CalendarUnknownError, is_working_day, public_holidays, school_holidays
from shared.communes import UnknownTerritoryError, departments


def test_every_department_has_both_calendars_for_each_year() -> None:
    for territory in departments():
        for year in range(2024, 2028):
            assert date(year, 7, 14) in public_holidays(territory, year)
            closed = school_holidays(territory, date(year, 1, 1), date(year, 12, 31))
            assert len(closed) >= 5
            assert closed == sorted(closed)
            assert all(first <= last for first, last in closed)
            assert all(before[1] < after[0] for before, after in pairwise(closed))


@pytest.mark.parametrize("territory", ["57", "67", "68"])
def test_alsace_moselle_keeps_good_friday_and_the_day_after_christmas(territory: str) -> None:
    own = public_holidays(territory, 2025)

    assert own[date(2025, 4, 18)] == "Vendredi saint"
    assert date(2025, 12, 26) in own
    assert date(2025, 4, 18) not in public_holidays("93", 2025)


def test_each_overseas_department_keeps_its_abolition_day() -> None:
    days = {"971": (5, 27), "972": (5, 22), "973": (6, 10), "974": (12, 20), "976": (4, 27)}

    for territory, (month, day) in days.items():
        assert public_holidays(territory, [2026])[date(2026, month, day)] == "Abolition de l'esclavage"
    assert date(2026, 5, 27) not in public_holidays("75", [2026])


def test_the_three_zones_rest_at_different_times_in_winter() -> None:
    first, last = date(2025, 2, 1), date(2025, 3, 20)

    assert school_holidays("69", first, last) == [(date(2025, 2, 22), date(2025, 3, 9))]
    assert school_holidays("59", first, last) == [(date(2025, 2, 8), date(2025, 2, 23))]
    assert school_holidays("93", first, last) == [(date(2025, 2, 15), date(2025, 3, 2))]
    assert school_holidays("974", first, last) == [(date(2025, 3, 1), date(2025, 3, 16))]


def test_a_working_day_is_neither_a_weekend_nor_a_public_holiday() -> None:
    assert is_working_day("93", date(2025, 4, 18))
    assert not is_working_day("67", date(2025, 4, 18))
    assert not is_working_day("93", date(2025, 4, 19))
    assert not is_working_day("93", date(2025, 5, 1))


def test_what_is_not_known_is_a_clear_error() -> None:
    with pytest.raises(UnknownTerritoryError, match="99"):
        public_holidays("99", 2025)
    with pytest.raises(UnknownTerritoryError, match="FR"):
        school_holidays("FR", date(2025, 1, 1), date(2025, 2, 1))
    with pytest.raises(CalendarUnknownError, match="2029"):
        school_holidays("93", date(2029, 1, 1), date(2029, 2, 1))

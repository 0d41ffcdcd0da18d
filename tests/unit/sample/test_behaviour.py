from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest

from parcours.sample.behaviour import LEVEL_REACHED, Behaviour, MarkDraw

START = date(2025, 5, 5)
# Packages of 45 prescriptions, as the national shares have them; half-days a week that such a course may have.
COHORT = ["600"] * 8 + ["400"] * 15 + ["200"] * 12 + ["100"] * 10
PACES = (8, 5, 5, 3, 2)
MINUTES = 180


def followed_share(behaviour: Behaviour, people: int) -> float:
    """Play language courses to their end and return minutes followed per minute prescribed."""
    followed = prescribed = 0
    for number in range(people):
        reference, package = f"person-{number}", COHORT[number % len(COHORT)]
        pace = PACES[number // len(COHORT) % len(PACES)]
        meetings = int(package) * 60 // MINUTES
        prescribed += meetings * MINUTES
        if behaviour.early_exit(reference, package):
            meetings //= 2
        for index in range(meetings):
            held_on = START + timedelta(weeks=index // pace, days=index % pace % 5)
            drawn = behaviour.mark(reference, "language", f"m{index}", held_on=held_on, starts_on=START)
            if drawn.status in {"present", "late", "left_early"}:
                followed += MINUTES - drawn.minutes_lost
    return followed / prescribed


def marks(training: str, count: int) -> list[MarkDraw]:
    behaviour = Behaviour(1)
    return [
        behaviour.mark(f"person-{number}", training, f"m{index}", held_on=START, starts_on=START)
        for number in range(count)
        for index in range(4)
    ]


def test_between_55_and_70_per_cent_of_prescribed_hours_are_followed() -> None:
    assert 0.55 <= followed_share(Behaviour(1), 450) <= 0.70


def test_two_of_three_learners_reach_the_target_and_fewer_with_longer_courses() -> None:
    behaviour = Behaviour(1)
    people = [(f"person-{number}", COHORT[number % len(COHORT)]) for number in range(4_500)]

    reached = Counter(package for reference, package in people if behaviour.level_reached(reference, package))
    all_of = Counter(package for _, package in people)

    assert 0.66 <= reached.total() / len(people) <= 0.70
    for package, share in LEVEL_REACHED.items():
        assert reached[package] / all_of[package] == pytest.approx(share / 10_000, abs=0.04)


def test_whoever_leaves_early_has_reached_the_level() -> None:
    behaviour = Behaviour(1)
    early = [f"person-{number}" for number in range(3_000) if behaviour.early_exit(f"person-{number}", "400")]

    assert len(early) / 3_000 == pytest.approx(0.10, abs=0.015)
    assert all(behaviour.level_reached(reference, "400") for reference in early)


def test_civic_days_are_missed_by_one_in_seven_and_nearly_half_of_them_say_so() -> None:
    statuses = Counter(drawn.status for drawn in marks("civic", 3_000))
    absent = statuses["absent_announced"] + statuses["absent_unexplained"]

    assert absent / statuses.total() == pytest.approx(0.14, abs=0.01)
    assert statuses["absent_announced"] / absent == pytest.approx(0.45, abs=0.03)


def test_a_mark_contradicts_neither_itself_nor_its_half_day() -> None:
    for drawn in marks("language", 500):
        came = drawn.status in {"present", "late", "left_early"}
        partial = drawn.status in {"late", "left_early"}
        assert (drawn.act in {"qr", "drawn", "signed_sheet", "trainer_declared"}) == came
        assert (drawn.minutes_lost > 0) == partial
        assert drawn.minutes_lost < MINUTES


def test_draws_do_not_depend_on_the_order_in_which_they_are_asked_for() -> None:
    asked = [(f"person-{number}", f"m{index}") for number in range(30) for index in range(5)]

    def ask(order: list[tuple[str, str]]) -> dict[tuple[str, str], MarkDraw]:
        one = Behaviour(7)
        return {key: one.mark(key[0], "civic", key[1], held_on=START, starts_on=START) for key in order}

    shuffled = list(asked)
    Random(3).shuffle(shuffled)

    assert ask(asked) == ask(shuffled)
    assert ask(asked) != {
        key: Behaviour(8).mark(key[0], "civic", key[1], held_on=START, starts_on=START) for key in asked
    }


def test_whoever_abandons_a_course_never_comes_back_to_it_but_may_come_to_civic_days() -> None:
    behaviour = Behaviour(1)
    gone = {f"person-{number}": behaviour.abandons_on(f"person-{number}", START) for number in range(3_000)}
    leavers = {reference: day for reference, day in gone.items() if day is not None}

    assert len(leavers) / len(gone) == pytest.approx(0.22, abs=0.02)
    for reference, day in leavers.items():
        later = behaviour.mark(reference, "language", "later", held_on=day + timedelta(days=9), starts_on=START)
        assert later.status == "absent_unexplained"
    civic = [behaviour.mark(one, "civic", "m", held_on=START + timedelta(days=300), starts_on=START) for one in leavers]
    assert any(drawn.status == "present" for drawn in civic)


def test_one_contact_point_in_seven_is_dead_after_a_year() -> None:
    behaviour = Behaviour(1)
    lost = [behaviour.contact_lost_on(f"person-{number}", START) for number in range(4_000)]
    within_a_year = [day for day in lost if day is not None and day <= START + timedelta(days=360)]

    assert len(within_a_year) / len(lost) == pytest.approx(0.135, abs=0.02)
    assert all(day > START for day in within_a_year)

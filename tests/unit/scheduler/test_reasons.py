"""Why a need has no seat, and that the stated change gives it one."""

from dataclasses import replace
from datetime import timedelta

import builders as b
import pytest

from services.scheduler.domain.changes import apply_changes
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import Change, Unplaced
from services.scheduler.domain.problem import Problem, Size, WeekParity
from services.scheduler.solver import solve
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.engine import warm
from services.scheduler.solver.facts import Facts
from services.scheduler.solver.reasons.light import LIGHT, retold


def only(of: Problem) -> Unplaced:
    plan = solve(of, work_limit=5)
    assert len(plan.unplaced) == 1
    return plan.unplaced[0]


def test_a_person_a_little_too_far_is_told_how_many_minutes_are_missing() -> None:
    of = b.change_person(b.course_problem(3), "p0", latitude=48.90 + 0.15)

    reason = only(of)

    assert reason.rules == ("reach",)
    assert reason.changes[0].kind == "travel_limit"
    assert "Bobigny" in reason.fr
    assert f"{60 + reason.changes[0].amount} minutes" in reason.fr


def test_the_words_name_the_kind_of_group_the_day_the_place_and_the_minutes() -> None:
    of = b.change_person(b.course_problem(3), "p0", latitude=48.90 + 0.15, availability=b.EVENINGS)

    reason = only(of)

    minutes = 60 + reason.changes[0].amount
    assert reason.fr.startswith(
        "aucun groupe de 100 heures du soir (A1) avec une place à moins de 60 minutes avant le 2 mai 2025, ni après ; "
    )
    assert f"au plus près, Bobigny, le 10 mars 2025, à {minutes} minutes : " in reason.fr
    assert f"c’est {minutes - 60} minutes au-delà de sa limite de 60" in reason.fr
    assert reason.en.startswith("no 100-hour evening group (A1) with a seat within 60 minutes before 2025-05-02")
    assert f"the closest is Bobigny on 2025-03-10, {minutes} minutes away: " in reason.en


def test_who_is_away_and_who_comes_every_other_week_are_told_apart() -> None:
    mornings = b.rules(rhythms=b.rules().rhythms[:1], rolling_entry_weeks=0)
    short = {"rules": mornings, "horizon": b.MONDAY + timedelta(days=10)}
    away = (b.DateRange(first=b.MONDAY, last=b.MONDAY + timedelta(days=90)),)
    absent = only(b.change_person(b.course_problem(3, **short), "p0", unavailable=away))
    fortnightly = only(b.change_person(b.course_problem(3, **short), "p0", weeks=WeekParity.ODD))

    assert "le 10 mars 2025, où la personne est absente" in absent.fr
    assert "où la personne ne vient pas, une semaine sur deux" in fortnightly.fr


def test_a_person_who_can_come_three_mornings_of_four_is_asked_for_the_fourth() -> None:
    three = b.WeeklySlots.of(*((day, b.Slot.MORNING) for day in range(3)))
    mornings = b.rules(rhythms=b.rules().rhythms[:1])
    reason = only(b.change_person(b.course_problem(3, rules=mornings), "p0", availability=three))

    assert reason.rules == ("availability",)
    assert reason.changes[0].slots == b.WeeklySlots.of((3, b.Slot.MORNING))
    assert "jeudi matin" in reason.fr


def test_a_fifth_person_needs_one_more_seat() -> None:
    of = b.course_problem(5)
    of = replace(of, trainers=(b.trainer(max_half_days_week=4),), horizon=b.MONDAY + timedelta(days=9))

    reason = only(of)

    assert reason.rules == ("size",)
    assert reason.changes[0].kind == "extra_seats"


def test_a_person_without_interpreter_needs_one() -> None:
    of = b.civic_problem(3, ("S1",), rules=b.rules(civic_bundles=(("S1",),)))
    of = b.change_person(of, "p0", languages=("ti",), follows_french=False)

    reason = only(of)

    assert reason.rules == ("interpretation",)
    assert reason.changes[0].value == "ti"


def test_an_exhausted_order_is_named() -> None:
    of = replace(b.course_problem(3), lots=(b.lot("language", ordered=1440 * 2 + 100),))

    reason = only(of)

    assert reason.rules == ("lot",)
    assert reason.changes[0].amount == 1340


def test_a_later_civic_day_points_at_the_earlier_one() -> None:
    of = b.change_person(b.civic_problem(3, ("S1", "S2", "S3", "S4")), "p0", travel_limit_minutes=5)

    plan = solve(of, work_limit=5)

    assert [one.code for one in plan.unplaced] == ["no_reach", "no_reach", *["waits_for_earlier_day"] * 2]


def test_no_trainer_at_all_is_a_reason_with_a_change() -> None:
    of = replace(b.course_problem(3), trainers=())

    plan = solve(of, work_limit=5)

    assert {one.code for one in plan.unplaced} == {"no_trainer"}
    better = solve(apply_changes(of, plan.unplaced[0].changes), work_limit=5)
    assert len(better.placements) > 0


@pytest.mark.parametrize(("seed", "people"), [(11, 20), (12, 18), (13, 14)])
def test_the_stated_change_places_one_need_more_for_every_person_left_out(seed: int, people: int) -> None:
    of = b.scarce_problem(seed, people)
    plan = solve(of, work_limit=30)
    assert plan.unplaced

    tried: dict[object, int] = {}
    for one in plan.unplaced:
        assert one.changes, one
        assert one.confirmed == "solve"
        key = repr(one.changes)
        if key not in tried:
            changed = apply_changes(of, one.changes)
            better = solve(changed, work_limit=0, start=plan)
            assert breaches(changed, better) == []
            tried[key] = len(better.placements)
        assert tried[key] > len(plan.placements), one.en


def test_words_are_in_both_languages() -> None:
    plan = solve(b.scarce_problem(14, 20, rules=b.scarce_problem(14, 20).rules), work_limit=5)

    assert all(one.fr and one.en and one.fr != one.en for one in plan.unplaced)


def test_a_group_too_small_says_how_many_people_it_would_gather() -> None:
    of = b.course_problem(3, rules=b.rules(language_size=Size(minimum=5, maximum=8)))

    plan = solve(of, work_limit=5)

    assert {one.rules for one in plan.unplaced} == {("size",)}
    assert "3 personnes sur les 5" in plan.unplaced[0].fr
    assert len(solve(apply_changes(of, plan.unplaced[0].changes), work_limit=5).placements) == 3


def everybody_limited(of: Problem) -> list[Change]:
    """Changes of one person or one group, for everybody and each group of a plan."""
    more = b.WeeklySlots.of((0, b.Slot.EVENING), (5, b.Slot.MORNING))
    changes = []
    for one in of.people:
        about = {"subject": one.id, "fr": "essai", "en": "test"}
        changes += [
            Change(kind="travel_limit", amount=40, **about),
            Change(kind="availability", slots=more, **about),
            *(Change(kind="waiver", value=rule, **about) for rule in ("notice", "availability", "interpretation")),
        ]
    return changes


@pytest.mark.parametrize("seed", [3, 11])
def test_a_draft_that_is_only_told_of_a_change_is_the_draft_that_is_built_anew(seed: int) -> None:
    of = b.scarce_problem(seed, 20)
    plan = solve(of, work_limit=5)
    facts = Facts(of)
    draft = warm(Draft(facts, facts.units(())), plan)
    full = next(iter(draft.groups.values()))
    seats = Change(kind="extra_seats", subject=draft.session_of(full).id, amount=2, fr="essai", en="test")
    opened = (change for left in plan.unplaced for change in left.changes if change.kind == "smaller_group")

    for change in (*everybody_limited(of), seats, *opened):
        assert change.kind in LIGHT
        changed = apply_changes(of, (change,))
        anew = Facts(changed)
        light, built = retold(draft, changed, (change,)), warm(Draft(anew, anew.units(())), plan)
        for name in ("free", "welcome", "hears", "notice"):
            assert getattr(light.facts, name) == getattr(anew, name), (name, change)
        for one, other in zip(light.groups.values(), built.groups.values(), strict=True):
            assert (one.takers, one.entries, one.seats) == (other.takers, other.entries, other.seats), change
        assert (light.where, light.lot_left, light.busy) == (built.where, built.lot_left, built.busy)

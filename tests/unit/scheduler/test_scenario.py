"""Each kind of change, on an instance small enough to check by hand; what it refuses, and what is compared."""

import json
from dataclasses import replace
from datetime import date, timedelta

import builders as b
import jsonschema
import pytest

from services.scheduler.domain.comparison import compare, cost_cents
from services.scheduler.domain.formats import documents
from services.scheduler.domain.problem import FormatError, LotUnit, SessionState, Size, Slot, Training, WeeklySlots
from services.scheduler.domain.scenario import (
    KINDS,
    InterpreterDays,
    InterpreterMore,
    LotChanged,
    OtherProgramme,
    RoomLess,
    RoomMore,
    SiteClosed,
    SizeChanged,
    TrainerAway,
    TrainerMore,
    cancelled,
    change_from_json,
    change_to_json,
    changed,
    changes_from_json,
)
from services.scheduler.domain.view import View
from services.scheduler.programmes import rule_book
from services.scheduler.solver import solve
from shared.errors import InvalidInputError

FAR = b.MONDAY + timedelta(days=400)
EXAMPLES = (
    RoomMore(like="room"),
    RoomLess(room="room"),
    TrainerMore(like="trainer"),
    TrainerAway(trainer="trainer", first=b.MONDAY, last=FAR),
    InterpreterMore(language="ar"),
    InterpreterDays(language="ar", days=(b.MONDAY,)),
    SiteClosed(site="bobigny", first=b.MONDAY, last=FAR),
    LotChanged(lot="civic", percent=-60),
    SizeChanged(training=Training.CIVIC, minimum=3, maximum=5),
    OtherProgramme(programme="cir-2025"),
)


def books(code):
    return rule_book(code).at("93", b.MONDAY)


def asked(problem, *changes):
    return changed(problem, changes, books)


def placed(problem):
    return len(solve(problem, work_limit=5).placements)


def twelve(**changes):
    """Twelve people who owe the same evening course, of whom one room and its trainer's evenings seat none."""
    values = {
        "rules": b.rules(language_size=Size(minimum=12, maximum=12)),
        "people": tuple(b.person(f"p{index}", availability=b.EVENINGS) for index in range(24)),
        "needs": tuple(b.need(f"p{index}") for index in range(24)),
        "trainers": (b.trainer("trainer", max_half_days_week=4), b.trainer("second", max_half_days_week=4)),
        "rooms": (b.room(seats=12),),
        "horizon": b.MONDAY + timedelta(days=11),
    }
    return b.problem(**(values | changes))


def one_arabic_group():
    """Two people who need Arabic in the room, and nobody who interprets."""
    people = tuple(b.person(f"p{index}", languages=("ar",), follows_french=False) for index in range(2))
    return b.civic_problem(2, ("S1",), people=people, rules=b.rules(civic_bundles=(("S1",), ("S2", "S3", "S4"))))


def test_one_more_room_seats_exactly_the_twelve_for_whom_it_lacked():
    of = twelve()

    assert placed(of) == 12
    assert placed(asked(of, RoomMore(like="room"))) == 24


def test_one_room_fewer_takes_its_group_away():
    assert placed(asked(twelve(), RoomMore(like="room"), RoomLess(room="room"))) == 12
    assert placed(asked(twelve(), RoomLess(room="room"))) == 0


def test_one_more_trainer_seats_the_twelve_for_whom_one_lacked():
    of = twelve(rooms=(b.room(), b.room("other")), trainers=(b.trainer(max_half_days_week=4),))

    assert placed(of) == 12
    assert placed(asked(of, TrainerMore(like="trainer"))) == 24


def test_a_trainer_who_is_away_teaches_nobody_meanwhile():
    of = b.course_problem(2)

    assert placed(asked(of, TrainerAway(trainer="trainer", first=b.MONDAY, last=FAR))) == 0
    assert placed(asked(of, TrainerAway(trainer="trainer", first=b.MONDAY, last=b.MONDAY + timedelta(days=13)))) == 2


def test_an_interpreter_more_lets_in_who_lacked_one():
    of = one_arabic_group()

    assert placed(of) == 0
    assert placed(asked(of, InterpreterMore(language="ar"))) == 2


def test_an_interpreter_day_serves_that_day_only():
    of = one_arabic_group()
    day = b.MONDAY + timedelta(days=21)

    plan = solve(asked(of, InterpreterDays(language="ar", days=(day,))), work_limit=5)

    assert [one.joins_on for one in plan.placements] == [day, day]


def test_a_site_that_closes_opens_no_group_meanwhile():
    of = b.civic_problem(2, ("S1", "S2"))

    assert placed(asked(of, SiteClosed(site="bobigny", first=b.MONDAY, last=FAR))) == 0


def test_a_lot_is_cut_and_raised_by_a_percentage_rounded_down():
    of = b.civic_problem(4, ("S1",), lots=(b.lot(ordered=7), b.lot("language")))

    assert asked(of, LotChanged(lot="civic", percent=-60)).lots[0].ordered == 2
    assert asked(of, LotChanged(lot="civic", percent=50)).lots[0].ordered == 10
    assert placed(asked(of, LotChanged(lot="civic", percent=-60))) == 2
    assert placed(asked(of, LotChanged(lot="civic", percent=-100))) == 0


def test_a_smaller_minimum_opens_a_group_of_two_where_three_were_needed():
    of = b.course_problem(2, rules=b.rules(language_size=Size(minimum=3, maximum=4)))

    assert placed(of) == 0
    assert placed(asked(of, SizeChanged(training=Training.LANGUAGE, minimum=2))) == 2


def test_another_rule_book_owes_what_it_owes_and_keeps_what_is_seated():
    of = b.problem(
        rules=b.rules(),
        people=(b.person("new", level="infra-A1"), b.person("reads_not", level="NLNS")),
        needs=(
            *(b.need("new", part) for part in ("S1", "S2", "S3", "S4")),
            b.need("new", "200"),
            b.need("reads_not", "100"),
        ),
    )

    after = asked(of, OtherProgramme(programme="cai-seed"))
    assert [one.part for one in after.needs if one.person == "new"] == ["S1", "S2", "200"]
    assert after.rules.civic_parts == ("S1", "S2")
    assert after.programme == "cai-seed"

    later = asked(of, OtherProgramme(programme="cir-2025"))
    assert [one.part for one in later.needs if one.person == "new"] == ["S1", "S2", "S3", "S4"], "the platform instead"
    assert [(one.part, one.minutes) for one in later.needs if one.person == "reads_not"] == [("600", 36_000)]

    back = asked(after, OtherProgramme(programme="cir-2019"))
    assert {one.part for one in back.needs if one.person == "new"} == {"S1", "S2", "S3", "S4", "200"}


def test_a_seat_told_before_outlives_another_rule_book():
    group = b.civic_session(
        ("S3", b.MONDAY + timedelta(days=14)), ("S4", b.MONDAY + timedelta(days=15)), state=SessionState.PUBLISHED
    )
    of = b.civic_problem(2, ("S3", "S4"), sessions=(group,), rules=b.rules(civic_size=Size(minimum=2, maximum=4)))
    seats = tuple(b.seat(one.id, group, told=True, pinned=True) for one in of.needs)

    after = asked(replace(of, placements=seats), OtherProgramme(programme="cai-seed"))

    assert after.placements == seats
    assert {one.part for one in after.needs} >= {"S3", "S4"}
    assert len(solve(after, work_limit=2).placements) >= 4


def test_published_groups_that_no_longer_hold_are_cancelled_and_begun_ones_stay():
    day = b.MONDAY + timedelta(days=14)
    coming = b.civic_session(("S1", day), state=SessionState.PUBLISHED)
    begun = b.civic_session(("S1", b.MONDAY), state=SessionState.STARTED)
    of = b.civic_problem(4, ("S1",), sessions=(coming, begun))
    seats = (
        *(b.seat(f"p{index}-S1", coming, told=True, pinned=True) for index in (0, 1)),
        *(b.seat(f"p{index}-S1", begun, told=True, pinned=True) for index in (2, 3)),
    )
    of = replace(of, placements=seats)

    after = asked(of, SiteClosed(site="bobigny", first=b.MONDAY, last=day))

    assert [one.id for one in after.sessions] == [begun.id]
    assert after.placements == seats[2:]
    assert cancelled(of, after) == (1, 2)
    with pytest.raises(InvalidInputError) as refused:
        asked(of, RoomLess(room="room"))
    assert [(one.field, one.rule) for one in refused.value.faults] == [("changes[0].room", "in_use")]


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        (RoomMore(like="none"), "like", "unknown"),
        (RoomLess(room="none"), "room", "unknown"),
        (TrainerMore(like="none"), "like", "unknown"),
        (TrainerAway(trainer="none", first=b.MONDAY, last=FAR), "trainer", "unknown"),
        (TrainerAway(trainer="trainer", first=FAR, last=b.MONDAY), "last", "order"),
        (TrainerAway(trainer="trainer", first=b.MONDAY, last=date.max), "last", "range"),
        (InterpreterMore(language="xx"), "language", "unknown"),
        (InterpreterDays(language="xx", days=(b.MONDAY,)), "language", "unknown"),
        (InterpreterDays(language="fr", days=()), "days", "required"),
        (InterpreterDays(language="fr", days=tuple(b.MONDAY + timedelta(n) for n in range(32))), "days", "range"),
        (InterpreterDays(language="fr", days=(date.max,)), "days", "range"),
        (SiteClosed(site="none", first=b.MONDAY, last=FAR), "site", "unknown"),
        (SiteClosed(site="bobigny", first=date.min, last=FAR), "first", "range"),
        (LotChanged(lot="none", percent=1), "lot", "unknown"),
        (SizeChanged(training=Training.CIVIC), "minimum", "required"),
        (SizeChanged(training=Training.CIVIC, minimum=30), "maximum", "order"),
        (OtherProgramme(programme="cir-1999"), "programme", "unknown"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_rule(change, field, rule):
    with pytest.raises(InvalidInputError) as refused:
        asked(b.course_problem(2), RoomMore(like="room"), change)

    assert [(one.field, one.rule) for one in refused.value.faults] == [(f"changes[1].{field}", rule)]


def test_none_and_too_many_changes_are_refused():
    for changes, rule in (((), "required"), ([RoomMore(like="room")] * 21, "too_many")):
        with pytest.raises(InvalidInputError) as refused:
            asked(b.course_problem(2), *changes)
        assert refused.value.faults[0].rule == rule


def test_each_kind_is_written_and_read_back_and_fits_the_schema():
    assert {type(one) for one in EXAMPLES} == set(KINDS.values())
    written = {"format": "parcours-changes/1", "changes": [change_to_json(one) for one in EXAMPLES]}

    jsonschema.validate(written, json.loads(documents()["changes.schema.json"]))

    assert changes_from_json(json.loads(json.dumps(written))) == EXAMPLES


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "an object is expected"),
        ({}, "kind: one of room_more"),
        ({"kind": "more_money"}, "kind: one of room_more"),
        ({"kind": ["room_more"]}, "kind: one of room_more"),
        ({"kind": "room_more"}, "like: this field is missing"),
        ({"kind": "room_more", "like": 3}, "like: a text is expected"),
        ({"kind": "room_more", "like": "r", "seats": 2}, "seats: no such field"),
        ({"kind": "lot_changed", "lot": "l", "percent": -101}, "percent: at least -100"),
        ({"kind": "lot_changed", "lot": "l", "percent": 10**9}, "percent: at most 1000"),
        ({"kind": "site_closed", "site": "s", "first": "tomorrow", "last": "2025-01-01"}, "first: a date like"),
    ],
)
def test_a_change_of_the_wrong_shape_is_named(data, said):
    with pytest.raises(FormatError, match=r"^change") as refused:
        change_from_json(data)
    assert said in str(refused.value)


def test_the_comparison_says_who_gains_and_hides_small_numbers():
    of = twelve()
    other = asked(of, RoomMore(like="room"))
    plans = solve(of, work_limit=5), solve(other, work_limit=5)

    found = compare((of, plans[0]), (other, plans[1]))

    assert (found["base"]["placed"], found["scenario"]["placed"]) == (12, 24)
    assert found["trainings"] == [
        {"training": "language", "level": "A1", "people": 24, "needs": [24, 24], "placed": [12, 24]}
    ]
    assert found["who"]["all"] == [{"group": "all", "people": 24, "gain": 12, "lose": 0}]
    unplaced = found["tiers"][0]["parts"][0]
    assert (unplaced["name"], unplaced["quantity"], unplaced["weight"]) == ("unplaced", [12, 0], [100, 100])
    assert found["cancelled"] == {"groups": 0, "people": 0}

    few = twelve(people=of.people[:22], needs=of.needs[:22], rules=b.rules(language_size=Size(minimum=5, maximum=12)))
    more = asked(few, RoomMore(like="room"))
    shown = compare((few, solve(few, work_limit=5)), (more, solve(more, work_limit=5)))
    assert shown["who"]["all"][0]["gain"] is None, "ten people gain: the number is not told"


def test_euros_are_what_the_orders_pay_each_lot_rounded_once():
    of = b.civic_problem(3, ("S1",), lots=(b.lot(unit_price_cents=6449), b.lot("language", unit_price_cents=741)))
    assert cost_cents(View(of, solve(of, work_limit=2))) == 3 * 6449

    course = b.course_problem(3, lots=of.lots)
    assert course.lots[1].unit is LotUnit.PERSON_MINUTES
    assert cost_cents(View(course, solve(course, work_limit=2))) == 3 * 24 * 741


def test_the_interpreter_days_are_mornings_and_afternoons():
    added = asked(one_arabic_group(), InterpreterDays(language="ar", days=(b.MONDAY,))).interpreters[-1]

    assert added.slots.allows(5, Slot.MORNING)
    assert not added.slots.allows(0, Slot.EVENING)
    assert isinstance(added.slots, WeeklySlots)
    assert b.MONDAY not in added.unavailable[0]

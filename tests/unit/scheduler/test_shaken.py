"""Which published groups no longer hold after a shock: of a cut order, those with the fewest people, counted by hand."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import builders as b
import pytest

from services.scheduler.domain.problem import DateRange, Problem, SessionState
from services.scheduler.domain.shaken import shaken

FIRST = b.MONDAY + timedelta(days=14)


def published(sizes: tuple[int, ...], ordered: int, *, started: int = 0, **changes: object) -> Problem:
    """Published civic groups of S1, one a week, of these sizes; the first `started` of them have begun."""
    names = [f"g{group}p{index}" for group, size in enumerate(sizes) for index in range(size)]
    sessions, seats = [], []
    for group, size in enumerate(sizes):
        state = SessionState.STARTED if group < started else SessionState.PUBLISHED
        session = b.civic_session(("S1", FIRST + timedelta(days=7 * group)), id=f"group{group}", state=state)
        sessions.append(session)
        seats += [b.seat(f"g{group}p{index}-S1", session, told=True, pinned=True) for index in range(size)]
    return b.problem(
        rules=b.rules(civic_bundles=(("S1",),), civic_size=b.Size(minimum=1, maximum=20)),
        people=tuple(b.person(name) for name in names),
        needs=tuple(b.need(name, "S1") for name in names),
        sessions=tuple(sessions),
        placements=tuple(seats),
        lots=(b.lot(ordered=ordered), b.lot("language")),
        **changes,
    )


def rules(of: Problem) -> dict[str, set[str]]:
    return {key: {one.rule for one in broken} for key, broken in shaken(of).items()}


def test_of_a_cut_order_the_group_with_the_fewest_people_goes_not_the_last_one() -> None:
    """16 person-days are ordered, 10 are left: 6 must go; the second group alone has 6 people, the last one 8."""
    assert rules(published((2, 6, 8), ordered=10)) == {"group1": {"lot"}}


def test_of_as_many_people_the_group_that_starts_last_goes() -> None:
    assert rules(published((4, 4, 4), ordered=8)) == {"group2": {"lot"}}


def test_a_group_that_has_begun_is_never_named_even_if_it_is_the_smallest() -> None:
    assert rules(published((1, 6, 8), ordered=14, started=1)) == {"group1": {"lot"}}


def test_a_group_that_cannot_stay_anyway_frees_what_it_had() -> None:
    closed = FIRST + timedelta(days=7)
    of = published((3, 4, 5), ordered=8, sites=(b.site(closures=(DateRange(first=closed, last=closed),)),))

    assert rules(of) == {"group1": {"calendar"}}, "its four person-days are what the cut wants"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("many", [5, 16])
def test_the_people_of_a_cut_order_are_the_fewest_that_any_choice_of_groups_moves(seed: int, many: int) -> None:
    draw = b.Random(seed)
    sizes = tuple(draw.randrange(1, 9) for _ in range(many))
    cut = 6 * sum(sizes) // 10

    gone = shaken(published(sizes, ordered=sum(sizes) - cut, horizon=b.MONDAY + timedelta(weeks=30)))

    moved = sum(sizes[int(key.removeprefix("group"))] for key in gone)
    sums = {0}
    for size in sizes:
        sums |= {one + size for one in sums}
    assert moved == min(one for one in sums if one >= cut), "counted by another method"
    assert many > 5 or moved == min(
        sum(some) for count in range(many + 1) for some in combinations(sizes, count) if sum(some) >= cut
    )


@pytest.mark.parametrize(
    ("lot", "broken"),
    [
        (b.lot(), False),
        (b.lot(period=DateRange(first=date(2025, 1, 1), last=FIRST - timedelta(days=1))), True),
        (b.lot(body="successor"), True),
    ],
)
def test_a_provider_that_is_changed_keeps_no_group_beyond_its_order(lot: object, *, broken: bool) -> None:
    of = replace(published((3,), ordered=100), lots=(lot, b.lot("language")))

    assert rules(of) == ({"group0": {"lot"}} if broken else {})


def test_a_room_that_became_too_small_holds_its_group_no_longer() -> None:
    assert rules(replace(published((5, 3), ordered=100), rooms=(b.room(seats=4),))) == {"group0": {"room"}}


def test_a_trainer_with_fewer_half_days_keeps_the_group_with_more_people_and_every_other_week() -> None:
    """Two groups in the first week, one in the second: two half-days a week leave room for one of the first two."""
    of = published((5, 3, 2), ordered=100)
    first, second, third = of.sessions
    day = FIRST + timedelta(days=1)
    moved = b.civic_session(("S1", day), id="group1", state=SessionState.PUBLISHED)
    seats = tuple(replace(one, joins_on=day) if one.session == "group1" else one for one in of.placements)
    of = replace(of, sessions=(first, moved, third), placements=seats)
    assert second.id == moved.id

    assert rules(replace(of, trainers=(b.trainer(max_half_days_week=4),))) == {}
    assert rules(replace(of, trainers=(b.trainer(max_half_days_week=2),))) == {"group1": {"trainer"}}
    assert set(rules(replace(of, trainers=(b.trainer(max_half_days_week=1),)))) == {"group0", "group1", "group2"}

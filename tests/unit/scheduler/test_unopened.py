"""What each group that did not open lacked: people, and where the others were; a room, a trainer, an interpreter."""

from dataclasses import replace

import builders as b
import pytest

from services.scheduler.domain.problem import Problem, Size
from services.scheduler.solver import solve
from services.scheduler.solver.unopened import NotOpened, not_opened

TWELVE = b.rules(language_size=Size(minimum=12, maximum=15))


def closed(of: Problem, rhythm: str = "matin") -> NotOpened:
    """Return the morning group that did not open at Bobigny."""
    found = {one.rhythm: one for one in not_opened(of, solve(of, work_limit=3))}
    return found[rhythm]


def with_people(of: Problem, *names: str, **changes: object) -> Problem:
    for name in names:
        of = b.change_person(of, name, **changes)
    return of


def test_a_group_one_short_names_those_nearby_who_come_in_the_evening_only() -> None:
    of = b.course_problem(13, rules=TWELVE)
    of = with_people(of, "p0", "p1", availability=b.EVENINGS)
    of = with_people(of, *(f"p{index}" for index in range(2, 13)), availability=b.MORNINGS)

    found = closed(of)

    assert (found.people, found.minimum) == (11, 12)
    assert "11 personnes sur les 12 nécessaires" in found.fr
    assert "2 de plus, à 12 minutes au plus, ne sont libres que le soir" in found.fr
    assert "11 of the 12 people that it takes" in found.en
    assert "2 more within 12 minutes are free only in the evening" in found.en
    assert "Bobigny" in found.fr
    assert "10 mars 2025" in found.fr


def test_those_who_live_too_far_are_counted_with_the_minutes_of_the_nearest() -> None:
    of = b.course_problem(13, rules=TWELVE)
    of = with_people(of, "p0", "p1", latitude=48.90 + 0.15)

    found = closed(of)

    assert "11 personnes sur les 12" in found.fr
    assert "2 de plus trop loin, au plus près" in found.fr
    assert "minutes pour une limite de 60" in found.fr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"trainers": (b.trainer(max_half_days_week=1),)},
            "le formateur trainer y dépasserait sa limite de 1 demi-journée par",
        ),
        ({"lots": (b.lot(), b.lot("language", ordered=1440))}, "heures-personnes à la commande du lot language"),
    ],
)
def test_what_else_the_group_lacks_is_named(changes: dict[str, object], words: str) -> None:
    found = closed(b.course_problem(3, **changes))

    assert found.fr.startswith("groupe de 100 heures")
    assert words in found.fr
    assert "rien ne lui manque" not in found.fr


def test_a_civic_group_without_a_free_interpreter_counts_who_would_come() -> None:
    of = b.civic_problem(2, ("S1", "S2"))
    of = with_people(of, "p0", languages=("ti",), follows_french=False)
    (found, *_) = not_opened(of, solve(of, work_limit=3))

    assert (found.people, found.minimum) == (1, 2)
    assert "1 autre viendrait, mais sans interprète libre" in found.fr


def test_a_group_that_nobody_could_follow_is_named_with_all_who_would_come() -> None:
    of = with_people(b.civic_problem(3, ("S1", "S2")), "p0", "p1", "p2", languages=("ti",), follows_french=False)
    (found, *_) = not_opened(of, solve(of, work_limit=3))

    assert (found.people, found.minimum) == (0, 2)
    assert "0 personnes sur les 2 nécessaires ; 3 autres viendraient, mais sans interprète libre" in found.fr


def test_a_site_without_any_room_is_said_to_have_none() -> None:
    of = b.civic_problem(3, ("S1", "S2"), rooms=())
    (found, *_) = not_opened(of, solve(of, work_limit=3))

    assert found.people == 3
    assert "aucune salle n’y est libre à ces heures" in found.fr


def test_a_plan_that_seats_everybody_has_no_group_left_to_open() -> None:
    of = b.course_problem(4)

    assert not_opened(of, solve(of, work_limit=3)) == []


def test_the_groups_nearest_to_opening_come_first() -> None:
    of = b.scarce_problem(11, 30)
    of = replace(of, rules=replace(of.rules, language_size=Size(minimum=9, maximum=9)))

    found = not_opened(of, solve(of, work_limit=3))

    short = [one.minimum - one.people for one in found]
    assert short == sorted(short)
    assert len(found) == len({(one.parts, one.site, one.rhythm) for one in found}), "one for each kind of group"

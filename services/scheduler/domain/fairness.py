"""
Who waits how long in a plan, by level, rhythm, place and language: aggregates only, no row of fewer than 11 people.

A group's share of needs placed and its median days from signature to the first session stand beside those of everybody.
Statistical secrecy: a cell below 11 is not shown, and neither is one that could be had by subtraction from the total.
"""

__all__ = ["DIMENSIONS", "HIDDEN_BELOW", "Cell", "fairness", "large_groups"]

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import Person, Problem, Slot
from services.scheduler.domain.view import View

HIDDEN_BELOW = 11  # INSEE's rule for tables on people, as DESIGN applies it to every small cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One group: people, needs, how many are placed, and the median days from signature to the first session placed."""

    group: str
    people: int
    needs: int
    placed: int
    median_wait_days: int | None


def fairness(problem: Problem, plan: Plan) -> dict[str, tuple[Cell, ...]]:
    """Return the groups of each dimension, `all` first; too small ones are left out, with what would reveal them."""
    view = View(problem, plan)
    owed: dict[str, int] = {}
    for need in problem.needs:
        owed[need.person] = owed.get(need.person, 0) + 1
    found: dict[str, tuple[Cell, ...]] = {"all": (_cell(view, "all", problem.people, owed),)}
    for name, group_of in DIMENSIONS.items():
        large = large_groups(problem.people, group_of)
        found[name] = tuple(_cell(view, key, people, owed) for key, people in large.items())
    return found


def large_groups(people: Iterable[Person], group_of: Callable[[Person], str]) -> dict[str, list[Person]]:
    """Return the groups that may be shown, by name: too small ones are left out, with what would reveal them."""
    groups: dict[str, list[Person]] = {}
    for person in people:
        groups.setdefault(group_of(person), []).append(person)
    large = {key: group for key, group in groups.items() if len(group) >= HIDDEN_BELOW}
    if len(groups) - len(large) == 1 and large:  # the only one left out is the total less the others
        del large[min(large, key=lambda key: len(large[key]))]
    return dict(sorted(large.items()))


def _cell(view: View, group: str, people: Sequence[Person], owed: Mapping[str, int]) -> Cell:
    waits = []
    placed = 0
    for person in people:
        seats = view.seats_of_person.get(person.id, [])
        placed += len(seats)
        if seats:
            waits.append((min(seat.placement.joins_on for seat in seats) - person.signed_on).days)
    return Cell(
        group=group,
        people=len(people),
        needs=sum(owed.get(person.id, 0) for person in people),
        placed=placed,
        median_wait_days=median_low(waits) if waits else None,
    )


def _rhythm(person: Person) -> str:
    """Say when somebody can come: by day in the week, only in the evening or on Saturday, or some half-days."""
    by_day = [weekday for weekday, slot in person.availability.half_days() if weekday < 5 and slot is not Slot.EVENING]
    if not by_day:
        return "evening_or_saturday"
    return "weekdays" if len(by_day) >= 8 else "some_half_days"


def _language(person: Person) -> str:
    return "fr" if person.follows_french else person.languages[0] if person.languages else "none"


DIMENSIONS: Mapping[str, Callable[[Person], str]] = {
    "level": lambda person: person.level,
    "rhythm": _rhythm,
    "place": lambda person: person.commune,
    "language": _language,
}

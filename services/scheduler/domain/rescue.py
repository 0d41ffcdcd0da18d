"""
A faster rhythm before an extension is needed: which published course would end before the contract's term. Pure.

A course is late when its forecast end, with what was missed before joining made up at the pace of the group, is after
the term. A way out is another group of the same course that is not late and that the desk's own rules accept; where
there is none, the group that fails the fewest of them is named, with these.
"""

__all__ = ["Closest", "WayOut", "closest", "ends_on", "ways_out"]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations

from services.scheduler.domain.desk import Guest, Opening, Shelf, Step, Unit, fits
from services.scheduler.domain.problem import Rules

MOST_ASKED = 40  # quicker groups asked what stands in the way, the first to end first
FREE = -1  # every half-day, as bits
NO_LIMIT = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """A group that would end before the term: the seat that may be taken there, and the day on which it ends."""

    step: Step
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Closest:
    """The group that comes closest, and the rules that keep the person out of it: fr and en are said of a group."""

    opening: Opening
    rules: tuple[str, ...]


def ends_on(opening: Opening, minutes: int, joins_on: date) -> date:
    """Return the forecast end of a course of so many minutes for somebody who joins on this day."""
    last = opening.session.meetings[-1].day
    missing = minutes - opening.minutes_from(joins_on.toordinal())
    if missing <= 0:
        return last
    weeks = len({meeting.day.isocalendar()[:2] for meeting in opening.session.meetings})
    pace = max(1, sum(opening.minutes) // weeks)
    return last + timedelta(weeks=-(-missing // pace))


def ways_out(guest: Guest, unit: Unit, shelf: Shelf, not_in: str) -> list[WayOut]:
    """Return the seats that end before the term, the first to end first; `not_in` is the session to get out of."""
    found = [
        WayOut(step=step, ends_on=ends_on(opening, unit.needs[0].minutes, step.joins_on))
        for opening in shelf.openings
        if opening.session.id != not_in and (step := fits(guest, unit, opening, shelf)) is not None and not step.late
    ]
    return sorted(found, key=lambda one: (one.ends_on, one.step.points, one.step.opening.session.id))


def closest(guest: Guest, unit: Unit, shelf: Shelf, not_in: str) -> Closest | None:
    """Return the group that would end before the term if the fewest rules were lifted; None: no group would."""
    term = guest.person.term_on
    quicker = [
        one
        for one in shelf.openings
        if one.session.id != not_in
        and one.session.training is unit.training
        and unit.parts[0] in one.session.parts
        and one.session.meetings[-1].day <= term
    ]
    quicker.sort(key=lambda one: (one.session.meetings[-1].day, one.session.id))
    for count in range(1, len(_LIFTED) + 1):
        for opening in quicker[:MOST_ASKED]:
            for rules in combinations(_LIFTED, count):
                lifted = guest, shelf
                for rule in rules:
                    lifted = _LIFTED[rule](*lifted, opening)
                step = fits(lifted[0], unit, opening, lifted[1])
                if step is not None and not step.late:
                    return Closest(opening=opening, rules=rules)
    return None


def _lift_size(guest: Guest, shelf: Shelf, opening: Opening) -> tuple[Guest, Shelf]:
    taken = {name: parts for name, parts in shelf.taken.items() if name != opening.session.id}
    return guest, _shelf(shelf, taken=taken)


def _lift_lot(guest: Guest, shelf: Shelf, opening: Opening) -> tuple[Guest, Shelf]:
    return guest, _shelf(shelf, left={**shelf.left, str(opening.session.lot): NO_LIMIT})


def _lift_notice(guest: Guest, shelf: Shelf, _: Opening) -> tuple[Guest, Shelf]:
    return replace(guest, first_day=shelf.problem.today.toordinal() + 1), shelf


def _lift_availability(guest: Guest, shelf: Shelf, _: Opening) -> tuple[Guest, Shelf]:
    return replace(guest, free=FREE), shelf


def _lift_entry(guest: Guest, shelf: Shelf, _: Opening) -> tuple[Guest, Shelf]:
    rules: Rules = replace(shelf.problem.rules, rolling_entry_weeks=520)
    return guest, _shelf(shelf, rules=rules)


def _lift_reach(guest: Guest, shelf: Shelf, _: Opening) -> tuple[Guest, Shelf]:
    return replace(guest, person=replace(guest.person, travel_limit_minutes=NO_LIMIT)), shelf


def _lift_childcare(guest: Guest, shelf: Shelf, _: Opening) -> tuple[Guest, Shelf]:
    return replace(guest, person=replace(guest.person, childcare=False)), shelf


def _lift_room(guest: Guest, shelf: Shelf, _: Opening) -> tuple[Guest, Shelf]:
    return replace(guest, person=replace(guest.person, step_free=False)), shelf


_LIFTED: Mapping[str, Callable[[Guest, Shelf, Opening], tuple[Guest, Shelf]]] = {
    "size": _lift_size,
    "availability": _lift_availability,
    "reach": _lift_reach,
    "notice": _lift_notice,
    "entry": _lift_entry,
    "lot": _lift_lot,
    "childcare": _lift_childcare,
    "room": _lift_room,
}


def _shelf(
    shelf: Shelf,
    *,
    taken: Mapping[str, Mapping[str, int]] | None = None,
    left: Mapping[str, int] | None = None,
    rules: Rules | None = None,
) -> Shelf:
    problem = shelf.problem if rules is None else replace(shelf.problem, rules=rules)
    openings: Sequence[Opening] = shelf.openings
    return Shelf(problem, openings, shelf.taken if taken is None else taken, shelf.left if left is None else left)

"""
Why a need has no seat, and the smallest change that would give it one.

For each unit without a seat every open group of its kind is asked what stands in the way, rule by rule, and every
group that could open for it is asked what it lacks (`ways`, `obstacles`). Each obstacle has a change that removes it
and a price; the cheapest set is the answer. The change is applied and the unit inserted again before it is stated, as
long as there is time; where there is none, the books of the plan vouch for it and the answer says so.
"""

from collections.abc import Callable, Iterator
from datetime import date
from random import Random
from time import monotonic

from services.scheduler.domain.changes import apply_changes
from services.scheduler.domain.plain import Said
from services.scheduler.domain.plan import Change, Unplaced
from services.scheduler.domain.problem import Placement, Problem, Session, Training
from services.scheduler.solver.candidates import Candidate, takers_of
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Facts, Unit, bits_of
from services.scheduler.solver.reasons.light import LIGHT, retold
from services.scheduler.solver.reasons.obstacles import Obstacle, Way
from services.scheduler.solver.reasons.ways import Ways, replace_unit
from services.scheduler.solver.reasons.words import kind_said, long_day
from services.scheduler.solver.search import Search

__all__ = ["Reasons"]

CONFIRM_NEEDS = 400  # problems with at most so many needs have several changes tried for each need, whatever the time
_NEAR_CANDIDATES = 15  # groups not open asked for one unit
_HURRIED_CANDIDATES = 4  # the same when time is over
_DEAR = 150  # above this price groups that the person could not join alone are asked as well
_TRIES = 6  # changes tried for one unit before it is stated without proof
_LARGE_TRIES = 2  # the same in a large problem
_ALL_LARGE_TRIES = 200  # changes tried in all in a large problem, so that a work limit bounds the time as well


class Reasons:
    """The reasons of one finished draft."""

    def __init__(
        self,
        draft: Draft,
        opened: list[Candidate],
        write: Callable[[Draft], tuple[tuple[Session, ...], tuple[Placement, ...]]],
    ) -> None:
        self.draft = draft
        self.facts = draft.facts
        self.problem = draft.facts.problem
        self.opened = opened
        self.write = write
        self.small = len(self.problem.needs) <= CONFIRM_NEEDS
        self.tried: dict[tuple[int, tuple[Change, ...]], bool] = {}

    def explain(self, until: float | None) -> tuple[Unplaced, ...]:
        """Return the reason of each need without a seat; after `until` (monotonic) fewer groups are asked."""
        draft = self.draft
        waiting = list(draft.placeable(draft.unplaced))
        if not waiting:
            return ()
        self.ways = Ways(draft, waiting)
        self.written = self.write(draft)
        answers: list[Unplaced] = []
        ways: dict[int, tuple[Way, str]] = {}
        for index in waiting:
            unit = draft.units[index]
            earlier = self._earlier(unit)
            if earlier is not None and earlier in ways:
                way, confirmed = ways[earlier]
                ways[index] = way, confirmed
                answers += _after(unit, draft.units[earlier], way, confirmed)
                continue
            way, confirmed = self._way(unit, until)
            ways[index] = way, confirmed
            answers += self._state(unit, way, confirmed)
        return tuple(answers)

    def _earlier(self, unit: Unit) -> int | None:
        """Return the unit of earlier civic days that has no seat either."""
        if unit.training is Training.LANGUAGE:
            return None
        for index in self.draft.of_person[unit.person]:
            other = self.draft.units[index]
            earlier = other.training is Training.CIVIC and other.ranks < unit.ranks
            if earlier and self.draft.where[index] < 0:
                return index
        return None

    def _way(self, unit: Unit, until: float | None) -> tuple[Way, str]:
        """Return the cheapest way that was seen to work, or the cheapest where none was tried or none worked."""
        hurried = until is not None and monotonic() > until
        ways = self.ways.near(unit, _HURRIED_CANDIDATES if hurried else _NEAR_CANDIDATES)
        if self.small and min(way.price for way in ways) > _DEAR:
            ways += self.ways.far(unit)
        ways.sort(key=lambda way: (way.price, way.shape.days[0], way.site))
        if hurried:
            return ways[0], "insertion"
        for way in ways[: _TRIES if self.small else _LARGE_TRIES]:
            works = self._works(unit, way) if way.changes else False
            if works is None:
                return ways[0], "insertion"
            if works:
                return way, "solve"
        if not self.small:
            return ways[0], "no"
        for way in self.ways.far(unit)[:_TRIES]:
            if way.changes and self._works(unit, way):
                return way, "solve"
        return ways[0], "no"

    def _works(self, unit: Unit, way: Way) -> bool | None:
        """Tell whether these changes give the unit a seat. None: too many were tried in this large problem."""
        key = unit.index, way.changes
        if key not in self.tried:
            if not self.small and len(self.tried) >= _ALL_LARGE_TRIES:
                return None
            self.tried[key] = self._tried(unit, way.changes)
        return self.tried[key]

    def _tried(self, wanted: Unit, changes: tuple[Change, ...]) -> bool:
        """Apply the changes, take the plan over, insert again: tell whether the unit gets a seat and the plan grows."""
        problem = apply_changes(self.problem, changes)
        draft = self._taken_over(problem, changes)
        kept = {group.session.id for group in draft.groups.values() if group.session is not None}
        proposed = [one.proposed for one in problem.allowances if one.proposed is not None and one.session not in kept]
        before = self._left(draft)
        for session in proposed:
            draft.adopt(session)
        if self._seats(draft, wanted, [], before, company=bool(proposed)):
            return True
        if not proposed:
            return False
        draft = self._taken_over(problem, changes)
        groups = [_candidate(draft, index, session) for index, session in enumerate(proposed)]
        return self._seats(draft, wanted, groups, before, company=True)

    def _taken_over(self, problem: Problem, changes: tuple[Change, ...]) -> Draft:
        """Return the draft again, on the books of a changed problem."""
        if all(change.kind in LIGHT for change in changes):
            return retold(self.draft, problem, changes)
        old, facts = self.draft, Facts(problem)
        draft = Draft(facts, [replace_unit(unit) for unit in old.units])
        sessions, placements = self.written
        groups = {session.id: draft.adopt(session) for session in sessions}
        unit_of = {need.id: unit for unit in draft.units for need in unit.needs}
        for placement in placements:
            unit = unit_of[placement.need]
            if draft.where[unit.index] < 0:
                joins_on = old.groups[old.where[unit.index]].units[unit.index]
                draft.seat(unit.index, groups[placement.session], joins_on)
        draft.fixed = old.fixed
        return draft

    def _seats(self, draft: Draft, wanted: Unit, groups: list[Candidate], before: int, *, company: bool) -> bool:
        """
        Insert the unit, then the others; tell whether it has a seat in the end, and more needs have one.

        Without `company` no group was added, so that a seat for the unit is enough.
        """
        search = Search(groups, draft.units, Random(1))  # noqa: S311 - a search, not a secret
        search.insert(draft, 1 << wanted.index)
        if draft.where[wanted.index] >= 0 and not company:
            return True
        search.insert(draft, draft.unplaced)
        search.complete(draft)
        return draft.where[wanted.index] >= 0 and self._left(draft) < before

    @staticmethod
    def _left(draft: Draft) -> int:
        return sum(len(draft.units[index].needs) for index in bits_of(draft.unplaced))

    def _state(self, unit: Unit, way: Way, confirmed: str) -> Iterator[Unplaced]:
        obstacles = sorted(way.obstacles, key=lambda obstacle: -obstacle.price)
        main = obstacles[0].rule if obstacles else "search"
        if not obstacles:
            obstacles = [Obstacle(main, Said("place à confirmer", "a seat may exist"), 0, None)]
        for need in unit.needs:
            none, closest = self._none(unit, need.deadline), self._closest(unit, way)
            yield Unplaced(
                need=need.id,
                code=f"no_{main}",
                rules=tuple(dict.fromkeys(obstacle.rule for obstacle in obstacles)),
                fr=f"{none.fr} ; {closest.fr} : " + " ; ".join(obstacle.says.fr for obstacle in obstacles),
                en=f"{none.en}; {closest.en}: " + "; ".join(obstacle.says.en for obstacle in obstacles),
                changes=way.changes,
                confirmed=confirmed if way.changes else "no",
            )

    def _none(self, unit: Unit, deadline: date) -> Said:
        person = self.problem.people[unit.person]
        what, day, limit = kind_said(unit, person), long_day(deadline), person.travel_limit_minutes
        if deadline > self.problem.horizon:
            day = long_day(self.problem.horizon)
            return Said(
                f"aucun {what.fr} avec une place à moins de {limit} minutes d’ici au {day.fr}",
                f"no {what.en} with a seat within {limit} minutes until {day.en}",
            )
        return Said(
            f"aucun {what.fr} avec une place à moins de {limit} minutes avant le {day.fr}, ni après",
            f"no {what.en} with a seat within {limit} minutes before {day.en}, nor later",
        )

    def _closest(self, unit: Unit, way: Way) -> Said:
        """Name the group that lacks the least."""
        if not way.shape.meetings:
            return Said("nulle part", "nowhere")
        day, site = long_day(way.shape.meetings[0].day), self.problem.sites[way.site].name
        minutes = self.facts.minutes[unit.person][way.site]
        return Said(
            f"au plus près, {site}, le {day.fr}, à {minutes} minutes",
            f"the closest is {site} on {day.en}, {minutes} minutes away",
        )


def _candidate(draft: Draft, index: int, session: Session) -> Candidate:
    """Return a proposed group as one that the search may open."""
    shape, site = draft.facts.shape_of(session), draft.facts.site_of[session.site]
    takers, entries = takers_of(draft.facts, draft.units, shape, site)
    return Candidate(
        index=index, shape=shape, site=site, rhythm=session.rhythm, takers=takers, entries=entries, proposed=session
    )


def _after(unit: Unit, earlier: Unit, way: Way, confirmed: str) -> Iterator[Unplaced]:
    before = "+".join(earlier.parts)
    rules = ("civic_order", *(obstacle.rule for obstacle in way.obstacles))
    for need in unit.needs:
        yield Unplaced(
            need=need.id,
            code="waits_for_earlier_day",
            rules=tuple(dict.fromkeys(rules)),
            fr=f"{need.part} vient après {before}, qui n’a pas de place",
            en=f"{need.part} comes after {before}, which has no seat",
            changes=way.changes,
            confirmed=confirmed if way.changes else "no",
        )

"""
The ways to a seat: open groups of the unit's kind, groups that could open for it, and, where none is near, any at all.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from services.scheduler.domain.plain import Said
from services.scheduler.domain.plan import Change
from services.scheduler.domain.problem import Session, Training, WeeklySlots, WeekParity
from services.scheduler.solver.candidates import Candidate, candidates
from services.scheduler.solver.draft import Draft, Group
from services.scheduler.solver.facts import Facts, Shape, Unit, bits_of
from services.scheduler.solver.reasons.obstacles import (
    PRICE_MISSING_PERSON,
    PRICE_SEAT,
    Obstacle,
    Obstacles,
    Way,
    lot_short,
)
from services.scheduler.solver.reasons.words import counted, group_said
from services.scheduler.solver.search import Search

__all__ = ["Ways", "replace_unit"]

_NEAR_GROUPS = 40  # open groups asked for one unit
_FAR_CANDIDATES = 120  # groups beyond what the person allows that are asked, spread over places and days
_NOWHERE = 10_000  # the price of what no change gives


class Ways:
    """The ways to a seat in one finished draft, for the units that have none."""

    def __init__(self, draft: Draft, waiting: list[int]) -> None:
        self.draft = draft
        self.facts = draft.facts
        self.problem = draft.facts.problem
        self.ask = Obstacles(draft)
        units = [draft.units[index] for index in waiting]
        self.candidates = candidates(self.facts, units, least=1)  # whatever their size
        self.ranked: dict[tuple[Training, tuple[str, ...]], list[Candidate]] = {}
        self.imagined: dict[tuple[tuple[str, ...], int], list[Candidate]] = {}
        self.known: dict[tuple[int, int], list[int]] = {}

    def near(self, unit: Unit, most: int) -> list[Way]:
        """Return the ways by open groups, and by at most so many that could open; far ones where there is none."""
        ways = list(self._open_ways(unit))
        ways += self._closed_ways(unit, most)
        return ways or self.far(unit)

    def far(self, unit: Unit) -> list[Way]:
        """Ask groups that the person could join only with rules lifted: more slots, a longer way, new staff."""
        found = sorted(
            self._imaginable(unit),
            key=lambda one: (self.facts.minutes[unit.person][one.site], one.shape.days[0], one.index),
        )
        # One start and one pattern at a time from each site, so that the list is short and varied.
        ways = []
        for candidate in found[:: max(1, len(found) // _FAR_CANDIDATES)]:
            way = self._ask_closed(unit, replace(candidate, takers=1 << unit.index, entries={}))
            if way is not None:
                ways.append(way)
        ways.sort(key=lambda way: (way.price, way.shape.days[0], way.site))
        return ways or [_nowhere(self.problem.horizon.toordinal(), unit)]

    def waiters(self, candidate: Candidate, room: int | None) -> list[int]:
        """Return the waiting units that could sit in a group, the heaviest first; no room: any would do."""
        draft, facts, shape = self.draft, self.facts, candidate.shape
        present = []
        for index in bits_of(candidate.takers & draft.unplaced):
            one = draft.units[index]
            joins_on = draft.entry_day(one, shape, candidate.entries)
            clash = draft.busy[one.person] & facts.unit_mask(one, shape, joins_on)
            if not clash and draft.in_order(one, shape) and (room is None or draft.room_suits(one, room)):
                present.append(index)
        present.sort(key=lambda index: (-draft.units[index].weight, index))
        return present

    def heard(self, present: list[int], shape: Shape, languages: dict[str, int]) -> list[int]:
        """Return the units that follow a civic group together, its free interpreters going to the first of them."""
        heard = dict(languages)
        for index in present:
            self._hear(self.draft.units[index], shape, heard)
        return [
            index
            for index in present
            if Search._heard(self.draft, self.draft.units[index], heard)  # noqa: SLF001 - one rule
        ]

    def _open_ways(self, unit: Unit) -> Iterator[Way]:
        """Ask the open groups of the unit's kind, the nearest first."""
        groups = [
            group
            for group in self.draft.groups.values()
            if group.shape.training is unit.training and set(unit.parts) <= set(group.shape.parts)
        ]
        groups.sort(key=lambda group: (self.facts.minutes[unit.person][group.site], group.shape.days[0], group.key))
        for group in groups[:_NEAR_GROUPS]:
            way = self._ask_open(unit, group)
            if way is not None:
                yield way

    def _ask_open(self, unit: Unit, group: Group) -> Way | None:
        draft, problem = self.draft, self.problem
        joins_on, obstacles = self.ask.individual(unit, group.shape, group.site, group.room, opened=True)
        if joins_on is None:
            return None
        if not draft.has_seat(unit, group):
            said = group_said(group.shape, self._site(group.site))
            change = Change(
                kind="extra_seats",
                subject=draft.session_of(group).id,
                amount=1,
                fr=f"une place de plus dans le {said.fr}",
                en=f"one more seat in the {said.en}",
            )
            full = Said(f"il est complet ({group.seats} places)", f"it is full ({group.seats} seats)")
            obstacles.append(Obstacle("size", full, PRICE_SEAT, change))
        if not draft.is_heard(unit, group):
            obstacle = self.ask.unheard(unit, group.shape, set(group.interpreters), kept=group.kept)
            if obstacle is not None:
                obstacles.append(obstacle)
        if group.lot is not None:
            lacking = self.facts.quantity(unit, group.shape, joins_on) - draft.lot_left[group.lot]
            if lacking > 0:
                obstacles.append(lot_short(problem.lots[group.lot], lacking))
        return Way(group.shape, group.site, tuple(obstacles))

    def _closed_ways(self, unit: Unit, most: int) -> list[Way]:
        """Ask the groups that could open for this unit, those with most people waiting first."""
        kind = (one for one in self._ranked(unit) if one.takers >> unit.index & 1)
        ways: list[Way] = []
        for candidate in islice(kind, 8 * most):
            way = self._ask_closed(unit, candidate)
            if way is not None:
                ways.append(way)
            if len(ways) >= most:
                break
        return ways

    def _ranked(self, unit: Unit) -> list[Candidate]:
        """Return the groups of the unit's kind, those with most people waiting first; ranked once for all units."""
        key = (unit.training, unit.parts)
        if key not in self.ranked:
            waiting = self.draft.unplaced
            kind = [
                one
                for one in self.candidates
                if one.shape.training is unit.training and set(unit.parts) <= set(one.shape.parts)
            ]
            kind.sort(key=lambda one: (-(one.takers & waiting).bit_count(), one.shape.days[0], one.index))
            self.ranked[key] = kind
        return self.ranked[key]

    def _ask_closed(self, unit: Unit, candidate: Candidate) -> Way | None:
        draft, problem = self.draft, self.problem
        shape, site = candidate.shape, candidate.site
        room = draft.room_for(shape, site)
        if room is None:
            return None
        joins_on, obstacles = self.ask.individual(unit, shape, site, room, opened=False)
        if joins_on is None:
            return None
        trainer, staff = self.ask.trainer(shape, site)
        if staff is not None:
            obstacles.append(staff)
        heard: dict[str, int] = {}
        if unit.training is Training.CIVIC:
            self._hear(unit, shape, heard)
            if not problem.people[unit.person].follows_french and not self._follows(unit, heard):
                obstacle = self.ask.unheard(unit, shape, set(), kept=False)
                if obstacle is not None:
                    obstacles.append(obstacle)
        people, quantity = self._gathered(unit, candidate, room, heard, joins_on)
        lot, order = self.ask.order(shape, site, quantity)
        if order is not None:
            obstacles.append(order)
        session = Session(
            id=draft.id_of(shape, site, room, candidate.rhythm),
            training=shape.training,
            parts=shape.parts,
            site=problem.sites[site].id,
            room=problem.rooms[room].id,
            trainer=trainer,
            lot=lot,
            rhythm=candidate.rhythm,
            meetings=shape.meetings,
        )
        minimum = self._minimum(session)
        if people < minimum:
            obstacles.append(self._too_few(session, shape, site, people, minimum))
        elif not obstacles or candidate.proposed is None:
            obstacles.append(self._proposal(session, shape, site))
        return Way(shape, site, tuple(obstacles))

    def _gathered(
        self, unit: Unit, candidate: Candidate, room: int, heard: dict[str, int], joins_on: int
    ) -> tuple[int, int]:
        """Return how many people the group would gather on its emptiest part, and what they consume of a lot."""
        draft, facts, rules = self.draft, self.facts, self.problem.rules
        shape = candidate.shape
        size = rules.civic_size if shape.training is Training.CIVIC else rules.language_size
        counts = dict.fromkeys(shape.parts, 0)
        seats = size.offered(self.problem.rooms[room].seats)
        quantity = 0
        for index in self._company(unit, candidate, room, heard):
            one = draft.units[index]
            if all(count >= seats for count in counts.values()):
                break
            if all(counts[part] < seats for part in one.parts):
                for part in one.parts:
                    counts[part] += 1
                entry = joins_on if index == unit.index else draft.entry_day(one, shape, candidate.entries)
                quantity += facts.quantity(one, shape, entry)
        return min(counts.values()), quantity

    def _minimum(self, session: Session) -> int:
        """Return the fewest people with whom a group that is not open may open."""
        rules = self.problem.rules
        size = rules.civic_size if session.training is Training.CIVIC else rules.language_size
        allowance = self.facts.allowances.get(session.id)
        return size.minimum if allowance is None else allowance.minimum or size.minimum

    def _too_few(self, session: Session, shape: Shape, site: int, people: int, minimum: int) -> Obstacle:
        least = max(1, people)
        said = group_said(shape, self._site(site))
        change = Change(
            kind="smaller_group",
            subject=session.id,
            amount=least,
            session=session,
            fr=f"ouvrir le {said.fr} avec {counted(least, 'personne', 'personnes')}",
            en=f"open the {said.en} with {counted(least, 'person', 'people')}",
        )
        words = Said(
            f"il ne réunirait que {counted(people, 'personne', 'personnes')} sur les {minimum} nécessaires",
            f"it would gather {people} of the {minimum} people that it takes",
        )
        return Obstacle("size", words, PRICE_MISSING_PERSON * (minimum - people), change)

    def _proposal(self, session: Session, shape: Shape, site: int) -> Obstacle:
        """Name the group that could open once the rest is granted; its size is right, so nothing else changes."""
        said = group_said(shape, self._site(site))
        change = Change(
            kind="smaller_group",
            subject=session.id,
            session=session,
            fr=f"ouvrir le {said.fr}",
            en=f"open the {said.en}",
        )
        return Obstacle("size", Said("il n’est pas ouvert", "it is not open"), PRICE_MISSING_PERSON, change)

    def _imaginable(self, unit: Unit) -> list[Candidate]:
        """Return every group of the unit's kind that the sites could hold, for somebody who is always free."""
        problem = self.problem
        person = problem.people[unit.person]
        key = (unit.parts, problem.rules.notice_days[person.channel])
        if key not in self.imagined:
            anybody = replace(
                person,
                availability=WeeklySlots((1 << 21) - 1),
                weeks=WeekParity.ALL,
                unavailable=(),
                travel_limit_minutes=10_000,
                step_free=False,
                childcare=False,
            )
            bare = replace(
                problem,
                people=(anybody,),
                needs=tuple(need for need in problem.needs if need.person == person.id),
                sessions=(),
                placements=(),
                waivers=(),
                allowances=(),
                travel_overrides=(),
            )
            self.imagined[key] = [
                one
                for one in candidates(Facts(bare), [replace_unit(unit, person=0)], least=1, staffed=False)
                if one.shape.training is unit.training and set(unit.parts) <= set(one.shape.parts)
            ]
        return self.imagined[key]

    def _company(self, unit: Unit, candidate: Candidate, room: int, heard: dict[str, int]) -> list[int]:
        """Return the waiting units that could sit in this group and follow it together with the unit, it first."""
        key = (candidate.index, room)
        if candidate.index >= len(self.candidates) or self.candidates[candidate.index] is not candidate:
            others = self.waiters(candidate, room)  # a group made up for this unit alone
        elif key in self.known:
            others = self.known[key]
        else:
            others = self.known[key] = self.waiters(candidate, room)
        if unit.training is Training.CIVIC:
            others = self.heard(others, candidate.shape, heard)
        return [unit.index, *(index for index in others if index != unit.index)]

    def _follows(self, unit: Unit, heard: dict[str, int]) -> bool:
        return not heard.keys().isdisjoint(self.problem.people[unit.person].languages)

    def _hear(self, unit: Unit, shape: Shape, heard: dict[str, int]) -> None:
        """Add a language for this unit if it lacks one, a place for it is left and an interpreter is free."""
        person = self.problem.people[unit.person]
        if person.follows_french or any(language in heard for language in person.languages):
            return
        if len(heard) < self.problem.rules.interpreted_languages_max:
            for language in person.languages:
                one = self.draft.interpreter_for(language, shape)
                if one is not None:
                    heard[language] = one
                    return

    def _site(self, site: int) -> str:
        return self.problem.sites[site].name


def replace_unit(unit: Unit, person: int | None = None) -> Unit:
    """Return a copy of the unit for another draft, or for facts in which its person has another index."""
    return Unit(
        index=unit.index,
        needs=unit.needs,
        person=unit.person if person is None else person,
        training=unit.training,
        parts=unit.parts,
        ranks=unit.ranks,
        weight=unit.weight,
    )


def _nowhere(horizon: int, unit: Unit) -> Way:
    """Say that the offer has no group of this kind at all."""
    label = "+".join(unit.parts)
    words = Said(
        f"aucun site n’a de salle libre pour {label} avant la fin de l’horizon",
        f"no site has a free room for {label} inside the horizon",
    )
    shape = Shape(
        training=unit.training,
        parts=unit.parts,
        meetings=(),
        mask=0,
        part_masks=(),
        part_days=(),
        days=(horizon,),
        weeks=(),
        minutes=0,
        pace=1,
    )
    return Way(shape, -1, (Obstacle("room", words, _NOWHERE, None),))

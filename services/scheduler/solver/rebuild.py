"""
Whole plans and large neighbourhoods from the stages: courses first, then the civic days around them.

A plan is built with margins that rise: first only groups that put people near their best conceivable seat, then those
that put them further from it. Courses count what they cost a person's civic days, by the relaxation's prices; civic
groups pay for their trainers by the same prices; and people for whom few groups are possible go first, so that their
groups are opened while there is company.
"""

from collections.abc import Callable
from random import Random

import numpy as np
from numpy.typing import NDArray

from services.scheduler.domain.problem import Training
from services.scheduler.solver.candidates import Candidate
from services.scheduler.solver.draft import Draft, Group
from services.scheduler.solver.exact import decide
from services.scheduler.solver.facts import Shape, Unit, bits_of
from services.scheduler.solver.opening import MARGINS, Opening
from services.scheduler.solver.prices import Ascent
from services.scheduler.solver.relaxation import Found
from services.scheduler.solver.search import Search
from services.scheduler.solver.stage import FAR, Clash, Stage

__all__ = ["Rebuild"]

Parts = tuple[str, ...]
_AWAITING = (40, 80, 160, 400)  # margins for the civic days of people whose course is placed
_CIVIC = (24, 32, 60, 120, 500, FAR)  # margins for everybody's civic days
_GUESTS = 10  # people without a seat who are asked along in a neighbourhood
_CALLED = 0.8  # share of neighbourhoods that call company together for somebody without a seat
_WITH_COURSES = 0.5  # share of neighbourhoods in which courses are decided too
_SCANNED = 40  # candidates of each kind in a neighbourhood, beyond everybody's nearest
_WORK = 1.5  # deterministic time of a neighbourhood, about seconds
_CLASH_MOST = 5000  # T3 points; beyond that a clash is as good as a ban
_NEAR_DAYS = 3  # groups that begin within so many days are neighbours in time
_SIZES = (2, 3, 3, 4, 6)  # groups decided together


class Rebuild:
    """Builds and rebuilds drafts of one problem."""

    def __init__(self, base: Draft, candidates: list[Candidate], search: Search, random: Random) -> None:
        self.facts = base.facts
        self.units = base.units
        self.search = search
        self.random = random
        kinds = {one.shape.parts for one in candidates if one.shape.training is Training.CIVIC}
        ranks = {unit.parts: unit.ranks for unit in base.units}
        self.clash: Clash | None = None
        self.hopeless: set[int] = set()  # units without any candidate
        self.civic = sorted((kind for kind in kinds if kind in ranks), key=lambda kind: (ranks[kind], kind))
        self.stages: dict[Parts, Stage] = {}
        for kind in ((), *self.civic):
            search.beat()
            self.stages[kind] = Stage(base.facts, base.units, candidates, kind)

    def learn(self, ascent: Ascent, found: Found) -> None:
        """Take over what the relaxation says: rents of trainers, and what courses cost the civic days."""
        relaxation, prices = ascent.relaxation, ascent.best
        rents = prices.week[relaxation.pool][:, relaxation.week] + prices.day[relaxation.pool]
        for stage in self.stages.values():
            stage.rents = rents
        if found.clash is None:
            return
        number = {unit.index: place for place, unit in enumerate(relaxation.course_units)}
        pairs = zip(relaxation.pair_unit.tolist(), relaxation.pair_kind.tolist(), found.clash.tolist(), strict=True)
        known = {(unit, kind): min(_CLASH_MOST, int(points)) for unit, kind, points in pairs if points > 0}

        def clash(unit: Unit, shape: Shape, joins_on: int) -> int:
            kind = relaxation.kinds.get((shape.mask, joins_on), -1)
            return known.get((number.get(unit.index, -1), kind), 0)

        self.clash = clash

    def build(self, draft: Draft, over: Callable[[], bool], tell: Callable[[Draft], None]) -> Draft:
        """Fill a draft from nothing."""
        self.search.insert(draft, draft.unplaced)
        self.stages[()].clash = self.clash
        draft = self._run((), draft, MARGINS, over, improve=8)
        self.stages[()].clash = None
        tell(draft)
        placed = {
            unit.person for unit in self.units if unit.training is Training.LANGUAGE and draft.where[unit.index] >= 0
        }
        for margin in _AWAITING:
            for kind in self.civic:
                draft = self._run(kind, draft, (margin,), over, improve=margin > 100, who=placed)
        tell(draft)
        for margin in _CIVIC:
            for kind in self.civic:
                draft = self._run(kind, draft, (margin,), over)
        draft.mend()
        self.search.insert(draft, draft.unplaced)
        draft.mend()
        return draft

    def sweep(self, draft: Draft, kind: Parts, over: Callable[[], bool]) -> Draft:
        """Improve one whole stage."""
        opening = Opening(self.stages[kind], draft.copy(), over)
        opening.improve(2)
        after = opening.finish()
        after.mend()
        self.search.insert(after, after.unplaced)
        after.mend()
        return after

    def kinds(self) -> list[Parts]:
        """Return the kinds of groups, later civic days first: they are the ones that are placed late."""
        return [*reversed(self.civic), ()]

    def step(self, draft: Draft, should_stop: Callable[[], bool], seconds: float | None) -> Draft:
        """Return the draft with a few related groups, and some people without a seat, decided anew; often the same."""
        random = self.random
        left = list(bits_of(draft.unplaced))
        call = self._company(draft, left) if left and random.random() < _CALLED else None
        if call is not None:
            people, seeker, wanted = call
        else:
            people, seeker, wanted = set(), -1, None
            people |= {self.units[unit].person for group in self._neighbourhood(draft) for unit in group.units}
            people |= {self.units[unit].person for unit in random.sample(left, min(len(left), _GUESTS))}
        courses = random.random() < _WITH_COURSES
        if wanted is not None and wanted.shape.training is Training.LANGUAGE:
            courses = True
        units = {
            unit
            for person in people
            for unit in draft.of_person.get(person, ())
            if not draft.fixed >> unit & 1
            and (courses or person == seeker or self.units[unit].training is Training.CIVIC)
        }
        if not units:
            return draft
        kinds = self.civic
        if any(self.units[unit].training is Training.LANGUAGE for unit in units):
            kinds = [*self.civic, ()]
        after = decide(
            [self.stages[kind] for kind in kinds],
            draft,
            units,
            candidates=_SCANNED,
            wanted=wanted,
            work=_WORK,
            seconds=seconds,
            should_stop=should_stop,
        )
        if after.unplaced:
            self.search.insert(after, after.unplaced)
            after.mend()
        return after

    def _run(
        self,
        kind: Parts,
        draft: Draft,
        margins: tuple[int, ...],
        over: Callable[[], bool],
        *,
        improve: int = 0,
        who: set[int] | None = None,
    ) -> Draft:
        stage = self.stages[kind]
        mask = self._waiting(stage, draft, who)
        if not mask.any() or not stage.candidates:
            return draft
        opening = Opening(stage.part(mask), draft, over)
        for margin in margins:
            opening.raise_to(margin)
            opening.drops()
        if improve:
            opening.improve(int(improve))
        return opening.finish()

    @staticmethod
    def _waiting(stage: Stage, draft: Draft, who: set[int] | None) -> NDArray[np.bool_]:
        """Return the units without a seat whose earlier civic days have one."""
        return np.array(
            [
                draft.where[unit.index] < 0
                and (who is None or unit.person in who)
                and all(not earlier or draft.where[other] >= 0 for other, earlier, _ in draft.kin[unit.index])
                for unit in stage.units
            ],
            dtype=bool,
        )

    def _company(self, draft: Draft, left: list[int]) -> tuple[set[int], int, Candidate] | None:
        """Return whom to ask so that somebody without a seat gets one, who that is, and the group they would sit in."""
        random = self.random
        possible = [unit for unit in left if unit not in self.hopeless]
        if not possible:
            return None
        index = random.choice(possible)
        unit = self.units[index]
        stage = self.stages.get(unit.parts if unit.training is Training.CIVIC else ())
        groups = [one for one in stage.candidates if one.takers >> index & 1] if stage is not None else []
        if stage is None or not groups:
            self.hopeless.add(index)
            return None
        group = random.choice(groups)
        others = list(bits_of(group.takers & ~draft.fixed & ~(1 << index)))
        random.shuffle(others)
        # First who has no seat either, then who comes late as it is.
        others.sort(key=lambda one: draft.where[one] >= 0 and -draft.first_day[one])
        people = {self.units[one].person for one in others[: 3 * stage.limits.minimum]}
        people |= {self.units[one].person for there in self._in_the_way(draft, unit, group) for one in there.units}
        return people | {unit.person}, unit.person, group

    def _in_the_way(self, draft: Draft, unit: Unit, wanted: Candidate) -> list[Group]:
        """Return few groups that hold the room, the trainer and the interpreter that a unit's group would need."""
        shape, facts = wanted.shape, self.facts
        found: list[Group] = []
        if draft.room_for(shape, wanted.site) is None:
            found += self._fewest(
                [
                    [group for group in draft.groups.values() if group.room == room and group.shape.mask & shape.mask]
                    for room in facts.rooms_at[wanted.site]
                ],
                draft.fixed,
            )
        if draft.trainer_for(shape, wanted.site) is None:
            trainers = facts.problem.trainers
            subject = "civic" if shape.training is Training.CIVIC else shape.parts[0]
            choices = []
            for trainer in facts.trainers_at[wanted.site]:
                if subject in trainers[trainer].qualifications and not shape.mask & ~facts.trainer_free[trainer]:
                    taught = [group for group in draft.groups.values() if group.trainer == trainer]
                    weeks = {week for week, _ in shape.weeks}
                    same_week = [group for group in taught if any(week in weeks for week, _ in group.shape.weeks)]
                    choices.append([group for group in taught if group.shape.mask & shape.mask] or same_week)
            found += self._fewest(choices, draft.fixed)
        if shape.training is Training.CIVIC and not facts.hears[unit.person]:
            languages = facts.problem.people[unit.person].languages
            if all(draft.interpreter_for(language, shape) is None for language in languages):
                choices = [
                    [
                        group
                        for group in draft.groups.values()
                        if one in group.interpreters.values() and group.shape.mask & shape.mask
                    ]
                    for language in languages
                    for one in facts.interpreters_of.get(language, ())
                ]
                found += self._fewest(choices, draft.fixed)
        return found

    def _fewest(self, choices: list[list[Group]], fixed: int) -> list[Group]:
        """Return mostly the choice with the fewest people, of those in which everybody may move."""
        movable = [
            groups
            for groups in choices
            if groups and not any(one.kept or any(fixed >> unit & 1 for unit in one.units) for one in groups)
        ]
        people = [sum(len(one.units) for one in groups) * (0.5 + self.random.random()) for groups in movable]
        return movable[people.index(min(people))] if movable else []

    def _neighbourhood(self, draft: Draft) -> list[Group]:
        """Choose the groups to decide anew: late ones, or related by an unplaced person, time, people or place."""
        random = self.random
        groups = [
            group
            for group in draft.groups.values()
            if not group.kept and not any(draft.fixed >> unit & 1 for unit in group.units)
        ]
        if not groups:
            return []
        civic = [group for group in groups if group.shape.training is Training.CIVIC] or groups
        size = random.choice(_SIZES)
        mode = random.choice(("late", "unplaced", "time", "people", "kind", "site"))
        left = list(bits_of(draft.unplaced))
        seed = random.choice(groups)
        if mode == "late":
            chosen = sorted(civic, key=lambda group: (-group.shape.days[0] * random.random() ** 0.5, group.key))
            chosen = chosen[: max(1, size // 2)]
            people = sum(1 << unit for group in chosen for unit in group.units)
            near = [one for one in civic if one not in chosen and one.shape.parts == chosen[0].shape.parts]
            near.sort(key=lambda group: (-(group.takers & people).bit_count() * random.random(), group.key))
            return chosen + near[:size]
        if mode == "unplaced" and left:
            unit = random.choice(left)
            near = [group for group in groups if group.takers >> unit & 1] or groups
        elif mode == "time":
            seed = random.choice(civic)
            near = [group for group in civic if abs(group.shape.days[0] - seed.shape.days[0]) <= _NEAR_DAYS]
        elif mode == "kind":
            near = [
                group
                for group in groups
                if group.shape.training is seed.shape.training
                and (group.shape.parts == seed.shape.parts or group.site == seed.site)
            ]
        elif mode == "site":
            near = [group for group in groups if group.site == seed.site]
        else:
            who = {self.units[unit].person for unit in seed.units}
            shared = {
                group.key: sum(self.units[unit].person in who for unit in group.units) * (0.5 + random.random())
                for group in groups
            }
            return sorted(groups, key=lambda group: (-shared[group.key], group.key))[:size]
        return random.sample(near, min(len(near), size))

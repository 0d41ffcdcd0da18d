"""
What to decide anew next: a few related groups, or whoever must be asked so that somebody without a seat gets one.

A call for company names one group that would seat somebody who has none. Its likely members are asked, and so is
everybody whose group holds the room, the trainer or the interpreter that it would need.
"""

from dataclasses import dataclass
from random import Random

from services.scheduler.domain.problem import Training
from services.scheduler.solver.candidates import Candidate
from services.scheduler.solver.draft import Draft, Group
from services.scheduler.solver.facts import Unit, bits_of
from services.scheduler.solver.stage import Stage

__all__ = ["Neighbourhoods", "Question"]

Parts = tuple[str, ...]
_GUESTS = 10  # people without a seat who are asked along in a neighbourhood
_CALLED = 0.8  # share of questions that call company together for somebody without a seat
_WITH_COURSES = 0.5  # share of questions in which courses are decided too
_NEAR_DAYS = 3  # groups that begin within so many days are neighbours in time
_SIZES = (2, 3, 3, 4, 6)  # groups decided together


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Units to seat anew, and a group that has to be looked at."""

    units: frozenset[int]
    wanted: Candidate | None = None


class Neighbourhoods:
    """Chooses questions about drafts of one problem."""

    def __init__(self, base: Draft, stages: dict[Parts, Stage], random: Random) -> None:
        self.facts = base.facts
        self.units = base.units
        self.stages = stages
        self.random = random
        self.hopeless: set[int] = set()  # units without any candidate

    def question(self, draft: Draft) -> Question:
        """Return the next question about a draft; it may be about nobody."""
        random = self.random
        left = list(bits_of(draft.unplaced))
        call = self._company(draft, left) if left and random.random() < _CALLED else None
        if call is not None:
            people, seeker, wanted = call
        else:
            people, seeker, wanted = set(), -1, None
            people |= {self.units[unit].person for group in self._related(draft) for unit in group.units}
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
        return Question(units=frozenset(units), wanted=wanted)

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

    def _related(self, draft: Draft) -> list[Group]:
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

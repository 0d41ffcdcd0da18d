"""
Whole plans and large neighbourhoods from the stages: courses first, then the civic days around them.

A plan is built with margins that rise: first only groups that put people near their best conceivable seat, then those
that put them further from it. Courses count what they cost a person's civic days, by the relaxation's prices; civic
groups pay for their trainers by the same prices; and people for whom few groups are possible go first, so that their
groups are opened while there is company.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from random import Random

import numpy as np
from numpy.typing import NDArray

from services.scheduler.domain.problem import Training
from services.scheduler.solver.candidates import Candidate
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.exact import decide
from services.scheduler.solver.facts import Shape, Unit
from services.scheduler.solver.graft import graft
from services.scheduler.solver.neighbourhoods import Neighbourhoods, Question
from services.scheduler.solver.opening import MARGINS, Opening
from services.scheduler.solver.prices import Ascent
from services.scheduler.solver.relaxation import Found
from services.scheduler.solver.search import Search
from services.scheduler.solver.stage import FAR, Clash, Stage

__all__ = ["Rebuild"]

Parts = tuple[str, ...]
_AWAITING = (40, 80, 160, 400)  # margins for the civic days of people whose course is placed
_CIVIC = (24, 32, 60, 120, 500, FAR)  # margins for everybody's civic days
_SCANNED = 40  # candidates of each kind in a neighbourhood, beyond everybody's nearest
_FEW_COURSES = 150  # people with a course, up to which all courses are decided at once
_MANY = 300  # candidates then
_COURSES_WORK = 4.0  # deterministic time then, about seconds
_WORK = 1.5  # deterministic time of a neighbourhood, about seconds
_BEAT = 0.5  # seconds after which somebody is told that the search goes on
_THREADS = 2  # CP-SAT runs beside Python; more threads than cores gain nothing
_CLASH_MOST = 5000  # T3 points; beyond that a clash is as good as a ban


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
        self.civic = sorted((kind for kind in kinds if kind in ranks), key=lambda kind: (ranks[kind], kind))
        self.stages: dict[Parts, Stage] = {}
        for kind in ((), *self.civic):
            search.beat()
            self.stages[kind] = Stage(base.facts, base.units, candidates, kind)
        self.neighbourhoods = Neighbourhoods(base, self.stages, random)

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

    def build(self, draft: Draft, over: Callable[[], bool]) -> Draft:
        """Fill a draft from nothing."""
        self.search.insert(draft, draft.unplaced)
        self.stages[()].clash = self.clash
        draft = self._run((), draft, MARGINS, over, improve=8)
        self.stages[()].clash = None
        placed = {
            unit.person for unit in self.units if unit.training is Training.LANGUAGE and draft.where[unit.index] >= 0
        }
        for margin in _AWAITING:
            for kind in self.civic:
                draft = self._run(kind, draft, (margin,), over, improve=margin > 100, who=placed)
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
        return [*self.civic, ()]

    def courses(self, draft: Draft, should_stop: Callable[[], bool], seconds: float | None) -> Draft:
        """Return the draft with all its courses decided at once, where they are few; the civic days stay."""
        stage = self.stages[()]
        units = {unit.index for unit in stage.units if not draft.fixed >> unit.index & 1}
        if not units or len(units) > _FEW_COURSES:
            return draft
        after, _ = decide(
            [stage],
            draft,
            units,
            candidates=_MANY,
            work=_COURSES_WORK,
            seconds=seconds,
            should_stop=should_stop,
        )
        if after.unplaced:
            self.search.insert(after, after.unplaced)
            after.mend()
        return after

    def steps(
        self, draft: Draft, count: int, should_stop: Callable[[], bool], left: Callable[[], float | None]
    ) -> Draft:
        """
        Return the best draft after so many questions, asked of this draft side by side in two threads.

        Each answer is a draft of its own; the best is kept, and the others are carried over as far as they still help.
        """
        questions = [self.neighbourhoods.question(draft) for _ in range(count)]
        questions = [one for one in questions if one.units]
        with ThreadPoolExecutor(_THREADS) as threads:
            asked = [threads.submit(self._answer, draft, one, should_stop, left) for one in questions]
            while wait(asked, timeout=_BEAT).not_done:
                self.search.beat()
            answers = [one.result() for one in asked]
        better = [pair for pair in zip(answers, questions, strict=True) if pair[0].value() <= draft.value()]
        better.sort(key=lambda pair: pair[0].value())
        best = draft
        for answer, question in better:
            after = answer if best is draft else graft(best, answer, question.units)
            if after.unplaced:
                self.search.insert(after, after.unplaced)
                after.mend()
            if after.value() <= best.value():
                best = after
        return best

    def _answer(
        self, draft: Draft, question: Question, should_stop: Callable[[], bool], left: Callable[[], float | None]
    ) -> Draft:
        kinds = self.civic
        if any(self.units[unit].training is Training.LANGUAGE for unit in question.units):
            kinds = [*self.civic, ()]
        after, _ = decide(
            [self.stages[kind] for kind in kinds],
            draft,
            set(question.units),
            candidates=_SCANNED,
            wanted=question.wanted,
            work=_WORK,
            seconds=left(),
            should_stop=should_stop,
        )
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

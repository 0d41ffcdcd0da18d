"""
A Problem in, a judged Plan out.

Told seats that still hold are kept where they are; the rest is built three ways, the best is improved until the limit,
and each need left out gets its reason. Under a work limit no clock is read, so the same problem gives the same plan.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version
from random import Random
from time import monotonic

from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import Plan, SolverFacts, Unplaced
from services.scheduler.domain.problem import Placement, Problem, Session, SessionState
from services.scheduler.domain.score import score
from services.scheduler.solver.beginning import (
    ContradictoryPinsError,
    pending,
    published,
    refuse_contradictory_pins,
    standing,
    trim,
    warm,
)
from services.scheduler.solver.bounds import Bounds
from services.scheduler.solver.candidates import candidates
from services.scheduler.solver.draft import Draft, Value
from services.scheduler.solver.facts import Facts
from services.scheduler.solver.reasons import Reasons
from services.scheduler.solver.rebuild import Rebuild
from services.scheduler.solver.search import Search
from shared.errors import ParcoursError

__all__ = ["DEFAULT_LIMIT", "ContradictoryPinsError", "Progress", "UnsoundPlanError", "solve"]

DEFAULT_LIMIT = timedelta(seconds=20)
PATIENCE = 400  # neighbourhoods without a better plan after which the search ends, once T1 and T2 are proven
_LONG_PATIENCE = 3000  # the same while they are not
_SMALL_PATIENCE = 150  # small steps that seat nobody more before something else is tried
_SMALL_LEAST = 1.5  # seconds that small steps may take in one round, however short the run
_SMALL_SHARE = 0.06  # share of the wall time that small steps take at most in one round
_LONGEST_PAUSE = 8  # rounds that a way of improving waits at most before it is tried again
_NEIGHBOURS = 12  # neighbourhoods of a round
_TOGETHER = 4  # neighbourhoods of one draft that are looked at side by side
_COMPANY_WORK = 2.0  # deterministic time for each kind of group, to prove who cannot all have company
_COMPANY_SHARE = 0.2  # share of the wall time for that, in all
_COURSES_SHARE = 0.2  # share of the time left in which all courses are decided at once, where they are few
_PRICE_STEPS = 60  # evaluations of the relaxation before building
_PRICE_AGAIN = 10  # evaluations in each round
_PRICE_SHARE = 0.25  # share of the wall time after which pricing stops
_BUILD_SHARE = 0.2  # share of the wall time after which a better plan, which takes as long again, is not begun
_BUILT_BY = 0.85  # share of the wall time by which it is finished


class UnsoundPlanError(ParcoursError):
    """Raised when the judge refuses what the search found: a defect of the program. Never retry; report it."""

    code = "unsound_plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is. `best` writes out the best plan so far, with provisional reasons."""

    phase: str
    milliseconds: int
    work: int
    needs: int
    placed: int
    values: Mapping[str, int]
    bounds: Mapping[str, int | None]
    best: Callable[[], Plan] | None = None


def solve(
    problem: Problem,
    *,
    limit: timedelta | None = None,
    work_limit: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    start: Plan | None = None,
    seed: int = 1,
) -> Plan:
    """
    Return the best plan found within the limit, judged; `start` is a plan to begin from.

    `limit` is wall time (20 seconds when neither limit is given); `work_limit` counts neighbourhoods and reads no
    clock. Raises ContradictoryPinsError, naming them, where pinned placements exclude each other, and UnsoundPlanError
    if the judge finds a broken rule, which is a defect and not a property of the input.
    """
    refuse_contradictory_pins(problem)
    if limit is None and work_limit is None:
        limit = DEFAULT_LIMIT
    run = _Run(problem, limit=limit, work_limit=work_limit, progress=progress, should_stop=should_stop, seed=seed)
    plan = run.solve(start)
    found = breaches(problem, plan)
    if found:
        raise UnsoundPlanError(f"{len(found)} rules are broken; the first: {found[0].rule}: {found[0].words}")
    return plan


class _Turns:
    """Which ways of improving a plan are due: one that finds nothing waits twice as many rounds each time."""

    def __init__(self) -> None:
        self.round = 0
        self.next: dict[object, int] = {}
        self.pause: dict[object, int] = {}

    def begin(self) -> None:
        """Begin a round."""
        self.round += 1

    def due(self, way: object) -> bool:
        """Tell whether it is this way's turn."""
        return self.next.get(way, 0) <= self.round

    def note(self, way: object, *, better: bool) -> None:
        """Note whether the way found a better plan."""
        self.pause[way] = 1 if better else min(_LONGEST_PAUSE, 2 * self.pause.get(way, 1))
        self.next[way] = self.round + self.pause[way]


class _Run:
    """One run of the engine: its limits, its incumbent, its bounds."""

    def __init__(
        self,
        problem: Problem,
        *,
        limit: timedelta | None,
        work_limit: int | None,
        progress: Callable[[Progress], None] | None,
        should_stop: Callable[[], bool] | None,
        seed: int,
    ) -> None:
        self.problem = problem
        self.begin = monotonic()
        self.seconds = None if limit is None else limit.total_seconds()
        self.work_limit = work_limit
        self.progress = progress
        self.should_stop = should_stop
        self.seed = seed
        self.work = 0
        self.status = "limit"
        self.standing, self.forced_moves = standing(problem)
        self.bounds: Bounds | None = None
        self.best: Draft | None = None
        self.quiet = 0
        self.phase = ""

    def solve(self, start: Plan | None) -> Plan:
        problem = self.problem
        if len(self.standing) == len(problem.needs):
            self.status = "unchanged"
            return self._scored(self.standing_plan(), dict.fromkeys((), (None, "nothing was left to place")))
        facts = Facts(problem)
        base = self._base(facts)
        units = base.units
        self._tell("candidates")
        groups = candidates(facts, units)
        search = Search(groups, units, Random(self.seed))  # noqa: S311 - a search, not a secret
        search.beat = lambda: self._tell(self.phase)
        self._tell("bounds")
        self.bounds = Bounds(base, groups, self.forced_moves)
        self.best = base
        rebuild = Rebuild(base, groups, search, search.random)
        if start is not None:
            self.best = warm(base, start)
            search.insert(self.best, self.best.unplaced)
            search.complete(self.best)
        self._price(rebuild)
        if start is None or self.best.unplaced:
            self._build(base, search, rebuild)
        self.best = search.settle(self.best)
        self._improve(search, rebuild)
        self.best = search.settle(self.best)
        trim(self.best)
        self._tell("reasons")
        hurry = None if self.seconds is None else self.begin + self.seconds + max(2.0, 0.1 * self.seconds)
        unplaced = Reasons(self.best, groups, self._sessions_and_seats).explain(hurry)
        return self._finish(self.best, unplaced)

    def standing_plan(self) -> Plan:
        """Return the plan that leaves everything as it was."""
        placed = {placement.need for placement in self.standing}
        return Plan(
            problem=self.problem.fingerprint,
            sessions=self.problem.sessions,
            placements=self.standing,
            unplaced=tuple(pending(need.id) for need in self.problem.needs if need.id not in placed),
            solver=self._facts(),
        )

    def _base(self, facts: Facts) -> Draft:
        draft = published(facts, self.standing)
        for unit in draft.units:
            if draft.where[unit.index] >= 0:
                draft.fixed |= 1 << unit.index
        return draft

    def _price(self, rebuild: Rebuild) -> None:
        """Find prices for what is shared, and hand them to whoever builds."""
        assert self.bounds is not None  # noqa: S101 - set before
        ascent = self.bounds.ascent
        if ascent is None:
            return
        self._tell("pricing")
        for _ in range(_PRICE_STEPS):
            ascent.step()
            self._tell("pricing")
            if self._stop() or self._late(_PRICE_SHARE):
                break
        rebuild.learn(ascent, ascent.relaxation.solve(ascent.best, steps=False))

    def _build(self, base: Draft, search: Search, rebuild: Rebuild) -> None:
        """Build from nothing, first quickly and then well; what is better than the plan at hand is kept."""
        assert self.best is not None  # noqa: S101 - set before
        # The first plan is always built: a limit too short for it would leave everybody without a seat.
        self._tell("building")
        quick = base.copy()
        search.build(quick, 0)
        self._keep(quick)
        self._tell("building")
        if self._stop() or self._late(_BUILD_SHARE):
            return

        def hurried() -> bool:
            self._tell("building")
            return self._stop() or self._late(_BUILT_BY)

        built = rebuild.build(base.copy(), hurried)
        search.complete(built)
        self._keep(built)
        self._tell("building")
        self._raise_bounds()

    def _improve(self, search: Search, rebuild: Rebuild) -> None:
        """Improve in rounds: small steps while they seat more people, whole stages, neighbourhoods, prices."""
        assert self.best is not None and self.bounds is not None  # noqa: S101, PT018 - set before
        if not self._over():
            seconds = None if self.seconds is None else _COMPANY_SHARE * self.seconds
            self.bounds.keep_company(_COMPANY_WORK, seconds)
            self._tell("improving")
            left = self._left()
            self._keep(rebuild.courses(self.best, self._stop, None if left is None else _COURSES_SHARE * left))
            self._tell("improving")
        turns = _Turns()
        while not self._over():
            turns.begin()
            if self._proven():
                self.status = "optimal"
                return
            before, worked = self.best.value(), self.work
            if turns.due("small"):
                self._small_steps(search)
                turns.note("small", better=self._won(before))
            for kind in rebuild.kinds():
                if self._over():
                    return
                if turns.due(kind):
                    swept = rebuild.sweep(self.best, kind, self._ticking())
                    standing = self.best.value()
                    self._keep(swept)
                    turns.note(kind, better=self._won(standing))
                    self._tell("improving")
            self._neighbours(rebuild)
            self._raise_bounds()
            small = self.work - worked
            self.quiet = 0 if self.best.value() < before else self.quiet + max(1, small)
            if self.quiet >= (PATIENCE if self._proven("T1", "T2") else _LONG_PATIENCE):
                self.status = "settled"
                return

    def _won(self, before: Value) -> bool:
        """Tell whether the plan got better where it counts: in the first tier until that is proven."""
        assert self.best is not None  # noqa: S101 - set before
        now = self.best.value()
        return now < before if self._proven("T1") else now[0] < before[0]

    def _small_steps(self, search: Search) -> None:
        """Close a few groups and fill again, as long as that pays."""
        assert self.best is not None  # noqa: S101 - set before
        current, quiet, begin = self.best, 0, monotonic()
        while quiet < _SMALL_PATIENCE and not self._over():
            if self.seconds is not None and monotonic() - begin > max(_SMALL_LEAST, _SMALL_SHARE * self.seconds):
                return
            self.work += 1
            trial = search.step(current, self.work)
            if trial.value() <= current.value():
                quiet = 0 if trial.value()[0] < current.value()[0] else quiet + 1
                current = trial
                self._keep(current)
            else:
                quiet += 1
            self._tell("improving")

    def _neighbours(self, rebuild: Rebuild) -> None:
        assert self.best is not None  # noqa: S101 - set before
        for _ in range(_NEIGHBOURS // _TOGETHER):
            if self._over():
                return
            self.work += _TOGETHER
            self._keep(rebuild.steps(self.best, _TOGETHER, self._stop, self._left))
            self._tell("improving")

    def _raise_bounds(self) -> None:
        assert self.best is not None and self.bounds is not None  # noqa: S101, PT018 - set before
        if self.bounds.ascent is not None:
            self.bounds.follow(self.best.value())
            for _ in range(_PRICE_AGAIN):
                self.bounds.ascent.step()
            self._tell("improving")

    def _ticking(self) -> Callable[[], bool]:
        """Return a question whether to stop that counts as one unit of work each time it is asked."""

        def over() -> bool:
            self.work += 1
            self._tell("improving")
            return self._over()

        return over

    def _keep(self, draft: Draft) -> None:
        assert self.best is not None  # noqa: S101 - set before
        if draft.value() <= self.best.value():
            self.best = draft

    def _stop(self) -> bool:
        if self.should_stop is not None and self.should_stop():
            self.status = "stopped"
            return True
        return False

    def _late(self, share: float) -> bool:
        """Tell whether this share of the wall time is used up; never under a work limit."""
        return self.seconds is not None and monotonic() - self.begin >= share * self.seconds

    def _left(self) -> float | None:
        """Return the seconds that are left; None under a work limit."""
        return None if self.seconds is None else self.begin + self.seconds - monotonic()

    def _over(self) -> bool:
        if self._stop():
            return True
        if self.work_limit is not None and self.work >= self.work_limit:
            return True
        return self.seconds is not None and monotonic() - self.begin >= self.seconds

    def _proven(self, *names: str) -> bool:
        assert self.best is not None and self.bounds is not None  # noqa: S101, PT018 - set before
        values = self._values(self.best.value())
        bounds = self.bounds.of(*self.best.value()[:2])
        return all(bounds[name][0] == values[name] for name in names or ("T1", "T2", "T3"))

    def _values(self, value: Value) -> dict[str, int]:
        moved = self.forced_moves * self.problem.weights.told_moved
        return {"T1": value[0], "T2": value[1] + moved, "T3": value[2]}

    def _tell(self, phase: str) -> None:
        self.phase = phase
        if self.progress is None:
            return
        best = self.best
        values: dict[str, int] = {}
        bounds: dict[str, int | None] = {}
        placed = len(self.standing)
        if best is not None and self.bounds is not None:
            values = self._values(best.value())
            bounds = {name: bound for name, (bound, _) in self.bounds.of(*best.value()[:2]).items()}
            placed = sum(len(unit.needs) for unit in best.units if best.where[unit.index] >= 0)
        elapsed = 0 if self.seconds is None else round(1000 * (monotonic() - self.begin))
        self.progress(
            Progress(
                phase=phase,
                milliseconds=elapsed,
                work=self.work,
                needs=len(self.problem.needs),
                placed=placed,
                values=values,
                bounds=bounds,
                best=None if best is None else (lambda: self._finish(best, ())),
            )
        )

    def _facts(self) -> SolverFacts:
        timed = self.seconds is not None
        return SolverFacts(
            name="parcours",
            version=f"1 (ortools {version('ortools')})",
            seed=self.seed,
            status=self.status,
            milliseconds=round(1000 * (monotonic() - self.begin)) if timed else 0,
            work=self.work,
        )

    def _sessions_and_seats(self, draft: Draft) -> tuple[tuple[Session, ...], tuple[Placement, ...]]:
        standing = {placement.need: placement for placement in self.standing}
        session_of = {key: draft.session_of(group) for key, group in draft.groups.items()}
        new = [session for session in session_of.values() if session.state is SessionState.NEW]
        new.sort(key=lambda session: (session.meetings[0].day, session.meetings[0].slot.rank, session.id))
        seats: dict[str, Placement] = {}
        for unit in draft.units:
            key = draft.where[unit.index]
            if key < 0:
                continue
            group = draft.groups[key]
            days = draft.facts.part_days(unit, group.shape, group.units[unit.index])
            for need, day in zip(unit.needs, days, strict=True):
                seats[need.id] = standing.get(need.id) or Placement(
                    need=need.id, session=session_of[key].id, joins_on=date.fromordinal(day)
                )
        placements = tuple(seats[need.id] for need in self.problem.needs if need.id in seats)
        return (*self.problem.sessions, *new), placements

    def _finish(self, draft: Draft, reasons: tuple[Unplaced, ...]) -> Plan:
        sessions, placements = self._sessions_and_seats(draft)
        placed = {placement.need for placement in placements}
        known = {one.need: one for one in reasons}
        unplaced = tuple(known.get(need.id, pending(need.id)) for need in self.problem.needs if need.id not in placed)
        plan = Plan(
            problem=self.problem.fingerprint,
            sessions=sessions,
            placements=placements,
            unplaced=unplaced,
            solver=self._facts(),
        )
        assert self.bounds is not None  # noqa: S101 - set before
        return self._scored(plan, self.bounds.of(*draft.value()[:2]))

    def _scored(self, plan: Plan, bounds: Mapping[str, tuple[int | None, str]]) -> Plan:
        if not bounds:
            # Nothing was left to decide: the plan is the only one that keeps every told seat.
            tiers = score(self.problem, plan)
            bounds = {tier.name: (tier.value, "every need already has its seat") for tier in tiers}
        tiers = score(self.problem, plan, bounds)
        return Plan(
            problem=plan.problem,
            sessions=plan.sessions,
            placements=plan.placements,
            unplaced=plan.unplaced,
            tiers=tiers,
            solver=plan.solver,
        )

"""
The value of capacity by re-solving: what one more group, room, trainer or interpreter would seat.

Where to look comes from the needs without a seat (each group that could open for them if it had a room, a trainer, an
interpreter or an order, with what it lacks), from the plan's reasons, and from its new groups that could begin earlier
with one resource more. Each candidate is applied to the problem, the plan is taken over and completed (people inserted,
groups opened, seats settled, groups begun earlier where that is better), and judged; the same completion without any
change is what it is compared with. `python -m services.scheduler.solver.advice PROBLEM PLAN ANSWER` is the door for a
process of its own; it prints one line of JSON for each candidate tried.
"""

__all__ = ["advise", "main"]

import argparse
import json
import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from time import monotonic

from services.scheduler.domain.advice import Advice, Advised, advice_to_json, ranked
from services.scheduler.domain.building import Books
from services.scheduler.domain.comparison import cost_cents
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import Plan, SolverFacts, Unplaced, plan_from_json
from services.scheduler.domain.problem import FormatError, Placement, Problem, SessionState, Training, problem_from_json
from services.scheduler.domain.scenario import InterpreterDays, OfferChange, changed
from services.scheduler.domain.view import View
from services.scheduler.programmes import rule_book
from services.scheduler.solver.beginning import trim, warm
from services.scheduler.solver.candidates import Candidate, candidates, takers_of
from services.scheduler.solver.draft import Draft, Group
from services.scheduler.solver.facts import Facts, Unit, bits_of
from services.scheduler.solver.lacking import Probe, by_promise, groups_lacking, lacking, standing_lacks, wider
from services.scheduler.solver.search import Search

EXIT_BAD_INPUT = 2
MOST_TRIED = 200  # candidates of one question
_MOST_ROUNDS = 6
_STARTS = 4  # earlier starts of a group asked what they lack
_SOLVER = SolverFacts(name="advice", version="1", seed=1, status="limit", milliseconds=0, work=0)

Progress = Callable[[int, int, int], None]  # tried, of how many, useful so far


def advise(
    problem: Problem,
    plan: Plan,
    *,
    top: int = 10,
    seconds: float = 60,
    progress: Progress | None = None,
) -> Advice:
    """
    Return the most valuable capacity, each item confirmed from this plan; after `seconds` no further one is tried.

    The plan must be one that the judge accepts; raises ValueError naming the first broken rule.
    """
    begin = monotonic()
    broken = breaches(problem, plan)
    if broken:
        raise ValueError(f"{broken[0].rule}: {broken[0].words}")
    advisor = _Advisor(problem, plan)
    probes = list(advisor.probes())[:MOST_TRIED]
    found: list[Advised] = []
    tried = 0
    for probe in probes:
        if tried and monotonic() - begin >= seconds:
            break
        tried += 1
        item = advisor.confirmed(probe)
        if item is not None:
            found.append(item)
        if progress is not None:
            progress(tried, len(probes), len(ranked(found, MOST_TRIED)))
    return Advice(
        problem=problem.fingerprint,
        items=ranked(found, top),
        tried=tried,
        candidates=len(probes),
        waiting=len(plan.unplaced),
        control=len(advisor.control.placements) - len(plan.placements),
        counted_to=problem.horizon,
    )


class _Advisor:
    """One question about one plan: the plan completed without any change, and what is known of its groups."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        self.plan = plan
        self.starts: dict[tuple[str, tuple[int, ...]], list[Candidate]] = {}
        self.control, self.draft = self._completed(problem, plan, None)
        for _ in range(_MOST_ROUNDS):  # until completing changes nothing: what is left to gain is the capacity's
            again, self.draft = self._completed(problem, self.control, None)
            settled, self.control = again == self.control, again
            if settled:
                break
        self.before = View(problem, self.control)

    def probes(self) -> Iterator[Probe]:
        """Yield the candidates: those that may seat somebody, then those that may save days."""
        groups = sorted(groups_lacking(self.draft), key=by_promise) if self.draft.unplaced else []
        standing = sorted(standing_lacks(self.problem, self.draft, self.plan, groups), key=by_promise)
        earlier = sorted(self._earlier(), key=by_promise)
        seen: set[tuple[str, tuple[OfferChange, ...]]] = set()
        for one in (*sorted((*groups, *standing), key=by_promise), *earlier):
            key = (one.kind, one.changes)
            if key not in seen or one.kind == "group":
                seen.add(key)
                yield one

    def confirmed(self, probe: Probe) -> Advised | None:
        """Return what a candidate gives, once the judge has accepted the plan with it; None: nothing sound."""
        other = changed(self.problem, probe.changes, _books(self.problem))
        plan, _ = self._completed(other, self.control, probe)
        if breaches(other, plan):
            return None
        before, after = self.before, View(other, plan)
        place = None if probe.site is None else self.problem.sites[probe.site]
        group = None
        if probe.shape is not None and place is not None:
            opened = [one for one in after.new_sessions if one.id not in before.sessions and one.site == place.id]
            group = next((one for one in opened if one.meetings == probe.shape.meetings), None)
            if group is None:
                return None
        gained = [
            len(after.seats_of_person.get(one.id, ())) - len(before.seats_of_person.get(one.id, ()))
            for one in self.problem.people
        ]
        seats = after.seats_of_session[group.id] if group else ()
        levels = Counter(seat.person.level for seat in seats if seat.need.training is Training.LANGUAGE)
        return Advised(
            kind=probe.kind,
            changes=probe.changes,
            site=place.id if place else None,
            site_name=place.name if place else None,
            training=probe.shape.training.value if probe.shape else None,
            part="+".join(probe.shape.parts) if probe.shape else None,
            rhythm=probe.rhythm,
            month=f"{probe.shape.meetings[0].day:%Y-%m}" if probe.shape else None,
            levels=tuple(level for level, _ in sorted(levels.items(), key=lambda one: (-one[1], one[0]))[:2]),
            people=sum(1 for one in gained if one > 0) - sum(1 for one in gained if one < 0),
            needs=len(plan.placements) - len(self.control.placements),
            days=_waiting(before) - _waiting(after),
            cents=cost_cents(after) - cost_cents(before),
            groups=len(after.new_sessions) - len(before.new_sessions),
        )

    def _completed(self, problem: Problem, start: Plan, probe: Probe | None) -> tuple[Plan, Draft]:
        """Return the plan taken over into this problem and completed: who waits, and groups that can begin earlier."""
        facts = Facts(problem)
        kept = set(problem.placements) & set(start.placements)
        draft = _taken_over(facts, start, kept)
        waiting = [draft.units[index] for index in bits_of(draft.unplaced)]
        search = Search(_openable(facts, waiting, probe), draft.units, Random(1))  # noqa: S311 - a search, not a secret
        search.insert(draft, draft.unplaced)
        search.complete(draft)
        draft = search.settle(draft)
        if probe is None or probe.kind != "group":
            draft = self._begun_earlier(draft)
        trim(draft)
        return _written(problem, draft, kept), draft

    def _begun_earlier(self, draft: Draft) -> Draft:
        """Return the draft with each new group at its earliest start that keeps all its people and is better."""
        for key in [key for key, group in draft.groups.items() if not group.kept]:
            for candidate in self._earlier_starts(draft, draft.groups[key]):
                trial = _restarted(draft, key, candidate)
                if trial is not None and trial.value() < draft.value():
                    draft = trial
                    break
        return draft

    def _earlier_starts(self, draft: Draft, group: Group) -> list[Candidate]:
        """Return the same group at earlier starts, the earliest first, where all its people could come."""
        members = tuple(sorted(group.units))
        key = (draft.session_of(group).id, members)
        if key not in self.starts:
            units = [draft.units[index] for index in members]
            alike = [
                one
                for one in candidates(draft.facts, units, least=len(units), staffed=False)
                if (one.site, one.rhythm, one.shape.parts) == (group.site, group.rhythm, group.shape.parts)
                and one.shape.days[0] < group.shape.days[0]
            ]
            self.starts[key] = sorted(alike, key=lambda one: (one.shape.days[0], one.index))
        return self.starts[key]

    def _earlier(self) -> Iterator[Probe]:
        """Yield the single resources for want of which a new group does not begin earlier; the promise is in days."""
        promise: Counter[tuple[str, OfferChange, int | None]] = Counter()
        for key, group in self.draft.groups.items():
            if group.kept:
                continue
            for candidate in self._earlier_starts(self.draft, group)[:_STARTS]:
                trial = self.draft.copy()
                trial.close(trial.groups[key])
                probe = lacking(trial, candidate, least=len(group.units))
                if probe is None or len(probe.changes) != 1:
                    continue
                days = len(group.units) * (group.shape.days[0] - candidate.shape.days[0])
                (change,) = probe.changes
                if isinstance(change, InterpreterDays):
                    yield replace(probe, kind="interpreter", promise=days)
                kind, standing = wider(change)
                promise[kind, standing, group.site if kind == "room" else None] += days
                break
        for (kind, change, site), days in promise.items():
            yield Probe(kind=kind, changes=(change,), promise=days, site=site)


def _taken_over(facts: Facts, start: Plan, kept: Iterable[Placement]) -> Draft:
    """Return the plan as a draft of this problem; what was told before keeps its seat."""
    problem, told = facts.problem, set(kept)
    base = Draft(facts, facts.units(one.need for one in told))
    groups = {session.id: base.adopt(session) for session in problem.sessions}
    unit_of = {need.id: unit.index for unit in base.units for need in unit.needs}
    for one in problem.placements:
        if one in told:
            base.seat(unit_of[one.need], groups[one.session], one.joins_on.toordinal())
            base.fixed |= 1 << unit_of[one.need]
    in_time = tuple(sorted(start.placements, key=lambda one: (one.joins_on, one.need)))
    return warm(base, replace(start, placements=in_time))


def _restarted(draft: Draft, key: int, candidate: Candidate) -> Draft | None:
    """Return the draft with this group at another start, all its people in it; None: something is taken."""
    trial = draft.copy()
    group = trial.groups[key]
    members = sorted(group.units, key=lambda index: (trial.units[index].ranks, index))
    trial.close(group)
    shape, site = candidate.shape, candidate.site
    room, trainer, lot = trial.room_for(shape, site), trial.trainer_for(shape, site), trial.lot_for(shape, site, 1)
    if room is None or trainer is None or lot is None:
        return None
    languages: dict[str, int] = {}
    for language in group.interpreters:
        interpreter = trial.interpreter_for(language, shape)
        if interpreter is None:
            return None
        languages[language] = interpreter
    moved = trial.open(candidate, room, trainer, lot, languages)
    for index in members:
        joins_on = trial.joins(index, moved)
        if joins_on is None:
            return None
        trial.seat(index, moved, joins_on)
    return trial


def _waiting(view: View) -> int:
    """Return the days of all needs from signature to their first meeting, to the horizon where there is none."""
    begins = {seat.need.id: seat.placement.joins_on for seat in view.seats}
    horizon = view.problem.horizon
    return sum((begins.get(need.id, horizon) - view.people[need.person].signed_on).days for need in view.problem.needs)


def _openable(facts: Facts, waiting: list[Unit], probe: Probe | None) -> list[Candidate]:
    """Return the groups that may open: the one that a candidate is about, else all for those who wait."""
    if probe is None or probe.kind != "group" or probe.shape is None or probe.site is None:
        return candidates(facts, waiting)
    shape = facts.shape(probe.shape.training, probe.shape.parts, probe.shape.meetings)
    takers, entries = takers_of(facts, waiting, shape, probe.site)
    return [Candidate(index=0, shape=shape, site=probe.site, rhythm=probe.rhythm, takers=takers, entries=entries)]


def _written(problem: Problem, draft: Draft, kept: Iterable[Placement]) -> Plan:
    """Return the draft as a plan; reasons are not asked for."""
    known = {one.need: one for one in kept}
    sessions = {key: draft.session_of(group) for key, group in draft.groups.items()}
    new = sorted(
        (one for one in sessions.values() if one.state is SessionState.NEW),
        key=lambda one: (one.meetings[0].day, one.meetings[0].slot.rank, one.id),
    )
    seats: dict[str, Placement] = {}
    for unit in draft.units:
        key = draft.where[unit.index]
        if key >= 0:
            group = draft.groups[key]
            days = draft.facts.part_days(unit, group.shape, group.units[unit.index])
            for need, day in zip(unit.needs, days, strict=True):
                placed = Placement(need=need.id, session=sessions[key].id, joins_on=date.fromordinal(day))
                seats[need.id] = known.get(need.id, placed)
    return Plan(
        problem=problem.fingerprint,
        sessions=(*problem.sessions, *new),
        placements=tuple(seats[need.id] for need in problem.needs if need.id in seats),
        unplaced=tuple(
            Unplaced(need=need.id, code="waits", rules=(), fr="attend", en="waits")
            for need in problem.needs
            if need.id not in seats
        ),
        solver=_SOLVER,
    )


def _books(problem: Problem) -> Books:
    return lambda code: rule_book(code).at(problem.territory, problem.publish_on)


def main(arguments: list[str] | None = None) -> int:
    """Answer one question; 0: the answer is written, 2: the files cannot be read or the plan is not sound."""
    parser = argparse.ArgumentParser(prog="python -m services.scheduler.solver.advice")
    parser.add_argument("problem", type=Path)
    parser.add_argument("plan", type=Path)
    parser.add_argument("answer", type=Path)
    parser.add_argument("--top", type=int, default=10)
    parser.add_argument("--time-limit", type=float, default=60, help="seconds after which nothing more is tried")
    parser.add_argument("--memory-mb", type=int, default=None, help="most address space, MB")
    asked = parser.parse_args(arguments)
    if asked.memory_mb:
        most = asked.memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    def tell(tried: int, of: int, useful: int) -> None:
        sys.stdout.write(json.dumps({"phase": "advising", "tried": tried, "of": of, "useful": useful}) + "\n")
        sys.stdout.flush()

    try:
        problem = problem_from_json(json.loads(asked.problem.read_text(encoding="utf-8")))
        plan = plan_from_json(json.loads(asked.plan.read_text(encoding="utf-8")))
        found = advise(problem, plan, top=asked.top, seconds=asked.time_limit, progress=tell)
    except (OSError, ValueError, FormatError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_INPUT
    asked.answer.write_text(json.dumps(advice_to_json(found), ensure_ascii=False), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

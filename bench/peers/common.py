"""What the peers share: reading a problem, and writing a plan from books that were kept exactly."""

import argparse
import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from services.scheduler.domain.plan import Plan, SolverFacts, Unplaced, plan_to_json
from services.scheduler.domain.problem import Placement, Problem, SessionState, problem_from_json
from services.scheduler.domain.score import score
from services.scheduler.solver.beginning import published
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Facts


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("problem", type=Path)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--limit", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args()


def read(path: Path) -> Problem:
    return problem_from_json(json.loads(path.read_text(encoding="utf-8")))


def base_of(problem: Problem) -> Draft:
    """What stands, with exact books: published groups and the seats of those who were told."""
    draft = published(Facts(problem), problem.placements)
    for unit in draft.units:
        if draft.where[unit.index] >= 0:
            draft.fixed |= 1 << unit.index
    return draft


def plan_of(problem: Problem, draft: Draft, name: str) -> Plan:
    session_of = {key: draft.session_of(group) for key, group in draft.groups.items()}
    new = [one for one in session_of.values() if one.state is SessionState.NEW]
    placements = list(problem.placements)
    for unit in draft.units:
        key = draft.where[unit.index]
        if key >= 0 and not draft.fixed >> unit.index & 1:
            group = draft.groups[key]
            days = draft.facts.part_days(unit, group.shape, group.units[unit.index])
            placements += [
                Placement(need=need.id, session=session_of[key].id, joins_on=date.fromordinal(day))
                for need, day in zip(unit.needs, days, strict=True)
            ]
    placed = {one.need for one in placements}
    return Plan(
        problem=problem.fingerprint,
        sessions=(*problem.sessions, *new),
        placements=tuple(placements),
        unplaced=tuple(
            Unplaced(need=need.id, code="not_explained", rules=(), fr="", en="")
            for need in problem.needs
            if need.id not in placed
        ),
        solver=SolverFacts(name=name, version="1", seed=1, status="limit", milliseconds=0, work=0),
    )


def write(path: Path, problem: Problem, draft: Draft, name: str) -> None:
    plan = plan_of(problem, draft, name)
    plan = replace(plan, tiers=score(problem, plan, {}))
    path.write_text(json.dumps(plan_to_json(plan)), encoding="utf-8")


def languages_for(draft, shape, people):
    """Interpreters by hand: the languages most people lack, as far as somebody is free."""
    facts = draft.facts
    counts: dict[str, int] = {}
    for person in people:
        if not facts.hears[person]:
            for language in facts.problem.people[person].languages:
                counts[language] = counts.get(language, 0) + 1
    chosen = {}
    for language in sorted(counts, key=lambda one: (-counts[one], one)):
        if len(chosen) < facts.problem.rules.interpreted_languages_max:
            who = draft.interpreter_for(language, shape)
            if who is not None:
                chosen[language] = who
    return chosen


def open_and_seat(draft, candidate, people, least):
    """Open a group by hand for the first people in the row who may sit in it; None when too few can."""
    shape = candidate.shape
    room, trainer = draft.room_for(shape, candidate.site), draft.trainer_for(shape, candidate.site)
    lot = draft.lot_for(shape, candidate.site, 1)
    if room is None or trainer is None or lot is None:
        return None
    able = [unit for unit in people if candidate.takers >> unit.index & 1 and draft.in_order(unit, shape)]
    spoken = languages_for(draft, shape, [unit.person for unit in able]) if shape.training.value == "civic" else {}
    return _seated(draft, draft.open(candidate, room, trainer, lot, spoken), able, least)


def open_named(draft, candidate, people, trainer, interpreters):
    """Open a group with this trainer and these interpreters, those of them who can, and seat these people."""
    shape = candidate.shape
    problem, lot = draft.facts.problem, draft.lot_for(shape, candidate.site, 1)

    def left_out(room):
        suited = sum(draft.room_suits(unit, room) for unit in people)
        return len(people) - min(suited, problem.rooms[room].seats), problem.rooms[room].seats, room

    room = min(
        (one for one in draft.facts.rooms_at[candidate.site] if not draft.room_busy[one] & shape.mask),
        key=left_out,
        default=None,
    )
    if room is None or lot is None or trainer not in draft.trainers_for(shape, candidate.site):
        return None
    spoken = {}
    for one in interpreters:
        language = problem.interpreters[one].language
        if (
            draft.facts.interpreter_free[one] & shape.mask == shape.mask
            and not draft.interpreter_busy[one] & shape.mask
        ):
            spoken[language] = one
    return _seated(draft, draft.open(candidate, room, trainer, lot, spoken), people, 1)


def _seated(draft, group, people, least):
    facts = draft.facts
    for unit in people:
        joins_on = draft.joins(unit.index, group)
        if joins_on is not None:
            draft.seat(unit.index, group, joins_on)
    if min(group.counts) < max(least, group.minimum):
        draft.close(group)
        return None
    for language in list(group.interpreters):
        others = set(group.interpreters) - {language}
        lacking = [draft.units[one].person for one in group.units if not facts.hears[draft.units[one].person]]
        spoken_by = [set(facts.problem.people[one].languages) for one in lacking]
        if all(language not in one or one & others for one in spoken_by):
            draft.remove_interpreter(group, language)
    return group

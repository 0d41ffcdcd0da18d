"""
A draft on the books of a problem in which only what one person may do, or the size of a group, was changed.

Every other index of the facts is shared: with 900 people this is a hundredth of the work of reading the problem anew.
"""

from collections.abc import Collection
from copy import copy
from dataclasses import replace

from services.scheduler.domain.plan import Change
from services.scheduler.domain.problem import Problem
from services.scheduler.solver.candidates import takers_of
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Facts

__all__ = ["LIGHT", "retold"]

OF_A_PERSON = frozenset({"travel_limit", "availability", "waiver"})
LIGHT = OF_A_PERSON | {"extra_seats", "smaller_group"}


def retold(old: Draft, problem: Problem, changes: Collection[Change]) -> Draft:
    """Return a copy of the draft in the changed problem; every kind of change is one of LIGHT."""
    facts = copy(old.facts)
    facts.problem = problem
    facts.allowances = {one.session: one for one in problem.allowances}
    changed = {facts.person_of[one.subject] for one in changes if one.kind in OF_A_PERSON}
    if changed:
        facts.free, facts.hears, facts.notice = list(facts.free), list(facts.hears), list(facts.notice)
        facts.welcome = list(facts.welcome)
    for person in changed:
        _know(facts, person)
    draft = old.copy()
    draft.facts = facts
    more = {one.subject: one.amount for one in changes if one.kind == "extra_seats"}
    units = [draft.units[index] for person in changed for index in draft.of_person[person]]
    mine = sum(1 << unit.index for unit in units)
    for group in draft.groups.values():
        if more:
            group.seats += more.get(draft.session_of(group).id, 0)
        if units:
            takers, entries = takers_of(facts, units, group.shape, group.site)
            group.takers = group.takers & ~mine | takers
            group.entries = {unit: day for unit, day in group.entries.items() if not mine >> unit & 1} | entries
    return draft


def _know(facts: Facts, person: int) -> None:
    """Read one person anew, and nobody else."""
    problem = facts.problem
    one = problem.people[person]
    alone = Facts(
        replace(
            problem,
            people=(one,),
            needs=tuple(need for need in problem.needs if need.person == one.id),
            trainers=(),
            interpreters=(),
            sessions=(),
            placements=(),
            allowances=(),
            waivers=tuple(waiver for waiver in problem.waivers if waiver.person == one.id),
            travel_overrides=tuple(each for each in problem.travel_overrides if each.person in {None, one.id}),
        )
    )
    facts.free[person], facts.hears[person], facts.notice[person] = alone.free[0], alone.hears[0], alone.notice[0]
    facts.welcome = [
        mask & ~(1 << person) | (here & 1) << person for mask, here in zip(facts.welcome, alone.welcome, strict=True)
    ]

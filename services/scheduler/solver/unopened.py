"""
The groups that a plan did not open, and what each of them lacked: people, a room, a trainer, an order, an interpreter.

One group for each training, site and rhythm: the one that would gather most of the people without a seat. Those who
wait for the same training and could not come to it are counted by what keeps them away.
"""

__all__ = ["NotOpened", "not_opened"]

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.scheduler.domain.plain import Said
from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import Problem, Training
from services.scheduler.solver.candidates import Candidate
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Facts, Unit
from services.scheduler.solver.reasons.ways import Ways
from services.scheduler.solver.reasons.words import counted, group_said, moment_said

_LOOKED_AT = 12  # starts and patterns of one training, site and rhythm that are looked at, those with most people first


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpened:
    """A group that did not open: how many of the people that it takes it would gather, and what it lacked."""

    training: Training
    parts: tuple[str, ...]
    site: str
    rhythm: str | None
    first_on: date
    people: int
    minimum: int
    fr: str
    en: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """A group that was looked at: who would sit in it, who could but would not follow, and its room if one is free."""

    group: Candidate
    room: int | None
    present: list[int]
    unheard: int


def not_opened(problem: Problem, plan: Plan) -> list[NotOpened]:
    """Return the groups that the plan did not open for the people whom it leaves out, the nearest to opening first."""
    draft = _draft(problem, plan)
    waiting = list(draft.placeable(draft.unplaced))
    if not waiting:
        return []
    ways = Ways(draft, waiting)
    kinds: dict[tuple[tuple[str, ...], int, str | None], list[Candidate]] = {}
    for one in ways.candidates:
        kinds.setdefault((one.shape.parts, one.site, one.rhythm), []).append(one)
    best = [_best(ways, groups) for groups in kinds.values()]
    found = [_told(ways, waiting, one) for one in best if one.present or one.unheard]
    found.sort(key=lambda one: (one.minimum - one.people, one.first_on, one.site, one.parts, one.rhythm or ""))
    return found


def _draft(problem: Problem, plan: Plan) -> Draft:
    """Return a plan as a draft; a need that was told alone stands alone, as in the search."""
    facts = Facts(problem)
    told = {(one.need, one.session, one.joins_on) for one in problem.placements}
    units = facts.units(one.need for one in plan.placements if (one.need, one.session, one.joins_on) in told)
    draft = Draft(facts, units)
    groups = {session.id: draft.adopt(session) for session in plan.sessions}
    unit_of = {need.id: unit for unit in units for need in unit.needs}
    for placement in sorted(plan.placements, key=lambda one: (one.joins_on, one.need)):
        unit = unit_of[placement.need]
        if draft.where[unit.index] < 0:
            draft.seat(unit.index, groups[placement.session], placement.joins_on.toordinal())
    return draft


def _best(ways: Ways, groups: list[Candidate]) -> _Seen:
    """Return the group of one kind that would gather most people, with a free room if it can be, the earliest."""
    waiting = ways.draft.unplaced
    groups.sort(key=lambda one: (-(one.takers & waiting).bit_count(), one.shape.days[0], one.index))
    seen = [_seen(ways, one) for one in groups[:_LOOKED_AT]]
    return min(
        seen,
        key=lambda one: (-len(one.present), -one.unheard, one.room is None, one.group.shape.days[0], one.group.index),
    )


def _seen(ways: Ways, group: Candidate) -> _Seen:
    room = ways.draft.room_for(group.shape, group.site)
    able = ways.waiters(group, room)
    present = ways.heard(able, group.shape, {}) if group.shape.training is Training.CIVIC else able
    return _Seen(group, room, present, len(able) - len(present))


def _told(ways: Ways, waiting: list[int], seen: _Seen) -> NotOpened:
    problem, draft, shape = ways.problem, ways.draft, seen.group.shape
    civic = shape.training is Training.CIVIC
    minimum = (problem.rules.civic_size if civic else problem.rules.language_size).minimum
    here = [draft.units[index] for index in seen.present]
    people = min(sum(part in unit.parts for unit in here) for part in shape.parts)
    place = group_said(shape, problem.sites[seen.group.site].name)
    rhythm = seen.group.rhythm
    paced = Said(f", rythme {rhythm}", f", rhythm {rhythm}") if rhythm else Said("", "")
    lacking = list(_lacking(ways, seen, people, minimum))
    away = list(_away(ways, waiting, seen))
    return NotOpened(
        training=shape.training,
        parts=shape.parts,
        site=problem.sites[seen.group.site].id,
        rhythm=rhythm,
        first_on=shape.meetings[0].day,
        people=people,
        minimum=minimum,
        fr=f"{place.fr}{paced.fr} : " + " ; ".join(one.fr for one in [*lacking, *away]),
        en=f"{place.en}{paced.en}: " + "; ".join(one.en for one in [*lacking, *away]),
    )


def _lacking(ways: Ways, seen: _Seen, people: int, minimum: int) -> Iterator[Said]:
    """Yield what the group lacks, its people first."""
    shape, site, draft = seen.group.shape, seen.group.site, ways.draft
    yield Said(
        f"{counted(people, 'personne', 'personnes')} sur les {minimum} nécessaires",
        f"{people} of the {minimum} people that it takes",
    )
    enough = people >= minimum
    quiet = True
    if seen.room is None:
        yield Said("aucune salle n’y est libre à ces heures", "no room is free there at these times")
        quiet = False
    if seen.unheard:
        yield Said(
            f"{counted(seen.unheard, 'autre viendrait', 'autres viendraient')}, mais sans interprète libre",
            f"{seen.unheard} more would come, but without a free interpreter",
        )
    quantity = sum(
        draft.facts.quantity(unit, shape, draft.entry_day(unit, shape, seen.group.entries))
        for unit in (draft.units[index] for index in seen.present[: max(people, minimum)])
    )
    for obstacle in (ways.ask.trainer(shape, site)[1], ways.ask.order(shape, site, quantity)[1]):
        if obstacle is not None:
            yield obstacle.says
            quiet = False
    if enough and quiet:
        yield Said(
            "rien ne lui manque : la recherche s’est arrêtée sans l’ouvrir",
            "it lacks nothing: the search ended without opening it",
        )


def _away(ways: Ways, waiting: list[int], seen: _Seen) -> Iterator[Said]:
    """Yield how many more wait for the same training and cannot come to this group, by what keeps them away."""
    facts, draft, shape, site = ways.facts, ways.draft, seen.group.shape, seen.group.site
    busy: dict[Said, list[int]] = {}
    far: list[tuple[int, int]] = []
    late, other = 0, 0
    for index in waiting:
        unit = draft.units[index]
        if unit.training is not shape.training or not set(unit.parts) <= set(shape.parts):
            continue
        if seen.group.takers >> index & 1:
            other += index not in seen.present
            continue
        person, minutes = ways.problem.people[unit.person], facts.minutes[unit.person][site]
        if minutes > person.travel_limit_minutes:
            far.append((minutes, person.travel_limit_minutes))
        elif not facts.welcome[site] >> unit.person & 1:
            other += 1
        elif _can_come(facts, unit, seen):
            late += 1
        else:
            busy.setdefault(moment_said(person.availability), []).append(minutes)
    for moment, reached in sorted(busy.items(), key=lambda one: (-len(one[1]), one[0].fr)):
        yield _kept_busy(moment, reached)
    if far:
        nearest, limit = min(far, key=lambda one: (one[0] - one[1], one))
        yield Said(
            f"{len(far)} de plus trop loin, au plus près {nearest} minutes pour une limite de {limit}",
            f"{len(far)} more too far away, the nearest {nearest} minutes for a limit of {limit}",
        )
    if late:
        yield Said(f"{late} de plus, convocation trop tardive", f"{late} more told too late")
    other -= seen.unheard
    if other > 0:
        yield Said(
            f"{counted(other, 'autre n’y a pas', 'autres n’y ont pas')} place (accès, garde d’enfants, ordre des "
            "journées, autre séance à la même heure)",
            f"{other} more cannot sit there (access, childcare, order of the days, another meeting at the same time)",
        )


def _can_come(facts: Facts, unit: Unit, seen: _Seen) -> bool:
    """Tell whether the person is free at every meeting that they would follow, whatever the notice."""
    return not facts.unit_mask(unit, seen.group.shape, seen.group.shape.days[0]) & ~facts.free[unit.person]


def _kept_busy(moment: Said, reached: list[int]) -> Said:
    """Say how many live near enough and are not free, and on what only time of day or day they are."""
    near, many = max(reached), len(reached) > 1
    who = Said(
        f"{len(reached)} de plus, à {near} minutes{' au plus' * many},",
        f"{len(reached)} more {'within' if many else 'at'} {near} minutes {'are' if many else 'is'}",
    )
    if moment.fr:
        only = moment.fr.strip().removeprefix("du ").removeprefix("de ")
        article = "" if only.startswith("l’") else "le "
        return Said(
            f"{who.fr} ne {'sont libres' if many else 'est libre'} que {article}{only}".replace("ne est", "n’est"),
            f"{who.en} free only {_when(moment.en.strip())}",
        )
    return Said(
        f"{who.fr} ne {'sont pas libres' if many else 'est pas libre'} à toutes ces heures".replace("ne est", "n’est"),
        f"{who.en} not free at all of these times",
    )


def _when(moment: str) -> str:
    return f"on {moment}s" if moment.endswith("day") else f"in the {moment}"

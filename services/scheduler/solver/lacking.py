"""
What capacity a plan lacks: groups that could open or begin earlier with one room, trainer, interpreter or order more.

Nothing here is stated to anybody: each answer is a candidate that solver/advice.py confirms by a re-solve.
"""

__all__ = ["Probe", "by_promise", "groups_lacking", "lacking", "standing_lacks", "wider"]

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import Problem, Training
from services.scheduler.domain.scenario import (
    InterpreterDays,
    InterpreterMore,
    LotChanged,
    OfferChange,
    RoomMore,
    TrainerMore,
)
from services.scheduler.domain.slots import WeeklySlots
from services.scheduler.solver.candidates import Candidate, candidates
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Shape, Unit, bits_of

_LOOK = 4000  # groups that could open looked at closely
_WORKING = WeeklySlots.from_days(["MA"] * 6 + [""])  # hours of an interpreter who is looked for
_ORDER_PERCENT = 10  # how much larger an order is tried on its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A candidate: what is changed, how many people it could seat at most, and the one group that is meant, if any."""

    kind: str
    changes: tuple[OfferChange, ...]
    promise: int
    shape: Shape | None = None
    site: int | None = None
    rhythm: str | None = None


def by_promise(probe: Probe) -> tuple[int, int, str]:
    """Return what to sort by: the most promising first, then what takes the fewest changes."""
    return (-probe.promise, len(probe.changes), str(probe.changes))


def groups_lacking(draft: Draft) -> Iterator[Probe]:
    """Yield for each place, course or days, rhythm and month the group that could seat most, with what it lacks."""
    facts, rules = draft.facts, draft.facts.problem.rules
    waiting = draft.ready(draft.unplaced)
    units = [draft.units[index] for index in bits_of(waiting)]
    least = {Training.CIVIC: rules.civic_size.minimum, Training.LANGUAGE: rules.language_size.minimum}
    possible = [
        one
        for one in candidates(facts, units, least=1, staffed=False)
        if one.takers.bit_count() >= least[one.shape.training]
    ]
    possible.sort(key=lambda one: (-one.takers.bit_count(), one.shape.days[0], one.index))
    best: dict[tuple[object, ...], Probe] = {}
    for one in possible[:_LOOK]:
        first = one.shape.meetings[0].day
        key = (one.site, one.shape.parts, one.rhythm, first.year, first.month)
        known = best.get(key)
        promise = min(one.takers.bit_count(), _most(draft, one.shape.training))
        if known is not None and known.promise >= promise and len(known.changes) == 1:
            continue
        probe = lacking(draft, one)
        if probe is not None and (known is None or by_promise(probe)[:2] < by_promise(known)[:2]):
            best[key] = probe
    yield from best.values()


def _most(draft: Draft, training: Training) -> int:
    rules = draft.facts.problem.rules
    size = rules.civic_size if training is Training.CIVIC else rules.language_size
    return size.offered(size.maximum)


def lacking(draft: Draft, candidate: Candidate, least: int = 0) -> Probe | None:
    """Return a group that cannot open for want of capacity, with all that it lacks; None: no capacity would do it."""
    facts, problem, shape, site = draft.facts, draft.facts.problem, candidate.shape, candidate.site
    changes: list[OfferChange] = []
    rooms = facts.rooms_at[site]
    if not rooms:
        return None
    room = draft.room_for(shape, site)
    if room is None:
        room = rooms[0]
        changes.append(RoomMore(like=problem.rooms[room].id))
    if draft.trainer_for(shape, site) is None:
        trainer = _trainer(draft, shape, site)
        if trainer is None:
            return None
        changes.append(trainer)
    present = [
        unit
        for index in bits_of(candidate.takers & draft.unplaced)
        if not draft.busy[(unit := draft.units[index]).person]
        & facts.unit_mask(unit, shape, draft.entry_day(unit, shape, candidate.entries))
        and draft.in_order(unit, shape)
        and draft.room_suits(unit, room)
    ]
    if shape.training is Training.CIVIC:
        present, interpreters = _heard(draft, shape, present)
        changes += interpreters
    size = problem.rules.civic_size if shape.training is Training.CIVIC else problem.rules.language_size
    promise = min(len(present), size.offered(problem.rooms[room].seats))
    if promise < max(size.minimum, least):
        return None
    quantity = sum(facts.quantity(unit, shape, draft.entry_day(unit, shape, candidate.entries)) for unit in present)
    order = _order(draft, shape, site, quantity)
    if order is None:
        return None
    changes += order
    if not changes:
        return None
    return Probe(
        kind="group",
        changes=tuple(changes),
        promise=promise,
        shape=shape,
        site=site,
        rhythm=candidate.rhythm,
    )


def _trainer(draft: Draft, shape: Shape, site: int) -> TrainerMore | None:
    """Return a trainer like one who teaches this here, at the hours of the group where nobody works then."""
    problem, wanted = draft.facts.problem, "civic" if shape.training is Training.CIVIC else shape.parts[0]
    able = [one for one in draft.facts.trainers_at[site] if wanted in problem.trainers[one].qualifications]
    if not able:
        return None
    for one in able:
        if not shape.mask & ~draft.facts.trainer_free[one]:
            return TrainerMore(like=problem.trainers[one].id)
    hours = WeeklySlots.of(*((meeting.day.weekday(), meeting.slot) for meeting in shape.meetings))
    return TrainerMore(like=problem.trainers[able[0]].id, slots=hours)


def _heard(draft: Draft, shape: Shape, present: Sequence[Unit]) -> tuple[list[Unit], list[OfferChange]]:
    """Return who follows the group with free interpreters and at most one who is added, for the most people."""
    people = draft.facts.problem.people
    lacking = [unit for unit in present if not draft.facts.hears[unit.person]]
    languages: set[str] = set()
    added: list[OfferChange] = []
    while len(languages) < draft.facts.problem.rules.interpreted_languages_max:
        left = [unit for unit in lacking if languages.isdisjoint(people[unit.person].languages)]
        counts = Counter(language for unit in left for language in people[unit.person].languages)
        free = {one: count for one, count in counts.items() if draft.interpreter_for(one, shape) is not None}
        choice = counts if not added else free
        if not choice:
            break
        language = min(choice, key=lambda one: (-choice[one], one))
        if language not in free:
            days = tuple(dict.fromkeys(meeting.day for meeting in shape.meetings))
            added.append(InterpreterDays(language=language, days=days))
        languages.add(language)
    deaf = {unit.index for unit in lacking if languages.isdisjoint(people[unit.person].languages)}
    return [unit for unit in present if unit.index not in deaf], added


def _order(draft: Draft, shape: Shape, site: int, quantity: int) -> list[OfferChange] | None:
    """Return how much larger an order has to be; nothing where it suffices, None where no lot covers the day."""
    problem = draft.facts.problem
    covering = [
        one
        for one in draft.facts.lots_of[problem.sites[site].id, shape.training]
        if shape.meetings[0].day in problem.lots[one].period and problem.lots[one].ordered
    ]
    if not covering:
        return None
    lot = max(covering, key=lambda one: (draft.lot_left[one], -one))
    missing = quantity - draft.lot_left[lot]
    if missing <= 0:
        return []
    percent = -(-100 * missing // problem.lots[lot].ordered)
    return [LotChanged(lot=problem.lots[lot].id, percent=percent)] if percent <= 1000 else None


def standing_lacks(problem: Problem, draft: Draft, plan: Plan, groups: Sequence[Probe]) -> Iterator[Probe]:
    """Yield capacity for the whole horizon: what single groups lack, and what the reasons name, one at a time."""
    promise: Counter[tuple[str, OfferChange, int | None]] = Counter()
    for one in groups:
        for change in one.changes:
            kind, standing = wider(change)
            site = one.site if kind == "room" else None
            promise[kind, standing, site] = max(promise[kind, standing, site], one.promise)
    named = Counter(left.code for left in plan.unplaced)
    if named["no_lot"]:
        for lot, left in zip(problem.lots, draft.lot_left, strict=True):
            if lot.ordered and left * 20 < lot.ordered:
                promise["order", LotChanged(lot=lot.id, percent=_ORDER_PERCENT), None] += named["no_lot"]
    if named["no_interpretation"]:
        waits = [problem.people[draft.units[index].person] for index in bits_of(draft.unplaced)]
        spoken = Counter(one for person in waits if not person.follows_french for one in person.languages)
        for language, count in spoken.items():
            promise["interpreter", InterpreterMore(language=language, slots=_WORKING), None] += count
    for (kind, change, site), most in promise.items():
        yield Probe(kind=kind, changes=(change,), promise=most, site=site)


def wider(change: OfferChange) -> tuple[str, OfferChange]:
    """Return the same capacity for the whole horizon."""
    if isinstance(change, InterpreterDays):
        return "interpreter", InterpreterMore(language=change.language, slots=_WORKING)
    if isinstance(change, LotChanged):
        return "order", LotChanged(lot=change.lot, percent=max(change.percent, _ORDER_PERCENT))
    return ("room" if isinstance(change, RoomMore) else "trainer"), change

"""Carrying one draft's seats for some units over to another draft, as far as the other's books allow."""

from collections.abc import Iterable

from services.scheduler.domain.problem import Training
from services.scheduler.solver.draft import Draft, Group

__all__ = ["graft"]


def graft(draft: Draft, other: Draft, units: Iterable[int]) -> Draft:
    """Return the draft with these units seated as in the other one; who finds no seat there any more has none."""
    draft = draft.copy()
    chosen = sorted(
        units, key=lambda unit: (draft.units[unit].training is Training.CIVIC, draft.units[unit].ranks, unit)
    )
    for unit in chosen:
        if draft.where[unit] >= 0:
            draft.unseat(unit)
    for empty in [one for one in draft.groups.values() if not one.kept and not one.units]:
        draft.close(empty)
    known: dict[tuple[object, ...], Group | None] = {_place(group): group for group in draft.groups.values()}
    for unit in chosen:
        theirs = other.groups.get(other.where[unit])
        if theirs is None:
            continue
        place = _place(theirs)
        group = known[place] if place in known else _opened(draft, theirs)
        if group is None:
            continue
        known[place] = group
        if not group.kept:
            _interpreted(draft, group, theirs)
        joins_on = draft.joins(unit, group)
        if joins_on is not None:
            draft.seat(unit, group, joins_on)
    draft.mend()
    return draft


def _place(group: Group) -> tuple[object, ...]:
    return group.shape.mask, group.shape.parts, group.site, group.rhythm


def _opened(draft: Draft, theirs: Group) -> Group | None:
    room = draft.room_for(theirs.shape, theirs.site)
    trainers = draft.trainers_for(theirs.shape, theirs.site)
    lot = draft.lot_for(theirs.shape, theirs.site, 1)
    if room is None or not trainers or lot is None:
        return None
    trainer = theirs.trainer if theirs.trainer in trainers else trainers[0]
    return draft.open(theirs, room, trainer, lot, {})


def _interpreted(draft: Draft, group: Group, theirs: Group) -> None:
    most = draft.facts.problem.rules.interpreted_languages_max
    for language in sorted(set(theirs.interpreters) - set(group.interpreters)):
        who = draft.interpreter_for(language, group.shape)
        if who is not None and len(group.interpreters) < most:
            draft.add_interpreter(group, language, who)

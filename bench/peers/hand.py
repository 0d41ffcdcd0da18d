"""
What a planner does by hand: first come, first served.

People wait in the order of their signature. Dates are gone through in order of time; a group is opened at a site as
soon as a full one can be called together there, and at the end with the fewest that are allowed. Free seats are given
to whoever comes next.
"""

import common

from services.scheduler.domain.problem import Training
from services.scheduler.solver.candidates import candidates


def by_hand(problem, draft, found):
    facts, units = draft.facts, draft.units
    row = sorted(units, key=lambda unit: (facts.signed[unit.person], unit.index))
    kinds = sorted(
        {one.shape.parts for one in found},
        key=lambda parts: (parts != problem.rules.civic_bundles[0], parts[0] > "A", parts),
    )
    for parts in kinds:
        stage = [one for one in found if one.shape.parts == parts]
        stage.sort(key=lambda one: (one.shape.days[0], one.index))
        civic = stage[0].shape.training is Training.CIVIC
        size = problem.rules.civic_size if civic else problem.rules.language_size
        for least in (size.maximum * 2 // 3, size.minimum):
            for candidate in stage:
                waiting = [unit for unit in row if unit.parts == parts and draft.where[unit.index] < 0]
                if sum(candidate.takers >> unit.index & 1 for unit in waiting) >= least:
                    common.open_and_seat(draft, candidate, waiting, least)
    for unit in row:
        if draft.where[unit.index] < 0:
            for group in sorted(draft.groups.values(), key=lambda group: group.shape.days[0]):
                joins_on = draft.joins(unit.index, group)
                if joins_on is not None:
                    draft.seat(unit.index, group, joins_on)
                    break
    draft.mend()
    return draft


if __name__ == "__main__":
    asked = common.arguments()
    problem = common.read(asked.problem)
    draft = common.base_of(problem)
    common.write(asked.plan, problem, by_hand(problem, draft, candidates(draft.facts, draft.units)), "hand")

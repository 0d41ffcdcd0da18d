"""
New groups in which people whose course would end after their term could still end in time.

Everything that is published stands, but for the seats of the late courses, which are free to be left. Of the groups
that could open now, with a room, a trainer and an order, the one that takes most late people is opened, then the next;
people who wait for the same course fill it. `python -m services.scheduler.solver.rescuing PROBLEM LATE ANSWER` is the
door for a process of its own; LATE is a list of needs.
"""

__all__ = ["QuickGroup", "main", "quick_groups"]

import argparse
import json
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from services.scheduler.domain.codec import FormatError, from_json, to_json
from services.scheduler.domain.problem import Placement, Problem, Session, Training, problem_from_json
from services.scheduler.solver.beginning import published
from services.scheduler.solver.candidates import Candidate, candidates
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Facts, Unit, bits_of

EXIT_BAD_INPUT = 2
MOST_GROUPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickGroup:
    """A group that is not open yet, and the seats of those who would sit in it, late people first."""

    session: Session
    seats: tuple[Placement, ...]


def quick_groups(problem: Problem, late: Sequence[str]) -> list[QuickGroup]:
    """Return groups to open, those for most late people first; `late` are needs with a seat in a late course."""
    leaving = set(late)
    kept = tuple(one for one in problem.placements if one.need not in leaving)
    facts = Facts(replace(problem, placements=kept))
    draft = published(facts, kept)
    wanted = [unit for unit in draft.units if unit.training is Training.LANGUAGE and draft.unplaced >> unit.index & 1]
    late_bits = sum(1 << unit.index for unit in wanted if unit.needs[0].id in leaving)
    possible = [(one, _in_time(draft, one)) for one in candidates(facts, wanted)]
    least = problem.rules.language_size.minimum
    found: list[QuickGroup] = []
    while len(found) < MOST_GROUPS:
        waiting = draft.unplaced
        possible = [(one, takers) for one, takers in possible if (takers & waiting).bit_count() >= least]
        ranked = sorted(
            (
                (-(takers & waiting & late_bits).bit_count(), one.shape.days[-1], one.index, one, takers & waiting)
                for one, takers in possible
                if takers & waiting & late_bits
            ),
            key=lambda one: one[:3],
        )
        for *_, one, takers in ranked:
            group = _opened(draft, one, takers, late_bits, least)
            if group is not None:
                found.append(group)
                break
        else:
            return found
    return found


def _in_time(draft: Draft, candidate: Candidate) -> int:
    """Return the takers whose course would end by their term, as bits."""
    bits = 0
    for index in bits_of(candidate.takers):
        unit = draft.units[index]
        if not draft.facts.is_late(unit, candidate.shape, draft.entry_day(unit, candidate.shape, candidate.entries)):
            bits |= 1 << index
    return bits


def _opened(draft: Draft, candidate: Candidate, takers: int, late: int, least: int) -> QuickGroup | None:
    """Open a group for these people in the draft, late ones first; None, and nothing changed, where it cannot be."""
    shape, site = candidate.shape, candidate.site
    room, trainer, lot = draft.room_for(shape, site), draft.trainer_for(shape, site), draft.lot_for(shape, site, 1)
    if room is None or trainer is None or lot is None:
        return None
    group = draft.open(candidate, room, trainer, lot, {})
    seated: list[Unit] = []
    for index in sorted(bits_of(takers), key=lambda one: (not late >> one & 1, -draft.units[one].weight, one)):
        joins_on = draft.joins(index, group)
        if joins_on is not None:
            draft.seat(index, group, joins_on)
            seated.append(draft.units[index])
    if len(seated) < least or not any(late >> unit.index & 1 for unit in seated):
        draft.close(group)
        return None
    session = draft.session_of(group)
    return QuickGroup(
        session=session,
        seats=tuple(
            Placement(need=unit.needs[0].id, session=session.id, joins_on=date.fromordinal(group.units[unit.index]))
            for unit in seated
        ),
    )


def main(arguments: list[str] | None = None) -> int:
    """Answer one question; 0: the answer is written, 2: the files cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m services.scheduler.solver.rescuing")
    parser.add_argument("problem", type=Path)
    parser.add_argument("late", type=Path)
    parser.add_argument("answer", type=Path)
    parser.add_argument("--memory-mb", type=int, default=None, help="most address space, MB")
    asked = parser.parse_args(arguments)
    if asked.memory_mb:
        most = asked.memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    try:
        problem = problem_from_json(json.loads(asked.problem.read_text(encoding="utf-8")))
        late = from_json(tuple[str, ...], json.loads(asked.late.read_text(encoding="utf-8")), "late")
    except (OSError, ValueError, FormatError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_INPUT
    answer = [to_json(one) for one in quick_groups(problem, late)]
    asked.answer.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

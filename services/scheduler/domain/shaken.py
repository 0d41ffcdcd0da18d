"""
Published groups that no longer hold: the site has closed, the trainer is away, the order was cut. Pure, no solver.

Groups that have begun are never touched. The judge's own rules are asked about each other group as if it were new; of
an exceeded lot, those groups are named that together have the fewest people, and of as many those that start last.
"""

__all__ = ["shaken"]

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from services.scheduler.domain.judge import Breach, closed_on, lot_quantity
from services.scheduler.domain.judge.groups import (
    groups_are_interpreted,
    rooms_hold_one_group_each,
    trainers_teach_what_and_when_they_can,
)
from services.scheduler.domain.plan import Plan, SolverFacts
from services.scheduler.domain.problem import Lot, Problem, Session, SessionState
from services.scheduler.domain.view import Seat, View

SOLVER = SolverFacts(name="none", version="1", seed=0, status="limit", milliseconds=0, work=0)
FEW = 12  # groups of which every choice is looked at; of more, people in two of them are counted twice
RULES = (rooms_hold_one_group_each, trainers_teach_what_and_when_they_can, groups_are_interpreted)


def shaken(problem: Problem) -> dict[str, list[Breach]]:
    """Return what is wrong with each published group that has not begun, by session."""
    waiting = {one.id for one in problem.sessions if one.state is SessionState.PUBLISHED}
    sessions = tuple(replace(one, state=SessionState.NEW) if one.id in waiting else one for one in problem.sessions)
    plan = Plan(
        problem=problem.fingerprint, sessions=sessions, placements=problem.placements, unplaced=(), solver=SOLVER
    )
    view = View(problem, plan)
    found: dict[str, list[Breach]] = {}
    for rule in RULES:
        for breach in rule(view):
            for key in [breach.session] if breach.session else _overworked(view, breach):
                if key in waiting and breach.person is None:
                    found.setdefault(key, []).append(breach)
    for session in view.new_sessions:
        for breach in (*_closed(view, session), *_crowded(view, session), *_unpaid(view, session)):
            found.setdefault(session.id, []).append(breach)
    for breach in _cut(view, found):
        found.setdefault(str(breach.session), []).append(breach)
    return found


def _overworked(view: View, breach: Breach) -> list[str]:
    """Return the last group of a trainer or interpreter who would work too many half-days in a week."""
    named = [
        one
        for one in view.new_sessions
        if f" {one.trainer} " in f" {breach.words} "
        or any(f" {each.interpreter} " in f" {breach.words} " for each in one.interpreters)
    ]
    return [max(named, key=lambda one: (one.meetings[0].day, one.id)).id] if named else []


def _closed(view: View, session: Session) -> list[Breach]:
    site = view.sites[session.site]
    for meeting in session.meetings:
        why = closed_on(view.problem, site.closures, session.training, meeting.day)
        if why:
            return [Breach(rule="calendar", words=f"meets on {meeting.day}: {why}", session=session.id)]
    return []


def _crowded(view: View, session: Session) -> list[Breach]:
    """Return that the room has become smaller than the people who sit in it."""
    room = view.rooms[session.room]
    present = Counter(seat.need.part for seat in view.seats_of_session[session.id])
    most = max(present.values(), default=0)
    if most <= room.seats:
        return []
    words = f"has {most} people, and room {room.id} now seats {room.seats}"
    return [Breach(rule="room", words=words, session=session.id)]


def _unpaid(view: View, session: Session) -> list[Breach]:
    """Return that the order which paid for the group no longer covers it: it ends before, or is another body's."""
    lot, site, first = view.lots.get(session.lot or ""), view.sites[session.site], session.meetings[0].day
    if lot is None:
        return []
    if lot.training is session.training and lot.body == site.body and first in lot.period:
        return []
    words = f"begins on {first}; lot {lot.id} is {lot.body}'s for {lot.training.value}, {_period(lot)}"
    return [Breach(rule="lot", words=words, session=session.id)]


def _period(lot: Lot) -> str:
    return f"from {lot.period.first} to {lot.period.last}"


@dataclass(frozen=True, slots=True)
class _Paid:
    """A group that could be cancelled: what that frees of its lot, and whose told seats it costs."""

    session: Session
    quantity: int
    people: frozenset[str]


def _cut(view: View, gone: Collection[str]) -> list[Breach]:
    """Return the groups that an order no longer pays for, besides those that cannot stay anyway (`gone`)."""
    found = []
    for lot in view.problem.lots:
        staying = [one for one in view.plan.sessions if one.lot == lot.id and one.id not in gone]
        left = lot.ordered - lot.consumed
        short = sum(_paid(view, one.id, lot.id) for one in staying) - left
        if short <= 0:
            continue
        mine = [
            _Paid(one, _paid(view, one.id, lot.id), frozenset(seat.person.id for seat in view.seats_of_session[one.id]))
            for one in staying
            if one.state is SessionState.NEW
        ]
        words = f"lot {lot.id} was cut: {left} {lot.unit.value} are left"
        mine.sort(key=lambda one: (one.session.meetings[0].day, one.session.id), reverse=True)
        found += [Breach(rule="lot", words=words, session=one.session.id) for one in _fewest_people(mine, short)]
    return found


def _fewest_people(groups: Sequence[_Paid], short: int) -> Sequence[_Paid]:
    """Return the groups that free so much with the fewest people, the earlier in the list where it is the same."""
    if sum(one.quantity for one in groups) <= short:
        return groups
    if len(groups) <= FEW:
        enough = [
            some
            for count in range(len(groups) + 1)
            for some in combinations(groups, count)
            if sum(one.quantity for one in some) >= short
        ]
        return min(enough, key=lambda some: len(frozenset[str]().union(*(one.people for one in some))))
    best: dict[int, tuple[int, tuple[_Paid, ...]]] = {0: (0, ())}  # people -> most that they free, and how
    for one in groups:
        for people, (freed, some) in sorted(best.items(), reverse=True):
            more = people + len(one.people)
            if freed + one.quantity > best.get(more, (-1, ()))[0]:
                best[more] = freed + one.quantity, (*some, one)
    return next(some for _, (freed, some) in sorted(best.items()) if freed >= short)


def _paid(view: View, session: str, lot: str) -> int:
    seats: list[Seat] = view.seats_of_session[session]
    return sum(lot_quantity(view.lots[lot], seat) for seat in seats if seat.session.lot == lot)

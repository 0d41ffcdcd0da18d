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
            if breach.session in waiting and breach.person is None:
                found.setdefault(str(breach.session), []).append(breach)
    for session in view.new_sessions:
        for breach in (*_closed(view, session), *_crowded(view, session), *_unpaid(view, session)):
            found.setdefault(session.id, []).append(breach)
    for also in (_overworked, _cut):
        for breach in also(view, found):
            found.setdefault(str(breach.session), []).append(breach)
    return found


def _overworked(view: View, gone: Collection[str]) -> list[Breach]:
    """Return the groups with the fewest people without which no trainer or interpreter works too much in a week."""
    found: list[Breach] = []
    staff = [("trainer", one.id, one.max_half_days_week) for one in view.problem.trainers]
    staff += [("interpretation", one.id, one.max_half_days_week) for one in view.problem.interpreters]
    for rule, name, limit in staff:
        mine = [one for one in view.plan.sessions if name in _staff(one, rule)]
        weeks = sorted({meeting.day.isocalendar()[:2] for one in mine for meeting in one.meetings})
        for week in weeks:
            left = {*gone, *(one.session for one in found)}
            staying = [
                _Paid(one, sum(each.day.isocalendar()[:2] == week for each in one.meetings), _people(view, one))
                for one in mine
                if one.id not in left
            ]
            short = sum(one.quantity for one in staying) - limit
            if short > 0:
                words = f"{name} may work {limit} half-days in week {week[1]} of {week[0]}, not {short + limit}"
                found += [Breach(rule=rule, words=words, session=one.session.id) for one in _chosen(staying, short)]
    return found


def _staff(session: Session, rule: str) -> tuple[str, ...]:
    return (session.trainer,) if rule == "trainer" else tuple(one.interpreter for one in session.interpreters)


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
    """A group that could be cancelled: what that frees of its lot or of a week, and whose told seats it costs."""

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
        mine = [_Paid(one, _paid(view, one.id, lot.id), _people(view, one)) for one in staying]
        words = f"lot {lot.id} was cut: {left} {lot.unit.value} are left"
        found += [Breach(rule="lot", words=words, session=one.session.id) for one in _chosen(mine, short)]
    return found


def _people(view: View, session: Session) -> frozenset[str]:
    return frozenset(seat.person.id for seat in view.seats_of_session[session.id])


def _chosen(groups: Sequence[_Paid], short: int) -> Sequence[_Paid]:
    """Return which of these groups go, of those that have not begun: the fewest people, then those that start last."""
    able = [one for one in groups if one.session.state is SessionState.NEW and one.quantity]
    able.sort(key=lambda one: (one.session.meetings[0].day, one.session.id), reverse=True)
    return _fewest_people(able, short)


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

"""
Published groups that no longer hold: the site has closed, the trainer is away, the order was cut. Pure, no solver.

Groups that have begun are never touched. The judge's own rules are asked about each other group as if it were new; of
an exceeded lot, the groups that start last are named until the rest fits.
"""

__all__ = ["shaken"]

from collections.abc import Sequence
from dataclasses import replace

from services.scheduler.domain.judge import (
    Breach,
    closed_on,
    groups_are_interpreted,
    lot_quantity,
    rooms_hold_one_group_each,
    trainers_teach_what_and_when_they_can,
)
from services.scheduler.domain.plan import Plan, SolverFacts
from services.scheduler.domain.problem import Problem, Session, SessionState
from services.scheduler.domain.view import Seat, View

SOLVER = SolverFacts(name="none", version="1", seed=0, status="limit", milliseconds=0, work=0)
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
        for breach in _closed(view, session):
            found.setdefault(session.id, []).append(breach)
    for breach in _cut(view, [one for one in view.new_sessions if one.id not in found]):
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


def _cut(view: View, sessions: Sequence[Session]) -> list[Breach]:
    """Return the groups that an order no longer pays for, those that start last first."""
    found = []
    for lot in view.problem.lots:
        used = sum(_paid(view, one.id, lot.id) for one in view.plan.sessions)
        left = lot.ordered - lot.consumed
        mine = sorted(
            (one for one in sessions if one.lot == lot.id), key=lambda one: (one.meetings[0].day, one.id), reverse=True
        )
        for session in mine:
            if used <= left:
                break
            used -= _paid(view, session.id, lot.id)
            words = f"lot {lot.id} was cut: {left} {lot.unit.value} are left"
            found.append(Breach(rule="lot", words=words, session=session.id))
    return found


def _paid(view: View, session: str, lot: str) -> int:
    seats: list[Seat] = view.seats_of_session[session]
    return sum(lot_quantity(view.lots[lot], seat) for seat in seats if seat.session.lot == lot)

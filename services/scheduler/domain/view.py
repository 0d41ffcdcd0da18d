"""A problem and a plan side by side, indexed: what the judge and the score read. No rule is decided here."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import (
    Meeting,
    Need,
    Person,
    Placement,
    Problem,
    Session,
    SessionState,
    Training,
)
from services.scheduler.domain.travel import Travel

__all__ = ["Seat", "View", "capacity", "followed_meetings", "forecast_end", "minimum_to_open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One placement with everything that it names."""

    placement: Placement
    need: Need
    person: Person
    session: Session
    meetings: tuple[Meeting, ...]
    told: bool  # the same placement stands in the problem
    pinned: bool


class View:
    """The indexes of one problem and one plan. Placements that name nothing are left out: the judge says so."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        self.plan = plan
        self.travel = Travel(problem)
        self.people = {person.id: person for person in problem.people}
        self.needs = {need.id: need for need in problem.needs}
        self.sites = {site.id: site for site in problem.sites}
        self.rooms = {room.id: room for room in problem.rooms}
        self.trainers = {trainer.id: trainer for trainer in problem.trainers}
        self.interpreters = {interpreter.id: interpreter for interpreter in problem.interpreters}
        self.lots = {lot.id: lot for lot in problem.lots}
        self.sessions = {session.id: session for session in plan.sessions}
        self.told = {placement.need: placement for placement in problem.placements}
        self.seats = tuple(
            self._seat(placement)
            for placement in plan.placements
            if placement.need in self.needs and placement.session in self.sessions
        )
        self.seats_of_person: dict[str, list[Seat]] = defaultdict(list)
        self.seats_of_session: dict[str, list[Seat]] = defaultdict(list)
        for seat in self.seats:
            self.seats_of_person[seat.person.id].append(seat)
            self.seats_of_session[seat.session.id].append(seat)
        self.new_sessions = tuple(session for session in plan.sessions if session.state is SessionState.NEW)

    def _seat(self, placement: Placement) -> Seat:
        need = self.needs[placement.need]
        session = self.sessions[placement.session]
        before = self.told.get(need.id)
        told = before is not None and (before.session, before.joins_on) == (placement.session, placement.joins_on)
        return Seat(
            placement=placement,
            need=need,
            person=self.people[need.person],
            session=session,
            meetings=followed_meetings(session, need.part, placement.joins_on),
            told=told,
            pinned=told and before is not None and before.pinned,
        )


def followed_meetings(session: Session, part: str, joins_on: date) -> tuple[Meeting, ...]:
    """Return the meetings that someone who joins on this day follows for this part."""
    return tuple(meeting for meeting in session.meetings if meeting.part == part and meeting.day >= joins_on)


def capacity(problem: Problem, session: Session) -> int:
    """Return the seats of a group: the rule's maximum or the room's seats, and what a planner allowed on top."""
    size = problem.rules.civic_size if session.training is Training.CIVIC else problem.rules.language_size
    seats = next(room.seats for room in problem.rooms if room.id == session.room)
    extra = sum(allowance.extra_seats for allowance in problem.allowances if allowance.session == session.id)
    return size.seats(seats) + extra


def offered(problem: Problem, session: Session) -> int:
    """Return the seats of a group that a plan may give: of a new one without those kept for later arrivals."""
    size = problem.rules.civic_size if session.training is Training.CIVIC else problem.rules.language_size
    kept = size.kept if session.state is SessionState.NEW else 0
    return max(0, capacity(problem, session) - kept)


def minimum_to_open(problem: Problem, session: Session) -> int:
    """Return the fewest people with whom this group may open."""
    for allowance in problem.allowances:
        if allowance.session == session.id and allowance.minimum is not None:
            return allowance.minimum
    size = problem.rules.civic_size if session.training is Training.CIVIC else problem.rules.language_size
    return size.minimum


def forecast_end(seat: Seat) -> date:
    """
    Return the day on which the course is forecast to end for this person.

    Minutes missed before joining are made up after the last meeting, at the pace of the group.
    """
    last = seat.session.meetings[-1].day
    missing = seat.need.minutes - sum(meeting.minutes for meeting in seat.meetings)
    if missing <= 0:
        return last
    weeks = len({meeting.day.isocalendar()[:2] for meeting in seat.session.meetings})
    pace = max(1, sum(meeting.minutes for meeting in seat.session.meetings) // weeks)
    return last + timedelta(weeks=-(-missing // pace))

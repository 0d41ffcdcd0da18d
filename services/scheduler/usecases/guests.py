"""
Who sits at a desk: one person, or everybody who waits for a seat of one group, read together in a few queries.

People whose contracts have the same rules share one Problem, so that a large department is built once, not once for
each person.
"""

__all__ = ["WAITING", "Asked", "ask", "ask_everybody"]

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.building import build_problem
from services.scheduler.domain.desk import Guest, Unit, units_of
from services.scheduler.domain.life import PLANNED
from services.scheduler.domain.problem import Need, Person, Problem, Slot, Training
from services.scheduler.domain.travel import Travel
from services.scheduler.domain.waivers import lifted
from services.scheduler.programmes import RuleBook, rule_book
from services.scheduler.usecases import telling, waivers
from services.scheduler.usecases.offer import travel_times
from shared.errors import ConflictError
from shared.scope import check_territory
from shared.work import Work

WAITING = ("open", "unplaced")
Row = Mapping[str, Any]
Among = Callable[[sa.Column[Any]], sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seated:
    """What somebody has already: half-days that are taken, civic days that are placed, whether a course is owed."""

    busy: Sequence[tuple[date, Slot]]
    civic: Sequence[tuple[str, date]]
    owes_course: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One person with an open contract, ready to be looked at; `problem` and `travel` may be shared with others."""

    person: Row
    contract: Row
    book: RuleBook
    problem: Problem
    travel: Travel
    known: Person
    needs: tuple[Need, ...]
    seated: Seated
    today: date

    @property
    def units(self) -> list[Unit]:
        """What a desk seats of their needs."""
        return units_of(self.needs, self.problem.rules, self.today, self.problem.weights)

    def guest(self, until: date) -> Guest:
        """Return the person as a guest of the desk; `until` bounds the look."""
        order = {part: rank for rank, part in enumerate(self.problem.rules.civic_parts)}
        first = next((order[unit.parts[0]] for unit in self.units if unit.training is Training.CIVIC), 0)
        placed = [(order[part], day) for part, day in self.seated.civic if part in order]
        return Guest.of(
            self.known,
            busy=self.seated.busy,
            minutes={site.id: self.travel.minutes(self.known, site) for site in self.problem.sites},
            first_day=self.today + timedelta(days=self.book["desk.notice_days"]),
            until=until,
            after=max((day for rank, day in placed if rank < first), default=None),
            before=min((day for rank, day in placed if rank > first), default=None),
            owes_course=self.seated.owes_course,
        )


def ask(work: Work, signatory_id: UUID, states: Collection[str] = WAITING) -> Asked:
    """
    Return one person with the needs of their running contract that are in these states.

    Raises NotFoundError, ForbiddenError, ConflictError (`contract_not_running`, `nothing_owed`).
    """
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    check_territory(work.who, person["territory"])
    contracts = _running(work, lambda column: column == signatory_id)
    if not contracts:
        raise ConflictError("no contract of this person is running", "contract_not_running")
    found = _put_together(
        work, person["territory"], {signatory_id: person}, contracts, lambda at: at == signatory_id, states
    )
    if not found:
        raise ConflictError("everything that is owed has a seat", "nothing_owed")
    return found[0]


def ask_everybody(work: Work, *, territory: str, programme: str, training: str, parts: Sequence[str]) -> list[Asked]:
    """Return everybody of a territory who waits for one of these parts under a running contract of a programme."""
    need, contract = storage.need, storage.contract
    waiting = (
        sa.select(need.c.signatory_id)
        .join(contract, contract.c.id == need.c.contract_id)
        .where(need.c.territory == territory, need.c.training == training)
        .where(need.c.state.in_(WAITING), need.c.part.in_(parts))
        .where(contract.c.state.in_(PLANNED), contract.c.programme == programme)
    )
    table = storage.signatory
    here = sa.and_(table.c.id.in_(waiting), table.c.territory == territory)
    people = {row["id"]: row for row in storage.rows(work.db, sa.select(table).where(here).order_by(table.c.id))}

    def among(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
        return column.in_(waiting)

    return _put_together(work, territory, people, _running(work, among), among, WAITING)


def _running(work: Work, among: Among) -> dict[UUID, dict[str, Any]]:
    """Return the contract that runs of each person, the last signed one, by person."""
    contract = storage.contract
    query = sa.select(contract).where(among(contract.c.signatory_id), contract.c.state.in_(PLANNED))
    return {row["signatory_id"]: row for row in storage.rows(work.db, query.order_by(contract.c.signed_on))}


def _put_together(  # noqa: PLR0917 - two places call it, in this order
    work: Work,
    territory: str,
    people: Mapping[UUID, Row],
    contracts: Mapping[UUID, Row],
    among: Among,
    states: Collection[str],
) -> list[Asked]:
    """Return the people whose running contract has needs in these states."""
    need = storage.need
    owed: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    query = sa.select(need).where(among(need.c.signatory_id), need.c.state.in_(states)).order_by(need.c.id)
    for row in storage.rows(work.db, query):
        owed[row["contract_id"]].append(row)
    wanted = [key for key in people if key in contracts and owed[contracts[key]["id"]]]
    if not wanted:
        return []
    today = telling.today(work, territory)
    seated = _seated(work, contracts, among, today)
    rules = waivers.rules_by_person(work, territory, wanted)
    offer = {key: row["facts"] for key, row in storage.offer(work.db, territory).items()}
    times = travel_times(work, territory, {people[key]["facts"]["commune"] for key in wanted})
    found = []
    for book, keys in _by_book(territory, contracts, wanted):
        problem = build_problem(
            territory=territory,
            book=book,
            today=today,
            publish_on=today,
            people={str(key): people[key]["facts"] for key in keys},
            needs=[row for key in keys for row in owed[contracts[key]["id"]]],
            offer=offer,
            sessions=(),
            placements=(),
            public_holidays=(),
            school_holidays=(),
            travel_times=times,
        )
        travel, known = Travel(problem), {one.id: one for one in problem.people}
        needs: dict[str, list[Need]] = defaultdict(list)
        for one in problem.needs:
            needs[one.person].append(one)
        found += [
            Asked(
                person=people[key],
                contract=contracts[key],
                book=book,
                problem=problem,
                travel=travel,
                known=lifted(known[str(key)], rules.get(key, ())),
                needs=tuple(needs[str(key)]),
                seated=seated[key],
                today=today,
            )
            for key in keys
        ]
    return found


def _by_book(
    territory: str, contracts: Mapping[UUID, Row], wanted: Iterable[UUID]
) -> list[tuple[RuleBook, list[UUID]]]:
    """Return people by the rules of their contracts: those of its programme on the day of its signature."""
    books: dict[tuple[str, date], RuleBook] = {}
    groups: list[tuple[RuleBook, list[UUID]]] = []
    for key in wanted:
        signed = contracts[key]["programme"], contracts[key]["signed_on"]
        if signed not in books:
            books[signed] = rule_book(signed[0]).at(territory, signed[1])
        book = books[signed]
        mine = next((keys for other, keys in groups if other.code == book.code and other.rules == book.rules), None)
        if mine is None:
            groups.append((book, mine := []))
        mine.append(key)
    return groups


def _seated(work: Work, contracts: Mapping[UUID, Row], among: Among, today: date) -> dict[UUID, Seated]:
    """Return what each person has already, by person."""
    time, seat, need = storage.seat_time, storage.placement, storage.need
    busy: dict[UUID, list[tuple[date, Slot]]] = defaultdict(list)
    query = sa.select(time.c.signatory_id, time.c.day, time.c.slot)
    for key, day, slot in work.db.execute(query.where(among(time.c.signatory_id), time.c.day >= today)):
        busy[key].append((day, Slot(slot)))
    civic: dict[UUID, list[tuple[str, date]]] = defaultdict(list)
    given = sa.select(seat.c.contract_id, seat.c.part, seat.c.joins_on)
    for contract, part, day in work.db.execute(given.where(among(seat.c.signatory_id), seat.c.state == "active")):
        civic[contract].append((part, day))
    course = sa.select(need.c.contract_id).where(
        among(need.c.signatory_id), need.c.training == "language", need.c.state.in_((*WAITING, "placed"))
    )
    owing = set(work.db.scalars(course))
    return {
        key: Seated(busy=busy[key], civic=civic[contract["id"]], owes_course=contract["id"] in owing)
        for key, contract in contracts.items()
    }

"""
Rescue: people whose course is forecast to end after their term, a faster group for each, and the move into it.

A way out is a published group with a free seat, or a new group of a plan that is ready and still current (then the plan
is published first). A course that has begun is not left: the hours followed would stay behind. Moving somebody gives
the old seat back and gives the new one in one transaction, once the judge finds no rule broken by it.
"""

__all__ = ["give_back", "judged", "late", "late_seats", "move"]

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.scheduler import storage
from services.scheduler.domain.building import OfferFacts, build_problem
from services.scheduler.domain.desk import Guest, Opening, Shelf, Unit
from services.scheduler.domain.judge import Breach, breaches
from services.scheduler.domain.life import PLANNED
from services.scheduler.domain.plan import Plan, SolverFacts, Unplaced, plan_from_json
from services.scheduler.domain.problem import (
    Placement,
    Problem,
    Session,
    SessionState,
    Slot,
    Training,
    problem_from_json,
)
from services.scheduler.domain.rescue import Closest, WayOut, closest, ends_on, ways_out
from services.scheduler.domain.travel import Travel
from services.scheduler.domain.view import capacity
from services.scheduler.domain.waivers import lifted
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import desk, guests, planning, seating, telling, waivers
from services.scheduler.usecases.offer import travel_times
from services.scheduler.usecases.planning import session_value
from services.scheduler.usecases.shelf import counted, known_openings, lock_free
from shared.errors import ConflictError
from shared.scope import check_territory
from shared.work import Work

MOST_LISTED = 200  # people of one page: those with a way out, then by term
MOST_WAYS = 3  # of one person
FLAG = "overrun_forecast"
SOLVER = SolverFacts(name="none", version="1", seed=0, status="limit", milliseconds=0, work=0)
RULES: Mapping[str, tuple[str, str]] = {
    "size": ("il est complet", "it is full"),
    "availability": ("la personne ne peut pas venir à ces heures", "the person cannot come at these hours"),
    "reach": ("il est trop loin", "it is too far"),
    "notice": ("il commence avant la fin du délai de convocation", "it begins inside the notice period"),
    "entry": ("il est commencé depuis trop longtemps pour y entrer", "it began too long ago to be joined"),
    "lot": ("sa commande est épuisée", "its order is used up"),
    "childcare": ("il n’a pas de garde d’enfants", "it has no childcare"),
    "room": ("sa salle n’est pas de plain-pied", "its room has steps"),
}


def late(work: Work, territory: str) -> list[dict[str, Any]]:
    """
    Return whose course ends after the term, or is flagged so, with what can be done: who has a way out comes first,
    whose course has begun last; then by the day of the term.

    Each row: placement_id, signatory_id, contract_id, reference, programme, part, site, rhythm, joins_on, ends_on,
    term_on, ways ({session_id, site, rhythm, joins_on, ends_on, travel_minutes, run_id: the plan to publish first, or
    null}), why ({code, fr, en} where there is no way, else null). Raises ForbiddenError.
    """
    check_territory(work.who, territory)
    rows = late_seats(work, territory)
    seen = _Seen(work, territory, rows)
    ready = {name: _ready_groups(work, territory, name) for name in sorted({row["programme"] for row in rows})}
    found = [_case(seen, row, ready[row["programme"]]) for row in rows]
    found.sort(
        key=lambda one: (not one["ways"], one["why"] is not None and one["why"]["code"] == "course_begun")
    )  # each in the order of the term
    return found[:MOST_LISTED]


def move(work: Work, placement_id: UUID, session_id: UUID) -> dict[str, Any]:
    """
    Move somebody from a course that ends after the term into a published group that ends before it; both are told.

    Moved before, nothing changes. Returns {placement_id, session_id, joins_on, ends_on}. Raises NotFoundError,
    ForbiddenError, ConflictError (`no_longer_fits`, `course_begun`, `lot_spent`, `time_taken`).
    """
    seat = storage.one(work.db, storage.placement, placement_id, "placement", lock=True)
    old = storage.one(work.db, storage.session, seat["session_id"], "session")
    check_territory(work.who, old["territory"])
    done = _moved_before(work, seat, session_id)
    if done is not None:
        return done
    row = next((one for one in late_seats(work, old["territory"]) if one["placement_id"] == placement_id), None)
    if row is None:
        raise ConflictError("this seat is given back, or no longer late: look again", "no_longer_fits")
    if row["joins_on"] <= telling.today(work, row["territory"]):
        raise ConflictError("this course has begun: its hours would stay behind", "course_begun")
    with work.db.begin_nested() as looked:
        ways = ways_out(*_Seen(work, row["territory"], [row]).look(row), not_in=row["opening"].session.id)
        way = next((one for one in ways if one.step.opening.session.id == str(session_id)), None)
        wanted = {} if way is None else {(session_id, row["part"]): way.step.opening.seats}
        if way is None or not lock_free(work, wanted):
            looked.rollback()
            raise ConflictError("this seat is taken or no longer fits: look again", "no_longer_fits")
    _check_with_the_judge(work, row, way)
    give_back(work, seat)
    group = replace(way.step.opening.session, state=SessionState.PUBLISHED)
    given = [seating.Given(need_id=row["need_id"], session=group, part=row["part"], joins_on=way.step.joins_on)]
    desk.pay(work, guests.ask(work, row["signatory_id"], ("open", "unplaced", "placed")), given)
    try:
        seating.give(work, given)
    except IntegrityError as error:  # the table's own key: a person is in one place at a time
        raise ConflictError("this person has another seat at that time: look again", "time_taken") from error
    taken = _moved_before(work, seat, session_id)
    assert taken is not None  # noqa: S101 - given above
    return taken


def late_seats(work: Work, territory: str) -> list[dict[str, Any]]:
    """Return the seats of courses that end after the term or whose contract is flagged, by the day of the term."""
    seat, session, contract, need = storage.placement, storage.session, storage.contract, storage.need
    flag, person = storage.flag, storage.signatory
    flagged = sa.select(flag.c.contract_id).where(flag.c.kind == FLAG, flag.c.state == "open")
    query = (
        sa.select(
            seat.c.id.label("placement_id"),
            seat.c.signatory_id,
            seat.c.contract_id,
            seat.c.need_id,
            seat.c.part,
            seat.c.joins_on,
            session.c.id.label("session_id"),
            session.c.version.label("session_version"),
            session.c.territory,
            contract.c.programme,
            contract.c.term_on,
            need.c.minutes,
            person.c.reference,
            contract.c.id.in_(flagged).label("flagged"),
        )
        .join(session, session.c.id == seat.c.session_id)
        .join(contract, contract.c.id == seat.c.contract_id)
        .join(need, need.c.id == seat.c.need_id)
        .join(person, person.c.id == seat.c.signatory_id)
        .where(session.c.territory == territory, session.c.training == "language", session.c.state == "open")
        .where(seat.c.state == "active", contract.c.state.in_(PLANNED), need.c.state == "placed")
        .where(
            sa.or_(
                contract.c.id.in_(flagged),
                seat.c.joins_on > session.c.starts_on,
                session.c.ends_on > contract.c.term_on,
            )
        )
        .order_by(contract.c.term_on, person.c.reference, seat.c.id)
    )
    rows = storage.rows(work.db, query)
    versions = dict.fromkeys((row["session_id"], row["session_version"]) for row in rows)
    openings = {opening.session.id: opening for _, opening in known_openings(work, versions)}
    found, today = [], telling.today(work, territory)
    for row in rows:
        opening = openings[str(row["session_id"])]
        end = ends_on(opening, row["minutes"], row["joins_on"])
        running = row["joins_on"] <= today  # before that, the timetable alone says when it ends
        if end > row["term_on"] or (row["flagged"] and running):
            found.append(row | {"ends_on": end, "opening": opening})
    return found


class _Seen:
    """What a territory has for these late seats, read once: people, courses that may still be joined, seats taken."""

    def __init__(self, work: Work, territory: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.today = telling.today(work, territory)
        offer = {key: row["facts"] for key, row in storage.offer(work.db, territory).items()}
        people = storage.by_id(work.db, storage.signatory, (row["signatory_id"] for row in rows))
        facts = {str(key): row["facts"] for key, row in people.items()}
        self.measured = travel_times(work, territory, {one["commune"] for one in facts.values()})
        self.waived: dict[str, set[str]] = {}
        for waiver in waivers.in_force(work, territory, set(facts)):
            if waiver.person is not None:
                self.waived.setdefault(waiver.person, set()).add(waiver.rule)
        mine: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            mine.setdefault(row["programme"], []).append(row)
        self.problems = {
            programme: self._problem(territory, programme, offer, facts, some) for programme, some in mine.items()
        }
        self.openings = self._openings(work, territory)
        self.taken, self.left = (
            counted(work, territory, next(iter(self.problems.values()))) if self.problems else ({}, {})
        )
        time = storage.seat_time
        query = sa.select(time.c.signatory_id, time.c.day, time.c.slot, time.c.placement_id).where(
            time.c.signatory_id.in_(list(people)), time.c.day >= self.today
        )
        self.busy: dict[UUID, list[tuple[date, Slot, UUID]]] = {}
        for who, day, slot, placement in work.db.execute(query):
            self.busy.setdefault(who, []).append((day, Slot(slot), placement))

    def look(self, row: Mapping[str, Any]) -> tuple[Guest, Unit, Shelf]:
        """Return who would move, as if without the present seat, and the published courses that may be joined."""
        problem = self.problems[row["programme"]]
        need = next(one for one in problem.needs if one.id == str(row["need_id"]))
        person = next(one for one in problem.people if one.id == str(row["signatory_id"]))
        person = lifted(person, self.waived.get(person.id, ()))
        openings = [
            opening
            for programme, opening in self.openings
            if programme == row["programme"] and opening.session.parts == (row["part"],)
        ]
        left, old = dict(self.left), row["opening"]
        if old.session.lot in left:
            left[old.session.lot] += old.minutes_from(row["joins_on"].toordinal())
        travel = Travel(problem)
        guest = Guest.of(
            replace(person, term_on=row["term_on"]),
            busy=[
                (day, slot)
                for day, slot, placement in self.busy.get(row["signatory_id"], ())
                if placement != row["placement_id"]
            ],
            minutes={site.id: travel.minutes(person, site) for site in problem.sites},
            first_day=self.today + timedelta(days=problem.rules.notice_days[person.channel]),
            until=max((one.session.meetings[-1].day for one in openings), default=self.today),
        )
        unit = Unit(training=Training.LANGUAGE, needs=(need,), points=0)
        return guest, unit, Shelf(problem, openings, self.taken, left)

    def _problem(
        self,
        territory: str,
        programme: str,
        offer: OfferFacts,
        facts: Mapping[str, Mapping[str, Any]],
        rows: Sequence[Mapping[str, Any]],
    ) -> Problem:
        return build_problem(
            territory=territory,
            book=rule_book(programme).at(territory, self.today),
            today=self.today,
            publish_on=self.today,
            people=facts,
            needs=[
                {
                    "id": row["need_id"],
                    "signatory_id": row["signatory_id"],
                    "training": "language",
                    "part": row["part"],
                    "minutes": row["minutes"],
                    "deadline": row["term_on"],
                    "again": 0,
                }
                for row in rows
            ],
            offer=offer,
            sessions=(),
            placements=(),
            public_holidays=(),
            school_holidays=(),
            travel_times=self.measured,
        )

    def _openings(self, work: Work, territory: str) -> list[tuple[str, Opening]]:
        weeks = max((one.rules.rolling_entry_weeks for one in self.problems.values()), default=0)
        session = storage.session
        query = sa.select(session.c.id, session.c.version).where(
            session.c.territory == territory,
            session.c.state == "open",
            session.c.training == "language",
            session.c.starts_on >= self.today - timedelta(weeks=weeks),
        )
        return known_openings(work, work.db.execute(query.order_by(session.c.id)).all())


def _case(seen: _Seen, row: Mapping[str, Any], ready: tuple[UUID, list[tuple[Opening, int]]] | None) -> dict[str, Any]:
    session = row["opening"].session
    names = {site.id: site.name for site in seen.problems[row["programme"]].sites}
    shown = {
        name: row[name]
        for name in (
            "placement_id",
            "signatory_id",
            "contract_id",
            "reference",
            "programme",
            "part",
            "joins_on",
            "ends_on",
            "term_on",
        )
    } | {"site": names.get(session.site, session.site), "rhythm": session.rhythm}
    if row["joins_on"] <= seen.today:
        return shown | {"ways": [], "why": _why("course_begun", None, names)}
    guest, unit, shelf = seen.look(row)
    ways = [_way(one, guest, names, None) for one in ways_out(guest, unit, shelf, session.id)[:MOST_WAYS]]
    if not ways and ready is not None:
        run_id, groups = ready
        taken = {opening.session.id: {row["part"]: count} for opening, count in groups}
        planned = Shelf(shelf.problem, [opening for opening, _ in groups], taken, shelf.left)
        ways = [_way(one, guest, names, run_id) for one in ways_out(guest, unit, planned, session.id)[:MOST_WAYS]]
    near = None if ways else closest(guest, unit, shelf, session.id)
    why = None if ways else _why("no_quicker_group" if near is None else f"no_{near.rules[0]}", near, names)
    return shown | {"ways": ways, "why": why}


def _way(one: WayOut, guest: Guest, names: Mapping[str, str], run_id: UUID | None) -> dict[str, Any]:
    session = one.step.opening.session
    return {
        "session_id": UUID(session.id),
        "site": names.get(session.site, session.site),
        "rhythm": session.rhythm,
        "joins_on": one.step.joins_on,
        "ends_on": one.ends_on,
        "travel_minutes": guest.minutes[session.site],
        "run_id": run_id,
    }


def _why(code: str, near: Closest | None, names: Mapping[str, str]) -> dict[str, str]:
    """Return why there is no way out, in words."""
    if code == "course_begun":
        return {
            "code": code,
            "fr": "le cours a commencé : les heures suivies resteraient avec ce groupe",
            "en": "the course has begun: the hours followed would stay with this group",
        }
    if near is None:
        return {
            "code": code,
            "fr": "aucun groupe publié de ce cours ne finit avant le terme",
            "en": "no published group of this course ends before the term",
        }
    session = near.opening.session
    site, last = names.get(session.site, session.site), session.meetings[-1].day
    fr = " ; ".join(RULES[rule][0] for rule in near.rules)
    en = "; ".join(RULES[rule][1] for rule in near.rules)
    return {
        "code": code,
        "fr": f"le plus proche est à {site}, jusqu’au {last:%d/%m/%Y} : {fr}",
        "en": f"the nearest is at {site}, until {last:%d/%m/%Y}: {en}",
    }


def _ready_groups(work: Work, territory: str, programme: str) -> tuple[UUID, list[tuple[Opening, int]]] | None:
    """Return the newest plan that could be published now, with its new courses and how many sit in each."""
    run = storage.plan_run
    query = sa.select(run).where(
        run.c.territory == territory,
        run.c.programme == programme,
        run.c.state == "ready",
        run.c.base_version == storage.territory_version(work.db, territory),
    )
    row = storage.first(work.db, query.order_by(run.c.asked_at.desc(), run.c.id.desc()))
    if row is None:
        return None
    problem, plan = problem_from_json(row["problem"]), plan_from_json(row["plan"])
    seats: dict[str, int] = {}
    for one in plan.placements:
        seats[one.session] = seats.get(one.session, 0) + 1
    new = [one for one in plan.sessions if one.state is SessionState.NEW and one.training is Training.LANGUAGE]
    return row["id"], [(Opening.of(one, capacity(problem, one)), seats.get(one.id, 0)) for one in new]


def _check_with_the_judge(work: Work, row: Mapping[str, Any], way: WayOut) -> None:
    """Raise ConflictError where the judge finds a rule that the move breaks and that was kept before."""
    run = {"territory": row["territory"], "programme": row["programme"], "publish_on": _today(work, row)}
    problem = planning.build(work, run)
    need = str(row["need_id"])
    others = tuple(one for one in problem.placements if one.need != need)
    freed = replace(problem, placements=others)
    moved = Placement(need=need, session=way.step.opening.session.id, joins_on=way.step.joins_on)
    _, before = judged(freed, others)
    known = {(one.rule, one.words) for one in before}
    _, after = judged(freed, (*others, moved))
    broken = [one for one in after if (one.rule, one.words) not in known]
    if broken:
        raise ConflictError(f"the judge refuses: {broken[0].words}", "no_longer_fits")


def judged(
    problem: Problem, placements: Sequence[Placement], opened: Sequence[Session] = ()
) -> tuple[Plan, list[Breach]]:
    """Return these seats, with groups that are opened for them, as a plan; and what the judge finds wrong with it."""
    seated = {one.need for one in placements}
    plan = Plan(
        problem=problem.fingerprint,
        sessions=(*problem.sessions, *opened),
        placements=tuple(placements),
        unplaced=tuple(
            Unplaced(need=one.id, code="waits", rules=(), fr="attend le prochain plan", en="waits for the next plan")
            for one in problem.needs
            if one.id not in seated
        ),
        solver=SOLVER,
    )
    return plan, breaches(problem, plan)


def give_back(work: Work, row: Mapping[str, Any]) -> None:
    """Withdraw one seat, with all its half-days, and tell it; the need is given another at once."""
    seat, time = storage.placement, storage.seat_time
    gone = dict(row) | {
        "state": "withdrawn",
        "version": row["version"] + 1,
        "actor": work.who.actor,
        "changed_at": work.now,
    }
    work.db.execute(time.delete().where(time.c.placement_id == row["id"]))
    work.db.execute(seat.update().where(seat.c.id == row["id"]).values(**gone))
    work.tell(telling.placement_state(gone))


def _moved_before(work: Work, seat: Mapping[str, Any], session_id: UUID) -> dict[str, Any] | None:
    """Return the seat that the need has in this session by now, if it is another than the one to leave."""
    table = storage.placement
    query = sa.select(table).where(
        table.c.need_id == seat["need_id"], table.c.session_id == session_id, table.c.state == "active"
    )
    found = storage.first(work.db, query.where(table.c.id != seat["id"]))
    if found is None:
        return None
    row = storage.one(work.db, storage.session, session_id, "session")
    need = storage.one(work.db, storage.need, seat["need_id"], "need")
    opening = Opening.of(session_value(row, started=False), row["seats"])
    return {
        "placement_id": found["id"],
        "session_id": session_id,
        "joins_on": found["joins_on"],
        "ends_on": ends_on(opening, need["minutes"], found["joins_on"]),
    }


def _today(work: Work, row: Mapping[str, Any]) -> date:
    return telling.today(work, row["territory"])

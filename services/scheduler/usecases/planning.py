"""Asking for a plan, making it (in a job), keeping it only when the judge finds no broken rule."""

__all__ = ["RUN_KIND", "PlanRefusedError", "ask_run", "build", "check_day", "keep_plan", "plan_job", "view_run"]

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.building import build_problem
from services.scheduler.domain.fairness import fairness
from services.scheduler.domain.judge import breaches, waived
from services.scheduler.domain.life import PLANNED
from services.scheduler.domain.orders import orders
from services.scheduler.domain.plan import Plan, plan_from_json, plan_to_json
from services.scheduler.domain.problem import (
    Interpretation,
    Meeting,
    Placement,
    Problem,
    Session,
    SessionState,
    Slot,
    Training,
    problem_to_json,
)
from services.scheduler.domain.view import followed_meetings
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import telling, waivers
from services.scheduler.usecases.offer import travel_times
from services.scheduler.usecases.solving import PlanRefusedError, solve_apart
from shared import calendar, jobs
from shared.communes import department_of
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.ids import derived_id
from shared.jobs import JobContext
from shared.logs import log
from shared.work import Work

RUN_KIND = "plan"
NOT_OPENED = 30  # groups that a plan did not open, kept with what they lacked
FARTHEST = timedelta(days=366)  # [A] from today to the day on which people would be told


def ask_run(
    work: Work,
    run_id: UUID,
    *,
    territory: str,
    programme: str,
    publish_on: date | None,
    seconds: int,
    work_limit: int | None = None,
) -> dict[str, Any]:
    """
    Ask for a plan of a territory's open needs; the same id again gives the same run.

    When nothing has changed since a published run (same needs, same offer), the run is `unchanged` at once and points
    to it. Raises ConflictError, UnknownProgrammeError, NotFoundError, InvalidInputError.
    """
    department_of(territory)
    book = rule_book(programme)
    today = telling.today(work, territory)
    before = work.db.execute(sa.select(storage.plan_run).where(storage.plan_run.c.id == run_id)).mappings().first()
    if before is not None:
        told_on = publish_on or before["publish_on"]
        if (before["territory"], before["programme"], before["publish_on"]) != (territory, programme, told_on):
            raise ConflictError(f"run {run_id} was asked for with other parameters", "id_reused")
        return dict(before)
    check_day(today, publish_on)
    inputs = _digest(work, territory, programme)
    last = _last_published(work, territory, programme)
    same = last is not None and last["inputs"] == inputs
    run = {
        "id": run_id,
        "territory": territory,
        "programme": book.code,
        "publish_on": publish_on or today,
        "state": "unchanged" if same else "asked",
        "base_version": last["base_version"] if same and last else None,
        "inputs": inputs,
        "summary": last["summary"] | {"unchanged_since": str(last["id"])} if same and last else None,
        "actor": work.who.actor,
        "asked_at": work.now,
    }
    work.db.execute(storage.plan_run.insert().values(**run))
    if not same:
        jobs.ask(work, run_id, RUN_KIND, {"seconds": seconds, "work_limit": work_limit})
    return run


def check_day(today: date, publish_on: date | None) -> None:
    """Raise InvalidInputError unless the day on which people would be told is within a year of today."""
    first, last = today - FARTHEST, today + FARTHEST
    if publish_on is not None and not first <= publish_on <= last:
        raise InvalidInputError("refused", [FieldFault("publish_on", "range", f"between {first} and {last}")])


def build(work: Work, run: Mapping[str, Any]) -> Problem:
    """Return the Problem of a run as things stand in this transaction."""
    territory = run["territory"]
    book = rule_book(run["programme"]).at(territory, run["publish_on"])
    needs = _needs(work, territory, run["programme"])
    if not needs:
        raise NotFoundError("open need in", f"{territory} ({run['programme']})")
    people = storage.by_id(work.db, storage.signatory, (need["signatory_id"] for need in needs))
    offer = {key: row["facts"] for key, row in storage.offer(work.db, territory).items()}
    today = telling.today(work, territory)
    sessions, placements, spent = _published(work, territory, {need["id"] for need in needs}, today)
    for code, quantity in spent.items():
        lot = offer["lots", code]
        offer["lots", code] = lot | {"consumed": lot["consumed"] + quantity}
    years = range(today.year, today.year + 4)
    return build_problem(
        territory=territory,
        book=book,
        today=today,
        publish_on=max(run["publish_on"], today),
        people={str(key): row["facts"] for key, row in people.items()},
        needs=needs,
        offer=offer,
        sessions=sessions,
        placements=placements,
        public_holidays=[day for year in years for day in calendar.public_holidays(territory, year)],
        school_holidays=_school_holidays(territory, today),
        waivers=waivers.in_force(work, territory, {str(key) for key in people}),
        travel_times=travel_times(work, territory, {row["facts"]["commune"] for row in people.values()}),
    )


def plan_job(context: JobContext) -> dict[str, Any]:
    """Make the plan of a run in a subprocess with limits from outside, judge it, keep it; return its summary."""
    with context.database.begin() as db:
        work = context.work(db)
        run = storage.one(db, storage.plan_run, context.id, "plan run")
        base = storage.territory_version(db, run["territory"], lock=True)
        problem = build(work, run)
    plan = solve_apart(context, problem)
    context.report({"phase": "judging"})
    broken = breaches(problem, plan)
    if broken:
        for breach in broken[:20]:
            log.error("plan breaks a rule", rule=breach.rule, words=breach.words)
        raise PlanRefusedError(f"the plan breaks {len(broken)} rules, first: {broken[0].words}")
    summary = summarise(problem, plan)
    with context.database.begin() as db:
        context.still_mine(db)
        keep_plan(context.work(db), context.id, base, problem=problem, plan=plan, summary=summary)
    return summary


def keep_plan(
    work: Work, run_id: UUID, base_version: int, *, problem: Problem, plan: Plan, summary: Mapping[str, Any]
) -> None:
    """
    Keep a judged plan with the version of the territory that it was made from.

    A group that was cancelled and is planned again, with another trainer say, is another group: it gets an id of its
    own, as its people were told that the old one is no more.
    """
    plan = _renamed(plan, _again(work, plan))
    kept = {
        "state": "ready",
        "base_version": base_version,
        "problem": problem_to_json(problem),
        "plan": plan_to_json(plan),
        "summary": dict(summary),
    }
    work.db.execute(storage.plan_run.update().where(storage.plan_run.c.id == run_id).values(**kept))


def _again(work: Work, plan: Plan) -> dict[str, str]:
    """Return new ids for the new groups of a plan whose id a group that was published before has."""
    ids = [UUID(one.id) for one in plan.sessions if one.state is SessionState.NEW]
    renamed: dict[str, str] = {}
    wanted = {str(key): key for key in storage.by_id(work.db, storage.session, ids)}
    number = 0
    while wanted:
        number += 1
        offered = {old: derived_id("session again", UUID(old), str(number)) for old in wanted}
        taken = storage.by_id(work.db, storage.session, offered.values())
        renamed |= {old: str(new) for old, new in offered.items() if new not in taken}
        wanted = {old: new for old, new in offered.items() if new in taken}
    return renamed


def _renamed(plan: Plan, ids: Mapping[str, str]) -> Plan:
    """Return the plan with other ids for some of its groups."""
    if not ids:
        return plan
    return replace(
        plan,
        sessions=tuple(replace(one, id=ids.get(one.id, one.id)) for one in plan.sessions),
        placements=tuple(replace(one, session=ids.get(one.session, one.session)) for one in plan.placements),
        unplaced=tuple(
            replace(
                left, changes=tuple(replace(one, subject=ids.get(one.subject, one.subject)) for one in left.changes)
            )
            for left in plan.unplaced
        ),
    )


def view_run(work: Work, run_id: UUID) -> dict[str, Any]:
    """Return a run with its job's state and progress. Raises NotFoundError."""
    run = storage.one(work.db, storage.plan_run, run_id, "plan run")
    if run["state"] == "asked":
        job = jobs.find(work.db, run_id)
        run |= {"job": job["state"], "progress": job["progress"], "error": job["error"]}
    else:
        run |= {"job": "done", "progress": {}, "error": None}
    return run


def loaded_plan(run: Mapping[str, Any]) -> Plan:
    return plan_from_json(run["plan"])


def summarise(problem: Problem, plan: Plan) -> dict[str, Any]:
    """Return what a planner reads first: how many are placed, how good it is, why the rest is not."""
    reasons: dict[str, int] = {}
    for left in plan.unplaced:
        reasons[left.code] = reasons.get(left.code, 0) + 1
    return {
        "needs": len(problem.needs),
        "people": len(problem.people),
        "placed": len(plan.placements),
        "unplaced": len(plan.unplaced),
        "reasons": dict(sorted(reasons.items())),
        "sessions": len(plan.sessions),
        "tiers": [
            {
                "name": tier.name,
                "value": tier.value,
                "bound": tier.bound,
                "gap": tier.gap,
                "relaxation": tier.relaxation,
                "parts": [
                    {"name": part.name, "quantity": part.quantity, "unit": part.unit, "weight": part.weight}
                    for part in tier.parts
                ],
            }
            for tier in plan.tiers
        ],
        "waivers": [
            {"rule": one.rule, "person": one.person, "session": one.session, "words": one.words}
            for one in waived(problem, plan)
        ],
        "orders": [asdict(one) for one in orders(problem, plan)],
        "not_opened": _not_opened(problem, plan),
        "fairness": {name: [asdict(cell) for cell in cells] for name, cells in fairness(problem, plan).items()},
        "solver": {
            "name": plan.solver.name,
            "version": plan.solver.version,
            "status": plan.solver.status,
            "milliseconds": plan.solver.milliseconds,
        },
    }


NOT_OPENED = 30  # groups that a plan did not open, kept with what they lacked


def _not_opened(problem: Problem, plan: Plan) -> list[dict[str, Any]]:
    """Return the groups nearest to opening, and what each lacked, as JSON."""
    from services.scheduler.solver.unopened import not_opened

    return [asdict(one) | {"first_on": one.first_on.isoformat()} for one in not_opened(problem, plan)[:NOT_OPENED]]


def _needs(work: Work, territory: str, programme: str) -> list[dict[str, Any]]:
    """Return every need that is owed and not yet followed or replaced, in a fixed order."""
    need, contract = storage.need, storage.contract
    query = (
        sa.select(need)
        .join(contract, contract.c.id == need.c.contract_id)
        .where(need.c.territory == territory, contract.c.programme == programme, contract.c.state.in_(PLANNED))
        .where(need.c.state.in_(("open", "placed", "unplaced")))
        .order_by(need.c.id)
    )
    return storage.rows(work.db, query)


def _published(
    work: Work, territory: str, needs: set[UUID], today: date
) -> tuple[list[Session], list[Placement], dict[str, int]]:
    """
    Return what was told before: sessions kept as they are, placements pinned, and what the others consumed.

    The others are seats whose need is followed or replaced: they are in no Problem any more, but their lot paid.
    """
    query = sa.select(storage.session).where(
        storage.session.c.territory == territory, storage.session.c.state == "open"
    )
    found = storage.rows(work.db, query.order_by(storage.session.c.starts_on, storage.session.c.id))
    sessions = [session_value(row, started=row["starts_on"] <= today) for row in found]
    seats = storage.rows(
        work.db,
        sa.select(storage.placement)
        .join(storage.session, storage.session.c.id == storage.placement.c.session_id)
        .where(storage.session.c.territory == territory, storage.placement.c.state == "active")
        .order_by(storage.placement.c.id),
    )
    placements = [
        Placement(
            need=str(row["need_id"]),
            session=str(row["session_id"]),
            joins_on=row["joins_on"],
            told=True,
            pinned=True,
        )
        for row in seats
        if row["need_id"] in needs
    ]
    by_id = {session.id: session for session in sessions}
    spent: dict[str, int] = {}
    for row in seats:
        session = by_id.get(str(row["session_id"]))
        if row["need_id"] in needs or session is None or session.lot is None:
            continue
        followed = followed_meetings(session, row["part"], row["joins_on"])
        quantity = 1 if session.training is Training.CIVIC else sum(one.minutes for one in followed)
        spent[session.lot] = spent.get(session.lot, 0) + quantity
    return sessions, placements, spent


def session_value(row: Mapping[str, Any], *, started: bool) -> Session:
    """Return a kept session as the Problem knows it."""
    facts = row["facts"]
    return Session(
        id=str(row["id"]),
        training=Training(row["training"]),
        parts=tuple(row["parts"].split("+")),
        site=row["site"],
        room=facts["room"],
        trainer=facts["trainer"],
        lot=facts["lot"],
        rhythm=facts["rhythm"],
        interpreters=tuple(
            Interpretation(language=one["language"], interpreter=one["interpreter"]) for one in facts["interpreters"]
        ),
        meetings=tuple(
            Meeting(day=date.fromisoformat(day), slot=Slot(slot), minutes=minutes, part=part)
            for day, slot, minutes, part in facts["meetings"]
        ),
        state=SessionState.STARTED if started else SessionState.PUBLISHED,
    )


def _school_holidays(territory: str, today: date) -> Sequence[tuple[date, date]]:
    """Return the school holidays of the next two years, as far as they are known."""
    until = min(date(today.year + 2, 12, 31), date(2027, 12, 31))
    return calendar.school_holidays(territory, today, until)


def _last_published(work: Work, territory: str, programme: str) -> Mapping[str, Any] | None:
    run = storage.plan_run
    query = (
        sa.select(run)
        .where(run.c.territory == territory, run.c.programme == programme, run.c.state == "published")
        .order_by(run.c.published_at.desc(), run.c.id.desc())
        .limit(1)
    )
    found = work.db.execute(query).mappings().first()
    return dict(found) if found is not None else None


def _digest(work: Work, territory: str, programme: str) -> str:
    """Digest what a plan is made from: needs with their people, offer, groups cancelled; not what was placed since."""
    needs = _needs(work, territory, programme)
    people = storage.by_id(work.db, storage.signatory, (need["signatory_id"] for need in needs))
    gone = sa.and_(storage.session.c.territory == territory, storage.session.c.state == "cancelled")
    cancelled = sa.select(storage.session.c.id).where(gone)
    facts = [
        [[str(need["id"]), need["part"], need["minutes"], str(need["deadline"])] for need in needs],
        [[str(key), people[key]["facts"]] for key in sorted(people)],
        [[*key, row["facts"]] for key, row in sorted(storage.offer(work.db, territory).items())],
        [str(key) for key in work.db.scalars(cancelled.order_by(storage.session.c.id))],
        [asdict(one) for one in waivers.in_force(work, territory, {str(key) for key in people})],
        [asdict(one) for one in travel_times(work, territory, {row["facts"]["commune"] for row in people.values()})],
    ]
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def need_of(contract_id: UUID, training: str, part: str, again: int) -> UUID:
    """Return the id of a need: it hangs on the contract, the training, the part and how often it was missed."""
    return derived_id("need", contract_id, training, part, again)

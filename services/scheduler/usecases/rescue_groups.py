"""
New groups for late people: searched in a job, shown with who would sit there, opened by a planner in one transaction.

Opening one is a publication of its own: it counts on the territory, so that plans made before are outdated. Whoever
moves gives the old seat back in the same transaction; the judge has looked at everything that is published.
"""

__all__ = ["RESCUE_KIND", "ask", "find", "latest", "open_group", "rescue_job"]

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.scheduler import storage
from services.scheduler.domain.codec import from_json
from services.scheduler.domain.plan import plan_to_json
from services.scheduler.domain.problem import Placement, Problem, Session, problem_to_json
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import planning, publication, rescue, seating, telling
from services.scheduler.usecases.solving import ask_apart
from shared import jobs
from shared.communes import department_of
from shared.database import insert_new
from shared.errors import ConflictError, NotFoundError
from shared.ids import derived_id
from shared.jobs import JobContext
from shared.scope import check_territory
from shared.work import Work

RESCUE_KIND = "rescue"
SECONDS = 120  # [A] a search at 900 people takes a few
WAITING = ("open", "unplaced")


def ask(work: Work, search_id: UUID, territory: str, programme: str) -> dict[str, Any]:
    """
    Search for groups in the background; the same id again searches once.

    Raises ForbiddenError, ConflictError (`id_reused`), UnknownProgrammeError.
    """
    check_territory(work.who, territory)
    department_of(territory)
    row = {
        "id": search_id,
        "territory": territory,
        "programme": rule_book(programme).code,
        "state": "asked",
        "groups": None,
        "actor": work.who.actor,
        "at": work.now,
    }
    insert_new(work.db, storage.rescue_search, [row])
    kept = storage.one(work.db, storage.rescue_search, search_id, "search")
    if (kept["territory"], kept["programme"]) != (territory, programme):
        raise ConflictError(f"search {search_id} was asked for elsewhere", "id_reused")
    jobs.ask(work, search_id, RESCUE_KIND, {"seconds": SECONDS})
    return _seen(work, kept)


def find(work: Work, search_id: UUID) -> dict[str, Any]:
    """Return a search with its job's state and its groups. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.rescue_search, search_id, "search")
    check_territory(work.who, row["territory"])
    return _seen(work, row)


def latest(work: Work, territory: str) -> dict[str, Any] | None:
    """Return the last search of a territory, if there was one. Raises ForbiddenError."""
    check_territory(work.who, territory)
    table = storage.rescue_search
    query = sa.select(table).where(table.c.territory == territory).order_by(table.c.at.desc(), table.c.id.desc())
    row = storage.first(work.db, query)
    return None if row is None else _seen(work, row)


def rescue_job(context: JobContext) -> dict[str, Any]:
    """Search in a subprocess with limits from outside, and keep what was found."""
    with context.database.begin() as db:
        work = context.work(db)
        row = storage.one(db, storage.rescue_search, context.id, "search")
        today = telling.today(work, row["territory"])
        late = [
            str(one["need_id"])
            for one in rescue.late_seats(work, row["territory"])
            if one["programme"] == row["programme"] and one["joins_on"] > today
        ]
        problem = _problem(work, row) if late else None
    found: list[dict[str, Any]] = []
    if problem is not None:
        given = {"problem": problem_to_json(problem), "late": late}
        found = ask_apart(context, "services.scheduler.solver.rescuing", given, (), SECONDS)
    with context.database.begin() as db:
        context.still_mine(db)
        kept = {"state": "ready", "groups": found}
        db.execute(storage.rescue_search.update().where(storage.rescue_search.c.id == context.id).values(**kept))
    return {"groups": len(found)}


def open_group(work: Work, search_id: UUID, session_id: UUID) -> dict[str, Any]:
    """
    Open a group that a search found, move its late people into it and seat those who waited; all are told.

    Opened before, nothing changes. Raises NotFoundError, ForbiddenError, ConflictError (`no_longer_fits`).
    """
    row = storage.one(work.db, storage.rescue_search, search_id, "search")
    check_territory(work.who, row["territory"])
    group = next((one for one in row["groups"] or () if one["session"]["id"] == str(session_id)), None)
    if group is None:
        raise NotFoundError("group", session_id)
    base = storage.territory_version(work.db, row["territory"], lock=True)
    opened = storage.first(work.db, sa.select(storage.session).where(storage.session.c.id == session_id))
    if opened is not None:
        return {"session_id": session_id, "people": len(group["seats"])}
    session = from_json(Session, group["session"], "session")
    seats = [from_json(Placement, one, "seat") for one in group["seats"]]
    leaving = _lock(work, row["territory"], seats)
    problem = _problem(work, row)
    needs = {one.need for one in seats}
    freed = replace(problem, placements=tuple(one for one in problem.placements if one.need not in needs))
    plan, after = rescue.judged(freed, (*freed.placements, *seats), (session,))
    known = {(one.rule, one.words) for one in rescue.judged(freed, freed.placements)[1]}
    broken = [one for one in after if (one.rule, one.words) not in known]
    if broken:
        raise ConflictError(f"the judge refuses: {broken[0].words}", "no_longer_fits")
    run: dict[str, Any] = {
        "id": derived_id("run", search_id, session_id),
        "territory": row["territory"],
        "programme": row["programme"],
        "publish_on": telling.today(work, row["territory"]),
        "state": "published",
        "base_version": base,
        "inputs": None,
        "problem": problem_to_json(freed),
        "plan": plan_to_json(plan),
        "summary": planning.summarise(freed, plan),
        "actor": work.who.actor,
        "asked_at": work.now,
        "published_at": work.now,
        "published_by": work.who.actor,
    }
    work.db.execute(storage.plan_run.insert().values(**run))
    part_of = {one.id: one.part for one in problem.needs}
    try:
        publication.open_sessions(work, run, freed, plan)
        for seat in leaving:
            rescue.give_back(work, seat)
        seating.give(
            work,
            [
                seating.Given(need_id=UUID(one.need), session=session, part=part_of[one.need], joins_on=one.joins_on)
                for one in seats
            ],
        )
    except IntegrityError as error:  # the tables' own keys: one place at a time for people, rooms, trainers
        raise ConflictError("somebody or some room is taken meanwhile: search again", "no_longer_fits") from error
    storage.bump_territory(work.db, row["territory"])
    return {"session_id": session_id, "people": len(seats)}


def _lock(work: Work, territory: str, seats: list[Placement]) -> list[dict[str, Any]]:
    """
    Lock the seats that are left for these and then their needs, as a cancellation does; return the former.

    Raises ConflictError where a need neither waits nor has a seat in a late course that has not begun.
    """
    ids = sorted(UUID(one.need) for one in seats)
    need, placement = storage.need, storage.placement
    mine = sa.select(placement).where(placement.c.need_id.in_(ids), placement.c.state == "active")
    held = storage.rows(work.db, mine.order_by(placement.c.id).with_for_update())
    rows = storage.rows(work.db, sa.select(need).where(need.c.id.in_(ids)).order_by(need.c.id).with_for_update())
    today = telling.today(work, territory)
    late = {one["placement_id"] for one in rescue.late_seats(work, territory) if one["joins_on"] > today}
    leaving = [one for one in held if one["id"] in late]
    free = {row["id"] for row in rows if row["state"] in WAITING} | {one["need_id"] for one in leaving}
    if len(leaving) != len(held) or not free.issuperset(ids):
        raise ConflictError("somebody has another seat by now: search again", "no_longer_fits")
    return leaving


def _problem(work: Work, row: Mapping[str, Any]) -> Problem:
    run = {"territory": row["territory"], "programme": row["programme"]}
    return planning.build(work, run | {"publish_on": telling.today(work, row["territory"])})


def _seen(work: Work, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a search as people read it: groups by place and days, late people by reference."""
    job = jobs.find(work.db, row["id"])
    listed = row["groups"] or []
    late = {str(one["need_id"]): one for one in rescue.late_seats(work, row["territory"])} if listed else {}
    opened = storage.by_id(work.db, storage.session, (UUID(one["session"]["id"]) for one in listed))
    sites = {
        code: item["facts"]["name"]
        for (kind, code), item in storage.offer(work.db, row["territory"]).items()
        if kind == "sites"
    }
    groups = [
        {
            "session_id": UUID(one["session"]["id"]),
            "part": one["session"]["parts"][0],
            "site": sites.get(one["session"]["site"], one["session"]["site"]),
            "rhythm": one["session"]["rhythm"],
            "starts_on": date.fromisoformat(one["session"]["meetings"][0]["day"]),
            "ends_on": date.fromisoformat(one["session"]["meetings"][-1]["day"]),
            "people": len(one["seats"]),
            "late": [
                {"signatory_id": late[seat["need"]]["signatory_id"], "reference": late[seat["need"]]["reference"]}
                for seat in one["seats"]
                if seat["need"] in late
            ],
            "open": UUID(one["session"]["id"]) in opened,
        }
        for one in listed
    ]
    shown = {name: row[name] for name in ("id", "territory", "programme", "state")}
    return shown | {"job": job["state"], "error": job["error"], "groups": groups}

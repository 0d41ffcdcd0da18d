"""
Publishing a plan: one compare-and-swap on the territory, everything in one transaction.

Either the plan is published whole, with every event told, or nothing happened. A plan made from an older state of the
territory is refused: plan again.
"""

__all__ = ["open_sessions", "publish"]

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.scheduler import storage
from services.scheduler.domain.consultation import score_again, stand
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import Plan, plan_from_json, plan_to_json
from services.scheduler.domain.problem import Problem, Session, SessionState, problem_from_json, problem_to_json
from services.scheduler.domain.standing import standing
from services.scheduler.domain.view import capacity
from services.scheduler.usecases import planning, seating, swap, telling
from services.scheduler.usecases.consultation import asking
from services.scheduler.usecases.planning import PlanRefusedError
from shared.errors import ConflictError
from shared.ids import derived_id
from shared.work import Work

MOVING = ("needs", "placements", "publish_on", "waivers", "travel_overrides")  # what the plan is judged on anew


def publish(work: Work, run_id: UUID, *, one_step: bool = False) -> dict[str, Any]:
    """
    Publish a ready plan and tell everybody; a second call changes nothing and answers the same.

    Where training bodies were asked, what they confirmed is published. `one_step` is a planner's choice not to ask them
    where the territory's rules would. Raises PlanOutdatedError, PlanRefusedError, ConflictError (`plan_not_ready`,
    `bodies_first`, `bodies_asked`, `answers_awaited`).
    """
    run = storage.one(work.db, storage.plan_run, run_id, "plan run", lock=True)
    storage.territory_version(work.db, run["territory"], lock=True)
    if run["state"] in {"published", "unchanged"}:
        return run
    swap.check_base(work, run)
    out = asking.settled(work, run, one_step=one_step)
    problem, plan, lost = _as_it_stands(work, run, out)
    try:
        open_sessions(work, run, problem, plan)
        _seat(work, problem, plan)
    except IntegrityError as error:  # the tables' own keys: one place at a time for people, rooms, trainers
        raise ConflictError("somebody or some room is taken meanwhile: plan again", "time_taken") from error
    _keep_reasons(work, plan)
    storage.bump_territory(work.db, run["territory"])
    published = {"state": "published", "published_at": work.now, "published_by": work.who.actor}
    if out is None:
        summary = dict(run["summary"] or {})
    else:
        summary = planning.summarise(problem, plan) | {"left_out": len(out)}
        published |= {"problem": problem_to_json(problem), "plan": plan_to_json(plan)}
        asking.mark_published(work, run_id)
    published["summary"] = summary | {"lost": len(lost)}
    work.db.execute(storage.plan_run.update().where(storage.plan_run.c.id == run_id).values(**published))
    return run | published


def _as_it_stands(
    work: Work, run: Mapping[str, Any], out: Mapping[str, str] | None
) -> tuple[Problem, Plan, tuple[str, ...]]:
    """
    Return the plan, or what stands of it when needs or seats have changed since it was made; and who lost a seat.

    Groups that training bodies do not hold are `out`; after they were asked, the offer is read anew.
    """
    problem, plan = problem_from_json(run["problem"]), plan_from_json(run["plan"])
    need = storage.need
    waiting = sa.select(need.c.id).where(need.c.territory == run["territory"], need.c.state.in_(("open", "unplaced")))
    work.db.execute(waiting.order_by(need.c.id).with_for_update()).all()  # no desk gives one of them a seat meanwhile
    fresh = planning.build(work, run)
    held = swap.seats_held(work, run["territory"])
    if out is not None:
        found = stand(fresh, plan, held, out)
        return found.problem, score_again(found.problem, found.plan), found.lost
    if held or any(getattr(fresh, name) != getattr(problem, name) for name in MOVING):
        found = standing(fresh, plan, held)
        return found.problem, found.plan, found.lost
    broken = breaches(problem, plan)
    if broken:
        raise PlanRefusedError(f"the plan breaks {len(broken)} rules, first: {broken[0].words}")
    return problem, plan, ()


def open_sessions(work: Work, run: Mapping[str, Any], problem: Problem, plan: Plan) -> None:
    """Open the new groups of a plan with their meetings, and tell them."""
    rows, meetings, events = [], [], []
    bodies = {site.id: site.body for site in problem.sites}
    for session in plan.sessions:
        if session.state is not SessionState.NEW:
            continue
        row = _session_row(session, run, capacity(problem, session)) | {
            "version": 1,
            "actor": work.who.actor,
            "changed_at": work.now,
        }
        held = [
            {
                "id": derived_id("meeting", session.id, one.day, one.slot.value),
                "session_id": row["id"],
                "part": one.part,
                "day": one.day,
                "slot": one.slot.value,
                "minutes": one.minutes,
                "room": session.room,
                "trainer": session.trainer,
            }
            for one in session.meetings
        ]
        rows.append(row)
        meetings += held
        events.append(telling.session_state(row, held, bodies[session.site]))
    if rows:
        work.db.execute(storage.session.insert(), rows)
        work.db.execute(storage.meeting.insert(), meetings)
    work.tell(*events)


def _session_row(session: Session, run: Mapping[str, Any], seats: int) -> dict[str, Any]:
    return {
        "id": UUID(session.id),
        "territory": run["territory"],
        "training": session.training.value,
        "parts": "+".join(session.parts),
        "site": session.site,
        "starts_on": session.meetings[0].day,
        "ends_on": session.meetings[-1].day,
        "seats": seats,
        "facts": {
            "programme": run["programme"],
            "room": session.room,
            "trainer": session.trainer,
            "lot": session.lot,
            "rhythm": session.rhythm,
            "interpreters": [
                {"language": one.language, "interpreter": one.interpreter} for one in session.interpreters
            ],
            "meetings": [[str(one.day), one.slot.value, one.minutes, one.part] for one in session.meetings],
        },
        "state": "open",
        "run_id": run["id"],
    }


def _seat(work: Work, problem: Problem, plan: Plan) -> None:
    needs = {one.id: one for one in problem.needs}
    sessions = {session.id: session for session in plan.sessions}
    told = {(one.need, one.session) for one in problem.placements}
    seating.give(
        work,
        [
            seating.Given(
                need_id=UUID(seat.need),
                session=sessions[seat.session],
                part=needs[seat.need].part,
                joins_on=seat.joins_on,
            )
            for seat in plan.placements
            if (seat.need, seat.session) not in told
        ],
    )


def _keep_reasons(work: Work, plan: Plan) -> None:
    for left in plan.unplaced:
        reason = {
            "code": left.code,
            "rules": list(left.rules),
            "fr": left.fr,
            "en": left.en,
            "changes": [change.fr for change in left.changes],
            "changes_en": [change.en for change in left.changes],
            "confirmed": left.confirmed,
        }
        stamp = {"state": "unplaced", "reason": reason, "actor": work.who.actor, "changed_at": work.now}
        work.db.execute(storage.need.update().where(storage.need.c.id == UUID(left.need)).values(**stamp))

"""
Publishing a plan: one compare-and-swap on the territory, everything in one transaction.

Either the plan is published whole, with every event told, or nothing happened. A plan made from an older state of the
territory is refused: plan again.
"""

__all__ = ["PlanOutdatedError", "publish"]

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.scheduler import storage
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import Plan, plan_from_json
from services.scheduler.domain.problem import Problem, Session, SessionState, problem_from_json
from services.scheduler.domain.view import capacity, followed_meetings
from services.scheduler.usecases import dossier, duties, telling
from services.scheduler.usecases.planning import PlanRefusedError
from shared.errors import ConflictError
from shared.ids import derived_id
from shared.work import Work


class PlanOutdatedError(ConflictError):
    """Raised when somebody published for this territory after the plan was made. Plan again, then publish."""

    code = "plan_outdated"

    def __init__(self, run_id: UUID, base: int, present: int) -> None:
        super().__init__(f"plan {run_id} was made from version {base}; the territory is at version {present}")


def publish(work: Work, run_id: UUID) -> dict[str, Any]:
    """
    Publish a ready plan and tell everybody; a second call changes nothing and answers the same.

    Raises PlanOutdatedError, ConflictError (`plan_not_ready`), PlanRefusedError.
    """
    run = storage.one(work.db, storage.plan_run, run_id, "plan run", lock=True)
    present = storage.territory_version(work.db, run["territory"], lock=True)
    if run["state"] in {"published", "unchanged"}:
        return run
    if run["state"] != "ready":
        raise ConflictError(f"plan {run_id} is {run['state']}, not ready", "plan_not_ready")
    if run["base_version"] != present:
        raise PlanOutdatedError(run_id, run["base_version"], present)
    problem, plan = problem_from_json(run["problem"]), plan_from_json(run["plan"])
    broken = breaches(problem, plan)
    if broken:
        raise PlanRefusedError(f"the plan breaks {len(broken)} rules, first: {broken[0].words}")
    try:
        _open_sessions(work, run, problem, plan)
        _seat(work, problem, plan)
    except IntegrityError as error:  # the tables' own keys: one place at a time for people, rooms, trainers
        raise ConflictError("somebody or some room is taken meanwhile: plan again", "time_taken") from error
    _keep_reasons(work, plan)
    storage.bump_territory(work.db, run["territory"])
    published = {"state": "published", "published_at": work.now, "published_by": work.who.actor}
    work.db.execute(storage.plan_run.update().where(storage.plan_run.c.id == run_id).values(**published))
    return run | published


def _open_sessions(work: Work, run: Mapping[str, Any], problem: Problem, plan: Plan) -> None:
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
    already = set(
        work.db.execute(
            sa.select(storage.placement.c.need_id, storage.placement.c.session_id).where(
                storage.placement.c.state == "active"
            )
        ).all()
    )
    contracts = storage.by_id(work.db, storage.need, (UUID(one.need) for one in plan.placements))
    seats, times = [], []
    for seat in plan.placements:
        key = (UUID(seat.need), UUID(seat.session))
        if key in already:
            continue
        placement_id = derived_id("placement", *key)
        need = needs[seat.need]
        seats.append(
            {
                "id": placement_id,
                "need_id": key[0],
                "contract_id": contracts[key[0]]["contract_id"],
                "signatory_id": UUID(need.person),
                "session_id": key[1],
                "part": need.part,
                "joins_on": seat.joins_on,
                "state": "active",
                "version": 1,
                "actor": work.who.actor,
                "changed_at": work.now,
            }
        )
        times += _times(UUID(need.person), placement_id, sessions[seat.session], need.part, seat.joins_on)
    if not seats:
        return
    work.db.execute(storage.placement.insert(), seats)
    work.db.execute(storage.seat_time.insert(), times)
    _set_needs(work, [row["need_id"] for row in seats], "placed")
    work.tell(*(telling.placement_state(row) for row in seats))
    duties.refresh(work, [row["contract_id"] for row in seats])
    links = {row["id"]: f"/planning/sessions/{row['session_id']}" for row in seats}
    dossier.note(
        work,
        [
            dossier.Entry(person_id=row["signatory_id"], at=work.now, code="seat_given", link=links[row["id"]])
            for row in seats
        ],
    )


def _times(person: UUID, placement_id: UUID, session: Session, part: str, joins_on: date) -> list[dict[str, Any]]:
    return [
        {"signatory_id": person, "day": one.day, "slot": one.slot.value, "placement_id": placement_id}
        for one in followed_meetings(session, part, joins_on)
    ]


def _set_needs(work: Work, ids: list[UUID], state: str) -> None:
    stamp = {"state": state, "reason": None, "actor": work.who.actor, "changed_at": work.now}
    for start in range(0, len(ids), 500):
        some = storage.need.c.id.in_(ids[start : start + 500])
        work.db.execute(storage.need.update().where(some).values(**stamp))


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

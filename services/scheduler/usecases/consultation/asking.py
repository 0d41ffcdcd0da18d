"""A planner puts a plan to the training bodies, follows their answers, or takes it back."""

__all__ = ["last_day", "mark_published", "of_run", "open_run", "propose", "settled", "waiting", "withdraw"]

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.codec import to_json
from services.scheduler.domain.consultation import OUT
from services.scheduler.domain.plan import plan_from_json
from services.scheduler.domain.problem import SessionState
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import swap, telling
from services.scheduler.usecases.consultation.groups import (
    OPEN,
    consultation_of,
    found_of,
    locked,
    people_in,
    stamp,
    view,
)
from shared.calendar import is_working_day
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.ids import derived_id
from shared.scope import check_territory
from shared.work import Work

LONGEST = timedelta(days=90)  # [A] longer than any plan holds


def propose(work: Work, run_id: UUID, answer_by: date | None) -> dict[str, Any]:
    """
    Put a ready plan's new groups to their training bodies; without `answer_by`, for the rule-book's working days.

    The same again changes nothing. Raises NotFoundError, ForbiddenError, ConflictError (`id_reused`, `plan_not_ready`,
    `plan_outdated`), InvalidInputError.
    """
    run = storage.one(work.db, storage.plan_run, run_id, "plan run", lock=True)
    check_territory(work.who, run["territory"])
    before = consultation_of(work, run_id)
    if before is not None:
        if before["asked_until"] != answer_by:
            raise ConflictError(f"run {run_id} was put to the training bodies until another day", "id_reused")
        return before
    swap.check_base(work, run)
    today = telling.today(work, run["territory"])
    if answer_by is not None and not today <= answer_by <= today + LONGEST:
        fault = FieldFault("answer_by", "range", f"between {today} and {today + LONGEST}")
        raise InvalidInputError("refused", [fault])
    table = storage.consultation
    others = sa.and_(table.c.territory == run["territory"], table.c.state == "open")
    work.db.execute(table.update().where(others).values(state="withdrawn", **stamp(work)))
    row = {
        "run_id": run_id,
        "territory": run["territory"],
        "asked_until": answer_by,
        "answer_by": answer_by or last_day(run, today),
        "state": "open",
    } | stamp(work)
    work.db.execute(table.insert().values(**row))
    _put(work, run)
    return row


def withdraw(work: Work, run_id: UUID) -> dict[str, Any]:
    """
    Take a plan back from the training bodies: they see it no more. The same again changes nothing.

    Raises NotFoundError, ForbiddenError, ConflictError (`published`).
    """
    run = locked(work, run_id)
    check_territory(work.who, run["territory"])
    row = found_of(consultation_of(work, run_id), run_id)
    if row["state"] == "published":
        raise ConflictError("the plan is published", "published")
    if row["state"] == "open":
        row |= {"state": "withdrawn"} | stamp(work)
        work.db.execute(storage.consultation.update().where(storage.consultation.c.run_id == run_id).values(**row))
    return row


def of_run(work: Work, run_id: UUID) -> dict[str, Any] | None:
    """
    Return what the training bodies said of a run, its groups in order of time; None where they were not asked.

    Raises NotFoundError, ForbiddenError.
    """
    row = consultation_of(work, run_id)
    if row is None:
        return None
    check_territory(work.who, row["territory"])
    late = telling.today(work, row["territory"]) > row["answer_by"]
    table = storage.consulted
    found = [view(one, late=late) for one in storage.rows(work.db, sa.select(table).where(table.c.run_id == run_id))]
    found.sort(key=lambda one: (one["starts_on"], one["body"], str(one["id"])))
    return row | {"sessions": found, "awaited": sum(one["state"] in OPEN for one in found), "late": late}


def settled(work: Work, run: Mapping[str, Any], *, one_step: bool) -> dict[str, str] | None:
    """
    Return the groups that are left out of a publication (id -> why); None where training bodies were not asked.

    Raises ConflictError (`bodies_first`, `bodies_asked`, `answers_awaited`).
    """
    row = consultation_of(work, run["id"])
    if row is None or row["state"] == "withdrawn":
        first = rule_book(run["programme"]).at(run["territory"], run["publish_on"])["publication.two_steps"]
        if not one_step and (first or row is not None):
            raise ConflictError("put the plan to the training bodies, or choose to publish in one step", "bodies_first")
        return None
    if one_step:
        raise ConflictError("the training bodies were asked: withdraw the plan from them first", "bodies_asked")
    table = storage.consulted
    found = storage.rows(work.db, sa.select(table).where(table.c.run_id == run["id"]).order_by(table.c.id))
    awaited = sum(one["state"] in OPEN for one in found)
    if awaited:
        raise ConflictError(f"{awaited} groups wait for an answer or a decision", "answers_awaited")
    return {str(one["session_id"]): one["reason"] for one in found if one["state"] in OUT}


def last_day(run: Mapping[str, Any], today: date) -> date:
    """Return the last day to answer when a run is put to training bodies today, after the rule-book's working days."""
    left = rule_book(run["programme"]).at(run["territory"], run["publish_on"])["publication.answer_days"]
    day = today
    while left:
        day += timedelta(days=1)
        left -= is_working_day(run["territory"], day)
    return day


def mark_published(work: Work, run_id: UUID) -> None:
    """Close the consultation of a run that is published: no answer comes after it."""
    table = storage.consultation
    work.db.execute(table.update().where(table.c.run_id == run_id).values(state="published", **stamp(work)))


def waiting(work: Work, territory: str) -> list[dict[str, Any]]:
    """Return the open counter-proposals and the overdue answers of a territory: what a planner must decide."""
    table, asked, run = storage.consulted, storage.consultation, storage.plan_run
    query = (
        sa.select(table, asked.c.answer_by)
        .join(asked, asked.c.run_id == table.c.run_id)
        .join(run, run.c.id == table.c.run_id)
        .join(storage.territory, storage.territory.c.code == asked.c.territory)
        .where(asked.c.territory == territory, asked.c.state == "open", run.c.state == "ready")
        .where(run.c.base_version == storage.territory.c.version, table.c.state.in_(OPEN))
    )
    today = telling.today(work, territory)
    found = [
        view(row, late=today > row["answer_by"]) | {"answer_by": row["answer_by"]}
        for row in storage.rows(work.db, query)
    ]
    return [one for one in found if one["state"] == "countered" or one["overdue"]]


def open_run(work: Work, territory: str) -> UUID | None:
    """Return the run that the training bodies of a territory are asked about and that could still be published."""
    asked, run = storage.consultation, storage.plan_run
    query = (
        sa.select(run.c.id)
        .join(asked, asked.c.run_id == run.c.id)
        .join(storage.territory, storage.territory.c.code == asked.c.territory)
        .where(asked.c.territory == territory, asked.c.state == "open", run.c.state == "ready")
        .where(run.c.base_version == storage.territory.c.version)
    )
    return work.db.scalar(query)


def _put(work: Work, run: Mapping[str, Any]) -> None:
    """Keep one row for each new group of the plan."""
    plan = plan_from_json(run["plan"])
    offer = storage.offer(work.db, run["territory"])
    people = people_in(plan, {one["id"]: one["person"] for one in run["problem"]["needs"]})
    rows = [
        {
            "id": derived_id("consulted", run["id"], one.id),
            "run_id": run["id"],
            "body": offer["sites", one.site]["facts"]["body"],
            "session_id": UUID(one.id),
            "facts": to_json(one),
            "people": people.get(one.id, 0),
            "state": "waiting",
            "answer_id": None,
            "offered": None,
            "reason": "",
        }
        | stamp(work)
        for one in plan.sessions
        if one.state is SessionState.NEW
    ]
    if rows:
        work.db.execute(storage.consulted.insert(), rows)

"""Who sees which meetings and people: a training body its own groups, OFII the people of its territory."""

__all__ = ["OFII", "OF_A_BODY", "all_meetings", "check_seen", "locked", "meetings", "territory_of"]

from typing import Any

import sqlalchemy as sa

from services.attendance import storage
from shared.database import rows
from shared.errors import ForbiddenError, NotFoundError
from shared.scope import check_territory
from shared.work import Work

OF_A_BODY = ("provider_manager", "trainer")  # see their own groups only
OFII = ("planner", "auditor", "controller", "admin")  # see the people of their territory; without one, everybody


def meetings(work: Work, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the query for meetings with the state of their roll, as far as who asks may see them."""
    return _visible(work, all_meetings(*conditions))


def all_meetings(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the same, whoever asks: for what is one person's and not a group's."""
    meeting, session, roll = storage.meeting, storage.session, storage.roll
    return (
        sa.select(
            meeting,
            session.c.training,
            session.c.package,
            session.c.trainer,
            session.c.provider_id,
            storage.site.c.label.label("site"),
            storage.site.c.commune,
            storage.site.c.zone,
            sa.func.coalesce(roll.c.state, "open").label("state"),
            sa.func.coalesce(roll.c.version, 0).label("version"),
            sa.func.coalesce(roll.c.held_by, "").label("held_by"),
            roll.c.submitted_by,
            roll.c.submitted_at,
            roll.c.signed_by,
            roll.c.signed_at,
            roll.c.sealed_at,
        )
        .join(session, session.c.id == meeting.c.session_id)
        .join(storage.site, storage.site.c.id == session.c.site_id)
        .outerjoin(roll, roll.c.meeting_id == meeting.c.id)
        .where(*conditions)
        .order_by(meeting.c.id)  # one order of locks for everybody
    )


def locked(work: Work, query: sa.Select[Any]) -> list[dict[str, Any]]:
    """
    Lock the meetings of a query, and only then read it: whoever held them before has committed what is read.

    In one statement PostgreSQL would wait for the meeting and yet give the roll's state as it was before the wait.
    """
    meeting = storage.meeting
    work.db.execute(query.with_only_columns(meeting.c.id).with_for_update(of=meeting))
    return rows(work.db, query)


def check_seen(work: Work, territory: str, seats: sa.ColumnElement[bool], missing: NotFoundError) -> None:
    """
    Let pass whose business somebody is: OFII's of their territory, a training body's that has one of `seats`.

    Raises ForbiddenError, or for a training body `missing`: it does not learn who sits elsewhere.
    """
    if work.who.role not in OF_A_BODY:
        check_territory(work.who, territory)
        return
    sits = sa.select(storage.placement.c.session_id).where(seats)
    if not rows(work.db, meetings(work, storage.meeting.c.session_id.in_(sits)).limit(1)):
        raise missing


def _visible(work: Work, query: sa.Select[Any]) -> sa.Select[Any]:
    """
    Narrow to what this person may see.

    A provider's people see their own body's groups, a trainer their own, OFII the groups in which somebody of their
    territory sits.
    """
    who = work.who
    if who.role == "trainer":
        body, _, trainer = who.scope.partition("/")
        if not trainer:
            raise ForbiddenError("this account names no trainer: its scope is BODY/TRAINER")
        theirs = sa.or_(storage.session.c.trainer == trainer, storage.roll.c.held_by == trainer)
        return query.where(theirs, _of_body(body))
    if who.role == "provider_manager":
        return query.where(_of_body(who.scope))
    if territory_of(work):
        seat, person = storage.placement, storage.signatory
        sits = sa.select(seat.c.session_id).join(person, person.c.id == seat.c.signatory_id)
        mine = sits.where(person.c.territory == who.scope, seat.c.state == "active")
        return query.where(storage.session.c.id.in_(mine))
    if who.role in {*OFII, "service"}:
        return query
    raise ForbiddenError(f"{who.role} does not see rolls")


def territory_of(work: Work) -> str:
    """Return the territory beyond which an agent of OFII sees nobody; empty where there is none."""
    return work.who.scope if work.who.role in OFII else ""


def _of_body(code: str) -> sa.ColumnElement[bool]:
    bodies = sa.select(storage.provider.c.id).where(storage.provider.c.code == code)
    return storage.session.c.provider_id.in_(bodies)

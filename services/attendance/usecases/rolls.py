"""Taking the roll: opening, marking, signing off, correcting; qualifying absences; attempts to reach a person."""

__all__ = [
    "MarkCommand",
    "MarkResult",
    "RollCommand",
    "RollResult",
    "correct_mark",
    "keep_attempt",
    "keep_level",
    "mark_roll",
    "mark_rolls",
    "qualify_absence",
    "read_roll",
    "rolls_between",
    "sign_roll",
]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.errors import MarkRefusedError, RollNotOpenError, RollSignedError
from services.attendance.domain.marks import ABSENT, CAME, Status, check_mark
from services.attendance.usecases import presence
from services.attendance.usecases.hearing import touch
from shared.database import insert_new
from shared.errors import ConflictError, FieldFault, ForbiddenError, InvalidInputError, NotFoundError
from shared.events import MeetingMissed, RollSigned
from shared.work import Work

JUSTIFICATIONS = ("health", "work", "family", "transport", "administration", "convocation_not_received")
CORRECTIONS = ("wrong_person", "came_later", "typing_error", "sheet_found", "person_proved_presence")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkCommand:
    """One mark as a trainer's device sends it; `id` is the device's own."""

    id: UUID
    signatory_id: UUID
    status: str
    minutes_lost: int = 0
    act: str = ""
    act_reason: str = ""
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkResult:
    """What became of one mark: kept, or refused with code and words. The others are not touched by it."""

    id: UUID
    state: str
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollCommand:
    """The marks that a device kept for one roll; `sign` signs it off when none is refused."""

    meeting_id: UUID
    marks: Sequence[MarkCommand]
    sign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RollResult:
    """What became of one roll's marks. A roll that takes none says why; the other rolls are not touched by it."""

    meeting_id: UUID
    results: Sequence[MarkResult] = ()
    code: str = ""
    message: str = ""


def rolls_between(
    work: Work, first: date, last: date, after: UUID | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Return the meetings between two days that who asks may see, by id, with the state of their roll."""
    meeting, session, roll = storage.meeting, storage.session, storage.roll
    query = (
        sa.select(
            meeting,
            session.c.training,
            session.c.package,
            session.c.trainer,
            session.c.provider_id,
            storage.site.c.label.label("site"),
            storage.site.c.commune,
            sa.func.coalesce(roll.c.state, "open").label("state"),
        )
        .join(session, session.c.id == meeting.c.session_id)
        .join(storage.site, storage.site.c.id == session.c.site_id)
        .outerjoin(roll, roll.c.meeting_id == meeting.c.id)
        .where(meeting.c.held_on.between(first, last), session.c.state == "open")
    )
    query = _visible(work, query)
    if after is not None:
        query = query.where(meeting.c.id > after)
    return storage.rows(work.db, query.order_by(meeting.c.id).limit(limit))


def read_roll(work: Work, meeting_id: UUID) -> dict[str, Any]:
    """Return one roll: the meeting, who sits in it, and the mark in force for each. Raises NotFoundError."""
    held = _meeting(work, meeting_id)
    marks = _current_marks(work, meeting_id)
    people = [
        {
            "signatory_id": row["signatory_id"],
            "placement_id": row["placement_id"],
            "contract_id": row["contract_id"],
            "name": row["name"],
            "alias": row["alias"],
            "reference": row["reference"],
            "mark": marks.get(row["signatory_id"]),
        }
        for row in _enrolled(work, held)
    ]
    return held | {"people": people}


def mark_roll(work: Work, meeting_id: UUID, commands: Sequence[MarkCommand], *, sign: bool = False) -> list[MarkResult]:
    """
    Keep marks; each is answered for itself, and one that was kept before is kept once. `sign` signs off if all were.

    Raises RollNotOpenError before the day of the meeting, RollSignedError after the sign-off.
    """
    held = _meeting(work, meeting_id, lock=True)
    if held["held_on"] > _today(work, held):
        raise RollNotOpenError(f"the meeting is on {held['held_on']}")
    enrolled = {row["signatory_id"]: row for row in _enrolled(work, held)}
    marks = _marks(work, meeting_id)
    known = {mark["id"] for mark in marks}
    current = {mark["signatory_id"]: mark for mark in marks}
    if held["state"] == "signed" and not all(command.id in known for command in commands):
        raise RollSignedError(f"the roll of meeting {meeting_id} is signed: correct the mark instead")
    results, fresh = [], []
    for command in commands:
        if command.id in known:
            results.append(MarkResult(id=command.id, state="kept"))
            continue
        try:
            fresh.append(_mark_row(work, held, enrolled, current, command))
        except MarkRefusedError as refused:
            results.append(MarkResult(id=command.id, state="refused", code=refused.code, message=str(refused)))
        else:
            known.add(command.id)
            current[command.signatory_id] = fresh[-1]
            results.append(MarkResult(id=command.id, state="kept"))
    if fresh:
        insert_new(work.db, storage.roll, [_open_roll(held)])
        work.db.execute(storage.mark.insert(), fresh)
    if sign and all(result.state == "kept" for result in results):
        _sign(work, held, list(enrolled.values()), current)
    return results


def mark_rolls(work: Work, commands: Sequence[RollCommand]) -> list[RollResult]:
    """
    Keep the marks of several rolls: what a device kept while it had no network. Each roll is answered for itself.

    The whole may be sent again: what was kept before is kept once.
    """
    found = {}
    for command in sorted(commands, key=lambda one: one.meeting_id):  # one order of locks for everybody
        try:
            with work.db.connection().begin_nested():
                results = mark_roll(work, command.meeting_id, command.marks, sign=command.sign)
        except (NotFoundError, ConflictError) as error:
            refused = RollResult(meeting_id=command.meeting_id, code=error.code, message=str(error))
            found[command.meeting_id] = refused
        else:
            found[command.meeting_id] = RollResult(meeting_id=command.meeting_id, results=results)
    return [found[command.meeting_id] for command in commands]


def sign_roll(work: Work, meeting_id: UUID) -> dict[str, Any]:
    """
    Sign a roll off: everybody has a mark, and whoever missed a civic day is told, with their need open again.

    A second call changes nothing. Raises RollNotOpenError, ConflictError (`roll_incomplete`).
    """
    held = _meeting(work, meeting_id, lock=True)
    if held["state"] == "signed":
        return held
    if held["held_on"] > _today(work, held):
        raise RollNotOpenError(f"the meeting is on {held['held_on']}")
    return _sign(work, held, _enrolled(work, held), _current_marks(work, meeting_id))


def _sign(
    work: Work, held: Mapping[str, Any], enrolled: Sequence[Mapping[str, Any]], marks: Mapping[UUID, Mapping[str, Any]]
) -> dict[str, Any]:
    if held["state"] == "signed":
        return dict(held)
    missing = [row["reference"] for row in enrolled if row["signatory_id"] not in marks]
    if missing:
        raise ConflictError(f"{len(missing)} people have no mark yet: {', '.join(missing[:5])}", "roll_incomplete")
    came = {person for person, mark in marks.items() if mark["status"] in CAME}
    meeting_id = held["id"]
    insert_new(work.db, storage.roll, [_open_roll(held)])
    signed = {"state": "signed", "signed_by": work.who.actor, "signed_at": work.now}
    work.db.execute(storage.roll.update().where(storage.roll.c.meeting_id == meeting_id).values(**signed))
    presence.keep(work, held, marks.values())
    touch(work, [row["contract_id"] for row in enrolled])
    present, absent = len(came), sum(1 for mark in marks.values() if mark["status"] in ABSENT)
    work.tell(RollSigned(meeting_id=meeting_id, session_id=held["session_id"], present=present, absent=absent))
    if held["training"] == "civic":
        work.tell(*_missed(held, enrolled, marks))
    return {**held, **signed}


def correct_mark(work: Work, command: MarkCommand, meeting_id: UUID, reason: str) -> None:
    """Correct a mark of a signed roll: a new mark supersedes it, both stay visible. Raises InvalidInputError."""
    if reason not in CORRECTIONS:
        raise InvalidInputError("the correction is refused", [FieldFault("reason", "choice", f"one of {CORRECTIONS}")])
    held = _meeting(work, meeting_id, lock=True)
    if held["state"] != "signed":
        raise RollNotOpenError(f"the roll of meeting {meeting_id} is not signed yet: change the mark itself")
    enrolled = {row["signatory_id"]: row for row in _enrolled(work, held)}
    current = _current_marks(work, meeting_id)
    row = _mark_row(work, held, enrolled, current, command) | {"reason": reason}
    insert_new(work.db, storage.mark, [row])
    presence.keep(work, held, [row])
    touch(work, [enrolled[command.signatory_id]["contract_id"]])


def qualify_absence(work: Work, mark_id: UUID, new_id: UUID, *, justified: bool, reason: str) -> None:
    """
    Say whether an absence is justified: only a named OFII agent does, never the clock. The mark before stays visible.

    Raises NotFoundError, ConflictError (`not_an_absence`, `superseded`), InvalidInputError for an unknown reason.
    """
    if justified and reason not in JUSTIFICATIONS:
        fault = FieldFault("reason", "choice", f"one of {', '.join(JUSTIFICATIONS)}")
        raise InvalidInputError("the qualification is refused", [fault])
    before = storage.one(work.db, storage.mark, mark_id, "mark", lock=True)
    if before["status"] not in ABSENT:
        raise ConflictError(f"mark {mark_id} is {before['status']}, no absence", "not_an_absence")
    latest = _current_marks(work, before["meeting_id"])[before["signatory_id"]]
    if latest["id"] == new_id:
        return
    if latest["id"] != mark_id:
        raise ConflictError(f"mark {mark_id} is superseded by {latest['id']}", "superseded")
    status = Status.ABSENT_JUSTIFIED if justified else Status.ABSENT_UNJUSTIFIED
    row = before | {
        "id": new_id,
        "status": status.value,
        "supersedes": mark_id,
        "reason": reason,
        "actor": work.who.actor,
        "recorded_at": work.now,
        "seq": before["seq"] + 1,
    }
    work.db.execute(storage.mark.insert(), [row])
    presence.requalify(work, row)
    mine = sa.select(storage.placement.c.contract_id).where(storage.placement.c.signatory_id == row["signatory_id"])
    touch(work, work.db.scalars(mine).all())


def keep_attempt(work: Work, attempt_id: UUID, signatory_id: UUID, *, method: str, outcome: str) -> None:
    """Keep that somebody tried to reach a person; the same id again changes nothing. Raises NotFoundError."""
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    row = {"id": attempt_id, "signatory_id": person["id"], "method": method, "outcome": outcome}
    row |= {"made_on": work.now.date(), "actor": work.who.actor}
    insert_new(work.db, storage.attempt, [row])
    mine = sa.select(storage.contract.c.id).where(storage.contract.c.signatory_id == signatory_id)
    touch(work, work.db.scalars(mine).all())


def keep_level(work: Work, contract_id: UUID, *, level: str, test: str, reached_on: date) -> None:
    """
    Keep that a person proved the target level: at the intermediate test it ends the course early.

    That satisfies assiduity and adds no hour (order of 30 December 2021, art. 5). Raises NotFoundError.
    """
    storage.one(work.db, storage.contract, contract_id, "contract")
    row = {"contract_id": contract_id, "level": level, "test": test, "reached_on": reached_on}
    insert_new(work.db, storage.early_exit, [row | {"actor": work.who.actor}])
    touch(work, [contract_id])


def _meeting(work: Work, meeting_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    meeting, session, roll = storage.meeting, storage.session, storage.roll
    query = (
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
            roll.c.signed_by,
            roll.c.signed_at,
        )
        .join(session, session.c.id == meeting.c.session_id)
        .join(storage.site, storage.site.c.id == session.c.site_id)
        .outerjoin(roll, roll.c.meeting_id == meeting.c.id)
        .where(meeting.c.id == meeting_id)
    )
    query = _visible(work, query)
    found = work.db.execute(query.with_for_update(of=meeting) if lock else query).mappings().first()
    if found is None:
        raise NotFoundError("meeting", meeting_id)
    return dict(found)


def _visible(work: Work, query: sa.Select[Any]) -> sa.Select[Any]:
    """Narrow to what this person may see: a provider's people see their own body's groups, a trainer their own."""
    who = work.who
    if who.role == "trainer":
        body, _, trainer = who.scope.partition("/")
        return query.where(storage.session.c.trainer == trainer, _of_body(body))
    if who.role == "provider_manager":
        return query.where(_of_body(who.scope))
    if who.role in {"planner", "auditor", "controller", "admin", "service"}:
        return query
    raise ForbiddenError(f"{who.role} does not see rolls")


def _of_body(code: str) -> sa.ColumnElement[bool]:
    bodies = sa.select(storage.provider.c.id).where(storage.provider.c.code == code)
    return storage.session.c.provider_id.in_(bodies)


def _enrolled(work: Work, held: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return who has a seat in this very meeting: for its part, and joined by that day."""
    seat, person = storage.placement, storage.signatory
    query = (
        sa.select(
            seat.c.signatory_id,
            seat.c.id.label("placement_id"),
            seat.c.contract_id,
            person.c.name,
            person.c.alias,
            person.c.reference,
        )
        .join(person, person.c.id == seat.c.signatory_id)
        .where(seat.c.session_id == held["session_id"], seat.c.part == held["part"], seat.c.state == "active")
        .where(seat.c.joins_on <= held["held_on"])
        .order_by(person.c.name, seat.c.signatory_id)
    )
    ended = sa.select(storage.early_exit.c.contract_id).where(storage.early_exit.c.reached_on < held["held_on"])
    if held["training"] == "language":
        query = query.where(seat.c.contract_id.not_in(ended))
    return storage.rows(work.db, query)


def _marks(work: Work, meeting_id: UUID) -> list[dict[str, Any]]:
    """Return every mark of a meeting in the order of recording: the last one of a person is in force."""
    query = sa.select(storage.mark).where(storage.mark.c.meeting_id == meeting_id)
    return storage.rows(work.db, query.order_by(storage.mark.c.seq))


def _current_marks(work: Work, meeting_id: UUID) -> dict[UUID, dict[str, Any]]:
    return {mark["signatory_id"]: mark for mark in _marks(work, meeting_id)}


def _mark_row(
    work: Work,
    held: Mapping[str, Any],
    enrolled: Mapping[UUID, Mapping[str, Any]],
    current: Mapping[UUID, Mapping[str, Any]],
    command: MarkCommand,
) -> dict[str, Any]:
    if command.signatory_id not in enrolled:
        fault = FieldFault("signatory_id", "not_enrolled", "this person has no seat in this meeting")
        raise MarkRefusedError("the mark is refused", [fault])
    status = Status(command.status)
    check_mark(status, command.minutes_lost, command.act, command.act_reason, held["minutes"])
    before = current.get(command.signatory_id)
    return {
        "id": command.id,
        "meeting_id": held["id"],
        "signatory_id": command.signatory_id,
        "status": status.value,
        "minutes_lost": command.minutes_lost,
        "act": command.act,
        "act_reason": command.act_reason,
        "supersedes": before["id"] if before else None,
        "reason": "",
        "actor": work.who.actor,
        "effective_at": command.effective_at or work.now,
        "recorded_at": work.now,
        "seq": before["seq"] + 1 if before else 1,
    }


def _missed(
    held: Mapping[str, Any], enrolled: Sequence[Mapping[str, Any]], marks: Mapping[UUID, Mapping[str, Any]]
) -> list[MeetingMissed]:
    return [
        MeetingMissed(
            contract_id=row["contract_id"],
            signatory_id=row["signatory_id"],
            meeting_id=held["id"],
            session_id=held["session_id"],
            placement_id=row["placement_id"],
            part=held["part"],
            missed_on=held["held_on"],
        )
        for row in enrolled
        if marks[row["signatory_id"]]["status"] in ABSENT
    ]


def _open_roll(held: Mapping[str, Any]) -> dict[str, Any]:
    row = {"meeting_id": held["id"], "session_id": held["session_id"], "state": "open"}
    return row | {"signed_by": None, "signed_at": None}


def _today(work: Work, held: Mapping[str, Any]) -> date:
    return work.now.astimezone(ZoneInfo(held["zone"])).date()

"""Taking the roll: opening, marking, signing off, correcting; qualifying absences; attempts to reach a person."""

__all__ = [
    "MarkCommand",
    "MarkResult",
    "RollCommand",
    "RollResult",
    "correct_mark",
    "keep_attempt",
    "keep_level",
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
from services.attendance.domain.marks import ABSENT, Mark, Status, check_mark
from services.attendance.usecases import presence, sheets
from services.attendance.usecases.hearing import touch
from services.attendance.usecases.sheets import Sheet
from shared.communes import department_of
from shared.database import insert_new
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.scope import check_territory
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
    """What became of one roll. `code` says why it took no mark or was not signed; other rolls are not touched by it."""

    meeting_id: UUID
    results: Sequence[MarkResult] = ()
    code: str = ""
    message: str = ""


def rolls_between(
    work: Work, first: date, last: date, after: UUID | None = None, limit: int = 200, *, people: bool = False
) -> list[dict[str, Any]]:
    """Return the meetings between two days that who asks may see, by id, with the state of their roll."""
    meeting = storage.meeting
    query = sheets.meetings(work, meeting.c.held_on.between(first, last), storage.session.c.state == "open")
    if after is not None:
        query = query.where(meeting.c.id > after)
    held = storage.rows(work.db, query.limit(limit))
    return [sheet.view() for sheet in sheets.load(work, held).values()] if people else held


def read_roll(work: Work, meeting_id: UUID) -> dict[str, Any]:
    """Return one roll: the meeting, who sits in it, and the mark in force for each. Raises NotFoundError."""
    held = storage.rows(work.db, sheets.meetings(work, storage.meeting.c.id == meeting_id))
    if not held:
        raise NotFoundError("meeting", meeting_id)
    return sheets.load(work, held)[meeting_id].view()


def mark_rolls(work: Work, commands: Sequence[RollCommand]) -> list[RollResult]:
    """
    Keep the marks of several rolls: what a device kept while it had no network. Each roll is answered for itself.

    The whole may be sent again: what was kept before is kept once.
    """
    asked = storage.meeting.c.id.in_([command.meeting_id for command in commands])
    held = storage.rows(work.db, sheets.meetings(work, asked).with_for_update(of=storage.meeting))
    found = sheets.load(work, held)
    used = _meetings_of(work, [mark.id for command in commands for mark in command.marks])
    results = []
    for command in commands:
        sheet = found.get(command.meeting_id)
        if sheet is None:
            unknown = NotFoundError("meeting", command.meeting_id)
            results.append(RollResult(meeting_id=command.meeting_id, code=unknown.code, message=str(unknown)))
            continue
        kept: list[MarkResult] = []
        code = message = ""
        try:
            kept += _mark(work, sheet, command, used)
            if command.sign and all(result.state == "kept" for result in kept):
                sheet.sign(work)
        except ConflictError as error:
            code, message = error.code, str(error)
        results.append(RollResult(meeting_id=command.meeting_id, results=kept, code=code, message=message))
    sheets.keep(work, list(found.values()))
    return results


def _mark(work: Work, sheet: Sheet, command: RollCommand, used: dict[UUID, UUID]) -> list[MarkResult]:
    """
    Put marks on a sheet; each is answered for itself. An id `used` in another meeting is no mark of this one.

    Raises RollNotOpenError before the day of the meeting, RollSignedError after the sign-off.
    """
    sheets.check_open(work, sheet)
    if sheet.signed and not all(mark.id in sheet.known for mark in command.marks):
        raise RollSignedError(f"the roll of meeting {command.meeting_id} is signed: correct the mark instead")
    results = []
    for mark in command.marks:
        if used.get(mark.id, command.meeting_id) != command.meeting_id:
            words = f"id {mark.id} is a mark of another meeting"
            results.append(MarkResult(id=mark.id, state="refused", code="id_reused", message=words))
            continue
        try:
            if mark.id not in sheet.known:
                sheet.add(_checked(work, sheet, mark))
                used[mark.id] = command.meeting_id
            results.append(MarkResult(id=mark.id, state="kept"))
        except MarkRefusedError as refused:
            results.append(MarkResult(id=mark.id, state="refused", code=refused.code, message=str(refused)))
    return results


def sign_roll(work: Work, meeting_id: UUID) -> dict[str, Any]:
    """
    Sign a roll off: everybody has a mark, and whoever missed a civic day is told, with their need open again.

    A second call changes nothing. Raises RollNotOpenError, ConflictError (`roll_incomplete`).
    """
    sheet = sheets.open_sheet(work, meeting_id)
    sheet.sign(work)
    sheets.keep(work, [sheet])
    return sheet.meeting


def correct_mark(work: Work, command: MarkCommand, meeting_id: UUID, reason: str) -> None:
    """Correct a mark of a signed roll: a new mark supersedes it, both stay visible. Raises InvalidInputError."""
    if reason not in CORRECTIONS:
        raise InvalidInputError("the correction is refused", [FieldFault("reason", "choice", f"one of {CORRECTIONS}")])
    sheet = sheets.open_sheet(work, meeting_id)
    if not sheet.signed:
        raise RollNotOpenError(f"the roll of meeting {meeting_id} is not signed yet: change the mark itself")
    if _meetings_of(work, [command.id]).get(command.id, meeting_id) != meeting_id:
        raise ConflictError(f"id {command.id} is a mark of another meeting", "id_reused")
    if command.id not in sheet.known:
        sheet.add(_checked(work, sheet, command), reason=reason)
        sheets.keep(work, [sheet])


def _meetings_of(work: Work, mark_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the meeting of each of these marks that is known."""
    mark = storage.mark
    return dict(work.db.execute(sa.select(mark.c.id, mark.c.meeting_id).where(mark.c.id.in_(mark_ids))).all())


def _checked(work: Work, sheet: Sheet, command: MarkCommand) -> Mark:
    """Return the mark that a device asks for. Raises MarkRefusedError where it contradicts itself or its meeting."""
    status = Status(command.status)
    check_mark(status, command.minutes_lost, command.act, command.act_reason, sheet.meeting["minutes"])
    return Mark(
        id=command.id,
        signatory_id=command.signatory_id,
        status=status,
        minutes_lost=command.minutes_lost,
        act=command.act,
        act_reason=command.act_reason,
        actor=work.who.actor,
        effective_at=command.effective_at or work.now,
        recorded_at=work.now,
    )


def qualify_absence(work: Work, mark_id: UUID, new_id: UUID, *, justified: bool, reason: str) -> None:
    """
    Say whether an absence is justified: only a named OFII agent does, never the clock. The mark before stays visible.

    The same again changes nothing. Raises NotFoundError, ForbiddenError, ConflictError (`not_an_absence`,
    `superseded`, `id_reused`), InvalidInputError for an unknown reason.
    """
    if justified and reason not in JUSTIFICATIONS:
        fault = FieldFault("reason", "choice", f"one of {', '.join(JUSTIFICATIONS)}")
        raise InvalidInputError("the qualification is refused", [fault])
    before = storage.one(work.db, storage.mark, mark_id, "mark", lock=True)
    person = storage.one(work.db, storage.signatory, before["signatory_id"], "signatory")
    check_territory(work.who, person["territory"])
    if before["status"] not in ABSENT:
        raise ConflictError(f"mark {mark_id} is {before['status']}, no absence", "not_an_absence")
    status = Status.ABSENT_JUSTIFIED if justified else Status.ABSENT_UNJUSTIFIED
    said = {"supersedes": mark_id, "status": status.value, "reason": reason}
    if _made_before(work, storage.mark, new_id, said):
        return
    latest = _latest(work, before)
    if latest["id"] != mark_id:
        raise ConflictError(f"mark {mark_id} is superseded by {latest['id']}", "superseded")
    row = before | said
    row |= {
        "id": new_id,
        "actor": work.who.actor,
        "recorded_at": work.now,
        "seq": before["seq"] + 1,
    }
    work.db.execute(storage.mark.insert(), [row])
    presence.requalify(work, row)
    mine = sa.select(storage.placement.c.contract_id).where(storage.placement.c.signatory_id == row["signatory_id"])
    touch(work, work.db.scalars(mine).all())


def _made_before(work: Work, table: sa.Table, key: UUID, said: Mapping[str, Any]) -> bool:
    """Say whether this was made before under a client's id. Raises ConflictError (`id_reused`) for something else."""
    made = storage.rows(work.db, sa.select(table).where(table.c.id == key))
    if made and any(made[0][name] != value for name, value in said.items()):
        raise ConflictError(f"id {key} was used before for something else", "id_reused")
    return bool(made)


def _latest(work: Work, mark: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mark in force of the same person and half-day."""
    table = storage.mark
    same = sa.and_(table.c.meeting_id == mark["meeting_id"], table.c.signatory_id == mark["signatory_id"])
    return storage.rows(work.db, sa.select(table).where(same).order_by(table.c.seq.desc()).limit(1))[0]


def keep_attempt(work: Work, attempt_id: UUID, signatory_id: UUID, *, method: str, outcome: str) -> None:
    """
    Keep that somebody tried to reach a person; the same id again changes nothing.

    OFII for its territory, a training body for who sits in its groups. Raises NotFoundError, ForbiddenError,
    ConflictError (`id_reused`).
    """
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    seats = storage.placement.c.signatory_id == signatory_id
    sheets.check_seen(work, person["territory"], seats, NotFoundError("signatory", signatory_id))
    said = {"signatory_id": signatory_id, "method": method, "outcome": outcome}
    if _made_before(work, storage.attempt, attempt_id, said):
        return
    stamp = {"id": attempt_id, "made_on": work.now.date(), "actor": work.who.actor}
    work.db.execute(storage.attempt.insert(), [stamp | said])
    mine = sa.select(storage.contract.c.id).where(storage.contract.c.signatory_id == signatory_id)
    touch(work, work.db.scalars(mine).all())


def keep_level(work: Work, contract_id: UUID, *, level: str, test: str, reached_on: date) -> None:
    """
    Keep that a person proved the target level: at the intermediate test it ends the course early.

    That satisfies assiduity and adds no hour (order of 30 December 2021, art. 5). OFII for its territory, a training
    body for who sits in its groups. Raises NotFoundError, ForbiddenError, ConflictError (`level_recorded`),
    InvalidInputError for a day that cannot be.
    """
    contract = storage.one(work.db, storage.contract, contract_id, "contract")
    seats = storage.placement.c.contract_id == contract_id
    sheets.check_seen(work, contract["territory"], seats, NotFoundError("contract", contract_id))
    today = work.now.astimezone(ZoneInfo(department_of(contract["territory"]).time_zone)).date()
    if not contract["signed_on"] <= reached_on <= today:
        words = f"from the signature ({contract['signed_on']}) to today ({today})"
        raise InvalidInputError("the level is refused", [FieldFault("reached_on", "range", words)])
    row = {"contract_id": contract_id, "level": level, "test": test, "reached_on": reached_on}
    known = storage.rows(work.db, sa.select(storage.early_exit).where(storage.early_exit.c.contract_id == contract_id))
    if known and any(known[0][name] != value for name, value in row.items()):
        raise ConflictError(f"level {known[0]['level']} of {known[0]['reached_on']} is recorded", "level_recorded")
    insert_new(work.db, storage.early_exit, [row | {"actor": work.who.actor}])
    touch(work, [contract_id])

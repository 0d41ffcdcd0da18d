"""
Corrections of a sealed roll: a new version by whoever may, with its reason; the one before stays visible.

For some days the training body corrects by itself; later it asks, and a named agent of OFII decides.
"""

__all__ = [
    "CORRECTIONS",
    "REFUSALS",
    "Request",
    "ask_correction",
    "correct_mark",
    "corrected_until",
    "decide_correction",
    "requests",
    "versions",
    "window_open",
]

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.delays import Delays
from services.attendance.domain.errors import RollNotOpenError
from services.attendance.domain.marks import ONLY_BY_OFII
from services.attendance.usecases import sheets
from services.attendance.usecases.rolls import MarkCommand, checked, meetings_of
from services.attendance.usecases.seeing import OF_A_BODY, meetings, territory_of
from services.attendance.usecases.sheets import Sheet
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.scope import check_territory
from shared.work import Work

CORRECTIONS = ("wrong_person", "came_later", "typing_error", "sheet_found", "person_proved_presence")
REFUSALS = ("no_evidence", "contradicted", "too_late", "duplicate")
COMMAND = ("status", "minutes_lost", "act", "act_reason", "proof_ref", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A correction that a training body asks for: the mark that should stand, and why."""

    id: UUID
    mark: MarkCommand
    reason: str


def correct_mark(work: Work, command: MarkCommand, meeting_id: UUID, reason: str, delays: Delays) -> None:
    """
    Correct a mark of a signed roll: a new mark supersedes it, both stay visible.

    What an agent of OFII has qualified is OFII's to change. Raises InvalidInputError, RollNotOpenError, ConflictError
    (`id_reused`, `correction_window_closed`, `qualified`).
    """
    _check_reason(reason)
    sheet = _signed_sheet(work, meeting_id)
    if _made_before(sheet, command):
        return
    until = corrected_until(sheet.meeting, delays)
    if not window_open(work, sheet.meeting, delays):
        words = f"the roll could be corrected until {until:%Y-%m-%d}: ask OFII for the correction"
        raise ConflictError(words, "correction_window_closed")
    latest = sheet.current.get(command.signatory_id)
    if latest is not None and latest["status"] in ONLY_BY_OFII:
        raise ConflictError("a named agent of OFII qualified this absence: ask OFII for the correction", "qualified")
    _correct(work, sheet, command, reason)


def corrected_until(meeting: Mapping[str, Any], delays: Delays) -> date:
    """Return the last day, at the site, on which a training body corrects a signed roll by itself."""
    return _day_at(meeting, meeting["signed_at"]) + timedelta(days=delays.correction_days)


def ask_correction(work: Work, request: Request, meeting_id: UUID) -> None:
    """
    Ask OFII for a correction; the same id again changes nothing.

    Raises InvalidInputError, MarkRefusedError, RollNotOpenError, ConflictError (`id_reused`).
    """
    _check_reason(request.reason)
    sheet = _signed_sheet(work, meeting_id)
    checked(work, sheet, request.mark)
    table = storage.correction_request
    said = {"meeting_id": meeting_id, "signatory_id": request.mark.signatory_id, "reason": request.reason}
    said["mark"] = _as_json(request.mark)
    if storage.made_before(work.db, table, request.id, said):
        return
    fresh = {"id": request.id, "state": "asked", "refused_because": "", "asked_by": work.who.actor}
    fresh |= {"asked_at": work.now, "decided_by": "", "decided_at": None}
    work.db.execute(table.insert(), [said | fresh])


def decide_correction(work: Work, request_id: UUID, *, accepted: bool, refused_because: str = "") -> dict[str, Any]:
    """
    Decide on a correction that was asked for: a named agent of OFII, in their territory. The same again is no change.

    Raises NotFoundError, ForbiddenError, ConflictError (`decided`), InvalidInputError, MarkRefusedError.
    """
    table = storage.correction_request
    row = storage.one(work.db, table, request_id, "correction request", lock=True)
    person = storage.one(work.db, storage.signatory, row["signatory_id"], "signatory")
    check_territory(work.who, person["territory"])
    if not accepted and refused_because not in REFUSALS:
        fault = FieldFault("refused_because", "choice", f"one of {', '.join(REFUSALS)}")
        raise InvalidInputError("the decision is refused", [fault])
    state = "accepted" if accepted else "refused"
    if row["state"] != "asked":
        if row["state"] == state:
            return row
        raise ConflictError(f"the request is {row['state']} since {row['decided_at']:%Y-%m-%d}", "decided")
    if accepted:
        _correct(work, sheets.of_mark(work, row), _from_json(row["mark"]), row["reason"])
    decided: dict[str, Any] = {"state": state, "refused_because": "" if accepted else refused_because}
    decided |= {"decided_by": work.who.actor, "decided_at": work.now}
    work.db.execute(table.update().where(table.c.id == request_id).values(**decided))
    return row | decided


def requests(work: Work, territory: str | None, state: str | None, after: UUID | None, limit: int) -> list[Any]:
    """Return corrections that were asked for, by id: a training body's own, or those of a territory's people."""
    table, person = storage.correction_request, storage.signatory
    columns = (table, person.c.reference, storage.meeting.c.held_on, storage.meeting.c.session_id)
    query = sa.select(*columns).join(person, person.c.id == table.c.signatory_id)
    query = query.join(storage.meeting, storage.meeting.c.id == table.c.meeting_id)
    if work.who.role in OF_A_BODY:
        seen = meetings(work).with_only_columns(storage.meeting.c.id).order_by(None)
        query = query.where(table.c.meeting_id.in_(seen))
    elif territory:
        query = query.where(person.c.territory == territory)
    if state:
        query = query.where(table.c.state == state)
    if after is not None:
        query = query.where(table.c.id > after)
    return storage.rows(work.db, query.order_by(table.c.id).limit(limit))


def versions(work: Work, meeting_id: UUID) -> list[dict[str, Any]]:
    """
    Return every mark of a roll with the version in which it was sealed (null: not sealed), the oldest first.

    Marks of who has left the group since stay; OFII sees those of its territory. Raises NotFoundError.
    """
    sheet = sheets.visible_sheet(work, meeting_id)
    seal = storage.seal
    sealed = sa.select(seal.c.version, seal.c.sealed_at, seal.c.commitments).where(seal.c.meeting_id == meeting_id)
    version_of = {
        mark_id: (version, at) for version, at, commitments in work.db.execute(sealed) for mark_id, _ in commitments
    }
    references = _references(work, sheet)
    nothing = (None, None)
    return [
        {**(sheet.shown(mark) or mark), "reference": references[mark["signatory_id"]]}
        | dict(zip(("version", "sealed_at"), version_of.get(str(mark["id"]), nothing), strict=True))
        for mark in sheet.history
        if mark["signatory_id"] in references
    ]


def _references(work: Work, sheet: Sheet) -> dict[UUID, str]:
    """Return the references of everybody on a sheet, of those too who were marked there and have left since."""
    person = storage.signatory
    gone = {mark["signatory_id"] for mark in sheet.history} - sheet.people.keys()
    query = sa.select(person.c.id, person.c.reference).where(person.c.id.in_(gone))
    if territory_of(work):
        query = query.where(person.c.territory == work.who.scope)
    left = dict(work.db.execute(query).all()) if gone else {}
    return {key: one["reference"] for key, one in sheet.people.items()} | left


def window_open(work: Work, meeting: Mapping[str, Any], delays: Delays) -> bool:
    """Say whether a training body still corrects this signed roll by itself."""
    return _day_at(meeting, work.now) <= corrected_until(meeting, delays)


def _day_at(meeting: Mapping[str, Any], instant: datetime) -> date:
    return instant.astimezone(ZoneInfo(meeting["zone"])).date()


def _check_reason(reason: str) -> None:
    if reason not in CORRECTIONS:
        fault = FieldFault("reason", "choice", f"one of {', '.join(CORRECTIONS)}")
        raise InvalidInputError("the correction is refused", [fault])


def _signed_sheet(work: Work, meeting_id: UUID) -> Sheet:
    sheet = sheets.open_sheet(work, meeting_id)
    if not sheet.signed:
        raise RollNotOpenError(f"the roll of meeting {meeting_id} is not signed yet: change the mark itself")
    return sheet


def _made_before(sheet: Sheet, command: MarkCommand) -> bool:
    """Say whether this mark stands on the sheet already. Raises ConflictError (`id_reused`) for another one's id."""
    if command.id not in sheet.known:
        return False
    if not sheet.says(command.id, command.signatory_id, command.status):
        raise ConflictError(f"id {command.id} was used before for something else", "id_reused")
    return True


def _correct(work: Work, sheet: Sheet, command: MarkCommand, reason: str) -> None:
    if _made_before(sheet, command):
        return  # asked for twice, or corrected by the training body meanwhile: sealed once
    meeting_id = sheet.meeting["id"]
    if meetings_of(work, [command.id]).get(command.id, meeting_id) != meeting_id:
        raise ConflictError(f"id {command.id} is a mark of another meeting", "id_reused")
    sheet.add(checked(work, sheet, replace(command, effective_at=None)), reason=reason)
    sheets.keep(work, [sheet])


def _as_json(command: MarkCommand) -> dict[str, Any]:
    said = {name: value for name, value in asdict(command).items() if name in COMMAND}
    ids = {name: str(value) if (value := getattr(command, name)) else None for name in ("id", "signatory_id", "act_id")}
    times = {name: value.isoformat() if (value := getattr(command, name)) else None for name in ("arrived", "left")}
    return said | ids | times


def _from_json(said: Mapping[str, Any]) -> MarkCommand:
    named: dict[str, Any] = {name: said[name] for name in COMMAND}
    named |= {name: time.fromisoformat(said[name]) if said[name] else None for name in ("arrived", "left")}
    act_id = UUID(said["act_id"]) if said["act_id"] else None
    return MarkCommand(id=UUID(said["id"]), signatory_id=UUID(said["signatory_id"]), act_id=act_id, **named)

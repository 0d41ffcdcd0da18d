"""Roll sheets in hand: several are read at once, marked and signed in memory, and kept at once."""

__all__ = ["Sheet", "check_open", "check_seen", "keep", "load", "meetings", "open_sheet"]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.errors import MarkRefusedError, RollNotOpenError
from services.attendance.domain.marks import ABSENT, CAME, Mark
from services.attendance.usecases import presence
from services.attendance.usecases.hearing import touch
from shared.database import insert_new, rows
from shared.errors import ConflictError, FieldFault, ForbiddenError, NotFoundError
from shared.events import MeetingMissed, RollSigned
from shared.scope import check_territory
from shared.work import Work


@dataclass(slots=True)
class Sheet:
    """One meeting, who has a seat in it, the mark in force for each, and what is new and not kept yet."""

    meeting: dict[str, Any]
    people: Mapping[UUID, dict[str, Any]]  # by signatory, in the order in which they are called
    current: dict[UUID, dict[str, Any]]
    known: set[UUID]  # ids of every mark ever kept
    fresh: list[dict[str, Any]] = field(default_factory=list)
    signed_now: bool = False

    @property
    def signed(self) -> bool:
        return bool(self.meeting["state"] == "signed")

    def view(self) -> dict[str, Any]:
        """Return the meeting with its people and the mark in force for each."""
        people = [person | {"mark": self.current.get(key)} for key, person in self.people.items()]
        return self.meeting | {"people": people}

    def add(self, mark: Mark, *, reason: str = "") -> None:
        """Put a mark in force; the one before stays on the sheet. Raises MarkRefusedError for who has no seat here."""
        if mark.signatory_id not in self.people:
            fault = FieldFault("signatory_id", "not_enrolled", "this person has no seat in this meeting")
            raise MarkRefusedError("the mark is refused", [fault])
        before = self.current.get(mark.signatory_id)
        row = {
            "id": mark.id,
            "meeting_id": self.meeting["id"],
            "signatory_id": mark.signatory_id,
            "status": mark.status.value,
            "minutes_lost": mark.minutes_lost,
            "act": mark.act,
            "act_reason": mark.act_reason,
            "supersedes": before["id"] if before else None,
            "reason": reason,
            "actor": mark.actor,
            "effective_at": mark.effective_at,
            "recorded_at": mark.recorded_at,
            "seq": before["seq"] + 1 if before else 1,
        }
        self.current[mark.signatory_id] = row
        self.known.add(mark.id)
        self.fresh.append(row)

    def sign(self, work: Work) -> None:
        """Sign off; a second time changes nothing. Raises ConflictError (`roll_incomplete`)."""
        if self.signed:
            return
        missing = [person["reference"] for key, person in self.people.items() if key not in self.current]
        if missing:
            raise ConflictError(f"{len(missing)} people have no mark yet: {', '.join(missing[:5])}", "roll_incomplete")
        self.meeting |= {"state": "signed", "signed_by": work.who.actor, "signed_at": work.now}
        self.signed_now = True


OF_A_BODY = ("provider_manager", "trainer")  # see their own groups only
OFII = ("planner", "auditor", "controller", "admin")  # see the people of their territory; without one, everybody


def meetings(work: Work, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the query for meetings with the state of their roll, as far as who asks may see them."""
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
        .where(*conditions)
        .order_by(meeting.c.id)  # one order of locks for everybody
    )
    return _visible(work, query)


def load(work: Work, held: Sequence[dict[str, Any]]) -> dict[UUID, Sheet]:
    """Return the sheets of these meetings, by id."""
    marks: dict[UUID, list[dict[str, Any]]] = {}
    query = sa.select(storage.mark).where(storage.mark.c.meeting_id.in_([meeting["id"] for meeting in held]))
    for mark in rows(work.db, query.order_by(storage.mark.c.seq)):
        marks.setdefault(mark["meeting_id"], []).append(mark)
    seats = _seats(work, {meeting["session_id"] for meeting in held})
    found = {}
    for meeting in held:
        mine = marks.get(meeting["id"], ())
        people = {
            seat["signatory_id"]: {name: seat[name] for name in PERSON}
            for seat in seats.get((meeting["session_id"], meeting["part"]), ())
            if seat["joins_on"] <= meeting["held_on"] and not _ended_early(seat, meeting)
        }
        current = {mark["signatory_id"]: mark for mark in mine}  # the last one recorded is in force
        found[meeting["id"]] = Sheet(meeting, people, current, {mark["id"] for mark in mine})
    return found


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


def open_sheet(work: Work, meeting_id: UUID) -> Sheet:
    """
    Return one sheet to write on, its meeting locked.

    Raises NotFoundError, RollNotOpenError before the local day of the meeting.
    """
    query = meetings(work, storage.meeting.c.id == meeting_id).with_for_update(of=storage.meeting)
    sheet = load(work, rows(work.db, query)).get(meeting_id)
    if sheet is None:
        raise NotFoundError("meeting", meeting_id)
    check_open(work, sheet)
    return sheet


def check_open(work: Work, sheet: Sheet) -> None:
    """Raise RollNotOpenError before the local day of the meeting."""
    if sheet.meeting["held_on"] > work.now.astimezone(ZoneInfo(sheet.meeting["zone"])).date():
        raise RollNotOpenError(f"the meeting is on {sheet.meeting['held_on']}")


def keep(work: Work, sheets: Sequence[Sheet]) -> None:
    """Keep what is new on sheets: marks, sign-offs and what follows from them; whoever missed a civic day is told."""
    opened = [
        {"meeting_id": sheet.meeting["id"], "session_id": sheet.meeting["session_id"], "state": "open"}
        | {"signed_by": None, "signed_at": None}
        for sheet in sheets
        if sheet.fresh or sheet.signed_now
    ]
    insert_new(work.db, storage.roll, opened)
    insert_new(work.db, storage.mark, [mark for sheet in sheets for mark in sheet.fresh])
    signed = [sheet for sheet in sheets if sheet.signed_now]
    if signed:
        ids = [sheet.meeting["id"] for sheet in signed]
        stamp = {"state": "signed", "signed_by": work.who.actor, "signed_at": work.now}
        work.db.execute(storage.roll.update().where(storage.roll.c.meeting_id.in_(ids)).values(**stamp))
    counted = [(sheet, sheet.current.values() if sheet.signed_now else sheet.fresh) for sheet in sheets if sheet.signed]
    presence.keep(work, [(sheet.meeting, mark) for sheet, marks in counted for mark in marks])
    touched = {person["contract_id"] for sheet, _ in counted for person in sheet.people.values()}
    touch(work, touched)
    work.tell(*(event for sheet in signed for event in _told(sheet)))


PERSON = ("signatory_id", "placement_id", "contract_id", "name", "alias", "reference")


def _seats(work: Work, session_ids: Iterable[UUID]) -> dict[tuple[UUID, str], list[dict[str, Any]]]:
    """Return the active seats by (session, part), in the order in which people are called."""
    seat, person, early = storage.placement, storage.signatory, storage.early_exit
    query = (
        sa.select(
            seat.c.session_id,
            seat.c.part,
            seat.c.joins_on,
            seat.c.signatory_id,
            seat.c.id.label("placement_id"),
            seat.c.contract_id,
            person.c.name,
            person.c.alias,
            person.c.reference,
            early.c.reached_on,
        )
        .join(person, person.c.id == seat.c.signatory_id)
        .outerjoin(early, early.c.contract_id == seat.c.contract_id)
        .where(seat.c.session_id.in_(list(session_ids)), seat.c.state == "active")
        .order_by(person.c.name, seat.c.signatory_id)
    )
    if _territory(work):
        query = query.where(person.c.territory == work.who.scope)
    found: dict[tuple[UUID, str], list[dict[str, Any]]] = {}
    for row in rows(work.db, query):
        found.setdefault((row["session_id"], row["part"]), []).append(row)
    return found


def _ended_early(seat: Mapping[str, Any], meeting: Mapping[str, Any]) -> bool:
    reached_on: date | None = seat["reached_on"]
    return meeting["training"] == "language" and reached_on is not None and reached_on < meeting["held_on"]


def _visible(work: Work, query: sa.Select[Any]) -> sa.Select[Any]:
    """
    Narrow to what this person may see.

    A provider's people see their own body's groups, a trainer their own, OFII the groups in which somebody of their
    territory sits.
    """
    who = work.who
    if who.role == "trainer":
        body, _, trainer = who.scope.partition("/")
        return query.where(storage.session.c.trainer == trainer, _of_body(body))
    if who.role == "provider_manager":
        return query.where(_of_body(who.scope))
    if _territory(work):
        seat, person = storage.placement, storage.signatory
        sits = sa.select(seat.c.session_id).join(person, person.c.id == seat.c.signatory_id)
        mine = sits.where(person.c.territory == who.scope, seat.c.state == "active")
        return query.where(storage.session.c.id.in_(mine))
    if who.role in {*OFII, "service"}:
        return query
    raise ForbiddenError(f"{who.role} does not see rolls")


def _territory(work: Work) -> str:
    """Return the territory beyond which an agent of OFII sees nobody; empty where there is none."""
    return work.who.scope if work.who.role in OFII else ""


def _of_body(code: str) -> sa.ColumnElement[bool]:
    bodies = sa.select(storage.provider.c.id).where(storage.provider.c.code == code)
    return storage.session.c.provider_id.in_(bodies)


def _told(sheet: Sheet) -> Iterable[RollSigned | MeetingMissed]:
    meeting, statuses = sheet.meeting, [mark["status"] for mark in sheet.current.values()]
    present, absent = (sum(status in kinds for status in statuses) for kinds in (CAME, ABSENT))
    yield RollSigned(meeting_id=meeting["id"], session_id=meeting["session_id"], present=present, absent=absent)
    if meeting["training"] != "civic":
        return
    for key, person in sheet.people.items():
        if sheet.current[key]["status"] in ABSENT:
            yield MeetingMissed(
                contract_id=person["contract_id"],
                signatory_id=key,
                meeting_id=meeting["id"],
                session_id=meeting["session_id"],
                placement_id=person["placement_id"],
                part=meeting["part"],
                missed_on=meeting["held_on"],
            )

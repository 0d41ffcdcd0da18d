"""Roll sheets in hand: several are read at once, marked and signed in memory, and kept at once."""

__all__ = [
    "SIGNED",
    "Sheet",
    "check_open",
    "find_sheet",
    "keep",
    "load",
    "of_mark",
    "open_sheet",
    "opened",
    "visible_sheet",
]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.errors import MarkRefusedError, RollNotOpenError
from services.attendance.domain.following import BEARABLE
from services.attendance.domain.marks import ABSENT, CAME, ONLY_BY_OFII, Mark, Status, in_force
from services.attendance.domain.opening import OPENS_BEFORE, opens_at
from services.attendance.usecases import presence
from services.attendance.usecases.hearing import touch
from services.attendance.usecases.sealing import Signed, seal
from services.attendance.usecases.seeing import OF_A_BODY, all_meetings, locked, meetings, territory_of
from shared.database import insert_new, rows, upsert
from shared.errors import ConflictError, FieldFault, NotFoundError
from shared.events import AbsenceWithdrawn, DayIncomplete, MeetingMissed, RollSigned
from shared.ids import derived_id
from shared.work import Work


@dataclass(slots=True)
class Sheet:
    """One meeting, who is on its list, every mark ever kept, the mark in force for each, and what is not kept yet."""

    meeting: dict[str, Any]
    people: Mapping[UUID, dict[str, Any]]  # by signatory or provisional person, in the order in which they are called
    current: dict[UUID, Mapping[str, Any]]
    history: list[dict[str, Any]]
    acts: Sequence[Mapping[str, Any]] = ()  # what people did for this meeting, as it was recorded
    fresh: list[dict[str, Any]] = field(default_factory=list)
    submitted_now: bool = False
    signed_now: bool = False
    was: Mapping[UUID, str] = field(default_factory=dict)  # the status in force before anything was added here
    for_body: bool = False  # a training body looks at it: why somebody stayed away is not its business

    @property
    def signed(self) -> bool:
        return self.meeting["state"] in SIGNED

    @property
    def known(self) -> set[UUID]:
        """Return the ids of every mark ever kept."""
        return {mark["id"] for mark in self.history}

    def says(self, mark_id: UUID, signatory_id: UUID, status: str) -> bool:
        """Say whether the mark that was kept under this id is this person's and says this."""
        said = {(mark["signatory_id"], mark["status"]) for mark in self.history if mark["id"] == mark_id}
        return said == {(signatory_id, status)}

    def view(self) -> dict[str, Any]:
        """Return the meeting with its people and the mark in force for each."""
        hidden = {"announced_reason": ""} if self.for_body else {}
        people = [person | hidden | {"mark": self.shown(self.current.get(key))} for key, person in self.people.items()]
        return self.meeting | {"people": people}

    def shown(self, mark: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """Return a mark as who looks at the sheet may see it: a training body without OFII's reason and ground."""
        if mark is None or not self.for_body or mark["status"] not in ONLY_BY_OFII:
            return mark
        return {**mark, "reason": "", "ground": ""}

    def add(self, mark: Mark, *, reason: str = "", ground: str = "") -> None:
        """
        Put a mark on the sheet; the one before stays. Of an open roll the mark taken last is in force.

        Raises MarkRefusedError for who is not on the list and never was.
        """
        if mark.signatory_id not in self.people and mark.signatory_id not in self.current:
            fault = FieldFault("signatory_id", "not_enrolled", "this person has no seat in this meeting")
            raise MarkRefusedError("the mark is refused", [fault])
        before = self.current.get(mark.signatory_id)
        own = [one["seq"] for one in self.history if one["signatory_id"] == mark.signatory_id]
        row = {
            "id": mark.id,
            "meeting_id": self.meeting["id"],
            "signatory_id": mark.signatory_id,
            "status": mark.status.value,
            "minutes_lost": mark.minutes_lost,
            "act": mark.act,
            "act_reason": mark.act_reason,
            "act_id": mark.act_id,
            "proof_ref": mark.proof_ref,
            "arrived": mark.arrived,
            "left": mark.left,
            "source": mark.source,
            "ground": ground,
            "supersedes": before["id"] if before else None,
            "reason": reason,
            "actor": mark.actor,
            "effective_at": min(mark.effective_at, mark.recorded_at),
            "recorded_at": mark.recorded_at,
            "seq": max(own, default=0) + 1,
        }
        self.history.append(row)
        self.fresh.append(row)
        if before is None or in_force([before, row])[mark.signatory_id] is row:
            self.current[mark.signatory_id] = row

    def submit(self, work: Work) -> None:
        """Say that the device has sent everything: who announced an absence and has no mark is absent, as announced."""
        if self.meeting["state"] != "open":
            return
        for key, person in self.people.items():
            if key not in self.current and person["announced"] == "absent":
                self.add(_announced(work, self.meeting["id"], key))
        self._check_complete()
        self.meeting |= {"state": "submitted", "submitted_by": work.who.actor, "submitted_at": work.now}
        self.submitted_now = True

    def sign(self, work: Work, held_by: str | None = None) -> None:
        """Sign off and seal; a second time changes nothing. Raises ConflictError (`roll_incomplete`)."""
        if self.signed:
            return
        self.submit(work)
        self._check_complete()
        self.meeting |= {"state": "sealed", "version": 1, "sealed_at": work.now}
        self.meeting |= {"signed_by": work.who.actor, "signed_at": work.now}
        if held_by is not None:
            self.meeting["held_by"] = held_by
        self.signed_now = True

    def corrected(self) -> bool:
        """Say whether a sealed roll got new marks: it has one version more then."""
        return self.signed and not self.signed_now and bool(self.fresh)

    def _check_complete(self) -> None:
        missing = [person["reference"] for key, person in self.people.items() if key not in self.current]
        if missing:
            raise ConflictError(f"{len(missing)} people have no mark yet: {', '.join(missing[:5])}", "roll_incomplete")


SIGNED = frozenset({"signed", "sealed", "corrected"})


def load(work: Work, held: Sequence[dict[str, Any]]) -> dict[UUID, Sheet]:
    """Return the sheets of these meetings, by id."""
    ids = [meeting["id"] for meeting in held]
    marks: dict[UUID, list[dict[str, Any]]] = {}
    query = sa.select(storage.mark).where(storage.mark.c.meeting_id.in_(ids))
    for mark in rows(work.db, query.order_by(storage.mark.c.seq)):
        marks.setdefault(mark["meeting_id"], []).append(mark)
    seats = _seats(work, {meeting["session_id"] for meeting in held})
    acts = _acts(work, ids)
    guests = _guests(work, ids)
    announced = _announcements(work, ids)
    found = {}
    for meeting in held:
        mine = marks.get(meeting["id"], [])
        people = {
            seat["signatory_id"]: {name: seat[name] for name in PERSON} | {"provisional": False, "identified_as": None}
            for seat in seats.get((meeting["session_id"], meeting["part"]), ())
            if seat["joins_on"] <= meeting["held_on"] and not _ended_early(seat, meeting)
        }
        people |= {guest["signatory_id"]: guest for guest in guests.get(meeting["id"], ())}
        for key, person in people.items():
            person["announced"], person["announced_reason"] = announced.get((meeting["id"], key), ("", ""))
        current = in_force(mine)
        was = {key: mark["status"] for key, mark in current.items()}
        looks = work.who.role in OF_A_BODY
        acted = acts.get(meeting["id"], ())
        found[meeting["id"]] = Sheet(meeting, people, current, mine, acted, was=was, for_body=looks)
    return found


def open_sheet(work: Work, meeting_id: UUID, early: timedelta = OPENS_BEFORE) -> Sheet:
    """
    Return one sheet to write on, its meeting locked.

    Raises NotFoundError, RollNotOpenError until the meeting is `early` or less away.
    """
    sheet = find_sheet(work, meeting_id)
    check_open(work, sheet, early)
    return sheet


def find_sheet(work: Work, meeting_id: UUID) -> Sheet:
    """Return one sheet, its meeting locked, open or not. Raises NotFoundError."""
    held = locked(work, meetings(work, storage.meeting.c.id == meeting_id))
    sheet = load(work, held).get(meeting_id)
    if sheet is None:
        raise NotFoundError("meeting", meeting_id)
    return sheet


def visible_sheet(work: Work, meeting_id: UUID) -> Sheet:
    """Return the sheet of a meeting that who asks may see, to read. Raises NotFoundError."""
    held = rows(work.db, meetings(work, storage.meeting.c.id == meeting_id))
    if not held:
        raise NotFoundError("meeting", meeting_id)
    return load(work, held)[meeting_id]


def of_mark(work: Work, mark: Mapping[str, Any]) -> Sheet:
    """Return the sheet on which a mark stands, its meeting locked, whoever asks."""
    held = locked(work, all_meetings(storage.meeting.c.id == mark["meeting_id"]))
    return load(work, held)[mark["meeting_id"]]


def check_open(work: Work, sheet: Sheet, early: timedelta = OPENS_BEFORE) -> None:
    """Raise RollNotOpenError until the meeting is `early` or less away."""
    meeting = sheet.meeting
    opens = opens_at(meeting, early)
    if work.now < opens:
        raise RollNotOpenError(f"the meeting is on {meeting['held_on']}; its roll opens at {opens:%H:%M} UTC")


def keep(work: Work, sheets: Sequence[Sheet]) -> None:
    """Keep what is new on sheets: marks, sign-offs, their seal and what follows; who missed a civic day is told."""
    changed = [sheet for sheet in sheets if sheet.fresh or sheet.submitted_now or sheet.signed_now]
    insert_new(work.db, storage.roll, [opened(sheet.meeting) for sheet in changed])
    insert_new(work.db, storage.mark, [mark for sheet in sheets for mark in sheet.fresh])
    _keep_states(work, changed)
    counted = [sheet for sheet in sheets if sheet.signed_now or sheet.corrected()]
    seal(work, [_to_seal(sheet) for sheet in counted])
    seats = {
        (sheet.meeting["session_id"], key): person["contract_id"]
        for sheet in counted
        for key, person in sheet.people.items()
        if person["contract_id"] is not None
    }
    touch(work, presence.keep(work, [(sheet.meeting, sheet.current.values()) for sheet in counted], seats))
    work.tell(*(event for sheet in counted for event in _told(sheet, _day(work, sheet))))


def opened(meeting: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a roll on which nothing was done yet."""
    nothing = dict.fromkeys(("submitted_by", "submitted_at", "signed_by", "signed_at", "sealed_at"))
    first = {"meeting_id": meeting["id"], "session_id": meeting["session_id"], "state": "open"}
    return first | {"version": 0, "held_by": meeting["held_by"]} | nothing


ROLL = ("state", "version", "held_by", "submitted_by", "submitted_at", "signed_by", "signed_at", "sealed_at")


def _keep_states(work: Work, sheets: Sequence[Sheet]) -> None:
    rows = []
    for sheet in sheets:
        if sheet.corrected():
            sheet.meeting |= {"state": "corrected", "version": sheet.meeting["version"] + 1, "sealed_at": work.now}
        if sheet.submitted_now or sheet.signed_now or sheet.corrected():
            meeting = sheet.meeting
            row = {"meeting_id": meeting["id"], "session_id": meeting["session_id"]}
            rows.append(row | {name: meeting[name] for name in ROLL})
    upsert(work.db, storage.roll, rows)


def _to_seal(sheet: Sheet) -> Signed:
    meeting = sheet.meeting
    marks = sheet.history if sheet.signed_now else sheet.fresh
    return Signed(
        meeting=meeting,
        version=meeting["version"],
        signed_by=meeting["signed_by"],
        held_by=meeting["held_by"],
        marks=marks,
    )


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
    if territory_of(work):
        query = query.where(person.c.territory == work.who.scope)
    found: dict[tuple[UUID, str], list[dict[str, Any]]] = {}
    for row in rows(work.db, query):
        found.setdefault((row["session_id"], row["part"]), []).append(row)
    return found


def _acts(work: Work, meeting_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    act = storage.act
    columns = (act.c.id, act.c.meeting_id, act.c.subject_id, act.c.kind)
    query = sa.select(*columns).where(act.c.meeting_id.in_(meeting_ids)).order_by(act.c.recorded_at, act.c.id)
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows(work.db, query):
        found.setdefault(row["meeting_id"], []).append(row)
    return found


def _guests(work: Work, meeting_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return who was added to the list in the room, by meeting, each with whom they were found to be."""
    table = storage.provisional
    query = sa.select(table).where(table.c.meeting_id.in_(meeting_ids)).order_by(table.c.recorded_at, table.c.id)
    found = rows(work.db, query)
    people = presence.identified(work, [row["id"] for row in found])
    guests: dict[UUID, list[dict[str, Any]]] = {}
    for row in found:
        guest = {"signatory_id": row["id"], "placement_id": None, "contract_id": None, "alias": ""}
        guest |= {"name": row["name"], "reference": row["reference"], "provisional": True}
        guests.setdefault(row["meeting_id"], []).append(guest | {"identified_as": people.get(row["id"])})
    return guests


def _announcements(work: Work, meeting_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], tuple[str, str]]:
    """Return (kind, reason) of what people announced, by (meeting, person)."""
    table = storage.announcement
    query = sa.select(table).where(table.c.meeting_id.in_(meeting_ids), table.c.withdrawn.is_(False))
    return {
        (row["meeting_id"], row["signatory_id"]): (row["kind"], row["reason"])
        for row in rows(work.db, query.order_by(table.c.recorded_at, table.c.id))
    }


def _announced(work: Work, meeting_id: UUID, signatory_id: UUID) -> Mark:
    """Return the mark of an absence that was announced; nobody had to take it."""
    return Mark(
        id=derived_id("announced absence", meeting_id, signatory_id),
        signatory_id=signatory_id,
        status=Status.ABSENT_ANNOUNCED,
        minutes_lost=0,
        act="",
        act_reason="",
        source="announced",
        actor=work.who.actor,
        effective_at=work.now,
        recorded_at=work.now,
    )


def _ended_early(seat: Mapping[str, Any], meeting: Mapping[str, Any]) -> bool:
    reached_on: date | None = seat["reached_on"]
    return meeting["training"] == "language" and reached_on is not None and reached_on < meeting["held_on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Half:
    """What was told of one person and civic day, this sheet included."""

    statuses: tuple[str, ...]  # of every half-day that was told
    followed: int  # minutes
    whole: bool  # every half-day of the day was told
    minutes: int  # of the day

    @property
    def missed(self) -> bool:
        return any(status in ABSENT for status in self.statuses)

    @property
    def incomplete(self) -> str:
        """Return why a day that is over is not whole though nobody was absent; empty where it is."""
        if not self.whole or self.missed or self.followed >= self.minutes - BEARABLE:
            return ""
        if Status.MEETING_CANCELLED.value in self.statuses:
            return "not_held"
        return "roll_lost" if Status.HELD_ROLL_MISSING.value in self.statuses else "partly_attended"


def _day(work: Work, sheet: Sheet) -> dict[UUID, _Half]:
    """Return what was told of a civic sheet's day, by person; nothing of a course."""
    meeting, held, half = sheet.meeting, storage.presence, storage.meeting
    if meeting["training"] != "civic":
        return {}
    names = ("session_id", "part", "held_on")
    day = [meeting[name] for name in names]
    minutes = work.db.scalars(sa.select(half.c.minutes).where(*(half.c[name] == meeting[name] for name in names))).all()
    told: dict[UUID, list[tuple[str, int]]] = {}
    columns = (held.c.signatory_id, held.c.status, held.c.followed)
    same_day = (held.c[name] == value for name, value in zip(names, day, strict=True))
    for person, status, followed in work.db.execute(sa.select(*columns).where(*same_day)):
        told.setdefault(person, []).append((status, followed))
    return {
        person: _Half(
            statuses=tuple(status for status, _ in halves),
            followed=sum(followed for _, followed in halves),
            whole=len(halves) >= len(minutes),
            minutes=sum(minutes),
        )
        for person, halves in told.items()
    }


def _told(
    sheet: Sheet, days: Mapping[UUID, _Half]
) -> Iterable[RollSigned | MeetingMissed | DayIncomplete | AbsenceWithdrawn]:
    """Yield how many came, and of a civic day who missed it, for whom it is not whole, and whose is whole again."""
    meeting, statuses = sheet.meeting, {key: mark["status"] for key, mark in sheet.current.items()}
    present, absent = (sum(status in kinds for status in statuses.values()) for kinds in (CAME, ABSENT))
    yield RollSigned(meeting_id=meeting["id"], session_id=meeting["session_id"], present=present, absent=absent)
    for key, person in sheet.people.items():
        day = days.get(key)
        if person["placement_id"] is None or key not in statuses or day is None:
            continue
        about = {
            "contract_id": person["contract_id"],
            "signatory_id": key,
            "meeting_id": meeting["id"],
            "session_id": meeting["session_id"],
            "placement_id": person["placement_id"],
            "part": meeting["part"],
        }
        before, now = sheet.was.get(key) if not sheet.signed_now else None, statuses[key]
        if now in ABSENT and before not in ABSENT:
            yield MeetingMissed(missed_on=meeting["held_on"], **about)
        elif day.incomplete:
            yield DayIncomplete(held_on=meeting["held_on"], minutes_followed=day.followed, why=day.incomplete, **about)
        elif before is not None and before != now and day.whole and not day.missed:
            mark_id = sheet.current[key]["id"]
            yield AbsenceWithdrawn(missed_on=meeting["held_on"], mark_id=mark_id, **about)

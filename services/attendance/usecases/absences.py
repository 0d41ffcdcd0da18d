"""
Absences: announced, answered by the person, qualified by a named agent and never by the clock.

No paper about health is kept: an agent sees it and records a category without diagnosis. A photo that was sent in goes
at the decision, at the latest after some days.
"""

__all__ = [
    "ANSWERS",
    "GROUNDS",
    "JUSTIFICATIONS",
    "announce",
    "answer_absence",
    "delete_old_papers",
    "is_paper",
    "keep_announcement",
    "keep_attempt",
    "own_absences",
    "qualify_absence",
    "read_paper",
    "send_paper",
    "withdraw_announcement",
]

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.delays import Delays
from services.attendance.domain.marks import ABSENT, Mark, Status
from services.attendance.domain.media import begins_as
from services.attendance.usecases import sheets
from services.attendance.usecases.hearing import touch
from services.attendance.usecases.seeing import OF_A_BODY, all_meetings, check_seen, locked
from services.attendance.usecases.sheets import Sheet
from shared.communes import local_time
from shared.database import upsert
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError, TransientError
from shared.events import AbsenceAnnouncedState
from shared.ids import derived_id
from shared.rights import SIGNATORY
from shared.scope import check_territory
from shared.service import Service
from shared.work import Work

GROUNDS = ("paper_seen", "word_given", "known_fact")
ANSWERS = ("was_there", "had_reason")
ANNOUNCED = ("absent", "late")
MOST_BYTES = 5 * 1024 * 1024
MOST_PAPERS = 4  # [A] about one absence at a time
JUSTIFICATIONS = ("health", "work", "family", "transport", "administration", "convocation_not_received")


def qualify_absence(work: Work, mark_id: UUID, new_id: UUID, *, justified: bool, reason: str, ground: str = "") -> None:
    """
    Say whether an absence is justified: only a named OFII agent does, never the clock. The mark before stays visible.

    `ground` is on what the agent relies: a paper that they saw (nothing of it is kept), the person's word, or what was
    known already. The same again changes nothing. Raises NotFoundError, ForbiddenError, ConflictError
    (`not_an_absence`, `superseded`, `id_reused`, `roll_not_signed`), InvalidInputError for an unknown reason.
    """
    faults = []
    if justified and reason not in JUSTIFICATIONS:
        faults.append(FieldFault("reason", "choice", f"one of {', '.join(JUSTIFICATIONS)}"))
    if ground not in ("", *GROUNDS):
        faults.append(FieldFault("ground", "choice", f"one of {', '.join(GROUNDS)}"))
    if faults:
        raise InvalidInputError("the qualification is refused", faults)
    before = storage.one(work.db, storage.mark, mark_id, "mark")
    person = storage.one(work.db, storage.signatory, before["signatory_id"], "signatory")
    check_territory(work.who, person["territory"])
    if before["status"] not in ABSENT:
        raise ConflictError(f"mark {mark_id} is {before['status']}, no absence", "not_an_absence")
    status = Status.ABSENT_JUSTIFIED if justified else Status.ABSENT_UNJUSTIFIED
    sheet = sheets.of_mark(work, before)
    if storage.made_before(
        work.db, storage.mark, new_id, {"supersedes": mark_id, "status": status.value, "reason": reason}
    ):
        return
    if not sheet.signed:
        raise ConflictError("the roll is not signed yet: the trainer may still change it", "roll_not_signed")
    latest = sheet.current[before["signatory_id"]]
    if latest["id"] != mark_id:
        raise ConflictError(f"mark {mark_id} is superseded by {latest['id']}", "superseded")
    mark = Mark(
        id=new_id,
        signatory_id=before["signatory_id"],
        status=status,
        minutes_lost=0,
        act="",
        act_reason="",
        source="ofii",
        actor=work.who.actor,
        effective_at=work.now,
        recorded_at=work.now,
    )
    sheet.add(mark, reason=reason, ground=ground)
    sheets.keep(work, [sheet])
    _delete_papers(work, _papers_about(before), "decided")


def keep_attempt(work: Work, attempt_id: UUID, signatory_id: UUID, *, method: str, outcome: str) -> None:
    """
    Keep that somebody tried to reach a person; the same id again changes nothing.

    OFII for its territory, a training body for who sits in its groups. Raises NotFoundError, ForbiddenError,
    ConflictError (`id_reused`).
    """
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    seats = storage.placement.c.signatory_id == signatory_id
    check_seen(work, person["territory"], seats, NotFoundError("signatory", signatory_id))
    said = {"signatory_id": signatory_id, "method": method, "outcome": outcome}
    if storage.made_before(work.db, storage.attempt, attempt_id, said):
        return
    today = local_time(work.now, person["territory"]).date()
    stamp = {"id": attempt_id, "made_on": today, "actor": work.who.actor}
    work.db.execute(storage.attempt.insert(), [stamp | said])
    mine = sa.select(storage.contract.c.id).where(storage.contract.c.signatory_id == signatory_id)
    touch(work, work.db.scalars(mine).all())


def announce(work: Work, key: UUID, signatory_id: UUID, meeting_id: UUID, *, kind: str, reason: str) -> None:
    """
    Keep that somebody will be absent or late: it frees no seat, and stands on the roll before anybody takes it.

    The person themselves, OFII, or the training body to which they said so; before the meeting has ended. The same id
    again changes nothing. Raises NotFoundError, ForbiddenError, ConflictError (`id_reused`, `meeting_over`).
    """
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    seats = storage.placement.c.signatory_id == signatory_id
    _check_whose(work, person, seats)
    sheet = _sheet_of(work, meeting_id)
    if signatory_id not in sheet.people:
        raise NotFoundError("meeting", meeting_id)
    said = {"signatory_id": signatory_id, "meeting_id": meeting_id, "kind": kind, "reason": reason}
    if storage.made_before(work.db, storage.announcement, key, said):
        return
    if sheet.signed:
        raise ConflictError("the roll of this meeting is signed", "meeting_over")
    stamp = {"id": key, "withdrawn": False, "actor": work.who.actor, "recorded_at": work.now}
    work.db.execute(storage.announcement.insert(), [stamp | said])


def withdraw_announcement(work: Work, key: UUID) -> None:
    """Take back what was announced; a second time changes nothing. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.announcement, key, "announcement", lock=True)
    person = storage.one(work.db, storage.signatory, row["signatory_id"], "signatory")
    _check_whose(work, person, storage.placement.c.signatory_id == row["signatory_id"])
    _sheet_of(work, row["meeting_id"])
    mine = storage.announcement.c.id == key
    work.db.execute(storage.announcement.update().where(mine).values(withdrawn=True))


def keep_announcement(work: Work, event: AbsenceAnnouncedState) -> None:
    """
    Keep what a person said on their own page of a day to come, for each half-day of it; a signed roll stays as it is.

    Raises TransientError while their seat in the session is not known here yet.
    """
    seat, meeting = storage.placement, storage.meeting
    seats = sa.and_(seat.c.signatory_id == event.signatory_id, seat.c.session_id == event.session_id)
    if work.db.scalar(sa.select(seat.c.id).where(seats).limit(1)) is None:
        raise TransientError(f"no seat of {event.signatory_id} in session {event.session_id} is known here yet")
    parts = sa.select(seat.c.part).where(seats)
    day = sa.and_(meeting.c.session_id == event.session_id, meeting.c.held_on == event.held_on)
    held = locked(work, all_meetings(day, meeting.c.part.in_(parts)))
    said = {"signatory_id": event.signatory_id, "kind": event.kind, "reason": "", "withdrawn": event.withdrawn}
    said |= {"actor": f"{SIGNATORY}:{event.signatory_id}", "recorded_at": work.now}
    upsert(
        work.db,
        storage.announcement,
        [
            said | {"id": derived_id("own announcement", event.announcement_id, one["id"]), "meeting_id": one["id"]}
            for one in held
            if one["state"] not in sheets.SIGNED
        ],
    )


def answer_absence(work: Work, key: UUID, mark_id: UUID, *, kind: str, reason: str) -> None:
    """
    Keep what a person says about an absence: "I was there", or "I had a reason" with its kind.

    The same id again changes nothing. Raises NotFoundError, ConflictError (`not_an_absence`, `id_reused`),
    InvalidInputError.
    """
    mark = _own_absence(work, mark_id)
    if kind == "had_reason" and reason not in JUSTIFICATIONS:
        fault = FieldFault("reason", "choice", f"one of {', '.join(JUSTIFICATIONS)}")
        raise InvalidInputError("the answer is refused", [fault])
    said = {"mark_id": mark_id, "signatory_id": mark["signatory_id"], "kind": kind}
    said["reason"] = reason if kind == "had_reason" else ""
    if storage.made_before(work.db, storage.answer, key, said):
        return
    stamp = {"id": key, "actor": work.who.actor, "recorded_at": work.now}
    work.db.execute(storage.answer.insert(), [stamp | said])


def send_paper(work: Work, key: UUID, mark_id: UUID, *, media_type: str, content: bytes, delays: Delays) -> None:
    """
    Keep a photo that a person sends about an absence, for an agent to look at and then gone.

    The same id again changes nothing. Raises NotFoundError, ConflictError (`not_an_absence`, `id_reused`, `superseded`
    once it was decided on, `enough_papers`), InvalidInputError for what is no JPEG, PNG or PDF, or too big.
    """
    mark = _own_absence(work, mark_id)
    if not is_paper(media_type, content):
        words = f"a JPEG, a PNG or a PDF of at most {MOST_BYTES // 1024 // 1024} MB"
        raise InvalidInputError("the paper is refused", [FieldFault("paper", "file", words)])
    said = {"mark_id": mark_id, "signatory_id": mark["signatory_id"], "media_type": media_type}
    if storage.made_before(work.db, storage.sent_paper, key, said):
        return
    kept = sa.select(sa.func.count()).where(_papers_about(mark), storage.sent_paper.c.deleted_at.is_(None))
    if (work.db.scalar(kept) or 0) >= MOST_PAPERS:
        raise ConflictError(f"{MOST_PAPERS} papers about this absence wait to be looked at", "enough_papers")
    if not _newest(work, mark):
        raise ConflictError(f"mark {mark_id} was decided on or corrected since", "superseded")
    times = {"received_at": work.now, "delete_at": work.now + timedelta(days=delays.paper_days), "deleted_at": None}
    row = {"id": key, "content": content, "deleted_because": ""} | times | said
    work.db.execute(storage.sent_paper.insert(), [row])


def is_paper(media_type: str, content: bytes) -> bool:
    """Say whether this is a JPEG, a PNG or a PDF, by what it says it is and by how it begins, and not too big."""
    return begins_as(media_type, content) and len(content) <= MOST_BYTES


def read_paper(work: Work, key: UUID) -> tuple[str, bytes]:
    """Return a paper's media type and content for the agent who decides. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.sent_paper, key, "paper")
    person = storage.one(work.db, storage.signatory, row["signatory_id"], "signatory")
    check_territory(work.who, person["territory"])
    if row["content"] is None:
        raise NotFoundError("paper", key)
    return row["media_type"], row["content"]


def delete_old_papers(service: Service) -> int:
    """Delete photos whose days are over, decided or not; return how many. A tick of the service."""
    table = storage.sent_paper
    old = table.c.delete_at <= service.clock.now()
    with service.database.read() as db:
        if db.scalar(sa.select(table.c.id).where(old, table.c.deleted_at.is_(None)).limit(1)) is None:
            return 0
    with service.database.begin() as db:
        return _delete_papers(service.work(db), old, "too_old")


def own_absences(work: Work, signatory_id: UUID) -> list[dict[str, Any]]:
    """
    Return a person's absences on signed rolls, the newest first, each with what they answered and what was decided.

    Raises NotFoundError for somebody else's, ForbiddenError for an agent of another territory.
    """
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    _check_own(work, signatory_id)
    if work.who.role != SIGNATORY:
        check_territory(work.who, person["territory"])
    held, meeting, site = storage.presence, storage.meeting, storage.site
    query = (
        sa.select(
            held.c.mark_id,
            held.c.meeting_id,
            held.c.status,
            held.c.held_on,
            held.c.training,
            held.c.part,
            meeting.c.starts_at,
            site.c.label.label("site"),
            storage.mark.c.supersedes,
        )
        .join(meeting, meeting.c.id == held.c.meeting_id)
        .join(storage.session, storage.session.c.id == held.c.session_id)
        .join(site, site.c.id == storage.session.c.site_id)
        .join(storage.mark, storage.mark.c.id == held.c.mark_id)
        .where(held.c.signatory_id == signatory_id, held.c.status.in_(ABSENT))
        .order_by(held.c.held_on.desc(), held.c.rank.desc())
    )
    found = storage.rows(work.db, query)
    answers: dict[UUID, dict[str, Any]] = {}
    said = sa.select(storage.answer).where(storage.answer.c.signatory_id == signatory_id)
    for row in storage.rows(work.db, said.order_by(storage.answer.c.recorded_at)):
        answers[row["mark_id"]] = row
    return [row | {"answer": answers.get(row["mark_id"]) or answers.get(row["supersedes"])} for row in found]


def _sheet_of(work: Work, meeting_id: UUID) -> Sheet:
    """Return the sheet of a meeting of this person, locked; for a training body, of its own only."""
    if work.who.role in OF_A_BODY:
        return sheets.find_sheet(work, meeting_id)
    return sheets.of_mark(work, {"meeting_id": meeting_id})


def _check_whose(work: Work, person: Mapping[str, Any], seats: sa.ColumnElement[bool]) -> None:
    if work.who.role == SIGNATORY:
        _check_own(work, person["id"])
        return
    check_seen(work, person["territory"], seats, NotFoundError("signatory", person["id"]))


def _check_own(work: Work, signatory_id: UUID) -> None:
    if work.who.role == SIGNATORY and work.who.scope != str(signatory_id):
        raise NotFoundError("signatory", signatory_id)


def _own_absence(work: Work, mark_id: UUID) -> dict[str, Any]:
    """Return the mark of an absence of who asks, or of somebody for whom an agent of OFII writes down what they say."""
    mark = storage.one(work.db, storage.mark, mark_id, "mark")
    person = storage.one(work.db, storage.signatory, mark["signatory_id"], "signatory")
    if work.who.role == SIGNATORY and work.who.scope != str(person["id"]):
        raise NotFoundError("mark", mark_id)
    if work.who.role != SIGNATORY:
        check_territory(work.who, person["territory"])
    if mark["status"] not in ABSENT:
        raise ConflictError(f"mark {mark_id} is {mark['status']}, no absence", "not_an_absence")
    return mark


def _marks_about(mark: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """Return the condition for every mark of the same half-day and person."""
    table = storage.mark
    return sa.and_(table.c.meeting_id == mark["meeting_id"], table.c.signatory_id == mark["signatory_id"])


def _papers_about(mark: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """Return the condition for papers about an absence: about a mark that was corrected since, too."""
    return storage.sent_paper.c.mark_id.in_(sa.select(storage.mark.c.id).where(_marks_about(mark)))


def _newest(work: Work, mark: Mapping[str, Any]) -> bool:
    later = sa.select(storage.mark.c.id).where(_marks_about(mark), storage.mark.c.seq > mark["seq"]).limit(1)
    return work.db.scalar(later) is None


def _delete_papers(work: Work, which: sa.ColumnElement[bool], because: str) -> int:
    table = storage.sent_paper
    gone = {"content": None, "deleted_at": work.now, "deleted_because": because}
    changed = work.db.execute(table.update().where(which, table.c.deleted_at.is_(None)).values(**gone))
    return int(changed.rowcount)  # type: ignore[attr-defined]

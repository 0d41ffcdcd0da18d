"""What the scheduler does with what the others tell."""

__all__ = [
    "keep_chain_head",
    "keep_contact",
    "keep_contactability",
    "keep_declined",
    "keep_flag",
    "keep_level",
    "keep_missing_roll",
    "keep_notice_failure",
    "keep_own_contact",
    "keep_progress",
    "keep_rolls",
    "keep_sealed_rolls",
    "note_completion",
    "reopen_incomplete_day",
    "reopen_need",
    "take_back_need",
]

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.usecases import dossier, leaving, life, people
from services.scheduler.usecases.planning import need_of
from shared.database import insert_new, upsert
from shared.errors import InvalidInputError, TransientError
from shared.events import (
    AbsenceWithdrawn,
    ChainHead,
    ContactabilityState,
    ContactChanged,
    ContactGiven,
    DayIncomplete,
    FlagState,
    LevelReached,
    MeetingMissed,
    NoticeDelivered,
    NoticeFailed,
    PlacementDeclined,
    ProgressState,
    RollMissingState,
    RollSealed,
    RollSigned,
    TrainingCompleted,
)
from shared.ids import derived_id
from shared.witness import keep_head
from shared.work import Work

TOLD = frozenset({"convocation", "moved", "cancelled"})  # the notices that say when and where to come


def keep_progress(work: Work, events: Sequence[ProgressState]) -> None:
    """Keep where contracts stand."""
    names = ("contract_id", "followed_minutes", "remaining_minutes", "status", "forecast_first", "forecast_last")
    upsert(work.db, storage.contract_progress, [{name: getattr(one, name) for name in names} for one in events])


def keep_flag(work: Work, event: FlagState) -> None:
    """Keep a flag for the planner's worklist, open or withdrawn."""
    names = ("contract_id", "signatory_id", "kind", "state", "owner", "due_on")
    row = {"id": event.flag_id, "evidence": list(event.evidence)} | {name: getattr(event, name) for name in names}
    upsert(work.db, storage.flag, [row])
    _note(work, event.signatory_id, f"flag_{event.state}_{event.kind}"[:40], "attendance", str(event.flag_id))


def keep_rolls(work: Work, events: Sequence[RollSigned]) -> None:
    """Keep how many came to meetings."""
    names = ("meeting_id", "session_id", "present", "absent")
    upsert(work.db, storage.meeting_count, [{name: getattr(one, name) for name in names} for one in events])


def keep_sealed_rolls(work: Work, events: Sequence[RollSealed]) -> None:
    """Keep, as a witness, that rolls entered their providers' chains; what was heard first stands."""
    names = ("provider_id", "position", "meeting_id", "roll_version", "head", "prints")
    rows = [{name: getattr(one, name) for name in names} | {"heard_at": work.now} for one in events]
    insert_new(work.db, storage.sealed_roll, rows)


def keep_chain_head(work: Work, event: ChainHead) -> None:
    """Keep, as a witness, where a chain stood at the end of a day."""
    keep_head(work, storage.chain_head, event)


def keep_missing_roll(work: Work, event: RollMissingState) -> None:
    """Keep whose turn it is to find a roll that nobody has taken."""
    names = ("meeting_id", "session_id", "provider_id", "held_on", "stage")
    upsert(work.db, storage.missing_roll, [{name: getattr(event, name) for name in names}])


def keep_level(work: Work, event: LevelReached) -> None:
    """Keep the level that a test of the course showed, beside those seen at the interview and after some sessions."""
    row: dict[str, Any] = {"id": derived_id("level test", event.contract_id, event.test)}
    row |= {"person_id": event.signatory_id}
    row |= dict.fromkeys(("level", "oral", "written"), event.level)
    row |= {"on": event.reached_on, "occasion": "test", "confidence": "high", "actor": work.who.actor, "at": work.now}
    insert_new(work.db, storage.level_seen, [row])
    _note(work, event.signatory_id, "level_seen", "attendance", event.test)


def reopen_need(work: Work, event: MeetingMissed) -> None:
    """
    Open a missed civic day again as a need of its own; the old one is replaced.

    A day that was missed twice (morning and afternoon) is one need. Raises TransientError while the placement is
    not known here yet.
    """
    reason = {
        "code": "missed",
        "fr": f"journée {event.part} manquée le {event.missed_on:%d/%m/%Y}",
        "en": f"day {event.part} missed on {event.missed_on}",
    }
    if _open_again(work, event.placement_id, reason):
        _note(work, event.signatory_id, "meeting_missed", "attendance", str(event.meeting_id))


def reopen_incomplete_day(work: Work, event: DayIncomplete) -> None:
    """
    Open a civic day again that was not whole for somebody who was not absent: they owe it, and missed nothing.

    Raises TransientError while the placement is not known here yet.
    """
    french, english = INCOMPLETE[event.why]
    reason = {
        "code": f"incomplete_{event.why}",
        "fr": f"journée {event.part} du {event.held_on:%d/%m/%Y} incomplète : {french}",
        "en": f"day {event.part} of {event.held_on} incomplete: {english}",
    }
    if _open_again(work, event.placement_id, reason):
        _note(work, event.signatory_id, "day_incomplete", "attendance", str(event.meeting_id))


INCOMPLETE = {
    "partly_attended": ("suivie en partie", "attended in part"),
    "not_held": ("une demi-journée n’a pas eu lieu", "a half-day was not held"),
    "roll_lost": ("une feuille est perdue", "a roll is lost"),
}


def _open_again(work: Work, placement_id: UUID, reason: dict[str, str]) -> bool:
    """Replace the need of a seat by a fresh one; say whether that was done. Raises TransientError."""
    query = sa.select(storage.placement).where(storage.placement.c.id == placement_id).with_for_update()
    seat = storage.first(work.db, query)
    if seat is None:
        raise TransientError(f"placement {placement_id} is not known here yet")
    before = storage.one(work.db, storage.need, seat["need_id"], "need", lock=True)
    if before["state"] in {"replaced", "not_owed"}:
        return False
    mine = storage.need.update().where(storage.need.c.id == before["id"])
    stamp = {"actor": work.who.actor, "changed_at": work.now}
    if _civic_completed(work, before["contract_id"]):
        enough = {
            "code": "enough_attended",
            "fr": "journée manquée ; le nombre de journées requis est atteint",
            "en": "day missed; the required number of days is reached",
        }
        work.db.execute(mine.values(state="not_owed", reason=enough, **stamp))
        return False
    again = before["again"] + 1
    key = need_of(before["contract_id"], before["training"], before["part"], again)
    work.db.execute(mine.values(state="replaced", **stamp))
    insert_new(work.db, storage.need, [before | stamp | {"id": key, "again": again, "state": "open", "reason": reason}])
    return True


def take_back_need(work: Work, event: AbsenceWithdrawn) -> None:
    """
    Close a need that a missed day had opened: the person was there after all.

    Where they have another seat for it already, that seat stays theirs until an agent looks: they were told of it.
    Raises TransientError while the placement is not known here yet.
    """
    query = sa.select(storage.placement).where(storage.placement.c.id == event.placement_id).with_for_update()
    seat = storage.first(work.db, query)
    if seat is None:
        raise TransientError(f"placement {event.placement_id} is not known here yet")
    before = storage.one(work.db, storage.need, seat["need_id"], "need", lock=True)
    if before["state"] != "replaced":
        return
    need = storage.need
    later = sa.and_(
        need.c.contract_id == before["contract_id"],
        need.c.training == before["training"],
        need.c.part == before["part"],
        need.c.again == before["again"] + 1,
    )
    again = storage.first(work.db, sa.select(need).where(later).with_for_update())
    stamp = {"actor": work.who.actor, "changed_at": work.now}
    if again is not None and again["state"] in {"open", "unplaced"}:
        reason = {
            "code": "attended_after_all",
            "fr": f"présence du {event.missed_on:%d/%m/%Y} établie par une correction",
            "en": f"a correction showed the presence of {event.missed_on}",
        }
        work.db.execute(need.update().where(need.c.id == again["id"]).values(state="not_owed", reason=reason, **stamp))
        work.db.execute(need.update().where(need.c.id == before["id"]).values(state="placed", **stamp))
    _note(work, event.signatory_id, "absence_withdrawn", "attendance", str(event.meeting_id))


def _civic_completed(work: Work, contract_id: UUID) -> bool:
    need = storage.need
    followed = sa.and_(need.c.contract_id == contract_id, need.c.training == "civic", need.c.state == "followed")
    return work.db.scalar(sa.select(need.c.id).where(followed).limit(1)) is not None


def note_completion(work: Work, event: TrainingCompleted) -> None:
    """
    Close the needs of a training that has ended.

    Civic: a day that still lies ahead keeps its seat (three of four may complete, the fourth is still offered). A
    course that has ended gives its coming half-days back to the person's week.
    """
    need, seat = storage.need, storage.placement
    owed = sa.and_(
        need.c.contract_id == event.contract_id,
        need.c.training == event.training,
        need.c.state.in_(("open", "placed", "unplaced")),
    )
    ahead = sa.select(seat.c.need_id).where(
        seat.c.contract_id == event.contract_id, seat.c.state == "active", seat.c.joins_on > event.ended_on
    )
    if event.training == "civic":
        owed = sa.and_(owed, need.c.id.not_in(ahead))
    else:
        mine = sa.select(seat.c.id).join(need, need.c.id == seat.c.need_id).where(owed)
        coming = sa.and_(storage.seat_time.c.placement_id.in_(mine), storage.seat_time.c.day > event.ended_on)
        work.db.execute(storage.seat_time.delete().where(coming))
    stamp = {"actor": work.who.actor, "changed_at": work.now}
    work.db.execute(need.update().where(owed).values(state="followed", **stamp))
    life.settle(work, event.contract_id, event.training, event.outcome, event.ended_on)
    _note(work, event.signatory_id, f"training_{event.outcome}", "attendance", event.training)


def keep_contactability(work: Work, event: ContactabilityState) -> None:
    """Keep whether a person can be reached; nothing here counts failures down again."""
    known = work.db.scalar(
        sa.select(storage.unreachable.c.failures).where(storage.unreachable.c.signatory_id == event.signatory_id)
    )
    row = {"signatory_id": event.signatory_id, "state": event.state, "failures": known or 0, "last_reason": ""}
    upsert(work.db, storage.unreachable, [row])


def keep_contact(work: Work, event: ContactGiven, *, test_numbers: bool = False) -> None:
    """
    Change how a person is reached, as they said in the room; what cannot be read as a contact is noted for an agent.

    What they left empty, the channel and whether the phone is shared stay as they are.
    """
    said = event.private.get("scheduler", {})
    try:
        _change_reach(work, event.signatory_id, said, test_numbers=test_numbers)
    except InvalidInputError:
        _note(work, event.signatory_id, "contact_unreadable", "attendance", str(event.word_id))


def keep_own_contact(work: Work, event: ContactChanged, *, test_numbers: bool = False) -> None:
    """Change the phone of a person, or of who stands for them, as they gave it on their own page."""
    said = event.private.get("scheduler", {})
    try:
        if said.get("of") == "representative":
            people.change_representative(work, event.signatory_id, said.get("phone", ""), test_numbers=test_numbers)
        else:
            _change_reach(work, event.signatory_id, said, test_numbers=test_numbers)
    except InvalidInputError:
        _note(work, event.signatory_id, "contact_unreadable", "notifications", str(event.word_id))


def keep_declined(work: Work, event: PlacementDeclined) -> None:
    """Free a seat that a person gave up; its need waits for another."""
    leaving.decline_seat(work, event.placement_id, event.declined_on)


def _change_reach(work: Work, signatory_id: UUID, said: Mapping[str, str], *, test_numbers: bool) -> None:
    """Change the phone and the e-mail address that somebody gave. Raises InvalidInputError."""
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory", lock=True)
    facts, before = person["facts"], person["private"]
    reach = people.Reach(
        phone=said.get("phone") or before["phone"],
        email=said.get("email") or before["email"],
        channel=facts["channel"],
        shared_phone=facts["shared_phone"],
    )
    people.change_contact(work, signatory_id, reach, test_numbers=test_numbers)


def keep_deliveries(work: Work, events: Sequence[NoticeDelivered]) -> None:
    """Note in the dossier what a person was told about their days, and where the proof is; reminders prove nothing."""
    told = [
        dossier.Entry(
            person_id=one.signatory_id,
            at=work.now,
            code="notice_delivered",
            source="notifications",
            link=str(one.notice_id),
        )
        for one in events
        if one.kind in TOLD
    ]
    dossier.note(work, told)


def keep_notice_failure(work: Work, event: NoticeFailed) -> None:
    """Count a notice that no channel brought: somebody has to reach this person another way."""
    known = (
        work.db.execute(sa.select(storage.unreachable).where(storage.unreachable.c.signatory_id == event.signatory_id))
        .mappings()
        .first()
    )
    row = {
        "signatory_id": event.signatory_id,
        "state": known["state"] if known else "doubtful",
        "failures": (known["failures"] if known else 0) + 1,
        "last_reason": event.reason[:80],
    }
    upsert(work.db, storage.unreachable, [row])
    _note(work, event.signatory_id, "notice_failed", "notifications", str(event.notice_id))


def _note(work: Work, person_id: UUID, code: str, source: str, link: str) -> None:
    dossier.note(work, [dossier.Entry(person_id=person_id, at=work.now, code=code, source=source, link=link)])

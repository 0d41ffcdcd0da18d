"""What notifications keeps of what the others tell, and which notices that makes at once."""

__all__ = [
    "keep_appointment",
    "keep_completion",
    "keep_duty",
    "keep_miss",
    "keep_person",
    "keep_placements",
    "keep_provider",
    "keep_relay",
    "keep_session",
    "keep_site",
    "keep_taken_placement",
    "merge",
    "unmerge",
]

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.calendar import Entry
from services.notifications.domain.occasions import OCCASIONS, SEAT_KINDS
from services.notifications.domain.timetable import Day, days_of, ends_at, ends_on_day, starts_at
from services.notifications.usecases.codes import keep_code
from services.notifications.usecases.giving_up import end_sooner
from services.notifications.usecases.overtaking import overtake
from services.notifications.usecases.seats import fresh_notice
from shared.clock import real_now
from shared.communes import department_of
from shared.database import insert_new, keep_greater, upsert
from shared.errors import TransientError
from shared.events import (
    AbsenceWithdrawn,
    AppointmentState,
    ChainHead,
    DutyDue,
    MeetingMissed,
    PersonMerged,
    PersonUnmerged,
    PlacementState,
    PlacementTakenState,
    ProviderState,
    RelayAsked,
    SessionState,
    SignatoryState,
    SiteState,
    TrainingCompleted,
)
from shared.ids import derived_id
from shared.logs import log
from shared.seal import KeyRing, SealBrokenError
from shared.tables import heard
from shared.witness import keep_head
from shared.work import Work

LETTER = ("name", "address", "helper")  # no appointment tells them
TAKEN_BACK = "not_missed"  # the kind of notice that says so, and why one that says the contrary does not leave
TAKEN_OVER = "taken_over"  # of a notice that an older system sent
CHANNELS = {"courriel": "email", "courrier": "letter"}  # as the intake writes them


def keep_person(work: Work, event: SignatoryState) -> None:
    """
    Keep a person and how to reach them; for a minor also who stands for them, with the same seats, as long as they do.

    A new contact point is trusted again, and invitations that had failed on the old one are made anew. Raises
    UnknownTerritoryError where nobody knows when it is night.
    """
    department_of(event.territory)
    private = event.private.get("notifications", {})
    row = _person(event, event.signatory_id) | _letter(work, event.signatory_id, private.get("letter", ""))
    _keep_person(work, row)
    if private.get("code"):
        keep_code(work, event.signatory_id, private["code"])
    points = {name: private.get(f"representative_{name}", "") for name in ("phone", "email")}
    behind = derived_id("representative", event.signatory_id)
    if not any(points.values()):
        _let_go(work, behind)
        return
    new = _keep_person(work, row | points | {"id": behind, "stands_for": event.signatory_id, "shared_phone": False})
    if new:
        seats = storage.rows(
            work.db, sa.select(storage.placement).where(storage.placement.c.person_id == event.signatory_id)
        )
        _keep_seats(work, [_seat_behind(seat, behind) for seat in seats])


def keep_appointment(work: Work, event: AppointmentState) -> None:
    """
    Make the notice of an appointment, or of its end; one that waits and is no longer true is not sent.

    How to reach somebody comes with it until they sign; from then on it may be older than what is known of them.
    Raises TransientError while the place is not known here yet.
    """
    place = _known(work, storage.site, event.site_id)
    table, notice = storage.appointment, storage.notice
    last_id = work.db.scalar(sa.select(table.c.notice_id).where(table.c.id == event.appointment_id))
    told = False
    if last_id is not None:
        overtake(work, notice.c.id == last_id, "appointment")
        last = storage.one(work.db, notice, last_id, "notice")  # read after: by now it leaves, or does not
        told = last["kind"] == "appointment" and last["state"] != "superseded"
    if not _signed(work, event.person_id):
        _keep_person(work, _person(event, event.person_id), without=LETTER)
    kind = {"booked": "appointment", "cancelled": "no_appointment" if told else None}.get(event.state)
    key = None
    if kind is not None:
        person = _known(work, storage.person, event.person_id)
        key = derived_id("notice", kind, event.appointment_id, event.subject_version)
        day = Day(event.held_on, event.starts_at, ends_on_day(event.held_on, event.starts_at, event.minutes))
        zone = ZoneInfo(place["zone"])
        entry = Entry(
            uid=str(derived_id("calendar", event.appointment_id)),
            starts_at=starts_at(str(day), zone),
            ends_at=ends_at(str(day), zone),
            sequence=event.subject_version,
            gone=kind == "no_appointment",
        )
        row = fresh_notice(key, kind, person, work.now) | {"site": str(place["id"]), "days": [str(day)]}
        row |= {"useless_after": entry.ends_at, "calendar": [entry.as_json()]}
        insert_new(work.db, notice, [row])
    upsert(work.db, table, [{"id": event.appointment_id, "person_id": event.person_id, "notice_id": key}])


def _signed(work: Work, person_id: UUID) -> bool:
    """Say whether a person has been told of as a signatory."""
    mine = sa.and_(heard.c.name == SignatoryState.name, heard.c.subject == person_id)
    return work.db.scalar(sa.select(heard.c.version).where(mine)) is not None


def keep_duty(work: Work, event: DutyDue) -> None:
    """Make the notice of something that is offered until a day: the person should call."""
    person = _known(work, storage.person, event.signatory_id)
    row = fresh_notice(derived_id("notice", "call_us", event.duty_id), "call_us", person, work.now)
    row["useless_after"] = _useless_after("call_us", event.opens_on.isoformat(), person)
    insert_new(work.db, storage.notice, [row])


def _person(event: SignatoryState | AppointmentState, key: UUID) -> dict[str, Any]:
    private = event.private.get("notifications", {})
    return {
        "id": key,
        "reference": event.reference,
        "territory": event.territory,
        "spoken": list(event.spoken),
        "reads": event.reads,
        "reading_language": event.reading_language,
        "channel": CHANNELS.get(event.channel, event.channel),
        "shared_phone": event.shared_phone,
        "alias": private.get("alias", ""),
        "phone": private.get("phone", ""),
        "email": private.get("email", ""),
        "name": private.get("name", ""),
        "address": "",
        "helper": {},
        "stands_for": None,
    }


def _letter(work: Work, person_id: UUID, sealed: str) -> dict[str, Any]:
    """
    Return where a letter goes and who helps, nothing where neither was told.

    What was sealed with a key that is gone is lost: letters are handed over.
    """
    if not sealed:
        return {}
    try:
        opened = KeyRing(work.voice.seal_keys[work.voice.service]).open(sealed, person_id)["letter"]
    except SealBrokenError:
        log.warning("an address was sealed with another key", person=str(person_id))
        return {}
    told = json.loads(opened)
    return {"address": told["address"], "helper": told["helper"]}


def _let_go(work: Work, behind: UUID) -> None:
    """Tell somebody nothing more who stands for nobody any more, and show them nothing."""
    person, seat = storage.person, storage.placement
    standing = sa.select(person.c.id).where(person.c.id == behind, person.c.stands_for.is_not(None)).with_for_update()
    if work.db.scalar(standing) is None:
        return
    nobody = {"phone": "", "email": "", "stands_for": None, "stale": True}
    work.db.execute(person.update().where(person.c.id == behind).values(**nobody))
    work.db.execute(seat.delete().where(seat.c.person_id == behind))
    overtake(work, storage.notice.c.person_id == behind, "stands_for_nobody")


def _keep_person(work: Work, row: dict[str, Any], *, without: Collection[str] = ()) -> bool:
    """Keep a person, but `without` what this event says nothing of; say whether their seats are not known yet."""
    before = storage.first(work.db, sa.select(storage.person).where(storage.person.c.id == row["id"]).with_for_update())
    points = ("phone", "email", "channel")
    changed = before is None or any(before[name] != row[name] for name in points)
    kept = {"refused": [], "failing": {}, "muted": False, "stale": True}
    if before is not None:  # a new number is trusted again; a wish not to be written to stays until somebody asked
        kept |= {"muted": before["muted"]} | {name: before[name] for name in without}
        kept |= {} if changed else {name: before[name] for name in ("refused", "failing", "stale")}
    upsert(work.db, storage.person, [row | kept])
    if before is not None and changed:
        _invite_again(work, row["id"])
    return before is None or before["stands_for"] != row["stands_for"]


def keep_site(work: Work, event: SiteState) -> None:
    """Keep a place of training. Raises ZoneInfoNotFoundError for a clock that nobody knows."""
    zone = ZoneInfo(event.zone).key
    row = {"id": event.site_id, "label": event.label, "commune": event.commune, "zone": zone}
    upsert(work.db, storage.site, [row])


def keep_provider(work: Work, event: ProviderState) -> None:
    """Keep a training body: its people see the tasks about its groups, and it is told in the evening what is new."""
    private = event.private.get("notifications", {})
    reached = {name: private.get(name, "") for name in ("territory", "email")}
    upsert(work.db, storage.provider, [{"id": event.provider_id, "code": event.code} | reached])


def keep_session(work: Work, event: SessionState) -> None:
    """Keep a session; everybody who has or had a seat in it may have to be told."""
    meetings = [
        {
            "id": str(one.meeting_id),
            "held_on": one.held_on.isoformat(),
            "starts_at": one.starts_at.isoformat("minutes"),
            "minutes": one.minutes,
            "part": one.part,
        }
        for one in event.meetings
    ]
    row = {"id": event.session_id, "site_id": event.site_id, "training": event.training, "state": event.state}
    row |= {"provider_id": event.provider_id, "trainer": event.trainer}
    upsert(work.db, storage.session, [row | {"meetings": meetings}])
    seated = sa.select(storage.placement.c.person_id).where(storage.placement.c.session_id == event.session_id)
    _note_news(work, [(person_id, event.session_id) for person_id in work.db.scalars(seated.distinct())])
    end_sooner(work, event.session_id)


def keep_placements(work: Work, events: Sequence[PlacementState]) -> None:
    """Keep seats; their holders may have to be told."""
    names = ("session_id", "part", "joins_on", "state")
    seats = [
        {"id": one.placement_id, "person_id": one.signatory_id} | {name: getattr(one, name) for name in names}
        for one in events
    ]
    people = {one.signatory_id for one in events}
    query = sa.select(storage.person.c.stands_for, storage.person.c.id).where(storage.person.c.stands_for.in_(people))
    behind: dict[UUID, UUID] = dict(work.db.execute(query).all())
    seats += [_seat_behind(seat, behind[seat["person_id"]]) for seat in seats if seat["person_id"] in behind]
    _keep_seats(work, seats)


def keep_taken_placement(work: Work, event: PlacementTakenState) -> None:
    """
    Keep a seat whose convocation an older system has sent: the person knows, nothing is sent again.

    Raises TransientError while its session is not known here yet.
    """
    session = _known(work, storage.session, event.session_id)
    person = _known(work, storage.person, event.signatory_id)
    seat = {"id": event.placement_id, "person_id": event.signatory_id, "session_id": event.session_id}
    _keep_seats(work, [seat | {"part": event.part, "joins_on": event.joins_on, "state": event.state}])
    mine = sa.and_(
        storage.placement.c.person_id == event.signatory_id, storage.placement.c.session_id == event.session_id
    )
    joins = dict(work.db.execute(sa.select(storage.placement.c.part, storage.placement.c.joins_on).where(mine)).all())
    days = days_of(session["meetings"], joins)
    key = derived_id("notice", "taken over", event.signatory_id, event.session_id)
    known = work.db.scalar(sa.select(storage.notice.c.id).where(storage.notice.c.id == key))
    if not days or (known is None and event.state != "active"):
        return
    told = {"session_id": event.session_id, "site": str(session["site_id"]), "days": list(days), "state": "accepted"}
    told |= {"channel": CHANNELS.get(event.channel, event.channel), "reason": TAKEN_OVER, "number": 1}
    row = fresh_notice(key, "convocation", person, work.now) | told
    if event.state == "active":
        upsert(work.db, storage.notice, [row])


def merge(work: Work, event: PersonMerged) -> None:
    """Send what concerns the other record to the person's own contact points."""
    _merged_into(work, event.other_id, event.kept_id)


def unmerge(work: Work, event: PersonUnmerged) -> None:
    """Send it to the other record's own again."""
    _merged_into(work, event.other_id, None)


def _merged_into(work: Work, other: UUID, kept: UUID | None) -> None:
    _known(work, storage.person, other)
    work.db.execute(storage.person.update().where(storage.person.c.id == other).values(merged_into=kept))


def _keep_seats(work: Work, seats: list[dict[str, Any]]) -> None:
    upsert(work.db, storage.placement, seats)
    _note_news(work, [(seat["person_id"], seat["session_id"]) for seat in seats])


def _seat_behind(seat: dict[str, Any], person_id: UUID) -> dict[str, Any]:
    """Return a minor's seat as their representative's: the same days are told to both."""
    return seat | {"id": derived_id("seat behind", seat["id"]), "person_id": person_id}


def keep_miss(work: Work, event: MeetingMissed) -> None:
    """
    Make the notice of a missed civic day: one for the day, however many half-days were missed, until it is taken back.

    Raises TransientError while the person or the session is not known here yet.
    """
    for person, row, _times in _about_miss(work, event, "missed"):
        row["useless_after"] = _useless_after("missed", event.missed_on.isoformat(), person)
        insert_new(work.db, storage.notice, [row])


def take_back_miss(work: Work, event: AbsenceWithdrawn) -> None:
    """
    Tell who was told of a missed day that it was a mistake; a notice that has not left is not sent at all.

    Raises TransientError while the person or the session is not known here yet.
    """
    notice = storage.notice
    for person, row, times in _about_miss(work, event, TAKEN_BACK):
        told = _miss_key(person["id"], event, "missed", times)
        overtake(work, notice.c.id == told, TAKEN_BACK)
        known = work.db.scalar(sa.select(notice.c.state).where(notice.c.id == told))
        if known in {None, "superseded"}:
            continue
        row["useless_after"] = _useless_after("not_missed", work.now.date().isoformat(), person)
        insert_new(work.db, notice, [row])


def keep_chain_head(work: Work, event: ChainHead) -> None:
    """Keep, as a witness, where a provider's chain of sealed rolls stood at the end of a day."""
    keep_head(work, storage.chain_head, event)


def _about_miss(
    work: Work, event: MeetingMissed | AbsenceWithdrawn, kind: str
) -> Iterator[tuple[dict[str, Any], dict[str, Any], int]]:
    """
    Yield a person and, for a minor, who stands for them, each with the notice about a civic day.

    The last of each is how often it was taken back before.
    """
    session = _known(work, storage.session, event.session_id)
    meetings = [one for one in session["meetings"] if one["held_on"] == event.missed_on.isoformat()]
    about = {
        "session_id": event.session_id,
        "site": str(session["site_id"]),
        "days": list(days_of(meetings, {event.part: event.missed_on})),
    }
    for person in _with_representative(work, event.signatory_id):
        times = _taken_back(work, person["id"], event)
        key = _miss_key(person["id"], event, kind, times)
        yield person, fresh_notice(key, kind, person, work.now) | about, times


def _taken_back(work: Work, person_id: UUID, event: MeetingMissed | AbsenceWithdrawn) -> int:
    """Return how often it was said of a missed day that it was a mistake."""
    notice, times = storage.notice, 0
    while True:
        missed, mistake = (_miss_key(person_id, event, kind, times) for kind in ("missed", TAKEN_BACK))
        never_left = sa.and_(notice.c.id == missed, notice.c.state == "superseded", notice.c.reason == TAKEN_BACK)
        if work.db.scalar(sa.select(notice.c.id).where(sa.or_(notice.c.id == mistake, never_left)).limit(1)) is None:
            return times
        times += 1


def _miss_key(person_id: UUID, event: MeetingMissed | AbsenceWithdrawn, kind: str, times: int) -> UUID:
    again = (times,) if times else ()
    return derived_id("notice", kind, person_id, event.session_id, event.part, event.missed_on, *again)


def keep_relay(work: Work, event: RelayAsked) -> None:
    """
    Make the notice to somebody who is not in the room while their meeting is on: one a meeting, useless after it.

    Raises TransientError while the person or the session is not known here yet.
    """
    session = _known(work, storage.session, event.session_id)
    place = _known(work, storage.site, session["site_id"])
    day = Day(event.held_on, event.starts_at, ends_on_day(event.held_on, event.starts_at, event.minutes))
    about = {"session_id": event.session_id, "site": str(session["site_id"]), "days": [str(day)]}
    about |= {"useless_after": ends_at(str(day), ZoneInfo(place["zone"]))}
    for person in _with_representative(work, event.signatory_id):
        if person["channel"] == "letter":
            continue  # it would come when the meeting is long over
        key = derived_id("notice", "expected", person["id"], event.meeting_id)
        insert_new(work.db, storage.notice, [fresh_notice(key, "expected", person, work.now) | about])


def keep_completion(work: Work, event: TrainingCompleted) -> None:
    """
    Make the notice of a completed training; another outcome is an agent's to explain.

    Raises TransientError while the person is not known here yet.
    """
    if event.outcome != "completed":
        return
    about = {"session_id": _last_session(work, event.signatory_id, event.training), "training": event.training}
    for person in _with_representative(work, event.signatory_id):
        own = () if person["stands_for"] is None else (person["id"],)
        key = derived_id("notice", "completed", event.contract_id, event.training, *own)
        row = fresh_notice(key, "completed", person, work.now) | about
        row["useless_after"] = _useless_after("completed", event.ended_on.isoformat(), person)
        insert_new(work.db, storage.notice, [row])
    if event.training == "civic":
        notice = storage.notice
        older = notice.c.kind.in_(OCCASIONS["completed"].supersedes)
        overtake(work, sa.and_(notice.c.person_id == event.signatory_id, older), "completed")


def _note_news(work: Work, pairs: list[tuple[UUID, UUID]]) -> None:
    """
    Note that seats have to be looked at; what has been noted since before keeps its beginning.

    One statement, so that news which is just being looked at, and deleted, is waited for and noted anew.
    """
    since = real_now()
    news = [{"person_id": one, "session_id": two, "since": since, "due_at": since} for one, two in sorted(set(pairs))]
    keep_greater(work.db, storage.seat_news, news, "due_at")


def _invite_again(work: Work, person_id: UUID) -> None:
    notice = storage.notice
    failed = sa.and_(
        notice.c.person_id == person_id,
        notice.c.state == "failed",
        notice.c.kind.in_(SEAT_KINDS),
        notice.c.useless_after > work.now,
    )
    sessions = list(work.db.scalars(sa.select(notice.c.session_id).where(failed)))
    if sessions:  # the news first, as who looks at them locks them
        _note_news(work, [(person_id, session) for session in sessions])
        work.db.execute(notice.update().where(failed).values(reason="old_contact"))


def _known(work: Work, table: sa.Table, key: UUID) -> dict[str, Any]:
    row = work.db.execute(sa.select(table).where(table.c.id == key)).mappings().first()
    if row is None:
        raise TransientError(f"{table.name} {key} is not known here yet")
    return dict(row)


def _with_representative(work: Work, person_id: UUID) -> list[dict[str, Any]]:
    """Return a person and, for a minor, who stands for them. Raises TransientError while nobody is known."""
    behind = sa.select(storage.person).where(storage.person.c.stands_for == person_id)
    return [_known(work, storage.person, person_id), *storage.rows(work.db, behind)]


def _last_session(work: Work, person_id: UUID, training: str) -> UUID | None:
    """Return the session of this training that the person joined last: what a proof of the notice hangs on."""
    query = (
        sa.select(storage.placement.c.session_id)
        .join(storage.session, storage.session.c.id == storage.placement.c.session_id)
        .where(storage.placement.c.person_id == person_id, storage.session.c.training == training)
        .order_by(storage.placement.c.joins_on.desc(), storage.placement.c.id)
    )
    return work.db.scalars(query.limit(1)).first()


def _useless_after(kind: str, day: str, person: dict[str, Any]) -> datetime:
    """Return the end of the day that is so long after the day that the notice is about."""
    zone = ZoneInfo(department_of(person["territory"]).time_zone)
    last = datetime.fromisoformat(day).date() + (OCCASIONS[kind].useful_for or timedelta())
    return datetime.combine(last, time.max, zone)

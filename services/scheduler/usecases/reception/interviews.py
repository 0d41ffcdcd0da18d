"""Interviews: the half-days of a platform, who is booked, who came, and what the auditor wrote down."""

__all__ = [
    "appointments",
    "book",
    "booked",
    "find_slot",
    "of_person",
    "open_slots",
    "outcome",
    "platforms",
    "record",
    "slots",
    "working_days",
]

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.scheduler import storage
from services.scheduler.domain.cells import Cells
from services.scheduler.domain.duties import DUTIES
from services.scheduler.domain.intake import read_signatory
from services.scheduler.domain.reception import Assessment, check_assessment
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import dossier, telling
from services.scheduler.usecases.reception import candidates
from services.scheduler.usecases.reception.addresses import sealed_address
from shared.calendar import is_working_day
from shared.database import insert_new
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.ids import derived_id, new_id
from shared.scope import check_territory
from shared.work import Work

MINUTES = 210  # of a half-day of reception: about 3 h 30 (abcformation1986.fr, DOMAIN: PFA)
HALVES = ("morning", "afternoon")
KINDS = ("interview", *DUTIES)
OUTCOMES = ("held", "absent", "cancelled")


def open_slots(work: Work, territory: str, platform: str, days: Collection[date], halves: Collection[str]) -> int:
    """
    Open a platform's half-days on these days; those already open stay. Return how many are new.

    Places and desks are the platform's as declared with the offer. Days without work are refused by name.
    """
    check_territory(work.who, territory)
    declared = storage.offer(work.db, territory).get(("plateformes", platform))
    if declared is None:
        raise NotFoundError("platform", platform)
    idle = [day for day in sorted(days) if not is_working_day(territory, day)]
    if idle:
        words = f"nobody works on {', '.join(map(str, idle))}"
        raise InvalidInputError("refused", [FieldFault("days", "working_day", words)])
    facts = declared["facts"]
    rows = [
        {
            "id": derived_id("interview slot", territory, platform, day, half),
            "territory": territory,
            "platform": platform,
            "day": day,
            "half": half,
            "starts_at": facts["starts"][half],
            "minutes": MINUTES,
            "places": facts["places"],
            "desks": facts["desks"],
            "actor": work.who.actor,
            "at": work.now,
        }
        for day in sorted(days)
        for half in halves
    ]
    known = storage.by_id(work.db, storage.interview_slot, [row["id"] for row in rows])
    insert_new(work.db, storage.interview_slot, rows)
    return len(rows) - len(known)


def working_days(territory: str, first: date, last: date) -> list[date]:
    """Return the days from first to last, both included, on which a territory works."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if is_working_day(territory, day)]


def slots(work: Work, territory: str, since: date) -> list[dict[str, Any]]:
    """Return the half-days from a day on, with `free` places."""
    check_territory(work.who, territory)
    slot = storage.interview_slot
    query = sa.select(slot).where(slot.c.territory == territory, slot.c.day >= since)
    found = storage.rows(work.db, query.order_by(slot.c.day, slot.c.starts_at, slot.c.platform).limit(200))
    taken = _taken(work, [row["id"] for row in found])
    return [row | {"free": row["places"] - taken.get(row["id"], 0)} for row in found]


def book(work: Work, appointment_id: UUID, person_id: UUID, slot_id: UUID, kind: str) -> dict[str, Any]:
    """
    Book somebody into a half-day, or move their appointment there; they are told.

    The same again changes nothing. Raises NotFoundError, ForbiddenError, ConflictError (`slot_full`, `slot_past`,
    `booked_before`, `not_eligible`, `appointment_over`), InvalidInputError.
    """
    slot = storage.one(work.db, storage.interview_slot, slot_id, "interview slot", lock=True)
    check_territory(work.who, slot["territory"])
    if kind not in KINDS:
        raise InvalidInputError("refused", [FieldFault("kind", "choice", f"one of {', '.join(KINDS)}")])
    person, contract_id = _person(work, person_id, slot["territory"], kind)
    table = storage.appointment
    before = storage.first(work.db, sa.select(table).where(table.c.id == appointment_id))
    if before is not None:
        if (before["person_id"], before["kind"]) != (person_id, kind):
            raise ConflictError(f"appointment {appointment_id} is somebody else's", "id_reused")
        if before["state"] != "booked":
            raise ConflictError(f"the appointment is {before['state']}: book another", "appointment_over")
        if before["slot_id"] == slot_id:
            return before
    other = sa.and_(table.c.person_id == person_id, table.c.kind == kind, table.c.state == "booked")
    if work.db.scalar(sa.select(table.c.id).where(other, table.c.id != appointment_id).limit(1)) is not None:
        raise ConflictError("this person has an appointment: move that one", "booked_before")
    if slot["day"] <= telling.today(work, slot["territory"]):
        raise ConflictError("the half-day is over or has begun", "slot_past")
    if _taken(work, [slot_id]).get(slot_id, 0) >= slot["places"]:
        raise ConflictError("no place is left on this half-day", "slot_full")
    row = {"id": appointment_id, "slot_id": slot_id, "territory": slot["territory"], "person_id": person_id}
    row |= {"contract_id": contract_id, "kind": kind, "state": "booked", "desk": None}
    row |= {"version": (before["version"] if before else 0) + 1, "actor": work.who.actor, "at": work.now}
    try:
        if before is None:
            work.db.execute(table.insert(), [row])
        else:
            work.db.execute(table.update().where(table.c.id == appointment_id).values(**row))
    except IntegrityError as error:  # the table's own key: another agent was quicker
        raise ConflictError("this person has an appointment: move that one", "booked_before") from error
    _after(work, row, "booked", slot["day"])
    work.tell(telling.appointment_state(row, slot, person))
    return row


def outcome(work: Work, appointment_id: UUID, state: str, desk: int | None) -> dict[str, Any]:
    """
    Say what became of an appointment: held at a desk, absent, or cancelled; who was told to come is told.

    Raises NotFoundError, ForbiddenError, ConflictError (`appointment_over`, `too_early`), InvalidInputError.
    """
    table = storage.appointment
    row = storage.one(work.db, table, appointment_id, "appointment", lock=True)
    check_territory(work.who, row["territory"])
    slot = storage.one(work.db, storage.interview_slot, row["slot_id"], "interview slot")
    if (row["state"], row["desk"]) == (state, desk):
        return row
    if row["state"] != "booked":
        raise ConflictError(f"the appointment is {row['state']}", "appointment_over")
    faults = []
    if state not in OUTCOMES:
        faults.append(FieldFault("state", "choice", f"one of {', '.join(OUTCOMES)}"))
    if state == "held" and (desk is None or not 1 <= desk <= slot["desks"]):
        faults.append(FieldFault("desk", "range", f"from 1 to {slot['desks']}"))
    if faults:
        raise InvalidInputError("refused", faults)
    if state != "cancelled" and slot["day"] > telling.today(work, row["territory"]):
        raise ConflictError(f"the appointment is on {slot['day']}", "too_early")
    row |= {"state": state, "desk": desk if state == "held" else None, "version": row["version"] + 1}
    row |= {"actor": work.who.actor, "at": work.now}
    work.db.execute(table.update().where(table.c.id == appointment_id).values(**row))
    _after(work, row, state, slot["day"] if state == "held" else None)
    person, _ = _person(work, row["person_id"], row["territory"], row["kind"])
    work.tell(telling.appointment_state(row, slot, person))
    return row


def find_slot(work: Work, slot_id: UUID) -> dict[str, Any]:
    """Return a half-day. Raises NotFoundError, ForbiddenError."""
    slot = storage.one(work.db, storage.interview_slot, slot_id, "interview slot")
    check_territory(work.who, slot["territory"])
    return slot


def appointments(work: Work, slot_id: UUID) -> list[dict[str, Any]]:
    """Return who is or was booked into a half-day, by reference."""
    find_slot(work, slot_id)
    table, candidate, signatory = storage.appointment, storage.candidate, storage.signatory
    reference = sa.func.coalesce(candidate.c.reference, signatory.c.reference).label("reference")
    query = (
        sa.select(table, reference)
        .outerjoin(candidate, candidate.c.id == table.c.person_id)
        .outerjoin(signatory, signatory.c.id == table.c.person_id)
        .where(table.c.slot_id == slot_id)
        .order_by("reference", table.c.id)
    )
    return storage.rows(work.db, query)


def of_person(work: Work, person_id: UUID) -> list[dict[str, Any]]:
    """Return the appointments of a person with their half-day, the last one first."""
    table, slot = storage.appointment, storage.interview_slot
    columns = (slot.c.day, slot.c.half, slot.c.starts_at, slot.c.platform, slot.c.desks)
    query = sa.select(table, *columns).join(slot, slot.c.id == table.c.slot_id).where(table.c.person_id == person_id)
    return storage.rows(work.db, query.order_by(slot.c.day.desc(), table.c.id))


def booked(work: Work, person_id: UUID, kind: str) -> dict[str, Any] | None:
    """Return the appointment for which a person is expected, of a kind."""
    table = storage.appointment
    mine = sa.and_(table.c.person_id == person_id, table.c.kind == kind, table.c.state == "booked")
    return storage.first(work.db, sa.select(table).where(mine))


def platforms(work: Work, territory: str) -> dict[str, str]:
    """Return the platforms of a territory by code, with their name."""
    offer = storage.offer(work.db, territory)
    return {code: row["facts"]["name"] for (kind, code), row in offer.items() if kind == "plateformes"}


def record(
    work: Work, candidate_id: UUID, found: Assessment, row: Mapping[str, str], *, test_numbers: bool
) -> dict[str, Any]:
    """
    Keep what the auditor wrote down: the assessment, and in `row` the columns of an intake row.

    The row is read as a file's would be, today; it may be corrected until the signature. Address and helper are
    sealed, and stay as they are where a correction says nothing of either. Raises NotFoundError, ConflictError
    (`signed`), InvalidInputError naming each field or column and its rule.
    """
    candidate = candidates.find(work, candidate_id, lock=True)
    if candidate["state"] == "signed":
        raise ConflictError("this person has signed", "signed")
    if candidate["state"] == "not_eligible":
        raise ConflictError("eligibility has answered no", "not_eligible")
    book = rule_book(candidate["programme"])
    check_assessment(found, tuple(book["levels"]))
    today = telling.today(work, candidate["territory"])
    kept = {name: value for name, value in row.items() if value.strip()}
    assessed = {name: value for name, value in asdict(found).items() if name not in {"helper", "address"}}
    candidate["record"] = {"row": kept, "assessed": assessed | {"needs": list(found.needs)}}
    cells = Cells(
        {"regime": str(book["regimes"][0])}
        | {name: value for name, value in candidates.intake_row(candidate).items() if value}
        | {"date_signature": str(today), "date_naissance": ""}
    )
    read = read_signatory(cells, candidate["territory"], rule_book, test_numbers=test_numbers)
    if read is None:
        raise InvalidInputError("the record is refused", cells.faults)
    changed = {
        "record": candidate["record"],
        "sealed": sealed_address(work, candidate, found),
        "state": "interviewed",
        "version": candidate["version"] + 1,
        "actor": work.who.actor,
        "at": work.now,
    }
    work.db.execute(storage.candidate.update().where(storage.candidate.c.id == candidate_id).values(**changed))
    level = {"id": new_id(), "person_id": candidate_id, "on": today, "occasion": "interview", "level": read.level}
    level |= {"oral": found.oral, "written": found.written, "confidence": found.confidence}
    work.db.execute(storage.level_seen.insert(), [level | {"actor": work.who.actor, "at": work.now}])
    dossier.note(work, [dossier.Entry(person_id=candidate_id, at=work.now, code="interview_recorded")])
    return candidate | changed


def _person(work: Work, person_id: UUID, territory: str, kind: str) -> tuple[dict[str, Any], UUID | None]:
    """Return who the appointment is for: a candidate for an interview, a signatory for what a duty asks for."""
    if kind == "interview":
        row = candidates.find(work, person_id)
        if row["state"] == "not_eligible":
            raise ConflictError("eligibility has answered no", "not_eligible")
        if row["state"] == "signed":
            raise ConflictError("this person has signed", "signed")
        return row, None
    row = storage.one(work.db, storage.signatory, person_id, "signatory")
    duty, contract = storage.duty, storage.contract
    owed = (
        sa.select(contract.c.id)
        .join(duty, duty.c.contract_id == contract.c.id)
        .where(contract.c.signatory_id == person_id, duty.c.kind == kind, duty.c.territory == territory)
    )
    contract_id = work.db.scalar(owed.limit(1))
    if contract_id is None:
        raise NotFoundError(f"duty {kind} of", person_id)
    return row, contract_id


def _after(work: Work, row: Mapping[str, Any], state: str, day: date | None) -> None:
    """Let the person's own state follow the appointment, or the duty that asked for it."""
    if row["kind"] == "interview":
        candidate = storage.candidate
        own = {"booked": "booked", "held": "received", "absent": "absent", "cancelled": "contacted"}[state]
        mine = sa.and_(candidate.c.id == row["person_id"], candidate.c.state.not_in(("interviewed", "signed")))
        work.db.execute(candidate.update().where(mine).values(state=own))
    else:
        duty = storage.duty
        mine = sa.and_(duty.c.contract_id == row["contract_id"], duty.c.kind == row["kind"], duty.c.state != "done")
        own = "booked" if state in {"booked", "held"} else "open"
        work.db.execute(duty.update().where(mine).values(state=own, booked_on=day))
    code = f"{row['kind']}_{state}"[:40]
    dossier.note(work, [dossier.Entry(person_id=row["person_id"], at=work.now, code=code, link=str(row["id"]))])


def _taken(work: Work, slot_ids: Collection[UUID]) -> dict[UUID, int]:
    table = storage.appointment
    query = sa.select(table.c.slot_id, sa.func.count()).where(
        table.c.slot_id.in_(slot_ids), table.c.state.in_(("booked", "held"))
    )
    return dict(work.db.execute(query.group_by(table.c.slot_id)).all())

"""Prescribed beside the planned trainings: follow-up offers, the platform's reports, orientations, levels."""

__all__ = ["answer_offer", "follow_up", "levels", "orient", "place_again", "report", "take_reports"]

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.building import OFFER_REFUSED
from services.scheduler.domain.cells import Cells
from services.scheduler.domain.life import PLANNED, UNDERWAY
from services.scheduler.domain.prescription import (
    OUTCOMES,
    PlatformLog,
    check_follow_up,
    check_platform,
    read_log,
    suggestions,
)
from services.scheduler.domain.reception import CONFIDENCES
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import contracts, dossier, leaving, people, telling
from services.scheduler.usecases.intake import changed_by_hand
from services.scheduler.usecases.planning import need_of
from shared.database import insert_new, upsert
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.ids import derived_id, new_id
from shared.scope import check_territory
from shared.staging import Judged, SourceRow
from shared.work import Work

REFUSED = "refused"
LOG_COLUMN_OF = {"reported_on": "releve_le", "last_login": "derniere_connexion"}


def follow_up(work: Work, contract_id: UUID, offer: str, state: str, on: date | None) -> dict[str, Any]:
    """
    Prescribe a follow-up offer of the territory, book it, or note that it was attended or given up.

    Raises NotFoundError, ForbiddenError, ConflictError (`move_not_possible`, `offer_full`, `contract_not_running`),
    InvalidInputError.
    """
    contract = contracts.find(work, contract_id, lock=True)
    item = storage.offer_item
    mine = sa.and_(item.c.territory == contract["territory"], item.c.kind == "suivi", item.c.code == offer)
    declared = storage.first(work.db, sa.select(item).where(mine).with_for_update())  # its places are counted below
    if declared is None:
        raise NotFoundError("follow-up offer", offer)
    facts = declared["facts"]
    book = rule_book(contract["programme"]).at(contract["territory"], contract["signed_on"])
    if facts["type"] not in book["follow_up.offers"]:
        words = f"{facts['type']}: {book.code} has {', '.join(book['follow_up.offers'])}"
        raise InvalidInputError("refused", [FieldFault("offer", "follow_up.offers", words)])
    table, key = storage.follow_up, derived_id("follow-up", contract_id, offer)
    before = storage.first(work.db, sa.select(table).where(table.c.id == key))
    if before is None and contract["state"] not in UNDERWAY:
        raise ConflictError(f"the contract is {contract['state']}", "contract_not_running")
    today = telling.today(work, contract["territory"])
    check_follow_up(before["state"] if before else "prescribed", state, on, facts["dates"], today)
    if state == "booked" and (before is None or before["state"] != "booked"):
        same_day = sa.and_(table.c.offer == offer, table.c.state == "booked", table.c.on == on)
        taken = work.db.scalar(sa.select(sa.func.count()).select_from(table).where(same_day)) or 0
        if taken >= facts["places"]:
            raise ConflictError(f"{facts['places']} places are taken on {on}", "offer_full")
    row = {"id": key, "contract_id": contract_id, "offer": offer, "state": state}
    row |= {"on": on if state in {"booked", "attended"} else None, "actor": work.who.actor, "at": work.now}
    upsert(work.db, table, [row])
    _note(work, contract, f"follow_up_{state}")
    return row


def answer_offer(work: Work, contract_id: UUID, answer: str) -> dict[str, Any]:
    """
    Keep what the person says of a course that is offered and not imposed: proposed, accepted or refused.

    Refused, the course is not owed and its coming seats are free again; accepted later, it is planned again. Raises
    NotFoundError, ForbiddenError, ConflictError (`not_offered`, `contract_not_running`).
    """
    contract = contracts.find(work, contract_id, lock=True)
    people.refuse_alias(work, contract["signatory_id"])
    if not contract["language_offer"]:
        raise ConflictError("no course is offered under this contract", "not_offered")
    if contract["state"] not in UNDERWAY:
        raise ConflictError(f"the contract is {contract['state']}", "contract_not_running")
    if contract["language_offer"] == answer:
        return contract
    need = storage.need
    course = sa.and_(need.c.contract_id == contract_id, need.c.training == "language")
    stamp = {"actor": work.who.actor, "changed_at": work.now}
    if answer == REFUSED:
        leaving.give_back_seats(work, contract_id, telling.today(work, contract["territory"]), training="language")
        open_ones = sa.and_(course, need.c.state.in_(("open", "placed", "unplaced", "held")))
        work.db.execute(need.update().where(open_ones).values(state="not_owed", reason=dict(OFFER_REFUSED), **stamp))
    else:
        for row in storage.rows(work.db, sa.select(need).where(course, need.c.state == "not_owed")):
            if row["reason"]["code"] == OFFER_REFUSED["code"]:
                held = contract["state"] == "training_postponed"
                again = {"state": "held" if held else "open", "reason": dict(leaving.HELD) if held else None}
                work.db.execute(need.update().where(need.c.id == row["id"]).values(**again, **stamp))
    changed = {"language_offer": answer, "version": contract["version"] + 1} | stamp
    work.db.execute(storage.contract.update().where(storage.contract.c.id == contract_id).values(**changed))
    needs = storage.rows(work.db, sa.select(need).where(need.c.contract_id == contract_id))
    work.tell(telling.contract_state(contract | changed), telling.prescription_state(contract | changed, needs))
    _note(work, contract, f"offer_{answer}")
    return contract | changed


def report(work: Work, contract_id: UUID, log: PlatformLog) -> dict[str, Any]:
    """
    Keep what the platform reports; the same day again replaces it.

    Raises NotFoundError, ForbiddenError, ConflictError (`not_on_platform`), InvalidInputError.
    """
    contract = contracts.find(work, contract_id, lock=True)
    need, table = storage.need, storage.platform_log
    on_platform = sa.and_(need.c.contract_id == contract_id, need.c.training == "language", need.c.part == "")
    reason = work.db.scalar(sa.select(need.c.reason).where(on_platform).limit(1))
    if reason is None or reason["code"] != "platform":
        raise ConflictError("this contract does not follow the platform", "not_on_platform")
    last = sa.select(table).where(table.c.contract_id == contract_id).order_by(table.c.reported_on.desc())
    today = telling.today(work, contract["territory"])
    check_platform(log, storage.first(work.db, last), contract["signed_on"], today)
    row = {"contract_id": contract_id} | asdict(log) | {"actor": work.who.actor, "at": work.now}
    upsert(work.db, table, [row])
    return row


def take_reports(work: Work, territory: str, rows: Sequence[SourceRow]) -> tuple[Judged, int]:
    """
    Keep a file of the platform's reports, by reference; return each row with its faults, and how many were kept.

    A person's newest contract in the territory is meant.
    """
    contract, person = storage.contract, storage.signatory
    query = sa.select(person.c.reference, contract.c.id).join(person, person.c.id == contract.c.signatory_id)
    query = query.where(contract.c.territory == territory).order_by(contract.c.signed_on)
    contract_of: dict[str, UUID] = dict(work.db.execute(query).all())
    judged: Judged = []
    kept = 0
    for row in rows:
        cells = Cells(row.cells)
        read = read_log(cells)
        if read is not None and read[0] not in contract_of:
            cells.fault("reference", "unknown_reference", f"« {read[0]} » n’a pas de contrat dans ce département")
        elif read is not None:
            kept += cells.tried(partial(report, work, contract_of[read[0]], read[1]), LOG_COLUMN_OF)
        judged.append((row, tuple(cells.faults)))
    return judged, kept


def orient(work: Work, contract_id: UUID, why: str) -> list[dict[str, Any]]:
    """Suggest what the rules have for a difficulty; what is proposed already stays. Raises InvalidInputError."""
    contract = contracts.find(work, contract_id, lock=True)
    rows: list[dict[str, Any]] = [
        {
            "id": derived_id("orientation", contract_id, why, kind),
            "contract_id": contract_id,
            "kind": kind,
            "state": "proposed",
            "why": why,
            "actor": work.who.actor,
            "at": work.now,
        }
        for kind in suggestions(why)
    ]
    insert_new(work.db, storage.orientation, rows)
    _note(work, contract, f"difficulty_{why}")
    return list(storage.by_id(work.db, storage.orientation, [row["id"] for row in rows]).values())


def answer_orientation(work: Work, orientation_id: UUID, state: str) -> dict[str, Any]:
    """Note what came of an orientation. Raises NotFoundError, ForbiddenError, InvalidInputError."""
    row = storage.one(work.db, storage.orientation, orientation_id, "orientation", lock=True)
    contract = contracts.find(work, row["contract_id"])
    if state not in OUTCOMES:
        raise InvalidInputError("refused", [FieldFault("state", "choice", f"one of {', '.join(OUTCOMES)}")])
    changed = {"state": state, "actor": work.who.actor, "at": work.now}
    work.db.execute(storage.orientation.update().where(storage.orientation.c.id == orientation_id).values(**changed))
    _note(work, contract, f"orientation_{state}")
    return row | changed


def place_again(work: Work, signatory_id: UUID, seen: Mapping[str, str], on: date) -> dict[str, Any]:
    """
    Keep a level seen after some sessions, and where another course fits it, prescribe that one.

    `seen` has level, oral, written, confidence and course. The old course's coming seats are given back; what was
    followed counts on. Raises NotFoundError, ForbiddenError, ConflictError (`contract_not_running`),
    InvalidInputError naming field and rule.
    """
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory", lock=True)
    check_territory(work.who, person["territory"])
    contract_table = storage.contract
    mine = sa.select(contract_table).where(contract_table.c.signatory_id == signatory_id)
    contract = storage.first(work.db, mine.order_by(contract_table.c.signed_on.desc()).with_for_update())
    people.refuse_alias(work, signatory_id)
    if contract is None or contract["state"] not in PLANNED:
        raise ConflictError("no contract of this person is running", "contract_not_running")
    book = rule_book(contract["programme"]).at(contract["territory"], contract["signed_on"])
    today = telling.today(work, contract["territory"])
    _check_level(seen, book, on, contract["signed_on"], today)
    row = {"id": new_id(), "person_id": signatory_id, "on": on, "occasion": "replacement"}
    row |= {name: seen[name] for name in ("level", "oral", "written", "confidence")}
    row |= {"actor": work.who.actor, "at": work.now}
    work.db.execute(storage.level_seen.insert(), [row])
    _note(work, contract, "level_seen")
    facts = changed_by_hand(person["facts"], {"level": seen["level"]})
    if seen["course"] and seen["course"] != person["facts"]["course"]:
        facts = changed_by_hand(facts, {"course": seen["course"]})
        _change_course(work, contract, seen["course"], book, today)
    version = max(person["version"], contract["version"]) + 1
    stamp = {"version": version, "actor": work.who.actor, "changed_at": work.now}
    work.db.execute(
        storage.signatory.update().where(storage.signatory.c.id == signatory_id).values(facts=facts, **stamp)
    )
    work.db.execute(contract_table.update().where(contract_table.c.id == contract["id"]).values(**stamp))
    needs = storage.rows(work.db, sa.select(storage.need).where(storage.need.c.contract_id == contract["id"]))
    work.tell(telling.signatory_state(person | {"facts": facts} | stamp))
    work.tell(telling.contract_state(contract | stamp), telling.prescription_state(contract | stamp, needs))
    return row


def levels(work: Work, signatory_id: UUID) -> list[dict[str, Any]]:
    """Return every level that was seen, the first one first. Raises NotFoundError, ForbiddenError."""
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    check_territory(work.who, person["territory"])
    table = storage.level_seen
    query = sa.select(table).where(table.c.person_id == signatory_id).order_by(table.c.on, table.c.at)
    return storage.rows(work.db, query)


def _check_level(seen: Mapping[str, str], book: Any, on: date, signed_on: date, today: date) -> None:
    scale = tuple(book["levels"])
    faults = [
        FieldFault(name, "choice", f"one of {', '.join(scale)}")
        for name in ("level", "oral", "written")
        if seen[name] not in scale
    ]
    if seen["confidence"] not in CONFIDENCES:
        faults.append(FieldFault("confidence", "choice", f"one of {', '.join(CONFIDENCES)}"))
    allowed = book.packages(seen["level"])
    if seen["course"] and seen["course"] not in allowed:
        words = f"level {seen['level']} under {book.code}: {', '.join(allowed) or 'no course in person'}"
        faults.append(FieldFault("course", "package_of_level", words))
    if not signed_on <= on <= today:
        faults.append(FieldFault("on", "range", f"between {signed_on} and {today}"))
    if faults:
        raise InvalidInputError("the level is refused", faults)


def _change_course(work: Work, contract: Mapping[str, Any], course: str, book: Any, today: date) -> None:
    need = storage.need
    stamp = {"actor": work.who.actor, "changed_at": work.now}
    leaving.replace_course(work, contract["id"], course, today)
    minutes = int(course) * 60
    latest = contract["term_on"] - timedelta(days=book.quickest_days(minutes))
    within = today + timedelta(days=book["language.start_within_days"])
    key = need_of(contract["id"], "language", course, 0)
    row = {"id": key, "contract_id": contract["id"], "signatory_id": contract["signatory_id"]}
    row |= {"territory": contract["territory"], "training": "language", "part": course, "minutes": minutes}
    row |= {"deadline": min(within, latest), "again": 0, "state": "open", "reason": None}
    upsert(work.db, need, [row | stamp])


def _note(work: Work, contract: Mapping[str, Any], code: str) -> None:
    link = f"/planning/contracts/{contract['id']}"
    dossier.note(work, [dossier.Entry(person_id=contract["signatory_id"], at=work.now, code=code[:40], link=link)])

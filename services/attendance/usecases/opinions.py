"""
The opinion on assiduity: drafted from the evidence, completed and signed by a named agent of OFII.

The draft says nothing but what is recorded; the verdict is the agent's, from a closed list, and never a program's.
"""

__all__ = ["draft", "opinions_of", "paper", "read", "sign"]

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.documents.opinion_text import VERDICTS, opinion_text
from services.attendance.documents.people import OpinionPaper, opinion_pdf
from services.attendance.usecases import presence
from services.attendance.usecases.clock import table_of
from shared.communes import department_of
from shared.errors import ConflictError, FieldFault, ForbiddenError, InvalidInputError
from shared.scope import check_territory
from shared.work import Work


def draft(work: Work, opinion_id: UUID, contract_id: UUID) -> dict[str, Any]:
    """
    Draft an opinion from the evidence, or draft it again where the evidence has changed; the same again is the same.

    Raises NotFoundError, ForbiddenError, ConflictError (`id_reused`; `opinion_signed` for new evidence after that).
    """
    contract = storage.one(work.db, storage.contract, contract_id, "contract", lock=True)
    check_territory(work.who, contract["territory"])
    table = storage.opinion
    known = storage.rows(work.db, sa.select(table).where(table.c.id == opinion_id))
    if known and known[0]["contract_id"] != contract_id:
        raise ConflictError(f"id {opinion_id} is an opinion on another contract", "id_reused")
    found = _evidence(work, contract)
    if known and known[0]["state"] == "signed":
        if known[0]["evidence"] != found:
            words = f"opinion {opinion_id} is signed; what was recorded since asks for another opinion"
            raise ConflictError(words, "opinion_signed")
        return _view(work, known[0])
    if not known:
        row = {"id": opinion_id, "contract_id": contract_id, "state": "draft", "verdict": "", "evidence": found}
        stamp = {"drafted_by": work.who.actor, "drafted_at": work.now, "signed_by": "", "signed_at": None}
        work.db.execute(table.insert(), [row | stamp])
    elif known[0]["evidence"] != found:
        fresh = {"evidence": found, "drafted_by": work.who.actor, "drafted_at": work.now}
        work.db.execute(table.update().where(table.c.id == opinion_id).values(**fresh))
    return read(work, opinion_id)


def sign(work: Work, opinion_id: UUID, verdict: str) -> dict[str, Any]:
    """
    Complete a draft with its verdict and sign it, as a person with a name; the same again changes nothing.

    Raises NotFoundError, ForbiddenError, InvalidInputError, ConflictError (`opinion_signed` with another verdict or by
    somebody else, `evidence_changed`: draft it again and read what is new).
    """
    if work.who.kind != "person":
        raise ForbiddenError("an opinion is signed by a person, never by a program")
    if verdict not in VERDICTS:
        raise InvalidInputError("refused", [FieldFault("verdict", "choice", f"one of {', '.join(VERDICTS)}")])
    row = storage.one(work.db, storage.opinion, opinion_id, "opinion", lock=True)
    contract = storage.one(work.db, storage.contract, row["contract_id"], "contract", lock=True)
    check_territory(work.who, contract["territory"])
    if row["state"] == "signed":
        if (row["verdict"], row["signed_by"]) != (verdict, work.who.actor):
            raise ConflictError(f"opinion {opinion_id} was signed by {row['signed_by']}", "opinion_signed")
        return _view(work, row)
    if row["evidence"] != _evidence(work, contract):
        raise ConflictError("something was recorded since the draft: draft it again first", "evidence_changed")
    signed = {"state": "signed", "verdict": verdict, "signed_by": work.who.actor, "signed_at": work.now}
    work.db.execute(storage.opinion.update().where(storage.opinion.c.id == opinion_id).values(**signed))
    return read(work, opinion_id)


def read(work: Work, opinion_id: UUID) -> dict[str, Any]:
    """Return an opinion with its evidence. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.opinion, opinion_id, "opinion")
    contract = storage.one(work.db, storage.contract, row["contract_id"], "contract")
    check_territory(work.who, contract["territory"])
    return _view(work, row)


def opinions_of(work: Work, territory: str | None, contract_id: UUID | None = None) -> list[dict[str, Any]]:
    """Return the opinions of a territory or on one contract, newest first, without their evidence."""
    table, contract, person = storage.opinion, storage.contract, storage.signatory
    names = ("id", "contract_id", "state", "verdict", "drafted_by", "drafted_at", "signed_by", "signed_at")
    query = (
        sa.select(*(table.c[name] for name in names), person.c.reference)
        .join(contract, contract.c.id == table.c.contract_id)
        .join(person, person.c.id == contract.c.signatory_id)
    )
    if territory:
        query = query.where(contract.c.territory == territory)
    if contract_id is not None:
        query = query.where(table.c.contract_id == contract_id)
    return storage.rows(work.db, query.order_by(table.c.drafted_at.desc(), table.c.id).limit(200))


def paper(work: Work, opinion_id: UUID, text: Path | None) -> bytes:
    """Return an opinion as PDF, marked as a draft until it is signed. Raises NotFoundError, ForbiddenError."""
    row = read(work, opinion_id)
    person = storage.one(work.db, storage.signatory, row["signatory_id"], "signatory")
    words = opinion_text(text)
    zone = department_of(row["territory"]).time_zone
    found = OpinionPaper(
        number=f"AV-{person['reference']}",
        name=person["name"],
        reference=person["reference"],
        **{name: row[name] for name in ("evidence", "verdict", "drafted_by", "drafted_at", "signed_by", "signed_at")},
        zone=zone,
        intro=words.intro,
        closing=words.closing,
        verdicts=words.verdicts,
        specimen_note=words.note,
    )
    return opinion_pdf(found, made_on=work.now.astimezone(ZoneInfo(zone)).date())


def _view(work: Work, row: Mapping[str, Any]) -> dict[str, Any]:
    contract = storage.one(work.db, storage.contract, row["contract_id"], "contract")
    person = storage.one(work.db, storage.signatory, contract["signatory_id"], "signatory")
    named = {"territory": contract["territory"], "signatory_id": person["id"], "reference": person["reference"]}
    return dict(row) | named


def _evidence(work: Work, contract: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is recorded today about a contract: hours, and each absence with what was done about it."""
    ((facts, followings),) = table_of(work, [contract])
    return {
        "signed_on": contract["signed_on"].isoformat(),
        "term_on": contract["term_on"].isoformat(),
        "assiduity_percent": facts.assiduity_percent,
        "civic_days_required": facts.civic_days_required,
        "early_exit": any(one.ended_early for one in followings),
        "trainings": [
            {"training": one.owed.training, "part": one.owed.part, "owed": one.owed.minutes}
            | {"followed": one.followed, "offered": one.offered}
            for one in followings
        ],
        "absences": _absences(work, contract),
    }


def _absences(work: Work, contract: Mapping[str, Any]) -> list[dict[str, Any]]:
    missed = presence.absences(work, contract["id"])
    marks = _keyed(work, storage.mark, storage.mark.c.id, [one["mark_id"] for one in missed])
    slots = _keyed(work, storage.meeting, storage.meeting.c.id, [one["meeting_id"] for one in missed])
    person = contract["signatory_id"]
    proofs = _of_person(work, storage.notice_proof, person, storage.notice_proof.c.notice_id)
    attempts = _of_person(work, storage.attempt, person, storage.attempt.c.made_on, storage.attempt.c.id)
    answers = _of_person(work, storage.answer, person, storage.answer.c.recorded_at, storage.answer.c.id)
    chains = _chains(work, missed)
    found = []
    for one in missed:
        mark = marks[one["mark_id"]]
        qualified = mark["status"] in {"absent_justified", "absent_unjustified"}
        history = chains[one["meeting_id"], one["signatory_id"]]
        found.append(
            {
                "mark_id": str(one["mark_id"]),
                "held_on": one["held_on"].isoformat(),
                "slot": slots[one["meeting_id"]]["slot"],
                "training": one["training"],
                "part": one["part"],
                "status": one["status"],
                "reason": mark["reason"],
                "qualified_by": mark["actor"] if qualified else "",
                "convocations": [
                    {"notice_id": str(proof["notice_id"]), "channel": proof["channel"], "proof": proof["proof"]}
                    | {"delivered": proof["delivered"], "usable": proof["usable"]}
                    for proof in proofs
                    if proof["session_id"] == one["session_id"] and proof["kind"] == "convocation"
                ],
                "attempts": [
                    {"id": str(tried["id"]), "method": tried["method"], "outcome": tried["outcome"]}
                    | {"made_on": _day(tried["made_on"])}
                    for tried in attempts
                    if tried["made_on"] >= one["held_on"]
                ],
                "answers": [
                    {"kind": answer["kind"], "reason": answer["reason"]}
                    for answer in answers
                    if answer["mark_id"] in history
                ],
            }
        )
    return found


def _chains(work: Work, missed: list[dict[str, Any]]) -> dict[tuple[UUID, UUID], set[UUID]]:
    """Return every mark ever made for each of these half-days: an answer may name one that was qualified since."""
    mark = storage.mark
    found: dict[tuple[UUID, UUID], set[UUID]] = {(one["meeting_id"], one["signatory_id"]): set() for one in missed}
    query = sa.select(mark.c.meeting_id, mark.c.signatory_id, mark.c.id)
    meetings, people = ({one[name] for one in missed} for name in ("meeting_id", "signatory_id"))
    mine = sa.and_(mark.c.meeting_id.in_(meetings), mark.c.signatory_id.in_(people))
    for meeting_id, person, key in work.db.execute(query.where(mine)):
        if (meeting_id, person) in found:
            found[meeting_id, person].add(key)
    return found


def _keyed(work: Work, table: sa.Table, column: sa.Column[Any], keys: list[UUID]) -> dict[UUID, dict[str, Any]]:
    return {row[column.name]: row for row in storage.rows(work.db, sa.select(table).where(column.in_(keys)))}


def _of_person(work: Work, table: sa.Table, person: UUID, *order: sa.Column[Any]) -> list[dict[str, Any]]:
    return storage.rows(work.db, sa.select(table).where(table.c.signatory_id == person).order_by(*order))


def _day(value: date) -> str:
    return value.isoformat()

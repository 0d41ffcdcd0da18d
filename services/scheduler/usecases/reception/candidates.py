"""People before their contract: who was contacted, what eligibility answered, and the contract that they sign."""

__all__ = ["answers", "ask", "contract_of", "enter", "find", "listed", "sign", "similar", "take_contacts"]

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.cells import Cells
from services.scheduler.domain.eligibility import Facts, decide
from services.scheduler.domain.intake import OF_AGE, read_contact, read_email, read_phone, read_signatory
from services.scheduler.domain.reception import Contact, why_alike
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import dossier, intake, telling
from services.scheduler.usecases.reception.addresses import tell_address
from shared.communes import commune
from shared.database import insert_new
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.ids import derived_id, new_id
from shared.scope import check_territory
from shared.staging import Judged, SourceRow
from shared.work import Work

PRIVATE = ("family_name", "given_name", "alias", "phone", "email")
FACTS = ("commune", "spoken", "reads", "reading_language", "channel", "shared_phone")
UNKEPT = frozenset({"citizenship", "family_of_eu_citizen", "health_permit"})  # facts and rules that say too much
NOT_KEPT = "règle non gardée : elle dirait la nationalité ou la santé de la personne"
# As a row of an intake file writes them.
READS = {"yes": "oui", "with_help": "avec_aide", "no": "non"}


def enter(work: Work, territory: str, contact: Contact, *, test_numbers: bool, compare: bool = True) -> dict[str, Any]:
    """
    Write down somebody who was contacted or came by themselves; the same again changes nothing.

    The answer has `similar` (where `compare`): records that may be the same person, each with the reasons. Raises
    ForbiddenError, ConflictError (`signed`), InvalidInputError.
    """
    check_territory(work.who, territory)
    if commune(contact.commune).department != territory:
        raise InvalidInputError("refused", [FieldFault("commune", "territory", f"not in department {territory}")])
    rule_book(contact.programme)
    contact = _reachable(contact, territory, test_numbers=test_numbers)
    key = derived_id("signatory", territory, contact.reference)
    before = storage.first(work.db, sa.select(storage.candidate).where(storage.candidate.c.id == key))
    said = asdict(contact)
    row: dict[str, Any] = dict.fromkeys(storage.candidate.c.keys())
    row |= {"id": key, "territory": territory, "state": "contacted", "verdict": "", "regime": "", "version": 0}
    row |= before or {}
    if row["state"] == "signed" or contract_of(work, key) is not None:
        raise ConflictError(f"{contact.reference} has signed: change the signatory", "signed")
    fresh = {
        "reference": contact.reference,
        "entry": contact.entry,
        "programme": contact.programme,
        "private": {name: said[name] for name in PRIVATE},
        "facts": {name: list(said[name]) if name == "spoken" else said[name] for name in FACTS},
    }
    if before is None or any(before[name] != value for name, value in fresh.items()):
        if before is not None and before["programme"] != contact.programme:
            row |= {"verdict": "", "regime": "", "permit_consequence": None}  # the answer was another programme's
        row |= fresh | {"version": row["version"] + 1, "actor": work.who.actor, "at": work.now}
        _keep(work, row, new=before is None)
        if before is None:
            dossier.note(work, [dossier.Entry(person_id=key, at=work.now, code=f"entered_{contact.entry}")])
    return row | {"similar": similar(work, row) if compare else []}


def take_contacts(work: Work, territory: str, rows: Sequence[SourceRow], *, test_numbers: bool) -> tuple[Judged, int]:
    """Write down the people of a file who were contacted; return each row with its faults, and how many were kept."""
    judged: Judged = []
    kept, seen = 0, set[str]()
    for row in rows:
        cells = Cells(row.cells)
        read = read_contact(cells, territory, test_numbers=test_numbers)
        if read is not None:
            if read.reference in seen:
                cells.fault("reference", "duplicate", f"la référence {read.reference} est déjà plus haut")
            seen.add(read.reference)
            act = partial(enter, work, territory, read, test_numbers=test_numbers, compare=False)
            kept += not cells.faults and cells.tried(act, {"": "programme", "commune": "code_commune"})
        judged.append((row, tuple(cells.faults)))
    return judged, kept


def find(work: Work, candidate_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """Return a candidate. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.candidate, candidate_id, "candidate", lock=lock)
    check_territory(work.who, row["territory"])
    return row


def listed(territory: str | None, state: str | None) -> sa.Select[Any]:
    """Return the query for candidates."""
    query = sa.select(storage.candidate)
    query = query.where(storage.candidate.c.territory == territory) if territory else query
    return query.where(storage.candidate.c.state == state) if state else query


def similar(work: Work, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return candidates and signatories of the territory that may be the same person, with the reasons in French."""
    found: dict[UUID, dict[str, Any]] = {}
    for table in (storage.candidate, storage.signatory):
        query = sa.select(table.c.id, table.c.reference, table.c.private).where(
            table.c.territory == row["territory"], table.c.id != row["id"]
        )
        for other in storage.rows(work.db, query):
            reasons = why_alike(row["private"], other["private"])
            if reasons:
                found[other["id"]] = {"id": other["id"], "reference": other["reference"], "why": reasons}
    return sorted(found.values(), key=lambda one: str(one["reference"]))


def ask(work: Work, candidate_id: UUID, programme: str, facts: Facts) -> dict[str, Any]:
    """
    Decide whether somebody signs, and keep the answer, never the facts: nationality is gone with the question.

    Where the rule itself would say it (or an illness), what is kept does not name the rule; what is returned does.

    Asked again it is a re-examination: the earlier answers stay in the history. Raises NotFoundError, ConflictError.
    """
    row = find(work, candidate_id, lock=True)
    if row["state"] == "signed":
        raise ConflictError("this person has signed", "signed")
    answer = decide(rule_book(programme).eligibility, facts)
    kept = {"id": new_id(), "candidate_id": candidate_id, "programme": programme} | asdict(answer)
    kept |= {"actor": work.who.actor, "at": work.now}
    told = dict(kept)
    if answer.fact in UNKEPT or answer.rule in UNKEPT:
        kept |= {"rule": "not_kept", "says": NOT_KEPT, "source": "", "fact": ""}
    work.db.execute(storage.eligibility_answer.insert(), [kept])
    back = "contacted" if row["state"] == "not_eligible" else row["state"]
    minor = facts.age is not None and facts.age < OF_AGE  # the age itself is gone with the question
    changed = {
        "facts": row["facts"] | {"minor": minor},
        "programme": programme,
        "verdict": answer.verdict,
        "regime": answer.regime,
        "permit_consequence": answer.permit_consequence,
        "state": "not_eligible" if answer.verdict == "no" else back,
        "version": row["version"] + 1,
        "actor": work.who.actor,
        "at": work.now,
    }
    work.db.execute(storage.candidate.update().where(storage.candidate.c.id == candidate_id).values(**changed))
    if answer.verdict == "no":
        _cancel_appointments(work, candidate_id)
    dossier.note(work, [dossier.Entry(person_id=candidate_id, at=work.now, code=f"eligibility_{answer.verdict}")])
    return told


def answers(work: Work, candidate_id: UUID) -> list[dict[str, Any]]:
    """Return every answer about somebody, the first one first."""
    table = storage.eligibility_answer
    query = sa.select(table).where(table.c.candidate_id == candidate_id).order_by(table.c.at, table.c.id)
    return storage.rows(work.db, query)


def contract_of(work: Work, candidate_id: UUID) -> UUID | None:
    """Return the newest contract of somebody who has signed."""
    contract = storage.contract
    mine = sa.select(contract.c.id).where(contract.c.signatory_id == candidate_id)
    found: UUID | None = work.db.scalar(mine.order_by(contract.c.signed_on.desc()).limit(1))
    return found


def sign(
    work: Work, candidate_id: UUID, signed_on: date, extra: Mapping[str, str], *, test_numbers: bool
) -> dict[str, Any]:
    """
    Make the contract from the answer and the interview's record, dated by the person's own signature.

    `extra` are the columns that are only known now: birth date, representative, what was said of an offered course.
    The same again gives the same contract. Raises NotFoundError, ConflictError (`not_eligible`, `no_record`),
    InvalidInputError naming the column and its rule; then nothing has changed.
    """
    row = find(work, candidate_id, lock=True)
    if row["state"] == "signed":
        return _signed_before(work, row, signed_on)
    if row["verdict"] != "yes":
        raise ConflictError("eligibility has not answered yes", "not_eligible")
    if row["record"] is None:
        raise ConflictError("the interview has no record yet", "no_record")
    today = telling.today(work, row["territory"])
    if signed_on > today:
        raise InvalidInputError("refused", [FieldFault("date_signature", "range", f"up to {today}")])
    if row["facts"].get("minor") and not extra.get("date_naissance"):
        words = "une personne de 16 ou 17 ans : sa date de naissance et son représentant légal"
        raise InvalidInputError("refused", [FieldFault("date_naissance", "required", words)])
    cells = Cells(intake_row(row) | dict(extra) | {"date_signature": signed_on.isoformat()})
    read = read_signatory(cells, row["territory"], rule_book, test_numbers=test_numbers)
    if read is not None and row["facts"].get("minor") and read.minor_until is None:
        cells.fault("date_naissance", "minor", "l’éligibilité a retenu une personne de 16 ou 17 ans")
    if read is None or cells.faults:
        raise InvalidInputError("the contract cannot be made", cells.faults)
    intake.keep_signatories(work, row["territory"], [(read, cells)])
    if cells.faults:
        raise InvalidInputError("the contract cannot be made", cells.faults)
    tell_address(work, row)
    contract_id = derived_id("contract", candidate_id, signed_on, read.programme)
    work.db.execute(
        storage.candidate.update()
        .where(storage.candidate.c.id == candidate_id)
        .values(state="signed", actor=work.who.actor, at=work.now)
    )
    offered = {"permit_consequence": row["permit_consequence"]}
    work.db.execute(storage.contract.update().where(storage.contract.c.id == contract_id).values(**offered))
    link = f"/planning/contracts/{contract_id}"
    dossier.note(work, [dossier.Entry(person_id=candidate_id, at=work.now, code="contract_signed", link=link)])
    return storage.one(work.db, storage.contract, contract_id, "contract")


def _signed_before(work: Work, row: Mapping[str, Any], signed_on: date) -> dict[str, Any]:
    """Return the contract that somebody has signed on this day. Raises ConflictError (`signed`) for another day."""
    contract = storage.contract
    mine = sa.select(contract).where(contract.c.signatory_id == row["id"], contract.c.signed_on == signed_on)
    found = storage.first(work.db, mine)
    if found is None:
        raise ConflictError("this person has signed on another day", "signed")
    return found


def _cancel_appointments(work: Work, candidate_id: UUID) -> None:
    """Free the places of somebody who does not sign; whoever was told to come is told."""
    appointment, slot = storage.appointment, storage.interview_slot
    mine = sa.and_(appointment.c.person_id == candidate_id, appointment.c.state == "booked")
    person = storage.one(work.db, storage.candidate, candidate_id, "candidate")
    for row in storage.rows(work.db, sa.select(appointment).where(mine).with_for_update()):
        row |= {"state": "cancelled", "version": row["version"] + 1, "actor": work.who.actor, "at": work.now}
        work.db.execute(appointment.update().where(appointment.c.id == row["id"]).values(**row))
        half_day = storage.one(work.db, slot, row["slot_id"], "interview slot")
        work.tell(telling.appointment_state(row, half_day, person))


def intake_row(row: Mapping[str, Any]) -> dict[str, str]:
    """Return what the desk knows as a row of an intake file would say it; the interview's record has the last word."""
    facts, private = row["facts"], row["private"]
    return {
        "reference": row["reference"],
        "nom": private["family_name"],
        "prenom": private["given_name"],
        "alias": private["alias"],
        "programme": row["programme"],
        "regime": row["regime"],
        "code_commune": facts["commune"],
        "langues_parlees": ";".join(facts["spoken"]),
        "lecture": READS[facts["reads"]],
        "langue_lecture": facts["reading_language"],
        "telephone": private["phone"],
        "telephone_partage": "oui" if facts["shared_phone"] else "non",
        "courriel": private["email"],
        "canal": facts["channel"],
        **(row["record"]["row"] if row["record"] else {}),
    }


def _reachable(contact: Contact, territory: str, *, test_numbers: bool) -> Contact:
    """Return the contact with its phone as E.164. Raises InvalidInputError for what is no phone or no address."""
    cells = Cells({"telephone": contact.phone, "courriel": contact.email})
    phone = read_phone(cells, territory, test_numbers=test_numbers)
    email = read_email(cells)
    if cells.faults:
        raise InvalidInputError("refused", cells.faults)
    return replace(contact, phone=phone, email=email)


def _keep(work: Work, row: dict[str, Any], *, new: bool) -> None:
    table = storage.candidate
    if new:
        taken = work.db.scalar(sa.select(table.c.id).where(table.c.reference == row["reference"]))
        if taken is not None and taken != row["id"]:
            raise ConflictError(f"reference {row['reference']} is used in another territory", "id_reused")
        insert_new(work.db, table, [row])  # entered by two agents at once, it is one
    else:
        work.db.execute(table.update().where(table.c.id == row["id"]).values(**row))

"""One contract as an agent sees it: its life, its duties, who signed when; and the paper itself."""

__all__ = ["PARTIES", "dossier_of", "find", "page_of", "paper", "sign", "view"]

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.documents import ContractPaper, Signatures, Training, contract_pdf
from services.scheduler.documents.legal import legal_text
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import dossier, life, telling
from shared.communes import department_of
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.scope import check_territory
from shared.work import Work

PARTIES = ("person", "representative", "prefect")
PRINTED = {"vie_quotidienne": "daily_life", "emploi": "employment"}  # follow-up offers that the paper has words for
REASON = {
    "pregnancy": "grossesse",
    "illness": "maladie",
    "care_of_a_relative": "soin d’un proche",
    "work": "travail",
    "training_not_available": "formation indisponible",
    "training_longer_than_term": "formation plus longue que le contrat",
}


def find(work: Work, contract_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """Return a contract of the agent's own territory, or handed to it. Raises NotFoundError, ForbiddenError."""
    contract = storage.one(work.db, storage.contract, contract_id, "contract", lock=lock)
    handed = contract["state"] == "transferred" and work.who.scope == life.receiver_of(work, contract)
    check_territory(work.who, work.who.scope if handed else contract["territory"])
    return contract


def view(work: Work, contract_id: UUID) -> dict[str, Any]:
    """Return a contract with its moves, duties, signatures and everything prescribed beside the trainings."""
    contract = find(work, contract_id)
    return contract | {
        "moves": life.moves(work, contract_id),
        "duties": _of(work, storage.duty, contract_id, storage.duty.c.due_on, storage.duty.c.kind),
        "signatures": _signatures(work, contract),
        "follow_ups": _of(work, storage.follow_up, contract_id, storage.follow_up.c.offer),
        "orientations": _of(work, storage.orientation, contract_id, storage.orientation.c.at),
        "platform": _of(work, storage.platform_log, contract_id, storage.platform_log.c.reported_on),
        "proposals": _of(work, storage.proposal, contract_id, storage.proposal.c.proposed_at),
    }


def page_of(work: Work, contract_id: UUID) -> dict[str, Any]:
    """
    Return what an agent needs to decide about a contract, without name or contact.

    Beside `view`: the person's reference and facts, `parties` who sign, open `flags`, `progress`, `levels` seen,
    the territory's follow-up `offers` by code, whether the person is `on_platform`, and the dossier.
    """
    found = view(work, contract_id)
    person = storage.one(work.db, storage.signatory, found["signatory_id"], "signatory")
    flag, progress, level, need = storage.flag, storage.contract_progress, storage.level_seen, storage.need
    mine = sa.select(progress).where(progress.c.contract_id == contract_id)
    seen = sa.select(level).where(level.c.person_id == person["id"]).order_by(level.c.on, level.c.at)
    raised = sa.select(flag).where(flag.c.contract_id == contract_id, flag.c.state == "open").order_by(flag.c.due_on)
    offer = storage.offer(work.db, found["territory"])
    course = [one for one in _of(work, need, contract_id, need.c.part) if one["training"] == "language"]
    return found | {
        "reference": person["reference"],
        "facts": person["facts"],
        "parties": _parties(person),
        "flags": storage.rows(work.db, raised),
        "progress": storage.first(work.db, mine),
        "levels": storage.rows(work.db, seen),
        "offers": {code: row["facts"] for (kind, code), row in offer.items() if kind == "suivi"},
        "on_platform": any(one["reason"] and one["reason"]["code"] == "platform" for one in course),
        "dossier": _entries(work, found["signatory_id"]),
    }


def sign(work: Work, contract_id: UUID, party: str, on: date) -> dict[str, Any]:
    """
    Record on which day a party signed; the person's own signature dates the contract and comes with it.

    Raises NotFoundError, ForbiddenError, ConflictError (`signed_before`), InvalidInputError.
    """
    contract = find(work, contract_id, lock=True)
    today = telling.today(work, contract["territory"])
    person = storage.one(work.db, storage.signatory, contract["signatory_id"], "signatory")
    parties = _parties(person)
    faults = []
    if party not in parties:
        faults.append(FieldFault("party", "choice", f"one of {', '.join(parties)}"))
    if not contract["signed_on"] <= on <= today:
        faults.append(FieldFault("on", "range", f"between {contract['signed_on']} and {today}"))
    if faults:
        raise InvalidInputError("the signature is refused", faults)
    known = _signatures(work, contract).get(party)
    if known is not None and known != on:
        raise ConflictError(f"{party} signed on {known}", "signed_before")
    if known is None:
        row = {"contract_id": contract_id, "party": party, "on": on, "actor": work.who.actor, "at": work.now}
        work.db.execute(storage.signature.insert(), [row])
        link = f"/planning/contracts/{contract_id}"
        entry = dossier.Entry(person_id=person["id"], at=work.now, code=f"signed_{party}", link=link)
        dossier.note(work, [entry])
    return view(work, contract_id)


def paper(work: Work, contract_id: UUID, language: str, legal_texts: Path | None) -> bytes:
    """
    Return the contract as PDF, in French with `language` beside it; empty: the language that the person reads.

    Raises NotFoundError, ForbiddenError, DocumentError, LegalTextError.
    """
    contract = find(work, contract_id)
    person = storage.one(work.db, storage.signatory, contract["signatory_id"], "signatory")
    facts, private = person["facts"], person["private"]
    signed = _signatures(work, contract)
    book = rule_book(contract["programme"])
    department = department_of(contract["territory"])
    own = language or facts["reading_language"] or (facts["spoken"] or ["fr"])[0]
    return contract_pdf(
        ContractPaper(
            reference=person["reference"],
            programme_label=book.label,
            territory_label=f"{department.name} ({department.code})",
            family_name=private["family_name"],
            given_name=private["given_name"],
            representative=private.get("representative_name", ""),
            signed_on=contract["signed_on"],
            term_on=contract["term_on"],
            trainings=_trainings(work, contract),
            language_offer=contract["language_offer"],
            amended=_amended(work, contract_id),
            signatures=Signatures(
                person_on=signed.get("person"),
                representative_on=signed.get("representative"),
                prefect_on=signed.get("prefect"),
            ),
        ),
        own,
        telling.today(work, contract["territory"]),
        legal_text(contract["programme"], legal_texts, contract["signed_on"]),
    )


def dossier_of(work: Work, signatory_id: UUID) -> list[dict[str, Any]]:
    """Return a person's dossier, with that of records merged into it. Raises NotFoundError, ForbiddenError."""
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    check_territory(work.who, person["territory"])
    return _entries(work, signatory_id)


def _entries(work: Work, signatory_id: UUID) -> list[dict[str, Any]]:
    same = storage.same_person
    merged = sa.select(same.c.other_id).where(same.c.kept_id == signatory_id, same.c.undone_at.is_(None))
    return dossier.entries(work, [signatory_id, *work.db.scalars(merged)])


def _parties(person: Mapping[str, Any]) -> tuple[str, ...]:
    """Return who signs: a minor's representative too."""
    return PARTIES if person["facts"].get("minor_until") else ("person", "prefect")


def _of(work: Work, table: sa.Table, contract_id: UUID, *order: sa.Column[Any]) -> list[dict[str, Any]]:
    return storage.rows(work.db, sa.select(table).where(table.c.contract_id == contract_id).order_by(*order))


def _signatures(work: Work, contract: Mapping[str, Any]) -> dict[str, date]:
    signature = storage.signature
    query = sa.select(signature.c.party, signature.c.on).where(signature.c.contract_id == contract["id"])
    return {"person": contract["signed_on"]} | dict(work.db.execute(query).all())


def _trainings(work: Work, contract: Mapping[str, Any]) -> tuple[Training, ...]:
    """Return what is printed as prescribed: the civic days, the course where it is owed, and offers with words."""
    needs = _of(work, storage.need, contract["id"], storage.need.c.part)
    owed = {(need["training"], need["part"]): need for need in needs if need["state"] not in {"not_owed", "replaced"}}
    civic = [need["minutes"] for (training, _), need in owed.items() if training == "civic"]
    found = [Training(code="civic", hours=sum(civic) // 60, note=f"{len(civic)} jours")] if civic else []
    for (training, _), need in sorted(owed.items()):
        if training == "language":
            found.append(Training(code="language", hours=need["minutes"] // 60))
    offer = storage.offer(work.db, contract["territory"])
    for one in _of(work, storage.follow_up, contract["id"], storage.follow_up.c.offer):
        facts = offer.get(("suivi", one["offer"]), {}).get("facts", {})
        if one["state"] != "given_up" and facts.get("type") in PRINTED:
            found.append(Training(code=PRINTED[facts["type"]], note=facts["name"]))
    return tuple(found)


def _amended(work: Work, contract_id: UUID) -> tuple[str, ...]:
    """Return each extension in French words: its reason and length are written in the contract (R. 413-4)."""
    return tuple(
        f"prolongé de {one['months_granted']} mois jusqu’au {one['term_after']:%d/%m/%Y} "
        f"({REASON[one['reason']]}, décision {one['reference']} du {one['decided_on']:%d/%m/%Y})"
        for one in _of(work, storage.proposal, contract_id, storage.proposal.c.proposed_at)
        if one["state"] == "accepted"
    )

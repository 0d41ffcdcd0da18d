"""Signatories: rows read and checked together, and the people, contracts and needs that they make."""

__all__ = ["changed_by_hand", "keep_signatories", "take_signatories"]

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.building import needs_of, signatory_facts, term_of
from services.scheduler.domain.cells import Cells
from services.scheduler.domain.intake import SignatoryIntake, read_signatory
from services.scheduler.domain.life import ENDED, FINAL
from services.scheduler.programmes import RuleBook, rule_book
from services.scheduler.usecases import leaving, telling
from shared.database import insert_new, upsert
from shared.ids import derived_id
from shared.staging import Judged, SourceRow
from shared.work import Work

NEW: Mapping[str, Any] = {"version": 0}
POSTPONED = "training_postponed"
BATCH = 500
Read = tuple[SignatoryIntake, Cells]  # a row that was read, and where its faults are kept
BY_HAND = "by_hand"  # names of facts and contact points that an agent changed after the file
UNKNOWN: Mapping[str, tuple[str, int]] = {}


def take_signatories(
    work: Work, territory: str, rows: Sequence[SourceRow], *, test_numbers: bool
) -> tuple[Judged, int]:
    """Read rows and keep the good ones; return each row with its faults, and how many brought something new."""
    cells_of: list[tuple[SourceRow, Cells]] = []
    good: dict[str, Read] = {}
    people: dict[tuple[str, ...], int] = {}
    numbers: dict[str, int] = {}
    for row in rows:
        cells = Cells(row.cells)
        read = read_signatory(cells, territory, _book, test_numbers=test_numbers)
        if read is not None:
            person = (read.family_name.casefold(), read.given_name.casefold(), read.commune, read.phone, read.email)
            if read.reference in good:
                words = f"la référence {read.reference} est déjà à la ligne {numbers[read.reference]}"
                cells.fault("reference", "duplicate", words)
            elif person in people:
                cells.fault("nom", "duplicate_person", f"même personne qu’à la ligne {people[person]}")
            else:
                good[read.reference] = (read, cells)
                people[person] = numbers[read.reference] = row.number
        cells_of.append((row, cells))
    changed = keep_signatories(work, territory, list(good.values()))
    return [(row, tuple(cells.faults)) for row, cells in cells_of], changed


def keep_signatories(
    work: Work, territory: str, found: Sequence[Read], standing: Mapping[str, tuple[str, int]] = UNKNOWN
) -> int:
    """
    Keep people with their contract and needs, and tell everybody what is new; return how many are.

    A row that contradicts what stands (a person handed to another directorate, another contract under way, a record
    merged into another, a contract that has ended) gets a fault in its cells and changes nothing.

    `standing` gives state and months granted of contracts that are taken over from an older system, by reference; for
    those that are known here already, what is known here counts.
    """
    read = [one for one, _ in found]
    ids = {one.reference: derived_id("signatory", territory, one.reference) for one in read}
    known = storage.by_id(work.db, storage.signatory, ids.values())
    stands = _what_stands(work, territory, ids)
    contract_ids = {
        one.reference: derived_id("contract", ids[one.reference], one.signed_on, one.programme) for one in read
    }
    signed = storage.by_id(work.db, storage.contract, contract_ids.values())
    people, contracts, needs, events = [], [], [], []
    courses: list[tuple[UUID, str]] = []
    for one, cells in found:
        book = rule_book(one.programme).at(territory, one.signed_on)
        contract_id = contract_ids[one.reference]
        state, granted = standing.get(one.reference, ("running", 0))
        if contract_id in signed:
            state, granted = signed[contract_id]["state"], signed[contract_id]["months_granted"]
        term_on = term_of(one.signed_on, book, granted)  # a file never takes back what a decision gave
        signatory_id = ids[one.reference]
        facts = signatory_facts(one, term_on) | {"programme": one.programme, "regime": one.regime}
        private = {
            "family_name": one.family_name,
            "given_name": one.given_name,
            "alias": one.alias,
            "phone": one.phone,
            "email": one.email,
        } | dict(one.representative)
        before = known.get(signatory_id)
        if before is not None:
            _keep_by_hand(before, facts, private)
        if before is not None and (before["facts"], before["private"]) == (facts, private) and contract_id in signed:
            continue
        if _contradicts(one, cells, stands, signatory_id, contract_id):
            continue
        if before is not None and contract_id in signed and before["facts"]["course"] != facts["course"]:
            courses.append((contract_id, facts["course"]))
        version = 1 + max(row["version"] for row in (before or NEW, signed.get(contract_id, NEW)))
        stamp = {"version": version, "actor": work.who.actor, "changed_at": work.now}
        person = {"id": signatory_id, "territory": territory, "reference": one.reference, "facts": facts} | stamp
        people.append(person | {"private": private})
        agreement = {
            "id": contract_id,
            "signatory_id": signatory_id,
            "territory": territory,
            "programme": one.programme,
            "regime": one.regime,
            "signed_on": one.signed_on,
            "term_on": term_on,
            "months_granted": granted,
            "state": state,
            "permit_consequence": book.permit_consequence(one.regime),
            "language_offer": one.language_offer,
        } | stamp
        contracts.append(agreement)
        owed = [
            {
                "id": derived_id("need", agreement["id"], draft.training, draft.part, 0),
                "contract_id": agreement["id"],
                "signatory_id": signatory_id,
                "territory": territory,
                "training": str(draft.training),
                "part": draft.part,
                "minutes": draft.minutes,
                "deadline": draft.deadline,
                "again": 0,
                "state": "not_owed" if draft.not_owed else "held" if state == POSTPONED else "open",
                "reason": draft.not_owed or (dict(leaving.HELD) if state == POSTPONED else None),
                "actor": work.who.actor,
                "changed_at": work.now,
            }
            for draft in needs_of(one, book, term_on)
        ]
        needs += owed
        events += [telling.signatory_state(people[-1]), telling.contract_state(agreement)]
        events.append(telling.prescription_state(agreement, owed))
    upsert(work.db, storage.signatory, people)
    upsert(work.db, storage.contract, contracts)
    for contract_id, course in courses:
        leaving.replace_course(work, contract_id, course, telling.today(work, territory))
        upsert(
            work.db,
            storage.need,
            [one for one in needs if one["contract_id"] == contract_id and one["training"] == "language"],
        )
    insert_new(work.db, storage.need, needs)
    work.tell(*events)
    return len(people)


@dataclass(frozen=True, slots=True)
class _Stands:
    """What is known before a file: people of other departments (by reference), contracts, merged records."""

    elsewhere: Mapping[str, str]
    contracts: Mapping[UUID, Sequence[Mapping[str, Any]]]
    merged: Collection[UUID]


def _what_stands(work: Work, territory: str, ids: Mapping[str, UUID]) -> _Stands:
    person, contract = storage.signatory, storage.contract
    elsewhere: dict[str, str] = {}
    contracts: dict[UUID, list[Mapping[str, Any]]] = {}
    merged: set[UUID] = set()
    references = list(ids)
    for start in range(0, len(references), BATCH):
        some = references[start : start + BATCH]
        keys = [ids[one] for one in some]
        others = sa.select(person.c.reference, person.c.territory).where(person.c.reference.in_(some))
        elsewhere |= dict(work.db.execute(others.where(person.c.territory != territory)).all())
        for row in storage.rows(work.db, sa.select(contract).where(contract.c.signatory_id.in_(keys))):
            contracts.setdefault(row["signatory_id"], []).append(row)
        same = storage.same_person
        alias = sa.select(same.c.other_id).where(same.c.other_id.in_(keys), same.c.undone_at.is_(None))
        merged |= set(work.db.scalars(alias))
    return _Stands(elsewhere, contracts, merged)


def _contradicts(one: SignatoryIntake, cells: Cells, stands: _Stands, person_id: UUID, contract_id: UUID) -> bool:
    """Say whether a row contradicts what stands; its cells then have the fault."""
    mine = stands.contracts.get(person_id, ())
    other = next((row for row in mine if row["id"] != contract_id and row["state"] not in FINAL), None)
    ended = any(row["id"] == contract_id and row["state"] in ENDED | FINAL for row in mine)
    if one.reference in stands.elsewhere:
        place = stands.elsewhere[one.reference]
        cells.fault("reference", "elsewhere", f"cette personne est suivie dans le département {place}")
    elif person_id in stands.merged:
        cells.fault("reference", "merged", "ce dossier est réuni à un autre : changez l’autre")
    elif other is not None:
        column = "programme" if other["programme"] != one.programme else "date_signature"
        words = f"un contrat {other['programme']} signé le {other['signed_on']:%d/%m/%Y} est en cours"
        cells.fault(column, "another_contract", words)
    elif ended:
        cells.fault("reference", "contract_ended", "ce contrat a pris fin : un fichier n’y change plus rien")
    return bool(cells.faults)


def changed_by_hand(facts: Mapping[str, Any], changed: Mapping[str, Any], also: Sequence[str] = ()) -> dict[str, Any]:
    """Return facts as an agent changed them; `also` names contact points changed with them."""
    names = sorted({*facts.get(BY_HAND, ()), *changed, *also})
    return {**facts, **changed, BY_HAND: names}


def _keep_by_hand(before: Mapping[str, Any], facts: dict[str, Any], private: dict[str, str]) -> None:
    """Keep what an agent changed here since: a file sent again does not take it back."""
    names = before["facts"].get(BY_HAND, ())
    for name in names:
        if name in before["private"]:
            private[name] = before["private"][name]
        else:
            facts[name] = before["facts"][name]
    if names:
        facts[BY_HAND] = names


def _book(code: str) -> RuleBook:
    return rule_book(code)

"""Signatories: rows read and checked together, and the people, contracts and needs that they make."""

__all__ = ["changed_by_hand", "keep_signatories", "take_signatories"]

from collections.abc import Mapping, Sequence
from typing import Any

from services.scheduler import storage
from services.scheduler.domain.building import needs_of, signatory_facts, term_of
from services.scheduler.domain.cells import Cells
from services.scheduler.domain.intake import SignatoryIntake, read_signatory
from services.scheduler.programmes import RuleBook, rule_book
from services.scheduler.usecases import telling
from shared.database import insert_new, upsert
from shared.ids import derived_id
from shared.staging import Judged, SourceRow
from shared.work import Work

NEW: Mapping[str, Any] = {"version": 0}
BY_HAND = "by_hand"  # names of facts and contact points that an agent changed after the file
UNKNOWN: Mapping[str, tuple[str, int]] = {}


def take_signatories(
    work: Work, territory: str, rows: Sequence[SourceRow], *, test_numbers: bool
) -> tuple[Judged, int]:
    """Read rows and keep the good ones; return each row with its faults, and how many brought something new."""
    judged: Judged = []
    good: dict[str, SignatoryIntake] = {}
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
                good[read.reference] = read
                people[person] = numbers[read.reference] = row.number
        judged.append((row, tuple(cells.faults)))
    return judged, keep_signatories(work, territory, list(good.values()))


def keep_signatories(
    work: Work, territory: str, read: Sequence[SignatoryIntake], standing: Mapping[str, tuple[str, int]] = UNKNOWN
) -> int:
    """
    Keep people with their contract and needs, and tell everybody what is new; return how many are.

    `standing` gives state and months granted of contracts that are taken over from an older system, by reference; for
    those that are known here already, what is known here counts.
    """
    ids = {one.reference: derived_id("signatory", territory, one.reference) for one in read}
    known = storage.by_id(work.db, storage.signatory, ids.values())
    contract_ids = {
        one.reference: derived_id("contract", ids[one.reference], one.signed_on, one.programme) for one in read
    }
    signed = storage.by_id(work.db, storage.contract, contract_ids.values())
    people, contracts, needs, events = [], [], [], []
    for one in read:
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
        if before is not None and (before["facts"], before["private"]) == (facts, private):
            continue
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
                "state": "not_owed" if draft.not_owed else "open",
                "reason": draft.not_owed,
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
    insert_new(work.db, storage.need, needs)
    work.tell(*events)
    return len(people)


def changed_by_hand(facts: Mapping[str, Any], changed: Mapping[str, Any], also: Sequence[str] = ()) -> dict[str, Any]:
    """Return facts as an agent changed them; `also` names contact points changed with them."""
    names = sorted({*facts.get(BY_HAND, ()), *changed, *also})
    return {**facts, **changed, BY_HAND: names}


def _keep_by_hand(before: Mapping[str, Any], facts: dict[str, Any], private: dict[str, str]) -> None:
    """Keep what an agent changed here since: a file sent again does not take it back."""
    names = before["facts"].get(BY_HAND, ())
    for name in names:
        kept = private if name in private else facts
        kept[name] = before["private" if name in private else "facts"][name]
    if names:
        facts[BY_HAND] = names


def _book(code: str) -> RuleBook:
    return rule_book(code)

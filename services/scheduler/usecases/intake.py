"""Importing signatories and offers: each row accepted, or refused with its faults; the good ones stay."""

__all__ = ["ImportReport", "import_file", "mend_row"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.building import needs_of, signatory_facts, term_of
from services.scheduler.domain.cells import Cells, check_headers
from services.scheduler.domain.intake import COLUMNS, SHEET, SignatoryIntake, read_signatory
from services.scheduler.domain.offer import SHEETS, OfferItem, code_references, read_item
from services.scheduler.programmes import RuleBook, rule_book
from services.scheduler.usecases import telling
from shared import staging
from shared.communes import department_of
from shared.database import insert_new, upsert
from shared.errors import ConflictError, FieldFault, NotFoundError
from shared.ids import derived_id
from shared.staging import BadFileError, Sheet, SourceRow
from shared.work import Work

NEW: Mapping[str, Any] = {"version": 0}

Judged = list[tuple[SourceRow, Sequence[FieldFault]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a file."""

    batch_id: UUID
    accepted: int
    refused: int
    changed: int
    faults: list[dict[str, Any]]


def import_file(
    work: Work, territory: str, kind: str, filename: str, content: bytes, *, test_numbers: bool
) -> ImportReport:
    """
    Import a file of signatories (`kind` intake) or of a territory's offer (`kind` offer).

    The same file twice changes nothing and tells nobody. Raises BadFileError or InvalidInputError for a file of which
    no row could be right; nothing is kept then.
    """
    department_of(territory)
    sheets = _known_sheets(kind, filename, staging.read_file(filename, content))
    batch_id = staging.keep_batch(work, kind, filename, content, territory)
    changed = _take(work, territory, kind, batch_id, sheets, test_numbers=test_numbers)
    return report(work, batch_id, changed)


def mend_row(
    work: Work, batch_id: UUID, sheet: str, number: int, cells: Mapping[str, str], *, test_numbers: bool
) -> ImportReport:
    """Try one refused row again with corrected cells; the others stay as they are. Raises NotFoundError."""
    batch = staging.find_batch(work.db, batch_id)
    kept = [row for row in staging.batch_rows(work.db, batch_id) if (row["sheet"], row["number"]) == (sheet, number)]
    if not kept:
        raise NotFoundError("row", f"{sheet} {number}")
    if kept[0]["state"] == "accepted":
        raise ConflictError(f"la ligne {number} est déjà acceptée", "row_accepted")
    row = SourceRow(sheet, number, {**kept[0]["cells"], **cells})
    changed = _take(
        work,
        batch["scope"],
        batch["kind"],
        batch_id,
        [Sheet(sheet, tuple(row.cells), (row,))],
        test_numbers=test_numbers,
    )
    return report(work, batch_id, changed)


def report(work: Work, batch_id: UUID, changed: int = 0) -> ImportReport:
    """Return what became of a file so far. Raises NotFoundError."""
    batch = staging.find_batch(work.db, batch_id)
    refused = staging.batch_rows(work.db, batch_id, "refused")
    return ImportReport(
        batch_id=batch_id,
        accepted=batch["accepted"],
        refused=batch["refused"],
        changed=changed,
        faults=staging.fault_rows(refused),
    )


def _known_sheets(kind: str, filename: str, sheets: Sequence[Sheet]) -> list[Sheet]:
    expected = {SHEET: COLUMNS} if kind == "intake" else SHEETS
    if len(sheets) == 1 and sheets[0].name not in expected:
        # A lone table may have any name: its headers say what it is.
        fitting = [name for name, columns in expected.items() if set(columns) <= set(sheets[0].headers)]
        name = fitting[0] if fitting else next(iter(expected)) if len(expected) == 1 else sheets[0].name
        rows = tuple(SourceRow(name, row.number, row.cells) for row in sheets[0].rows)
        sheets = [Sheet(name, sheets[0].headers, rows)]
    known = [sheet for sheet in sheets if sheet.name in expected]
    if not known:
        raise BadFileError(f"{filename} : aucune feuille attendue ({', '.join(expected)}) n’est dans ce fichier")
    for sheet in known:
        check_headers(sheet.name, sheet.headers, expected[sheet.name])
    if not any(sheet.rows for sheet in known):
        raise BadFileError(f"{filename} : les feuilles n’ont aucune ligne")
    return known


def _take(work: Work, territory: str, kind: str, batch_id: UUID, sheets: Sequence[Sheet], *, test_numbers: bool) -> int:
    if kind == "intake":
        judged, changed = _take_signatories(work, territory, sheets[0].rows, test_numbers=test_numbers)
    else:
        judged, changed = _take_offer(work, territory, sheets)
    staging.keep_rows(work.db, batch_id, judged)
    return changed


def _take_signatories(
    work: Work, territory: str, rows: Sequence[SourceRow], *, test_numbers: bool
) -> tuple[Judged, int]:
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
    return judged, _keep_signatories(work, territory, list(good.values()))


def _keep_signatories(work: Work, territory: str, read: Sequence[SignatoryIntake]) -> int:
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
        granted = signed[contract_id]["months_granted"] if contract_id in signed else 0
        term_on = term_of(one.signed_on, book, granted)  # a file never takes back what a decision gave
        signatory_id = ids[one.reference]
        facts = signatory_facts(one, term_on) | {"programme": one.programme, "regime": one.regime}
        private = {
            "family_name": one.family_name,
            "given_name": one.given_name,
            "alias": one.alias,
            "phone": one.phone,
            "email": one.email,
        }
        before = known.get(signatory_id)
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
            "state": "running",
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


def _take_offer(work: Work, territory: str, sheets: Sequence[Sheet]) -> tuple[Judged, int]:
    read: dict[tuple[str, str], OfferItem] = {}
    cells_of: list[tuple[SourceRow, Cells, OfferItem | None]] = []
    for sheet in sheets:
        for row in sheet.rows:
            cells = Cells(row.cells)
            item = read_item(sheet.name, cells)
            if item is not None and (item.kind, item.code) in read:
                cells.fault("code", "duplicate", f"le code « {item.code} » est déjà dans cette feuille")
                item = None
            if item is not None:
                read[item.kind, item.code] = item
            cells_of.append((row, cells, item))
    known = storage.offer(work.db, territory)
    declared: dict[tuple[str, str], Mapping[str, Any]] = {key: row["facts"] for key, row in known.items()}
    declared |= {key: item.facts for key, item in read.items()}
    _refuse_dangling(cells_of, read, declared)
    changed = _keep_offer(work, territory, known, read)
    return [(row, tuple(cells.faults)) for row, cells, _ in cells_of], changed


def _book(code: str) -> RuleBook:
    return rule_book(code)


def _refuse_dangling(
    cells_of: Sequence[tuple[SourceRow, Cells, OfferItem | None]],
    read: dict[tuple[str, str], OfferItem],
    declared: dict[tuple[str, str], Mapping[str, Any]],
) -> None:
    """Refuse rows that refer to what nobody declared, until none is left: a refused site takes its rooms along."""
    kept = [(cells, item) for _, cells, item in cells_of if item is not None]
    found = True
    while found:
        found = False
        with_room = {facts["site"] for (kind, _), facts in declared.items() if kind == "salles"}
        for cells, item in list(kept):
            faults = code_references(declared, item)
            if item.kind == "sites" and item.code not in with_room:
                faults.append(("code", f"aucune salle n’est déclarée pour le site « {item.code} »"))
            if faults:
                found = True
                rule = "site_without_room" if faults[-1][0] == "code" else "unknown_reference"
                for column, words in faults:
                    cells.fault(column, rule, words)
                kept.remove((cells, item))
                del read[item.kind, item.code]
                del declared[item.kind, item.code]


def _keep_offer(
    work: Work,
    territory: str,
    known: Mapping[tuple[str, str], Mapping[str, Any]],
    read: Mapping[tuple[str, str], OfferItem],
) -> int:
    fresh = []
    for key, item in read.items():
        before = known.get(key)
        facts = dict(item.facts)
        if before is not None and before["facts"] == _as_kept(facts):
            continue
        fresh.append(
            {
                "territory": territory,
                "kind": item.kind,
                "code": item.code,
                "id": derived_id("offer", territory, item.kind, item.code),
                "facts": facts,
                "version": before["version"] + 1 if before else 1,
                "actor": work.who.actor,
                "changed_at": work.now,
            }
        )
    upsert(work.db, storage.offer_item, fresh)
    work.tell(*(telling.provider_state(row) for row in fresh if row["kind"] == "organismes"))
    work.tell(*(telling.site_state(row) for row in fresh if row["kind"] == "sites"))
    return len(fresh)


def _as_kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as they come back from JSON: tuples are lists there."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}


def batches(work: Work, territory: str | None) -> list[dict[str, Any]]:
    """Return the imports of a territory, newest first."""
    table = staging.import_batch
    query = sa.select(table.c.id).order_by(table.c.asked_at.desc(), table.c.id).limit(50)
    if territory:
        query = query.where(table.c.scope == territory)
    return [dict(staging.find_batch(work.db, key)) for key in work.db.scalars(query)]

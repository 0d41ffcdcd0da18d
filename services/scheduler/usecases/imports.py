"""Files that a planner sends: each row accepted, or refused with its faults; the good ones stay, the bad are mended."""

__all__ = ["KINDS", "ImportReport", "batches", "import_file", "mend_row", "report"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler.domain import stock
from services.scheduler.domain.cells import check_headers
from services.scheduler.domain.intake import COLUMNS, CONTACT_COLUMNS, CONTACT_SHEET, SHEET
from services.scheduler.domain.offer import SHEETS, TRAVEL_COLUMNS, TRAVEL_SHEET
from services.scheduler.domain.prescription import LOG_COLUMNS, LOG_SHEET
from services.scheduler.usecases.intake import take_signatories
from services.scheduler.usecases.offer import take_offer
from services.scheduler.usecases.prescriptions import take_reports
from services.scheduler.usecases.reception.candidates import take_contacts
from services.scheduler.usecases.stock import take_stock
from shared import staging
from shared.communes import department_of
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.staging import BadFileError, Sheet, SourceRow
from shared.work import Work

EXPECTED: Mapping[str, Mapping[str, Sequence[str]]] = {
    "intake": {SHEET: COLUMNS},
    "offer": {**SHEETS, TRAVEL_SHEET: TRAVEL_COLUMNS},
    "stock": stock.SHEETS,
    "contacts": {CONTACT_SHEET: CONTACT_COLUMNS},
    "platform": {LOG_SHEET: LOG_COLUMNS},
}
KINDS = tuple(EXPECTED)


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
    Import a file: signatories (`kind` intake), a territory's offer, a running stock, people contacted (contacts), or
    what the digital platform reports (platform).

    The same file twice changes nothing and tells nobody. Raises BadFileError or InvalidInputError for a file of which
    no row could be right; nothing is kept then.
    """
    department_of(territory)
    if kind not in EXPECTED:
        raise InvalidInputError("refused", [FieldFault("kind", "choice", f"one of {', '.join(KINDS)}")])
    sheets = known_sheets(EXPECTED[kind], filename, staging.read_file(filename, content))
    batch_id = staging.keep_batch(work, kind, filename, content, territory)
    changed = _take(work, territory, kind, batch_id, sheets, test_numbers=test_numbers)
    return report(work, batch_id, changed)


def mend_row(
    work: Work, batch_id: UUID, sheet: str, number: int, cells: Mapping[str, str], *, test_numbers: bool
) -> ImportReport:
    """Try one refused row again with corrected cells; the others stay as they are. Raises NotFoundError."""
    batch = staging.find_batch(work.db, batch_id)
    rows = staging.batch_rows(work.db, batch_id)
    kept = [row for row in rows if (row["sheet"], row["number"]) == (sheet, number)]
    if not kept:
        raise NotFoundError("row", f"{sheet} {number}")
    if kept[0]["state"] == "accepted":
        raise ConflictError(f"la ligne {number} est déjà acceptée", "row_accepted")
    row = SourceRow(sheet, number, {**kept[0]["cells"], **cells})
    sheets = [Sheet(sheet, tuple(row.cells), (row,))]
    if batch["kind"] == "stock":  # its rows refer to one another: the whole file is read again with this row mended
        sheets = _again(rows, row)
    changed = _take(work, batch["scope"], batch["kind"], batch_id, sheets, test_numbers=test_numbers)
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


def batches(work: Work, territory: str | None) -> list[dict[str, Any]]:
    """Return the imports of a territory, newest first."""
    table = staging.import_batch
    query = sa.select(table.c.id).order_by(table.c.asked_at.desc(), table.c.id).limit(50)
    if territory:
        query = query.where(table.c.scope == territory)
    return [dict(staging.find_batch(work.db, key)) for key in work.db.scalars(query)]


def known_sheets(expected: Mapping[str, Sequence[str]], filename: str, sheets: Sequence[Sheet]) -> list[Sheet]:
    """Return the sheets of a file that are expected, with all their columns. Raises BadFileError, InvalidInputError."""
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
        judged, changed = take_signatories(work, territory, sheets[0].rows, test_numbers=test_numbers)
    elif kind == "offer":
        judged, changed = take_offer(work, territory, sheets)
    elif kind == "stock":
        judged, changed = take_stock(work, territory, sheets, test_numbers=test_numbers)
    elif kind == "contacts":
        judged, changed = take_contacts(work, territory, sheets[0].rows, test_numbers=test_numbers)
    else:
        judged, changed = take_reports(work, territory, sheets[0].rows)
    staging.keep_rows(work.db, batch_id, judged)
    return changed


def _again(rows: Sequence[Mapping[str, Any]], mended: SourceRow) -> list[Sheet]:
    """Return the sheets of a file as it was kept, with one row mended."""
    found: dict[str, list[SourceRow]] = {}
    for row in rows:
        same = (row["sheet"], row["number"]) == (mended.sheet, mended.number)
        kept = mended if same else SourceRow(row["sheet"], row["number"], row["cells"])
        found.setdefault(row["sheet"], []).append(kept)
    return [Sheet(name, tuple(some[0].cells), tuple(some)) for name, some in found.items()]

"""
Staged imports: every row of a file is kept with what became of it, so that good rows stay and bad ones can be mended.

Reads XLSX and CSV (`;` or `,`, UTF-8 or Windows-1252, as French spreadsheets write it). A file is refused as a whole
only when no row of it could be right: not a table, too big, empty, or headers missing.
"""

__all__ = [
    "BadFileError",
    "Judged",
    "Sheet",
    "SourceRow",
    "batch_rows",
    "fault_rows",
    "find_batch",
    "import_batch",
    "keep_batch",
    "keep_rows",
    "read_file",
]

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.database import insert_new, upsert
from shared.errors import FieldFault, InvalidInputError, NotFoundError
from shared.ids import derived_id
from shared.tables import import_batch, import_row
from shared.work import Work

MOST_BYTES = 10 * 1024 * 1024  # [A] a month of a department is below 1 MB
MOST_UNPACKED = 150 * 1024 * 1024  # [A] an XLSX that unpacks to more is refused before it is opened
MOST_ROWS = 50_000  # [A]


class BadFileError(InvalidInputError):
    """Raised for a file that cannot be read as a table at all. Nothing of it is kept."""

    code = "bad_file"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row as the sender wrote it: its number in their program, and its cells as text by header."""

    sheet: str
    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a file."""

    name: str
    headers: tuple[str, ...]
    rows: tuple[SourceRow, ...]


Judged = list[tuple[SourceRow, Sequence[FieldFault]]]  # each row with what is wrong with it


def read_file(filename: str, content: bytes) -> list[Sheet]:
    """Return the tables of a file. Raises BadFileError in words that say what to do."""
    if not content:
        raise BadFileError(f"{filename}: the file is empty")
    if len(content) > MOST_BYTES:
        raise BadFileError(
            f"{filename}: the file has {len(content) / 1e6:.0f} MB; at most {MOST_BYTES // 1024 // 1024} MB are read. "
            "Send it in parts."
        )
    if content[:4] == b"PK\x03\x04":
        return _read_xlsx(filename, content)
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise BadFileError(f"{filename}: this is an old .xls file; save it as .xlsx or .csv")
    return [_read_csv(filename, content)]


def keep_batch(work: Work, kind: str, filename: str, content: bytes, scope: str) -> UUID:
    """Keep that this file was sent; the same file for the same scope is the same batch."""
    digest = sha256(content).hexdigest()
    batch_id = derived_id("import", kind, scope, digest)
    row = {"id": batch_id, "kind": kind, "filename": filename[:200], "digest": digest, "scope": scope}
    insert_new(work.db, import_batch, [row | {"actor": work.who.actor, "asked_at": work.now}])
    return batch_id


def keep_rows(db: Session, batch_id: UUID, rows: Iterable[tuple[SourceRow, Sequence[FieldFault]]]) -> None:
    """Keep each row with its faults; a row without faults is accepted."""
    upsert(
        db,
        import_row,
        [
            {
                "batch_id": batch_id,
                "sheet": row.sheet,
                "number": row.number,
                "cells": dict(row.cells),
                "state": "refused" if faults else "accepted",
                "faults": [{"field": fault.field, "rule": fault.rule, "message": fault.message} for fault in faults],
            }
            for row, faults in rows
        ],
    )


def find_batch(db: Session, batch_id: UUID) -> Mapping[str, Any]:
    """Return a batch with its counts. Raises NotFoundError."""
    row = db.execute(sa.select(import_batch).where(import_batch.c.id == batch_id)).mappings().first()
    if row is None:
        raise NotFoundError("import", batch_id)
    counted = sa.select(import_row.c.state, sa.func.count()).where(import_row.c.batch_id == batch_id)
    counts = {state: int(count) for state, count in db.execute(counted.group_by(import_row.c.state))}
    return dict(row) | {"accepted": counts.get("accepted", 0), "refused": counts.get("refused", 0)}


def batch_rows(db: Session, batch_id: UUID, state: str | None = None) -> list[Mapping[str, Any]]:
    """Return a batch's rows in the order of the file."""
    query = sa.select(import_row).where(import_row.c.batch_id == batch_id)
    if state is not None:
        query = query.where(import_row.c.state == state)
    return [dict(row) for row in db.execute(query.order_by(import_row.c.sheet, import_row.c.number)).mappings()]


def fault_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what is wrong, one entry a fault, naming sheet, row, field and rule."""
    return [{"sheet": row["sheet"], "row": row["number"], **fault} for row in rows for fault in row["faults"]]


def _read_xlsx(filename: str, content: bytes) -> list[Sheet]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(item.file_size for item in packed.infolist()) > MOST_UNPACKED:
                raise BadFileError(f"{filename}: the file unpacks to more than {MOST_UNPACKED // 1024 // 1024} MB")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise BadFileError(f"{filename}: the file is damaged or is no XLSX workbook") from error
    sheets = [
        _sheet(filename, page.title.strip().lower(), page.iter_rows(values_only=True)) for page in book.worksheets
    ]
    sheets = [sheet for sheet in sheets if sheet is not None]
    if not sheets:
        raise BadFileError(f"{filename}: no sheet of the workbook has a line of headers")
    return [sheet for sheet in sheets if sheet is not None]


def _read_csv(filename: str, content: bytes) -> Sheet:
    if b"\x00" in content:
        raise BadFileError(f"{filename}: this is neither a CSV text nor an XLSX workbook")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    name = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0].strip().lower()
    try:
        sheet = _sheet(filename, name, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise BadFileError(f"{filename}: the CSV cannot be read: {error}") from error
    if sheet is None:
        raise BadFileError(f"{filename}: the file has no line of headers")
    return sheet


def _sheet(filename: str, name: str, lines: Iterable[Sequence[Any]]) -> Sheet | None:
    headers: tuple[str, ...] = ()
    rows: list[SourceRow] = []
    for number, line in enumerate(lines, start=1):
        cells = [_text(cell) for cell in line]
        if not headers:
            if any(cells):
                headers = tuple(cell.strip().lower() for cell in cells)
            continue
        if any(cells):
            named = {header: cell for header, cell in zip(headers, cells, strict=False) if header}
            rows.append(SourceRow(name, number, named))
        if len(rows) > MOST_ROWS:
            raise BadFileError(f"{filename}: more than {MOST_ROWS} rows in {name}; send it in parts")
    return Sheet(name, headers, tuple(rows)) if headers else None


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time.min else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()

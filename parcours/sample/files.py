"""Writing a sample month exactly as docs/formats/intake.md says: XLSX with real dates, CSV as French Excel has it."""

__all__ = ["write_month"]

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from parcours.sample.generator import SampleMonth
from parcours.sample.people import Cell, Row
from services.scheduler.domain.intake import COLUMNS, SHEET
from services.scheduler.domain.offer import SHEETS

FIXED = datetime(2024, 1, 1, tzinfo=UTC)  # stands in every file, so that equal rows are equal bytes
DAY_FORMAT = "DD/MM/YYYY"
WIDTH = 16  # of a column, in characters


def write_month(sample: SampleMonth, folder: Path) -> list[Path]:
    """Write signataires and offre as XLSX and CSV into a folder, made if need be; return the files written."""
    (folder / "offre").mkdir(parents=True, exist_ok=True)
    people = {SHEET: (COLUMNS, sample.signatories)}
    offer = {sheet: (columns, sample.offer[sheet]) for sheet, columns in SHEETS.items()}
    files = {
        folder / "signataires.xlsx": _workbook(people),
        folder / "signataires.csv": _table(COLUMNS, sample.signatories),
        folder / "offre.xlsx": _workbook(offer),
    } | {folder / "offre" / f"{sheet}.csv": _table(columns, rows) for sheet, (columns, rows) in offer.items()}
    for path, content in files.items():
        path.write_bytes(content)
    return list(files)


def _table(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_text(row[column]) for column in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str:
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    return str(cell).replace(".", ",") if isinstance(cell, float) else str(cell)


def _workbook(sheets: Mapping[str, tuple[Sequence[str], Sequence[Row]]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = "Parcours"
    book.properties.created = FIXED.replace(tzinfo=None)
    for name, (columns, rows) in sheets.items():
        page = book.create_sheet(name)
        page.append(list(columns))
        for row in rows:
            page.append([row[column] if row[column] != "" else None for column in columns])
        for number in range(1, len(columns) + 1):
            page.cell(row=1, column=number).font = Font(bold=True)
            page.column_dimensions[get_column_letter(number)].width = WIDTH
        for line in page.iter_rows(min_row=2):
            for cell in line:
                if isinstance(cell.value, date):
                    cell.number_format = DAY_FORMAT
        page.freeze_panes = "A2"
    packed = io.BytesIO()
    book.save(packed)
    return _without_clock(packed.getvalue())


def _without_clock(content: bytes) -> bytes:
    """Put a fixed moment where the workbook and its archive say when they were saved."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename == "docProps/core.xml":
                moment = f"{FIXED:%Y-%m-%dT%H:%M:%SZ}".encode()
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + moment, data)
            entry = zipfile.ZipInfo(item.filename, FIXED.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, data)
    return out.getvalue()

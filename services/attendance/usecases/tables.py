"""Tables that leave the house as files: CSV as French spreadsheets read it, and XLSX."""

__all__ = ["Table", "csv_of", "xlsx_of"]

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # how a cell begins that a spreadsheet would reckon with
Cell = str | int | Decimal | date | time | None


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name, headers and rows."""

    name: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def csv_of(table: Table) -> bytes:
    """Return a table as CSV: `;` between cells, decimals with a comma, ISO days, UTF-8 with BOM."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(table.headers)
    for row in table.rows:
        writer.writerow([_said(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def xlsx_of(tables: Iterable[Table]) -> bytes:
    """Return tables as one workbook. Text stays text: nothing that somebody wrote becomes a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

    book = Workbook(write_only=True)
    for table in tables:
        page: WriteOnlyWorksheet = book.create_sheet(table.name)
        page.freeze_panes = "A2"
        page.append(list(table.headers))
        for row in table.rows:
            cells = []
            for value in row:
                told: Any = float(value) if isinstance(value, Decimal) else value
                cell = WriteOnlyCell(page, value=told)
                if isinstance(value, str):
                    cell.data_type = "s"
                cells.append(cell)
            page.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _said(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",")
    if isinstance(cell, time):
        return cell.strftime("%H:%M")
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA) else text

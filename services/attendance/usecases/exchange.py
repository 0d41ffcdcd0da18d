"""A training body's own attendance, in and out: staged rows that become marks, and files without names."""

__all__ = ["ImportReport", "batches", "exported", "find_import", "import_file", "mend_row", "refused_rows", "report"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.errors import MarkRefusedError
from services.attendance.domain.exchange import (
    ACTS,
    COLUMNS,
    EXPORTED,
    REASONS,
    REQUIRED,
    SHEET,
    SLOTS,
    STATUSES,
    FileMark,
    read_row,
)
from services.attendance.domain.marks import CAME, Status, followed_minutes, minutes_lost_by
from services.attendance.domain.sheet_numbers import sheet_number
from services.attendance.usecases import papers, rolls, sheets
from services.attendance.usecases.rolls import MarkCommand, RollCommand
from services.attendance.usecases.seeing import meetings
from services.attendance.usecases.sheets import Sheet
from services.attendance.usecases.tables import Table, csv_of, xlsx_of
from shared import staging
from shared.errors import ConflictError, FieldFault, ForbiddenError, InvalidInputError, NotFoundError
from shared.ids import derived_id
from shared.staging import BadFileError, Judged, SourceRow
from shared.work import Work

KIND = "attendance"
MOST_DAYS = 366  # of one export
DAYS_AT_ONCE = 31  # of meetings in hand while a file is taken

COLUMN_OF = {"status": "statut", "minutes_lost": "minutes_perdues", "act": "preuve", "act_reason": "motif_preuve"}
WORDS = {  # of what the rolls refuse, by code
    "roll_signed": "la feuille est déjà signée : faites une correction",
    "roll_not_open": "la feuille n’est pas encore ouverte",
    "act_required": "qui est venu a une preuve",
    "no_act_for_absent": "qui n’est pas venu n’a pas de preuve",
    "reason_required": f"une présence déclarée a un motif : {', '.join(REASONS)}",
    "no_reason": "seule une présence déclarée a un motif",
    "act_not_recorded": "donnez le numéro de la preuve (numero_preuve), ou celui de la feuille signée",
    "range": "un retard ou un départ anticipé perd une partie de la séance, le reste n’en perd pas",
    "ofii_only": "une absence n’est qualifiée que par l’OFII : écrire absent",
    "conflict": "la feuille dit déjà autre chose, prise sur place : corrigez-la sur sa page",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a file."""

    batch_id: UUID
    accepted: int
    refused: int
    changed: int
    faults: list[dict[str, Any]]


def import_file(work: Work, filename: str, content: bytes) -> ImportReport:
    """
    Take a body's own attendance: each row a mark, refused with its reason or kept. The same file changes nothing.

    Raises BadFileError or InvalidInputError for a file of which no row could be right; nothing is kept then.
    """
    rows = _rows_of(filename, staging.read_file(filename, content))
    batch_id = staging.keep_batch(work, KIND, filename, content, _body(work))
    judged, changed = _take(work, _unmended(work, batch_id, rows))
    staging.keep_rows(work.db, batch_id, judged)
    return report(work, batch_id, changed)


def mend_row(work: Work, batch_id: UUID, number: int, cells: Mapping[str, str]) -> ImportReport:
    """Try one refused row again with corrected cells. Raises NotFoundError, ConflictError (`row_accepted`)."""
    find_import(work, batch_id)
    kept = [row for row in staging.batch_rows(work.db, batch_id) if row["number"] == number]
    if not kept:
        raise NotFoundError("row", f"{SHEET} {number}")
    if kept[0]["state"] == "accepted":
        raise ConflictError(f"la ligne {number} est déjà acceptée", "row_accepted")
    judged, changed = _take(work, [SourceRow(SHEET, number, {**kept[0]["cells"], **cells})])
    staging.keep_rows(work.db, batch_id, judged)
    return report(work, batch_id, changed)


def find_import(work: Work, batch_id: UUID) -> dict[str, Any]:
    """Return an import of one's own body with its counts. Raises NotFoundError for any other."""
    found = dict(staging.find_batch(work.db, batch_id))
    if found["kind"] != KIND or found["scope"] != _body(work):
        raise NotFoundError("import", batch_id)
    return found


def report(work: Work, batch_id: UUID, changed: int = 0) -> ImportReport:
    """Return what became of a file so far. Raises NotFoundError."""
    batch = find_import(work, batch_id)
    return ImportReport(
        batch_id=batch_id,
        accepted=batch["accepted"],
        refused=batch["refused"],
        changed=changed,
        faults=staging.fault_rows(refused_rows(work, batch_id)),
    )


def refused_rows(work: Work, batch_id: UUID) -> list[Mapping[str, Any]]:
    """Return the rows of an import that wait to be mended, in the order of the file."""
    return staging.batch_rows(work.db, batch_id, "refused")


def batches(work: Work) -> list[dict[str, Any]]:
    """Return one's own body's imports, newest first."""
    table = staging.import_batch
    mine = sa.select(table.c.id).where(table.c.scope == _body(work), table.c.kind == KIND)
    query = mine.order_by(table.c.asked_at.desc(), table.c.id).limit(30)
    return [dict(staging.find_batch(work.db, key)) for key in work.db.scalars(query)]


def exported(work: Work, first: date, last: date, kind: str) -> bytes:
    """
    Return a body's marks in force between two days as csv or xlsx: references, hours and sheet numbers, no names.

    What is exported can be imported again and changes nothing. Raises InvalidInputError for a period too long.
    """
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        fault = FieldFault("last", "range", f"from the first day on, at most {MOST_DAYS} days")
        raise InvalidInputError("refused", [fault])
    rows: list[tuple[Any, ...]] = []
    held = storage.rows(work.db, meetings(work, storage.meeting.c.held_on.between(first, last)))
    for start in range(0, len(held), 500):
        for sheet in sheets.load(work, held[start : start + 500]).values():
            rows += _exported(work, sheet)
    table = Table(SHEET, EXPORTED, sorted(rows, key=lambda row: (row[1], row[2], row[10], row[0])))
    return csv_of(table) if kind == "csv" else xlsx_of([table])


def _body(work: Work) -> str:
    """Return the code of the body for which somebody acts. Raises ForbiddenError for whoever acts for none."""
    if work.who.role != "provider_manager":
        raise ForbiddenError("only a training body sends its own attendance")
    return work.who.scope


def _rows_of(filename: str, found: Sequence[staging.Sheet]) -> list[SourceRow]:
    """Return the rows of the table in a file. Raises BadFileError, InvalidInputError for headers that lack."""
    named = [one for one in found if one.name == SHEET] or (list(found) if len(found) == 1 else [])
    if not named:
        raise BadFileError(f"{filename} : la feuille attendue ({SHEET}) n’est pas dans ce fichier")
    twice = sorted({one for one in named[0].headers if one and named[0].headers.count(one) > 1} & set(COLUMNS))
    faults = [FieldFault(one, "header_twice", "cette colonne est deux fois dans le fichier") for one in twice]
    lacking = [one for one in REQUIRED if one not in named[0].headers]
    faults += [FieldFault(one, "header_missing", "cette colonne manque") for one in lacking]
    if faults:
        raise InvalidInputError(f"{filename} : les colonnes ne sont pas celles qui sont attendues", faults)
    if not named[0].rows:
        raise BadFileError(f"{filename} : la feuille n’a aucune ligne")
    return [SourceRow(SHEET, row.number, row.cells) for row in named[0].rows]


def _unmended(work: Work, batch_id: UUID, rows: Sequence[SourceRow]) -> list[SourceRow]:
    """Return the rows of a file but those that were mended since it was sent before: what was mended stays so."""
    accepted = {row["number"]: row["cells"] for row in staging.batch_rows(work.db, batch_id, "accepted")}
    return [row for row in rows if accepted.get(row.number, row.cells) == dict(row.cells)]


def _take(work: Work, rows: Sequence[SourceRow]) -> tuple[Judged, int]:
    """Turn rows into marks; return each row with its faults, and how many brought something new."""
    read = [(row, *read_row(row.cells)) for row in rows]
    days = sorted({said.held_on for _, said, _ in read if said is not None})
    faults: dict[int, list[FieldFault]] = {row.number: found for row, _, found in read}
    changed = 0
    for start in range(0, len(days), DAYS_AT_ONCE):
        some = set(days[start : start + DAYS_AT_ONCE])
        now = [(row, said) for row, said, _ in read if said is not None and said.held_on in some]
        changed += _take_days(work, some, now, faults)
    return [(row, faults[row.number]) for row in rows], changed


def _take_days(
    work: Work, days: set[date], rows: Sequence[tuple[SourceRow, FileMark]], faults: dict[int, list[FieldFault]]
) -> int:
    held = storage.rows(work.db, meetings(work, storage.meeting.c.held_on.in_(days), storage.session.c.state == "open"))
    found = sheets.load(work, held)
    seats: dict[tuple[date, str, str], list[Sheet]] = {}
    for sheet in found.values():
        for one in sheet.people.values():
            key = (sheet.meeting["held_on"], sheet.meeting["slot"], one["reference"])
            seats.setdefault(key, []).append(sheet)
    commands: dict[UUID, list[tuple[int, MarkCommand]]] = {}
    said_before: dict[tuple[UUID, UUID], int] = {}
    for row, said in rows:
        fitting, fault = _sheet_of(seats, said)
        if fitting is None:
            faults[row.number].append(fault)
            continue
        person = next(key for key, one in fitting.people.items() if one["reference"] == said.reference)
        twice = said_before.setdefault((fitting.meeting["id"], person), row.number)
        if twice != row.number:
            words = f"cette personne et cette demi-journée sont déjà à la ligne {twice}"
            faults[row.number].append(FieldFault("reference", "duplicate", words))
            continue
        command = _command(fitting, person, said)
        if command is None:
            continue
        try:
            rolls.checked(work, fitting, command)
        except MarkRefusedError as refused:
            faults[row.number] += [_in_french(one) for one in refused.faults]
            continue
        commands.setdefault(fitting.meeting["id"], []).append((row.number, command))
    return _mark(work, commands, faults)


def _in_french(fault: FieldFault) -> FieldFault:
    return FieldFault(COLUMN_OF.get(fault.field, "statut"), fault.rule, WORDS.get(fault.rule, fault.message))


def _sheet_of(
    seats: Mapping[tuple[date, str, str], Sequence[Sheet]], said: FileMark
) -> tuple[Sheet, FieldFault] | tuple[None, FieldFault]:
    """Return the sheet on which a row belongs, or why there is none."""
    own = seats.get((said.held_on, said.slot, said.reference), ())
    nobody = FieldFault("reference", "not_enrolled", "cette personne n’a pas de place dans une séance à ce moment")
    if said.sheet:
        own = [one for one in own if _number(one) == said.sheet]
        nobody = FieldFault("numero_feuille", "other_sheet", "cette feuille n’est pas celle de la personne à ce moment")
    return (own[0], nobody) if own else (None, nobody)


def _command(sheet: Sheet, person: UUID, said: FileMark) -> MarkCommand | None:
    """Return the mark that a row asks for, or None where the sheet says the same already."""
    before = sheet.current.get(person)
    lost = said.minutes_lost
    if said.arrived or said.left:
        lost = minutes_lost_by(said.arrived, said.left, sheet.meeting["starts_at"], sheet.meeting["minutes"])
    content = (said.status, lost, said.act, said.act_reason)
    if before is not None and content == tuple(before[one] for one in ("status", "minutes_lost", "act", "act_reason")):
        return None
    # What stands may be replaced by a later file only where a file said it: what was taken in the room is not.
    seen = before["id"] if before is not None and before["source"] == "import" else None
    key = derived_id("imported mark", sheet.meeting["id"], person, before["id"] if before else "", *content)
    return MarkCommand(
        id=key,
        signatory_id=person,
        status=said.status,
        minutes_lost=said.minutes_lost,
        act=said.act,
        act_reason=said.act_reason,
        proof_ref=said.proof_ref,
        arrived=said.arrived,
        left=said.left,
        source="import",
        seen=seen,
        checks_seen=True,
    )


def _mark(
    work: Work, commands: Mapping[UUID, Sequence[tuple[int, MarkCommand]]], faults: dict[int, list[FieldFault]]
) -> int:
    """Keep marks roll by roll; what a roll refuses becomes the fault of its row. Returns how many were kept."""
    asked = [RollCommand(meeting_id=key, marks=[mark for _, mark in some]) for key, some in sorted(commands.items())]
    kept = 0
    for answer in rolls.mark_rolls(work, asked):
        results = {one.id: one for one in answer.results}
        for number, mark in commands[answer.meeting_id]:
            one = results.get(mark.id)
            if one is not None and one.state == "kept":
                kept += 1
                continue
            code = one.code if one is not None else answer.code
            message = one.message if one is not None else answer.message
            faults[number].append(FieldFault("statut", code, WORDS.get(code, message)))
    return kept


def _exported(work: Work, sheet: Sheet) -> list[tuple[Any, ...]]:
    meeting = sheet.meeting
    slot, status, act, reason = (_codes(one) for one in (SLOTS, STATUSES, ACTS, REASONS))
    references = {key: one["reference"] for key, one in sheet.people.items()}
    gone = [key for key in sheet.current if key not in references]
    references |= _references(work, gone)
    rows = []
    for key, mark in sheet.current.items():
        if key not in references:
            continue
        kind = Status(mark["status"])
        rows.append(
            (
                references[key],
                meeting["held_on"].isoformat(),
                slot[meeting["slot"]],
                status[mark["status"]],
                mark["minutes_lost"],
                mark["arrived"].strftime("%H:%M") if mark["arrived"] else "",
                mark["left"].strftime("%H:%M") if mark["left"] else "",
                act[mark["act"]] if kind in CAME else "",
                reason.get(mark["act_reason"], ""),
                mark["proof_ref"],
                _number(sheet),
                papers.group_code(meeting["session_id"]),
                meeting["training"],
                meeting["part"],
                followed_minutes(kind, mark["minutes_lost"], meeting["minutes"]),
                meeting["state"],
                meeting["version"],
            )
        )
    return rows


def _codes(words: Mapping[str, str]) -> dict[str, str]:
    return {code: word for word, code in words.items()}


def _references(work: Work, keys: Sequence[UUID]) -> dict[UUID, str]:
    """Return the references of people who have moved on since."""
    person = storage.signatory
    return dict(work.db.execute(sa.select(person.c.id, person.c.reference).where(person.c.id.in_(keys))).all())


def _number(sheet: Sheet) -> str:
    meeting = sheet.meeting
    return sheet_number(meeting["id"], meeting["held_on"], meeting["slot"])

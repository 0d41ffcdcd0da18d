"""
A training body's own attendance, row by row: what its file says about one person and half-day, in French headers.

The same columns leave the house and come in again, so that an export is an import (docs/formats/attendance.md).
"""

__all__ = [
    "ACTS",
    "COLUMNS",
    "EXPORTED",
    "REASONS",
    "REQUIRED",
    "SHEET",
    "SLOTS",
    "STATUSES",
    "FileMark",
    "read_row",
]

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from services.attendance.domain.sheet_numbers import SHEET_NUMBER
from shared.errors import FieldFault

SHEET = "presences"
REQUIRED = ("reference", "date", "demi_journee", "statut")
COLUMNS = (
    *REQUIRED,
    "minutes_perdues",
    "arrivee",
    "depart",
    "preuve",
    "motif_preuve",
    "numero_preuve",
    "numero_feuille",
)
EXPORTED = (*COLUMNS, "groupe", "formation", "partie", "minutes_suivies", "etat_feuille", "version_feuille")
SLOTS = {"matin": "morning", "apres_midi": "afternoon", "soir": "evening"}
STATUSES = {
    "present": "present",
    "retard": "late",
    "depart_anticipe": "left_early",
    "absent_annonce": "absent_announced",
    "absent": "absent_unexplained",
    "absent_justifie": "absent_justified",
    "absent_injustifie": "absent_unjustified",
    "seance_annulee": "meeting_cancelled",
    "pas_encore_inscrit": "not_yet_enrolled",
    "feuille_manquante": "held_roll_missing",
}
ACTS = {
    "qr": "qr",
    "code": "code",
    "dessin": "drawn",
    "feuille_signee": "signed_sheet",
    "declaree": "trainer_declared",
}
REASONS = {
    "appareil_en_panne": "device_failed",
    "ne_peut_pas_signer": "cannot_sign",
    "parti_avant_de_signer": "left_before_signing",
    "feuille_perdue": "sheet_lost",
}
DAY_SHAPES = ("%Y-%m-%d", "%d/%m/%Y")
CLOCK = re.compile(r"(\d{1,2})[:hH](\d{2})(?::\d{2})?")
MINUTES = re.compile(r"\d{1,3}")
MOST_TEXT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMark:
    """What one row says. `proof_ref`: the act's number where the body keeps it, or that of the signed sheet."""

    reference: str
    held_on: date
    slot: str
    status: str
    minutes_lost: int
    arrived: time | None
    left: time | None
    act: str
    act_reason: str
    proof_ref: str
    sheet: str  # the number printed on our sheet; empty where the file does not say it


def read_row(cells: Mapping[str, str]) -> tuple[FileMark | None, list[FieldFault]]:
    """Return what a row says, or what is wrong with its cells, in French, by column and rule."""
    row = _Row(cells)
    act, sheet = row.code("preuve", ACTS, optional=True), row.sheet("numero_feuille")
    found = {
        "reference": row.text("reference", required=True),
        "held_on": row.day("date"),
        "slot": row.code("demi_journee", SLOTS),
        "status": row.code("statut", STATUSES),
        "minutes_lost": row.minutes("minutes_perdues"),
        "arrived": row.clock("arrivee"),
        "left": row.clock("depart"),
        "act": act,
        "act_reason": row.code("motif_preuve", REASONS, optional=True),
        "proof_ref": row.text("numero_preuve") or (sheet if act == "signed_sheet" else ""),
        "sheet": sheet,
    }
    return (None if row.faults else FileMark(**found)), row.faults


class _Row:
    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells
        self.faults: list[FieldFault] = []

    def text(self, column: str, *, required: bool = False) -> str:
        value = self._cells.get(column, "").strip()
        if required and not value:
            self._fault(column, "required", "la cellule est vide")
        if len(value) > MOST_TEXT:
            self._fault(column, "too_long", f"au plus {MOST_TEXT} caractères")
        return value

    def code(self, column: str, codes: Mapping[str, str], *, optional: bool = False) -> str:
        value = self._cells.get(column, "").strip()
        found = codes.get(value.casefold().replace("-", "_").replace(" ", "_").translate(PLAIN))
        if found is None and (value or not optional):
            said = f"« {value} » n’est pas admis" if value else "la cellule est vide"
            self._fault(column, "choice" if value else "required", f"{said} ; valeurs : {', '.join(codes)}")
        return found or ""

    def day(self, column: str) -> Any:
        value = self._cells.get(column, "").strip()
        for shape in DAY_SHAPES:
            try:
                return datetime.strptime(value, shape).date()  # noqa: DTZ007 - a day at the site, no instant
            except ValueError:
                continue
        self._fault(column, "date" if value else "required", f"« {value} » n’est pas une date, écrire 2025-04-07")
        return None

    def clock(self, column: str) -> time | None:
        value = self._cells.get(column, "").strip()
        if not value:
            return None
        found = CLOCK.fullmatch(value)
        if found is None or int(found[1]) > 23 or int(found[2]) > 59:
            self._fault(column, "time", f"« {value} » n’est pas une heure, écrire 09:20")
            return None
        return time(int(found[1]), int(found[2]))

    def minutes(self, column: str) -> int:
        value = self._cells.get(column, "").strip()
        if value and not MINUTES.fullmatch(value):
            self._fault(column, "number", f"« {value} » n’est pas un nombre de minutes")
            return 0
        return int(value or 0)

    def sheet(self, column: str) -> str:
        value = self._cells.get(column, "").strip().upper()
        if value and not SHEET_NUMBER.fullmatch(value):
            self._fault(column, "sheet_number", f"« {value} » n’est pas un numéro de feuille, tel que 250407-M-7K3QX9")
        return value

    def _fault(self, column: str, rule: str, message: str) -> None:
        self.faults.append(FieldFault(column, rule, message))


PLAIN = str.maketrans("éèêëàâîïôûùç", "eeeeaaiiouuc")

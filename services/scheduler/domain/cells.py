"""
Reading the cells of an intake or offer file: text in, value out, or a fault that names column and rule.

Headers are French, as planners receive them (docs/formats/intake.md). What a person reads about a fault is French too.
"""

__all__ = ["Cells", "check_headers"]

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, TypeVar

from services.scheduler.domain.slots import DateRange, WeeklySlots
from shared.communes import UnknownCommuneError, commune
from shared.errors import ConflictError, FieldFault, InvalidInputError

T = TypeVar("T")

DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
YES_NO = {"oui": True, "non": False, "": False}
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)  # what a file or form can mean by a day
DATE_SHAPES = ("%Y-%m-%d", "%d/%m/%Y")


class Cells:
    """One row's cells; each reader returns a value and keeps a fault where there is none."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells
        self.faults: list[FieldFault] = []

    def fault(self, column: str, rule: str, message: str) -> None:
        self.faults.append(FieldFault(column, rule, message))

    def text(self, column: str, *, most: int = 120, optional: bool = False) -> str:
        value = self._cells.get(column, "").strip()
        if not value and not optional:
            self.fault(column, "required", "la cellule est vide")
        if len(value) > most:
            self.fault(column, "too_long", f"au plus {most} caractères")
        return value

    def choice(self, column: str, choices: Sequence[str], *, default: str | None = None) -> str:
        value = self._cells.get(column, "").strip()
        by_fold = {choice.casefold(): choice for choice in choices}
        if not value and default is not None:
            return default
        if value.casefold() not in by_fold:
            self.fault(column, "choice", f"« {value} » n’est pas admis ; valeurs : {', '.join(choices)}")
            return choices[0]
        return by_fold[value.casefold()]

    def yes(self, column: str) -> bool:
        value = self._cells.get(column, "").strip().casefold()
        if value not in YES_NO:
            self.fault(column, "yes_no", f"« {value} » n’est pas admis ; écrire oui ou non")
        return YES_NO.get(value, False)

    def whole(self, column: str, least: int, most: int) -> int:
        return self._parsed(
            column,
            "number",
            f"un nombre entier de {least} à {most} est attendu",
            lambda v: _within(int(v), least, most),
            least,
        )

    def decimal(self, column: str, least: float, most: float) -> float:
        words = f"un nombre de {least} à {most} est attendu"
        return self._parsed(column, "number", words, lambda v: _within(float(v.replace(",", ".")), least, most), least)

    def cents(self, column: str) -> int:
        """Read an amount in euros with at most two decimals, as cents."""
        return round(self.decimal(column, 0, 100_000) * 100)

    def day(self, column: str) -> date:
        return self._parsed(
            column, "date", "une date est attendue, comme 31/03/2025 ou 2025-03-31", _day, date(1970, 1, 1)
        )

    def optional_day(self, column: str) -> date | None:
        return self.day(column) if self._cells.get(column, "").strip() else None

    def clock(self, column: str) -> str:
        """Read a local time, as HH:MM."""
        words = "une heure est attendue, comme 09:00"
        return self._parsed(column, "time", words, lambda v: f"{time.fromisoformat(v):%H:%M}", "00:00")

    def ranges(self, column: str) -> tuple[DateRange, ...]:
        words = "des périodes sont attendues, comme 2025-04-07/2025-04-18, séparées par « ; »"
        return self._parsed(column, "periods", words, _ranges, (), optional=True)

    def week(self, columns: Sequence[str] = DAYS) -> WeeklySlots:
        """Read the day columns: letters among M, A, S."""
        letters = []
        for column in columns:
            value = self._cells.get(column, "").strip().upper().replace(" ", "").replace(",", "")
            if set(value) - set("MAS"):
                self.fault(column, "half_days", "lettres M (matin), A (après-midi), S (soir) attendues")
                value = ""
            letters.append(value)
        return WeeklySlots.from_days(letters + [""] * (7 - len(letters)))

    def codes(self, column: str, *, optional: bool = False) -> tuple[str, ...]:
        value = self.text(column, most=400, optional=optional)
        return tuple(dict.fromkeys(code.strip() for code in value.split(";") if code.strip()))

    def commune_code(self, column: str) -> str:
        value = self.text(column, most=5)
        if value:
            try:
                return commune(value).code
            except UnknownCommuneError:
                self.fault(column, "commune", f"le code commune INSEE « {value} » n’existe pas")
        return ""

    def tried(self, act: Callable[[], object], columns: Mapping[str, str]) -> bool:
        """Do what the row asks and return whether it was done; what is refused becomes faults (`columns` by field)."""
        try:
            act()
        except InvalidInputError as error:
            for fault in error.faults:
                self.fault(columns.get(fault.field, fault.field), fault.rule, fault.message)
            if not error.faults:
                self.fault(columns.get("", "reference"), error.code, str(error))
        except ConflictError as error:
            self.fault("reference", error.code, str(error))
        return not self.faults

    def _parsed(
        self, column: str, rule: str, words: str, parse: Callable[[str], T], fallback: T, *, optional: bool = False
    ) -> T:
        value = self._cells.get(column, "").strip()
        if not value:
            if not optional:
                self.fault(column, "required", f"la cellule est vide ; {words}")
            return fallback
        try:
            return parse(value)
        except ValueError:
            self.fault(column, rule, f"« {value[:60]} » ne se lit pas ; {words}")
            return fallback


def check_headers(sheet: str, headers: Iterable[str], expected: Sequence[str]) -> None:
    """Raise InvalidInputError naming the columns that lack; columns that nobody expects are ignored."""
    present = set(headers)
    missing = [column for column in expected if column not in present]
    if missing:
        raise InvalidInputError(
            f"la feuille « {sheet} » n’a pas les colonnes attendues",
            [FieldFault(column, "missing_column", "colonne absente") for column in missing],
        )


def _within(value: T, least: Any, most: Any) -> T:
    if not least <= value <= most:
        raise ValueError(value)
    return value


def _day(value: str) -> date:
    for shape in DATE_SHAPES:
        try:
            found = datetime.strptime(value, shape).date()  # noqa: DTZ007 - a day, no instant
        except ValueError:
            continue
        return _within(found, FIRST_DAY, LAST_DAY)
    raise ValueError(value)


def _ranges(value: str) -> tuple[DateRange, ...]:
    found = []
    for piece in value.split(";"):
        if piece.strip():
            first, _, last = piece.strip().partition("/")
            found.append(DateRange(first=date.fromisoformat(first), last=date.fromisoformat(last or first)))
    return tuple(found)

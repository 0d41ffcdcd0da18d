"""A sample month as a planning problem: the same rows, read and built as the scheduler does, with no database."""

__all__ = ["problem_of"]

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from parcours.sample.generator import SampleMonth
from services.scheduler.domain.building import build_problem, needs_of, signatory_facts, term_of
from services.scheduler.domain.cells import Cells
from services.scheduler.domain.days import add_months
from services.scheduler.domain.intake import SignatoryIntake, read_signatory
from services.scheduler.domain.offer import OfferItem, read_item
from services.scheduler.domain.problem import Problem
from services.scheduler.programmes import RuleBook, rule_book
from shared import calendar
from shared.errors import InvalidInputError
from shared.ids import derived_id

LAST_KNOWN_HOLIDAYS = date(2027, 12, 31)


def problem_of(sample: SampleMonth, books: Callable[[str], RuleBook] = rule_book) -> Problem:
    """
    Return the problem of a month: everybody who signed, planned and told on the first day of the next month.

    Raises InvalidInputError naming the first row that the reader refuses.
    """
    today = add_months(sample.month, 1)
    book = books(sample.programme)
    people, needs = {}, []
    for row in sample.signatories:
        read = _signatory(row, sample.territory, books)
        term_on = term_of(read.signed_on, book)
        key = derived_id("signatory", sample.territory, read.reference)
        people[str(key)] = signatory_facts(read, term_on)
        needs += [
            {
                "id": derived_id("need", key, draft.training, draft.part),
                "signatory_id": key,
                "training": draft.training,
                "part": draft.part,
                "minutes": draft.minutes,
                "deadline": draft.deadline,
                "again": 0,
            }
            for draft in needs_of(read, book, term_on)
            if draft.not_owed is None
        ]
    offer = {}
    for sheet, rows in sample.offer.items():
        for row in rows:
            item = _item(sheet, row)
            offer[item.kind, item.code] = item.facts
    until = min(today + timedelta(days=730), LAST_KNOWN_HOLIDAYS)
    return build_problem(
        territory=sample.territory,
        book=book,
        today=today,
        publish_on=today,
        people=people,
        needs=sorted(needs, key=lambda need: str(need["id"])),
        offer=dict(sorted(offer.items())),
        sessions=(),
        placements=(),
        public_holidays=[
            day
            for year in range(today.year, today.year + 4)
            for day in calendar.public_holidays(sample.territory, year)
        ],
        school_holidays=calendar.school_holidays(sample.territory, today, until),
    )


def _signatory(row: Mapping[str, Any], territory: str, books: Callable[[str], RuleBook]) -> SignatoryIntake:
    cells = Cells(_texts(row))
    read = read_signatory(cells, territory, books, test_numbers=True)
    if read is None:
        raise InvalidInputError(f"sample row {row['reference']}", cells.faults)
    return read


def _item(sheet: str, row: Mapping[str, Any]) -> OfferItem:
    cells = Cells(_texts(row))
    item = read_item(sheet, cells)
    if item is None:
        raise InvalidInputError(f"sample row of {sheet}", cells.faults)
    return item


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {key: _text(value) for key, value in row.items()}


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)

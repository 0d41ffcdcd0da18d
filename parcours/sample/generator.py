"""
A month of signatories and the offer that awaits them, invented for one department or the whole country.

The same arguments give the same rows on every machine: each part draws from a stream of its own, named after them.
"""

__all__ = ["SampleMonth", "generate_month", "generate_nation", "people_by_department"]

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from parcours.sample.figures import DEPARTMENT_PINS, REGION_CODES, REGION_SHARE
from parcours.sample.offer import Offer, draw_offer, reconcile_travel
from parcours.sample.people import Row, draw_people
from services.scheduler.programmes import rule_book
from shared.communes import communes, department_of, departments


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMonth:
    """One department's month: rows by the French headers of docs/formats/intake.md, with typed cells."""

    territory: str
    month: date  # its first day
    programme: str
    seed: int
    signatories: Sequence[Row]
    offer: Offer  # sheet -> rows


def generate_month(territory: str, people: int, month: date, seed: int, programme: str) -> SampleMonth:
    """
    Return an invented month of a department.

    Raises UnknownTerritoryError, UnknownProgrammeError, SignatureOutsideError for a month in which the programme could
    not be signed, and ValueError for a number of people outside 1 to 9999.
    """
    department_of(territory)
    book = rule_book(programme)
    first = month.replace(day=1)
    book.check_signable(first)
    stream = f"{seed}/{territory}/{first:%Y-%m}/{programme}"
    rows = draw_people(territory, people, first, book, Random(f"{stream}/people"))
    offer = draw_offer(territory, rows, first, book, Random(f"{stream}/offer"))
    reconcile_travel(rows, offer, Random(f"{stream}/travel"))
    return SampleMonth(territory=territory, month=first, programme=programme, seed=seed, signatories=rows, offer=offer)


def generate_nation(month: date, people: int, seed: int, programme: str) -> Iterator[SampleMonth]:
    """Yield a month of each department in which somebody signed, in the order of their codes."""
    for territory, count in people_by_department(people).items():
        if count:
            yield generate_month(territory, count, month, seed, programme)


def people_by_department(people: int) -> dict[str, int]:
    """Split the country's signatories: pinned departments, then the rest of each region by population."""
    inhabitants = dict.fromkeys(departments(), 0)
    for place in communes().values():
        if place.part_of is None:
            inhabitants[place.department] += place.population
    shares: dict[str, float] = {}
    for region, share in REGION_SHARE.items():
        members = sorted(code for code, one in departments().items() if one.region in REGION_CODES[region])
        pinned = {code: DEPARTMENT_PINS[code] for code in members if code in DEPARTMENT_PINS}
        others = [code for code in members if code not in pinned]
        living = sum(inhabitants[code] for code in others)
        shares |= pinned
        shares |= {code: (share - sum(pinned.values())) * inhabitants[code] / living for code in others}
    return _apportion(people, shares)


def _apportion(people: int, shares: dict[str, float]) -> dict[str, int]:
    """Give whole people by largest remainder, so that they add up."""
    total = sum(shares.values())
    exact = {code: people * shares[code] / total for code in sorted(shares)}
    given = {code: int(share) for code, share in exact.items()}
    order = sorted(exact, key=lambda code: (given[code] - exact[code], code))
    for code in order[: people - sum(given.values())]:
        given[code] += 1
    return given

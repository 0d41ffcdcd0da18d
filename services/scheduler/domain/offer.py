"""
What training bodies declare: bodies, sites, rooms, trainers, interpreters, lots, closures; one sheet a kind.

Beside it, the travel times that somebody measured: commune, site, mode, minutes, in a sheet of their own.

Each row is read into plain facts (JSON-able), because the offer is kept as it was declared and only becomes values of
a Problem when a plan is asked for.
"""

__all__ = [
    "SHEETS",
    "TRAVEL_COLUMNS",
    "TRAVEL_SHEET",
    "OfferItem",
    "TravelTime",
    "code_references",
    "read_item",
    "read_travel",
]

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.scheduler.domain.cells import DAYS, Cells

OPEN_DAYS = DAYS[:6]
SHEETS: Mapping[str, tuple[str, ...]] = {
    "organismes": ("code", "nom", "type", "courriel", "telephone"),
    "sites": (
        "code", "organisme", "nom", "code_commune", "latitude", "longitude", "acces_pmr", "garde_enfants", *OPEN_DAYS,
    ),
    "salles": ("code", "site", "nom", "places", "acces_pmr"),
    "formateurs": (
        "code", "organisme", "nom", "qualifications", "sites", *OPEN_DAYS, "demi_journees_max_semaine",
        "indisponibilites",
    ),
    "interpretes": ("code", "langue", "mode", *OPEN_DAYS, "demi_journees_max_semaine"),
    "lots": (
        "code", "organisme", "formation", "debut", "fin", "unite", "quantite_commandee", "quantite_consommee",
        "prix_unitaire_euros",
    ),
    "fermetures": ("site", "debut", "fin", "motif"),
    "plateformes": ("code", "nom", "adresse", "code_commune", "places", "guichets", "debut_matin", "debut_apres_midi"),
    "suivi": ("code", "type", "intitule", "organisme", "code_commune", "dates", "places"),
}  # fmt: skip
TRAVEL_SHEET = "trajets"
TRAVEL_COLUMNS = ("code_commune", "site", "mode", "minutes")
TRAVEL_MODES = ("transport", "voiture", "velo", "marche")
ESTIMATED = "estimation"  # in place of minutes: back to the estimate
LONGEST_MINUTES = 600  # [A] no way to a site takes longer
QUALIFICATIONS = ("civique", "600", "400", "200", "100")
EVERY_SITE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferItem:
    """One declared thing: its kind (the sheet), its code, its facts, and what it refers to as (kind, code)."""

    kind: str
    code: str
    facts: Mapping[str, Any]

    @property
    def references(self) -> tuple[tuple[str, str, str], ...]:
        """(column, kind, code) of everything that must exist for this row to make sense."""
        found = []
        if self.facts.get("body"):
            found.append(("organisme", "organismes", self.facts["body"]))
        if self.kind in {"salles", "fermetures"} and self.facts["site"] != EVERY_SITE:
            found.append(("site", "sites", self.facts["site"]))
        found += [("sites", "sites", site) for site in self.facts.get("sites", ())]
        return tuple(found)


def read_item(kind: str, cells: Cells) -> OfferItem | None:
    """Return what a row of a sheet declares, or None when `cells.faults` says what is wrong."""
    facts = _READERS[kind](cells)
    closure = kind == "fermetures"  # has no code of its own
    code = f"{facts['site']}:{facts['first']}:{facts['last']}" if closure else cells.text("code", most=40)
    return None if cells.faults else OfferItem(kind=kind, code=code, facts=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTime:
    """The minutes from a commune to a site by one mode, one way; null: as estimated."""

    commune: str
    site: str
    mode: str
    minutes: int | None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.commune, self.site, self.mode


def read_travel(cells: Cells) -> TravelTime | None:
    """Return a row of the travel table, or None when `cells.faults` says what is wrong."""
    estimated = cells.text("minutes", optional=True).casefold() == ESTIMATED
    found = TravelTime(
        commune=cells.commune_code("code_commune"),
        site=cells.text("site", most=40),
        mode=cells.choice("mode", TRAVEL_MODES),
        minutes=None if estimated else cells.whole("minutes", 0, LONGEST_MINUTES),
    )
    return None if cells.faults else found


def code_references(items: Mapping[tuple[str, str], Mapping[str, Any]], item: OfferItem) -> list[tuple[str, str]]:
    """Return (column, words) for each thing that the item refers to and that nobody declared."""
    return [
        (column, f"« {code} » n’est déclaré dans aucune ligne de « {kind} »")
        for column, kind, code in item.references
        if (kind, code) not in items
    ]


def _body(cells: Cells) -> dict[str, Any]:
    kinds = ("association", "centre_formation", "service_public")
    return {
        "name": cells.text("nom"),
        "type": cells.choice("type", kinds),
        "email": cells.text("courriel", optional=True),
        "phone": cells.text("telephone", optional=True),
    }


def _site(cells: Cells) -> dict[str, Any]:
    return {
        "body": cells.text("organisme"),
        "name": cells.text("nom"),
        "commune": cells.commune_code("code_commune"),
        "latitude": cells.decimal("latitude", -90, 90),
        "longitude": cells.decimal("longitude", -180, 180),
        "step_free": cells.yes("acces_pmr"),
        "childcare": cells.yes("garde_enfants"),
        "opening": cells.week(OPEN_DAYS).days(),
    }


def _room(cells: Cells) -> dict[str, Any]:
    return {
        "site": cells.text("site"),
        "name": cells.text("nom"),
        "seats": cells.whole("places", 1, 500),
        "step_free": cells.yes("acces_pmr"),
    }


def _trainer(cells: Cells) -> dict[str, Any]:
    qualifications = cells.codes("qualifications")
    for one in qualifications:
        if one not in QUALIFICATIONS:
            cells.fault(
                "qualifications", "choice", f"« {one} » n’est pas admis ; valeurs : {', '.join(QUALIFICATIONS)}"
            )
    return {
        "body": cells.text("organisme"),
        "name": cells.text("nom"),
        "qualifications": ["civic" if one == "civique" else one for one in qualifications],
        "sites": list(cells.codes("sites", optional=True)),
        "slots": cells.week(OPEN_DAYS).days(),
        "max_half_days_week": cells.whole("demi_journees_max_semaine", 0, 18),
        "unavailable": [[str(days.first), str(days.last)] for days in cells.ranges("indisponibilites")],
    }


def _interpreter(cells: Cells) -> dict[str, Any]:
    return {
        "language": cells.text("langue", most=8),
        "mode": {"presence": "in_person", "distance": "remote"}[cells.choice("mode", ("presence", "distance"))],
        "slots": cells.week(OPEN_DAYS).days(),
        "max_half_days_week": cells.whole("demi_journees_max_semaine", 0, 18),
    }


def _lot(cells: Cells) -> dict[str, Any]:
    training = {"civique": "civic", "linguistique": "language"}[cells.choice("formation", ("civique", "linguistique"))]
    unit = cells.choice("unite", ("jour", "heure"))
    first, last = cells.day("debut"), cells.day("fin")
    if last < first:
        cells.fault("fin", "order", "la fin est avant le début")
    if (training == "civic") != (unit == "jour"):
        cells.fault("unite", "unit_of_training", "la formation civique se compte en jours, la linguistique en heures")
    factor = 1 if unit == "jour" else 60
    return {
        "body": cells.text("organisme"),
        "training": training,
        "first": str(first),
        "last": str(last),
        "unit": "person_days" if unit == "jour" else "person_minutes",
        "ordered": cells.whole("quantite_commandee", 0, 100_000_000) * factor,
        "consumed": cells.whole("quantite_consommee", 0, 100_000_000) * factor,
        "unit_price_cents": cells.cents("prix_unitaire_euros"),
    }


def _closure(cells: Cells) -> dict[str, Any]:
    first, last = cells.day("debut"), cells.day("fin")
    if last < first:
        cells.fault("fin", "order", "la fin est avant le début")
    return {
        "site": cells.text("site"),
        "first": str(first),
        "last": str(last),
        "reason": cells.text("motif", optional=True),
    }


def _platform(cells: Cells) -> dict[str, Any]:
    return {
        "name": cells.text("nom"),
        "address": cells.text("adresse"),
        "commune": cells.commune_code("code_commune"),
        "places": cells.whole("places", 1, 500),
        "desks": cells.whole("guichets", 1, 100),
        "starts": {"morning": cells.clock("debut_matin"), "afternoon": cells.clock("debut_apres_midi")},
    }


def _follow_up(cells: Cells) -> dict[str, Any]:
    return {
        "type": cells.text("type", most=40),  # whether the territory's rule-book has this kind is asked when prescribed
        "name": cells.text("intitule"),
        "by": cells.text("organisme"),  # often no training body of ours: a library, a neighbourhood house
        "commune": cells.commune_code("code_commune"),
        "dates": [[str(days.first), str(days.last)] for days in cells.ranges("dates")],
        "places": cells.whole("places", 1, 10_000),
    }


_READERS: Mapping[str, Callable[[Cells], dict[str, Any]]] = {
    "organismes": _body,
    "sites": _site,
    "salles": _room,
    "formateurs": _trainer,
    "interpretes": _interpreter,
    "lots": _lot,
    "fermetures": _closure,
    "plateformes": _platform,
    "suivi": _follow_up,
}

"""
The offer of training bodies, sized from the people who signed: a little less than what would seat everybody.

Every size below is ours [A]; prices are those of 2024. Where a number is rounded, a territory always keeps two sites.
"""

__all__ = ["Offer", "draw_offer", "reconcile_travel"]

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import ceil
from random import Random

from parcours.sample.figures import BODY_NAMES
from parcours.sample.people import Row
from services.scheduler.domain.days import add_months
from services.scheduler.domain.intake import follows_french
from services.scheduler.domain.problem import Rules
from services.scheduler.domain.travel import metres_between
from services.scheduler.programmes import RuleBook
from shared.communes import Commune, commune, communes

Offer = Mapping[str, list[Row]]

OPEN_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi")
WORKING_DAYS = 5
CIVIC_EURO_DAY, LANGUAGE_EURO_HOUR = 64.49, 7.40  # Senate report on the trainings of the contract, 2024
CIVIC_ORDER_PERCENT, LANGUAGE_ORDER_PERCENT = 105, 100  # what is left of the orders, in per cent of the demand
FEW_SITES_PERCENT = 20  # more where few bodies share the orders: one that nobody is near cannot lend its own
LOT_MONTHS = 18
# 8 civic sites for 900 people, 15 language sites for 405 learners. Fewer people have fewer sites than their part, or no
# group would reach its minimum: the powers say how much fewer.
CIVIC_SITES, LANGUAGE_SITES = (8, 900, 1.25), (15, 405, 1.5)
LEAST_SITES = 2
OPEN_LATE, FEW_SITES = 0.35, 3  # of the sites; few sites are all open late
CHILDCARE_CIVIC, CHILDCARE_LANGUAGE = 0.25, 0.20
STEP_FREE_SITES = 0.80
GROUP = 13  # people in a language group, on average
PEOPLE_A_CIVIC_TRAINER, PEOPLE_A_SATURDAY_TRAINER = 75, 45
DAY_TRAINERS_A_GROUP, LATE_TRAINERS_A_GROUP = 0.75, 0.9
PEOPLE_AN_INTERPRETER, PEOPLE_A_SATURDAY_INTERPRETER = 45, 30
CANDIDATE_PLACES = 60  # communes looked at when a site is placed
LONGEST_TRAVEL = 120
PLATFORM_PLACES, PLATFORM_DESKS = 40, 6
FOLLOW_UP_PLACES = 30
FOLLOW_UPS = (
    ("francais_complementaire", "Atelier de conversation", "Médiathèque (fictive)"),
    ("atelier_culturel", "Visites de quartier et de musée", "Maison de quartier (fictive)"),
    ("aide_administrative", "Permanence d’écrivain public", "Centre social (fictif)"),
)
WILLING = 0.93  # of those whom no suitable site is near, these find a car or more time


def draw_offer(territory: str, rows: Sequence[Row], month: date, programme: RuleBook, draw: Random) -> Offer:
    """Return the rows of each sheet of the offer for these signatories."""
    learners = [row for row in rows if str(row["formation_linguistique"]).isdigit()]
    civic_sites, language_sites = _sites_for(len(rows), CIVIC_SITES), _sites_for(len(learners), LANGUAGE_SITES)
    bodies = _bodies(territory, min(6, max(3, 3 + len(rows) // 400)), draw)
    places = _best_places(territory, rows, max(civic_sites, language_sites))
    sites = _sites(territory, "C", civic_sites, places=places, bodies=bodies, draw=draw)
    sites += _sites(territory, "L", language_sites, places=places, bodies=bodies, draw=draw)
    return {
        "organismes": bodies,
        "sites": sites,
        "salles": _rooms(sites, draw),
        "formateurs": _trainers(territory, rows, learners, sites=sites, programme=programme, month=month, draw=draw),
        "interpretes": _interpreters(territory, rows, programme, draw),
        "lots": _lots(territory, rows, learners, sites=sites, month=month, draw=draw),
        "fermetures": _closures(month),
        "plateformes": _platforms(territory, places[0]),
        "suivi": _follow_ups(territory, places[0], month),
    }


def reconcile_travel(rows: Sequence[Row], offer: Offer, draw: Random) -> None:
    """Let most people whom no suitable site is near accept the time that it takes, by car if need be."""
    for row in rows:
        trainings = "CL" if str(row["formation_linguistique"]).isdigit() else "C"
        needed = max(_nearest(row, [s for s in offer["sites"] if _kind(s) == kind]) for kind in trainings)
        home = commune(str(row["code_commune"]))
        if _minutes(needed, str(row["deplacement"])) <= int(str(row["trajet_max_min"])):
            continue
        if draw.random() < WILLING:
            if _minutes(needed, str(row["deplacement"])) > LONGEST_TRAVEL // 2:
                row["deplacement"] = "transport" if home.department == "75" else "voiture"
            wanted = ceil(_minutes(needed, str(row["deplacement"])) / 15) * 15
            row["trajet_max_min"] = max(int(str(row["trajet_max_min"])), min(LONGEST_TRAVEL, wanted))


def _sites_for(people: int, measure: tuple[int, int, float]) -> int:
    """Return how many sites so many people have; the power holds below the measured number of people only."""
    sites, measured, power = measure
    return max(LEAST_SITES, round(sites * (people / measured) ** (power if people < measured else 1)))


def _bodies(territory: str, count: int, draw: Random) -> list[Row]:
    kinds = ("association", "centre_formation", "centre_formation", "association", "service_public", "centre_formation")
    names = draw.sample(BODY_NAMES, count)
    return [
        {
            "code": f"{territory}-OF{index + 1}",
            "nom": name,
            "type": kinds[index],
            "courriel": f"of{index + 1}.{territory.lower()}@example.org",
            "telephone": f"+999{draw.randrange(10**9):09d}",
        }
        for index, name in enumerate(names)
    ]


def _best_places(territory: str, rows: Sequence[Row], count: int) -> list[Commune]:
    """Return communes that bring sites near to homes: each next one saves most metres (greedy k-median)."""
    homes = sorted(Counter(str(row["code_commune"]) for row in rows).items())
    here = [place for place in communes().values() if place.department == territory]
    cities = {place.part_of for place in here if place.part_of}
    demand = dict(homes)
    ranked = sorted(
        (place for place in here if place.code not in cities),
        key=lambda place: (-demand.get(place.code, 0), -place.population, place.code),
    )[:CANDIDATE_PLACES]
    metres = [[_metres(commune(code), place) for code, _ in homes] for place in ranked]
    nearest = [10**9] * len(homes)
    found: list[int] = []
    while len(found) < min(count, len(ranked)):
        gains = [
            (sum(n * max(0, old - new) for (_, n), old, new in zip(homes, nearest, line, strict=True)), -index)
            for index, line in enumerate(metres)
            if index not in found
        ]
        best = -max(gains)[1]
        found.append(best)
        nearest = [min(old, new) for old, new in zip(nearest, metres[best], strict=True)]
    return [ranked[index] for index in found]


def _sites(
    territory: str, kind: str, count: int, *, places: Sequence[Commune], bodies: Sequence[Row], draw: Random
) -> list[Row]:
    late = max(min(count, FEW_SITES), ceil(count * OPEN_LATE))
    childcare = max(min(count, LEAST_SITES), round(count * (CHILDCARE_CIVIC if kind == "C" else CHILDCARE_LANGUAGE)))
    found: list[Row] = []
    for index in range(count):
        place = places[index % len(places)]
        body = bodies[(index + (kind == "L")) % len(bodies)]
        open_late = index < late
        week = ["MAS" if open_late and kind == "L" else "MA"] * WORKING_DAYS + ["MA" if open_late else ""]
        found.append(
            {
                "code": f"{territory}-{kind}{index + 1:02d}",
                "organisme": body["code"],
                "nom": f"{'Espace civique' if kind == 'C' else 'Centre de langue'} {index + 1} – {place.name}",
                "code_commune": place.code,
                "latitude": round(place.latitude + draw.uniform(-0.004, 0.004), 4),
                "longitude": round(place.longitude + draw.uniform(-0.004, 0.004), 4),
                "acces_pmr": "oui" if index < LEAST_SITES or draw.random() < STEP_FREE_SITES else "non",
                "garde_enfants": "oui" if index < childcare else "non",
                **dict(zip(OPEN_DAYS, week, strict=True)),
            }
        )
    return found


def _rooms(sites: Sequence[Row], draw: Random) -> list[Row]:
    found: list[Row] = []
    for index, site in enumerate(sites):
        civic = _kind(site) == "C"
        found += [
            {
                "code": f"{site['code']}-S{number + 1}",
                "site": site["code"],
                "nom": f"Salle {number + 1}",
                "places": draw.randrange(25, 31) if civic else draw.randrange(15, 19),
                "acces_pmr": site["acces_pmr"] if number == 0 else "non",
            }
            for number in range(2 if site["samedi"] or index % 2 else 1)
        ]
    return found


def _trainers(
    territory: str,
    rows: Sequence[Row],
    learners: Sequence[Row],
    *,
    sites: Sequence[Row],
    programme: RuleBook,
    month: date,
    draw: Random,
) -> list[Row]:
    """Spread trainers over the bodies as their sites are spread; late ones go where a site is open late."""
    weekend = [row for row in rows if _only_off_hours(row)]
    late_learners = [row for row in learners if _only_off_hours(row)]
    groups, late_groups = ceil((len(learners) - len(late_learners)) / GROUP), ceil(len(late_learners) / GROUP)
    day, late = ["MA"] * WORKING_DAYS + [""], ["S"] * WORKING_DAYS + ["MA"]
    saturday = ["MA", "MA", "MA", "", "", "MA"]
    packages = programme.all_packages
    mixes = [mix for mix in (packages, packages[1:], packages[:2], packages[-2:]) if mix]
    civic = [("civique",)]
    civic_sites = [site for site in sites if _kind(site) == "C"]
    language_sites = [site for site in sites if _kind(site) == "L"]
    plans: list[tuple[Sequence[Row], int, list[str], int, Sequence[tuple[str, ...]]]] = [
        (civic_sites, ceil((len(rows) - len(weekend)) / PEOPLE_A_CIVIC_TRAINER), day, 8, civic),
        (_late(civic_sites), ceil(len(weekend) / PEOPLE_A_SATURDAY_TRAINER), saturday, 8, civic),
        (language_sites, ceil(groups * DAY_TRAINERS_A_GROUP), day, 10, mixes),
        (_late(language_sites), ceil(late_groups * LATE_TRAINERS_A_GROUP), late, 7, mixes),
    ]
    found: list[Row] = []
    for where, count, week, most, qualifications in plans:
        bodies = [str(site["organisme"]) for site in where]
        seen: Counter[str] = Counter()
        for index in range(max(count, len(set(bodies)))):
            body = bodies[index % len(bodies)]
            mix = qualifications[seen[body] % len(qualifications)]
            seen[body] += 1
            number = len(found) + 1
            found.append(
                {
                    "code": f"{territory}-F{number:03d}",
                    "organisme": body,
                    "nom": f"Formateur {number:03d} (fictif)",
                    "qualifications": ";".join(mix),
                    "sites": "",
                    **dict(zip(OPEN_DAYS, week, strict=True)),
                    "demi_journees_max_semaine": most,
                    "indisponibilites": _leave(month, draw),
                }
            )
    return found


def _interpreters(territory: str, rows: Sequence[Row], programme: RuleBook, draw: Random) -> list[Row]:
    """Return interpreters for each language in demand: most at a distance, some on Saturdays and evenings."""
    below, levels = programme["civic.interpreter_below_level"], tuple(programme["levels"])
    weekday: Counter[str] = Counter()
    weekend: Counter[str] = Counter()
    for row in rows:
        spoken = tuple(str(row["langues_parlees"]).split(";"))
        if not follows_french(spoken, str(row["niveau"]), below, levels):
            (weekend if _only_off_hours(row) else weekday)[spoken[0]] += 1
    found: list[Row] = []
    for language in sorted({*weekday, *weekend}):
        if weekday[language] + weekend[language] == 1 and draw.random() < 0.4:
            continue  # nobody was found for a language that one person speaks
        days = ceil(weekday[language] / PEOPLE_AN_INTERPRETER)
        saturdays = ceil(weekend[language] / PEOPLE_A_SATURDAY_INTERPRETER) if weekend[language] > 1 else 0
        for index in range(max(1, days + saturdays)):
            off_hours = index >= days and saturdays > 0
            week = ["S"] * WORKING_DAYS + ["MA"] if off_hours else ["MA"] * WORKING_DAYS + [""]
            here = index == 0 and weekday[language] >= PEOPLE_AN_INTERPRETER
            found.append(
                {
                    "code": f"{territory}-I-{language.upper()}{index + 1}",
                    "langue": language,
                    "mode": "presence" if here else "distance",
                    **dict(zip(OPEN_DAYS, week, strict=True)),
                    "demi_journees_max_semaine": 4 if off_hours else 8,
                }
            )
    return found


def _lots(
    territory: str, rows: Sequence[Row], learners: Sequence[Row], *, sites: Sequence[Row], month: date, draw: Random
) -> list[Row]:
    """
    Return one lot a body and training. What is left of all lots of a training is that training's demand, times its
    per cent (more where few bodies are); what was used for people of earlier months stands in both quantities.
    """
    hours = sum(int(str(row["formation_linguistique"])) for row in learners)
    demands = (
        ("C", "civique", "jour", CIVIC_EURO_DAY, len(rows) * 4, CIVIC_ORDER_PERCENT),
        ("L", "linguistique", "heure", LANGUAGE_EURO_HOUR, hours, LANGUAGE_ORDER_PERCENT),
    )
    found: list[Row] = []
    for kind, training, unit, price, demand, percent in demands:
        # A site that is open late has two rooms, and is asked for by more people.
        shares: Counter[str] = Counter()
        for site in sites:
            if _kind(site) == kind:
                shares[str(site["organisme"])] += 2 if site["samedi"] else 1
        slack = FEW_SITES_PERCENT if len(shares) <= FEW_SITES else 0
        for body, count in sorted(shares.items()):
            left = ceil(demand * (percent + slack) * count / (100 * shares.total()))
            used = left * draw.randrange(3, 9) // 100
            found.append(
                {
                    "code": f"{territory}-LOT-{kind}-{body.rsplit('-', 1)[1]}",
                    "organisme": body,
                    "formation": training,
                    "debut": month,
                    "fin": add_months(month, LOT_MONTHS) - timedelta(days=1),
                    "unite": unit,
                    "quantite_commandee": left + used,
                    "quantite_consommee": used,
                    "prix_unitaire_euros": price,
                }
            )
    return found


def _closures(month: date) -> list[Row]:
    """Return two weeks at Christmas and two in August, from Monday to Sunday, for as long as the lots run."""
    last = add_months(month, LOT_MONTHS)
    found: list[Row] = []
    for year in range(month.year, last.year + 1):
        for reason, around in (("Fermeture d’été", date(year, 8, 5)), ("Fermeture de fin d’année", date(year, 12, 23))):
            first = around - timedelta(days=around.weekday())
            if month <= first <= last:
                found.append({"site": "*", "debut": first, "fin": first + timedelta(days=13), "motif": reason})
    return found


def _platforms(territory: str, place: Commune) -> list[Row]:
    """Return the one place where people of the territory are received: 40 a half-day (article §3), six desks [A]."""
    return [
        {
            "code": f"{territory}-PF1",
            "nom": f"Plateforme d’accueil – {place.name} (fictive)",
            "adresse": f"1 place de l’Accueil, {place.name}",
            "code_commune": place.code,
            "places": PLATFORM_PLACES,
            "guichets": PLATFORM_DESKS,
            "debut_matin": "09:00",
            "debut_apres_midi": "13:30",
        }
    ]


def _follow_ups(territory: str, place: Commune, month: date) -> list[Row]:
    """Return one offer of each of the first three kinds that the rule-books name, for as long as the lots run."""
    dates = f"{month}/{add_months(month, LOT_MONTHS) - timedelta(days=1)}"
    return [
        {
            "code": f"{territory}-S{number}",
            "type": kind,
            "intitule": name,
            "organisme": by,
            "code_commune": place.code,
            "dates": dates,
            "places": FOLLOW_UP_PLACES,
        }
        for number, (kind, name, by) in enumerate(FOLLOW_UPS, 1)
    ]


def _leave(month: date, draw: Random) -> str:
    if draw.random() >= 0.25:
        return ""
    first = month + timedelta(days=draw.randrange(40, 150))
    first -= timedelta(days=first.weekday())
    return f"{first}/{first + timedelta(days=draw.choice((4, 4, 11)))}"


def _nearest(row: Row, sites: Sequence[Row]) -> int:
    """Return the metres to the nearest site that suits: open when the person is free, with childcare and access."""
    home = commune(str(row["code_commune"]))
    wants = [column for column in ("acces_pmr", "garde_enfants") if row[column] == "oui"]
    late = _only_off_hours(row)
    suited = [
        site for site in sites if all(site[column] == "oui" for column in wants) and (site["samedi"] or not late)
    ] or sites
    return min(
        metres_between(home.latitude, home.longitude, float(site["latitude"]), float(site["longitude"]))  # type: ignore[arg-type]
        for site in suited
    )


def _minutes(metres: int, mode: str) -> int:
    """Estimate as plans do (services/scheduler/domain/travel.py)."""
    rules = Rules()
    speed = rules.travel_speeds[mode]
    return speed.overhead_minutes + ceil(metres * rules.travel_detour_percent * 60 / (100 * speed.metres_an_hour))


def _metres(home: Commune, place: Commune) -> int:
    return metres_between(home.latitude, home.longitude, place.latitude, place.longitude)


def _late(sites: Sequence[Row]) -> list[Row]:
    return [site for site in sites if site["samedi"]]


def _kind(site: Row) -> str:
    return str(site["code"]).rsplit("-", 1)[1][0]


def _only_off_hours(row: Row) -> bool:
    return not any(set(str(row[day])) & {"M", "A"} for day in OPEN_DAYS[:WORKING_DAYS])

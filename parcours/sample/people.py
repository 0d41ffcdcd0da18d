"""Invented signatories of one month: who they are, when they are free, how they can be reached."""

__all__ = ["Cell", "Row", "draw_people"]

import unicodedata
from bisect import bisect_right
from calendar import monthrange
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from parcours.sample.figures import (
    ALIASES,
    AREA_OF,
    FAMILY_NAMES,
    GIVEN_NAMES,
    LANGUAGES,
    LEVELS_AND_HOURS,
    OTHER_LANGUAGES,
    SAYS_FRENCH,
    SECOND_LANGUAGES,
)
from services.scheduler.programmes import RuleBook
from shared.calendar import is_working_day
from shared.communes import Commune, communes

Cell = date | int | float | str
Row = dict[str, Cell]

DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
WORKING_DAYS = 5
WOMEN = 0.53  # 0.54 in 2010
# Childcare asked for at the desk: 12 % of women [A].
WOMEN_NEEDING_CHILDCARE, MEN_NEEDING_CHILDCARE = 0.12, 0.012
STEP_FREE = 0.03  # [A]
PHONE_INVALID, SHARED_PHONE, NO_EMAIL = 0.06, 0.07, 0.20  # [A]
HIGHEST_PER_MONTH = 9_999  # numbers of references kept for one department's month

# Weekday day, evening or Saturday only, part days: 55, 27 and 18 % in all [A]. Who owes a long course works less often
# in the day, so that the two lines below have those shares as their mean.
LONG_COURSE, OTHERS = (0.70, 0.12, 0.18), (0.505, 0.315, 0.18)
LONG = ("600", "400")
PROTECTION = {"prs": 0.55, "ps": 0.60, "fa": 0.30, "ti": 0.60, "uk": 0.45, "so": 0.55, "ku": 0.40}  # [A]
PROTECTION_ELSEWHERE, VOLUNTARY, ON_PROPOSAL = 0.12, 0.05, 0.30  # [A] on proposal: of those who speak Arabic
# Mode of travel -> (weight, possible limits in minutes) [A].
MODES = {
    "transport": (66, (45, 60, 60, 75, 90)),
    "voiture": (18, (30, 45, 60)),
    "velo": (6, (25, 35, 45)),
    "marche": (10, (30, 45)),
}
MODES_OUTSIDE_CITIES = {"transport": 40, "voiture": 42, "velo": 6, "marche": 12}
DENSE = ("75", "92", "93", "94", "69", "13")
CITY_PULL = 1.3  # homes follow population to this power: towns draw more than their part [A]


def draw_people(territory: str, people: int, month: date, programme: RuleBook, draw: Random) -> list[Row]:
    """Return the rows of `signataires`, in the order in which people signed. Travel limits are not yet reconciled."""
    if not 1 <= people <= HIGHEST_PER_MONTH:
        raise ValueError(f"from 1 to {HIGHEST_PER_MONTH} people a month and department, not {people}")
    places, reach = _homes(territory)
    signed = sorted(draw.choices(_working_days(territory, month), k=people))
    levels = _levels(people, draw)
    rows = []
    for index, (signed_on, (level, hours)) in enumerate(zip(signed, levels, strict=True), start=1):
        home = places[min(bisect_right(reach, draw.random() * reach[-1]), len(places) - 1)]
        number = month.month * 10_000 + index
        rows.append(
            _person(territory, number, signed_on, level=level, hours=hours, home=home, programme=programme, draw=draw)
        )
    _share_phones(rows, draw)
    return rows


def _person(
    territory: str,
    number: int,
    signed_on: date,
    *,
    level: str,
    hours: str,
    home: Commune,
    programme: RuleBook,
    draw: Random,
) -> Row:
    woman = draw.random() < WOMEN
    contact, spoken = _languages(level, draw)
    given, family = _name(contact, woman=woman, draw=draw)
    reads = _reads(level, draw)
    course = course_under(level, hours, programme)
    phone = _phone(draw)
    email = "" if draw.random() < NO_EMAIL else f"{_ascii(given)}.{_ascii(family)}.{number}@example.org"
    mode, limit = _travel(territory, draw)
    in_person = course.isdigit()
    return {
        "reference": f"{territory}-{signed_on.year}-{number:06d}",
        "nom": family,
        "prenom": given,
        "alias": draw.choice(ALIASES),
        "date_signature": signed_on,
        "programme": programme.code,
        "regime": _regime(contact, draw),
        "code_commune": home.code,
        "niveau": level,
        "formation_linguistique": course,
        "langues_parlees": ";".join(spoken),
        "lecture": reads,
        "langue_lecture": "" if reads == "non" else contact,
        "telephone": phone,
        "telephone_partage": "non",
        "courriel": email,
        "canal": _channel(email, draw),
        **dict(zip(DAYS, _availability(hours, draw), strict=True)),
        "semaines": _weeks(draw, in_person=in_person),
        "indisponibilites": _away(signed_on, draw, in_person=in_person),
        "deplacement": mode,
        "trajet_max_min": limit,
        "acces_pmr": _yes(draw.random() < STEP_FREE),
        "garde_enfants": _yes(draw.random() < (WOMEN_NEEDING_CHILDCARE if woman else MEN_NEEDING_CHILDCARE)),
    }


def _homes(territory: str) -> tuple[list[Commune], list[float]]:
    """Return the communes of a department and their running weights; a city gives way to its arrondissements."""
    every = [place for place in communes().values() if place.department == territory and place.population > 0]
    cities = {place.part_of for place in every if place.part_of}
    places = sorted((place for place in every if place.code not in cities), key=lambda place: place.code)
    return places, list(accumulate(place.population**CITY_PULL for place in places))


def _working_days(territory: str, month: date) -> list[date]:
    days = [month.replace(day=day) for day in range(1, monthrange(month.year, month.month)[1] + 1)]
    return [day for day in days if is_working_day(territory, day)]


def _levels(people: int, draw: Random) -> list[tuple[str, str]]:
    """Draw systematically: each share is met to within one person, and no small department is biased."""
    bounds = list(accumulate(share for _, _, share in LEVELS_AND_HOURS))
    start = draw.random()
    picked = [bisect_right(bounds, (index + start) * bounds[-1] / people) for index in range(people)]
    found = [LEVELS_AND_HOURS[min(place, len(LEVELS_AND_HOURS) - 1)][:2] for place in picked]
    draw.shuffle(found)
    return found


def _languages(level: str, draw: Random) -> tuple[str, list[str]]:
    """Return the contact language and all spoken ones, the contact language first."""
    if draw.random() < SAYS_FRENCH[level]:
        contact = "fr"
    else:
        contact = draw.choices(list(LANGUAGES), weights=list(LANGUAGES.values()))[0]
        contact = draw.choice(OTHER_LANGUAGES) if contact == "other" else contact
    spoken = [contact]
    spoken += [other for other, share in SECOND_LANGUAGES.get(contact, ()) if draw.random() < share]
    some_french = {"NLNS": 0.05, "infra-A1": 0.10, "A1": 0.20}.get(level, 1.0)  # [A]
    if draw.random() < some_french:
        spoken.append("fr")
    return contact, list(dict.fromkeys(spoken))


def _name(contact: str, *, woman: bool, draw: Random) -> tuple[str, str]:
    area = AREA_OF.get(contact, "afrique")
    heads, tails = FAMILY_NAMES[area]
    head, tail = draw.choice(heads), draw.choice(tails)
    given = draw.choice(GIVEN_NAMES[area][0 if woman else 1])
    return given, head + (tail.capitalize() if head.endswith(" ") else tail)


def _reads(level: str, draw: Random) -> str:
    if level == "NLNS":
        return "non"
    return "avec_aide" if draw.random() < (0.25 if level == "infra-A1" else 0.05) else "oui"  # [A]


def course_under(level: str, hours: str, programme: RuleBook) -> str:
    """Return what a programme prescribes to this level: these hours where it has them, else its longest course."""
    packages = programme.packages(level)
    if packages:
        return hours if hours in packages else packages[0]
    return "plateforme" if level in programme["language.platform_levels"] else "aucune"


def _phone(draw: Random) -> str:
    """Return a number of the test prefix, which no country has; 6 % lack two digits and reach nobody."""
    digits = "".join(str(draw.randrange(10)) for _ in range(9))
    return f"+999{digits[:7]}" if draw.random() < PHONE_INVALID else f"+999{digits}"


def _share_phones(rows: list[Row], draw: Random) -> None:
    """Let pairs of people have one phone between them, and say so on both rows."""
    order = list(range(len(rows)))
    draw.shuffle(order)
    pairs = round(len(rows) * SHARED_PHONE / 2)
    for pair in range(pairs):
        one, other = rows[order[2 * pair]], rows[order[2 * pair + 1]]
        other["telephone"] = one["telephone"]
        one["telephone_partage"] = other["telephone_partage"] = "oui"


def _channel(email: str, draw: Random) -> str:
    wanted = draw.choices(("sms", "courriel", "courrier"), weights=(72, 22, 6))[0]  # [A]
    return "sms" if wanted == "courriel" and not email else wanted


def _regime(contact: str, draw: Random) -> str:
    if draw.random() < PROTECTION.get(contact, PROTECTION_ELSEWHERE):
        return "bpi_carte_resident"
    if contact == "ar" and draw.random() < ON_PROPOSAL:
        return "sur_proposition"
    return "volontaire" if draw.random() < VOLUNTARY else "obligatoire"


def _availability(hours: str, draw: Random) -> tuple[str, ...]:
    """Return seven day cells. How each kind is made up is [A]."""
    kind = draw.choices(("day", "off_hours", "part"), weights=LONG_COURSE if hours in LONG else OTHERS)[0]
    if kind == "day":
        week = ["MAS" if draw.random() < 0.15 else "MA"] * WORKING_DAYS
        if draw.random() < 0.20:
            week[draw.choice((2, 4))] = ""  # children have Wednesday off, or Friday is for prayer and papers
        return (*week, draw.choice(("", "", "M", "MA")), "")
    if kind == "off_hours":
        which = draw.choices(("both", "evening", "saturday"), weights=(64, 8, 28))[0]
        evening = "" if which == "saturday" else "S"
        return (*[evening] * 4, evening if draw.random() < 0.8 else "", "" if which == "evening" else "MA", "")
    part = draw.choices(("mornings", "afternoons", "early", "late"), weights=(35, 25, 20, 20))[0]
    if part in {"early", "late"}:
        week = ["MA", "MA", "M", "", ""] if part == "early" else ["", "", "", "MA", "MA"]
    else:
        week = ["M" if part == "mornings" else "A"] * WORKING_DAYS
        if draw.random() < 0.9:  # days off work, on which a whole civic day fits
            for day in draw.sample(range(WORKING_DAYS), 2):
                week[day] = "MA"
    return (*week, "MA" if draw.random() < 0.3 else "", "")


def _weeks(draw: Random, *, in_person: bool) -> str:
    """Alternating shifts are rarer among people who owe a course of every week [A]."""
    return draw.choice(("paires", "impaires")) if draw.random() < (0.01 if in_person else 0.05) else "toutes"


def _away(signed_on: date, draw: Random, *, in_person: bool) -> str:
    """Return up to two dated absences in the weeks after the signature [A]."""
    if draw.random() >= (0.05 if in_person else 0.10):
        return ""
    found = []
    first = signed_on + timedelta(days=draw.randrange(5, 35))
    for _ in range(draw.choice((1, 1, 1, 2))):
        last = first + timedelta(days=draw.choice((0, 2, 6, 11)))
        found.append(f"{first}/{last}")
        first = last + timedelta(days=draw.randrange(7, 21))
    return ";".join(found)


def _travel(territory: str, draw: Random) -> tuple[str, int]:
    modes = list(MODES)
    weights = [MODES[mode][0] if territory in DENSE else MODES_OUTSIDE_CITIES[mode] for mode in modes]
    mode = draw.choices(modes, weights=weights)[0]
    return mode, draw.choice(MODES[mode][1])


def _yes(said: bool) -> str:
    return "oui" if said else "non"


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i")).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalpha())

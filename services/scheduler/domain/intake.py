"""What a planner receives about signatories: one row a person, read and checked. Pure: nothing is stored here."""

__all__ = [
    "CHANNELS",
    "COLUMNS",
    "CONTACT_COLUMNS",
    "CONTACT_SHEET",
    "DESK_COLUMNS",
    "OF_AGE",
    "OPTIONAL_COLUMNS",
    "SHEET",
    "SignatoryIntake",
    "read_contact",
    "read_email",
    "read_phone",
    "read_signatory",
]

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import phonenumbers

from services.scheduler.domain.cells import DAYS, Cells
from services.scheduler.domain.days import add_months
from services.scheduler.domain.problem import WeekParity
from services.scheduler.domain.reception import Contact
from services.scheduler.domain.slots import DateRange, WeeklySlots
from shared.communes import commune
from shared.errors import InvalidInputError

SHEET = "signataires"
COLUMNS = (
    "reference", "nom", "prenom", "alias", "date_signature", "programme", "regime", "code_commune", "niveau",
    "formation_linguistique", "langues_parlees", "lecture", "langue_lecture", "telephone", "telephone_partage",
    "courriel", "canal", *DAYS, "semaines", "indisponibilites", "deplacement", "trajet_max_min", "acces_pmr",
    "garde_enfants",
)  # fmt: skip
# Columns that a file may leave out: who signs for a minor, what the person says of a course that is only offered, and
# from when to when a half-day is free.
OPTIONAL_COLUMNS = (
    "date_naissance", "representant_nom", "representant_telephone", "representant_courriel", "offre_linguistique",
    "heures_matin", "heures_apres_midi", "heures_soir",
)  # fmt: skip
OFFERS = {"": "", "proposee": "proposed", "acceptee": "accepted", "refusee": "refused"}
OLD_ENOUGH, OF_AGE = 16, 18  # years on the day of signature
HOURS = {"heures_matin": "M", "heures_apres_midi": "A", "heures_soir": "S"}
CHANNELS = ("sms", "courriel", "courrier")
PARITIES = {"toutes": WeekParity.ALL, "paires": WeekParity.EVEN, "impaires": WeekParity.ODD}
READS = {"oui": "yes", "avec_aide": "with_help", "non": "no"}
NO_COURSE, PLATFORM = "aucune", "plateforme"
TEST_PREFIX = "+999"  # no country has it; accepted only where messages go to files
# What the desk fills of a row; who the person is and how they are reached is known from the first contact.
DESK_COLUMNS = (
    "niveau", "formation_linguistique", *DAYS, "heures_matin", "heures_apres_midi", "heures_soir", "semaines",
    "indisponibilites", "deplacement", "trajet_max_min", "acces_pmr", "garde_enfants", "langues_parlees", "lecture",
    "langue_lecture",
)  # fmt: skip
# What a contacted person's row has: who they are and how to speak to them, before any interview.
CONTACT_SHEET = "contacts"
CONTACT_COLUMNS = (
    "reference", "nom", "prenom", "alias", "programme", "code_commune", "langues_parlees", "lecture", "langue_lecture",
    "telephone", "telephone_partage", "courriel", "canal",
)  # fmt: skip
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
_EMAIL = re.compile(r"[^@\s;,]+@[^@\s;,]+\.[a-zA-Z]{2,}")
# The order in which a French number is tried: the department's own region first, then the others.
REGIONS = ("FR", "GP", "MQ", "GF", "RE", "YT", "PM", "NC", "PF", "WF", "BL", "MF")
REGION_OF = {"971": "GP", "972": "MQ", "973": "GF", "974": "RE", "976": "YT"}


class Programme(Protocol):
    """What reading a row needs from a rule-book."""

    @property
    def code(self) -> str: ...
    def __getitem__(self, key: str) -> object: ...
    def check_signable(self, day: date) -> None: ...
    def packages(self, level: str) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatoryIntake:
    """One row, read: who signed what, and what a plan and a message must respect."""

    reference: str
    family_name: str
    given_name: str
    alias: str
    signed_on: date
    programme: str
    regime: str
    commune: str
    level: str
    course: str  # hours as text, or aucune, or plateforme
    spoken: tuple[str, ...]
    reads: str
    reading_language: str
    phone: str  # E.164, or empty
    shared_phone: bool
    email: str
    channel: str
    availability: WeeklySlots
    weeks: WeekParity
    unavailable: tuple[DateRange, ...]
    travel_mode: str
    travel_limit_minutes: int
    step_free: bool
    childcare: bool
    language_offer: str  # proposed, accepted, refused; empty where the course is imposed
    hours: Mapping[str, str]  # half-day letter -> from-to, local; a half-day without hours is free as a whole
    minor_until: date | None  # the day of coming of age, for somebody who signs before it
    representative: Mapping[str, str]  # of a minor: name, phone, e-mail; else empty


def read_signatory(
    cells: Cells,
    territory: str,
    programmes: Callable[[str], Programme],
    *,
    test_numbers: bool,
) -> SignatoryIntake | None:
    """
    Return what a row says, or None when `cells.faults` names what is wrong.

    `programmes` gives the rule-book of a code, or raises InvalidInputError; `test_numbers` accepts invented phones.
    """
    code = cells.text("programme")
    book = None
    try:
        book = programmes(code) if code else None
    except InvalidInputError as error:
        cells.fault("programme", error.code, str(error))
    signed_on = cells.day("date_signature")
    if book is not None and not cells.faults:
        try:
            book.check_signable(signed_on)
        except InvalidInputError as error:
            cells.fault("date_signature", error.code, str(error))
    home = _home(cells, territory)
    level, course = _course(cells, book)
    minor_until = _minor_until(cells, signed_on)
    read = SignatoryIntake(
        reference=cells.text("reference", most=40),
        family_name=cells.text("nom"),
        given_name=cells.text("prenom"),
        alias=cells.text("alias", most=30),
        signed_on=signed_on,
        programme=code,
        regime=cells.choice("regime", _texts(book, "regimes")) if book else "",
        commune=home,
        level=level,
        course=course,
        spoken=cells.codes("langues_parlees"),
        reads=READS[cells.choice("lecture", tuple(READS))],
        reading_language=cells.text("langue_lecture", most=8, optional=True),
        phone=read_phone(cells, territory, test_numbers=test_numbers),
        shared_phone=cells.yes("telephone_partage"),
        email=read_email(cells),
        channel=cells.choice("canal", CHANNELS),
        availability=cells.week(),
        weeks=PARITIES[cells.choice("semaines", tuple(PARITIES), default="toutes")],
        unavailable=cells.ranges("indisponibilites"),
        travel_mode=cells.choice("deplacement", ("transport", "voiture", "velo", "marche")),
        travel_limit_minutes=cells.whole("trajet_max_min", 5, 240),
        step_free=cells.yes("acces_pmr"),
        childcare=cells.yes("garde_enfants"),
        language_offer=_offer(cells, book, course),
        hours={letter: value for column, letter in HOURS.items() if (value := _hours(cells, column))},
        minor_until=minor_until,
        representative=_representative(cells, territory, minor_until, test_numbers=test_numbers),
    )
    return None if cells.faults else read


def read_contact(cells: Cells, territory: str, *, test_numbers: bool) -> Contact | None:
    """Return a person whom OFII has contacted, or None when `cells.faults` says what is wrong."""
    read = Contact(
        reference=cells.text("reference", most=40),
        entry="contacted",
        family_name=cells.text("nom", most=80),
        given_name=cells.text("prenom", most=80),
        alias=cells.text("alias", most=30),
        phone=read_phone(cells, territory, test_numbers=test_numbers),
        email=read_email(cells),
        commune=_home(cells, territory),
        spoken=cells.codes("langues_parlees"),
        reads=READS[cells.choice("lecture", tuple(READS))],
        reading_language=cells.text("langue_lecture", most=8, optional=True),
        channel=cells.choice("canal", CHANNELS),
        shared_phone=cells.yes("telephone_partage"),
        programme=cells.text("programme", most=24),
    )
    return None if cells.faults else read


def follows_french(spoken: tuple[str, ...], level: str, below: str, levels: tuple[str, ...]) -> bool:
    """Say whether a person follows a civic day in French: speaks it, or stands at the rule-book's level or above."""
    return "fr" in spoken or levels.index(level) >= levels.index(below)


def _home(cells: Cells, territory: str) -> str:
    home = cells.commune_code("code_commune")
    if home and commune(home).department != territory:
        cells.fault("code_commune", "territory", f"cette commune n’est pas dans le département {territory}")
    return home


def _course(cells: Cells, book: Programme | None) -> tuple[str, str]:
    if book is None:
        return "", ""
    level = cells.choice("niveau", _texts(book, "levels"))
    course = cells.text("formation_linguistique").casefold()
    allowed = [*book.packages(level)]
    platform: Mapping[str, object] | object = book["language.platform_levels"]
    if level in platform:  # type: ignore[operator]
        allowed.append(PLATFORM)
    allowed = allowed or [NO_COURSE]
    if course and course not in allowed:
        cells.fault(
            "formation_linguistique",
            "package_of_level",
            f"« {course} » ne va pas avec le niveau {level} sous {book.code} ; valeurs : {', '.join(allowed)}",
        )
    return level, course


def _texts(book: Programme, key: str) -> tuple[str, ...]:
    return tuple(book[key])  # type: ignore[arg-type]


def _minor_until(cells: Cells, signed_on: date) -> date | None:
    """Check the age at signature and return the day of coming of age where that is later: no birth date is kept."""
    born = cells.optional_day("date_naissance")
    if born is None:
        return None
    if signed_on < add_months(born, 12 * OLD_ENOUGH):
        words = f"la personne n’a pas {OLD_ENOUGH} ans le jour de la signature"
        cells.fault("date_naissance", "age_16", words)
    of_age = add_months(born, 12 * OF_AGE)
    return of_age if signed_on < of_age else None


def _representative(cells: Cells, territory: str, minor_until: date | None, *, test_numbers: bool) -> Mapping[str, str]:
    """Read who signs with a minor and gets the notices too."""
    if minor_until is None:
        return {}
    found = {
        "representative_name": cells.text("representant_nom", optional=True),
        "representative_phone": read_phone(cells, territory, "representant_telephone", test_numbers=test_numbers),
        "representative_email": read_email(cells, "representant_courriel"),
    }
    if not (found["representative_phone"] or found["representative_email"]):
        words = "les messages vont aussi au représentant : un téléphone ou une adresse électronique"
        cells.fault("representant_telephone", "contact_needed", words)
    if not found["representative_name"]:
        words = "une personne de 16 ou 17 ans signe avec son représentant légal"
        cells.fault("representant_nom", "representative", words)
    return found


def _offer(cells: Cells, book: Programme | None, course: str) -> str:
    """Read what the person says of a course that is offered and not imposed."""
    said = cells.choice("offre_linguistique", tuple(OFFERS), default="")
    if book is None or not book["language.proposed"] or course == NO_COURSE:
        if said:
            cells.fault("offre_linguistique", "not_offered", "aucun cours n’est proposé au choix sous ce contrat")
        return ""
    return OFFERS[said] or "accepted"


def _hours(cells: Cells, column: str) -> str:
    value = cells.text(column, optional=True).replace(" ", "")
    if value and not (_HOURS.fullmatch(value) and value[:5] < value[6:]):
        cells.fault(column, "hours", "de quelle heure à quelle heure, comme 18:30-21:00")
        return ""
    return value


def read_email(cells: Cells, column: str = "courriel") -> str:
    """Read an electronic address, or nothing."""
    value = cells.text(column, optional=True)
    if value and not _EMAIL.fullmatch(value):
        cells.fault(column, "email", f"« {value} » n’est pas une adresse électronique")
    return value


def read_phone(cells: Cells, territory: str, column: str = "telephone", *, test_numbers: bool) -> str:
    """
    Read a phone as E.164. A number that cannot be dialled is a contact point that does not work, no fault of the row:
    it is kept, and notifications finds out. Only what is no number at all is a fault.
    """
    value = re.sub(r"[\s.\-()]", "", cells.text(column, optional=True))
    if not value:
        return ""
    if value.startswith(TEST_PREFIX):
        if not test_numbers:
            cells.fault(column, "test_number", "les numéros d’essai (+999) ne sont admis qu’en démonstration")
        return value
    if not re.fullmatch(r"\+?\d{4,15}", value):
        cells.fault(column, "phone", f"« {value} » n’est pas un numéro de téléphone")
        return ""
    for region in dict.fromkeys((REGION_OF.get(territory, "FR"), *REGIONS)):
        try:
            number = phonenumbers.parse(value, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return value

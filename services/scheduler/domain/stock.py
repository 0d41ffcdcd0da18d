"""
The running stock of an older system or of an outgoing provider, one sheet a kind: contracts, groups, seats, hours.

Each row is read here by itself; what refers to another row is checked where the file is taken over. Pure, no I/O.
"""

__all__ = [
    "CONTRACTS",
    "SHEETS",
    "STATES",
    "StockContract",
    "StockGroup",
    "StockHours",
    "StockMeeting",
    "StockSeat",
    "StockTest",
    "read_contract",
    "read_group",
    "read_hours",
    "read_meeting",
    "read_seat",
    "read_test",
]

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from services.scheduler.domain.cells import Cells
from services.scheduler.domain.days import add_months
from services.scheduler.domain.intake import CHANNELS, COLUMNS, Programme, SignatoryIntake, read_signatory

CONTRACTS = "contrats"
SHEETS: Mapping[str, tuple[str, ...]] = {
    CONTRACTS: (*COLUMNS, "etat", "mois_accordes", "terme"),
    "groupes": ("code", "programme", "formation", "parties", "site", "salle", "formateur", "places"),
    "seances": ("groupe", "date", "demi_journee", "minutes", "partie"),
    "places": ("reference", "groupe", "partie", "debut", "convocation_envoyee_le", "canal"),
    "heures": ("reference", "formation", "partie", "minutes_suivies", "minutes_offertes", "jusqu_au"),
    "tests": ("reference", "date", "niveau", "oral", "ecrit"),
}
STATES = {
    "": "running",
    "en_cours": "running",
    "formation_reportee": "training_postponed",
    "terme_depasse": "term_passed_decision_pending",
}
PASSED = "term_passed_decision_pending"
TRAININGS = {"civique": "civic", "linguistique": "language"}
SLOTS = {"matin": "morning", "apres_midi": "afternoon", "soir": "evening"}
MOST_MINUTES = 2000 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StockContract:
    """A running contract: who, what, and where it stands. `granted` are months that decisions gave."""

    read: SignatoryIntake
    state: str
    granted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockGroup:
    """A running group of one training."""

    code: str
    programme: str
    training: str
    parts: tuple[str, ...]
    site: str
    room: str
    trainer: str
    seats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockMeeting:
    """One half-day of a group, local at its site."""

    group: str
    day: date
    slot: str
    minutes: int
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockSeat:
    """Who sits in a group for what, from which day; `told_on` is the day the convocation was sent, if it was."""

    reference: str
    group: str
    part: str
    joins_on: date
    told_on: date | None
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockHours:
    """Minutes of one training followed and offered until a day, that day included."""

    reference: str
    training: str
    part: str
    followed: int
    offered: int
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTest:
    """A test that was passed before."""

    reference: str
    on: date
    level: str
    oral: str
    written: str


StockRow = StockContract | StockGroup | StockMeeting | StockSeat | StockHours | StockTest
Books = Callable[[str], Programme]


def read_contract(
    cells: Cells, territory: str, books: Books, today: date, *, test_numbers: bool
) -> StockContract | None:
    """Return a contract, or None when `cells.faults` names what is wrong."""
    read = read_signatory(cells, territory, books, test_numbers=test_numbers)
    state = STATES[cells.choice("etat", tuple(STATES), default="")]
    granted = cells.whole("mois_accordes", 0, 120) if cells.text("mois_accordes", optional=True) else 0
    term = cells.optional_day("terme")
    if read is None:
        return None
    if read.signed_on > today:
        cells.fault("date_signature", "range", f"un contrat en cours est signé avant le {today:%d/%m/%Y}")
    if state == PASSED and (term or _term(read, books, granted)) >= today:
        cells.fault("etat", "term_ahead", f"le terme n’est pas passé le {today:%d/%m/%Y}")
    most = int(str(books(read.programme)["extension_months_max"]))
    if granted > most:
        cells.fault("mois_accordes", "range", f"{most} mois au plus sous {read.programme}")
    months = int(str(books(read.programme)["term_months"])) + granted
    if term is not None and term < read.signed_on:
        cells.fault("terme", "before_signature", "le terme est avant la signature")
    elif term is not None and abs((add_months(read.signed_on, months) - term).days) > 1:
        expected = add_months(read.signed_on, months)
        cells.fault("terme", "term", f"avec {granted} mois accordés, le {expected:%d/%m/%Y} ou la veille est attendu")
    return None if cells.faults else StockContract(read=read, state=state, granted=granted)


def _term(read: SignatoryIntake, books: Books, granted: int) -> date:
    return add_months(read.signed_on, int(str(books(read.programme)["term_months"])) + granted)


def read_group(cells: Cells, books: Books) -> StockGroup | None:
    """Return a group, or None when `cells.faults` names what is wrong."""
    training = TRAININGS[cells.choice("formation", tuple(TRAININGS))]
    parts = tuple(cells.text("parties").replace(" ", "").split("+"))
    programme = cells.text("programme")
    book = books(programme) if programme else None  # raises InvalidInputError for an unknown one
    if book is not None:
        packages: Mapping[str, list[str]] = book["language.packages"]  # type: ignore[assignment]
        courses = sorted({one for some in packages.values() for one in some})
        known: list[str] = list(book["civic.parts"]) if training == "civic" else courses  # type: ignore[call-overload]
        if set(parts) - set(known):
            cells.fault("parties", "choice", f"parmi {', '.join(known)}, jointes par « + »")
    found = StockGroup(
        code=cells.text("code", most=40),
        programme=programme,
        training=training,
        parts=parts,
        site=cells.text("site"),
        room=cells.text("salle"),
        trainer=cells.text("formateur"),
        seats=cells.whole("places", 1, 500),
    )
    return None if cells.faults else found


def read_meeting(cells: Cells) -> StockMeeting | None:
    """Return a half-day, or None when `cells.faults` names what is wrong."""
    found = StockMeeting(
        group=cells.text("groupe", most=40),
        day=cells.day("date"),
        slot=SLOTS[cells.choice("demi_journee", tuple(SLOTS))],
        minutes=cells.whole("minutes", 15, 300),
        part=cells.text("partie", most=8),
    )
    return None if cells.faults else found


def read_seat(cells: Cells, today: date) -> StockSeat | None:
    """Return a seat, or None when `cells.faults` names what is wrong."""
    told_on = cells.optional_day("convocation_envoyee_le")
    if told_on is not None and told_on > today:
        cells.fault("convocation_envoyee_le", "range", f"au plus tard le {today:%d/%m/%Y}")
    found = StockSeat(
        reference=cells.text("reference", most=40),
        group=cells.text("groupe", most=40),
        part=cells.text("partie", most=8),
        joins_on=cells.day("debut"),
        told_on=told_on,
        channel=cells.choice("canal", CHANNELS, default="courrier"),
    )
    return None if cells.faults else found


def read_hours(cells: Cells, today: date) -> StockHours | None:
    """Return hours followed before, or None when `cells.faults` names what is wrong."""
    found = StockHours(
        reference=cells.text("reference", most=40),
        training=TRAININGS[cells.choice("formation", tuple(TRAININGS))],
        part=cells.text("partie", most=8),
        followed=cells.whole("minutes_suivies", 0, MOST_MINUTES),
        offered=cells.whole("minutes_offertes", 0, MOST_MINUTES),
        until=cells.day("jusqu_au"),
    )
    if found.followed > found.offered:
        cells.fault("minutes_suivies", "order", "plus de minutes suivies que de minutes offertes")
    if found.until > today:
        cells.fault("jusqu_au", "range", f"au plus tard le {today:%d/%m/%Y}")
    return None if cells.faults else found


def read_test(cells: Cells, scale: tuple[str, ...], today: date) -> StockTest | None:
    """Return a test, or None when `cells.faults` names what is wrong; `scale` is the programme's."""
    level = cells.choice("niveau", scale)
    found = StockTest(
        reference=cells.text("reference", most=40),
        on=cells.day("date"),
        level=level,
        oral=cells.choice("oral", scale, default=level),
        written=cells.choice("ecrit", scale, default=level),
    )
    if found.on > today:
        cells.fault("date", "range", f"au plus tard le {today:%d/%m/%Y}")
    return None if cells.faults else found

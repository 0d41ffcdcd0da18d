"""
From what is stored to what is planned: the facts of people and offer become a Problem. Pure, no I/O.

People's facts are those of domain/intake.py (JSON form), the offer's those of domain/offer.py.
"""

__all__ = [
    "Book",
    "Books",
    "OfferFacts",
    "PersonFacts",
    "build_problem",
    "needs_of",
    "person_of",
    "rules_of",
    "signatory_facts",
    "term_of",
]

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from services.scheduler.domain.days import add_months
from services.scheduler.domain.intake import NO_COURSE, PLATFORM, SignatoryIntake, follows_french
from services.scheduler.domain.offer import EVERY_SITE
from services.scheduler.domain.problem import (
    Interpreter,
    InterpreterMode,
    Lot,
    LotUnit,
    Need,
    Package,
    Person,
    Placement,
    Problem,
    Rhythm,
    Room,
    Rules,
    Session,
    Site,
    Size,
    Trainer,
    Training,
    TravelOverride,
    Waiver,
    WeeklySlots,
    WeekParity,
)
from services.scheduler.domain.slots import DateRange
from shared.communes import commune

REFUSED = "refused"  # see domain/intake.py: OFFERS
SLOT_OF_LETTER = {"M": "morning", "A": "afternoon", "S": "evening"}
HORIZON_WEEKS = 26  # [A] how far ahead a new session may begin

PersonFacts = Mapping[str, Any]
OfferFacts = Mapping[tuple[str, str], Mapping[str, Any]]  # (kind, code) -> facts


class Book(Protocol):
    """What building needs from a rule-book."""

    @property
    def code(self) -> str: ...
    def __getitem__(self, key: str) -> Any: ...
    def quickest_days(self, minutes: int) -> int: ...
    @property
    def all_packages(self) -> tuple[str, ...]: ...


Books = Callable[[str], Book]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedDraft:
    """One thing owed, or not owed with its reason, before it has an id."""

    training: str
    part: str
    minutes: int
    deadline: date | None
    quickest_days: int
    not_owed: Mapping[str, str] | None = None


def signatory_facts(read: SignatoryIntake, term_on: date) -> dict[str, Any]:
    """Return what a plan must respect about a person, as JSON-able facts."""
    home = commune(read.commune)
    return {
        "commune": read.commune,
        "commune_name": home.name,
        "latitude": home.latitude,
        "longitude": home.longitude,
        "level": read.level,
        "course": read.course,
        "spoken": list(read.spoken),
        "reads": read.reads,
        "reading_language": read.reading_language,
        "shared_phone": read.shared_phone,
        "channel": read.channel,
        "availability": list(read.availability.days()),
        "weeks": read.weeks.value,
        "unavailable": [[str(days.first), str(days.last)] for days in read.unavailable],
        "travel_mode": read.travel_mode,
        "travel_limit_minutes": read.travel_limit_minutes,
        "step_free": read.step_free,
        "childcare": read.childcare,
        "hours": dict(read.hours),
        "minor_until": str(read.minor_until) if read.minor_until else None,
        "signed_on": str(read.signed_on),
        "term_on": str(term_on),
    }


def needs_of(read: SignatoryIntake, book: Book, term_on: date) -> list[NeedDraft]:
    """Return everything that the contract prescribes, and the course even where it is not owed, with the reason."""
    day_minutes = 2 * book["civic.meeting_minutes"]
    first_bundle = book["civic.bundles"][0]
    needs = [
        NeedDraft(
            training=Training.CIVIC,
            part=part,
            minutes=day_minutes,
            deadline=read.signed_on
            + timedelta(
                days=book["civic.first_within_days"] if part in first_bundle else book["civic.last_within_days"]
            ),
            quickest_days=1,
        )
        for part in book["civic.parts"]
    ]
    if read.course in {NO_COURSE, PLATFORM} or read.language_offer == REFUSED:
        reason = _not_owed(read, book)
        needs.append(
            NeedDraft(training=Training.LANGUAGE, part="", minutes=0, deadline=None, quickest_days=0, not_owed=reason)
        )
    else:
        minutes = int(read.course) * 60
        quickest = book.quickest_days(minutes)
        latest = term_on - timedelta(days=quickest)
        within = read.signed_on + timedelta(days=book["language.start_within_days"])
        needs.append(
            NeedDraft(
                training=Training.LANGUAGE,
                part=read.course,
                minutes=minutes,
                deadline=min(within, latest),
                quickest_days=quickest,
            )
        )
    return needs


def rules_of(book: Book) -> Rules:
    """Return a rule-book's numbers as the rules of a Problem."""
    civic, language = "civic.", "language."
    return Rules(
        civic_parts=tuple(book[civic + "parts"]),
        civic_bundles=tuple(tuple(bundle) for bundle in book[civic + "bundles"]),
        civic_gap_days=book[civic + "gap_days"],
        civic_bundle_span_days=book[civic + "bundle_span_days"],
        civic_meeting_minutes=book[civic + "meeting_minutes"],
        civic_size=_size(book, civic),
        language_size=_size(book, language),
        interpreted_languages_max=book[civic + "interpreted_languages_max"],
        rolling_entry_weeks=book[language + "rolling_entry_weeks"],
        notice_days=dict(book["notice_days"]),
        civic_first_within_days=book[civic + "first_within_days"],
        civic_last_within_days=book[civic + "last_within_days"],
        language_start_within_days=book[language + "start_within_days"],
        term_months=book["term_months"],
        packages=tuple(Package(name=name, minutes=int(name) * 60) for name in book.all_packages),
        rhythms=tuple(
            Rhythm(
                name=name,
                patterns=tuple(WeeklySlots.from_days(week) for week in weeks),
                meeting_minutes=book[language + "meeting_minutes"],
            )
            for name, weeks in book[language + "rhythms"].items()
        ),
        levels=tuple(book["levels"]),
        language_pauses_in_school_holidays=book[language + "pauses_in_school_holidays"],
        civic_pauses_in_school_holidays=book[civic + "pauses_in_school_holidays"],
    )


def build_problem(
    *,
    territory: str,
    book: Book,
    today: date,
    publish_on: date,
    people: Mapping[str, PersonFacts],
    needs: Iterable[Mapping[str, Any]],
    offer: OfferFacts,
    sessions: Iterable[Session],
    placements: Iterable[Placement],
    public_holidays: Iterable[date],
    school_holidays: Iterable[tuple[date, date]],
    waivers: Iterable[Waiver] = (),
    travel_times: Iterable[TravelOverride] = (),
) -> Problem:
    """
    Return the Problem of a territory's open needs.

    `people` maps an id to facts; `needs` are rows with id, signatory_id, training, part, minutes, deadline, again.
    Only people with a need in the problem are in it.
    """
    owed = list(needs)
    wanted = dict.fromkeys(str(need["signatory_id"]) for need in owed)
    kinds: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for (kind, code), facts in offer.items():
        kinds.setdefault(kind, []).append((code, facts))
    closures = [facts for _, facts in kinds.get("fermetures", [])]
    return Problem(
        territory=territory,
        programme=book.code,
        today=today,
        publish_on=publish_on,
        horizon=publish_on + timedelta(weeks=HORIZON_WEEKS),
        rules=rules_of(book),
        public_holidays=tuple(sorted(public_holidays)),
        school_holidays=tuple(DateRange(first=first, last=last) for first, last in school_holidays),
        sites=tuple(_site(code, facts, closures) for code, facts in kinds.get("sites", [])),
        rooms=tuple(
            Room(id=code, site=facts["site"], name=facts["name"], seats=facts["seats"], step_free=facts["step_free"])
            for code, facts in kinds.get("salles", [])
        ),
        trainers=tuple(_trainer(code, facts) for code, facts in kinds.get("formateurs", [])),
        interpreters=tuple(_interpreter(code, facts) for code, facts in kinds.get("interpretes", [])),
        lots=tuple(_lot(code, facts) for code, facts in kinds.get("lots", [])),
        people=tuple(person_of(key, people[key], book) for key in wanted),
        needs=tuple(
            Need(
                id=str(need["id"]),
                person=str(need["signatory_id"]),
                training=Training(need["training"]),
                part=need["part"],
                minutes=need["minutes"],
                deadline=need["deadline"],
                again=bool(need["again"]),
            )
            for need in owed
        ),
        sessions=tuple(sessions),
        placements=tuple(placements),
        waivers=tuple(waivers),
        travel_overrides=tuple(one for one in travel_times if ("sites", one.site) in offer),
    )


def term_of(signed_on: date, book: Book, granted: int = 0) -> date:
    """Return the last day of a contract signed that day, the day before the anniversary; `granted` months later."""
    return add_months(signed_on, book["term_months"] + granted) - timedelta(days=1)


OFFER_REFUSED: Mapping[str, str] = {
    "code": "offer_refused",
    "rule": "language.proposed",
    "fr": "formation linguistique proposée et refusée : elle n’est pas due",
    "en": "language training was offered and refused: it is not owed",
}


def _not_owed(read: SignatoryIntake, book: Book) -> dict[str, str]:
    if read.language_offer == REFUSED:
        return dict(OFFER_REFUSED) | {"rule": f"{book.code}: language.proposed"}
    if read.course == PLATFORM:
        return {
            "code": "platform",
            "rule": f"{book.code}: language.platform_levels",
            "fr": "formation linguistique suivie sur la plateforme : rien à planifier",
            "en": "language training is followed on the platform: nothing to schedule",
        }
    return {
        "code": "level_reached",
        "rule": f"{book.code}: language.owed_below",
        "fr": f"niveau {read.level} : pas de formation linguistique prescrite",
        "en": f"level {read.level}: no language training prescribed",
    }


def _site(code: str, facts: Mapping[str, Any], closures: Iterable[Mapping[str, Any]]) -> Site:
    return Site(
        id=code,
        name=facts["name"],
        body=facts["body"],
        commune=facts["commune"],
        latitude=facts["latitude"],
        longitude=facts["longitude"],
        opening=WeeklySlots.from_days(facts["opening"]),
        step_free=facts["step_free"],
        childcare=facts["childcare"],
        closures=tuple(
            sorted(_days([one["first"], one["last"]]) for one in closures if one["site"] in {code, EVERY_SITE})
        ),
    )


def _trainer(code: str, facts: Mapping[str, Any]) -> Trainer:
    return Trainer(
        id=code,
        body=facts["body"],
        qualifications=tuple(facts["qualifications"]),
        sites=tuple(facts["sites"]),
        slots=WeeklySlots.from_days(facts["slots"]),
        max_half_days_week=facts["max_half_days_week"],
        unavailable=tuple(_days(days) for days in facts["unavailable"]),
    )


def _interpreter(code: str, facts: Mapping[str, Any]) -> Interpreter:
    return Interpreter(
        id=code,
        language=facts["language"],
        mode=InterpreterMode(facts["mode"]),
        slots=WeeklySlots.from_days(facts["slots"]),
        max_half_days_week=facts["max_half_days_week"],
    )


def _lot(code: str, facts: Mapping[str, Any]) -> Lot:
    return Lot(
        id=code,
        body=facts["body"],
        training=Training(facts["training"]),
        period=_days([facts["first"], facts["last"]]),
        unit=LotUnit(facts["unit"]),
        ordered=facts["ordered"],
        consumed=facts["consumed"],
        unit_price_cents=facts["unit_price_cents"],
    )


def person_of(key: str, facts: PersonFacts, book: Book) -> Person:
    """Return a signatory as a plan sees them: what these facts say under this rule-book, and no more."""
    levels = tuple(book["levels"])
    spoken = tuple(facts["spoken"])
    return Person(
        id=key,
        commune=facts["commune"],
        latitude=facts["latitude"],
        longitude=facts["longitude"],
        level=facts["level"],
        languages=spoken,
        follows_french=follows_french(spoken, facts["level"], book["civic.interpreter_below_level"], levels),
        availability=_free(facts, book),
        weeks=WeekParity(facts["weeks"]),
        unavailable=tuple(_days(days) for days in facts["unavailable"]),
        travel_mode=facts["travel_mode"],
        travel_limit_minutes=facts["travel_limit_minutes"],
        step_free=facts["step_free"],
        childcare=facts["childcare"],
        channel=facts["channel"],
        signed_on=date.fromisoformat(facts["signed_on"]),
        term_on=date.fromisoformat(facts["term_on"]),
    )


def _free(facts: PersonFacts, book: Book) -> WeeklySlots:
    """Return the half-days on which a person is free for a whole meeting: given hours must hold it."""
    minutes = max(book["civic.meeting_minutes"], book["language.meeting_minutes"])
    short = set()
    for letter, hours in facts.get("hours", {}).items():
        first, _, last = hours.partition("-")
        begins = _minutes(book["slot_starts"][SLOT_OF_LETTER[letter]])
        if _minutes(first) > begins or _minutes(last) < begins + minutes:
            short.add(letter)
    return WeeklySlots.from_days(["".join(one for one in day if one not in short) for day in facts["availability"]])


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _days(pair: Iterable[str]) -> DateRange:
    first, last = pair
    return DateRange(first=date.fromisoformat(first), last=date.fromisoformat(last))


def _size(book: Book, section: str) -> Size:
    return Size(
        minimum=book[section + "size_min"],
        maximum=book[section + "size_max"],
        overbooked=book[section + "overbooked"],
        kept=book[section + "kept_seats"],
    )

"""
What a planning run is given: one territory, one month's needs, the offer, and what is already placed.

A `Problem` holds everything that decides the plan and nothing else: no name, no contact point, no nationality. Its
JSON form is documented in `docs/formats/problem.md`, so that anybody can write another solver or another judge.
Minutes are whole minutes, money is whole cents, days are local dates at the site.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

from services.scheduler.domain.codec import FormatError, Says, from_json, to_json
from services.scheduler.domain.slots import DateRange, Slot, WeeklySlots

__all__ = [
    "PROBLEM_FORMAT",
    "Allowance",
    "DateRange",
    "FormatError",
    "Interpretation",
    "Interpreter",
    "InterpreterMode",
    "Lot",
    "LotUnit",
    "Meeting",
    "Need",
    "Package",
    "Person",
    "Placement",
    "Problem",
    "Rhythm",
    "Room",
    "Rules",
    "Session",
    "SessionState",
    "Site",
    "Size",
    "Slot",
    "Trainer",
    "Training",
    "TravelOverride",
    "TravelSpeed",
    "Waiver",
    "WeekParity",
    "WeeklySlots",
    "Weights",
    "problem_from_json",
    "problem_to_json",
]

PROBLEM_FORMAT = "parcours-problem/1"

Id = Annotated[str, Says("identifier, unique in its list", minimum=None)]
Minutes = Annotated[int, Says("minutes", minimum=0)]
Days = Annotated[int, Says("days", minimum=0)]
HalfDays = Annotated[int, Says("half-days a week", minimum=0)]
People = Annotated[int, Says("people", minimum=0)]
Cents = Annotated[int, Says("euro cents", minimum=0)]
Weight = Annotated[int, Says("weight in the objective, whole number", minimum=0)]


class Training(StrEnum):
    """What is planned here: the four civic days, and the language course."""

    CIVIC = "civic"
    LANGUAGE = "language"


class WeekParity(StrEnum):
    """Which ISO weeks a person's weekly availability speaks of."""

    ALL = "all"
    ODD = "odd"
    EVEN = "even"


class InterpreterMode(StrEnum):
    """Where an interpreter works from; both kinds serve one group at a time."""

    IN_PERSON = "in_person"
    REMOTE = "remote"


class LotUnit(StrEnum):
    """How a lot is counted: one person for one civic day, or one person for one minute of a course."""

    PERSON_DAYS = "person_days"
    PERSON_MINUTES = "person_minutes"


class SessionState(StrEnum):
    """How firm a session is; all but NEW are kept exactly as they are."""

    NEW = "new"
    PUBLISHED = "published"
    STARTED = "started"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """People in one group: the fewest to open it, the most that it seats."""

    minimum: Annotated[int, Says("fewest people to open a group", minimum=1)]
    maximum: Annotated[int, Says("most people in a group", minimum=1)]
    overbooked: Annotated[int, Says("people given a seat beyond those, because some never come [A]", minimum=0)] = 0
    kept: Annotated[int, Says("seats of a new group that its plan leaves to those who arrive later [A]", minimum=0)] = 0

    def __post_init__(self) -> None:
        if self.maximum < self.minimum:
            raise ValueError(f"the maximum ({self.maximum}) is below the minimum ({self.minimum})")
        if self.offered(self.maximum) < self.minimum:
            raise ValueError(f"with {self.kept} seats kept, a new group cannot reach the minimum ({self.minimum})")

    def seats(self, room: int) -> int:
        """Return how many people a group may hold in a room of so many seats."""
        return min(self.maximum, room) + self.overbooked

    def offered(self, room: int) -> int:
        """Return how many of these the plan that opens the group may give away."""
        return max(0, self.seats(room) - self.kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A prescribed course length; the name is also the trainer's qualification."""

    name: Annotated[str, Says("name of the package, as needs and trainers name it: 600, 400, 200, 100")]
    minutes: Annotated[int, Says("length of the whole course, minutes", minimum=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """A pace of the language course: which half-days of the week it may take, and how long each is."""

    name: Annotated[str, Says("name of the rhythm")]
    patterns: Annotated[tuple[WeeklySlots, ...], Says("the weeks that a group may follow: one of these, all along")]
    meeting_minutes: Annotated[int, Says("length of one half-day of the course, minutes", minimum=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelSpeed:
    """How travel is estimated for one mode: overhead + distance x detour / speed."""

    metres_an_hour: Annotated[int, Says("door-to-door speed, metres an hour", minimum=1)]
    overhead_minutes: Annotated[int, Says("walking and waiting, minutes", minimum=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The numbers of the rule-book that a plan depends on. What no text fixes is our assumption, marked [A] there."""

    civic_parts: Annotated[tuple[str, ...], Says("the civic days in their order")] = ("S1", "S2", "S3", "S4")
    civic_bundles: Annotated[
        tuple[tuple[str, ...], ...], Says("civic days that are placed together, with the same group [A]")
    ] = (("S1", "S2"), ("S3", "S4"))
    civic_gap_days: Annotated[
        int, Says("fewest days from one civic day to the next one of a person [A]", minimum=1)
    ] = 1
    civic_bundle_span_days: Annotated[
        int, Says("most days from the first to the last day of a bundle [A]", minimum=1)
    ] = 14
    civic_slots: Annotated[tuple[Slot, ...], Says("the half-days of a civic day")] = (Slot.MORNING, Slot.AFTERNOON)
    civic_meeting_minutes: Annotated[int, Says("length of one half-day of a civic day, minutes", minimum=1)] = 180
    civic_size: Annotated[Size, Says("people in a civic group [A]")] = Size(minimum=12, maximum=25)
    language_size: Annotated[Size, Says("people in a language group [A]")] = Size(minimum=8, maximum=15)
    interpreted_languages_max: Annotated[int, Says("most interpreted languages in one civic group [A]", minimum=0)] = 3
    rolling_entry_weeks: Annotated[
        int, Says("weeks after its first meeting during which a language group may still be joined [A]", minimum=0)
    ] = 2
    notice_days: Annotated[
        Mapping[str, Days], Says("days from publication to the first meeting, by channel that works [A]")
    ] = field(default_factory=lambda: {"sms": 7, "courriel": 7, "courrier": 14})
    civic_first_within_days: Annotated[int, Says("days from signature to the first civic day [A]", minimum=0)] = 30
    civic_last_within_days: Annotated[int, Says("days from signature to the last civic day [A]", minimum=0)] = 120
    language_start_within_days: Annotated[int, Says("days from signature to the course [A]", minimum=0)] = 90
    term_months: Annotated[int, Says("length of the contract, months", minimum=1)] = 12
    packages: Annotated[tuple[Package, ...], Says("the course lengths of the programme")] = ()
    rhythms: Annotated[tuple[Rhythm, ...], Says("the paces that a language group may have")] = ()
    levels: Annotated[tuple[str, ...], Says("levels of French, lowest first")] = (
        "NLNS",
        "infra-A1",
        "A1",
        "A2",
        "B1+",
    )
    language_pauses_in_school_holidays: Annotated[bool, Says("a language group rests in school holidays [A]")] = True
    civic_pauses_in_school_holidays: Annotated[bool, Says("no civic day in school holidays [A]")] = False
    travel_speeds: Annotated[Mapping[str, TravelSpeed], Says("how travel is estimated, by mode [A]")] = field(
        default_factory=lambda: {
            "transport": TravelSpeed(metres_an_hour=18_000, overhead_minutes=12),
            "voiture": TravelSpeed(metres_an_hour=32_000, overhead_minutes=6),
            "velo": TravelSpeed(metres_an_hour=13_000, overhead_minutes=3),
            "marche": TravelSpeed(metres_an_hour=4_500, overhead_minutes=0),
        }
    )
    travel_detour_percent: Annotated[
        int, Says("length of the way in percent of the straight line [A]", minimum=100)
    ] = 130

    def package_minutes(self, name: str) -> int:
        """Return the length of a package in minutes; raises KeyError."""
        for package in self.packages:
            if package.name == name:
                return package.minutes
        raise KeyError(name)

    def rhythm(self, name: str) -> Rhythm:
        """Return the rhythm of this name; raises KeyError."""
        for rhythm in self.rhythms:
            if rhythm.name == name:
                return rhythm
        raise KeyError(name)

    def bundle_of(self, part: str) -> tuple[str, ...]:
        """Return the civic days that are placed together with this one, itself included."""
        for bundle in self.civic_bundles:
            if part in bundle:
                return bundle
        return (part,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """
    The named weights of the objective; an earlier tier always outweighs a later one.

    T1: `unplaced` + `urgency` for each day fewer than `urgency_days` left to the need's deadline.
    T2: `late_contract` for each course forecast to end after the term, `told_moved` for each told person moved.
    T3: the rest, one weighted sum.
    """

    unplaced: Weight = 100
    urgency: Weight = 1
    urgency_days: Weight = 120
    late_contract: Weight = 1000
    told_moved: Weight = 1
    wait: Weight = 1
    travel_minute: Weight = 1
    civic_group: Weight = 60
    language_group: Weight = 200
    interpreter_half_day: Weight = 15
    empty_seat: Weight = 4
    level_spread: Weight = 20
    civic_before_french: Weight = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place of teaching of one training body."""

    id: Id
    name: Annotated[str, Says("what planners call it")]
    body: Annotated[str, Says("training body that runs it")]
    commune: Annotated[str, Says("INSEE code of the commune")]
    latitude: Annotated[float, Says("degrees north", minimum=-90, maximum=90)]
    longitude: Annotated[float, Says("degrees east", minimum=-180, maximum=180)]
    opening: Annotated[WeeklySlots, Says("half-days when it is open")]
    step_free: Annotated[bool, Says("can be entered without steps")] = False
    childcare: Annotated[bool, Says("has childcare")] = False
    closures: Annotated[tuple[DateRange, ...], Says("days when it is closed")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room of a site: one group at a time."""

    id: Id
    site: Annotated[str, Says("id of its site")]
    name: Annotated[str, Says("what planners call it")]
    seats: Annotated[int, Says("seats", minimum=1)]
    step_free: Annotated[bool, Says("can be reached without steps")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainer:
    """A trainer of a training body; nameless here."""

    id: Id
    body: Annotated[str, Says("training body")]
    qualifications: Annotated[tuple[str, ...], Says("`civic`, or the name of a package")]
    sites: Annotated[tuple[str, ...], Says("sites where they teach; empty: all of the body's")] = ()
    slots: Annotated[WeeklySlots, Says("half-days when they teach")]
    max_half_days_week: Annotated[int, Says("most half-days of teaching in an ISO week", minimum=0)]
    unavailable: Annotated[tuple[DateRange, ...], Says("days when they do not teach")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """An interpreter of the territory's pool, for one language."""

    id: Id
    language: Annotated[str, Says("language code")]
    mode: InterpreterMode = InterpreterMode.IN_PERSON
    slots: Annotated[WeeklySlots, Says("half-days when they work")]
    max_half_days_week: Annotated[int, Says("most half-days of work in an ISO week", minimum=0)]
    unavailable: Annotated[tuple[DateRange, ...], Says("days when they do not work")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """
    What was ordered from a body for one training and period.

    Each new session names the lot that pays for it; its first meeting lies inside the period.
    """

    id: Id
    body: Annotated[str, Says("training body")]
    training: Training
    period: DateRange
    unit: LotUnit
    ordered: Annotated[int, Says("quantity ordered, in the lot's unit", minimum=0)]
    consumed: Annotated[int, Says("quantity consumed outside the sessions of this problem", minimum=0)] = 0
    unit_price_cents: Cents = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A signatory as the plan sees them: when, where and in which language, no more."""

    id: Id
    commune: Annotated[str, Says("INSEE code of the commune where they live")]
    latitude: Annotated[float, Says("degrees north", minimum=-90, maximum=90)]
    longitude: Annotated[float, Says("degrees east", minimum=-180, maximum=180)]
    level: Annotated[str, Says("level of French, one of the rules' levels")]
    languages: Annotated[tuple[str, ...], Says("spoken languages, codes")]
    follows_french: Annotated[bool, Says("follows a civic day in French without an interpreter")]
    availability: Annotated[WeeklySlots, Says("half-days when they can come")]
    weeks: WeekParity = WeekParity.ALL
    unavailable: Annotated[tuple[DateRange, ...], Says("days when they cannot come")] = ()
    travel_mode: Annotated[str, Says("how they travel, a mode of the rules")] = "transport"
    travel_limit_minutes: Minutes = 60
    step_free: Annotated[bool, Says("needs step-free access")] = False
    childcare: Annotated[bool, Says("needs childcare on the spot")] = False
    channel: Annotated[str, Says("channel that works, one of the rules' notice periods")] = "sms"
    signed_on: date
    term_on: Annotated[date, Says("day on which the contract ends")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that a person is owed: one civic day, or the language course."""

    id: Id
    person: Annotated[str, Says("id of the person")]
    training: Training
    part: Annotated[str, Says("civic day (S1..S4), or the name of the package")]
    minutes: Annotated[int, Says("minutes owed", minimum=1)]
    deadline: Annotated[date, Says("day by which it should begin; later is allowed and costs more")]
    again: Annotated[bool, Says("a civic day that was missed: it stands alone, outside its bundle")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One half-day of a session."""

    day: date
    slot: Slot
    minutes: Annotated[int, Says("minutes", minimum=1)]
    part: Annotated[str, Says("civic day, or package, that it teaches")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpretation:
    """One interpreted language of a civic group, and who interprets."""

    language: Annotated[str, Says("language code")]
    interpreter: Annotated[str, Says("id of the interpreter")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One group of one training: an explicit list of meetings with one room and one trainer."""

    id: Id
    training: Training
    parts: Annotated[tuple[str, ...], Says("civic days that it teaches in order, or its one package")]
    site: Annotated[str, Says("id of the site")]
    room: Annotated[str, Says("id of the room")]
    trainer: Annotated[str, Says("id of the trainer")]
    lot: Annotated[str | None, Says("id of the lot that pays; null only for a session opened elsewhere")] = None
    rhythm: Annotated[str | None, Says("rhythm of a language group; null for civic days")] = None
    interpreters: Annotated[tuple[Interpretation, ...], Says("interpreted languages")] = ()
    meetings: Annotated[tuple[Meeting, ...], Says("half-days in order of time")]
    state: SessionState = SessionState.NEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A need that has a seat in a session, from a day on."""

    need: Annotated[str, Says("id of the need")]
    session: Annotated[str, Says("id of the session")]
    joins_on: Annotated[date, Says("first meeting of this person for this need")]
    told: Annotated[bool, Says("the person knows of it")] = False
    pinned: Annotated[bool, Says("may not be moved: begun, or locked")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A planner's named exception: one rule, one person or one group, with a reason."""

    rule: Annotated[str, Says("name of the rule")]
    person: Annotated[str | None, Says("id of the person")] = None
    session: Annotated[str | None, Says("id of the session")] = None
    reason: Annotated[str, Says("why")]
    agreed: Annotated[bool, Says("the person agrees; a waiver without it is not read")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelOverride:
    """A travel time that replaces the estimate, for one commune or one person, site and mode."""

    commune: Annotated[str | None, Says("INSEE code")] = None
    person: Annotated[str | None, Says("id of the person; goes before the commune")] = None
    site: Annotated[str, Says("id of the site")]
    mode: Annotated[str, Says("mode of travel")]
    minutes: Minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A planner's exception for one group: some seats more, fewer people to open it, or a group named in full."""

    session: Annotated[str, Says("id of the session, known or still to be opened: ids are a function of the group")]
    extra_seats: People = 0
    minimum: Annotated[int | None, Says("fewest people to open it, instead of the rule's", minimum=1)] = None
    proposed: Annotated[Session | None, Says("the group itself, where the planner wants it to be considered")] = None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """All that one planning run is given. Lists keep their order; ids are unique in their list."""

    format: Annotated[str, Says("format of this file", choices=(PROBLEM_FORMAT,))] = PROBLEM_FORMAT
    territory: Annotated[str, Says("planning unit, such as a department's number")]
    programme: Annotated[str, Says("version of the rule-book, such as cir-2019")]
    today: Annotated[date, Says("local date of the run")]
    publish_on: Annotated[date, Says("day on which people are told; notice periods count from it")]
    horizon: Annotated[date, Says("last day on which a new session may begin, and the last civic day")]
    rules: Rules
    weights: Weights = field(default_factory=Weights)
    public_holidays: Annotated[tuple[date, ...], Says("public holidays of the territory")] = ()
    school_holidays: Annotated[tuple[DateRange, ...], Says("school holidays of the territory")] = ()
    sites: tuple[Site, ...]
    rooms: tuple[Room, ...]
    trainers: tuple[Trainer, ...]
    interpreters: tuple[Interpreter, ...] = ()
    lots: tuple[Lot, ...] = ()
    people: tuple[Person, ...]
    needs: tuple[Need, ...]
    sessions: Annotated[tuple[Session, ...], Says("sessions already published: kept as they are")] = ()
    placements: Annotated[tuple[Placement, ...], Says("placements already made")] = ()
    waivers: tuple[Waiver, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    travel_overrides: tuple[TravelOverride, ...] = ()

    def __post_init__(self) -> None:
        check_references(self)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of the canonical JSON: the same problem has the same fingerprint everywhere."""
        text = json.dumps(to_json(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


def problem_from_json(data: Any) -> Problem:
    """Read a problem; raises FormatError with the path, the field and the rule."""
    return from_json(Problem, data, "problem")


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """Return the JSON form, with the fields in the order of the classes."""
    written: dict[str, Any] = to_json(problem)
    return written


def check_references(problem: Problem) -> None:
    """Raise FormatError where an id comes twice or names nothing."""
    known: dict[str, set[str]] = {}
    for name in ("sites", "rooms", "trainers", "interpreters", "lots", "people", "needs", "sessions"):
        known[name] = _unique(name, (item.id for item in getattr(problem, name)))
    rules = problem.rules
    known["packages"] = _unique("rules.packages", (package.name for package in rules.packages))
    known["rhythms"] = _unique("rules.rhythms", (rhythm.name for rhythm in rules.rhythms))
    known["levels"] = set(rules.levels)
    known["notice_days"] = set(rules.notice_days)
    known["travel_speeds"] = set(rules.travel_speeds)
    known["civic_parts"] = set(rules.civic_parts)
    for index, bundle in enumerate(rules.civic_bundles):
        for part in bundle:
            _refer(known, f"rules.civic_bundles[{index}]", "civic_parts", part)
    for index, room in enumerate(problem.rooms):
        _refer(known, f"rooms[{index}].site", "sites", room.site)
    for index, trainer in enumerate(problem.trainers):
        for site in trainer.sites:
            _refer(known, f"trainers[{index}].sites", "sites", site)
    for index, person in enumerate(problem.people):
        _refer(known, f"people[{index}].level", "levels", person.level)
        _refer(known, f"people[{index}].channel", "notice_days", person.channel)
        _refer(known, f"people[{index}].travel_mode", "travel_speeds", person.travel_mode)
    owed: set[tuple[str, str, str]] = set()
    for index, need in enumerate(problem.needs):
        _refer(known, f"needs[{index}].person", "people", need.person)
        _refer(known, f"needs[{index}].part", _parts_of(need.training), need.part)
        key = (need.person, need.training, need.part if need.training is Training.CIVIC else "")
        if key in owed:
            raise FormatError(f"problem.needs[{index}]", f"this person already owes {need.part}")
        owed.add(key)
    for index, session in enumerate(problem.sessions):
        _check_session(known, f"sessions[{index}]", session)
        if session.state is SessionState.NEW:
            raise FormatError(f"problem.sessions[{index}].state", "a session of the problem is not new")
    placed: set[str] = set()
    for index, placement in enumerate(problem.placements):
        _refer(known, f"placements[{index}].need", "needs", placement.need)
        _refer(known, f"placements[{index}].session", "sessions", placement.session)
        if placement.need in placed:
            raise FormatError(f"problem.placements[{index}].need", "this need is placed twice")
        placed.add(placement.need)
    for index, override in enumerate(problem.travel_overrides):
        _refer(known, f"travel_overrides[{index}].site", "sites", override.site)
        if override.person is not None:
            _refer(known, f"travel_overrides[{index}].person", "people", override.person)
    for index, waiver in enumerate(problem.waivers):
        if waiver.person is not None:
            _refer(known, f"waivers[{index}].person", "people", waiver.person)
    for index, allowance in enumerate(problem.allowances):
        if allowance.proposed is not None:
            _check_session(known, f"allowances[{index}].proposed", allowance.proposed)


def _parts_of(training: Training) -> str:
    return "civic_parts" if training is Training.CIVIC else "packages"


def _check_session(known: Mapping[str, set[str]], path: str, session: Session) -> None:
    _refer(known, f"{path}.site", "sites", session.site)
    _refer(known, f"{path}.room", "rooms", session.room)
    _refer(known, f"{path}.trainer", "trainers", session.trainer)
    if session.lot is not None:
        _refer(known, f"{path}.lot", "lots", session.lot)
    for part in session.parts:
        _refer(known, f"{path}.parts", _parts_of(session.training), part)
    for interpretation in session.interpreters:
        _refer(known, f"{path}.interpreters", "interpreters", interpretation.interpreter)
    if not session.meetings:
        raise FormatError(f"problem.{path}.meetings", "a session has at least one meeting")
    times = [(meeting.day, meeting.slot.rank) for meeting in session.meetings]
    if times != sorted(set(times)):
        raise FormatError(f"problem.{path}.meetings", "meetings are in order of time, one a half-day")


def _unique(name: str, ids: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    for index, one in enumerate(ids):
        if one in seen:
            raise FormatError(f"problem.{name}[{index}].id", f"{one!r} comes twice")
        seen.add(one)
    return seen


def _refer(known: Mapping[str, set[str]], path: str, kind: str, one: str) -> None:
    if one not in known[kind]:
        raise FormatError(f"problem.{path}", f"{one!r} is not among the {kind.replace('_', ' ')}")

"""Problems and plans for the tests: each builder fills in what a test is not about."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from services.scheduler.domain.plan import Plan, SolverFacts, Unplaced, session_id
from services.scheduler.domain.problem import (
    DateRange,
    Interpretation,
    Interpreter,
    Lot,
    LotUnit,
    Meeting,
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
    Slot,
    Trainer,
    Training,
    WeeklySlots,
)

MONDAY = date(2025, 3, 3)  # the run is on a Monday, in an odd-numbered ISO week
YEAR = DateRange(first=date(2025, 1, 1), last=date(2026, 12, 31))
EVERY_DAY = WeeklySlots.from_days(["MAS"] * 7)
WEEKDAYS = WeeklySlots.from_days(["MA"] * 5 + ["", ""])
MORNINGS = WeeklySlots.of(*((day, Slot.MORNING) for day in range(4)))
EVENINGS = WeeklySlots.of(*((day, Slot.EVENING) for day in range(4)))
CENTRE = (48.90, 2.45)


def rules(**changes: Any) -> Rules:
    """Rules with groups of two to four people and one short course, so that instances stay tiny."""
    values: dict[str, Any] = {
        "civic_size": Size(minimum=2, maximum=4),
        "language_size": Size(minimum=2, maximum=4),
        "packages": (Package(name="100", minutes=1440), Package(name="200", minutes=2880)),
        "rhythms": (
            Rhythm(name="matin", patterns=(MORNINGS,), meeting_minutes=180),
            Rhythm(name="soir", patterns=(EVENINGS,), meeting_minutes=120),
        ),
    }
    return Rules(**(values | changes))


def site(name: str = "bobigny", **changes: Any) -> Site:
    values: dict[str, Any] = {
        "id": name,
        "name": name.capitalize(),
        "body": "asso",
        "commune": "93008",
        "latitude": CENTRE[0],
        "longitude": CENTRE[1],
        "opening": WeeklySlots.from_days(["MAS"] * 6 + [""]),
    }
    return Site(**(values | changes))


def room(name: str = "room", **changes: Any) -> Room:
    return Room(**({"id": name, "site": "bobigny", "name": name, "seats": 20} | changes))


def trainer(name: str = "trainer", **changes: Any) -> Trainer:
    values: dict[str, Any] = {
        "id": name,
        "body": "asso",
        "qualifications": ("civic", "100", "200"),
        "slots": EVERY_DAY,
        "max_half_days_week": 10,
    }
    return Trainer(**(values | changes))


def interpreter(name: str = "interpreter", language: str = "ar", **changes: Any) -> Interpreter:
    return Interpreter(**({"id": name, "language": language, "slots": EVERY_DAY, "max_half_days_week": 10} | changes))


def lot(name: str = "civic", **changes: Any) -> Lot:
    civic = name.startswith("civic")
    values: dict[str, Any] = {
        "id": name,
        "body": "asso",
        "training": Training.CIVIC if civic else Training.LANGUAGE,
        "period": YEAR,
        "unit": LotUnit.PERSON_DAYS if civic else LotUnit.PERSON_MINUTES,
        "ordered": 1000 if civic else 10_000_000,
    }
    return Lot(**(values | changes))


def person(name: str, **changes: Any) -> Person:
    values: dict[str, Any] = {
        "id": name,
        "commune": "93008",
        "latitude": CENTRE[0],
        "longitude": CENTRE[1],
        "level": "A1",
        "languages": ("fr",),
        "follows_french": True,
        "availability": EVERY_DAY,
        "signed_on": MONDAY - timedelta(days=10),
        "term_on": MONDAY + timedelta(days=355),
    }
    return Person(**(values | changes))


def need(who: str, part: str = "100", **changes: Any) -> Need:
    civic = part.startswith("S")
    values: dict[str, Any] = {
        "id": f"{who}-{part}",
        "person": who,
        "training": Training.CIVIC if civic else Training.LANGUAGE,
        "part": part,
        "minutes": 360 if civic else {"100": 1440, "200": 2880}.get(part, 1440),
        "deadline": MONDAY + timedelta(days=60),
    }
    return Need(**(values | changes))


def problem(**changes: Any) -> Problem:
    """A problem with one site, one room, one trainer, lots, and nobody yet."""
    values: dict[str, Any] = {
        "territory": "93",
        "programme": "cir-2019",
        "today": MONDAY,
        "publish_on": MONDAY,
        "horizon": MONDAY + timedelta(days=60),
        "rules": rules(),
        "sites": (site(),),
        "rooms": (room(),),
        "trainers": (trainer(),),
        "lots": (lot(), lot("language")),
        "people": (),
        "needs": (),
    }
    return Problem(**(values | changes))


def course_problem(count: int = 2, part: str = "100", **changes: Any) -> Problem:
    """A problem in which `count` people owe the same course."""
    names = [f"p{index}" for index in range(count)]
    values: dict[str, Any] = {
        "people": tuple(person(name) for name in names),
        "needs": tuple(need(name, part) for name in names),
    }
    return problem(**(values | changes))


def civic_problem(count: int = 2, parts: tuple[str, ...] = ("S1", "S2"), **changes: Any) -> Problem:
    """A problem in which `count` people owe the same civic days."""
    names = [f"p{index}" for index in range(count)]
    values: dict[str, Any] = {
        "people": tuple(person(name) for name in names),
        "needs": tuple(need(name, part) for name in names for part in parts),
    }
    return problem(**(values | changes))


def change_person(of: Problem, name: str, **changes: Any) -> Problem:
    return replace(of, people=tuple(replace(one, **changes) if one.id == name else one for one in of.people))


def civic_session(*days: tuple[str, date], **changes: Any) -> Session:
    """A civic session on these (part, day) pairs."""
    parts = tuple(part for part, _ in days)
    meetings = tuple(
        Meeting(day=day, slot=slot, minutes=180, part=part)
        for part, day in days
        for slot in (Slot.MORNING, Slot.AFTERNOON)
    )
    return _session(Training.CIVIC, parts, meetings, None, changes)


def course_session(first: date, part: str = "100", rhythm: str = "matin", **changes: Any) -> Session:
    """A course from Monday `first` on, four half-days a week without holidays."""
    slot, length = (Slot.MORNING, 180) if rhythm == "matin" else (Slot.EVENING, 120)
    total = {"100": 1440, "200": 2880}[part]
    meetings = tuple(
        Meeting(day=first + timedelta(days=7 * (index // 4) + index % 4), slot=slot, minutes=length, part=part)
        for index in range(total // length)
    )
    return _session(Training.LANGUAGE, (part,), meetings, rhythm, changes)


def _session(
    training: Training,
    parts: tuple[str, ...],
    meetings: tuple[Meeting, ...],
    rhythm: str | None,
    changes: dict[str, Any],
) -> Session:
    values: dict[str, Any] = {
        "training": training,
        "parts": parts,
        "site": "bobigny",
        "room": "room",
        "trainer": "trainer",
        "lot": "civic" if training is Training.CIVIC else "language",
        "rhythm": rhythm,
        "meetings": meetings,
    } | changes
    if "id" not in values:
        values["id"] = session_id(
            training=training,
            parts=parts,
            site=values["site"],
            room=values["room"],
            rhythm=values["rhythm"],
            meetings=meetings,
        )
    return Session(**values)


def seat(of: str, session: Session, **changes: Any) -> Placement:
    """A seat of a need like `p0-S1` in a session, from the first meeting of its part."""
    part = of.rsplit("-", 1)[1]
    day = next(meeting.day for meeting in session.meetings if meeting.part == part)
    return Placement(**({"need": of, "session": session.id, "joins_on": day} | changes))


def plan(of: Problem, sessions: tuple[Session, ...], placements: tuple[Placement, ...]) -> Plan:
    """A plan written by hand; who has no seat is left unplaced with a bare reason."""
    placed = {placement.need for placement in placements}
    return Plan(
        problem=of.fingerprint,
        sessions=sessions,
        placements=placements,
        unplaced=tuple(
            Unplaced(need=one.id, code="test", rules=(), fr="essai", en="test")
            for one in of.needs
            if one.id not in placed
        ),
        solver=SolverFacts(name="hand", version="1", seed=0, status="limit", milliseconds=0, work=0),
    )


def interpreted(*pairs: tuple[str, str]) -> tuple[Interpretation, ...]:
    return tuple(Interpretation(language=language, interpreter=one) for language, one in pairs)


def scarce_problem(seed: int, people: int = 40, **changes: Any) -> Problem:
    """A generated instance with too few rooms, trainers, interpreters and orders for everybody."""
    return town_problem(seed, people, civic_sites=2, course_sites=3, weeks=12, scarcity=2, small=True, **changes)


def town_problem(
    seed: int,
    people: int,
    *,
    civic_sites: int,
    course_sites: int,
    weeks: int,
    scarcity: int = 1,
    small: bool = False,
    **changes: Any,
) -> Problem:
    """A department's month, invented from a seed: people of all rhythms and languages around a few sites."""
    draw = Random(seed)
    where = [(48.86 + 0.02 * (index % 4), 2.36 + 0.03 * (index % 7)) for index in range(max(civic_sites, course_sites))]
    sites = tuple(
        site(
            f"site{index}",
            latitude=spot[0],
            longitude=spot[1],
            body=f"body{index % 3}",
            step_free=index % 2 == 0,
            childcare=index % 3 == 0,
        )
        for index, spot in enumerate(where)
    )
    rooms = tuple(
        room(f"room{index}-{number}", site=f"site{index}", seats=draw.choice((16, 20, 25)), step_free=number == 0)
        for index in range(len(where))
        for number in range(1 if small else 3)
    )
    packages = ("100", "200", "400", "600")
    trainers = tuple(
        [
            trainer(
                f"civic{index}-{number}",
                body=f"body{index}",
                qualifications=("civic",),
                slots=WeeklySlots.from_days(["MA"] * 6 + [""]),
                max_half_days_week=10 // scarcity,
            )
            for index in range(3)
            for number in range(max(1, civic_sites // (2 * scarcity)))
        ]
        + [
            trainer(
                f"fle{index}-{number}",
                body=f"body{index % 3}",
                qualifications=draw.choice((packages, packages[:2], packages[2:])),
                slots=WeeklySlots.from_days(["MAS"] * 6 + [""]),
                max_half_days_week=9,
                sites=(f"site{index}",),
            )
            for index in range(course_sites)
            for number in range(1 if small else 5 // scarcity)
        ]
    )
    languages = ("ar", "bn", "ta", "ps", "fa", "tr", "ru", "es", "zh", "ti")
    pool = tuple(
        interpreter(f"int-{language}-{number}", language, slots=WeeklySlots.from_days(["MA"] * 6 + [""]))
        for rank, language in enumerate(languages)
        for number in range(max(1, (6 - rank // 2) // scarcity) if not small else int(rank < 4))
    )
    folk, needs = [], []
    for index in range(people):
        level = draw.choices(("NLNS", "infra-A1", "A1", "A2", "B1+"), (8, 37, 15, 30, 10))[0]
        french = level in {"A2", "B1+"} or draw.random() < 0.5
        spoken = ("fr",) if french else (draw.choices(languages, range(20, 0, -2))[0],)
        rhythm = draw.choices(
            (["MA"] * 5 + ["MA", ""], ["M"] * 5 + ["MA", ""], ["S"] * 5 + ["MA", ""], ["MA"] * 5 + ["", ""]),
            (5, 2, 2, 3),
        )[0]
        signed = MONDAY - timedelta(days=draw.randrange(2, 32))
        away = MONDAY + timedelta(days=draw.randrange(0, 120))
        name = f"person{index:04}"
        folk.append(
            person(
                name,
                latitude=48.86 + draw.random() * 0.09,
                longitude=2.34 + draw.random() * 0.22,
                level=level,
                languages=spoken,
                follows_french=french,
                availability=WeeklySlots.from_days(rhythm),
                unavailable=(DateRange(first=away, last=away + timedelta(days=6)),) if draw.random() < 0.1 else (),
                travel_limit_minutes=draw.choice((45, 60, 75)),
                step_free=draw.random() < 0.02,
                childcare=draw.random() < 0.05,
                channel=draw.choice(("sms", "sms", "courriel", "courrier")),
                signed_on=signed,
                term_on=signed + timedelta(days=365),
            )
        )
        for part in ("S1", "S2", "S3", "S4"):
            days = 30 if part in {"S1", "S2"} else 120
            needs.append(need(name, part, deadline=signed + timedelta(days=days)))
        if level in {"NLNS", "infra-A1"}:
            package = "600" if level == "NLNS" else draw.choice(("400", "200", "100"))
            needs.append(need(name, package, minutes=60 * int(package), deadline=signed + timedelta(days=90)))
    four = tuple(
        Rhythm(
            name=label,
            patterns=tuple(WeeklySlots.of(*((day, slot) for day in days)) for days in ((0, 1, 3, 4), (0, 1, 2, 3))),
            meeting_minutes=length,
        )
        for label, slot, length in (
            ("matin", Slot.MORNING, 180),
            ("apres-midi", Slot.AFTERNOON, 180),
            ("soir", Slot.EVENING, 120),
        )
    )
    intensive = Rhythm(
        name="intensif",
        patterns=(WeeklySlots.of(*((day, slot) for day in (0, 1, 3, 4) for slot in (Slot.MORNING, Slot.AFTERNOON))),),
        meeting_minutes=180,
    )
    sizes: dict[str, Any] = (
        {"civic_size": Size(minimum=4, maximum=8), "language_size": Size(minimum=3, maximum=6)}
        if small
        else {"civic_size": Size(minimum=12, maximum=25), "language_size": Size(minimum=8, maximum=15)}
    )
    values: dict[str, Any] = {
        "horizon": MONDAY + timedelta(weeks=weeks),
        "rules": rules(
            packages=tuple(Package(name=name, minutes=60 * int(name)) for name in packages),
            rhythms=(*four, intensive),
            **sizes,
        ),
        "public_holidays": (date(2025, 4, 21), date(2025, 5, 1), date(2025, 5, 8), date(2025, 5, 29), date(2025, 6, 9)),
        "school_holidays": (
            DateRange(first=date(2025, 4, 12), last=date(2025, 4, 27)),
            DateRange(first=date(2025, 7, 5), last=date(2025, 8, 31)),
        ),
        "sites": sites,
        "rooms": rooms,
        "trainers": trainers,
        "interpreters": pool,
        "lots": tuple(
            lot(
                f"{kind}{index}",
                body=f"body{index}",
                ordered=(
                    4 * people // (3 * scarcity if small else 2)
                    if kind == "civic"
                    else 60 * 150 * people // (3 * scarcity if small else 2)
                ),
            )
            for kind in ("civic", "language")
            for index in range(3)
        ),
        "people": tuple(folk),
        "needs": tuple(needs),
    }
    return problem(**(values | changes))

"""
A copy of a problem with changes to its offer or rules: what a planner asks "what if" about. Pure, no solver.

The kinds of change are a closed set. Each is checked against the problem that it changes; what is refused names field
and rule. Published groups that have not begun and no longer hold under the changes are cancelled in the copy, as a
planner would (domain/shaken.py): their people look for another seat. Groups that have begun are never touched.
"""

__all__ = [
    "CHANGES_FORMAT",
    "KINDS",
    "MOST_CHANGES",
    "InterpreterDays",
    "InterpreterMore",
    "LotChanged",
    "OfferChange",
    "OtherProgramme",
    "RoomLess",
    "RoomMore",
    "SiteClosed",
    "SizeChanged",
    "TrainerAway",
    "TrainerMore",
    "cancelled",
    "change_from_json",
    "change_to_json",
    "changed",
    "changes_from_json",
    "changes_schema",
    "kind_of",
]

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid5

from services.scheduler.domain.building import Book, Books, rules_of
from services.scheduler.domain.codec import FormatError, Says, from_json, schema_of, to_json
from services.scheduler.domain.intake import follows_french
from services.scheduler.domain.problem import (
    DateRange,
    Interpreter,
    Need,
    Package,
    Person,
    Problem,
    Rules,
    SessionState,
    Size,
    Training,
    WeeklySlots,
)
from services.scheduler.domain.shaken import shaken
from shared.errors import FieldFault, InvalidInputError

CHANGES_FORMAT = "parcours-changes/1"
MOST_CHANGES = 20  # [A] of one scenario: more at once says nothing about any of them
MOST_DAYS = 31  # of one interpreter
FAR_DAYS = 1100  # days before today or after the horizon that a change may name [A]
_IDS = UUID("a4f1a3c6-9a53-5d0e-8f0c-0c2d0e6f0b5d")  # fixed once: ids of needs that another rule-book adds
_OFFICE_HOURS = WeeklySlots.from_days(["MA"] * 5 + ["", ""])

First = Annotated[date, Says("first day")]
Last = Annotated[date, Says("last day")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomMore:
    """One more room, a copy of one that is there."""

    like: Annotated[str, Says("id of the room that is copied")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLess:
    """One room fewer. A room in which a group has begun cannot go."""

    room: Annotated[str, Says("id of the room")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerMore:
    """One more trainer, a copy of one who is there, at other hours where these are named."""

    like: Annotated[str, Says("id of the trainer who is copied")]
    slots: Annotated[WeeklySlots | None, Says("half-days when they teach, instead of the copied one's")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerAway:
    """A trainer who does not teach from one day to another."""

    trainer: Annotated[str, Says("id of the trainer")]
    first: First
    last: Last


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpreterMore:
    """
    One more interpreter, as one of this language who is there; else Monday to Friday, ten half-days a week.

    Where half-days are named, at these, at most ten a week.
    """

    language: Annotated[str, Says("language code")]
    slots: Annotated[WeeklySlots | None, Says("half-days when they work, instead of the copied one's")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpreterDays:
    """An interpreter more on some days, morning and afternoon. A group needs the same one on each of its days."""

    language: Annotated[str, Says("language code")]
    days: Annotated[tuple[date, ...], Says("days, at least one")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteClosed:
    """A site that is closed from one day to another."""

    site: Annotated[str, Says("id of the site")]
    first: First
    last: Last


@dataclass(frozen=True, slots=True, kw_only=True)
class LotChanged:
    """An order that is cut or raised; what it comes to is rounded down to the lot's unit."""

    lot: Annotated[str, Says("id of the lot")]
    percent: Annotated[int, Says("percent of what was ordered, more or (below 0) less", minimum=-100, maximum=1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeChanged:
    """Another size of the groups of one training; what is not named stays."""

    training: Training
    minimum: Annotated[int | None, Says("fewest people to open a group", minimum=1, maximum=200)] = None
    maximum: Annotated[int | None, Says("most people in a group", minimum=1, maximum=200)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherProgramme:
    """Another rule-book: its rules for everybody, and what it owes to people who have no seat yet."""

    programme: Annotated[str, Says("version of the rule-book, such as cir-2025")]


OfferChange = (
    RoomMore
    | RoomLess
    | TrainerMore
    | TrainerAway
    | InterpreterMore
    | InterpreterDays
    | SiteClosed
    | LotChanged
    | SizeChanged
    | OtherProgramme
)
KINDS: Mapping[str, type[OfferChange]] = {
    "room_more": RoomMore,
    "room_less": RoomLess,
    "trainer_more": TrainerMore,
    "trainer_away": TrainerAway,
    "interpreter_more": InterpreterMore,
    "interpreter_days": InterpreterDays,
    "site_closed": SiteClosed,
    "lot_changed": LotChanged,
    "size_changed": SizeChanged,
    "other_programme": OtherProgramme,
}
_KIND_OF = {kind: name for name, kind in KINDS.items()}


class _RefusedError(Exception):
    """What is wrong with one change: field, rule, words."""

    def __init__(self, field: str, rule: str, words: str) -> None:
        super().__init__(words)
        self.field, self.rule, self.words = field, rule, words


def kind_of(change: OfferChange) -> str:
    """Return the name of a change's kind."""
    return _KIND_OF[type(change)]


def change_to_json(change: OfferChange) -> dict[str, Any]:
    """Return the JSON form: the kind, then what it takes; what is not named is left out."""
    written: dict[str, Any] = to_json(change)
    return {"kind": kind_of(change)} | {name: value for name, value in written.items() if value is not None}


def change_from_json(data: Any, path: str = "change") -> OfferChange:
    """Read one change; raises FormatError with the path, the field and the rule."""
    if not isinstance(data, dict):
        raise FormatError(path, "an object is expected")
    rest = dict(data)
    kind = KINDS.get(str(rest.pop("kind", "")))
    if kind is None:
        raise FormatError(f"{path}.kind", f"one of {', '.join(KINDS)} is expected, not {data.get('kind')!r}")
    return from_json(kind, rest, path)


def changes_from_json(data: Any) -> tuple[OfferChange, ...]:
    """Read a file of changes; raises FormatError with the path, the field and the rule."""
    if not isinstance(data, dict) or set(data) != {"format", "changes"}:
        raise FormatError("changes", "an object with the fields format and changes is expected")
    if data["format"] != CHANGES_FORMAT:
        raise FormatError("changes.format", f"{CHANGES_FORMAT} is expected, not {data['format']!r}")
    if not isinstance(data["changes"], list):
        raise FormatError("changes.changes", "a list is expected")
    return tuple(change_from_json(one, f"changes.changes[{index}]") for index, one in enumerate(data["changes"]))


def changes_schema() -> dict[str, Any]:
    """Return the JSON Schema of a file of changes."""
    definitions: dict[str, Any] = {}
    for name, kind in KINDS.items():
        schema = schema_of(kind, "", "")
        described = schema["$defs"][kind.__name__]
        described["properties"] = {"kind": {"const": name}} | described["properties"]
        described["required"] = ["kind", *described["required"]]
        definitions |= schema["$defs"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:parcours:changes:1",
        "title": "Changes of a scenario of Parcours",
        "type": "object",
        "properties": {
            "format": {"const": CHANGES_FORMAT},
            "changes": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_CHANGES,
                "items": {"oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in KINDS.values()]},
            },
        },
        "required": ["format", "changes"],
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def changed(problem: Problem, changes: Sequence[OfferChange], books: Books) -> Problem:
    """
    Return the problem after these changes, in their order; `books` gives the rule-book of a programme, here and now.

    Raises InvalidInputError naming the change, its field and the rule: `unknown`, `in_use`, `order`, `range`,
    `required`, `too_many`.
    """
    if not changes or len(changes) > MOST_CHANGES:
        words = f"from 1 to {MOST_CHANGES} changes, not {len(changes)}"
        raise InvalidInputError("refused", [FieldFault("changes", "too_many" if changes else "required", words)])
    after = problem
    for index, change in enumerate(changes):
        try:
            after = _APPLY[type(change)](after, change, books)
        except _RefusedError as fault:
            field = f"changes[{index}].{fault.field}"
            raise InvalidInputError("refused", [FieldFault(field, fault.rule, fault.words)]) from None
    return _without_shaken(problem, after)


def cancelled(before: Problem, after: Problem) -> tuple[int, int]:
    """Return how many published groups the changes cancel, and how many people sit in them."""
    kept = {one.id for one in after.sessions}
    gone = {one.id for one in before.sessions if one.id not in kept}
    person_of = {one.id: one.person for one in before.needs}
    return len(gone), len({person_of[one.need] for one in before.placements if one.session in gone})


def _without_shaken(before: Problem, after: Problem) -> Problem:
    """Cancel the groups that held before and hold no longer."""
    gone = shaken(after).keys() - shaken(before).keys()
    return _without_groups(after, gone) if gone else after


def _without_groups(problem: Problem, gone: Iterable[str]) -> Problem:
    lost = set(gone)
    return replace(
        problem,
        sessions=tuple(one for one in problem.sessions if one.id not in lost),
        placements=tuple(one for one in problem.placements if one.session not in lost),
    )


def _room_more(problem: Problem, change: RoomMore, _: Books) -> Problem:
    like = _known(problem.rooms, "like", change.like)
    name = _fresh(problem.rooms, like.id)
    return replace(problem, rooms=(*problem.rooms, replace(like, id=name, name=f"{like.name} +")))


def _room_less(problem: Problem, change: RoomLess, _: Books) -> Problem:
    _known(problem.rooms, "room", change.room)
    there = [one for one in problem.sessions if one.room == change.room]
    if any(one.state is not SessionState.PUBLISHED for one in there):
        raise _RefusedError("room", "in_use", f"a group that has begun is in room {change.room}")
    fewer = _without_groups(problem, (one.id for one in there))
    return replace(fewer, rooms=tuple(one for one in problem.rooms if one.id != change.room))


def _trainer_more(problem: Problem, change: TrainerMore, _: Books) -> Problem:
    like = _known(problem.trainers, "like", change.like)
    added = replace(like, id=_fresh(problem.trainers, like.id), slots=change.slots or like.slots)
    return replace(problem, trainers=(*problem.trainers, added))


def _trainer_away(problem: Problem, change: TrainerAway, _: Books) -> Problem:
    _known(problem.trainers, "trainer", change.trainer)
    away = _range(problem, change)
    return replace(
        problem,
        trainers=tuple(
            replace(one, unavailable=(*one.unavailable, away)) if one.id == change.trainer else one
            for one in problem.trainers
        ),
    )


def _interpreter_more(problem: Problem, change: InterpreterMore, _: Books) -> Problem:
    like = next((one for one in problem.interpreters if one.language == change.language), None)
    if like is None or change.slots is not None:
        spoken = _spoken(problem, change.language)
        like = Interpreter(id=spoken, language=spoken, slots=change.slots or _OFFICE_HOURS, max_half_days_week=10)
    added = replace(like, id=_fresh(problem.interpreters, like.id))
    return replace(problem, interpreters=(*problem.interpreters, added))


def _interpreter_days(problem: Problem, change: InterpreterDays, _: Books) -> Problem:
    language = _spoken(problem, change.language)
    days = sorted({_near(problem, "days", day) for day in change.days})
    if not 1 <= len(days) <= MOST_DAYS:
        raise _RefusedError("days", "range" if days else "required", f"from 1 to {MOST_DAYS} days")
    added = Interpreter(
        id=_fresh(problem.interpreters, f"{language}-{days[0]}"),
        language=language,
        slots=_OFFICE_HOURS | WeeklySlots.from_days([""] * 5 + ["MA", "MA"]),
        max_half_days_week=14,
        unavailable=tuple(_between(days)),
    )
    return replace(problem, interpreters=(*problem.interpreters, added))


def _site_closed(problem: Problem, change: SiteClosed, _: Books) -> Problem:
    _known(problem.sites, "site", change.site)
    closed = _range(problem, change)
    return replace(
        problem,
        sites=tuple(
            replace(one, closures=tuple(sorted((*one.closures, closed)))) if one.id == change.site else one
            for one in problem.sites
        ),
    )


def _lot_changed(problem: Problem, change: LotChanged, _: Books) -> Problem:
    lot = _known(problem.lots, "lot", change.lot)
    ordered = lot.ordered * (100 + change.percent) // 100
    return replace(
        problem, lots=tuple(replace(one, ordered=ordered) if one.id == lot.id else one for one in problem.lots)
    )


def _size_changed(problem: Problem, change: SizeChanged, _: Books) -> Problem:
    if change.minimum is None and change.maximum is None:
        raise _RefusedError("minimum", "required", "a minimum, a maximum or both are needed")
    name = "civic_size" if change.training is Training.CIVIC else "language_size"
    before: Size = getattr(problem.rules, name)
    least, most = change.minimum or before.minimum, change.maximum or before.maximum
    if most < least:
        raise _RefusedError("maximum", "order", f"the maximum ({most}) is below the minimum ({least})")
    rules = replace(problem.rules, **{name: Size(minimum=least, maximum=most)})  # type: ignore[arg-type]
    return replace(problem, rules=rules)


def _other_programme(problem: Problem, change: OtherProgramme, books: Books) -> Problem:
    try:
        book = books(change.programme)
    except InvalidInputError as error:
        raise _RefusedError("programme", "unknown", str(error)) from None
    levels = {person.level for person in problem.people}
    if not levels <= set(book["levels"]):
        words = f"{book.code} does not know level {', '.join(sorted(levels - set(book['levels'])))}"
        raise _RefusedError("programme", "levels", words)
    needs = tuple(_needs_under(problem, book))
    return replace(
        problem,
        programme=book.code,
        rules=_rules_under(problem, book, needs),
        people=tuple(_person_under(one, book) for one in problem.people),
        needs=needs,
    )


def _person_under(person: Person, book: Book) -> Person:
    below, levels = book["civic.interpreter_below_level"], tuple(book["levels"])
    return replace(person, follows_french=follows_french(person.languages, person.level, below, levels))


def _needs_under(problem: Problem, book: Book) -> Iterable[Need]:
    """
    Yield what is owed under a rule-book. A need with a seat stays as it is.

    Civic days that the book does not have fall away; days that only the book has are owed by whoever waits for others.
    A course is owed where the book gives one to the level: the same length, else the nearest.
    """
    seated = {one.need for one in problem.placements}
    parts: Sequence[str] = book["civic.parts"]
    people = {one.id: one for one in problem.people}
    waiting: dict[str, Need] = {}
    for need in problem.needs:
        if need.id in seated:
            yield need
        elif need.training is Training.CIVIC:
            waiting.setdefault(need.person, need)
            if need.part in parts:
                yield need
        else:
            packages = book["language.packages"].get(people[need.person].level, ())
            if packages:
                near = min(packages, key=lambda one: (abs(int(one) * 60 - need.minutes), -int(one)))
                part = need.part if need.part in packages else near
                yield replace(need, part=part, minutes=int(part) * 60)
    for person, like in waiting.items():
        for part in parts:
            if part not in problem.rules.civic_parts:
                name = str(uuid5(_IDS, f"{person}|{book.code}|{part}"))
                deadline = people[person].signed_on + timedelta(days=book["civic.last_within_days"])
                yield replace(like, id=name, part=part, deadline=deadline, again=False)


def _rules_under(problem: Problem, book: Book, needs: Sequence[Need]) -> Rules:
    """Return the book's rules, with the days and courses that somebody already has a seat for."""
    rules, old = rules_of(book), problem.rules
    named = {need.part for need in needs} | {part for one in problem.sessions for part in one.parts}
    extra = tuple(part for part in old.civic_parts if part in named and part not in rules.civic_parts)
    packages = {one.name for one in rules.packages}
    kept: tuple[Package, ...] = tuple(one for one in old.packages if one.name in named and one.name not in packages)
    rhythms = {one.name for one in rules.rhythms}
    taught = {one.rhythm for one in problem.sessions}
    bundles = tuple(bundle for bundle in old.civic_bundles if set(bundle) <= set(extra))
    alone = tuple((part,) for part in extra if not any(part in bundle for bundle in bundles))
    return replace(
        rules,
        civic_parts=(*rules.civic_parts, *extra),
        civic_bundles=(*rules.civic_bundles, *bundles, *alone),
        packages=(*rules.packages, *kept),
        rhythms=(*rules.rhythms, *(one for one in old.rhythms if one.name in taught and one.name not in rhythms)),
    )


def _known(items: Sequence[Any], field: str, one: str) -> Any:
    found = next((item for item in items if item.id == one), None)
    if found is None:
        raise _RefusedError(field, "unknown", f"{one!r} is not in the offer")
    return found


def _spoken(problem: Problem, language: str) -> str:
    """Return the language, where somebody here speaks or interprets it."""
    known = {one for person in problem.people for one in person.languages}
    if language not in known | {one.language for one in problem.interpreters}:
        raise _RefusedError("language", "unknown", f"nobody here speaks or interprets {language!r}")
    return language


def _range(problem: Problem, change: TrainerAway | SiteClosed) -> DateRange:
    first, last = _near(problem, "first", change.first), _near(problem, "last", change.last)
    if last < first:
        raise _RefusedError("last", "order", f"{last} is before {first}")
    return DateRange(first=first, last=last)


def _near(problem: Problem, field: str, day: date) -> date:
    """Return the day, where a plan could notice it at all."""
    first, last = problem.today - timedelta(days=FAR_DAYS), problem.horizon + timedelta(days=FAR_DAYS)
    if not first <= day <= last:
        raise _RefusedError(field, "range", f"{day} is not between {first} and {last}")
    return day


def _between(days: Sequence[date]) -> Iterable[DateRange]:
    """Yield every day but these."""
    free = date.min
    for day in days:
        if day > free:
            yield DateRange(first=free, last=day - timedelta(days=1))
        free = day + timedelta(days=1)
    yield DateRange(first=free, last=date.max)


def _fresh(items: Iterable[Any], like: str) -> str:
    """Return an id that is not taken yet."""
    taken = {one.id for one in items}
    return next(name for number in range(1, len(taken) + 2) if (name := f"{like}+{number}") not in taken)


_APPLY: Mapping[type[OfferChange], Callable[[Problem, Any, Books], Problem]] = {
    RoomMore: _room_more,
    RoomLess: _room_less,
    TrainerMore: _trainer_more,
    TrainerAway: _trainer_away,
    InterpreterMore: _interpreter_more,
    InterpreterDays: _interpreter_days,
    SiteClosed: _site_closed,
    LotChanged: _lot_changed,
    SizeChanged: _size_changed,
    OtherProgramme: _other_programme,
}

"""
One person's part of a plan, in words: what was known of them, why their seats are possible, what they counted.

A kept problem and plan are cut down to the person, and the judge's and score's own functions are asked again; nothing
is told here that a plan does not hold. Why this group and not the next best one of the plan is `next_best`'s answer.
"""

__all__ = ["PERSONAL", "Own", "Why", "changed_data", "data_of", "own_part", "part_said", "why"]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from services.scheduler.domain.codec import from_json
from services.scheduler.domain.judge import is_free
from services.scheduler.domain.next_best import Books, books_of, next_best
from services.scheduler.domain.plain import DATA, Datum, Said, day_said, value_said, week_said
from services.scheduler.domain.plan import Part, Plan, SolverFacts, Unplaced
from services.scheduler.domain.problem import (
    Person,
    Placement,
    Session,
    SessionState,
    Training,
    problem_from_json,
)
from services.scheduler.domain.score import score
from services.scheduler.domain.view import Seat, View

# The parts of the objective that one person has alone; the others are of groups.
PERSONAL = ("unplaced", "urgency", "late_contract", "wait", "travel_minute", "civic_before_french")
OF_GROUPS = ("trainers", "interpreters", "lots", "sessions", "placements", "allowances")
MODES: Mapping[str, Said] = {
    "transport": Said("transports en commun", "public transport"),
    "voiture": Said("voiture", "car"),
    "velo": Said("vélo", "bicycle"),
    "marche": Said("à pied", "on foot"),
}
CHANNELS: Mapping[str, Said] = {
    "sms": Said("SMS", "text message"),
    "courriel": Said("courriel", "e-mail"),
    "courrier": Said("courrier postal", "post"),
}
WEEKS: Mapping[str, Said] = {
    "all": Said("toutes", "all"),
    "odd": Said("impaires", "odd"),
    "even": Said("paires", "even"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A plan cut down to one person: their needs, seats and reasons, the groups that taught the same, the books."""

    view: View
    left: Mapping[str, Unplaced]  # by need
    books: Books

    @property
    def person(self) -> Person:
        return self.view.problem.people[0]

    def seat(self, need: str) -> Seat | None:
        """Return where the plan seats a need."""
        return next((seat for seat in self.view.seats if seat.need.id == need), None)

    def counted(self) -> list[Part]:
        """Return what this person's own needs counted in the objective."""
        tiers = score(self.view.problem, self.view.plan, {})
        return [part for tier in tiers for part in tier.parts if part.name in PERSONAL]


ESTIMATED = Said("estimé à", "estimated at")
MEASURED = Said("mesuré (table importée) :", "measured (imported table):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One thing that made a seat possible, under its rule's name; `choice` is why it is not the next best one."""

    rule: str
    says: Said


def own_part(problem: Mapping[str, Any], plan: Mapping[str, Any], person: str) -> Own | None:
    """Return a person's part of a kept problem and plan (both as JSON); None where the run did not know the person."""
    people = [one for one in problem["people"] if one["id"] == person]
    if not people:
        return None
    needs = [one for one in problem["needs"] if one["person"] == person]
    owed = {one["id"] for one in needs}
    parts = {(one["training"], one["part"]) for one in needs}
    small = problem_from_json(
        {
            **problem,
            "people": people,
            "needs": needs,
            **{kind: [] for kind in OF_GROUPS},
            "waivers": [one for one in problem["waivers"] if one["person"] == person],
            "travel_overrides": [one for one in problem["travel_overrides"] if one["person"] in {None, person}],
        }
    )
    sessions = [
        # Published: the score then counts the person alone, and none of the group.
        replace(from_json(Session, one), state=SessionState.PUBLISHED)
        for one in plan["sessions"]
        if any(one["training"] == training and part in one["parts"] for training, part in parts)
    ]
    left = [from_json(Unplaced, one) for one in plan["unplaced"] if one["need"] in owed]
    own = Plan(
        problem=small.fingerprint,
        sessions=tuple(sessions),
        placements=tuple(from_json(Placement, one) for one in plan["placements"] if one["need"] in owed),
        unplaced=tuple(left),
        solver=from_json(SolverFacts, plan["solver"]),
    )
    books = books_of(problem, plan, small)
    return Own(view=View(small, own), left={one.need: one for one in left}, books=books)


def why(own: Own, seat: Seat, languages: Mapping[str, Said]) -> list[Why]:
    """Return what made this seat possible, rule by rule, and why it is not the next best; `languages` are names."""
    problem, person = own.view.problem, seat.person
    site = own.view.sites[seat.session.site]
    minutes = own.view.travel.minutes(person, site)
    way = ESTIMATED if own.view.travel.measured(person, site) is None else MEASURED
    free = sum(is_free(person, one.day, one.slot) for one in seat.meetings)
    notice = (seat.placement.joins_on - problem.publish_on).days
    mode, channel = _of(MODES, person.travel_mode), _of(CHANNELS, person.channel)
    found = [
        ("level", Said("le groupe enseigne ce qui est dû", "the group teaches what is owed")),
        (
            "availability",
            Said(
                f"{free} des {len(seat.meetings)} séances tombent sur une demi-journée donnée comme libre",
                f"{free} of {len(seat.meetings)} meetings fall on a half-day that was given as free",
            ),
        ),
        (
            "reach",
            Said(
                f"trajet {way.fr} {minutes} minutes ({mode.fr}), pour une limite de {person.travel_limit_minutes}",
                f"journey {way.en} {minutes} minutes ({mode.en}), for a limit of {person.travel_limit_minutes}",
            ),
        ),
        (
            "notice",
            Said(
                f"première séance {notice} jours après l’annonce prévue ; le canal ({channel.fr}) "
                f"en demande {problem.rules.notice_days[person.channel]}",
                f"first meeting {notice} days after the day of telling; the channel ({channel.en}) "
                f"asks for {problem.rules.notice_days[person.channel]}",
            ),
        ),
    ]
    if seat.need.training is Training.CIVIC:
        found.append(("interpretation", _heard(seat, languages)))
    found += [
        (one.rule, Said("dérogation à cette règle, avec son accord", "this rule is waived, with their agreement"))
        for one in problem.waivers
        if one.agreed
    ]
    together = [one for one in own.view.seats if one.session.id == seat.session.id]
    words = next_best(own.view, together, own.books)
    return [Why(rule=rule, says=says) for rule, says in [*found, ("choice", words)]]


def data_of(person: Person, commune_name: str, languages: Said) -> list[tuple[str, Datum, Said]]:
    """Return each fact that a plan is given about a person: its name, what it is, and its value in words."""
    said: dict[str, Said] = {
        "commune": Said(f"{commune_name} ({person.commune})", f"{commune_name} ({person.commune})"),
        "languages": languages,
        "availability": week_said(person.availability.days()),
        "weeks": WEEKS[person.weeks.value],
        "unavailable": _ranges((one.first, one.last) for one in person.unavailable),
        "travel_mode": _of(MODES, person.travel_mode),
        "channel": _of(CHANNELS, person.channel),
    }
    return [(name, one, said.get(name) or value_said(getattr(person, name))) for name, one in DATA.items()]


def changed_data(before: Person, today: Person) -> list[str]:
    """Return the names of the facts that a run knew otherwise than they stand today."""
    return [one.name for one in fields(Person) if getattr(before, one.name) != getattr(today, one.name)]


def part_said(training: str, part: str) -> Said:
    """Return what a need is, in words."""
    if training == Training.CIVIC:
        return Said(f"journée civique {part}", f"civic day {part}")
    if not part:
        return Said("formation linguistique", "language training")
    return Said(f"cours de français de {part} heures", f"French course of {part} hours")


def _heard(seat: Seat, languages: Mapping[str, Said]) -> Said:
    if seat.person.follows_french:
        return Said("suit la journée en français", "follows the day in French")
    shared = [one.language for one in seat.session.interpreters if one.language in seat.person.languages]
    if not shared:
        return Said("aucun interprète dans une de ses langues", "no interpreter of a language that they speak")
    named = [languages.get(code, Said(code, code)) for code in shared]
    return Said(
        f"interprète dans une de ses langues : {', '.join(one.fr for one in named)}",
        f"interpreter: {', '.join(one.en for one in named)}",
    )


def _ranges(found: Iterable[tuple[date, date]]) -> Said:
    pairs = [(day_said(first), day_said(last)) for first, last in found]
    fr = "; ".join(f"du {first.fr} au {last.fr}" for first, last in pairs)
    en = "; ".join(f"{first.en} to {last.en}" for first, last in pairs)
    return Said(fr or "aucun", en or "none")


def _of(words: Mapping[str, Said], raw: str) -> Said:
    return words.get(raw, Said(raw, raw))

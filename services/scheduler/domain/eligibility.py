"""
Who signs: facts about a person against a programme's rules, in three values (yes, no, not known yet).

The rules are data (`programmes/*.yaml`); here is only how they are read. Nationality is a fact of the question and of
nothing else: the answer keeps the regime, and nobody has to keep the facts.
"""

__all__ = [
    "FACTS",
    "MOST_YEARS",
    "Answer",
    "EligibilityRules",
    "Exemption",
    "Facts",
    "Regime",
    "Requirement",
    "Test",
    "decide",
    "facts_of",
]

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from shared.errors import FieldFault, InvalidInputError

CITIZENSHIPS = ("eu_eea_swiss", "algerian", "other")
PERMIT_KINDS = ("visa", "temporary", "multi_year", "resident")
PERMIT_MOTIVES = (
    "family", "private_life", "protection", "humanitarian", "work", "visitor", "student", "trainee", "temporary_worker",
    "seasonal", "talent", "talent_family", "ict", "health", "schooling",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about a person today; None is not known. Years are whole years, completed."""

    citizenship: str | None = None
    family_of_eu_citizen: bool | None = None
    age: int | None = None
    permit_kind: str | None = None
    permit_motive: str | None = None
    permit_valid_years: int | None = None
    first_admission: bool | None = None  # admitted for the first time, and wants to settle
    entered_at_16_or_17: bool | None = None  # lawfully
    came_by_own_wish: bool | None = None  # asks to sign without having been called
    born_in_france: bool | None = None
    residence_years: int | None = None
    school_years_after_10: int | None = None
    secondary_school_years: int | None = None  # in a French establishment
    university_years: int | None = None  # in France
    student_years: int | None = None  # as a student in France
    permit_after_10: bool | None = None  # a schooling permit issued after the age of 10


FACTS = tuple(field.name for field in fields(Facts))
CHOICES = {"citizenship": CITIZENSHIPS, "permit_kind": PERMIT_KINDS, "permit_motive": PERMIT_MOTIVES}

NUMBERS = tuple(name for name in FACTS if name == "age" or name.endswith("years") or name == "school_years_after_10")
MOST_YEARS = 120

# What shows a fact: what to ask for when it is not known.
PAPERS = {
    "citizenship": "passeport ou titre de voyage",
    "family_of_eu_citizen": "acte d’état civil et pièce d’identité du citoyen de l’Union",
    "age": "passeport ou acte de naissance",
    "permit_kind": "titre de séjour ou visa",
    "permit_motive": "titre de séjour ou visa",
    "permit_valid_years": "titre de séjour",
    "first_admission": "visa ou premier titre de séjour",
    "entered_at_16_or_17": "preuve de la date d’entrée",
    "came_by_own_wish": "demande de la personne",
    "born_in_france": "acte de naissance",
    "residence_years": "preuves de résidence",
    "school_years_after_10": "certificats de scolarité",
    "secondary_school_years": "certificats de scolarité",
    "university_years": "attestations d’inscription de l’université",
    "student_years": "attestations d’inscription",
    "permit_after_10": "titre de séjour",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A condition on one fact: among some values, or between two ends, both included."""

    fact: str
    among: tuple[Any, ...] = ()
    at_least: int | None = None
    at_most: int | None = None

    def holds(self, facts: Facts) -> bool | None:
        """Return whether it holds, or None while the fact is not known."""
        value = getattr(facts, self.fact)
        if value is None:
            return None
        if self.among:
            return value in self.among
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


def _all(tests: tuple[Test, ...], facts: Facts) -> bool | None:
    found = [test.holds(facts) for test in tests]
    return False if False in found else None if None in found else True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """A rule of the book; it holds where all its tests do, or else all of `otherwise`."""

    id: str
    says: str
    source: str
    when: tuple[Test, ...]
    otherwise: tuple[Test, ...] = ()

    def holds(self, facts: Facts) -> bool | None:
        found = [_all(tests, facts) for tests in (self.when, self.otherwise) if tests or tests is self.when]
        return True if True in found else None if None in found else False

    def fact(self, facts: Facts, *, value: bool | None) -> str:
        """Return the fact that made the rule's answer: the first test that says so."""
        return next((test.fact for test in (*self.when, *self.otherwise) if test.holds(facts) is value), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption(_Rule):
    """Whoever it holds for does not sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement(_Rule):
    """Whoever it does not hold for does not sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime(_Rule):
    """Under which regime somebody signs; the consequence for the permit is null where the rule is not known."""

    regime: str
    permit_consequence: str | None


@dataclass(frozen=True, slots=True)
class EligibilityRules:
    """A programme's rules on who signs, each list in the order in which it is read."""

    exemptions: tuple[Exemption, ...]
    requirements: tuple[Requirement, ...]
    regimes: tuple[Regime, ...]

    @property
    def all(self) -> tuple[Exemption | Requirement | Regime, ...]:
        """Every rule, each with an id of its own: requirements first, for they ask for the simplest papers."""
        return (*self.requirements, *self.exemptions, *self.regimes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Yes, no, or a paper is needed; with the rule, its source and the fact that decided."""

    verdict: Literal["yes", "no", "needs_paper"]
    rule: str
    says: str
    source: str
    fact: str
    paper: str = ""
    regime: str = ""
    permit_consequence: str | None = None


def decide(rules: EligibilityRules, facts: Facts) -> Answer:
    """
    Return whether a person signs under these rules.

    One exemption that holds, or one requirement that fails, is enough for no, whatever else is not known. Otherwise
    the first rule that hangs on an unknown fact asks for its paper. The regime is the first that holds.
    """
    for exemption in rules.exemptions:
        if exemption.holds(facts):
            return _answer("no", exemption, exemption.fact(facts, value=True))
    for requirement in rules.requirements:
        if requirement.holds(facts) is False:
            return _answer("no", requirement, requirement.fact(facts, value=False))
    for rule in rules.all:
        if not isinstance(rule, Regime) and rule.holds(facts) is None:
            return _ask(rule, facts)
    for regime in rules.regimes:
        held = regime.holds(facts)
        if held is None:
            return _ask(regime, facts)
        if held:
            kept = _answer("yes", regime, regime.fact(facts, value=True))
            return replace(kept, regime=regime.regime, permit_consequence=regime.permit_consequence)
    raise AssertionError("the last regime of a rule-book is for everybody")


def facts_of(written: Mapping[str, str]) -> Facts:
    """
    Return the facts that texts say: a whole number, yes or no, or one of the known words; empty is not known.

    Raises InvalidInputError naming each field and the rule that it breaks.
    """
    faults, values = [], {}
    for name, text in written.items():
        try:
            values[name] = _value(name, text.strip())
        except ValueError as error:
            faults.append(FieldFault(name, "fact", str(error)))
    if faults:
        raise InvalidInputError("les faits ne peuvent être lus", faults)
    return Facts(**values)


def _value(name: str, text: str) -> Any:
    if name not in FACTS:
        raise ValueError(f"ce fait n’existe pas ; il y a {', '.join(FACTS)}")
    if not text:
        return None
    if name in CHOICES:
        if text not in CHOICES[name]:
            raise ValueError(f"un mot parmi {', '.join(CHOICES[name])}")
        return text
    if name in NUMBERS:
        if not text.isdecimal() or int(text) > MOST_YEARS:
            raise ValueError(f"un nombre entier d’années, de 0 à {MOST_YEARS}")
        return int(text)
    if text not in {"yes", "no"}:
        raise ValueError("yes ou no")
    return text == "yes"


def _ask(rule: _Rule, facts: Facts) -> Answer:
    fact = rule.fact(facts, value=None)
    return replace(_answer("needs_paper", rule, fact), paper=PAPERS[fact])


def _answer(verdict: Literal["yes", "no", "needs_paper"], rule: _Rule, fact: str) -> Answer:
    return Answer(verdict=verdict, rule=rule.id, says=rule.says, source=rule.source, fact=fact)

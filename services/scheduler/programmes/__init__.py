"""
The rule-books: one YAML file a programme version, validated; each rule with its value and its source or `[A]`.

A contract keeps the version it was signed under. A value of null means "rule not known": it is shown, never invented.
"""

__all__ = [
    "Amendment",
    "RuleBook",
    "RuleBookError",
    "SignatureOutsideError",
    "UnknownProgrammeError",
    "codes",
    "rule_book",
]

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from functools import cache
from importlib import resources
from itertools import chain
from typing import Any

import marshmallow as ma
import yaml

from services.scheduler.domain.eligibility import EligibilityRules, Exemption, Regime, Requirement, Test
from services.scheduler.programmes.schema import BookSchema
from shared.errors import InvalidInputError, ParcoursError


class RuleBookError(ParcoursError):
    """Raised for a rule-book that breaks its schema: names file, key and rule."""

    code = "bad_rule_book"


class UnknownProgrammeError(InvalidInputError):
    """Raised for a programme that has no rule-book."""

    code = "unknown_programme"


class SignatureOutsideError(InvalidInputError):
    """Raised for a signature date on which this programme could not be signed."""

    code = "signature_outside_programme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """Rules that replace the programme's in some departments (none named: in all) or from and until some day."""

    note: str
    territories: tuple[str, ...]
    first: date | None
    last: date | None
    rules: Mapping[str, Any]
    sources: Mapping[str, str]

    def holds(self, territory: str, on: date) -> bool:
        here = not self.territories or territory in self.territories
        return here and (self.first is None or on >= self.first) and (self.last is None or on <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """One programme version. `rules` maps a dotted key to its value; `sources` the same key to its source or [A]."""

    code: str
    label: str
    note: str
    signable_from: date
    signable_until: date | None
    rules: Mapping[str, Any]
    sources: Mapping[str, str]
    eligibility: EligibilityRules
    amendments: tuple["Amendment", ...] = ()

    def at(self, territory: str, on: date) -> "RuleBook":
        """Return the rules that hold in a department for a contract signed on this day."""
        rules, sources = dict(self.rules), dict(self.sources)
        for amendment in self.amendments:
            if amendment.holds(territory, on):
                rules |= amendment.rules
                sources |= {key: f"{source} ({amendment.note})" for key, source in amendment.sources.items()}
        return replace(self, rules=rules, sources=sources, amendments=())

    def __getitem__(self, key: str) -> Any:
        return self.rules[key]

    def check_signable(self, day: date) -> None:
        """Raise SignatureOutsideError when nobody could sign this version on that day."""
        if day < self.signable_from or (self.signable_until is not None and day > self.signable_until):
            until = f" au {self.signable_until:%d/%m/%Y}" if self.signable_until else ""
            raise SignatureOutsideError(
                f"{self.code} se signe du {self.signable_from:%d/%m/%Y}{until}, pas le {day:%d/%m/%Y}"
            )

    def packages(self, level: str) -> tuple[str, ...]:
        """Return the course lengths, in hours as text, that this level may be prescribed; none where not owed."""
        return tuple(self["language.packages"].get(level, ()))

    @property
    def all_packages(self) -> tuple[str, ...]:
        """Every course length of the programme, longest first."""
        found = dict.fromkeys(chain.from_iterable(self["language.packages"].values()))
        return tuple(sorted(found, key=int, reverse=True))

    def permit_consequence(self, regime: str) -> str | None:
        """Return what the contract means for the permit under this regime; null where the rule is not known."""
        return next((one.permit_consequence for one in self.eligibility.regimes if one.regime == regime), None)

    def starts_at(self, slot: str) -> time:
        """Return the local time at which a half-day begins."""
        return time.fromisoformat(self["slot_starts"][slot])

    def quickest_days(self, minutes: int) -> int:
        """Return the fewest days in which so many minutes of language training can be followed."""
        a_week: int = self["language.hours_a_week_max"] * 60
        return -(-minutes // a_week) * 7


def codes() -> tuple[str, ...]:
    """Return the codes of the programmes that have a rule-book."""
    files = resources.files(__package__).iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


@cache
def rule_book(code: str) -> RuleBook:
    """Return the rule-book of a programme. Raises UnknownProgrammeError, RuleBookError."""
    if code not in codes():
        raise UnknownProgrammeError(f"no rule-book {code!r}; there are {', '.join(codes())}")
    return parse(f"{code}.yaml", resources.files(__package__).joinpath(f"{code}.yaml").read_text(encoding="utf-8"))


def parse(filename: str, text: str) -> RuleBook:
    """Read and validate a rule-book. Raises RuleBookError naming file, key and rule."""
    try:
        raw = yaml.safe_load(text)
        loaded = BookSchema().load(raw)
    except ma.ValidationError as error:
        faults = "; ".join(f"{key}: {message}" for key, message in _flat(error.messages))
        raise RuleBookError(f"{filename}: {faults}") from error
    except yaml.YAMLError as error:
        raise RuleBookError(f"{filename}: not YAML: {error}") from error
    book = _book(loaded)
    amendments = tuple(_amendment(filename, raw, one) for one in loaded["amendments"])
    return replace(book, eligibility=_eligibility(loaded["eligibility"]), amendments=amendments)


def _book(loaded: Mapping[str, Any]) -> RuleBook:
    leaves = dict(_leaves("", {key: loaded[key] for key in loaded if key not in {"eligibility", "amendments"}}))
    return RuleBook(
        **{name: loaded[name] for name in ("code", "label", "note", "signable_from", "signable_until")},
        rules={key: leaf["value"] for key, leaf in leaves.items()},
        sources={key: leaf["source"] for key, leaf in leaves.items()},
        eligibility=EligibilityRules((), (), ()),
    )


def _amendment(filename: str, raw: Mapping[str, Any], one: Mapping[str, Any]) -> Amendment:
    """Return an amendment after checking that the book is still a good one with its rules put in."""
    changed = _merged(raw, one["rules"])
    try:
        book = _book(BookSchema().load(changed))
    except ma.ValidationError as error:
        faults = "; ".join(f"{key}: {message}" for key, message in _flat(error.messages))
        raise RuleBookError(f"{filename}: amendments, {one['note']}: {faults}") from error
    unknown = sorted(set(one["rules"]) - set(book.rules))
    if unknown:
        raise RuleBookError(f"{filename}: amendments, {one['note']}: {unknown[0]}: no such rule")
    return Amendment(
        note=one["note"],
        territories=tuple(one["territories"]),
        first=one["first"],
        last=one["last"],
        rules={key: book.rules[key] for key in one["rules"]},
        sources={key: book.sources[key] for key in one["rules"]},
    )


def _merged(raw: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return the raw book with these dotted rules in the place of its own."""
    found = copy.deepcopy({key: value for key, value in raw.items() if key != "amendments"})
    for key, rule in rules.items():
        node = found
        *sections, last = key.split(".")
        for section in sections:
            node = node.setdefault(section, {})
        node[last] = rule
    return found


def _eligibility(loaded: Mapping[str, Any]) -> EligibilityRules:
    def tests(conditions: Mapping[str, Any]) -> tuple[Test, ...]:
        return tuple(Test(fact=fact, **bounds) for fact, bounds in conditions.items())

    def common(one: Mapping[str, Any]) -> dict[str, Any]:
        words = {name: one[name] for name in ("id", "says", "source")}
        return words | {"when": tests(one["when"]), "otherwise": tests(one["otherwise"])}

    return EligibilityRules(
        exemptions=tuple(Exemption(**common(one)) for one in loaded["exemptions"]),
        requirements=tuple(Requirement(**common(one)) for one in loaded["requirements"]),
        regimes=tuple(
            Regime(**common(one), regime=one["regime"], permit_consequence=one["permit_consequence"])
            for one in loaded["regimes"]
        ),
    )


def _leaves(path: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in node.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value.keys() == {"value", "source"}:
            yield name, value
        elif isinstance(value, dict):
            yield from _leaves(name, value)


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    else:
        for message in messages:
            yield path, str(message)

"""
How many will not finish in time: an aggregate for capacity, never about one person.

A plain model, learnt from what was attended: absence by weeks since entry, in courses that differ from each other and
show it as they go (beta-binomial), and a hazard of coming no more at all. It answers with counts and an interval, and
for few people it does not answer.
"""

__all__ = ["BANDS", "Course", "Expected", "Rates", "band_of", "expect", "learn"]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp as e_to
from math import lgamma, log, sqrt

BANDS = (0, 4, 8, 16)  # weeks since entry at which a band begins
PRIOR = (2.0, 10.0)  # [A] absences and presences that are believed before any is seen: one in six
GONE = 8  # [A] half-days missed in a row to the end of what is known: somebody who came no more
STOPS = (0.5, 500)  # [A] what is believed before anything is seen: one in a thousand half-days
SPREAD = 0.08  # [A] how much people differ: 0 all the same, 1 each always or never absent
FEWEST = 10  # [A] people, below which an aggregate would speak of persons
SHOCK = 0.05  # [A] what all share and nobody knows (strikes, weather, holidays), as a share of the expected count
NINETY = 1.645  # standard deviations of a two-sided 90 % interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """
    Share of half-days missed, by band of weeks since entry, of those who still come; `half_days` were learnt from.

    `stops` is the chance, at each half-day, that somebody comes no more.
    """

    missed: Mapping[int, float]
    stops: float
    half_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One training in progress, without a name: what is missing, the half-days until the term, those held so far."""

    missing: int  # minutes until it is complete: the hours owed, or enough of a course that ends by the term
    ahead: Sequence[tuple[int, int]]  # (band, minutes)
    came: int = 0  # half-days
    missed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How many of `people` will not finish by their term: expected, and from `low` to `high` nine times in ten."""

    people: int
    unfinished: float
    low: int
    high: int


def band_of(weeks: int) -> int:
    """Return the band in which so many weeks since entry fall."""
    return max(start for start in BANDS if start <= max(0, weeks))


def learn(courses: Iterable[Sequence[tuple[int, bool]]]) -> Rates:
    """Return the rates that courses show; each is its signed half-days in order, as (weeks since entry, missed)."""
    seen = {band: [0, 0] for band in BANDS}
    exposed = stopped = held = 0
    for course in courses:
        held += len(course)
        last = max((index for index, (_, missed) in enumerate(course) if not missed), default=-1)
        gone = len(course) - 1 - last >= GONE
        attended = course[: last + 1] if gone else course
        exposed, stopped = exposed + len(attended), stopped + gone
        for weeks, missed in attended:
            seen[band_of(weeks)][missed] += 1
    absent, present = PRIOR
    rates = {band: (missed + absent) / (came + missed + absent + present) for band, (came, missed) in seen.items()}
    return Rates(missed=rates, stops=(stopped + STOPS[0]) / (exposed + STOPS[1]), half_days=held)


def expect(rates: Rates, courses: Sequence[Course]) -> Expected | None:
    """Return how many will not finish; None for too few people, of whom nothing is said."""
    if len(courses) < FEWEST:
        return None
    chances = [_unfinished(rates, course) for course in courses]
    mean = sum(chances)
    spread = sqrt(sum(chance * (1 - chance) for chance in chances) + (SHOCK * mean) ** 2)
    low, high = max(0, round(mean - NINETY * spread)), min(len(courses), round(mean + NINETY * spread))
    return Expected(people=len(courses), unfinished=round(mean, 1), low=low, high=high)


def _unfinished(rates: Rates, course: Course) -> float:
    """Return the chance that a course misses its hours: only ever added up."""
    if course.missing <= 0:
        return 0.0
    planned = sum(minutes for _, minutes in course.ahead)
    if planned < course.missing:
        return 1.0
    spare = planned - course.missing
    half_days = len(course.ahead)
    affordable = min(half_days, spare * half_days // planned)
    absent = sum(rates.missed[band] for band, _ in course.ahead) / half_days
    belief = 1 / SPREAD - 1  # half-days of its own that weigh as much as what is usual
    weights = (absent * belief + course.missed, (1 - absent) * belief + course.came)
    needed = half_days - affordable
    return 1.0 - (1 - rates.stops) ** needed * _at_most(affordable, half_days, weights)


def _at_most(most: int, half_days: int, weights: tuple[float, float]) -> float:
    """Return the chance of at most so many absences in so many half-days (beta-binomial, absent and present)."""
    absent, present = weights
    strength = absent + present
    log_beta = lgamma(absent) + lgamma(present) - lgamma(strength)
    chance = 0.0
    for missed in range(most + 1):
        ways = lgamma(half_days + 1) - lgamma(missed + 1) - lgamma(half_days - missed + 1)
        came = half_days - missed
        log_chance = lgamma(missed + absent) + lgamma(came + present) - lgamma(half_days + strength) - log_beta
        chance += e_to(ways + log_chance) if ways + log_chance > log(1e-300) else 0.0
    return min(1.0, chance)

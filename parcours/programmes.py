"""
The programmes side by side: one month of people and one offer, planned under each rule-book. Deterministic.

The people and the offer are drawn once. Each rule-book then says what these people owe and how they are planned, as if
it could be signed on these days; what differs in the table differs by the rules alone.
"""

__all__ = ["Side", "command", "page", "side_by_side"]

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from parcours.sample.generator import SampleMonth, generate_month
from parcours.sample.people import course_under
from parcours.sample.problem import problem_of
from services.scheduler.domain.comparison import cost_cents
from services.scheduler.domain.fairness import fairness
from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import Problem, Training
from services.scheduler.domain.view import View
from services.scheduler.programmes import RuleBook, codes, rule_book

DRAWN_UNDER = "cir-2019"  # the rule-book under which people and offer are drawn
HEADS = (
    "programme", "people", "needs", "placed", "civic groups", "language groups", "hours taught", "median wait (days)",
    "euros", "extensions forecast",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one programme comes to. Hours are those of all new groups, euros what the orders pay for the seats."""

    programme: str
    people: int
    needs: int
    placed: int
    civic_groups: int
    language_groups: int
    hours: int
    wait_days: int | None
    euros: int
    extensions: int


def side_by_side(territory: str, people: int, month: date, seed: int, work_limit: int) -> Iterator[Side]:
    """Yield one row a programme, in the order of their codes; raises the sample generator's errors."""
    from services.scheduler.solver import solve

    drawn = generate_month(territory, people, month, seed, DRAWN_UNDER)
    for code in codes():
        problem = problem_of(_under(drawn, rule_book(code)), _signable)
        yield _side(problem, solve(problem, work_limit=work_limit))


def command(territory: str, people: int, month: date, seed: int, work_limit: int) -> str:
    """Return the command that gives this table."""
    asked = f"--territory {territory} --people {people} --month {month:%Y-%m} --seed {seed} --work-limit {work_limit}"
    return f"parcours programme compare {asked} --out docs/programmes.md"


def page(sides: list[Side], made_by: str) -> str:
    """Return the page of docs/."""
    rows = [
        (
            one.programme,
            one.people,
            one.needs,
            one.placed,
            one.civic_groups,
            one.language_groups,
            one.hours,
            "–" if one.wait_days is None else one.wait_days,
            one.euros,
            one.extensions,
        )
        for one in sides
    ]
    lines = [f"| {' | '.join(HEADS)} |", f"|---|{'---:|' * (len(HEADS) - 1)}"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    table = "\n".join(lines)
    return f"""# Programmes side by side
The same invented people and the same offer, planned under each rule-book as if it could be signed on these days.
Written by

    {made_by}

which gives the same table on every machine; with another seed, another month of people.

{table}

- **needs**: civic days and courses that the rule-book owes to these people, and that are planned. Under `cir-2025` a
  course is given in person at the lowest level only; the others follow the platform, which is not scheduled.
- **hours taught**: of all groups together; **median wait**: from signature to the first session placed.
- **euros**: what the orders pay for all seats, at the prices of this offer; the platform, rooms, trainers and
  interpreters have no price in it.
- **extensions forecast**: courses with a seat that would end after the term.
"""


def _under(drawn: SampleMonth, book: RuleBook) -> SampleMonth:
    """Return the same month as this rule-book would have prescribed it."""
    rows = []
    for row in drawn.signatories:
        course = course_under(str(row["niveau"]), str(row["formation_linguistique"]), book)
        regime = row["regime"] if row["regime"] in book["regimes"] else book["regimes"][0]
        rows.append(row | {"programme": book.code, "formation_linguistique": course, "regime": regime})
    return replace(drawn, programme=book.code, signatories=rows)


def _signable(code: str) -> RuleBook:
    """Return a rule-book as if it could be signed on any day."""
    return replace(rule_book(code), signable_from=date.min, signable_until=None)


def _side(problem: Problem, plan: Plan) -> Side:
    view = View(problem, plan)
    (everybody,) = fairness(problem, plan)["all"]
    late = next(part for tier in plan.tiers for part in tier.parts if part.name == "late_contract")
    return Side(
        programme=problem.programme,
        people=len(problem.people),
        needs=len(problem.needs),
        placed=len(plan.placements),
        civic_groups=sum(1 for one in view.new_sessions if one.training is Training.CIVIC),
        language_groups=sum(1 for one in view.new_sessions if one.training is Training.LANGUAGE),
        hours=sum(meeting.minutes for one in view.new_sessions for meeting in one.meetings) // 60,
        wait_days=everybody.median_wait_days,
        euros=(cost_cents(view) + 50) // 100,
        extensions=late.quantity,
    )

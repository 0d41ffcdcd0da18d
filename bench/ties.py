"""
The tie-break study: does it pay to stand first in the file?

In months of 200 people for whom half was ordered, twenty people get a twin who is alike in everything but the id and is
listed right after them.
Each month is planned with a fixed amount of work. Of the twins that were not treated alike, how often was the first
one better off: seated where the other was not, or seated earlier? By chance it is one half.
`python bench/ties.py [MONTHS]`, about 6 seconds a month; `--by-file` turns the drawing of lots off, to compare.
"""

import sys
from dataclasses import replace
from math import comb
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import instances

from services.scheduler.solver import facts, solve

TWINS, WORK, PEOPLE, ORDERED_PERCENT = 20, 20, 200, 50


def with_twins(problem):
    """Give some people a twin, listed behind them."""
    doubled = {one.id for one in problem.people[:: len(problem.people) // TWINS][:TWINS]}
    people, needs = [], []
    for one in problem.people:
        people.append(one)
        if one.id in doubled:
            people.append(replace(one, id=f"{one.id}-twin"))
    for need in problem.needs:
        needs.append(need)
        if need.person in doubled:
            needs.append(replace(need, id=f"{need.id}-twin", person=f"{need.person}-twin"))
    lots = tuple(replace(lot, ordered=lot.ordered * ORDERED_PERCENT // 100) for lot in problem.lots)
    return replace(problem, people=tuple(people), needs=tuple(needs), lots=lots), sorted(doubled)


def main():
    months = int(next((one for one in sys.argv[1:] if one.isdigit()), "30"))
    if "--by-file" in sys.argv:
        facts.lot = lambda *_: b""
    first = second = alike = 0
    for seed in range(1, months + 1):
        problem, doubled = with_twins(instances.instance("whole", PEOPLE, "normal", seed))
        plan = solve(problem, work_limit=WORK)
        joined = {one.need: one.joins_on.toordinal() for one in plan.placements}
        for person in doubled:
            mine = [joined.get(need.id, 1 << 30) for need in problem.needs if need.person == person]
            other = [joined.get(f"{need.id}-twin", 1 << 30) for need in problem.needs if need.person == person]
            if sum(mine) == sum(other):
                alike += 1
            elif sum(mine) < sum(other):
                first += 1
            else:
                second += 1
    told = first + second
    extreme = max(first, second)
    tail = sum(comb(told, k) for k in range(extreme, told + 1)) / 2**told if told else 1.0
    print(
        f"{months} months, {alike} pairs alike, {told} not: first listed better {first}, second listed better {second}"
    )
    print(f"chance of a split at least so uneven by lot: {min(1.0, 2 * tail):.3f}")


if __name__ == "__main__":
    main()

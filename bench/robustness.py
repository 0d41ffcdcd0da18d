"""
What over-booking and kept seats buy, by simulation.

A department receives 200 people a month for four months. Each month is planned on top of what is published. Some who
are told never come [A: 12 %], and for some the level was wrong [A: 15 %]: they leave their course at its first meeting
and owe the next lower or higher one. Both come back as needs of the next month. The rules are cir-2019's but for the
numbers tried. `python bench/robustness.py [SEEDS]`, about four minutes a seed.
"""

import sys
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from statistics import mean

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import instances
from rich.console import Console
from rich.table import Table

from parcours.sample.generator import generate_month
from parcours.sample.problem import problem_of
from services.scheduler.domain.days import add_months
from services.scheduler.domain.problem import Training
from services.scheduler.solver import solve

TERRITORY, PEOPLE, FIRST, MONTHS, SECONDS = "93", 200, date(2025, 3, 1), 4, 8
NEVER_COME, WRONG_LEVEL = 0.12, 0.15
# civic and language: people asked beyond the seats, seats kept
SETTINGS = {
    "none": ((0, 0), (0, 0)),
    "over-booked": ((3, 0), (2, 0)),
    "seats kept": ((0, 3), (0, 2)),
    "both": ((3, 3), (2, 2)),
}


class Department:
    """What stands, and what became of it."""

    def __init__(self, setting, seed):
        self.setting, self.seed = setting, seed
        self.sessions, self.placements, self.needs, self.people = {}, {}, {}, {}
        self.opened, self.done, self.offer = set(), set(), None
        self.counts = Counter()
        self.waits = {Training.CIVIC: [], Training.LANGUAGE: []}

    def month(self, number):
        problem = problem_of(generate_month(TERRITORY, PEOPLE, add_months(FIRST, number), self.seed, "cir-2019"))
        self.let_begin(problem.today, problem)
        fresh = {need.id: need for need in problem.needs if need.id not in self.needs}
        self.people |= {one.id: one for one in problem.people}
        self.needs |= fresh
        needs = tuple(need for need in self.needs.values() if need.id in self.placements or need.id not in self.done)
        seats = tuple(self.placements.values())
        (civic_over, civic_kept), (language_over, language_kept) = self.setting
        rules = problem.rules
        offer = self.offer = self.offer or problem  # the same all the time, ordered for all months at once
        problem = instances.on_top(
            problem,
            offer,
            people=self.people.values(),
            needs=needs,
            sessions=self.sessions.values(),
            placements=seats,
            begun=self.opened,
        )
        problem = replace(
            problem,
            lots=tuple(replace(lot, ordered=MONTHS * lot.ordered) for lot in offer.lots),
            rules=replace(
                rules,
                civic_size=replace(rules.civic_size, overbooked=civic_over, kept=civic_kept),
                language_size=replace(rules.language_size, overbooked=language_over, kept=language_kept),
            ),
        )
        plan = solve(problem, limit=timedelta(seconds=SECONDS))
        used = {one.session for one in plan.placements}
        self.sessions = {one.id: one for one in plan.sessions if one.id in used}
        self.placements = {one.need: one for one in plan.placements}
        self.counts["left out, last month"] = len(plan.unplaced)

    def let_begin(self, today, problem):
        """Let every group that has begun find out who came, and at which level."""
        rooms = {room.id: room.seats for room in problem.rooms}
        sizes = {Training.CIVIC: problem.rules.civic_size, Training.LANGUAGE: problem.rules.language_size}
        for session in self.sessions.values():
            if session.id in self.opened or session.meetings[0].day >= today:
                continue
            self.opened.add(session.id)
            seated = [one for one in self.placements.values() if one.session == session.id]
            came = set()
            for placement in seated:
                need = self.needs[placement.need]
                luck = Random(f"{self.seed}/{need.person}/{session.training.value}/{self.counts['groups']}")
                if luck.random() < NEVER_COME:
                    self.leave(placement, need, need.part)
                    continue
                came.add(need.person)
                waited = (placement.joins_on - self.people[need.person].signed_on).days
                self.waits[session.training].append(waited)
                if session.training is Training.LANGUAGE and luck.random() < WRONG_LEVEL:
                    names = sorted((one.name for one in problem.rules.packages), key=int)
                    place = names.index(need.part)
                    other = (
                        names[place + 1]
                        if place == 0 or (place + 1 < len(names) and luck.random() < 0.5)
                        else names[place - 1]
                    )
                    self.leave(placement, need, other, problem.rules.package_minutes(other))
            seats = min(sizes[session.training].maximum, rooms.get(session.room, 99))
            self.counts["groups"] += 1
            self.counts["seats"] += seats
            self.counts["came"] += len(came)
            self.counts["empty"] += max(0, seats - len(came))
            self.counts["too many"] += max(0, len(came) - seats)

    def leave(self, placement, need, part, minutes=None):
        del self.placements[placement.need]
        self.done.add(need.id)
        again = f"{need.id}+"
        new = replace(need, id=again, part=part, minutes=need.minutes if minutes is None else minutes)
        self.needs[again] = replace(new, again=True) if new.training is Training.CIVIC else new


def run(setting, seed):
    place = Department(setting, seed)
    for number in range(MONTHS):
        place.month(number)
    return place


def main():
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    table = Table(
        "setting", "groups begun", "came", "empty seats %", "beyond the seats", "civic wait", "course wait", "left out"
    )
    for name, setting in SETTINGS.items():
        places = [run(setting, seed) for seed in range(1, seeds + 1)]
        total = sum((place.counts for place in places), Counter())
        wait = {one: mean(day for place in places for day in place.waits[one]) for one in Training}
        table.add_row(
            name, str(total["groups"]), str(total["came"]), f"{100 * total['empty'] / total['seats']:.1f}",
            str(total["too many"]), f"{wait[Training.CIVIC]:.1f}", f"{wait[Training.LANGUAGE]:.1f}",
            str(total["left out, last month"]),
        )  # fmt: skip
    Console(width=130).print(table)


if __name__ == "__main__":
    main()

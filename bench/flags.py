"""
Flags against what really happened, on a generated year whose people behave otherwise than the model believes.

On synthetic data only: it shows that the arithmetic does what it says, not how people behave. At sixty days before the
term each contract is looked at: who can finish no more by arithmetic (found here by trying, independently of the
service's rules) has to be flagged, all of them. Of the others, who did not finish is to be found with at least seven
right in ten flagged; beside it stand two baselines at their own best threshold. The aggregate outlook is learnt on one
half of the cohorts and counted on the other.
"""

import argparse
import json
import random
import sys
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid5

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from services.attendance.domain.following import (
    Ahead,
    ContractFacts,
    OwedTraining,
    Pattern,
    Seat,
    Tally,
    flags_of,
    follow,
    outcome,
)
from services.attendance.domain.outlook import Course, band_of, expect, learn

SPACE = UUID(int=7)
LOOK = 60  # days before the term
PRECISION = 0.7
AGENTS = 4  # of a territory with so many contracts: DOMAIN's staff is not known, an assumption of this study
# None of these numbers is the service's or the sample's: people, waits and weeks of this year are others.
WEEKLY_HALF_DAYS = {100: (2, 3, 4), 200: (3, 4, 6), 400: (5, 6, 8), 600: (6, 8, 10)}  # up to two a day
COURSES = (100, 200, 400, 600)  # hours
HALF_DAY = 180  # minutes
ASSIDUITY = 80


@dataclass
class Life:
    """One contract as it was lived: everything that the year brings, known to the generator only."""

    facts: ContractFacts
    course: OwedTraining
    joins_on: date | None
    days: list[date] = field(default_factory=list)
    came: list[bool] = field(default_factory=list)

    @property
    def ends_on(self):
        return self.days[-1] if self.days else None

    def until(self, day):
        return sum(one < day for one in self.days)

    def finished(self):
        """Say whether the course was complete by the term, by the rule of the service on all that happened by then."""
        held = self.until(self.facts.term_on + timedelta(days=1))
        tally = Tally(sum(self.came[:held]) * HALF_DAY, held * HALF_DAY)
        ahead = [Ahead(day, 0, HALF_DAY) for day in self.days[held:]]
        one = follow(
            self.course,
            tally,
            ahead,
            self.seats(),
            today=self.facts.term_on,
            term_on=self.facts.term_on,
            assiduity_percent=ASSIDUITY,
        )
        ended = bool(self.days) and self.ends_on <= self.facts.term_on
        return outcome(self.facts, "language", [one], ended=ended) == "completed"

    def seats(self):
        if not self.days:
            return []
        return [
            Seat(
                placement_id=self.facts.id, session_id=self.facts.id, training="language", part=self.course.part,
                joins_on=self.joins_on, ends_on=self.ends_on,
            )
        ]  # fmt: skip


def _rules(life, today):
    return {"today": today, "term_on": life.facts.term_on, "assiduity_percent": ASSIDUITY}


def generate(people, seed):
    """Yield contracts with waits, paces and absences of a year that no parameter of the service describes."""
    draw = random.Random(seed)
    for n in range(people):
        signed = date(2024, 1, 8) + timedelta(days=draw.randrange(330))
        hours = draw.choices(COURSES, (3, 4, 2, 1))[0]
        course = OwedTraining(
            training="language", part=str(hours), minutes=hours * 60, quickest_days=max(7, hours * 7 // 30)
        )
        facts = ContractFacts(
            id=uuid5(SPACE, f"contract {seed} {n}"), signatory_id=uuid5(SPACE, f"person {seed} {n}"), signed_on=signed,
            term_on=signed + timedelta(days=364), state="running", civic_days_required=3, assiduity_percent=ASSIDUITY,
            review_lead_days=LOOK, unexplained_in_a_row=4, owed=(course,),
        )  # fmt: skip
        yield live(facts, course, draw)


def live(facts, course, draw):
    """Return a life: a wait (some for good), a rhythm, spells away, and for some an end of coming."""
    if draw.random() < 0.04:
        return Life(facts, course, None)
    wait = int(draw.lognormvariate(3.6, 0.9))  # days; a long tail
    joins = facts.signed_on + timedelta(days=14 + wait)
    rhythm = draw.choice(WEEKLY_HALF_DAYS[int(course.part)])
    spare = 1 + draw.choice((0, 0.05, 0.15))  # some groups offer more than the hours owed
    count = int(course.minutes * spare / HALF_DAY) + 1
    days, day = [], joins
    while len(days) < count:
        if day.weekday() < 5 and not (day.month == 8 and day.day < 16):
            days += [day] * (rhythm // 5 + (day.weekday() < rhythm % 5))
        day += timedelta(days=1)
    steady = draw.betavariate(1.2, 12)  # own share of absence
    leaves = draw.randrange(count) if draw.random() < 0.07 else count  # never comes again from there on
    came, spell = [], 0
    for index, held in enumerate(days):
        if spell == 0 and draw.random() < 0.006:
            spell = draw.randrange(3, 16)  # a spell away: illness, work, a journey
        winter = 1.6 if held.month in {12, 1} else 1.0
        absent = index >= leaves or spell > 0 or draw.random() < min(0.9, steady * winter)
        spell = max(0, spell - 1)
        came.append(not absent)
    return Life(facts, course, joins, days, came)


def seen_at(life, day):
    """Return what attendance knows of a contract on a day, and the flags that it raises."""
    held = life.until(day)
    placed = life.joins_on is not None and life.joins_on - timedelta(days=30) <= day  # told a month before
    seats = life.seats() if placed else []
    ahead = [Ahead(one, 0, HALF_DAY) for one in life.days[held:]] if placed else []
    tally = Tally(sum(life.came[:held]) * HALF_DAY, held * HALF_DAY, 0, 0)
    one = follow(life.course, tally, ahead, seats, **_rules(life, day))
    trail = []
    for index in reversed(range(held)):
        if life.came[index]:
            break
        trail.append((life.days[index], uuid5(SPACE, f"mark {life.facts.id} {index}")))
    return one, flags_of(life.facts, [one], (), day, pattern=Pattern(tuple(reversed(trail))))


def impossible(life, day):
    """Say by trying whether the course can be complete no more: all attended, or the quickest new seat."""
    held, term = life.until(day), life.facts.term_on
    placed = life.joins_on is not None and life.joins_on - timedelta(days=30) <= day
    followed = sum(life.came[:held]) * HALF_DAY
    best = followed
    if placed:
        for one in life.days[held:]:
            best += HALF_DAY if one <= term else 0
    if best >= life.course.minutes:
        return False
    if placed and life.ends_on <= term:
        offered = len(life.days) * HALF_DAY
        if (followed + (len(life.days) - held) * HALF_DAY) * 100 >= ASSIDUITY * offered:
            return False
    return followed + life.course.minutes * (term - day).days / life.course.quickest_days < life.course.minutes


def best_recall(scored):
    """Return (recall, precision, flagged) of the threshold that finds most with at least the wanted precision."""
    scored = sorted(scored, key=lambda one: -one[0])
    wanted = sum(bad for _, bad in scored)
    best, right = (0.0, 1.0, 0), 0
    for flagged, (score, bad) in enumerate(scored, start=1):
        right += bad
        last_of_its_score = flagged == len(scored) or scored[flagged][0] != score
        if last_of_its_score and right / flagged >= PRECISION and right / max(1, wanted) > best[0]:
            best = (right / max(1, wanted), right / flagged, flagged)
    return best


def study(lives):
    """Return recall and precision of the flags and of the two baselines at sixty days before the term."""
    rows, missed_impossible, impossible_count = [], 0, 0
    for life in lives:
        day = life.facts.term_on - timedelta(days=LOOK)
        one, flags = seen_at(life, day)
        kinds = {flag.kind for flag in flags}
        finished = life.finished()
        if impossible(life, day):
            impossible_count += 1
            missed_impossible += not kinds & {"impossible_before_term", "no_seat_before_term"}
            continue
        elapsed = (day - life.facts.signed_on).days
        share = one.followed / one.owed.minutes
        pace = share * 365 / elapsed  # straight line from the signature to the term
        margin = (life.facts.term_on - one.ends_last).days if one.ends_last else -1000  # own pace in the timetable
        rows.append((not finished, -margin, -share, -pace, bool(kinds)))
    bad = sum(one[0] for one in rows)
    raised = [one for one in rows if one[4]]
    return {
        "contracts": len(rows) + impossible_count,
        "impossible_at_60_days": impossible_count,
        "impossible_not_flagged": missed_impossible,
        "others": len(rows),
        "others_unfinished": bad,
        "flags_as_raised": {
            "flagged": len(raised),
            "recall": round(sum(one[0] for one in raised) / max(1, bad), 3),
            "precision": round(sum(one[0] for one in raised) / max(1, len(raised)), 3),
        },
        "recall_at_precision": {
            name: dict(zip(("recall", "precision", "flagged"), (round(value, 3) for value in found), strict=True))
            for name, found in (
                ("own pace in the timetable", best_recall([(one[1], one[0]) for one in rows])),
                ("share followed (50 % and the like)", best_recall([(one[2], one[0]) for one in rows])),
                ("straight-line pace", best_recall([(one[3], one[0]) for one in rows])),
            )
        },
        "under_50_percent": _plain(rows, lambda one: one[2] > -0.5),
        "straight_line_late": _plain(rows, lambda one: one[3] > -1.0),
    }


def _plain(rows, rule):
    flagged = [one for one in rows if rule(one)]
    right, bad = sum(one[0] for one in flagged), sum(one[0] for one in rows)
    return {
        "flagged": len(flagged), "recall": round(right / max(1, bad), 3),
        "precision": round(right / max(1, len(flagged)), 3),
    }  # fmt: skip


def workload(lives):
    """Return how many flags open in a week for each of a few agents, over the year in which these contracts run."""
    open_before, opened, weeks = {}, 0, 0
    day = date(2024, 6, 3)
    while day < date(2025, 6, 2):
        weeks += 1
        for life in lives:
            if not life.facts.signed_on <= day <= life.facts.term_on:
                continue
            kinds = {flag.kind for flag in seen_at(life, day)[1]}
            opened += len(kinds - open_before.get(life.facts.id, set()))
            open_before[life.facts.id] = kinds
        day += timedelta(days=7)
    return round(opened / weeks / AGENTS, 1)


def outlook_study(lives, others):
    """Return how often the interval of the aggregate held, learnt on `lives`, month by month on `others`."""
    rates = learn(
        [((held - life.days[0]).days // 7, not came) for held, came in zip(life.days, life.came, strict=True)]
        for life in lives
    )
    rows = []
    for month in range(4, 11):
        day = date(2024, month, 1)
        running = [
            life for life in others if life.days and life.days[0] <= day <= min(life.ends_on, life.facts.term_on)
        ]
        courses, missed = [], 0
        for life in running:
            held = life.until(day)
            ahead = [
                (band_of((one - life.days[0]).days // 7), HALF_DAY)
                for one in life.days[held:]
                if one <= life.facts.term_on
            ]
            so_far = sum(life.came[:held])
            missing = life.course.minutes - so_far * HALF_DAY
            if life.ends_on <= life.facts.term_on:
                missing = min(missing, -(-ASSIDUITY * len(life.days) * HALF_DAY // 100) - so_far * HALF_DAY)
            courses.append(Course(missing=missing, ahead=ahead, came=so_far, missed=held - so_far))
            missed += not life.finished()
        expected = expect(rates, courses)
        if expected:
            rows.append(
                {
                    "on": str(day),
                    "courses": expected.people,
                    "expected": expected.unfinished,
                    "low": expected.low,
                    "high": expected.high,
                    "happened": missed,
                    "held": expected.low <= missed <= expected.high,
                }
            )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    results = []
    for seed in range(1, options.seeds + 1):
        lives = list(generate(options.people, seed))
        found = study(lives)
        found["flags_per_agent_and_week"] = workload(lives[: options.people // 3])
        found["outlook"] = outlook_study(lives, list(generate(options.people, seed + 100)))
        results.append({"seed": seed} | found)
        print(json.dumps({key: value for key, value in results[-1].items() if key != "outlook"}, indent=1))
        for row in found["outlook"]:
            print(row)
    told = {"label": "on synthetic data only", "agents": AGENTS, "look_days": LOOK, "seeds": results}
    path = ROOT / "bench" / "results" / "flags.json"
    path.write_text(json.dumps(told, indent=1) + "\n")
    print(f"on synthetic data only; written to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

"""
The demonstration: a department's month from files to follow-up, then a simulated year, through the HTTP APIs only.

Everything that a person would do is done through the same door: files are sent, a plan is asked for and published, the
roll is taken half-day by half-day by the training bodies, absences are qualified by a named OFII agent. Only the
clock and the people's behaviour (parcours/sample/behaviour.py, DOMAIN's absence parameters) are simulated.
"""

__all__ = ["Demo", "DemoPlan", "Summary"]

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from parcours.sample.behaviour import Behaviour
from parcours.wire import DemoError, Door, Stage
from shared.ids import derived_id

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
PLAN_SECONDS = 12
REPLAN_SECONDS = 3
REPLAN_WEEKS = (8,)  # missed days and people without a place are planned again
BUSY_WEEKS = 10  # the first weeks are followed week by week, the rest of the year by fortnights
AGENT_WEEKS = 12  # how often an OFII agent looks at absences
ABSENCES_TO_LOOK_AT = 6  # [A] the agent looks at people with so many absences that nobody has looked at
PEOPLE_TO_LOOK_AT = 25  # [A] and at so many people each time: whoever has most absences first
ROLLS_AT_ONCE = 50
RUN_WAIT_SECONDS = 600

Report = Callable[[str, float], None]  # phase, share done


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """What to demonstrate: which shipped month, under which programme, and how long the year is."""

    folder: Path
    territory: str
    programme: str
    published_on: date
    weeks: int = 52
    seed: int = 1

    @classmethod
    def of(cls, programme: str, weeks: int = 52) -> "DemoPlan":
        """Return the demonstration of a programme's shipped month."""
        if programme == "cir-2025":
            folder, day = SAMPLES / "93-2026-01-cir-2025", date(2026, 2, 2)
        else:
            folder, day = SAMPLES / "93-2025-03-cir-2019", date(2025, 4, 1)
        return cls(folder=folder, territory="93", programme=programme, published_on=day, weeks=weeks)


@dataclass(slots=True)
class Summary:
    """What the demonstration found; `as_json` is its last line."""

    numbers: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**self.numbers, "seconds": {phase: round(value, 1) for phase, value in self.seconds.items()}}


class Demo:
    """Runs a demonstration on a stage, as its planner, its training bodies and its administrator."""

    def __init__(
        self, plan: DemoPlan, stage: Stage, passwords: dict[str, str], report: Report = lambda _phase, _share: None
    ) -> None:
        self._plan = plan
        self._stage = stage
        self._report = report
        client = stage.client()
        self._planner = Door(client, "planner", passwords["planner"])
        self._admin = Door(client, "admin", passwords["admin"])
        self._bodies = {
            login: Door(client, login, password) for login, password in passwords.items() if login.startswith("body-")
        }
        self._behaviour = Behaviour(plan.seed)
        self._starts: dict[tuple[str, str], date] = {}  # (reference, training) -> first meeting
        self._followed: Counter[str] = Counter()  # language half-days by reference
        self._early: set[str] = set()
        self.summary = Summary()

    def run(self) -> Summary:
        """Run everything from import to the end of the year; return the summary."""
        self._set_clock(_at(self._plan.published_on, 9))
        with self._phase("import"):
            self._import_files()
        with self._phase("plan"):
            run = self._plan_and_publish(PLAN_SECONDS, "first")
        with self._phase("tell"):
            self._stage.drain(self._admin)
            self._count_needs(run)
        with self._phase("again"):
            self._do_it_again()
        with self._phase("year"):
            self._live_a_year()
        with self._phase("summary"):
            self._summarise()
        return self.summary

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        self._report(name, 0.0)
        yield
        self._report(name, 1.0)
        self.summary.seconds[name] = time.monotonic() - begun

    def _set_clock(self, instant: datetime) -> None:
        self._stage.clock.set(instant)

    # --- the month ------------------------------------------------------------------------------------------------

    def _import_files(self) -> list[dict[str, Any]]:
        reports = []
        for kind, filename in (("offer", "offre.xlsx"), ("intake", "signataires.xlsx")):
            path = self._plan.folder / filename
            with path.open("rb") as file:
                reports.append(
                    self._planner.post(
                        "/planning/api/v1/imports",
                        params={"territory": self._plan.territory, "kind": kind},
                        files={"file": (filename, file)},
                    )
                )
        self.summary.numbers.setdefault("imported", reports[1]["accepted"])
        self.summary.numbers.setdefault("refused_rows", sum(report["refused"] for report in reports))
        return reports

    def _plan_and_publish(self, seconds: int, name: str) -> dict[str, Any]:
        run_id = derived_id("demo run", self._plan.folder.name, name)
        path = f"/planning/api/v1/runs/{run_id}"
        body = {"territory": self._plan.territory, "programme": self._plan.programme, "seconds": seconds}
        self._planner.put(path, body)
        run = self._wait_for(path, seconds)
        self._planner.post(f"{path}/publication")
        return run

    def _wait_for(self, path: str, seconds: int) -> dict[str, Any]:
        limit = time.monotonic() + RUN_WAIT_SECONDS
        begun = time.monotonic()
        while time.monotonic() < limit:
            self._stage.run_jobs()
            run: dict[str, Any] = self._planner.get(path)
            if run["job"] in {"failed", "cancelled"}:
                raise DemoError(f"the plan run {run['job']}: {run['error']}")
            if run["state"] != "asked":
                return run
            self._report("plan", min(0.95, (time.monotonic() - begun) / (seconds + 10)))
        raise DemoError(f"no plan after {RUN_WAIT_SECONDS} s")

    def _count_needs(self, run: dict[str, Any]) -> None:
        needs = self._planner.items("/planning/api/v1/needs", territory=self._plan.territory)
        states = Counter(need["state"] for need in needs)
        reasons = Counter(need["reason"]["code"] for need in needs if need["state"] == "unplaced")
        unanswered = [
            need["id"]
            for need in needs
            if need["state"] not in {"placed", "unplaced", "not_owed"}
            or (need["state"] != "placed" and not (need["reason"] or {}).get("fr"))
        ]
        sessions = self._planner.items("/planning/api/v1/sessions", territory=self._plan.territory)
        notices = self._admin.get("/notices/api/v1/summary")
        self.summary.numbers |= {
            "people": len({need["signatory_id"] for need in needs}),
            "needs": len(needs),
            "placed": states["placed"],
            "unplaced": states["unplaced"],
            "not_owed": states["not_owed"],
            "unanswered": len(unanswered),
            "reasons": dict(sorted(reasons.items())),
            "sessions": len(sessions),
            "seats": sum(session["seats"] for session in sessions),
            "seats_taken": sum(session["taken"] for session in sessions),
            "broken_rules": 0,  # publishing asks the judge once more and refuses a plan that breaks one
            "tiers": {
                tier["name"]: {key: tier[key] for key in ("value", "bound", "gap")} for tier in run["summary"]["tiers"]
            },
            "placed_people_without_notice": notices["people_without_notice"],
        }

    def _do_it_again(self) -> None:
        """Import and publish the same files once more: tables and outgoing messages must stay as they are."""
        before = self._footprint()
        self._import_files()
        self._plan_and_publish(PLAN_SECONDS, "second")
        self._stage.drain(self._admin)
        after = self._footprint()
        different = sorted(key for key in before if before[key] != after[key])
        self.summary.numbers["second_pass_equal"] = not different
        if different:
            self.summary.numbers["second_pass_differs"] = different

    def _footprint(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, path in (("scheduler", "/planning"), ("attendance", "/attendance"), ("notifications", "/notices")):
            for table, digest in self._admin.get(f"{path}/api/v1/digests")["tables"].items():
                found[f"{name}.{table}"] = digest
            found[f"{name}.told"] = self._admin.get(f"{path}/api/v1/backlog")["told"]
        return found

    # --- the year -------------------------------------------------------------------------------------------------

    def _live_a_year(self) -> None:
        monday = self._plan.published_on - timedelta(days=self._plan.published_on.weekday())
        replans = 0
        for week in range(self._plan.weeks):
            start = monday + timedelta(weeks=week)
            if start + timedelta(days=6) < self._plan.published_on:
                continue
            # Saturday 18:00 UTC is Saturday evening in Paris: every half-day of the week has been held.
            self._set_clock(_at(start + timedelta(days=5), 18))
            self._take_rolls(start, start + timedelta(days=5))
            if week < BUSY_WEEKS or week % 2 or week in {*REPLAN_WEEKS, self._plan.weeks - 1}:
                # Monday morning: what was told in the quiet hours leaves.
                self._set_clock(_at(start + timedelta(days=7), 8))
                self._stage.drain(self._admin)
            if week % AGENT_WEEKS == AGENT_WEEKS - 1:
                self._look_at_absences()
                self._stage.drain(self._admin)
            if week in REPLAN_WEEKS:
                self._plan_and_publish(REPLAN_SECONDS, f"week {week}")
                self._stage.drain(self._admin)
                replans += 1
            self._report("year", (week + 1) / self._plan.weeks)
        self.summary.numbers["replans"] = replans

    def _take_rolls(self, first: date, last: date) -> None:
        week = {"day": first.isoformat(), "until": last.isoformat(), "people": "true"}
        for body in self._bodies.values():
            found = body.items("/attendance/api/v1/rolls", **week)
            found.sort(key=lambda one: (one["held_on"], one["starts_at"], one["id"]))
            rolls = [roll for roll in found if roll["state"] == "open" and roll["people"]]
            for sent in range(0, len(rolls), ROLLS_AT_ONCE):
                self._take(body, rolls[sent : sent + ROLLS_AT_ONCE])
            for roll in rolls:
                if roll["training"] == "language":
                    for person in roll["people"]:
                        self._maybe_end_early(body, roll, person, last)

    def _take(self, body: Door, rolls: list[dict[str, Any]]) -> None:
        sheets = []
        for roll in rolls:
            day = date.fromisoformat(roll["held_on"])
            marks = [self._mark(roll, person, day) for person in roll["people"]]
            sheets.append({"meeting_id": roll["id"], "marks": marks, "sign": True})
        for answer in body.post("/attendance/api/v1/rolls/marks", {"rolls": sheets})["rolls"]:
            if answer["code"] or any(result["state"] != "kept" for result in answer["results"]):
                raise DemoError(f"the roll {answer['meeting_id']} was not taken: {answer}")

    def _mark(self, roll: dict[str, Any], person: dict[str, Any], day: date) -> dict[str, Any]:
        reference = person["reference"]
        starts_on = self._starts.setdefault((reference, roll["training"]), day)
        drawn = self._behaviour.mark(reference, roll["training"], roll["id"], held_on=day, starts_on=starts_on)
        came = drawn.status in {"present", "late", "left_early"}
        declared = came and drawn.act == "trainer_declared"
        if came and roll["training"] == "language":
            self._followed[reference] += 1
        return {
            "id": str(derived_id("demo mark", roll["id"], person["signatory_id"])),
            "signatory_id": person["signatory_id"],
            "status": drawn.status,
            "minutes_lost": drawn.minutes_lost,
            "act": drawn.act if came else "",
            "act_reason": "device_failed" if declared else "",
            "source": "product",
            "proof_ref": f"{roll['id'][:13]}-{person['signatory_id'][:13]}" if came and not declared else "",
        }

    def _maybe_end_early(self, body: Door, roll: dict[str, Any], person: dict[str, Any], day: date) -> None:
        """Half of the course followed: the intermediate test, at which some reach the target."""
        reference, package = person["reference"], roll["part"]
        half = int(package) * 60 // 2
        if reference in self._early or self._followed[reference] * roll["minutes"] < half:
            return
        self._early.add(reference)  # tested once
        if self._behaviour.early_exit(reference, package):
            level = {"level": "A1", "test": "intermediate", "reached_on": day.isoformat()}
            body.put(f"/attendance/api/v1/contracts/{person['contract_id']}/level", level)

    def _look_at_absences(self) -> None:
        """As a named agent: call people who are often absent, then qualify their absences."""
        by_person: dict[str, list[dict[str, Any]]] = {}
        for absence in self._planner.items("/attendance/api/v1/absences", territory=self._plan.territory):
            by_person.setdefault(absence["signatory_id"], []).append(absence)
        often = [(who, found) for who, found in by_person.items() if len(found) >= ABSENCES_TO_LOOK_AT]
        often.sort(key=lambda one: (-len(one[1]), one[0]))
        for signatory_id, absences in often[:PEOPLE_TO_LOOK_AT]:
            latest = sorted(absences, key=lambda one: (one["held_on"], one["id"]))[-2:]
            attempt = derived_id("demo attempt", latest[-1]["id"])
            lot = attempt.int % 100
            outcome = "reached" if lot < 60 else "no_answer"
            body = {"signatory_id": signatory_id, "method": "call", "outcome": outcome}
            self._planner.put(f"/attendance/api/v1/attempts/{attempt}", body)
            justified = lot < 45  # DOMAIN §7: justified_share 0.45
            for absence in latest:
                word = {"id": str(derived_id("demo word", absence["id"])), "justified": justified}
                word["reason"] = "health" if justified else ""
                self._planner.post(f"/attendance/api/v1/absences/{absence['id']}/qualification", word)

    def _summarise(self) -> None:
        attended = self._admin.get("/attendance/api/v1/summary")
        notices = self._admin.get("/notices/api/v1/summary")
        needs = Counter(
            need["state"] for need in self._planner.items("/planning/api/v1/needs", territory=self._plan.territory)
        )
        flags = self._planner.items("/planning/api/v1/flags", territory=self._plan.territory)
        quarantine = sum(
            self._admin.get(f"{path}/api/v1/backlog")["quarantine"] for path in ("/planning", "/attendance", "/notices")
        )
        marks = attended["marks"]
        self.summary.numbers |= {
            "notices": notices["channels"],
            "rolls_signed": attended["rolls_signed"],
            "presences": sum(marks.get(status, 0) for status in ("present", "late", "left_early")),
            "marks": marks,
            "acts": attended["acts"],
            "trainings": attended["trainings"],
            "completed": attended["contracts"].get("completed", 0),
            "contracts": attended["contracts"],
            "flags": attended["flags"],
            "flags_heard": len(flags),
            "flags_without_evidence": attended["flags_without_evidence"],
            "needs_at_the_end": dict(sorted(needs.items())),
            "quarantine": quarantine,
            "simulated_until": self._stage.clock.now().date().isoformat(),
        }


def _at(day: date, hour: int) -> datetime:
    """Return an hour of a day in UTC."""
    return datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=hour)

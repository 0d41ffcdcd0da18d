"""A scheduler service of its own with a published plan, for tests of the desk and of publications. On both databases."""

from datetime import UTC, datetime

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.app import build_service
from services.scheduler.domain.plan import plan_from_json
from services.scheduler.settings import Settings
from services.scheduler.solver import solve
from services.scheduler.usecases import planning, publication
from services.scheduler.usecases.imports import import_file
from shared.clock import FileClock
from shared.ids import new_id
from shared.rights import Principal
from shared.work import Work
from tests.doors import OFFER, csv_of, person, xlsx_of

START = datetime(2025, 4, 1, 9, tzinfo=UTC)
PLANNER = Principal(kind="person", id="planner", role="planner", scope="93")
AUDITOR = Principal(kind="person", id="auditor", role="auditor", scope="93")


class Counter:
    """The scheduler of one department, with what a planner and an auditor do there."""

    def __init__(self, var, database_url=None):
        self.clock = FileClock(var / "clock")
        self.clock.set(START)
        environ = {"PARCOURS_VAR": str(var), "PARCOURS_CLOCK_FILE": str(var / "clock"), "PARCOURS_DEMO": "yes"}
        if database_url:
            environ["PARCOURS_SCHEDULER_DATABASE_URL"] = database_url
        self.service = build_service(Settings.from_env(environ))
        self.service.upgrade()

    def close(self):
        self.service.database.dispose()

    def do(self, act, *given, who=PLANNER, **named):
        """Call a use case in a transaction of its own, as somebody."""
        with self.service.database.begin() as db:
            return act(Work(db=db, who=who, now=self.clock.now(), voice=self.service.voice), *given, **named)

    def send(self, kind, name, content):
        report = self.do(import_file, "93", kind, name, content, test_numbers=True)
        assert report.faults == []

    def take_in(self, numbers, **changed):
        """Import people of these numbers; return their ids in that order."""
        rows = [person(number, **changed) for number in numbers]
        self.send("intake", "mois.csv", csv_of(rows))
        with self.service.database.read() as db:
            query = sa.select(storage.signatory.c.reference, storage.signatory.c.id)
            known = dict(db.execute(query).all())
        return [known[row["reference"]] for row in rows]

    def plan(self, work_limit=3):
        """Ask for a plan and make it; return the run's id."""
        run_id = new_id()
        day = self.clock.now().date()
        run = self.do(
            planning.ask_run, run_id, territory="93", programme="cir-2019", publish_on=day, seconds=5, work_limit=2
        )
        with self.service.database.begin() as db:
            work = Work(db=db, who=PLANNER, now=self.clock.now(), voice=self.service.voice)
            base = storage.territory_version(db, "93", lock=True)
            problem = planning.build(work, run)
        found = solve(problem, work_limit=work_limit)
        summary = planning.summarise(problem, found)
        self.do(planning.keep_plan, run_id, base, problem=problem, plan=found, summary=summary)
        return run_id

    def publish(self, run_id):
        return self.do(publication.publish, run_id)

    def plan_of(self, run_id):
        with self.service.database.read() as db:
            return plan_from_json(storage.one(db, storage.plan_run, run_id, "plan run")["plan"])

    def rows(self, table, *where):
        with self.service.database.read() as db:
            return storage.rows(db, sa.select(table).where(*where))

    def crowded(self):
        """Return every (session, part) with more people given or held than it seats."""
        seats = {row["id"]: row["seats"] for row in self.rows(storage.session)}
        taken = {}
        for row in self.rows(storage.placement, storage.placement.c.state == "active") + self.rows(storage.seat_hold):
            key = row["session_id"], row["part"]
            taken[key] = taken.get(key, 0) + 1
        return {key: count for key, count in taken.items() if count > seats[key[0]]}


def a_counter(var, database_url=None, people=14):
    """Return a department whose offer is imported and whose first people have a published plan."""
    counter = Counter(var, database_url)
    counter.send("offer", "offre.xlsx", xlsx_of(OFFER))
    counter.take_in(range(1, people + 1))
    counter.publish(counter.plan())
    return counter

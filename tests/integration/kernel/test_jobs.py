"""Heavy work by job id: the row is the truth."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from shared import jobs
from shared.clock import SystemClock
from shared.errors import ConflictError
from shared.ids import new_id
from shared.tables import job, outbox
from tests.integration.kernel.ears import job_row, voice, work_of

CLOCK = SystemClock()


def ask(database, kind="sum", **params):
    job_id = new_id()
    with database.begin() as db:
        jobs.ask(work_of(db, "scheduler"), job_id, kind, params)
    return job_id


def run(database, kinds):
    return jobs.run_due(kinds, database, CLOCK, voice("scheduler"))


def test_a_job_runs_once_and_its_row_keeps_progress_and_result(new_database):
    database = new_database("scheduler")
    job_id = ask(database, numbers=[1, 2, 3])

    def add(context):
        context.report({"done": 2})
        return {"sum": sum(context.params["numbers"])}

    assert run(database, {"sum": add}) == 1
    assert run(database, {"sum": add}) == 0
    row = job_row(database, job_id)
    assert (row["state"], row["result"], row["progress"]) == ("done", {"sum": 6}, {"done": 2})


def test_asking_again_with_the_same_id_is_the_same_job_and_another_body_is_refused(new_database):
    database = new_database("scheduler")
    job_id = ask(database, n=1)
    with database.begin() as db:
        jobs.ask(work_of(db, "scheduler"), job_id, "sum", {"n": 1})
    with pytest.raises(ConflictError), database.begin() as db:
        jobs.ask(work_of(db, "scheduler"), job_id, "sum", {"n": 2})
    with database.read() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(outbox).where(outbox.c.kind == "task")) == 1


def test_a_job_whose_worker_died_is_run_again_and_the_zombie_is_refused(new_database):
    database = new_database("scheduler")
    job_id = ask(database)
    zombies = []

    def first(context):
        zombies.append(context)
        with database.begin() as db:  # as if this worker had stopped breathing: its lease ends
            past = datetime.now(UTC) - timedelta(seconds=1)
            db.execute(job.update().where(job.c.id == job_id).values(due_at=past))
        jobs.run_job({"sum": lambda _context: {"by": "second"}}, database, CLOCK, voice("scheduler"), job_id)
        with pytest.raises(jobs.JobLostError):
            context.report({"late": True})
        return {"by": "zombie"}

    run(database, {"sum": first})

    row = job_row(database, job_id)
    assert (row["state"], row["result"], row["token"]) == ("done", {"by": "second"}, 2)


def test_a_cancelled_job_stops_at_its_next_report_and_keeps_nothing(new_database):
    database = new_database("scheduler")
    job_id = ask(database)

    def long(context):
        with database.begin() as db:
            jobs.cancel(work_of(db, "scheduler"), job_id)
        context.report({"step": 1})
        return {"never": True}

    run(database, {"sum": long})

    row = job_row(database, job_id)
    assert (row["state"], row["result"]) == ("cancelled", None)


def test_a_job_that_fails_says_so_and_is_not_run_for_ever(new_database):
    database = new_database("scheduler")
    job_id = ask(database)

    def fail(_context):
        raise ConflictError("two of the same")

    run(database, {"sum": fail})

    assert run(database, {"sum": fail}) == 0
    row = job_row(database, job_id)
    assert (row["state"], row["error"]) == ("failed", "two of the same")

"""The wire over a real RabbitMQ: nothing lost, nothing doubled, whatever dies in between."""

import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from shared import messaging
from shared.clock import real_now
from shared.dispatcher import Dispatcher
from shared.events import RollSigned
from shared.ids import new_id
from shared.messaging import Consumer, Relay, connect, declare
from shared.tables import inbox, job, outbox
from tests.integration.kernel.ears import a_roll_signed, inbox_states, job_row, service_of, work_of

COUNT = 300
LIMIT = 40
EFFECT = sa.Table("effect", sa.MetaData(), sa.Column("n", sa.Integer))


def keep(work, event):
    work.db.execute(EFFECT.insert().values(n=event.present))


@pytest.fixture
def broker(servers):
    """Return the broker's address with no message of an earlier test in it, and check its dead letters at the end."""
    with connect(servers.amqp_url) as connection:
        declare(connection)
        with connection.channel() as channel:
            for queue in ("scheduler", "attendance", "notifications"):
                channel.queue_purge(messaging.queue_name(queue))
            channel.queue_purge("parcours.dead")
            channel.queue_purge("parcours.scheduler.jobs")
    yield servers.amqp_url
    assert messaging.check_topology(servers.amqp_url) == {"parcours.dead": 0}


@pytest.fixture
def both(postgres_url):
    from shared.database import Database

    teller, hearer = Database(postgres_url("attendance")), Database(postgres_url("scheduler"))
    with hearer.begin() as db:
        EFFECT.create(db.connection())
    yield service_of(teller, "attendance"), service_of(hearer, "scheduler", {RollSigned: keep})
    teller.dispose()
    hearer.dispose()


def tell(service, numbers):
    with service.database.begin() as db:
        work_of(db, "attendance").tell(*(a_roll_signed(n) for n in numbers))


def effects(service):
    with service.database.read() as db:
        return sorted(db.scalars(sa.select(EFFECT.c.n)))


def unsent(service):
    with service.database.read() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None)))


def wait_until(true, seconds=LIMIT):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to rest in time"
        time.sleep(0.02)


class running:
    """A relay or consumer in a thread, until the block ends."""

    def __init__(self, loop):
        self.loop = loop
        self.thread = threading.Thread(target=loop.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self.loop

    def __exit__(self, *_):
        self.loop.stop()
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()


def test_what_is_told_is_heard_once(broker, both):
    teller, hearer = both
    tell(teller, range(COUNT))

    with running(Relay(teller, broker)), running(Consumer(hearer, broker)):
        wait_until(lambda: len(effects(hearer)) >= COUNT)

    assert effects(hearer) == list(range(COUNT))
    assert unsent(teller) == 0
    assert inbox_states(hearer.database) == {"done": COUNT}


def test_a_relay_that_died_after_publishing_sends_again_and_the_effect_stays_one(broker, both):
    teller, hearer = both
    tell(teller, range(20))
    with running(Relay(teller, broker)):
        wait_until(lambda: unsent(teller) == 0)
    with teller.database.begin() as db:  # as if it had died between the broker's confirm and the mark
        db.execute(outbox.update().values(sent_at=None))

    with running(Relay(teller, broker)), running(Consumer(hearer, broker)):
        wait_until(lambda: unsent(teller) == 0 and len(effects(hearer)) >= 20)
        time.sleep(0.5)  # the second copies arrive now

    assert effects(hearer) == list(range(20))


def test_a_consumer_that_died_before_its_acknowledgement_gets_the_batch_again(broker, both):
    teller, hearer = both
    tell(teller, range(30))
    with running(Relay(teller, broker)):
        wait_until(lambda: unsent(teller) == 0)
    with connect(broker) as connection:
        declare(connection)
        taken = []
        channel = connection.channel()
        channel.basic_qos(0, 100, a_global=False)
        channel.basic_consume(messaging.queue_name("scheduler"), callback=taken.append)
        wait_until(lambda: connection.drain_events(timeout=5) is None and len(taken) >= 1)
        from shared import inbox as ear

        ear.hear(hearer.hearer, [message.body for message in taken])

    with running(Consumer(hearer, broker)):
        wait_until(lambda: len(effects(hearer)) >= 30)
        time.sleep(0.3)

    assert effects(hearer) == list(range(30))


def test_an_event_for_which_no_queue_is_bound_stays_in_the_outbox(broker, both):
    teller, _ = both
    with teller.database.begin() as db:
        db.execute(
            outbox.insert().values(
                id=new_id(),
                kind="event",
                name="attendance.nobody.v1",
                hearers="scheduler",
                body="{}",
                told_at=real_now(),
            )
        )
    tell(teller, [1])

    with running(Relay(teller, broker)):
        wait_until(lambda: unsent(teller) == 1)
        time.sleep(0.3)

    with teller.database.read() as db:
        assert db.scalar(sa.select(outbox.c.name).where(outbox.c.sent_at.is_(None))) == "attendance.nobody.v1"


def stumble(_service):
    raise ValueError("a tick met what it cannot read")


def test_a_tick_that_fails_keeps_neither_the_other_ticks_nor_the_ear_from_their_work(broker, both):
    teller, hearer = both
    ticked = []
    hearer = replace(hearer, ticks=(stumble, lambda service: ticked.append(service.name) or 0))
    tell(teller, range(20))

    with running(Relay(teller, broker)), running(Consumer(hearer, broker)):
        wait_until(lambda: len(effects(hearer)) >= 20 and len(ticked) >= 2)
        tell(teller, range(20, 30))
        wait_until(lambda: len(effects(hearer)) >= 30)

    assert effects(hearer) == list(range(30))


def test_in_one_process_a_tick_that_fails_keeps_no_other_service_from_its_ticks(both):
    teller, hearer = both
    ticked = []
    services = [replace(teller, ticks=(stumble,)), replace(hearer, ticks=(lambda _: ticked.append(1) or 1,))]

    with pytest.raises(ExceptionGroup, match="chores failed"):
        Dispatcher(services).step()

    assert ticked == [1]


def test_only_one_relay_of_a_service_leads(both):
    teller, _ = both

    with teller.database.leadership("relay") as first, teller.database.leadership("relay") as second:
        assert (first, second) == (True, False)


def test_a_job_reaches_a_celery_worker_and_its_row_is_the_truth(broker, postgres_url, tmp_path):
    """The worker is a real process; the job fails in words because there is nothing to plan, and the row says so."""
    import os
    import subprocess
    import sys

    from services.scheduler import storage
    from services.scheduler.usecases import planning
    from shared.database import Database

    url = postgres_url("scheduler")
    database = Database(url)
    service = service_of(database, "scheduler", job_kinds={"plan": planning.plan_job})
    run_id = new_id()
    with database.begin() as db:
        work = work_of(db, "scheduler")
        row = {
            "id": run_id,
            "territory": "93",
            "programme": "cir-2019",
            "publish_on": work.now.date(),
            "state": "asked",
        }
        db.execute(storage.plan_run.insert().values(**row, actor="planner:amal", asked_at=work.now))
        from shared import jobs

        jobs.ask(work, run_id, "plan", {"seconds": 1, "work_limit": None})
    environment = {
        **os.environ, "PARCOURS_MODE": "embedded", "PARCOURS_VAR": str(tmp_path), "PARCOURS_AMQP_URL": broker,
        "PARCOURS_SCHEDULER_DATABASE_URL": url, "PARCOURS_LOG": "critical",
    }  # fmt: skip
    command = [sys.executable, "-m", "celery", "-A", "services.scheduler.worker", "worker", "--pool", "solo"]
    command += ["--loglevel", "CRITICAL", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    with (tmp_path / "worker.log").open("w") as output:
        worker = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            with running(Relay(service, broker)):
                wait_until(lambda: job_row(database, run_id)["state"] == "failed", 60)
        finally:
            worker.terminate()
            worker.wait(timeout=30)
    assert "no open need" in job_row(database, run_id)["error"]
    with database.read() as db:
        assert db.scalar(sa.select(job.c.attempts)) == 1
        assert db.scalar(sa.select(sa.func.count()).select_from(inbox)) == 0
    database.dispose()

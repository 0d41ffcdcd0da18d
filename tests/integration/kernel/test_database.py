"""One way to use SQLite and PostgreSQL alike."""

import importlib
import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from shared.database import Database, UtcDateTime, claim_due
from shared.ids import new_id
from shared.tables import KERNEL, inbox
from tests.conftest import SERVICES, migrations

COUNTER = sa.Table("counter", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))
WRITERS, ROUNDS = 4, 50


def test_no_update_is_lost_between_concurrent_writers(new_database):
    database = new_database("attendance")
    with database.begin() as db:
        COUNTER.create(db.connection())
        db.execute(COUNTER.insert().values(id=1, n=0))

    def add():
        for _ in range(ROUNDS):
            with database.begin() as db:
                read = db.scalar(sa.select(COUNTER.c.n).where(COUNTER.c.id == 1).with_for_update())
                db.execute(COUNTER.update().values(n=read + 1))

    threads = [threading.Thread(target=add) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.read() as db:
        assert db.scalar(sa.select(COUNTER.c.n)) == WRITERS * ROUNDS


def test_an_error_rolls_everything_back(new_database):
    database = new_database("attendance")
    row = {"event_id": new_id(), "name": "x", "source": "y", "state": "done", "attempts": 0}

    with pytest.raises(RuntimeError), database.begin() as db:
        db.execute(inbox.insert().values(**row, heard_at=datetime.now(UTC)))
        raise RuntimeError("no")

    with database.read() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(inbox)) == 0


def test_a_naive_instant_is_refused_and_an_aware_one_comes_back_in_utc(new_database):
    database = new_database("attendance")
    table = sa.Table("moment", sa.MetaData(), sa.Column("at", UtcDateTime))
    with database.begin() as db:
        table.create(db.connection())
    with pytest.raises(sa.exc.StatementError, match="naive"), database.begin() as db:
        db.execute(table.insert().values(at=datetime(2025, 1, 1)))  # noqa: DTZ001 - the point of the test

    moment = datetime.fromisoformat("2025-03-30T03:30:00+02:00")
    with database.begin() as db:
        db.execute(table.insert().values(at=moment))

    with database.read() as db:
        kept = db.scalar(sa.select(table.c.at))
    assert kept == moment
    assert kept.tzinfo is UTC


def test_two_claimers_never_get_the_same_due_row(new_database):
    database = new_database("attendance")
    due = sa.Table(
        "due",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("due_at", UtcDateTime),
        sa.Column("taken", sa.Integer),
    )
    with database.begin() as db:
        due.create(db.connection())
        db.execute(
            due.insert(), [{"id": n, "due_at": datetime(2025, 1, 1, tzinfo=UTC), "taken": 0} for n in range(200)]
        )
    claimed = []

    def claim():
        while True:
            with database.begin() as db:
                rows = claim_due(db, due, due.c.taken == 0, limit=7)
                db.execute(due.update().where(due.c.id.in_([row["id"] for row in rows])).values(taken=1))
                claimed.extend(row["id"] for row in rows)
            if not rows:
                with database.read() as db:
                    if db.scalar(sa.select(sa.func.count()).where(due.c.taken == 0)) == 0:
                        return

    threads = [threading.Thread(target=claim) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == list(range(200))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_one_head_and_its_tables_are_what_its_code_says(new_database, service):
    database = new_database(service)
    storage = importlib.import_module(f"services.{service}.storage")
    config = Config()
    config.set_main_option("script_location", str(migrations(service)))

    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, [storage.METADATA, KERNEL]) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_goes_down_and_up_again(new_database, service):
    database: Database = new_database(service)
    config = Config()
    config.set_main_option("script_location", str(migrations(service)))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version"}
        command.upgrade(config, "head")
        connection.commit()
        assert "outbox" in sa.inspect(connection).get_table_names()

"""Fixtures for every test: where the real servers are, and databases that are clones of a migrated template."""

import os
import uuid
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
import structlog

from shared.logs import configure_logs
from tests import servers as found_servers
from tests.servers import Servers, docker_ready, private_servers

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("scheduler", "attendance", "notifications")
_USED = []


def pytest_terminal_summary(terminalreporter):
    for said in _USED:
        terminalreporter.write_line(f"servers used: {said}")


@pytest.fixture
def logged(capsys):
    """Return what gives the log of this test, as an operator reads it on stderr."""
    configure_logs("test")
    yield lambda: capsys.readouterr().err
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def docker_compose_file():
    return str(ROOT / "docker-compose.yml")


@pytest.fixture(scope="session")
def docker_compose_project_name():
    return f"parcours-tests-{os.getpid()}"


@pytest.fixture(scope="session")
def docker_setup():
    return ["up -d --wait postgres rabbitmq"]


@pytest.fixture(scope="session")
def docker_cleanup():
    return ["down -v"]


@pytest.fixture(scope="session")
def servers(request):
    """Real servers; see tests/servers.py for where they come from."""
    given = [os.environ.get(f"PARCOURS_TEST_{name}_URL") for name in ("DATABASE", "AMQP")]
    if all(given):
        running = Servers(*given, "the ones of PARCOURS_TEST_DATABASE_URL and PARCOURS_TEST_AMQP_URL")
    elif docker_ready():
        ports = {
            "PARCOURS_POSTGRES_PORT": found_servers.free_port(),
            "PARCOURS_RABBITMQ_PORT": found_servers.free_port(),
        }
        os.environ.update({name: str(port) for name, port in ports.items()})
        secrets = {"PARCOURS_POSTGRES_PASSWORD": "tests-only", "PARCOURS_RABBITMQ_PASSWORD": "tests-only"}
        os.environ.update(secrets)
        request.getfixturevalue("docker_services")
        running = Servers(
            f"postgresql+psycopg://postgres:tests-only@127.0.0.1:{ports['PARCOURS_POSTGRES_PORT']}/postgres",
            f"amqp://parcours:tests-only@127.0.0.1:{ports['PARCOURS_RABBITMQ_PORT']}//",
            "containers of docker-compose.yml (pytest-docker)",
        )
    else:
        try:
            running = private_servers()
        except RuntimeError as error:
            pytest.exit(str(error), returncode=3)
    _USED.append(running.said)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def _templates(servers):
    """
    Return the name of one migrated template database a service, made when it is first asked for.

    Its owner is a plain role, as in `deploy/databases.sh`: what a service may not do must fail here too.
    """
    from shared.database import Database, upgrade

    made = {}
    tag = uuid.uuid4().hex[:8]
    admin = sa.make_url(servers.database_url)
    _run_sql(admin, f"CREATE ROLE \"{_plain(admin, tag).username}\" LOGIN PASSWORD '{tag}'")

    def template(name):
        if name not in made:
            made[name] = f"parcours_template_{name}_{tag}"
            _run_sql(admin, f'CREATE DATABASE "{made[name]}" OWNER "{_plain(admin, tag).username}"')
            database = Database(_plain(admin, tag).set(database=made[name]).render_as_string(hide_password=False))
            upgrade(database, migrations(name))
            database.dispose()
        return made[name]

    template.tag = tag
    yield template
    for name in made.values():
        _run_sql(admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _run_sql(admin, f'DROP ROLE "{_plain(admin, tag).username}"')


def _plain(admin, tag):
    """Return the address of a role that owns its databases and is no superuser."""
    return admin.set(username=f"parcours_plain_{tag}", password=tag)


def migrations(service):
    return ROOT / "services" / service / "migrations"


@pytest.fixture
def postgres_url(servers, _templates):
    """Return a maker of database URLs: each a fresh clone of a service's migrated template."""
    admin = sa.make_url(servers.database_url)
    owner = _plain(admin, _templates.tag)
    cloned = []

    def clone(service):
        name = f"parcours_{service}_{uuid.uuid4().hex[:12]}"
        _run_sql(admin, f'CREATE DATABASE "{name}" OWNER "{owner.username}" TEMPLATE "{_templates(service)}"')
        cloned.append(name)
        return owner.set(database=name).render_as_string(hide_password=False)

    yield clone
    for name in cloned:
        _run_sql(admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request, tmp_path):
    """Return a maker of migrated databases of a service, on SQLite and on PostgreSQL."""
    from shared.database import Database, upgrade

    opened = []

    def make(service):
        if request.param == "postgresql":
            database = Database(request.getfixturevalue("postgres_url")(service))
        else:
            database = Database(f"sqlite:///{tmp_path / service}.db")
            upgrade(database, migrations(service))
        opened.append(database)
        return database

    if request.param == "postgresql":
        request.getfixturevalue("postgres_url")  # set up first, so that it is torn down after the engines are disposed
    yield make
    for database in opened:
        database.dispose()


def _run_sql(admin, statement):
    plain = admin.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(plain, autocommit=True)) as connection:
        connection.execute(statement)

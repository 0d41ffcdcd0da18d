"""
One way to use SQLite and PostgreSQL alike.

Every write runs under `Database.begin()`: on SQLite that is BEGIN IMMEDIATE (a plain read-then-write lost 400 of 600
updates in a trial), on PostgreSQL READ COMMITTED with row locks taken by `lock=True` queries. Reads run under
`Database.read()`. No server default and no now() in SQL: time comes from the clock in shared.
"""

__all__ = [
    "Database",
    "JsonValue",
    "Table",
    "UtcDateTime",
    "claim_due",
    "digests",
    "first",
    "insert_new",
    "keep_greater",
    "new_metadata",
    "one",
    "rows",
    "upgrade",
    "upsert",
]

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from shared.errors import NotFoundError

Table = sa.Table

BUSY_MILLISECONDS = 30_000
QUIET: Mapping[str, Any] = {"hide_parameters": True}  # an error of the database shows nobody's data
_MIGRATION_LOCK = 0x5041_5243  # "PARC": the advisory lock under which migrations run


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant. Naive values are refused on the way in; what comes out is aware, in UTC, on both databases."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime {value!r} cannot be stored: give it a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonValue(sa.types.TypeDecorator[Any]):
    """A JSON value as text with sorted keys: the same value is the same bytes on both databases (digests need it)."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        del dialect
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        del dialect
        return None if value is None else json.loads(value)


def new_metadata() -> sa.MetaData:
    """Return metadata whose constraints have stable names, so that migrations can find them."""
    return sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Database:
    """One service's database. Threads share it; each `begin` or `read` is a session of its own."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = sa.create_engine(self.url, connect_args={"check_same_thread": False}, pool_size=8, **QUIET)
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = sa.create_engine(self.url, pool_pre_ping=True, pool_size=4, max_overflow=8, **QUIET)
        self._reading = self.engine.execution_options(parcours_read=True)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Open a write transaction: committed at the end, rolled back on any error."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that only reads and never waits for a writer."""
        with Session(self._reading, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def leadership(self, name: str) -> Iterator[bool]:
        """
        Say whether this process leads `name` while the block runs (one relay a service).

        PostgreSQL: a session advisory lock, which a dead process loses by itself. SQLite: always true, because the
        embedded process is alone (its file lock is taken by `parcours serve`).
        """
        if self.is_sqlite:
            yield True
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            key = sa.func.hashtext(name)
            led = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(key))))
            try:
                yield led
            finally:
                if led:
                    connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))

    def dispose(self) -> None:
        self.engine.dispose()


def rows(db: Session, query: sa.Select[Any]) -> list[dict[str, Any]]:
    """Return the rows of a query as plain mappings."""
    found = db.execute(query)
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]  # twice as fast as mappings()


def first(db: Session, query: sa.Select[Any]) -> dict[str, Any] | None:
    """Return the first row of a query, or None."""
    found = rows(db, query.limit(1))
    return found[0] if found else None


def one(db: Session, table: Table, key: UUID, what: str, *, lock: bool = False) -> dict[str, Any]:
    """Return the row with this primary key. Raises NotFoundError. `lock` keeps it for this transaction."""
    (column,) = table.primary_key
    query = sa.select(table).where(column == key)
    row = db.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFoundError(what, key)
    return dict(row)


def digests(db: Session, tables: Iterable[Table], *, without: Collection[str] = ()) -> dict[str, str]:
    """Return a SHA-256 of what each table says, rows in a fixed order, `without` these columns."""
    found = {}
    for table in tables:
        columns = [column for column in table.c if column.name not in without]
        lines = sorted(
            json.dumps([str(value) for value in row], ensure_ascii=False) for row in db.execute(sa.select(*columns))
        )
        found[table.name] = sha256("\n".join(lines).encode()).hexdigest()
    return found


def insert_new(db: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; those whose key is there already stay as they are."""
    if rows:
        db.execute(_statement(db, table, "insert_new", tuple(rows[0])), list(rows))


def upsert(db: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace every given column of those whose primary key is there already."""
    if rows:
        db.execute(_statement(db, table, "upsert", tuple(rows[0])), list(rows))


def keep_greater(db: Session, table: Table, rows: Sequence[Mapping[str, Any]], column: str) -> set[tuple[Any, ...]]:
    """
    Insert rows, or raise the `column` of those there already where the given value is greater, in one statement.

    Returns the keys of the rows that changed; no key may come twice, some thousand rows at most.
    """
    if not rows:
        return set()
    insert = (sqlite if db.get_bind().dialect.name == "sqlite" else postgresql).insert(table).values(list(rows))
    statement = insert.on_conflict_do_update(
        index_elements=[key.name for key in table.primary_key],
        set_={column: insert.excluded[column]},
        where=table.c[column] < insert.excluded[column],
    )
    return {tuple(row) for row in db.execute(statement.returning(*table.primary_key))}


def claim_due(
    db: Session,
    table: Table,
    ready: sa.ColumnElement[bool],
    *,
    limit: int,
    first: sa.ColumnElement[Any] | None = None,
    then: sa.ColumnElement[Any] | None = None,
) -> Sequence[sa.RowMapping]:
    """
    Claim up to `limit` rows that are due, oldest first, in the caller's transaction.

    `first` orders before their age; `then` keeps together what is of one age.

    `table` has `due_at`; `ready` says which rows wait. Two claimers never get the same row: PostgreSQL skips rows that
    another transaction holds, SQLite has one writer at a time.
    """
    order = [column for column in (first, table.c.due_at, then) if column is not None]
    query = sa.select(table).where(ready).order_by(*order).limit(limit).with_for_update(skip_locked=True)
    return db.execute(query).mappings().all()


def upgrade(database: Database, migrations: Path) -> str:
    """
    Bring a database to the newest revision of one service's Alembic tree, under a lock; return that revision.

    Every process may call it at start: the second one waits and finds nothing to do.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext

    config = Config()
    config.set_main_option("script_location", str(migrations))
    with _UPGRADES, database.engine.connect() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_lock(_MIGRATION_LOCK)))
            connection.commit()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
            connection.commit()
            return str(MigrationContext.configure(connection).get_current_revision())
        finally:
            connection.rollback()
            if not database.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_MIGRATION_LOCK)))
                connection.commit()


_UPGRADES = threading.Lock()  # Alembic keeps its context in module globals


_STATEMENTS: dict[tuple[str, str, str, tuple[str, ...]], Any] = {}  # building one costs more than running it


def _statement(db: Session, table: Table, kind: str, columns: tuple[str, ...]) -> Any:
    dialect = db.get_bind().dialect.name
    key = (dialect, f"{id(table.metadata)}.{table.name}", kind, columns)
    if key not in _STATEMENTS:
        _STATEMENTS[key] = _built(sqlite if dialect == "sqlite" else postgresql, table, kind, columns)
    return _STATEMENTS[key]


def _built(dialect: Any, table: Table, kind: str, columns: tuple[str, ...]) -> Any:
    insert = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    fresh = {name: insert.excluded[name] for name in columns if name not in keys}
    if kind == "insert_new" or not fresh:
        return insert.on_conflict_do_nothing()
    return insert.on_conflict_do_update(index_elements=keys, set_=fresh)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are opened by us, see _begin_sqlite
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MILLISECONDS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("parcours_read")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

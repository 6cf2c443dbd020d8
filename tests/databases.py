"""Databases for tests: each is a copy of one that was migrated, and perhaps filled, once for all test processes."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import asyncpg
from asyncpg import Record
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy import Table, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import NullPool

from app.addresses import read
from app.commands.transfer import load_dataset
from app.config import Settings
from app.database import Database, migrate
from app.database.connecting import USUAL, InTurn, for_commands, new_engine, reached_by
from app.database.readers import Reader
from app.embedded import Cluster
from app.models import Base
from tests.dataset import DATASET
from tests.resilience.pooler import pooled

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}
"""Settings of a server whose data need not survive, and which all test processes share."""
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "main")
ONE_AT_A_TIME = 7_262_155
"""Key of the advisory lock under which templates are made and copied."""
POOLED = "BOOKING_TESTS_POOLED" in os.environ
"""Whether databases are reached by way of a pooler that shares connections between transactions."""
_POOLED_ARGUMENTS = for_commands(Settings(database_pooler=True))
CONNECTIONS = 60
"""Of the pooler to each database: tests hold transactions open."""
_NUMBERS = count()


class OneTransaction(Database):
    """Every transaction of the application is a savepoint of the one that a test rolls back."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection.engine)
        self.connection = connection

    @asynccontextmanager
    async def transaction(self, *, snapshot: bool = False) -> AsyncIterator[AsyncConnection]:
        async with self.connection.begin_nested():
            yield self.connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        yield NotedReader(self.connection)


@asynccontextmanager
async def migrated(cluster: Cluster, name: str) -> AsyncIterator[AsyncEngine]:
    """A new, empty database with the current schema; its name begins as given."""
    async with _control(cluster) as control:
        await _template(control, cluster, "migrated", migrate)
        url = _way_to(cluster, await _copied(control, "migrated", name))
    async with _engine(url) as engine:
        yield engine


@asynccontextmanager
async def filled(cluster: Cluster, name: str) -> AsyncIterator[Database]:
    """A new database that holds the recorded data set; its name begins as given."""
    async with _control(cluster) as control:
        await _template(control, cluster, "migrated", migrate)
        await _template(control, cluster, "recorded", _fill, source="migrated")
        url = _way_to(cluster, await _copied(control, "recorded", name))
    async with _engine(url) as engine:
        yield Database(engine)


def address(of: AsyncEngine | Database) -> str:
    """What another process needs to reach a database."""
    return reached_by(of.engine if isinstance(of, Database) else of).address.text


def engine_on(url: str, arguments: Mapping[str, object] = USUAL, **options: Any) -> AsyncEngine:
    """Connections to a database, made as those of the service are."""
    if POOLED and arguments is USUAL:
        arguments = _POOLED_ARGUMENTS
    return new_engine(read(url), arguments, **options)


@asynccontextmanager
async def other(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of somebody else."""
    connection = await InTurn(read(url))(statement_cache_size=0 if POOLED else 100)
    try:
        yield connection
    finally:
        await connection.close()


_POOLERS: dict[str, str] = {}
"""Addresses of poolers by those of the databases `postgres` behind them."""


@contextmanager
def reached(cluster: Cluster, folder: Path) -> Iterator[None]:
    """While databases of a server are reached as `POOLED` says."""
    with ExitStack() as stack:
        if POOLED:
            server = cluster.url("postgres")
            _POOLERS[server] = stack.enter_context(pooled(server, folder, CONNECTIONS))
        yield


def _way_to(cluster: Cluster, name: str) -> str:
    pooler = _POOLERS.get(cluster.url("postgres"))
    return f"{pooler.rpartition('/')[0]}/{name}" if pooler else cluster.url(name)


@asynccontextmanager
async def _engine(url: str, **options: Any) -> AsyncIterator[AsyncEngine]:
    engine = engine_on(url, poolclass=NullPool, **options)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def _control(cluster: Cluster) -> AsyncIterator[AsyncConnection]:
    """A connection that creates databases, while that of no other process does."""
    async with _engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT") as engine, engine.connect() as control:
        await control.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ONE_AT_A_TIME})
        yield control


async def _template(
    control: AsyncConnection,
    cluster: Cluster,
    name: str,
    fill: Callable[[Database], Awaitable[None]],
    *,
    source: str = "template1",
) -> None:
    """Makes a template unless there is one; it gets its name last, so that an interrupted one is never copied."""
    if await control.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
        return
    unfinished = await _copied(control, source, name)
    async with _engine(cluster.url(unfinished)) as engine:
        await fill(Database(engine))
    await control.execute(text(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"'))


async def _fill(database: Database) -> None:
    async with database.transaction() as connection:
        await load_dataset(connection, DATASET)


async def _copied(control: AsyncConnection, template: str, name: str) -> str:
    unique = f"{name}_{PROCESS}_{next(_NUMBERS)}"
    await control.execute(text(f'CREATE DATABASE "{unique}" TEMPLATE "{template}"'))
    return unique


async def keep_rows(connection: AsyncConnection) -> None:
    """Keeps a copy of all rows beside the tables, for `put_back_rows`."""
    await connection.execute(text("CREATE SCHEMA kept"))
    for table in Base.metadata.sorted_tables:
        await connection.execute(text(f'CREATE TABLE kept."{table.name}" AS TABLE "{table.name}"'))


async def put_back_rows(connection: AsyncConnection) -> None:
    """Undoes what was committed since `keep_rows`, by whatever process."""
    tables = Base.metadata.sorted_tables
    await connection.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers
    await connection.execute(text("TRUNCATE " + ", ".join(f'"{table.name}"' for table in tables)))
    for table in tables:
        await connection.execute(text(_copied_back(table)))


def _copied_back(table: Table) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns if column.computed is None)
    return f'INSERT INTO "{table.name}" ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM kept."{table.name}"'


_NOTES: list[list[str]] = []
_FETCH: Callable[..., Awaitable[list[Record]]] = asyncpg.Connection.fetch


@contextmanager
def statements(connection: AsyncConnection) -> Iterator[list[str]]:
    """The SQL statements of the application, without the savepoints that stand for its transactions here."""
    executed: list[str] = []

    def note(_: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            executed.append(statement)

    async def fetch(itself: asyncpg.Connection, statement: str, *values: object) -> list[Record]:
        executed.append(statement)
        return await _FETCH(itself, statement, *values)

    _NOTES.append(executed)
    event.listen(connection.engine.sync_engine, "before_cursor_execute", note)
    try:
        with patch.object(asyncpg.Connection, "fetch", fetch):
            yield executed
    finally:
        event.remove(connection.engine.sync_engine, "before_cursor_execute", note)
        _NOTES.remove(executed)


class NotedReader:
    """The driver's connection below a connection, whose statements are noted."""

    def __init__(self, connection: AsyncConnection) -> None:
        assert connection.sync_connection is not None
        self._driver: Reader = connection.sync_connection.connection.driver_connection

    async def fetch(self, statement: str, *values: object) -> list[Record]:
        """The rows of a statement."""
        rows: list[Record] = await self._driver.fetch(statement, *values)
        return rows

    async def prepare(self, statement: str) -> PreparedStatement:
        """A statement made ready."""
        for notes in _NOTES:
            notes.append(statement)
        return await self._driver.prepare(statement)

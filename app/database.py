"""Connections to PostgreSQL, transactions, and the schema."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.config import Settings
from app.embedded import Cluster
from app.embedded.sizing import memory_of_machine, memory_settings
from app.memory import Memory

SERVER_SETTINGS = {"application_name": "booking", "jit": "off", "timezone": "UTC"}
_OF_THE_DIALECT = {"prepared_statement_cache_size", "prepared_statement_name_func", "async_fallback"}
PROJECT_DIR = Path(__file__).resolve().parent.parent


Reader: TypeAlias = asyncpg.Connection | PoolConnectionProxy
"""A connection on which each statement is a transaction, and a snapshot, of its own."""

LOST = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    OSError,
)
"""What tells that a connection is gone, and most likely all others with it."""


class Database:
    """Connections to one PostgreSQL database."""

    def __init__(self, engine: AsyncEngine, memory_bytes: int = 32_000_000) -> None:
        self.engine = engine
        self.memory = Memory(memory_bytes)
        self._readers = _pool(engine)
        self._patience: float = getattr(engine.pool, "timeout", lambda: 30)()
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ")

    @asynccontextmanager
    async def transaction(self, *, snapshot: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end, or rolls back on an error.

        With `snapshot`, all statements see the database as of the first one, so that the parts of a page agree.
        """
        async with (self._snapshots if snapshot else self.engine).begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """A connection for single statements, each of which sees one snapshot."""
        await self._readers
        async with self._readers.acquire(timeout=self._patience) as connection:
            try:
                yield connection
            except LOST as error:
                if isinstance(error, asyncpg.InternalClientError):  # between the server's last word and the end of line
                    connection.terminate()
                await self._readers.expire_connections()
                raise


def _pool(engine: AsyncEngine) -> asyncpg.Pool:
    """Connections without the library's layers, as many as the engine keeps, and as long as the engine is in use."""
    _, options = engine.dialect.create_connect_args(engine.url)
    options = {name: value for name, value in options.items() if name not in _OF_THE_DIALECT}
    size = getattr(engine.pool, "size", lambda: 1)()
    pool = asyncpg.create_pool(**options, server_settings=SERVER_SETTINGS, min_size=0, max_size=size, reset=_nothing)

    def leave(_: object) -> None:
        with suppress(asyncpg.InterfaceError):  # never used
            pool.terminate()

    event.listen(engine.sync_engine, "engine_disposed", leave)
    return pool


async def _nothing(_: object) -> None:
    """Reading leaves nothing behind on a connection."""


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Database]:
    """The database of the settings; the embedded one is started, brought up to date, and stopped at the end."""
    if url := settings.url_of_database():
        async with _engine(settings, url) as database:
            yield database
        return
    memory = memory_settings(memory_of_machine())
    with Cluster(settings.data_dir, settings=memory, binaries=settings.postgres_bin) as cluster:
        async with _engine(settings, cluster.url()) as database:
            await migrate(database)
            yield database


@asynccontextmanager
async def _engine(settings: Settings, url: URL | str) -> AsyncIterator[Database]:
    engine = create_async_engine(
        url,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_overflow,
        pool_pre_ping=False,
        connect_args={"server_settings": SERVER_SETTINGS},
    )
    try:
        yield Database(engine, settings.cache_megabytes * 1_000_000)
    finally:
        await engine.dispose()


def alembic_config() -> Config:
    """Where the migrations are."""
    config = Config(PROJECT_DIR / "alembic.ini")
    config.set_main_option("script_location", str(PROJECT_DIR / "migrations"))
    return config


async def migrate(database: Database) -> None:
    """Brings the schema up to date; several processes may call it at once."""

    def upgrade(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    async with database.transaction() as connection:
        await connection.run_sync(upgrade)


async def is_migrated(connection: AsyncConnection) -> bool:
    """Whether the schema is the one that this version of the service works on."""
    current = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    return current == ScriptDirectory.from_config(alembic_config()).get_current_head()

"""Connections to PostgreSQL, transactions, and the schema."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.config import Settings
from app.embedded import Cluster

PROJECT_DIR = Path(__file__).resolve().parent.parent


class Database:
    """Connections to one PostgreSQL database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ")

    @asynccontextmanager
    async def transaction(self, *, snapshot: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end, or rolls back on an error.

        With `snapshot`, all statements see the database as of the first one, so that the parts of a page agree.
        """
        async with (self._snapshots if snapshot else self.engine).begin() as connection:
            yield connection


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Database]:
    """The database of the settings; the embedded one is started, brought up to date, and stopped at the end."""
    if url := settings.url_of_database():
        async with _engine(settings, url) as database:
            yield database
        return
    with Cluster(settings.data_dir, binaries=settings.postgres_bin) as cluster:
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
        connect_args={"server_settings": {"application_name": "booking", "jit": "off", "timezone": "UTC"}},
    )
    try:
        yield Database(engine)
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

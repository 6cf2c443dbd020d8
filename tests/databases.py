"""Databases for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.database import Database, migrate
from app.embedded import Cluster
from app.models import Base

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings of a server whose data need not survive."""


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
async def migrated(cluster: Cluster, name: str) -> AsyncIterator[AsyncEngine]:
    """A new, empty database with the current schema."""
    cluster.create_database(name)
    engine = create_async_engine(cluster.url(name), poolclass=NullPool)
    await migrate(Database(engine))
    yield engine
    await engine.dispose()


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

"""Databases for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.database import Database, migrate
from app.embedded import Cluster

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

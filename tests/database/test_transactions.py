"""A transaction that is cut off leaves nothing behind on its connection."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from app.database import Database
from app.embedded import Cluster
from tests.databases import address, engine_on, filled

CHANGED = text("UPDATE reference_version SET value = value + 1")


async def value_of(database: Database) -> int:
    async with database.reading() as reader:
        value: int = await reader.fetchval("SELECT value FROM reference_version")
        return value


async def change(database: Database, error: type[BaseException] | None = None) -> None:
    async with database.transaction() as connection:
        if error is not None:
            raise error
        await connection.execute(CHANGED)


@pytest.mark.parametrize("error", [asyncio.CancelledError, TimeoutError])
@pytest.mark.parametrize("moment", ["BEGIN", "UPDATE", "ROLLBACK", "COMMIT"])
async def test_what_follows_is_committed(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, moment: str, error: type[BaseException]
) -> None:
    """Else the next transaction would be a savepoint of one that nobody commits."""
    execute = asyncpg.Connection.execute

    async def cut_off(connection: Any, query: str, *values: Any, **more: Any) -> Any:
        done = await execute(connection, query, *values, **more)
        if query.startswith(moment):
            raise error
        return done

    async with filled(cluster, "cut") as filled_database:
        engine = engine_on(address(filled_database), pool_size=1, max_overflow=0)
        database = Database(engine)
        await change(database)  # connects
        with monkeypatch.context() as patched:
            patched.setattr(asyncpg.Connection, "execute", cut_off)
            with pytest.raises((error, RuntimeError)):
                await change(database, {"UPDATE": error, "ROLLBACK": RuntimeError}.get(moment))
        before = await value_of(filled_database)
        await change(database)
        assert await value_of(filled_database) == before + 1
        await engine.dispose()

"""Connections for reading are at hand again at once, are no more than there may be, and are not used when harmed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.database import Database, readers
from app.embedded import Cluster
from tests.databases import engine_on, other

PID = "SELECT pg_backend_pid()"


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    engine = engine_on(cluster.url("postgres"), pool_size=2, pool_timeout=0.3)
    yield Database(engine)
    await engine.dispose()


async def pid(database: Database) -> object:
    async with database.reading() as reader:
        return await reader.fetchval(PID)


async def test_connection_is_used_again(database: Database) -> None:
    assert len({await pid(database) for _ in range(5)}) == 1


async def test_there_are_no_more_than_there_may_be(database: Database) -> None:
    async def read() -> object:
        async with database.reading() as reader:
            found = await reader.fetchval(PID)
            await asyncio.sleep(0.01)
            return found

    assert len(set(await asyncio.gather(*(read() for _ in range(12))))) == 2


async def test_who_waits_too_long_is_told(database: Database) -> None:
    async with database.reading(), database.reading():
        with pytest.raises(TimeoutError):
            await pid(database)
    assert await pid(database)


async def test_lost_connection_is_not_used_again(cluster: Cluster, database: Database) -> None:
    lost = await pid(database)
    async with other(cluster.url("postgres")) as connection:
        assert await connection.fetchval("SELECT pg_terminate_backend($1, 1000)", lost)
    await asyncio.sleep(0.1)
    assert await pid(database) != lost
    async with database.reading(), database.reading():
        pass


async def test_connection_is_in_order_after_a_statement_that_was_stopped(database: Database) -> None:
    async def sleep() -> None:
        async with database.reading() as reader:
            await reader.fetch("SELECT pg_sleep(60)")

    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sleep(), 0.1)
        assert await pid(database)
    async with database.reading(), database.reading():
        pass


async def test_none_is_used_again_once_one_was_lost(database: Database) -> None:
    async with database.reading() as first, database.reading() as second:
        before = {await first.fetchval(PID), await second.fetchval(PID)}
    with pytest.raises(OSError, match="gone"):
        async with database.reading():
            raise OSError("gone")
    async with database.reading() as first, database.reading() as second:
        assert before.isdisjoint({await first.fetchval(PID), await second.fetchval(PID)})


async def test_what_nobody_needs_goes_back_to_the_pool(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "AT_HAND", 0.05)
    released: list[object] = []
    give_up = readers.Readers.give_up

    async def noted(self: readers.Readers, reader: readers.Reader) -> None:
        released.append(reader)
        await give_up(self, reader)

    monkeypatch.setattr(readers.Readers, "give_up", noted)
    before = await pid(database)
    await asyncio.sleep(0.2)
    assert len(released) == 1
    assert await pid(database) == before

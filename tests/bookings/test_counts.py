"""A count is kept for as long as nothing was written, and is never that of another moment."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.auth import Caller, authenticate
from app.bookings.filters import BookingFilters
from app.bookings.repository import BOOKINGS
from app.database import Database
from app.embedded import Cluster
from app.models.enums import ResourceState
from app.query.fieldset import Context
from app.query.lists import ListQuery
from app.query.pagination import Page
from app.query.selection import Selection
from tests.conftest import BASE_URL
from tests.databases import FAST, filled
from tests.dataset import USERS, token_of

FILTERS = {
    "nothing": BookingFilters(),
    "state": BookingFilters(state=[ResourceState.CREATING]),
    "name": BookingFilters(name="e"),
}
WAITING = "(SELECT uuid FROM resource WHERE is_booking AND state = 'Creating' AND name ILIKE '%e%' LIMIT 1)"


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    async with filled(cluster, "counts") as opened:
        yield opened


async def caller_of(database: Database, username: str = "staff") -> Caller:
    async with database.reading() as reader:
        return await authenticate(reader, token_of(username))


async def counted(database: Database, caller: Caller, filters: BookingFilters, page: int | None = 1) -> int:
    """The count that comes with a page, or alone."""
    context, query = Context(caller, BASE_URL), ListQuery(filters)
    if page is None:
        return (await BOOKINGS.head(database, context, query, Page(1, 5))).count
    return (await BOOKINGS.page(database, context, query, Page(page, 5))).count


async def change(database: Database, statement: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(text(statement))


@pytest.mark.parametrize("page", [1, 2, None])
@pytest.mark.parametrize("name", FILTERS)
async def test_each_change_counts(database: Database, name: str, page: int | None) -> None:
    caller, filters = await caller_of(database), FILTERS[name]
    before = await counted(database, caller, filters, page)
    for gone in range(3):
        assert await counted(database, caller, filters, page) == before - gone * (name != "nothing")
        await change(database, f"UPDATE resource SET state = 'Erred', name = 'x' WHERE uuid = {WAITING}")


async def test_a_change_counts_when_it_is_committed(database: Database) -> None:
    """Neither before, nor by what was kept while it was going on."""
    caller, filters = await caller_of(database), FILTERS["name"]
    before = await counted(database, caller, filters)
    async with database.transaction() as connection:
        await connection.execute(text(f"UPDATE resource SET name = 'x' WHERE uuid = {WAITING}"))
        await change(database, "UPDATE reference_version SET value = value + 1")
        assert [await counted(database, caller, filters, page) for page in (1, 1, 2, None)] == [before] * 4
    assert [await counted(database, caller, filters, page) for page in (1, 2, None)] == [before - 1] * 3


async def test_what_one_sees_is_not_what_another_sees(database: Database) -> None:
    expected = {
        name: await counted(database, await caller_of(database, name), FILTERS["name"])
        for name in ("staff", "powner", "creator", "omanager")
    }
    assert len(set(expected.values())) > 2
    for name, count in expected.items():
        assert await counted(database, await caller_of(database, name), FILTERS["name"]) == count


async def test_nothing_is_counted_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a server of its own, that writes nothing by itself: a count is kept while nobody writes anywhere on it."""

    def never(*_: object) -> int:
        raise AssertionError("counted")

    settings = {**FAST, "autovacuum": "off"}
    with Cluster(tmp_path / "data", settings=settings) as cluster:
        async with filled(cluster, "alone") as database:
            caller, filters = await caller_of(database), FILTERS["name"]
            count = await counted(database, caller, filters)
            monkeypatch.setattr(Selection, "_kept", never)
            assert [await counted(database, caller, filters, page) for page in (1, 2, None)] == [count] * 3


async def test_what_changes_with_time_is_not_kept(database: Database) -> None:
    filters = BookingFilters(service_manager_uuid=USERS["omanager"]["uuid"])
    caller = await caller_of(database)
    await change(database, "UPDATE role_grant SET expiration_time = now() + interval '3 seconds'")
    before = await counted(database, caller, filters)
    await asyncio.sleep(3.1)
    assert await counted(database, caller, filters) < before


async def test_what_a_user_sees_is_looked_up_once_and_counted_by_counters(database: Database) -> None:
    """Neither walks through bookings; and what no longer holds is not seen, though nothing was written since."""
    caller = await caller_of(database)
    filters = BookingFilters(visible_to_username="cowner")
    await filters.resolve(database, caller)
    [scope] = BOOKINGS.scopes(caller)
    assert BOOKINGS.counted
    assert BOOKINGS.counted([scope.condition, *filters.conditions(filters.shape())]) is not None
    assert await counted(database, caller, filters) > 0
    await change(database, "UPDATE role_grant SET expiration_time = now() - interval '1 second'")
    later = BookingFilters(visible_to_username="cowner")
    await later.resolve(database, caller)
    assert await counted(database, caller, later) == 0


async def test_a_lost_server_is_not_trusted(database: Database) -> None:
    database.memory.put("key", 1, "value", 10)
    with pytest.raises(ConnectionResetError):
        async with database.reading():
            raise ConnectionResetError
    assert database.memory.get("key", 1) is None

"""What changes nothing is read from a standby that keeps up; nobody notices when it does not, or is lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from app.config import Settings
from app.database import Database, Standby, connected, connecting, standby
from app.database.standby import WRITTEN
from app.main import create_app
from app.query import collection
from app.query.selection import Selection
from tests.clients.server import ALL_AT_ONCE, PATIENT
from tests.conftest import BASE_URL, AsUser
from tests.databases import other
from tests.resilience.pooler import PROGRAM, pooled
from tests.resilience.replication import Server, caught_up, execute, fill, servers, wait_for_commits

pytestmark = pytest.mark.slow

URL = "/api/booking-resources/"
ALL = f"{URL}?page_size=300"
BOOKING = f"{URL}8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd/"
FOLLOWS = "SELECT pg_is_in_recovery()"
RENAMED = "UPDATE resource SET name = '{}' WHERE uuid = '8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd' RETURNING version"
UNUSED = """
    WITH told AS (SELECT set_config('synchronous_commit', 'local', false))
    UPDATE token SET refreshed = now() - interval '30 minutes' FROM told
"""
SEEN = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'booking' AND query LIKE '%resource%'"


@pytest.fixture(scope="module")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server with the recorded data set."""
    with servers(tmp_path_factory.mktemp("filled"), "leader") as [leader]:
        await asyncio.to_thread(leader.make)
        await fill(leader)
        yield leader


@pytest.fixture
def follower(filled: Server, tmp_path: Path) -> Iterator[Server]:
    """A server that follows it."""
    with servers(tmp_path, "follower") as [follower]:
        yield follower.follow(filled)


@pytest.fixture(autouse=True)
def short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby, "RESTS", 0.5)


@asynccontextmanager
async def serving(leader: Server, follower: Server, **settings: Any) -> AsyncIterator[AsyncClient]:
    """Calls an application that reads from the follower."""
    given = {"database_url": leader.url, "read_database_url": follower.url, "base_url": BASE_URL, **settings}
    app = create_app(Settings.model_validate(given))
    calling = AsyncClient(transport=ASGITransport(app), base_url=BASE_URL, timeout=30)
    async with connected(app.state.settings, serving=True) as app.state.database, calling as client:
        yield client


def database_of(client: AsyncClient) -> Database:
    database: Database = client._transport.app.state.database  # type: ignore[attr-defined]
    return database


def rests(client: AsyncClient) -> bool:
    """Whether nothing is read from the standby for now."""
    found = database_of(client).standby
    assert isinstance(found, Standby)
    WRITTEN.set(0)
    return found.following.rests


async def name_of(client: AsyncClient, headers: dict[str, str]) -> str:
    """The name of the booking, which the list shows too."""
    one, listed = await client.get(BOOKING, headers=headers), await client.get(ALL, headers=headers)
    assert (one.status_code, listed.status_code) == (200, 200)
    name = str(one.json()["name"])
    assert name in {each["name"] for each in listed.json()}
    return name


async def test_reads_go_to_the_standby(filled: Server, follower: Server, as_user: AsUser) -> None:
    async with serving(filled, follower) as client:
        assert await execute(follower, SEEN) == 0
        before = await execute(filled, SEEN)
        assert (await client.head(URL, headers=as_user("powner"))).status_code == 200
        await name_of(client, as_user("powner"))
        assert int(str(await execute(follower, SEEN))) > 0
        assert await execute(filled, SEEN) == before
        assert not rests(client)


async def test_of_several_servers_commands_use_the_one_that_is_no_standby(filled: Server, follower: Server) -> None:
    several = f"postgresql://postgres@127.0.0.1:{follower.port},127.0.0.1:{filled.port}/booking"
    for serves in (False, True):
        settings = Settings.model_validate({"database_url": several})
        async with connected(settings, serving=serves) as database, database.transaction(snapshot=True) as connection:
            assert (await connection.execute(text(FOLLOWS))).scalar_one() is False


@pytest.mark.parametrize("position", [0, 1])
async def test_standby_is_preferred_wherever_it_is_named(filled: Server, follower: Server, position: int) -> None:
    ports = [filled.port, follower.port][:: (-1) ** position]
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    async with other(f"postgresql://postgres@{hosts}/booking?target_session_attrs=prefer-standby") as connection:
        assert await connection.fetchval(FOLLOWS) is True


@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
async def test_either_server_behind_a_pooler(filled: Server, follower: Server, as_user: AsUser, tmp_path: Path) -> None:
    with pooled(filled.url, tmp_path / "one") as one, pooled(follower.url, tmp_path / "two") as two:
        given = {"database_url": one, "read_database_url": two, "database_pooler": True, "read_database_lag": 5}
        async with serving(filled, follower, **given, **ALL_AT_ONCE, **PATIENT) as client:
            seen, before = 0, int(str(await execute(follower, SEEN)))
            async with asyncio.timeout(
                20
            ):  # it shows only while a statement runs, or if it was the last of its connection
                while seen <= before:
                    looking = asyncio.create_task(execute(follower, SEEN))
                    names = [name_of(client, as_user("powner")) for _ in range(20)]
                    assert len(set(await asyncio.gather(*names))) == 1
                    seen = int(str(await looking))
            assert (await client.get("/health/ready")).status_code == 200
            assert not rests(client)


async def test_recognising_a_caller_is_the_work_of_the_database_itself(
    filled: Server, follower: Server, as_user: AsUser
) -> None:
    """So a token that was taken back is refused at once, and the use of another is written down."""
    await execute(filled, "UPDATE token SET refreshed = now() - interval '30 minutes'")
    await execute(follower, "SELECT pg_wal_replay_pause()")
    async with serving(filled, follower, read_database_lag=0) as client:
        assert (await client.get(URL, headers=as_user("powner"))).status_code == 200
        assert await execute(filled, "SELECT count(*) FROM token WHERE refreshed > now() - interval '1 minute'") == 1
        await execute(filled, "UPDATE \"user\" SET is_active = false WHERE username = 'creator'")
        assert (await client.get(URL, headers=as_user("creator"))).status_code == 401
    await execute(filled, "UPDATE \"user\" SET is_active = true WHERE username = 'creator'")


async def test_who_changed_something_sees_it_whichever_replica_answers(
    filled: Server, follower: Server, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standby, "RESTS", 2.0)
    async with serving(filled, follower) as one, serving(filled, follower) as two:
        for number in range(30):
            if number == 20:
                await execute(follower, "SELECT pg_wal_replay_pause()")
            await execute(filled, RENAMED.format(f"name {number}"))
            client = (one, two)[number % 2]
            assert await name_of(client, as_user("powner")) == f"name {number}"
        assert rests(one)
        await execute(follower, "SELECT pg_wal_replay_resume()")
        await caught_up(filled, follower)
        await asyncio.sleep(standby.RESTS)
        assert await name_of(one, as_user("powner")) == "name 29"
        assert not rests(one)


async def test_standby_that_catches_up_in_time_is_waited_for(filled: Server, follower: Server, as_user: AsUser) -> None:
    async with serving(filled, follower, read_database_lag=5) as client:
        await execute(follower, "SELECT pg_wal_replay_pause()")
        await execute(filled, RENAMED.format("late"))
        asked = asyncio.create_task(name_of(client, as_user("powner")))
        await asyncio.sleep(0.3)
        assert not asked.done()
        await execute(follower, "SELECT pg_wal_replay_resume()")
        assert await asked == "late"
        assert not rests(client)


async def test_commit_that_waits_for_a_lost_standby_is_given_up(
    filled: Server, follower: Server, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows then whether it will hold; this one does, as its server lives on. Reading waits for nothing."""
    monkeypatch.setattr(connecting, "GRACE", 0.5)
    async with serving(filled, follower, database_statement_timeout=0.5) as client:
        await wait_for_commits(filled)
        try:
            await asyncio.to_thread(follower.kill)
            await asyncio.wait_for(execute(filled, UNUSED), 5)
            began = time.monotonic()
            assert (await client.get(URL, headers=as_user("powner"))).status_code == 200
            assert time.monotonic() - began < 1
            answer = await client.post(f"{BOOKING}accept/", headers=as_user("powner"))
            assert time.monotonic() - began < 5
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        finally:
            await execute(filled, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        assert (await client.post(f"{BOOKING}accept/", headers=as_user("powner"))).status_code == 409


@pytest.mark.parametrize("how", ["killed", "frozen", "promoted"])
async def test_standby_that_is_lost_is_not_missed(
    filled: Server, follower: Server, as_user: AsUser, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(standby, "PATIENCE", 0.3)
    monkeypatch.setattr(standby, "RESTS", 30.0)
    async with serving(filled, follower) as client:
        await name_of(client, as_user("powner"))
        await asyncio.to_thread({"killed": follower.kill, "frozen": follower.freeze, "promoted": follower.promote}[how])
        try:
            for number in range(10):
                await execute(filled, RENAMED.format(f"{how} {number}"))
                async with asyncio.timeout(5):
                    assert await name_of(client, as_user("powner")) == f"{how} {number}"
            assert rests(client)
        finally:
            if how == "frozen":
                follower.freeze(thaw=True)


@pytest.mark.parametrize(
    "error", [asyncpg.ConnectionDoesNotExistError("lost"), asyncpg.SerializationError("conflict"), TimeoutError()]
)
async def test_standby_that_is_lost_within_a_request_is_not_missed(
    filled: Server, follower: Server, as_user: AsUser, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A conflict is what a standby cancels queries by that are in the way of what it replays."""
    read = Selection.read
    asked = []

    async def fail_at_first(self: Selection, reader: Any, *rest: Any) -> Any:
        asked.append(await reader.fetchval(FOLLOWS))
        if len(asked) == 1:
            raise error
        return await read(self, reader, *rest)

    monkeypatch.setattr(Selection, "read", fail_at_first)
    async with serving(filled, follower) as client:
        assert (await client.get(URL, headers=as_user("powner"))).status_code == 200
        assert asked == [True, False]


async def test_mistakes_are_not_made_twice(
    filled: Server, follower: Server, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def mistake(self: Selection, reader: Any, *_: Any) -> Any:
        asked.append(await reader.fetchval(FOLLOWS))
        await reader.fetch("SELECT 1 / 0")

    monkeypatch.setattr(Selection, "read", mistake)
    async with serving(filled, follower) as client:
        monkeypatch.setattr(client._transport, "raise_app_exceptions", False)
        assert (await client.get(URL, headers=as_user("powner"))).status_code == 500
        assert asked == [True]
        assert not rests(client)


async def test_memory_tells_servers_apart(filled: Server, follower: Server, as_user: AsUser) -> None:
    """Two servers that have gone different ways give one version to different contents."""
    await asyncio.to_thread(follower.promote)
    async with serving(filled, filled) as one, serving(follower, follower) as two:
        database_of(two).memory = database_of(one).memory
        versions = [await execute(each, RENAMED.format(each.port)) for each in (filled, follower)]
        assert versions[0] == versions[1]
        for _ in range(3):
            for client, server in ((one, filled), (two, follower)):
                assert await name_of(client, as_user("powner")) == str(server.port)


async def test_what_another_server_told_is_not_kept(
    filled: Server, follower: Server, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def elsewhere(_: object) -> object:
        return "another"

    async with serving(filled, follower) as client:
        with monkeypatch.context() as patched:
            patched.setattr(collection, "server_of", elsewhere)
            await client.get(BOOKING, headers=as_user("powner"))
        assert len(database_of(client).memory) == 0
        await client.get(BOOKING, headers=as_user("powner"))
        assert len(database_of(client).memory) == 1

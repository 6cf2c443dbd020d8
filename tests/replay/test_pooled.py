"""Two replicas behind one address, before one pooler that shares a few connections: the contract is the same."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from pydantic import SecretStr
from sqlalchemy import text

from app.config import Settings
from app.database import Database, connected
from app.embedded import Cluster
from tests.clients.server import PROJECT, running
from tests.conftest import BASE_URL, AsUser
from tests.databases import address, filled, keep_rows, other, put_back_rows
from tests.orders.conftest import body, period
from tests.replay.test_replay import EXCHANGES, TRANSITIONS, Explained, Replay, differences, explained
from tests.resilience.pooler import PROGRAM, pooled

pytestmark = [
    pytest.mark.slow,
    pytest.mark.no_cover,  # the service runs in other processes
    pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed"),
]

URL, ORDERS = "/api/booking-resources/", "/api/marketplace-orders/"
LEFT = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND datname = current_database()
"""


class Replicas:
    """Clients of which each in turn sends the next request."""

    def __init__(self, clients: list[AsyncClient]) -> None:
        self._turn = cycle(clients)

    async def ask(self, method: str, path: str, **sent: Any) -> Response:
        """Sends a request to the next replica."""
        return await next(self._turn).request(method, path, **sent)

    async def request(self, method: str, path: str, /, *, headers: list[tuple[bytes, bytes]]) -> Response:
        """The same with headers as they were recorded, but for blanks around them."""
        return await self.ask(method, path, headers=[(name, value.strip()) for name, value in headers])


@pytest.fixture(scope="module")
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    async with filled(cluster, "pooled") as database:
        yield database


@pytest.fixture(scope="module")
def url(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the pooler."""
    with pooled(address(database), tmp_path_factory.mktemp("pooler") / "pooler") as url:
        yield url


@pytest.fixture(scope="module")
async def replicas(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replicas]:
    folder = tmp_path_factory.mktemp("pooled")
    patient = {"database_pool_timeout": 60, "database_connect_timeout": 30}
    given: dict[str, Any] = {"database_pooler": "on", "base_url": BASE_URL, **patient}
    with (
        running(url, folder / "one.log", **given) as one,
        running(url, folder / "two.log", **given) as two,
    ):
        clients = [AsyncClient(base_url=base, timeout=60, trust_env=False) for base in (one, two)]
        yield Replicas(clients)
        for client in clients:
            await client.aclose()
        for log in ("one.log", "two.log"):
            assert "Exception in ASGI application" not in (folder / log).read_text()


async def test_recorded_answers(replicas: Replicas, database: Database) -> None:
    """Requests that change nothing, some at a time, so that the few connections of the pooler are shared."""
    found: Explained = []
    waiting = [record for record in EXCHANGES.values() if record["method"] == "GET" or record["status"] >= 400]

    async def ask(replay: Replay) -> None:
        while waiting:
            exchange = await replay.ask(waiting.pop())
            found.extend(explained(exchange, exchange.differences()))

    assert len(waiting) > 100
    async with database.transaction() as connection:
        await asyncio.gather(*(ask(Replay(connection, replicas)) for _ in range(8)))
    assert [difference for difference, rule in found if rule is None] == []


async def test_recorded_transitions(replicas: Replicas, database: Database) -> None:
    """Each on the data as recorded, which are put back after it."""
    async with database.transaction() as connection:
        await keep_rows(connection)
    found: Explained = []
    for record in TRANSITIONS.values():
        booking = UUID(record["resource"])
        async with database.transaction() as connection:
            await Replay(connection, replicas).prepare(booking, record)
        async with database.transaction() as connection:
            replay = Replay(connection, replicas)
            before = await replay.rows(booking)
            exchange = await replay.ask(record)
            after, state = await replay.rows(booking), await replay.state(booking)
            await put_back_rows(connection)
        found += explained(exchange, exchange.differences() + differences(record, state, before, after))
    assert [difference for difference, rule in found if rule is None] == []


async def test_life_of_a_booking(replicas: Replicas, as_user: AsUser) -> None:
    """Each step by the other replica; a retry gets the answer that the other gave."""
    consumer, provider = as_user("cowner"), as_user("powner")
    retry = consumer | {"Idempotency-Key": "pooled"}
    placed, again = [await replicas.ask("POST", ORDERS, headers=retry, json=body(period(1, 2))) for _ in range(2)]
    assert (placed.status_code, again.status_code, again.json()) == (201, 201, placed.json())
    booking = f"{URL}{placed.json()['marketplace_resource_uuid']}/"
    refused = await replicas.ask("POST", ORDERS, headers=consumer, json=body(period(1, 3)))
    assert (refused.status_code, "conflicts" in refused.text) == (400, True)
    seen = await replicas.ask("GET", booking, headers=provider)
    for status in (200, 412):
        decided = provider | {"If-Match": seen.headers["ETag"]}
        assert (await replicas.ask("POST", f"{booking}accept/", headers=decided)).status_code == status
    assert (await replicas.ask("POST", f"{booking}accept/", headers=provider)).status_code == 409
    listed = await replicas.ask("GET", f"{URL}?state=OK&name_exact=Bee brains", headers=provider)
    assert [each["state"] for each in listed.json()] == ["OK"]


async def test_rivals(replicas: Replicas, database: Database, as_user: AsUser) -> None:
    sent = [body(period(30 + number % 10, 31 + number % 10)) for number in range(100)]
    asked = [replicas.ask("POST", ORDERS, headers=as_user("cowner"), json=each) for each in sent]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*asked))
    assert statuses == [201] * 10 + [400] * 90
    async with other(address(database)) as connection:
        assert await connection.fetchval(LEFT) == 0


async def test_limits_of_time_hold(replicas: Replicas, database: Database, as_user: AsUser) -> None:
    async with other(address(database)) as connection, connection.transaction():
        await connection.execute("LOCK TABLE resource IN ACCESS EXCLUSIVE MODE")
        path = f"{URL}8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd/accept/"
        answer = await asyncio.wait_for(replicas.ask("POST", path, headers=as_user("powner")), 9)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("serving", [True, False])
async def test_what_transactions_are_told(url: str, serving: bool) -> None:
    """Commands take as long as they take, whatever is said of the role or of the database."""
    settings = Settings(database_url=SecretStr(url), database_pooler=True, database_statement_timeout=7)
    query = text("SELECT current_setting('jit'), current_setting('statement_timeout'), current_setting('timezone')")
    async with connected(settings, serving=serving) as database, database.transaction() as connection:
        assert tuple((await connection.execute(query)).one()) == ("off", "7s" if serving else "0", "UTC")


def test_from_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """Each command and each migration, one by one, by way of the pooler."""
    name = "from_nothing"
    cluster.create_database(name)
    with pooled(cluster.url(name), tmp_path / "pooler") as url:
        environment = {**os.environ, "BOOKING_DATABASE_URL": url, "BOOKING_DATABASE_POOLER": "on"}
        for words in (
            ("alembic", "upgrade", "0003"),
            ("app", "migrate"),
            ("alembic", "check"),
            ("app", "load", "tests/recorded/dataset.json"),
            ("app", "user", "list"),
            ("app", "dump", str(tmp_path / "again.json")),
        ):
            command = [sys.executable, "-m", *words]
            done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr

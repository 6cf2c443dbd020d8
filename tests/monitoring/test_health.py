"""Whether the service lives, and whether it can serve."""

import asyncio
import logging
import socket
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx import ASGITransport, AsyncClient

from app.addresses import read
from app.config import Settings
from app.database import Database, probe
from app.database.connecting import InTurn
from app.database.probe import Probe, Standing
from app.database.schema import suits
from app.embedded import Cluster
from app.main import create_app
from tests.clients.server import free_port, running
from tests.conftest import AsUser
from tests.databases import address, engine_on, filled, migrated, other

LIVE, READY = "/health/live", "/health/ready"
OK = {"status": "ok"}
SILENT = {"status": "the database does not answer"}
READ_ONLY = {"status": "the database takes no changes"}
OTHER_SCHEMA = {"status": "the database schema is of another version"}


@asynccontextmanager
async def on(url: str, settings: Settings) -> AsyncIterator[AsyncClient]:
    app, engine = create_app(settings), engine_on(url)
    app.state.database = Database(engine)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://waldur.example.com") as client:
        yield client
    await engine.dispose()


@pytest.fixture
async def url(cluster: Cluster) -> AsyncIterator[str]:
    """The address of an empty database of its own."""
    async with migrated(cluster, "health") as engine:
        yield address(engine)


@pytest.mark.parametrize("path", [LIVE, READY])
async def test_healthy_service_says_so_to_everybody(client: AsyncClient, path: str) -> None:
    for headers in ({}, {"Authorization": "Token nonsense"}, {"Accept": "text/plain"}):
        response = await client.get(path, headers=headers)
        assert (response.status_code, response.json()) == (200, OK)
        assert response.headers["Content-Type"] == "application/json"
        counted = await client.head(path, headers=headers)
        assert (counted.status_code, counted.content) == (200, b"")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE alembic_version SET version_num = '0004'; COMMENT ON TABLE alembic_version IS '0004'", OTHER_SCHEMA),
        ("UPDATE alembic_version SET version_num = '9999'; COMMENT ON TABLE alembic_version IS '9999'", OTHER_SCHEMA),
        ("UPDATE alembic_version SET version_num = '9999'; COMMENT ON TABLE alembic_version IS NULL", OTHER_SCHEMA),
        ("UPDATE alembic_version SET version_num = '9999'", OK),
        ("DELETE FROM alembic_version; COMMENT ON TABLE alembic_version IS NULL", OTHER_SCHEMA),
        ("DROP TABLE alembic_version", OTHER_SCHEMA),
        ("ALTER DATABASE {name} SET default_transaction_read_only = on", READ_ONLY),
    ],
)
async def test_database_that_does_not_suit_is_not_ready(
    url: str, settings: Settings, statement: str, expected: dict[str, str]
) -> None:
    """A newer schema suits as long as it says so."""
    async with other(url) as connection:
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(statement.format(name=name))
    async with on(url, settings) as client:
        response = await client.get(READY)
        assert (response.status_code, response.json()) == (200 if expected is OK else 503, expected)
        assert (await client.head(READY)).status_code == response.status_code
        assert (await client.get(LIVE)).json() == OK


async def test_server_that_takes_no_changes_any_longer_is_not_ready(
    url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting in ("KEPT", "RENEWED"):
        monkeypatch.setattr(probe, setting, -1.0)
    async with on(url, settings) as client, other(url) as connection:
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        for value, expected in (("off", OK), ("on", READ_ONLY), ("off", OK)):
            await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
            assert (await client.get(READY)).json() == expected


async def test_service_without_its_database_lives_but_is_not_ready(settings: Settings) -> None:
    async with on("postgresql+asyncpg://postgres@/booking?host=/nonexistent&port=5432", settings) as client:
        response = await client.get(READY)
        assert (response.status_code, response.json()) == (503, SILENT)
        assert (await client.get(LIVE)).json() == OK


async def test_database_that_hangs_is_not_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something listens, and never says a word."""
    assert probe.PATIENCE <= 5
    monkeypatch.setattr(probe, "PATIENCE", 0.05)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"postgresql+asyncpg://postgres@127.0.0.1:{mute.getsockname()[1]}/booking"
        async with on(url, settings) as client, asyncio.timeout(5):
            response = await client.get(READY)
            assert (response.status_code, response.json()) == (503, SILENT)


async def test_connection_that_was_lost_is_replaced(
    url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "KEPT", -1.0)
    async with on(url, settings) as client, other(url) as connection:
        assert (await client.get(READY)).json() == OK
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert [(await client.get(READY)).json() for _ in range(2)][1] == OK


async def test_many_who_ask_are_one_for_the_database() -> None:
    connections: list[str] = []

    async def connect() -> Any:
        connections.append("made")
        await asyncio.sleep(0.05)
        raise ConnectionRefusedError("secret")

    asked = Probe(connect, suits)
    assert set(await asyncio.gather(*(asked.standing() for _ in range(100)))) == {Standing.SILENT}
    assert connections == ["made"]


@pytest.mark.parametrize(("ahead", "warnings"), [(600 * 86400, 1), (-60, 1), (1, 0)])
async def test_clock_that_is_wrong_is_told_once(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, ahead: float, warnings: int
) -> None:
    class Elsewhere(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(UTC) + timedelta(seconds=ahead)

    monkeypatch.setattr(probe, "datetime", Elsewhere)
    monkeypatch.setattr(probe, "KEPT", -1.0)
    asked = Probe(InTurn(read(url)), suits)
    with caplog.at_level(logging.WARNING, logger="app.database.probe"):
        assert [await asked.standing() for _ in range(2)] == [Standing.READY] * 2
    asked.close()
    assert len([record for record in caplog.records if "clock" in record.getMessage()]) == warnings


@pytest.mark.slow
async def test_ready_is_told_while_hundreds_wait(cluster: Cluster, as_user: AsUser, tmp_path: Path) -> None:
    """The connections of the pools are all taken, by requests that wait for a lock."""
    limits: dict[str, Any] = {
        "database_pool_timeout": "20",
        "database_lock_timeout": "20",
        "database_statement_timeout": "20",
    }
    async with filled(cluster, "hundreds") as database:
        url = address(database)
    apart = free_port()
    with running(url, tmp_path / "server.log", workers=2, health_port=str(apart), **limits) as base:
        limit = httpx.Limits(max_connections=None)
        async with AsyncClient(base_url=base, limits=limit, timeout=60, trust_env=False) as client:
            async with other(url) as connection, connection.transaction():
                await connection.execute("LOCK TABLE token IN ACCESS EXCLUSIVE MODE")
                asked = client.build_request("GET", "/api/booking-resources/", headers=as_user("powner"))
                waiting = [asyncio.create_task(client.send(asked)) for _ in range(400)]
                await asyncio.sleep(5)
                assert not any(task.done() for task in waiting)
                took = []
                for number in range(40):
                    began = time.monotonic()
                    port = f"http://127.0.0.1:{apart}" if number % 2 else base
                    assert (await client.get(port + READY)).json() == OK
                    took.append(time.monotonic() - began)
                    await asyncio.sleep(0.1)
            print(f"ready behind 400: median {statistics.median(took):.4f} s, longest {max(took):.4f} s")
            assert (await client.get(f"http://127.0.0.1:{apart}/api/booking-resources/")).status_code == 404
            assert {(await task).status_code for task in waiting} == {200}
    assert statistics.median(took) < 0.1

"""Whether the service lives, and whether it can serve."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from app import health
from app.config import Settings
from app.database import Database
from app.main import create_app

LIVE, READY = "/health/live", "/health/ready"
OK = {"status": "ok"}
SILENT = {"status": "the database does not answer"}
OUTDATED = {"status": "the database schema is of another version"}


@asynccontextmanager
async def on(database: Any, settings: Settings) -> AsyncIterator[AsyncClient]:
    app = create_app(settings)
    app.state.database = database
    async with AsyncClient(transport=ASGITransport(app), base_url="http://waldur.example.com") as client:
        yield client


@pytest.mark.parametrize("path", [LIVE, READY])
async def test_healthy_service_says_so_to_everybody(client: AsyncClient, path: str) -> None:
    for headers in ({}, {"Authorization": "Token nonsense"}, {"Accept": "text/plain"}):
        response = await client.get(path, headers=headers)
        assert (response.status_code, response.json()) == (200, OK)
        assert response.headers["Content-Type"] == "application/json"
        counted = await client.head(path, headers=headers)
        assert (counted.status_code, counted.content) == (200, b"")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE alembic_version SET version_num = '9999'", "DELETE FROM alembic_version", "DROP TABLE alembic_version"],
)
async def test_other_schema_is_not_ready(client: AsyncClient, rows: AsyncConnection, statement: str) -> None:
    await rows.execute(text(statement))
    response = await client.get(READY)
    assert (response.status_code, response.json()) == (503, OUTDATED)
    assert (await client.head(READY)).status_code == 503
    assert (await client.get(LIVE)).json() == OK


async def test_service_without_its_database_lives_but_is_not_ready(settings: Settings) -> None:
    engine = create_async_engine("postgresql+asyncpg://postgres@/booking?host=/nonexistent&port=5432")
    async with on(Database(engine), settings) as client:
        response = await client.get(READY)
        assert (response.status_code, response.json()) == (503, SILENT)
        assert (await client.get(LIVE)).json() == OK


class Hanging:
    """A database that never answers."""

    @asynccontextmanager
    async def transaction(self, **_: Any) -> AsyncIterator[None]:
        await asyncio.sleep(60)
        yield


async def test_database_that_hangs_is_not_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert health.PATIENCE <= 10
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    async with on(Hanging(), settings) as client, asyncio.timeout(5):
        response = await client.get(READY)
        assert (response.status_code, response.json()) == (503, SILENT)


class Broken:
    """A database whose connection breaks with whatever it is given."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    @asynccontextmanager
    async def transaction(self, **_: Any) -> AsyncIterator[None]:
        raise self.error
        yield


@pytest.mark.parametrize("error", [ConnectionRefusedError("secret"), TimeoutError("secret"), OSError("secret")])
async def test_reason_is_not_told(settings: Settings, error: Exception) -> None:
    async with on(Broken(error), settings) as client:
        response = await client.get(READY)
        assert (response.status_code, response.json()) == (503, SILENT)

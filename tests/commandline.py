"""The commands, as an operator types them, on a database of their own that begins empty but for its schema."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from app.cli import cli
from app.config import settings
from app.embedded import Cluster
from tests.databases import address, engine_on, migrated

Booking: TypeAlias = Callable[..., Result]
Query: TypeAlias = Callable[[str], list[Any]]


@pytest.fixture
def url(cluster: Cluster) -> str:
    """The address of an empty database with the current schema."""

    async def prepare() -> str:
        async with migrated(cluster, "commands") as engine:
            return address(engine)

    return asyncio.run(prepare())


@pytest.fixture
def booking(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Booking]:
    """Runs a command line on that database."""
    monkeypatch.setenv("BOOKING_DATABASE_URL", url)
    settings.cache_clear()
    runner = CliRunner(env={"COLUMNS": "200"})

    def run(*words: str, stdin: str | None = None) -> Result:
        return runner.invoke(cli, words, input=stdin)

    yield run
    settings.cache_clear()


@pytest.fixture
def query(url: str) -> Query:
    """The rows that a statement finds in that database."""

    async def rows(statement: str) -> list[Any]:
        engine = engine_on(url)
        async with engine.connect() as connection:
            found = list((await connection.execute(text(statement))).all())
        await engine.dispose()
        return found

    return lambda statement: asyncio.run(rows(statement))

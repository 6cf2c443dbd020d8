"""A real PostgreSQL for all tests, one transaction per test, and the application on top of it."""

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.demo.dataset import demo_dataset
from app.commands.transfer import load_dataset
from app.config import Settings
from app.database import Database
from app.embedded import Cluster
from app.main import create_app
from tests.databases import FAST, OneTransaction, filled, migrated, reached
from tests.dataset import USERS, key_of

BASE_URL = "http://waldur.example.com"
AsUser = Callable[[str], dict[str, str]]
"""The headers of a caller by username."""


def pytest_collection_finish() -> None:
    """What is there before the first test stays: no time is spent on looking for garbage in it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The server of all test processes."""
    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with Cluster(common / "postgres", settings=FAST) as running, reached(running, own / "pooler"):
        yield running


@pytest.fixture(scope="session")
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    """An empty database; tests write to it in transactions that are rolled back."""
    async with migrated(cluster, "empty") as engine:
        yield Database(engine)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with database.engine.connect() as opened, opened.begin() as transaction:
        await opened.execute(text("SELECT"))
        yield opened
        await transaction.rollback()


@pytest.fixture(scope="session")
def tokens() -> dict[str, str]:
    """Keys by username."""
    return {username: user["token"] for username, user in USERS.items()}


@pytest.fixture(scope="session")
async def recorded(cluster: Cluster) -> AsyncIterator[Database]:
    """A database that holds the recorded data set; tests write to it in transactions that are rolled back."""
    async with filled(cluster, "rows") as database:
        yield database


@pytest.fixture
async def rows(recorded: Database) -> AsyncIterator[AsyncConnection]:
    """The recorded data set within a transaction that is rolled back; what `client` serves."""
    async with recorded.engine.connect() as opened, opened.begin() as transaction:
        await opened.execute(text("SELECT"))  # only now the driver begins
        yield opened
        await transaction.rollback()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(base_url=BASE_URL, data_dir=tmp_path)


@pytest.fixture(scope="session")
def application() -> FastAPI:
    return create_app(Settings(base_url=BASE_URL, failed_authentications=0))


@pytest.fixture
async def client(application: FastAPI, rows: AsyncConnection, settings: Settings) -> AsyncIterator[AsyncClient]:
    """Calls the application in this process, on the recorded data set; see `as_user` for tokens."""
    application.state.settings, application.state.database = settings, OneTransaction(rows)
    async with AsyncClient(transport=ASGITransport(application), base_url=BASE_URL) as opened:
        yield opened


@pytest.fixture(scope="session")
async def demo_database(cluster: Cluster) -> AsyncIterator[Database]:
    """A database that holds the demo data; tests write to it in transactions that are rolled back."""
    async with migrated(cluster, "demo_data") as engine:
        filled = Database(engine)
        async with filled.transaction() as connection:
            await load_dataset(connection, demo_dataset(datetime.now(UTC)))
        yield filled


@pytest.fixture
async def demo_rows(demo_database: Database) -> AsyncIterator[AsyncConnection]:
    """The demo data in a transaction that is rolled back."""
    async with demo_database.engine.connect() as opened, opened.begin() as transaction:
        yield opened
        await transaction.rollback()


@pytest.fixture
async def demo_client(
    application: FastAPI, demo_rows: AsyncConnection, settings: Settings
) -> AsyncIterator[AsyncClient]:
    """Calls the application in this process, on the demo data."""
    application.state.settings, application.state.database = settings, OneTransaction(demo_rows)
    async with AsyncClient(transport=ASGITransport(application), base_url=BASE_URL) as opened:
        yield opened


@pytest.fixture(scope="session")
def as_user() -> AsUser:
    """The headers of a caller by username."""
    return key_of

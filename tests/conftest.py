"""A real PostgreSQL for all tests, one transaction per test, and the application on top of it."""

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config import Settings
from app.database import Database
from app.embedded import Cluster
from app.main import create_app
from tests.databases import FAST, OneTransaction, filled, migrated
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
    with Cluster(common / "postgres", settings=FAST) as running:
        yield running


@pytest.fixture(scope="session")
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    """An empty database; tests write to it in transactions that are rolled back."""
    async with migrated(cluster, "empty") as engine:
        yield Database(engine)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with database.engine.connect() as opened, opened.begin() as transaction:
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
        yield opened
        await transaction.rollback()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(base_url=BASE_URL, data_dir=tmp_path)


@pytest.fixture(scope="session")
def application() -> FastAPI:
    return create_app(Settings(base_url=BASE_URL))


@pytest.fixture
async def client(application: FastAPI, rows: AsyncConnection, settings: Settings) -> AsyncIterator[AsyncClient]:
    """Calls the application in this process, on the recorded data set; see `as_user` for tokens."""
    application.state.settings, application.state.database = settings, OneTransaction(rows)
    async with AsyncClient(transport=ASGITransport(application), base_url=BASE_URL) as opened:
        yield opened


@pytest.fixture(scope="session")
def as_user() -> AsUser:
    """The headers of a caller by username."""
    return key_of

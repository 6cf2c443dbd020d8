"""A server for requests that are made up."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.database import Database
from app.embedded import Cluster
from tests.clients.server import running
from tests.databases import address as address_of
from tests.databases import filled


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Requests are made up while tests are collected, which takes seconds also if none is sent."""
    return True if config.getoption("markexpr") == "not slow" else None


@pytest.fixture(scope="module")
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    """The recorded data set, in a database of its own."""
    async with filled(cluster, "document") as database:
        yield database


@pytest.fixture(scope="module")
def address(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on that database, which may be tried with keys that are made up as often as one likes."""
    log = tmp_path_factory.mktemp("served") / "server.log"
    with running(address_of(database), log, failed_authentications="0") as started:
        yield started

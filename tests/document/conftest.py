"""A server for requests that are made up."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from app.commands.transfer import load_dataset
from app.database import Database
from app.embedded import Cluster
from tests.clients.server import running
from tests.databases import migrated


@pytest.fixture(scope="module")
async def database(
    request: pytest.FixtureRequest, cluster: Cluster, dataset: dict[str, Any]
) -> AsyncIterator[Database]:
    """The recorded data set, in a database of its own."""
    async with migrated(cluster, request.module.__name__.rpartition(".")[2]) as engine:
        filled = Database(engine)
        async with filled.transaction() as connection:
            await load_dataset(connection, dataset)
        yield filled


@pytest.fixture(scope="module")
def address(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on that database."""
    url = database.engine.url.render_as_string(hide_password=False)
    with running(url, tmp_path_factory.mktemp("served") / "server.log") as started:
        yield started

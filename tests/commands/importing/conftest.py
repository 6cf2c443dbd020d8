"""A second instance of this service as a source, and empty databases to import into."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from itertools import count
from typing import Any

import httpx
import pytest

from app.commands.accounts.repository import create_token, create_user
from app.commands.importing.reader import Reader
from app.config import Settings
from app.database import Database
from app.embedded import Cluster
from app.main import create_app
from tests.clients.server import running
from tests.databases import address, filled, migrated

SAME_BASE = "https://same.example.com"
"""Both instances begin their links with it, so that answers can be compared as they are."""
_NUMBERS = count()


class BookingsOnly(httpx.AsyncHTTPTransport):
    """To a system that shows bookings, but nothing of what they refer to."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith("/api/booking-resources/"):
            return httpx.Response(404, json={"detail": "Not found."})
        return await super().handle_async_request(request)


@pytest.fixture(scope="session")
def serve_recorded(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], AbstractContextManager[str]]:
    """Starts a server on a database of its own, filled with the recorded data set."""

    async def fill() -> str:
        async with filled(cluster, "import_source") as database:
            return address(database)

    def start() -> AbstractContextManager[str]:
        log = tmp_path_factory.mktemp("import_source") / "server.log"
        return running(asyncio.run(fill()), log, base_url=SAME_BASE, expire_pending="off")

    return start


@pytest.fixture(scope="session")
def source(serve_recorded: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """The address of a source that nobody changes."""
    with serve_recorded() as served:
        yield served


@pytest.fixture
def changing_source(serve_recorded: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """The address of a source for one test."""
    with serve_recorded() as served:
        yield served


@pytest.fixture
async def empty(cluster: Cluster) -> AsyncIterator[Database]:
    """A database without any rows, for one test."""
    async with migrated(cluster, "import_target") as engine:
        yield Database(engine)


@pytest.fixture
def staff_token(tokens: dict[str, str]) -> str:
    return tokens["staff"]


@pytest.fixture
def reading(staff_token: str) -> Callable[..., AbstractAsyncContextManager[Reader]]:
    """Opens a reader of an address, as staff."""

    @asynccontextmanager
    async def opened(source: str, transport: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[Reader]:
        async with Reader.opened(source, staff_token, page_size=7, transport=transport) as reader:
            yield reader

    return opened


async def shown_by(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """All bookings by uuid, as the list shows them; each is retrieved as well, and must be the same."""
    bookings = {}
    response = await client.get("/api/booking-resources/", params={"o": "created", "page_size": 300})
    assert response.status_code == 200
    for item in response.json():
        assert (await client.get(f"/api/booking-resources/{item['uuid']}/")).json() == item
        bookings[item["uuid"]] = item
    return bookings


async def shown_at(source: str, token: str) -> dict[str, dict[str, Any]]:
    """What a server shows."""
    headers = {"Authorization": f"Token {token}"}
    async with httpx.AsyncClient(base_url=source, headers=headers, trust_env=False) as client:
        return await shown_by(client)


async def shown_from(database: Database) -> dict[str, dict[str, Any]]:
    """What staff see of a database."""
    async with database.transaction() as connection:
        await create_user(connection, name := f"checker{next(_NUMBERS)}", is_staff=True)
        token = await create_token(connection, name)
    application = create_app(Settings(base_url=SAME_BASE))
    application.state.database = database
    headers = {"Authorization": f"Token {token}"}
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url=SAME_BASE, headers=headers) as client:
        return await shown_by(client)

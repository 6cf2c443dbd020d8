"""Many calls at once for one booking, over several server processes: exactly one changes it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.embedded import Cluster
from app.models import History, Order, Resource
from tests.databases import address, filled
from tests.dataset import key_of, uuid_of

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

ROOT = Path(__file__).parents[2]
BOOKINGS = ["alpha scan", "Quick", "tail-3", "ABCDEF", "deadbeefdeadbeefdeadbeefdeadbeef"]
"""Requests for offerings of one provider, each with one executing order."""
WORKERS, CONNECTIONS, CALLS = 3, 4, 50
PATIENCE = 30
ENDINGS = {"OK": "done", "Terminated": "canceled"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(database_url: str, log: Path) -> Iterator[str]:
    """The address of a server of several processes, which are ended whatever happens."""
    port = free_port()
    environment = {
        **os.environ,
        "BOOKING_DATABASE_URL": database_url,
        "BOOKING_DATABASE_POOL_SIZE": str(CONNECTIONS),
        "BOOKING_DATABASE_POOL_OVERFLOW": "0",
        "BOOKING_REQUESTS_AT_ONCE": "1000",
        "BOOKING_REQUESTS_PER_TOKEN": "1000",
    }
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port), "--workers", str(WORKERS)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(10)
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)


async def until_ready(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if (await client.get("/health/ready")).status_code == 200:
                return
        await asyncio.sleep(0.1)
    raise TimeoutError("the server did not become ready")


@pytest.fixture(scope="module")
async def stored(cluster: Cluster) -> AsyncIterator[AsyncEngine]:
    async with filled(cluster, "concurrency") as database:
        yield database.engine


@pytest.fixture(scope="module")
async def served(stored: AsyncEngine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server; each call has a connection of its own, so that all processes are reached."""
    log = tmp_path_factory.mktemp("server") / "log"
    limits = httpx.Limits(max_connections=CALLS, max_keepalive_connections=0)
    with serving(address(stored), log) as server:
        async with httpx.AsyncClient(base_url=server, limits=limits, timeout=PATIENCE) as client:
            await until_ready(client)
            yield client


async def outcome(engine: AsyncEngine, booking: UUID) -> tuple[str, list[str], list[str]]:
    """The states of the booking, of its orders, and of what its history says it became."""
    async with engine.connect() as connection:
        state = (await connection.execute(select(Resource.state).where(Resource.uuid == booking))).scalar_one()
        orders = (await connection.execute(select(Order.state).where(Order.resource_uuid == booking))).scalars()
        history = select(History.to_state).where(History.resource_uuid == booking)
        return state, list(orders), list((await connection.execute(history)).scalars())


@pytest.mark.parametrize("name", BOOKINGS)
async def test_of_many_calls_at_once_exactly_one_succeeds(
    served: httpx.AsyncClient, stored: AsyncEngine, name: str
) -> None:
    booking = uuid_of("resources", name=name)
    calls = [("accept", "reject")[number % 2] for number in range(CALLS)]
    callers = [key_of(("powner", "staff", "pmanager")[number % 3]) for number in range(CALLS)]
    responses = await asyncio.gather(
        *(
            served.post(f"/api/booking-resources/{booking}/{action}/", headers=headers)
            for action, headers in zip(calls, callers, strict=True)
        )
    )
    assert Counter(response.status_code for response in responses) == {200: 1, 409: CALLS - 1}
    (winner,) = (action for action, response in zip(calls, responses, strict=True) if response.status_code == 200)
    conflict = {"detail": "Valid states for operation: Creating."}
    assert all(response.json() == conflict for response in responses if response.status_code == 409)
    state, orders, history = await outcome(stored, booking)
    assert state == {"accept": "OK", "reject": "Terminated"}[winner]
    assert (orders, history) == ([ENDINGS[state]], [state])


async def test_reading_and_changing_at_once_never_fails(served: httpx.AsyncClient, stored: AsyncEngine) -> None:
    booking = uuid_of("resources", name="Wide field")
    path = f"/api/booking-resources/{booking}/"
    reads = [served.get(path, headers=key_of("powner2")) for _ in range(30)]
    writes = [served.post(f"{path}{action}/", headers=key_of("powner2")) for action in ("accept", "reject") * 5]
    responses = await asyncio.gather(
        *(call for pair in zip(reads[:10], writes, strict=True) for call in pair), *reads[10:]
    )
    shown = [response.json() for response in responses if response.request.method == "GET"]
    assert len(shown) == 30
    seen = {(item["state"], item["creation_order"]["state"]) for item in shown}
    assert seen <= {("Creating", "executing"), ("OK", "done"), ("Terminated", "canceled")}
    state, orders, history = await outcome(stored, booking)
    assert (orders, history) == ([ENDINGS[state]], [state])


async def test_several_processes_have_served(served: httpx.AsyncClient, stored: AsyncEngine) -> None:
    await asyncio.gather(*(served.get("/api/booking-resources/", headers=key_of("staff")) for _ in range(CALLS)))
    async with stored.connect() as connection:
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'booking' AND datname = current_database()"
        )
        assert (await connection.execute(query)).scalar_one() > CONNECTIONS

"""What is malformed, against a real server: it is refused or hung up on in time, and nobody else notices."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.embedded import Cluster
from tests.benchmark.client import Request, one
from tests.databases import address, filled
from tests.dataset import key_of
from tests.resilience.fuzz import PATIENCE, fuzz
from tests.resilience.malformed import HEADERS, LINES, QUERIES, TARGETS, Case
from tests.resilience.malformed_bodies import FRAMES, REQUESTS, TEXTS
from tests.resilience.served import Served, served
from tests.resilience.wire import exchange

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

CASES = {
    f"{kind}: {name}": case
    for kind, cases in {
        "line": LINES,
        "target": TARGETS,
        "query": QUERIES,
        "header": HEADERS,
        "frame": FRAMES,
        "requests": REQUESTS,
        "text": TEXTS,
    }.items()
    for name, case in cases.items()
}
USUAL = Request("GET", "/api/booking-resources/?page_size=1", key_of("staff"))
SECONDS = 25


@pytest.fixture
async def service(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A service of its own, whose workers all live to the end, and which then answers as ever."""
    async with filled(cluster, "fuzz") as database:
        with served(address(database), tmp_path_factory.mktemp("served") / "log", **PATIENCE) as running:
            workers = running.workers()
            yield running
            answers = await asyncio.gather(*(one(running.port, USUAL) for _ in range(20)))
            assert {answer.status for answer in answers} == {200}
            assert len(workers) == 2
            assert running.workers() == workers
    assert running.defects() == []


async def _wrong(port: int, case: Case) -> str | None:
    told = await exchange(port, case.sent, until_closed=True)
    if told.statuses != tuple(case.statuses):
        return f"{told.statuses} {told.answers[-1].body[:100] if told.answers else b''!r}"
    return told.complaint() or (None if told.closed else "is kept open")


async def test_what_is_malformed_is_refused_in_time(service: Served) -> None:
    gate = asyncio.Semaphore(32)

    async def look(name: str, case: Case) -> tuple[str, str | None]:
        async with gate:
            return name, await _wrong(service.port, case)

    found = await asyncio.gather(*(look(name, case) for name, case in CASES.items()))
    assert {name: wrong for name, wrong in found if wrong} == {}


async def test_nothing_that_is_changed_by_chance_is_a_defect(service: Served) -> None:
    found = await fuzz(service.port, seed=1, seconds=SECONDS)
    print(found)
    assert found.complaints == []
    assert found.number > 500
    assert {200, 400, 404, 408} <= found.statuses.keys()

"""Sixteen processes fight over the same periods: nobody is ever double-booked, and nobody sees a fault.

`BOOKING_RIVALS_SECONDS` sets how long they fight.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from app.database import Database
from app.embedded import Cluster
from tests.clients.server import PATIENT, running
from tests.databases import address as address_of
from tests.databases import filled
from tests.orders.conftest import body, period
from tests.orders.rivals import HOURS

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

SECONDS = float(os.environ.get("BOOKING_RIVALS_SECONDS", "5"))
OVERLAPS = """
    SELECT count(*) FROM slot a JOIN slot b
    ON a.offering_uuid = b.offering_uuid AND a.id < b.id AND a.live AND b.live AND a.start < b.end AND b.start < a.end
    JOIN resource r ON r.uuid = a.resource_uuid WHERE r.name = 'rival'
"""
STORED = "SELECT count(*) FROM resource WHERE name = 'rival'"
ORDERED = """
    SELECT count(*) FROM "order" o JOIN resource r ON r.uuid = o.resource_uuid
    WHERE o.state = 'executing' AND r.name = 'rival'
"""
OPEN = """
    UPDATE offering SET attributes = (SELECT attributes FROM offering WHERE name = 'Microscope')
    WHERE name = 'Telescope'
"""


@pytest.fixture(scope="module")
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    async with filled(cluster, "rivals") as database:
        async with database.transaction() as connection:
            await connection.execute(text(OPEN))
        yield database


@pytest.fixture(scope="module")
def address(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of two processes."""
    log = tmp_path_factory.mktemp("rivals") / "server.log"
    with running(address_of(database), log, workers=2, **PATIENT) as started:
        yield started


async def counted(database: Database, query: str) -> int:
    async with database.transaction() as connection:
        return int((await connection.execute(text(query))).scalar_one())


async def test_rivals_never_overlap(database: Database, address: str, tokens: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tests.orders.rivals", address, tokens["staff"], str(SECONDS)]
    printed = await asyncio.to_thread(subprocess.check_output, command)
    print(printed.decode())
    answers = json.loads(printed)["answers"]
    assert await counted(database, OVERLAPS) == 0
    assert set(answers) <= {"won", "refused: taken", "refused: own overlap"}, answers
    assert await counted(database, STORED) == await counted(database, ORDERED) == answers["won"] > 0
    assert answers["refused: taken"] > 0


async def test_retries_at_the_same_time_place_one_order(
    database: Database, address: str, tokens: dict[str, str]
) -> None:
    headers = {"Authorization": f"Token {tokens['cowner']}", "Idempotency-Key": "at-once"}
    later = 2 * HOURS  # than anything that the rivals fight over
    sent = body(period(later, later + 1), period(later + 2, later + 3), request_comment="at once")
    async with AsyncClient(base_url=address, headers=headers, timeout=60) as client:
        answers = await asyncio.gather(*(client.post("/api/marketplace-orders/", json=sent) for _ in range(30)))
        answers.append(await client.post("/api/marketplace-orders/", json=sent))
    assert {answer.status_code for answer in answers} <= {201, 409}
    [order] = {answer.json()["uuid"] for answer in answers if answer.status_code == 201}
    assert answers[-1].json()["uuid"] == order, "once it is placed, a retry gets it"
    assert await counted(database, "SELECT count(*) FROM \"order\" WHERE request_comment = 'at once'") == 1

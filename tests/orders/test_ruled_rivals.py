"""Rivals fight over an offering with rules: no time that is held overlaps, and no limit is passed.

`BOOKING_RIVALS_SECONDS` sets how long they fight.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text

from app.database import Database
from app.embedded import Cluster
from tests.clients.server import PATIENT, running
from tests.databases import address as address_of
from tests.databases import filled
from tests.orders.conftest import body, period
from tests.orders.rivals import HOURS, OFFERINGS, PROJECT
from tests.orders.test_rivals import OPEN, OVERLAPS, SECONDS, counted

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes
TURNAROUND, LIMITED = OFFERINGS
MOST = 25
RULED = f"""
    UPDATE offering SET rules = CASE WHEN uuid = '{TURNAROUND}' THEN '{{"turnaround": "PT20M"}}'::jsonb
    ELSE '{{"max_open_per_user": {MOST}, "turnaround": "PT1H"}}'::jsonb END
    WHERE uuid IN ('{TURNAROUND}', '{LIMITED}')
"""
HELD = """
    SELECT count(*) FROM slot a JOIN slot b ON a.offering_uuid = b.offering_uuid AND a.id < b.id AND a.live AND b.live
    AND a.resource_uuid <> b.resource_uuid AND a.start < b.held_until AND b.start < a.held_until
    JOIN resource r ON r.uuid = a.resource_uuid WHERE r.name = 'rival'
"""
UNHELD = """
    SELECT count(*) FROM slot JOIN resource r ON r.uuid = resource_uuid WHERE r.name = 'rival' AND slot.live
    AND held_until IS DISTINCT FROM "end" + CASE WHEN slot.offering_uuid = '{}' THEN interval '20 min'
    ELSE interval '1 h' END
"""
OPENED = """
    SELECT count(*) FROM slot JOIN resource r ON r.uuid = resource_uuid
    WHERE slot.live AND "end" > now() AND slot.offering_uuid = '{}' AND r.project_uuid = '{}' AND r.name = 'rival'
"""


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    async with filled(cluster, "ruled") as database:
        async with database.transaction() as connection:
            await connection.execute(text(OPEN))
            await connection.execute(text(RULED))
        yield database


async def fill(address: str, token: str) -> Response:
    """Asks for one period after the other, later than anything that is fought over, until one is refused."""
    async with AsyncClient(base_url=address, headers={"Authorization": f"Token {token}"}, timeout=60) as client:
        for hour in range(0, 4 * MOST, 3):
            offering = f"/api/marketplace-public-offerings/{LIMITED}/"
            asked = body(period(2 * HOURS + hour, 2 * HOURS + hour + 1), offering=offering)
            asked["attributes"]["name"] = "rival"
            answer = await client.post("/api/marketplace-orders/", json=asked)
            if answer.status_code == 400:
                return answer
            assert answer.status_code == 201, answer.text
    raise AssertionError("no limit holds")


async def test_rivals_keep_to_rules(
    database: Database, tmp_path_factory: pytest.TempPathFactory, tokens: dict[str, str]
) -> None:
    log = tmp_path_factory.mktemp("ruled") / "server.log"
    with running(address_of(database), log, workers=2, **PATIENT) as address:
        command = [sys.executable, "-m", "tests.orders.rivals", address, tokens["staff"], str(SECONDS)]
        printed = await asyncio.to_thread(subprocess.check_output, command)
        print(printed.decode())
        last = await fill(address, tokens["staff"])
    answers = json.loads(printed)["answers"]
    assert await counted(database, OVERLAPS) == await counted(database, HELD) == 0
    assert await counted(database, UNHELD.format(TURNAROUND)) == 0
    opened = await counted(database, OPENED.format(LIMITED, PROJECT))
    assert opened == MOST, "as many as there may be"
    assert "(rule max_open_per_user)" in last.text
    assert set(answers) <= {"won", "refused: taken", "refused: own overlap", "refused: limit"}, answers

"""Sixteen processes fight over the same periods: nobody is ever double-booked, and nobody sees a fault.

`BOOKING_RIVALS_SECONDS` sets how long they fight.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.database import Database
from app.embedded import Cluster
from app.transfer import load_dataset
from tests.clients.server import running
from tests.databases import migrated

SECONDS = float(os.environ.get("BOOKING_RIVALS_SECONDS", "5"))
OVERLAPS = """
    SELECT count(*) FROM slot a JOIN slot b
    ON a.offering_uuid = b.offering_uuid AND a.id < b.id AND a.live AND b.live AND a.start < b.end AND b.start < a.end
    JOIN resource r ON r.uuid = a.resource_uuid WHERE r.name = 'rival'
"""
OPEN = """
    UPDATE offering SET attributes = (SELECT attributes FROM offering WHERE name = 'Microscope')
    WHERE name = 'Telescope'
"""


async def test_rivals_never_overlap(cluster: Cluster, dataset: Any, tokens: dict[str, str], tmp_path: Path) -> None:
    async with migrated(cluster, "rivals") as engine:
        database = Database(engine)
        async with database.transaction() as connection:
            await load_dataset(connection, dataset)
            await connection.execute(text(OPEN))
        with running(cluster.url("rivals"), tmp_path / "server.log", workers=2) as address:
            command = [sys.executable, "-m", "tests.requests.rivals", address, tokens["staff"], str(SECONDS)]
            printed = await asyncio.to_thread(subprocess.check_output, command)
        async with database.transaction() as connection:
            stored = (await connection.execute(text("SELECT count(*) FROM resource WHERE name = 'rival'"))).scalar_one()
            orders = (
                await connection.execute(
                    text(
                        "SELECT count(*) FROM \"order\" WHERE state = 'executing' "
                        "AND resource_uuid IN (SELECT uuid FROM resource WHERE name = 'rival')"
                    )
                )
            ).scalar_one()
            overlaps = (await connection.execute(text(OVERLAPS))).scalar_one()
    print(printed.decode())
    answers = json.loads(printed)["answers"]
    assert overlaps == 0
    assert set(answers) <= {"won", "refused: taken", "refused: own overlap"}, answers
    assert stored == orders == answers["won"] > 0
    assert answers["refused: taken"] > 0

"""What was acknowledged survives `kill -9` of the service and of PostgreSQL; what was not is not half there."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.pool import NullPool

from app.database import Database, migrate
from app.embedded import Cluster
from tests.clients.server import running
from tests.databases import address, engine_on, filled
from tests.orders.conftest import body, period

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

HALF_DONE = """
    SELECT count(*) FROM resource r WHERE r.name = 'Bee brains' AND (
        (SELECT count(*) FROM "order" o WHERE o.resource_uuid = r.uuid) <> 1
        OR (SELECT count(*) FROM slot s WHERE s.resource_uuid = r.uuid) <> 2)
"""


def _ask(address: str, token: str, hours: Any, kill: Any) -> list[str]:
    """Places requests one after the other until the service is gone, and returns the acknowledged ones."""
    acknowledged: list[str] = []
    with httpx.Client(base_url=address, headers={"Authorization": f"Token {token}"}, timeout=10) as client:
        began = time.monotonic()
        for hour in hours:
            sent = body(period(hour, hour + 0.2), period(hour + 0.5, hour + 0.6))
            try:
                answer = client.post("/api/marketplace-orders/", json=sent)
            except httpx.TransportError:
                return acknowledged
            if answer.status_code == 201:
                acknowledged.append(answer.json()["marketplace_resource_uuid"])
            elif answer.status_code >= 500:
                return acknowledged
            if kill is not None and time.monotonic() - began > 1:
                kill()
                kill = None
    return acknowledged


def _server_processes(log: Path) -> list[int]:
    own = str(log.parent)
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and own in _environment(entry)]


def _environment(process: Path) -> str:
    try:
        return (process / "environ").read_text(errors="replace")
    except OSError:
        return ""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the processes to kill in /proc")
@pytest.mark.parametrize("victim", ["service", "postgres"])
async def test_acknowledged_requests_survive_a_crash(tokens: dict[str, str], tmp_path: Path, victim: str) -> None:
    with Cluster(tmp_path / "data") as cluster:
        async with filled(cluster, "crash") as recorded:
            url = address(recorded)
        log = tmp_path / "server.log"
        postmaster = int((next((tmp_path / "data").glob("postgres-*")) / "postmaster.pid").read_text().split()[0])
        with running(url, log, data_dir=str(tmp_path)) as served:
            services = _server_processes(log)
            targets = services if victim == "service" else [postmaster]

            def kill() -> None:
                for process in targets:
                    os.kill(process, signal.SIGKILL)

            acknowledged = await asyncio.to_thread(_ask, served, tokens["cowner"], range(2000), kill)
        cluster.start()
        database = Database(engine_on(url, poolclass=NullPool))
        await migrate(database)
        async with database.transaction() as connection:
            found = text("SELECT uuid::text FROM resource WHERE name = 'Bee brains'")
            stored = set((await connection.execute(found)).scalars())
            half_done = (await connection.execute(text(HALF_DONE))).scalar_one()
    assert acknowledged, "the service answered before it was killed"
    assert set(acknowledged) <= stored
    assert len(stored) <= len(acknowledged) + 1, "at most the one in flight is stored without having been acknowledged"
    assert half_done == 0

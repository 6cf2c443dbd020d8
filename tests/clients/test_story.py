"""A booking is found, requested, accepted and shown as taken with the unmodified official clients."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from app.embedded import Cluster
from tests.clients.conftest import installed
from tests.clients.server import PROJECT, running
from tests.databases import address, filled
from tests.orders.conftest import GENOME_STUDY, period

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes


@pytest.mark.parametrize(
    ("version", "headers"), [("7.8.7", {}), ("8.1.3", {"Prefer": "return=representation"})], ids=["7.8.7", "8.1.3"]
)
async def test_life_of_a_booking_with_the_official_client(
    cluster: Cluster, tokens: dict[str, str], tmp_path: Path, version: str, headers: dict[str, str]
) -> None:
    people = {"consumer": tokens["cowner"], "provider": tokens["powner"]}
    async with filled(cluster, "story") as database:
        url = address(database)
    with running(url, tmp_path / "server.log") as served:
        task = {"base_url": served, "headers": headers, "project": GENOME_STUDY, **people, **period(9, 10)}
        command = [sys.executable, str(PROJECT / "tests" / "clients" / "story.py")]
        environment = {**os.environ, "PYTHONPATH": str(installed(version))}
        told = await asyncio.to_thread(
            subprocess.run, command, input=json.dumps(task).encode(), env=environment, capture_output=True
        )
    assert told.returncode == 0, told.stderr.decode()
    report = json.loads(told.stdout)
    assert report["state"] == "executing"
    assert "Microscope" in report["provided"]
    assert [datetime.fromisoformat(moment).timestamp() for moment in period(9, 10).values()] in report["taken"]

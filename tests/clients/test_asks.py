"""What clients ask of orders and people is answered as both official clients read it."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.embedded import Cluster
from tests.clients.conftest import installed
from tests.clients.server import PROJECT, running
from tests.clients.test_waldur_client import NEWEST, NOVEMBER_2025
from tests.databases import address, filled
from tests.dataset import uuid_of
from tests.orders.conftest import MICROSCOPE

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes


@pytest.mark.parametrize("version", [NOVEMBER_2025, NEWEST])
async def test_answers_are_read_by_the_official_client(
    cluster: Cluster, tokens: dict[str, str], tmp_path: Path, version: str
) -> None:
    async with filled(cluster, "asks") as database:
        url = address(database)
    with running(url, tmp_path / "server.log") as served:
        task = {"base_url": served, "consumer": tokens["cowner"], "provider": tokens["powner"], "offering": MICROSCOPE}
        command = [sys.executable, str(PROJECT / "tests" / "clients" / "asks.py")]
        environment = {**os.environ, "PYTHONPATH": str(installed(version))}
        told = await asyncio.to_thread(
            subprocess.run, command, input=json.dumps(task).encode(), env=environment, capture_output=True
        )
    assert told.returncode == 0, told.stderr.decode()
    report = json.loads(told.stdout)
    assert set(report["waiting"]) == {"executing"}
    assert report["count"] == len(report["waiting"])
    assert set(report["of_offering"]) == {MICROSCOPE}
    assert report["resource"]["offering_uuid"] == report["resource"]["creation_order"]["offering_uuid"]
    if version == NEWEST:
        assert report["related"]["resource"] == report["resource"]
        assert report["related"]["offering"]["uuid"] == report["resource"]["offering_uuid"]
    assert report["kinds"][0] == report["kinds"][1]
    gamma = str(uuid_of("customers", name="Consumer Gamma"))
    assert report["permissions"] == [["CUSTOMER.OWNER", "customer", gamma, "Consumer Gamma"]]

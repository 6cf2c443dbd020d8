"""The unmodified official clients, of November 2025 and of today, say when an offering is open."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import Serve, installed
from tests.clients.server import PROJECT
from tests.orders.conftest import MICROSCOPE

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes
CONFIG = {
    "businessHours": {"daysOfWeek": [1, 2], "startTime": "08:00", "endTime": "18:00"},
    "timeZone": "Europe/Tallinn",
}
SCHEDULES = [{"start": "2020-01-01T00:00:00Z", "end": "2040-01-01T00:00:00Z", "extendedProps": {"config": CONFIG}}]


@pytest.mark.parametrize("version", ["7.8.7", "8.1.3"])
async def test_hours_are_changed_by_the_client(serve: Serve, tokens: dict[str, str], version: str) -> None:
    async with serve("hours") as address:
        task = {"base_url": address, "token": tokens["staff"], "offering": MICROSCOPE, "schedules": SCHEDULES}
        printed = await asyncio.to_thread(
            subprocess.check_output,
            [sys.executable, str(Path(__file__).parent / "hours.py")],
            input=json.dumps(task).encode(),
            env={"PYTHONPATH": str(installed(version)), "PATH": ""},
            cwd=PROJECT,
        )
    report = json.loads(printed)
    assert report["listed"] == [MICROSCOPE]
    assert (report["state"], report["status"], report["schedules"]) == ("Active", 200, SCHEDULES)
    assert set(report["answer"]) == {"outside", "outside_count"}

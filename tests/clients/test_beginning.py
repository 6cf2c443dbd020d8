"""From an empty database to an accepted booking, with the unmodified official clients."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.commands.accounts.repository import create_token, create_user
from app.database import Database
from app.embedded import Cluster
from app.registry.repository import load_permissions
from tests.clients.conftest import installed
from tests.clients.server import PROJECT, running
from tests.databases import address, migrated
from tests.orders.conftest import period

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes


async def people(database: Database) -> dict[str, dict[str, str]]:
    """Tokens and UUIDs of a member of staff, a provider and a consumer, who hold no roles yet."""
    found: dict[str, dict[str, str]] = {"tokens": {}, "users": {}}
    async with database.transaction() as connection:
        await load_permissions(connection)
        for name in ("root", "iris", "ben"):
            found["users"][name] = str(await create_user(connection, name, first_name=name, is_staff=name == "root"))
            found["tokens"][name] = await create_token(connection, name)
    return found


@pytest.mark.parametrize("version", ["7.8.7", "8.1.3"])
async def test_beginning_with_the_official_client(cluster: Cluster, tmp_path: Path, version: str) -> None:
    async with migrated(cluster, "beginning") as engine:
        task: dict[str, Any] = await people(Database(engine))
        url = address(engine)
    with running(url, tmp_path / "server.log") as served:
        task |= {"base_url": served, "headers": {"Prefer": "return=representation"}, **period(9, 10)}
        command = [sys.executable, str(PROJECT / "tests" / "clients" / "beginning.py")]
        environment = {**os.environ, "PYTHONPATH": str(installed(version))}
        told = await asyncio.to_thread(
            subprocess.run, command, input=json.dumps(task).encode(), env=environment, capture_output=True
        )
    assert told.returncode == 0, told.stderr.decode()
    assert json.loads(told.stdout) == {
        "states": ["Draft", "Active", "Paused", "Active"],
        "prices": ["12.5000000000"],
        "components": ["hours"],
        "owners": [["iris", "CUSTOMER.OWNER", "root"]],
        "roles": 7,
        "booking": "OK",
    }

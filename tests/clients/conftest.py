"""The official clients, installed as they are published, each into a directory of its own; and servers for them."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.embedded import Cluster
from tests.clients.server import PROJECT, running
from tests.databases import address, filled

LOCKS = Path(__file__).parent
INSTALLED = PROJECT / "build" / "clients"

Serve = Callable[..., AbstractAsyncContextManager[str]]


def installed(version: str) -> Path:
    """The directory with that version of the client; installs it, once for all test processes, if it is not there."""
    target = INSTALLED / version
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with (INSTALLED / f"{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            unfinished = INSTALLED / f"{version}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
            requirement = LOCKS / f"waldur-{version}.lock"
            subprocess.run([*pip, "--target", unfinished, "--requirement", requirement], check=True)
            unfinished.rename(target)
    return target


@pytest.fixture(scope="session")
def serve(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Starts a server on a database of its own, filled with the recorded data set."""

    @asynccontextmanager
    async def start(name: str, **settings: Any) -> AsyncIterator[str]:
        async with filled(cluster, name) as database:
            log = tmp_path_factory.mktemp(name) / "server.log"
            with running(address(database), log, **settings) as served:
                yield served

    return start

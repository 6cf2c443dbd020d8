"""The service as a process of its own, as clients meet it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PROJECT = Path(__file__).parent.parent.parent
PATIENCE = 30
"""Seconds for the server to become ready."""
ALL_AT_ONCE = {"requests_at_once": 1000, "requests_per_token": 1000, "queue_seconds": 60}
"""Settings for many rivals on a busy machine, none of which is to be refused."""
PATIENT = dict.fromkeys(("database_pool_timeout", "database_lock_timeout", "database_statement_timeout"), 60)
"""Settings for hundreds of rivals for one offering, each of which waits for its turn."""


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(database_url: str, log: Path, *, workers: int = 1, **settings: Any) -> Iterator[str]:
    """The address of a server on the database; further settings are those of the service, without their prefix."""
    with started(database_url, log, workers=workers, **{**ALL_AT_ONCE, **settings}) as (address, _):
        yield address


@contextmanager
def started(
    database_url: str, log: Path, *, workers: int = 1, **settings: Any
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The same with its first process, and with the limits that the service has by itself."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--http", "app.protocol:Protocol", "--ws", "none"]
    command += ["--workers", str(workers)] if workers > 1 else []
    given = {f"BOOKING_{name.upper()}": str(value) for name, value in settings.items()}
    pooler = {"BOOKING_DATABASE_POOLER": "on"} if "BOOKING_TESTS_POOLED" in os.environ else {}
    environment = {**os.environ, **pooler, **given, "BOOKING_DATABASE_URL": database_url}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(process, address, log)
            yield address, process
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _wait_for(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/health/ready", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"The server did not become ready:\n{log.read_text(errors='replace')[-4000:]}")

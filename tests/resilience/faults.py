"""What may befall a running service, each for a few seconds, and undone at the end."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from app.embedded import Cluster, EmbeddedError
from tests.databases import other
from tests.resilience.nuisances import KINDS, holding
from tests.resilience.served import Served, command_of

LASTS = 3.0
"""Seconds for which a fault lasts that does not pass by itself."""
FULL = "full.ballast"


@dataclass(frozen=True)
class Stage:
    """The service, its database server, and where that keeps its data.

    `small` says whether the disk can be filled, `clock` which file says by how much the service's clock is wrong.
    """

    service: Served
    cluster: Cluster
    data: Path
    url: str
    small: bool
    clock: Path | None

    def befalls(self, fault: "Fault") -> bool:
        """Whether that can be had here: it may take the rights of root, or a library."""
        if fault is disk_full:
            return self.small
        return fault is not clock_jumped or self.clock is not None

    @property
    def postmaster(self) -> int:
        """The first process of the database server."""
        return int((next(self.data.glob("postgres-*")) / "postmaster.pid").read_text().split()[0])

    def server_processes(self) -> list[int]:
        """All processes of the database server."""
        children = Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text().split()
        return [self.postmaster, *map(int, children)]


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


async def _ended(pid: int) -> None:
    while command_of(pid):  # noqa: ASYNC110 - a process of others tells nobody
        await asyncio.sleep(0.02)


async def worker_killed(stage: Stage) -> None:
    """One of the workers is killed, and then the other."""
    for pid in sorted(stage.service.workers()):
        _signal([pid], signal.SIGKILL)
        await asyncio.sleep(LASTS / 2)


async def worker_frozen(stage: Stage) -> None:
    """A worker stands still: for it, the clock jumps by some seconds."""
    pids = sorted(stage.service.workers())[:1]
    _signal(pids, signal.SIGSTOP)
    await asyncio.sleep(LASTS)
    _signal(pids, signal.SIGCONT)


async def _server_ended(stage: Stage, number: int) -> None:
    pid = stage.postmaster
    _signal([pid], number)
    await _ended(pid)
    await asyncio.sleep(LASTS / 3)
    await _started(stage)


async def _started(stage: Stage) -> None:
    await asyncio.to_thread(stage.cluster.start)


async def server_restarted(stage: Stage) -> None:
    """PostgreSQL is stopped in good order, and started anew."""
    await _server_ended(stage, signal.SIGINT)


async def server_stopped_at_once(stage: Stage) -> None:
    """PostgreSQL is stopped without taking leave, and recovers."""
    await _server_ended(stage, signal.SIGQUIT)


async def server_killed(stage: Stage) -> None:
    """PostgreSQL is killed, and recovers."""
    await _server_ended(stage, signal.SIGKILL)


async def server_frozen(stage: Stage) -> None:
    """All of PostgreSQL stands still."""
    pids = stage.server_processes()
    _signal(pids, signal.SIGSTOP)
    await asyncio.sleep(LASTS)
    _signal(pids, signal.SIGCONT)


async def connections_cut(stage: Stage) -> None:
    """All connections to the database are ended, again and again."""
    for _ in range(6):
        async with other(stage.url) as rival:
            await rival.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        await asyncio.sleep(LASTS / 6)


async def tables_locked(stage: Stage) -> None:
    """Somebody keeps everybody else out of the bookings."""
    async with other(stage.url) as rival, rival.transaction():
        await rival.execute("LOCK TABLE resource IN ACCESS EXCLUSIVE MODE")
        await asyncio.sleep(2 * LASTS)  # longer than the service waits for a lock


async def clients_slow(stage: Stage) -> None:
    """Many clients send half of something, or read nothing."""
    async with contextlib.AsyncExitStack() as held:
        for kind in KINDS:
            await held.enter_async_context(holding(stage.service.port, kind, 50))
        await asyncio.sleep(LASTS)


async def clock_jumped(stage: Stage) -> None:
    """The clock of the service's machine, but not of PostgreSQL's, is 600 days ahead, and then as many behind."""
    assert stage.clock is not None
    for wrong in ("+600d", "-600d", "+0"):
        stage.clock.write_text(wrong)
        await asyncio.sleep(LASTS)


async def disk_full(stage: Stage) -> None:
    """There is no room for PostgreSQL to write; it may have to stop until there is."""
    ballast = stage.data.parent / FULL
    await asyncio.to_thread(_fill, ballast)
    await asyncio.sleep(2 * LASTS)
    ballast.unlink()
    with contextlib.suppress(EmbeddedError):
        await _started(stage)
    await _started(stage)


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65536))


Fault = Callable[[Stage], Awaitable[None]]
FAULTS: tuple[Fault, ...] = (
    worker_killed,
    server_restarted,
    connections_cut,
    server_stopped_at_once,
    clients_slow,
    tables_locked,
    server_killed,
    worker_frozen,
    server_frozen,
    clock_jumped,
    disk_full,
)


@contextmanager
def clock_of(file: Path) -> Iterator[Path | None]:
    """Processes that are started meanwhile have their clock from this file, if the library is here that does it."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        yield None
        return
    file.write_text("+0")
    needs = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(file)}
    needs |= {"FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with patch.dict(os.environ, needs):
        yield file


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """Makes the folder a disk of its own; says whether that was possible, which takes the rights of root."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)

"""The service with two workers, whose processes and log are looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.clients.server import ALL_AT_ONCE, started

DEFECTS = ("Exception in ASGI application", "Traceback", "Task exception was never retrieved", "died")
"""What the log of a service without defects does not have."""
LINES = 30
"""So many of the log are shown of each defect: a whole traceback, as a rule."""


@dataclass(frozen=True)
class Served:
    """A service with two workers."""

    port: int
    pid: int
    log: Path

    def workers(self) -> set[int]:
        """The processes that answer."""
        return {pid for pid in _children(self.pid) if b"spawn_main" in command_of(pid)}

    def defects(self) -> list[str]:
        """What the log tells of defects: each line that does, with those that follow it, but not who asked what."""
        told = self.log.read_text(errors="replace").splitlines()
        lines = [line for line in told if not line.startswith("INFO:") or "died" in line]
        found = [number for number, line in enumerate(lines) if any(sign in line for sign in DEFECTS)]
        return ["\n".join(lines[number : number + LINES]) for number in found]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_of(pid: int) -> bytes:
    """How a process was started; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@contextmanager
def served(url: str, log: Path, **settings: object) -> Iterator[Served]:
    """The service on a database, which refuses nobody for being busy."""
    with started(url, log, workers=2, **{**ALL_AT_ONCE, **settings}) as (address, process):
        yield Served(int(address.rsplit(":", 1)[1]), process.pid, log)

"""Load on a server, and what it cost: by wrk, or by the small client where wrk cannot ask or would drop too much."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from statistics import quantiles

from tests.benchmark.client import Request, repeated
from tests.benchmark.processes import cpu_seconds, family_cpu_seconds, memory

REPORT = """
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), summary.errors.status + summary.errors.timeout))
end
"""
"""Makes wrk print requests, microseconds in all, at the median and at 99 %, and errors."""


@dataclass(frozen=True)
class Served:
    """A server: its port, the process of its worker, and the first process of its database if it has one."""

    port: int
    pid: int
    postmaster: int | None = None


@dataclass(frozen=True)
class Cost:
    """What requests took: each a second, milliseconds, milliseconds of processors for each, and bytes of memory."""

    rate: float
    p50: float
    p99: float
    cpu: float
    database_cpu: float
    memory: int


def require_wrk() -> str:
    """Where wrk is; ends the program if it is nowhere."""
    found = shutil.which("wrk")
    if found is None:
        sys.exit("benchmark: wrk is missing: apt-get install wrk")
    return found


def spread(seconds: list[float]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    if len(seconds) < 2:
        return (seconds[0] * 1000, seconds[0] * 1000) if seconds else (0.0, 0.0)
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000


def measure(served: Served, request: Request, connections: int, duration: float, *, by_wrk: bool) -> Cost:
    """Puts a server under load with one request, from so many connections, for so many seconds."""
    began = _used(served)
    if by_wrk:
        count, seconds, p50, p99 = _by_wrk(served.port, request, connections, duration)
    else:
        started = time.perf_counter()
        taken = asyncio.run(repeated(served.port, request, connections, duration))
        count, seconds, (p50, p99) = len(taken), time.perf_counter() - started, spread(taken)
    own, database = (
        1000 * (after - before) / max(1, count) for before, after in zip(began, _used(served), strict=True)
    )
    return Cost(count / seconds, p50, p99, own, database, memory(served.pid))


def _used(served: Served) -> tuple[float, float]:
    return cpu_seconds(served.pid), family_cpu_seconds(served.postmaster) if served.postmaster else 0.0


def _by_wrk(port: int, request: Request, connections: int, duration: float) -> tuple[int, float, float, float]:
    """Requests, seconds, and milliseconds at the median and at 99 %; RuntimeError if any failed."""
    headers = [part for name, value in request.headers.items() for part in ("-H", f"{name}: {value}")]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(REPORT)
        script.flush()
        command = [require_wrk(), "-t1", f"-c{connections}", f"-d{duration:g}s", "--timeout", "30s", "-s", script.name]
        url = f"http://127.0.0.1:{port}{request.path}"
        shown = subprocess.run([*command, *headers, url], capture_output=True, text=True, check=True).stdout
    count, micro, p50, p99, failed = (int(each) for each in shown.split("RESULT")[1].split())
    if failed:
        raise RuntimeError(f"{failed} of {count} requests of {request.path} failed")
    return count, micro / 1e6, p50 / 1000, p99 / 1000

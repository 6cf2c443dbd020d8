"""The life of the processes: they stop in time and together, and outlive a server that dies or is restarted."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from app.embedded import Cluster
from tests.clients.server import PROJECT
from tests.conftest import AsUser
from tests.databases import address, filled, other
from tests.orders.conftest import body, period

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")]
LIST = "/api/booking-resources/?page_size=3"
ORDERS = "/api/marketplace-orders/"
ACCEPT = "/api/booking-resources/8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd/accept/"
STARTED = "Application startup complete"
"""What each worker tells once it serves."""


class Served:
    """A service that was started by its command."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log
        self.base = f"http://127.0.0.1:{port}"

    def workers(self) -> list[int]:
        """The processes below the one that was started, but for those of the library that looks after them."""
        found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in found if _parent(pid) == self.process.pid and b"spawn_main" in _command(pid)]

    def ready(self) -> bool:
        """Whether it says so."""
        try:
            return httpx.get(f"{self.base}/health/ready", trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@contextmanager
def serving(log: Path, *, workers: int = 1, **settings: object) -> Iterator[Served]:
    """`booking serve`, which is ready, and does not count how often keys are wrong."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"failed_authentications": 0, **settings}
    given = {f"BOOKING_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "app", "serve", "--port", str(port), "--workers", str(workers)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **given}, stdout=output, stderr=output)
        served = Served(process, port, log)
        try:
            wait_until(served.ready, 60)
            yield served
        finally:
            print("\n".join(line for line in log.read_text().splitlines() if '"event": "request"' not in line)[-4000:])
            left = [] if process.poll() is not None else served.workers()
            process.kill()
            process.wait()
            for pid in left:
                os.kill(pid, signal.SIGKILL)


def wait_until(condition: object, seconds: float) -> float:
    """Waits until the condition holds, and says how long it took."""
    began = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - began < seconds, "it took too long"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
async def url(cluster: Cluster) -> AsyncIterator[str]:
    """The address of a database of its own, with the recorded data set."""
    async with filled(cluster, "processes") as database:
        yield address(database)


def half_sent(port: int, token: str) -> list[socket.socket]:
    """Requests of which a part is there: no line, a line, headers, a body that does not come."""
    head = f"POST {ORDERS} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {token}\r\n"
    with_body = f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
    opened = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
    for connection, part in zip(opened, ("", "GET /api", head, with_body), strict=True):
        connection.sendall(part.encode())
    return opened


@pytest.mark.parametrize("workers", [1, 2])
async def test_stop_drains_and_ends_in_time(
    url: str, tmp_path: Path, tokens: dict[str, str], as_user: AsUser, workers: int
) -> None:
    limits = {f"database_{name}_timeout": 60 for name in ("lock", "statement", "pool")}
    with serving(tmp_path / "log", workers=workers, database_url=url, stop_seconds=3, **limits) as served:
        opened = await asyncio.to_thread(half_sent, served.port, tokens["powner"])
        async with httpx.AsyncClient(base_url=served.base, timeout=60, trust_env=False) as client, other(url) as rival:
            locking = rival.transaction()
            await locking.start()
            await rival.execute("LOCK TABLE resource IN ACCESS EXCLUSIVE MODE")
            soon = asyncio.create_task(client.post(ACCEPT, headers=as_user("powner")))
            await asyncio.sleep(1)
            served.process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            await asyncio.sleep(1)
            await locking.rollback()
            assert (await soon).status_code == 200, "what ends in time is answered"
            await asyncio.to_thread(served.process.wait, 30)
        took = time.monotonic() - began
        print(f"{workers} workers: ended {took:.1f} s after SIGTERM")
        assert took < 3 + 5
        for connection in opened:
            connection.settimeout(1)
            with suppress(ConnectionResetError):
                while connection.recv(1000):  # an answer, perhaps, and then the end
                    pass
            connection.close()


async def test_request_that_does_not_end_is_cut(url: str, tmp_path: Path, as_user: AsUser) -> None:
    limits = {f"database_{name}_timeout": 60 for name in ("lock", "statement", "pool")}
    with serving(tmp_path / "log", workers=2, database_url=url, stop_seconds=1, **limits) as served:
        async with httpx.AsyncClient(base_url=served.base, timeout=60, trust_env=False) as client, other(url) as rival:
            async with rival.transaction():
                await rival.execute("LOCK TABLE token IN ACCESS EXCLUSIVE MODE")
                waiting = [asyncio.create_task(client.get(LIST, headers=as_user("powner"))) for _ in range(20)]
                await asyncio.sleep(1)
                served.process.send_signal(signal.SIGTERM)
                began = time.monotonic()
                await asyncio.to_thread(served.process.wait, 30)
                took = time.monotonic() - began
            answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert took < 1 + 5
        assert all(isinstance(each, httpx.TransportError) or each.status_code >= 500 for each in answers), answers  # type: ignore[union-attr]


def lives(pid: int) -> bool:
    return bool(_command(pid))


async def test_workers_end_with_their_supervisor(url: str, tmp_path: Path) -> None:
    with serving(tmp_path / "log", workers=2, database_url=url, stop_seconds=5) as served:
        workers = served.workers()
        assert len(workers) == 2
        served.process.kill()
        took = await asyncio.to_thread(wait_until, lambda: not any(lives(pid) for pid in workers), 15)
        print(f"workers ended {took:.1f} s after kill -9 of their supervisor")
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", served.port))


@asynccontextmanager
async def asking(base: str, as_user: AsUser) -> AsyncIterator[Counter[int]]:
    """Counts the statuses of requests of all kinds, which keep coming as long as the context lasts."""
    told: Counter[int] = Counter()
    ending = asyncio.Event()

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        hour = number * 1000
        while not ending.is_set():
            hour += 1
            asked = [("GET", LIST, "powner", None), ("POST", ORDERS, "cowner", body(period(hour, hour + 0.5)))]
            asked += [("POST", ACCEPT, "powner", None), ("GET", LIST, "nobody", None)]
            method, path, user, sent = asked[hour % len(asked)]
            headers = as_user(user) if user != "nobody" else {"Authorization": "Token nobody"}
            told[(await client.request(method, path, headers=headers, json=sent)).status_code] += 1
            await asyncio.sleep(0.01)

    anew = httpx.Limits(max_keepalive_connections=0)  # a kept connection may be closed just when it is used
    async with httpx.AsyncClient(base_url=base, timeout=60, trust_env=False, limits=anew) as client:
        tasks = [asyncio.create_task(ask(client, number)) for number in range(12)]
        try:
            yield told
        finally:
            ending.set()
            await asyncio.gather(*tasks)


@pytest.mark.parametrize("workers", [1, 2])
async def test_service_outlives_restarts_of_postgresql(tmp_path: Path, as_user: AsUser, workers: int) -> None:
    """Whoever asks meanwhile is told 503, and never 500."""
    with Cluster(tmp_path / "data") as cluster:
        async with filled(cluster, "restarts") as database:
            url = address(database)
        with serving(tmp_path / "log", workers=workers, database_url=url) as served:
            async with asking(served.base, as_user) as told:
                for crash in (False, True, False):
                    await asyncio.sleep(1.5)
                    await asyncio.to_thread(end, tmp_path / "data", cluster, crash)
                    await asyncio.sleep(1)
                    await asyncio.to_thread(cluster.start)
                    took = await asyncio.to_thread(wait_until, served.ready, 10)
                    print(f"ready {took:.2f} s after PostgreSQL was back")
                await asyncio.sleep(1.5)
                seen = Counter(told)
                await asyncio.sleep(1)
                after = told - seen
            print(f"statuses: {dict(told)}; at last: {dict(after)}")
            assert set(told) <= {200, 201, 400, 401, 409, 503}
            assert told[503] > 0
            assert after[503] == 0
            assert "Exception in ASGI application" not in served.log.read_text()


def postmaster(data: Path) -> int:
    return int((next(data.glob("postgres-*")) / "postmaster.pid").read_text().split()[0])


def end(data: Path, cluster: Cluster, crash: bool) -> None:
    if crash:
        os.kill(postmaster(data), signal.SIGKILL)
    else:
        cluster.stop()


async def test_embedded_server_that_dies_is_started_anew(tmp_path: Path, as_user: AsUser) -> None:
    with serving(tmp_path / "log", workers=2, data_dir=tmp_path / "data", database_url="") as served:
        await asyncio.to_thread(wait_until, lambda: served.log.read_text().count(STARTED) == 2, 30)
        async with asking(served.base, as_user) as told:
            for _ in range(2):
                before = postmaster(tmp_path / "data")
                os.kill(before, signal.SIGKILL)
                await asyncio.sleep(0.1)
                took = await asyncio.to_thread(wait_until, lambda old=before: renewed(tmp_path / "data", old), 30)
                took += await asyncio.to_thread(wait_until, served.ready, 10)
                print(f"served again {took:.2f} s after kill -9 of the postmaster")
                await asyncio.sleep(1)
        print(f"statuses: {dict(told)}")
        assert set(told) == {401, 503}
        assert "Exception in ASGI application" not in served.log.read_text()
        assert "had died" in served.log.read_text()
        served.process.terminate()
        await asyncio.to_thread(served.process.wait, 30)
        assert not list((tmp_path / "data").glob("postgres-*/postmaster.pid"))


def renewed(data: Path, before: int) -> bool:
    try:
        return postmaster(data) != before
    except (OSError, IndexError, ValueError):
        return False

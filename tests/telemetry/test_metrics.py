"""What Prometheus is told, read by its own parser: of two workers together, on a port of its own alone."""

import asyncio
import os
import re
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from app import __version__
from app.database import Database
from app.embedded import Cluster
from app.monitoring.scraping import ASKED
from app.telemetry import sharing
from app.telemetry.metrics import COUNTED
from app.telemetry.sharing import PREFIX, metrics_shared
from tests.clients.server import free_port
from tests.conftest import AsUser
from tests.databases import address, filled, other
from tests.orders.conftest import body, period
from tests.test_documents import rows
from tests.test_processes import Served, serving, wait_until

OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"
BOOKINGS, ORDERS = "/api/booking-resources/", "/api/marketplace-orders/"


@pytest.fixture
async def url(cluster: Cluster) -> AsyncIterator[str]:
    """The address of a database of its own, with the recorded data set."""
    async with filled(cluster, "metrics") as database:
        yield address(database)


def scrape(port: int) -> dict[str, Metric]:
    """The metrics by name."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(metrics: dict[str, Metric], sample: str, **labels: str) -> float:
    """The sum of the samples that have these labels."""
    found = [each for family in metrics.values() for each in family.samples if each.name == sample]
    return sum(each.value for each in found if labels.items() <= each.labels.items())


async def ask(served: Served, as_user: AsUser, times: int) -> None:
    """Asks so often, each time on a connection of its own, so that both workers answer."""
    for _ in range(times):
        async with httpx.AsyncClient(base_url=served.base, trust_env=False, timeout=30) as client:
            assert (await client.get(BOOKINGS, headers=as_user("staff"))).status_code == 200


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))


@pytest.mark.slow
async def test_two_workers_are_told_of_together(url: str, tmp_path: Path, as_user: AsUser) -> None:
    port, before = free_port(), folders()
    with serving(tmp_path / "log", workers=2, database_url=url, metrics_port=port) as served:
        await ask(served, as_user, 30)
        per_worker = Counter[bytes]()
        [folder] = folders() - before
        for _ in range(10):
            told = scrape(port)
            labels = {"route": BOOKINGS, "method": "GET"}
            assert value(told, "booking_requests_total", **labels, status="2xx") == 30
            assert value(told, "booking_request_seconds_count", **labels) == 30
            assert value(told, "booking_request_seconds_bucket", **labels, le="+Inf") == 30
            assert 0 < value(told, "booking_request_seconds_sum", **labels) < 300
            assert value(told, "booking_statements_total", **labels) >= 60
        for path in folder.glob("counter_*.db"):
            per_worker[path.name.encode()] = path.read_bytes().count(b"booking_requests_total")
        assert len(per_worker) == 2
        assert all(per_worker.values()), "only one worker was asked"
        assert value(told, "booking_info", version=__version__, database="external") == 1
        assert value(told, "booking_database_up") == 1
        assert value(told, "booking_requests_inside") == 0
        served.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(served.process.wait, 30)
    assert not folder.exists()


@pytest.mark.slow
async def test_worker_that_died_is_no_longer_told_of(url: str, tmp_path: Path, as_user: AsUser) -> None:
    port, before = free_port(), folders()
    with serving(tmp_path / "log", workers=2, database_url=url, metrics_port=port) as served:
        await ask(served, as_user, 20)

        [folder] = folders() - before

        def gauges() -> set[str]:
            return {path.stem.rpartition("_")[2] for path in folder.glob("gauge_live*.db")}

        first, second = served.workers()
        assert gauges() == {str(first), str(second)}
        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(wait_until, lambda: len(served.workers()) == 2 and first not in served.workers(), 30)
        await asyncio.to_thread(wait_until, served.ready, 30)
        told = scrape(port)
        assert str(first) not in gauges()
        assert value(told, "booking_requests_total", route=BOOKINGS) == 20, "what it counted remains"


@pytest.mark.slow
async def test_what_happens_to_bookings_is_told(url: str, tmp_path: Path, as_user: AsUser) -> None:
    port = free_port()
    with serving(tmp_path / "log", database_url=url, metrics_port=port) as served:
        before = scrape(port)
        async with other(url) as connection:
            oldest = await connection.fetchval(
                "SELECT extract(epoch FROM now() - min(created)) FROM resource WHERE is_booking AND state = 'Creating'"
            )
        assert value(before, "booking_pending_oldest_seconds") == pytest.approx(float(oldest), abs=60)
        async with httpx.AsyncClient(base_url=served.base, trust_env=False, timeout=30) as client:
            placed = await client.post(ORDERS, json=body(period(9, 10)), headers=as_user("cowner"))
            booking = placed.json()["marketplace_resource_uuid"]
            await asyncio.sleep(1.1)
            waiting = scrape(port)
            await client.post(ORDERS, json=body(period(9, 10)), headers=as_user("cowner"))
            accept = f"{BOOKINGS}{booking}/accept/"
            await client.post(accept, headers={**as_user("powner"), "If-Match": '"x"'})
            for _ in range(2):
                await client.post(accept, headers=as_user("powner"))
        await asyncio.sleep(1.1)
        after = scrape(port)
        async with httpx.AsyncClient(trust_env=False) as client:
            for elsewhere in (f"{served.base}/metrics", f"http://127.0.0.1:{port}/health/live"):
                assert (await client.get(elsewhere)).status_code == 404
    assert value(waiting, "booking_pending") == value(before, "booking_pending") + 1
    assert value(after, "booking_pending") == value(before, "booking_pending")
    changes = {change: value(after, "booking_changes_total", change=change) for change in ("create", "accept")}
    assert changes == {"create": 1, "accept": 1}
    kinds = {kind: value(after, "booking_conflicts_total", kind=kind) for kind in ("period", "state", "version")}
    assert kinds == {"period": 1, "state": 1, "version": 1}
    assert value(after, "booking_database_connections", pool="statements") >= 1


@pytest.mark.slow
async def test_overload_is_told(url: str, tmp_path: Path, as_user: AsUser) -> None:
    port = free_port()
    limits = {"requests_per_token": 5, "requests_at_once": 2, "database_pool_size": 1, "database_pool_overflow": 0}
    patience = dict.fromkeys(("database_pool_timeout", "queue_seconds", "database_lock_timeout"), 30)
    with serving(tmp_path / "log", database_url=url, metrics_port=port, **limits, **patience) as served:
        async with httpx.AsyncClient(base_url=served.base, trust_env=False, timeout=60) as client, other(url) as rival:
            async with rival.transaction():
                await rival.execute("LOCK TABLE token IN ACCESS EXCLUSIVE MODE")
                asked = [asyncio.create_task(client.get(BOOKINGS, headers=as_user("staff"))) for _ in range(9)]
                await asyncio.sleep(6)
                told = await asyncio.to_thread(scrape, port)
            statuses = Counter(answer.status_code for answer in await asyncio.gather(*asked))
    assert statuses == {200: 5, 429: 4}
    assert value(told, "booking_requests_refused_total", reason="too_many_at_once") == 4
    assert value(told, "booking_requests_inside") + value(told, "booking_requests_waiting") == 5
    assert value(told, "booking_requests_waiting") > 0
    assert value(told, "booking_database_connections", pool="statements", state="used") == 1
    assert value(told, "booking_database_connections_awaited", pool="statements") == 1


@pytest.mark.slow
async def test_database_that_is_away_is_told_of(url: str, tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "log", database_url=url, metrics_port=port) as served:
        assert value(scrape(port), "booking_database_up") == 1
        async with other(url.replace(url.rpartition("/")[2].partition("?")[0], "postgres")) as control:
            name = url.rpartition("/")[2].partition("?")[0]
            await control.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            await asyncio.sleep(1.1)
            told = scrape(port)
            await control.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        assert value(told, "booking_database_up") == 0
        assert "booking_pending" not in told
        assert "booking_info" in told
        assert served.process.poll() is None


def names_and_labels(metric: Any) -> tuple[str, str, list[str]]:
    suffix = "_total" if metric._type == "counter" else ""
    return metric._name + suffix, metric._type, [*metric._labelnames]


def test_every_metric_is_in_the_document() -> None:
    table = [[cell.replace("`", "").strip() for cell in row[:3]] for row in rows(OPERATE, "Metric")]
    documented = {name: (kind, [each for each in labels.split(", ") if each != "–"]) for name, kind, labels in table}
    counted = {name: (kind, labels) for name, kind, labels in map(names_and_labels, COUNTED)}
    asked = {name: ("gauge", ["version", "database"] if name == "booking_info" else []) for name, _ in ASKED}
    assert documented == counted | asked


def test_alerts_speak_of_metrics_that_there_are() -> None:
    known = {name for name, *_ in map(names_and_labels, COUNTED)} | {name for name, _ in ASKED}
    spoken = {name for _, alert in rows(OPERATE, "Alert") for name in re.findall(r"\bbooking_\w+", alert)}
    assert spoken
    assert {name.removesuffix("_bucket") for name in spoken} <= known


def test_folder_of_a_service_that_was_killed_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(sharing.SHARED, raising=False)
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    (left / "in-use").touch()
    with metrics_shared(2):
        used = Path(os.environ[sharing.SHARED])
        assert not left.exists()
        with metrics_shared(1):
            assert used.exists()
        sharing._remove_left()
        assert used.exists(), "a folder in use was removed"
    assert not used.exists()
    assert sharing.SHARED not in os.environ


async def test_pools_are_counted(cluster: Cluster) -> None:
    async with filled(cluster, "pools") as made:
        database = Database(made.engine)
        async with database.reading() as reader:
            await reader.fetch("SELECT 1")
            used = database.pools()["statements"]
        idle = database.pools()["statements"]
        await database.engine.dispose()
    assert (used.used, used.idle, used.awaited) == (1, 0, 0)
    assert (idle.used, idle.idle, idle.awaited) == (0, 1, 0)

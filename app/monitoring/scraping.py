"""What Prometheus is told, on a port of its own: what was counted, and what the database knows."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from time import monotonic

import asyncpg
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from app import __version__
from app.config import Settings
from app.database import Database
from app.monitoring.apart import answering
from app.telemetry.metrics import CONNECTIONS, CONNECTIONS_AWAITED, REGISTRY, sample
from app.telemetry.sharing import SHARED

PATH = "/metrics"
EVERY = 5.0
"""Seconds between samples of what only the worker knows whose it is."""
PATIENCE = 2.0
"""Seconds to wait for the database."""
KEPT = 1.0
"""Seconds for which an answer of the database holds."""
_QUESTION = """
    SELECT count(*)::float AS pending, extract(epoch FROM now() - min(created))::float AS oldest
    FROM resource WHERE is_booking AND state = 'Creating'
"""
INFO, UP, PENDING, OLDEST = ASKED = (
    ("booking_info", "The version of the service, and whether its database is embedded or external."),
    ("booking_database_up", "Whether the database answers."),
    ("booking_pending", "Bookings on which nobody decided yet."),
    ("booking_pending_oldest_seconds", "How long the oldest of them has been waiting; 0 if there is none."),
)


class Facts(Collector):
    """What the database knows, and what does not change."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], kind: str) -> None:
        self._connect, self._kind = connect, kind
        self._asking = asyncio.Lock()
        self._asked = -KEPT
        self._found: asyncpg.Record | None = None

    async def ask(self) -> None:
        """Asks the database anew, unless it was asked just now."""
        async with self._asking:
            if monotonic() - self._asked > KEPT:
                self._found = await self._answer()
                self._asked = monotonic()

    async def _answer(self) -> asyncpg.Record | None:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            async with asyncio.timeout(PATIENCE):
                connection = await self._connect()
                try:
                    return await connection.fetchrow(_QUESTION)
                finally:
                    connection.terminate()
        return None

    def collect(self) -> Iterable[Metric]:
        """Tells it; how many wait is not told while the database does not answer."""
        info = GaugeMetricFamily(*INFO, labels=["version", "database"])
        info.add_metric([__version__, self._kind], 1)
        yield info
        yield GaugeMetricFamily(*UP, value=float(self._found is not None))
        if self._found is not None:
            yield GaugeMetricFamily(*PENDING, value=self._found["pending"])
            yield GaugeMetricFamily(*OLDEST, value=self._found["oldest"] or 0.0)


class Scraped:
    """Answers `/metrics` with all metrics, in the format that is asked for; a plain ASGI application."""

    def __init__(self, facts: Facts, take_samples: Callable[[], None]) -> None:
        self._facts, self._take_samples = facts, take_samples

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        """Answers nothing else, and is asked by whoever reaches the port."""
        body, kind, status = b"Metrics are at /metrics.\n", "text/plain", HTTPStatus.NOT_FOUND
        if scope["path"] == PATH:
            await self._facts.ask()
            accepted = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
            encode, kind = choose_encoder(accepted)
            body, status = await asyncio.to_thread(lambda: encode(self._registry())), HTTPStatus.OK
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": int(status), "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})

    def _registry(self) -> CollectorRegistry:
        self._take_samples()
        registry = CollectorRegistry()
        registry.register(self._facts)
        if SHARED not in os.environ:
            registry.register(REGISTRY)
            return registry
        _forget_the_dead(Path(os.environ[SHARED]))
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry


def _forget_the_dead(folder: Path) -> None:
    """Drops the gauges of workers that are gone; what they counted remains."""
    for pid in {path.stem.rpartition("_")[2] for path in folder.glob("gauge_live*.db")}:
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _sample(database: Database) -> None:
    sample()
    for pool, figures in database.pools().items():
        CONNECTIONS.labels(pool, "used").set(figures.used)
        CONNECTIONS.labels(pool, "idle").set(figures.idle)
        CONNECTIONS_AWAITED.labels(pool).set(figures.awaited)


async def _sampling(database: Database) -> None:
    while True:
        _sample(database)
        await asyncio.sleep(EVERY)


@asynccontextmanager
async def scraped(database: Database, settings: Settings) -> AsyncIterator[None]:
    """Answers Prometheus as long as the context lasts, if the settings name a port for it."""
    if settings.metrics_port is None:
        yield
        return
    facts = Facts(database.connect, "external" if settings.database_url else "embedded")
    sampling = asyncio.create_task(_sampling(database))
    try:
        async with answering(
            Scraped(facts, lambda: _sample(database)), "metrics", settings.metrics_port, settings.metrics_host
        ):
            yield
    finally:
        sampling.cancel()

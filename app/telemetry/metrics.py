"""Every metric that the service counts by itself, of whatever room; `scraping` adds what the database knows."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
"""All of them. Of several workers, the values are in files that they share, and any of them can tell the sums."""
OTHER = "other"
"""The label of what has no name of its own, so that clients cannot invent labels."""
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter(
    "booking_requests",
    "Requests answered, by template of the route, method and class of the status.",
    ["route", "method", "status"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "booking_request_seconds",
    "Seconds until the answer to a request began.",
    ["route", "method"],
    buckets=_BOUNDS,
    registry=REGISTRY,
)
STATEMENTS = Counter(
    "booking_statements",
    "Statements that requests had the database run.",
    ["route", "method"],
    registry=REGISTRY,
)
REFUSED = Counter(
    "booking_requests_refused",
    "Requests refused unseen: too many at once, too slow, too large, or no HTTP. They are in no other metric.",
    ["reason"],
    registry=REGISTRY,
)
INSIDE = Gauge(
    "booking_requests_inside",
    "Requests that are worked on.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
WAITING = Gauge(
    "booking_requests_waiting",
    "Requests that wait to be worked on.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
CONNECTIONS = Gauge(
    "booking_database_connections",
    "Connections to the database, by pool and by state.",
    ["pool", "state"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
CONNECTIONS_AWAITED = Gauge(
    "booking_database_connections_awaited",
    "Requests that wait for a connection of the pool.",
    ["pool"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
CHANGES = Counter(
    "booking_changes",
    "Changes of bookings that were committed, by name: create, accept, reject, ...",
    ["change"],
    registry=REGISTRY,
)
CONFLICTS = Counter(
    "booking_conflicts",
    "Requests refused since a period is taken, by the state of things, or by their version.",
    ["kind"],
    registry=REGISTRY,
)
RUNS = Counter(
    "booking_expiry_runs",
    "Runs of the work of the day and of the minute, by what came of them.",
    ["work", "outcome"],
    registry=REGISTRY,
)
LAST_RUN = Gauge(
    "booking_expiry_last_run_timestamp_seconds",
    "When a worker of this replica last did that work, or found it done.",
    ["work"],
    multiprocess_mode="max",
    registry=REGISTRY,
)
COUNTED: tuple[MetricWrapperBase, ...] = (
    *(REQUESTS, SECONDS, STATEMENTS, REFUSED, INSIDE, WAITING, CONNECTIONS, CONNECTIONS_AWAITED),
    *(CHANGES, CONFLICTS, RUNS, LAST_RUN),
)

_sampled: dict[Gauge, Callable[[], float]] = {}


def sampled(gauge: Gauge, value: Callable[[], float]) -> None:
    """Has a gauge set to that value whenever samples are taken."""
    _sampled[gauge] = value


def sample() -> None:
    """Takes samples."""
    for gauge, value in [*_sampled.items()]:
        gauge.set(value())


def ran(work: str, outcome: str) -> None:
    """Counts a run of the day's or the minute's work: `done`, `elsewhere` if another process was at it, or `failed`."""
    RUNS.labels(work, outcome).inc()
    if outcome != "failed":
        LAST_RUN.labels(work).set_to_current_time()

"""Every row for every caller on every target, beside the same bytes served without any work."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from statistics import median_low

from app.embedded import Cluster
from tests.benchmark.client import Request, one, timed
from tests.benchmark.data import Data, count_statements
from tests.benchmark.load import Cost, Served, measure
from tests.benchmark.rows import Facts, Row, facts_of
from tests.benchmark.served import CONSTANT
from tests.benchmark.writes import WRITES, measure_writes

WARM = 5
"""Requests before anything is measured, and those of which statements are counted."""
CUT_OFF = 0.05
"""Part of the time that requests in flight at its end may take: wrk drops those, the small client waits for them."""
ALIKE = 1.05
"""Answers whose lengths differ by less than this share one baseline."""


@dataclass
class Baselines:
    """Costs of constant bytes, measured once for each length, number of connections, and client that asks."""

    served: Served
    folder: Path
    duration: float
    known: dict[tuple[int, int, bool], Cost] = field(default_factory=dict)

    def cost(self, size: int, connections: int, by_wrk: bool) -> Cost:
        """The cost of an answer of about that length."""
        for (length, *way), cost in self.known.items():
            if way == [connections, by_wrk] and length <= size * ALIKE + 16 and size <= length * ALIKE + 16:
                return cost
        (self.folder / str(size)).write_bytes(b"x" * size)
        request = Request("GET", f"{CONSTANT}{size}", {})
        asyncio.run(timed(self.served.port, [request] * WARM))
        found = measure(self.served, request, connections, self.duration, by_wrk=by_wrk)
        self.known[size, connections, by_wrk] = found
        return found


@dataclass(frozen=True)
class Beside:
    """Baselines from a process of its own, and from the targets."""

    bare: Baselines
    added: Mapping[str, Baselines]

    def put(self, figure: "Figure", *, by_wrk: bool) -> "Figure":
        """The figure with what the same bytes cost."""
        asked = figure.size, figure.connections, by_wrk
        return replace(figure, bare=self.bare.cost(*asked), added=self.added[figure.target].cost(*asked))


@dataclass(frozen=True)
class Target:
    """A running application on its data, and who calls it."""

    name: str
    served: Served
    data: Data
    facts: Mapping[str, Facts]


@dataclass(frozen=True)
class Figure:
    """What one row cost for one caller on one target, and what its bytes cost bare and in the application."""

    target: str
    row: str
    caller: str
    connections: int
    cost: Cost
    size: int
    statements: int
    bare: Cost | None = None
    added: Cost | None = None


@dataclass(frozen=True)
class Plan:
    """What is to be measured, and how long each."""

    rows: Sequence[Row]
    callers: Sequence[str]
    connections: Sequence[int]
    duration: float
    writes: int


def target_of(name: str, served: Served, data: Data) -> Target:
    """A target, once it has been asked what its callers can see."""
    facts = {role: asyncio.run(facts_of(served.port, token)) for role, token in data.tokens.items()}
    return Target(name, served, data, facts)


def run(plan: Plan, targets: Sequence[Target], cluster: Cluster, bare: Baselines | None) -> Iterator[Figure]:
    """All figures, row by row; targets take turns, so that what disturbs one disturbs the other as well.

    The same bytes are served by the bare application and by each target; by none if there is no bare one.
    """
    beside = None
    if bare:
        added = {target.name: replace(bare, served=target.served, known={}) for target in targets}
        beside = Beside(bare, added)
    for row in plan.rows:
        for caller in plan.callers:
            for figure in _row(plan, targets, cluster, row, caller):
                yield beside.put(figure, by_wrk=row.method == "GET") if beside else figure
    for target in targets if plan.writes else ():
        for each in measure_writes(cluster, target.served, target.facts, plan.writes):
            figure = Figure(target.name, each.row, each.caller, 1, each.cost, each.size, each.statements)
            yield beside.put(figure, by_wrk=False) if beside else figure


def _row(plan: Plan, targets: Sequence[Target], cluster: Cluster, row: Row, caller: str) -> Iterator[Figure]:
    requests = [row.request(target.facts[caller]) for target in targets]
    known = [_seen(cluster, target, request) for target, request in zip(targets, requests, strict=True)]
    for connections in plan.connections:
        for target, request, seen in zip(targets, requests, known, strict=True):
            in_flight = seen.seconds * connections > plan.duration * CUT_OFF
            by_wrk = row.method == "GET" and not in_flight
            cost = measure(target.served, request, connections, plan.duration, by_wrk=by_wrk)
            yield Figure(target.name, row.name, caller, connections, cost, seen.size, seen.statements)


@dataclass(frozen=True)
class Seen:
    """The length of an answer, how many statements it takes, without those of now and then, and how many seconds."""

    size: int
    statements: int
    seconds: float


def _seen(cluster: Cluster, target: Target, request: Request) -> Seen:
    answer = asyncio.run(one(target.served.port, request))
    if answer.status >= 400:
        raise RuntimeError(f"{request.path}: {answer.status} {answer.body[:300]!r}")
    _, seconds = asyncio.run(timed(target.served.port, [request] * WARM))
    counts = [count_statements(cluster)]
    for _ in range(WARM):
        asyncio.run(one(target.served.port, request))
        counts.append(count_statements(cluster))
    return Seen(len(answer.body), median_low(after - before for before, after in pairwise(counts)), min(seconds))


def is_chosen(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name begins with any of the patterns; all do if there are none."""
    return not patterns or any(name.startswith(pattern) for pattern in patterns)


def wants_writes(patterns: Sequence[str]) -> bool:
    """Whether rows that change something are chosen."""
    return any(is_chosen(name, patterns) for name in WRITES)

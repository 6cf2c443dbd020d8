"""Requests and acceptances, one after another: each changes something, so that none can be asked twice."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.commands.demo.many.market import LARGE_OWNER, STAFF
from app.embedded import Cluster
from tests.benchmark.client import Answer, Request, timed
from tests.benchmark.data import count_statements
from tests.benchmark.load import Cost, Served, spread
from tests.benchmark.processes import cpu_seconds, family_cpu_seconds, memory
from tests.benchmark.rows import LIST, Facts, listed

WRITES = ("create", "accept")
GAP = timedelta(hours=1)


@dataclass(frozen=True)
class Written:
    """What a kind of change cost, for one caller."""

    row: str
    caller: str
    cost: Cost
    size: int
    statements: int


def measure_writes(cluster: Cluster, served: Served, callers: Mapping[str, Facts], count: int) -> list[Written]:
    """Asks for periods as staff, accepts them as staff and as the provider in turn, and ends what was accepted.

    The bookings stay in the database, terminated: the data grows by `count`.
    """
    staff, provider = callers[STAFF], callers[LARGE_OWNER]
    creations = asyncio.run(_creations(served.port, staff, provider, count))
    written, answers = _measured(cluster, served, "create", STAFF, creations)
    found = [written]
    orders = [answer.json() for answer in answers]
    uuids = [order["marketplace_resource_uuid"] for order in orders if isinstance(order, dict)]
    half = len(uuids) // 2
    for caller, facts, own in ((STAFF, staff, uuids[:half]), (LARGE_OWNER, provider, uuids[half:])):
        requests = [Request("POST", f"{LIST}{uuid}/accept/", facts.headers) for uuid in own]
        found.append(_measured(cluster, served, "accept", caller, requests)[0])
    ends = [Request("POST", f"/api/marketplace-resources/{uuid}/terminate/", staff.headers) for uuid in uuids]
    asyncio.run(timed(served.port, ends))
    return found


async def _creations(port: int, staff: Facts, provider: Facts, count: int) -> list[Request]:
    """Requests for periods of an offering of the large provider, after all that it has."""
    offering, project = provider.booking["offering_uuid"], provider.booking["project_uuid"]
    query = f"{LIST}?offering_uuid={offering}&o=-schedules&page_size=1&field=slots"
    [last] = await listed(port, Request("GET", query, staff.headers))
    slots = last["slots"]
    assert isinstance(slots, list)
    start = datetime.fromisoformat(slots[-1]["end"]) + 100 * GAP
    requests = []
    for number in range(count):
        at = start + 2 * number * GAP
        period = {"start": f"{at:%Y-%m-%dT%H:%M:%SZ}", "end": f"{at + GAP:%Y-%m-%dT%H:%M:%SZ}"}
        body = {
            "offering": f"/api/marketplace-public-offerings/{offering}/",
            "project": f"/api/projects/{project}/",
            "attributes": {"name": "Benchmark", "schedules": [period]},
        }
        requests.append(Request("POST", "/api/marketplace-orders/", staff.headers, json.dumps(body).encode()))
    return requests


def _measured(
    cluster: Cluster, served: Served, row: str, caller: str, requests: list[Request]
) -> tuple[Written, list[Answer]]:
    assert served.postmaster is not None
    counted = count_statements(cluster)
    began = cpu_seconds(served.pid), family_cpu_seconds(served.postmaster)
    answers, seconds = asyncio.run(timed(served.port, requests))
    own = cpu_seconds(served.pid) - began[0]
    database = family_cpu_seconds(served.postmaster) - began[1]
    statements = round((count_statements(cluster) - counted) / len(requests))
    refused = [answer.body for answer in answers if answer.status >= 300]
    assert not refused, refused[0]
    each = 1000 / len(requests)
    cost = Cost(len(seconds) / sum(seconds), *spread(seconds), own * each, database * each, memory(served.pid))
    return Written(row, caller, cost, len(answers[0].body), statements), answers

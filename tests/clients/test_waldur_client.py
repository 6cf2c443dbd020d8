"""The unmodified official clients, of November 2025 and of today, against a real server."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from tests.clients.conftest import Serve, installed
from tests.clients.server import PROJECT
from tests.dataset import DATASET
from tests.documentation import ADDED_FIELDS, published

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

NOVEMBER_2025 = "7.8.7"
NEWEST = "8.1.3"
BOOKING = "Marketplace.Booking"

Dataset = dict[str, Any]


class Way(NamedTuple):
    """A client, what it sends along, and how the server is set up for it."""

    name: str
    version: str
    gets_order: bool
    headers: Mapping[str, str] = MappingProxyType({})
    settings: Mapping[str, str] = MappingProxyType({})


WAYS = (
    Way(name="november_2025", version=NOVEMBER_2025, gets_order=False),
    Way(name="newest_by_setting", version=NEWEST, settings={"transition_response": "order_uuid"}, gets_order=True),
    Way(name="newest_by_header", version=NEWEST, headers={"Prefer": "return=representation"}, gets_order=True),
)


class Run(NamedTuple):
    """A way, and what the client reported."""

    way: Way
    report: dict[str, Any]


def dashed(uuid: str) -> str:
    return str(UUID(uuid))


def parameters() -> dict[str, Any]:
    """A value for each of the 40 documented parameters, which some bookings of the data set match."""
    offerings = {offering["slug"]: dashed(uuid) for uuid, offering in DATASET["offerings"].items()}
    users = {user["username"]: dashed(uuid) for uuid, user in DATASET["users"].items()}
    projects = {project["name"]: dashed(uuid) for uuid, project in DATASET["projects"].items()}
    customers = {customer["name"]: dashed(uuid) for uuid, customer in DATASET["customers"].items()}
    plan = next(resource["plan"] for resource in DATASET["resources"].values() if resource["plan"])
    return {
        "backend_id": "bk-1",
        "category_uuid": dashed(DATASET["offerings"][UUID(offerings["microscope"]).hex]["category"]),
        "component_count": 3.0,
        "connected_customer_uuid": customers["Provider Alpha"],
        "created": "2024-03-01T02:00:00+02:00",
        "customer": f"http://waldur.example.com/api/customers/{customers['Consumer Gamma']}/",
        "customer_uuid": customers["Consumer Gamma"],
        "downscaled": True,
        "field": ["uuid", "name"],
        "has_terminate_date": True,
        "lexis_links_supported": True,
        "limit_based": True,
        "limit_component_count": 3.0,
        "modified": "2024-03-01T00:00:00+00:00",
        "name": "ALPHA",
        "name_exact": "  leading space",
        "o": ["-created", "name"],
        "offering": f"http://waldur.example.com/api/marketplace-provider-offerings/{offerings['microscope']}/",
        "offering_billable": False,
        "offering_shared": False,
        "offering_slug": ["microscope", "telescope"],
        "offering_type": BOOKING,
        "offering_uuid": [offerings["microscope"], offerings["telescope"]],
        "only_limit_based": True,
        "only_usage_based": True,
        "page": 2,
        "page_size": 5,
        "parent_offering_uuid": offerings["microscope"],
        "paused": True,
        "plan_uuid": dashed(plan),
        "project_name": "Bee watch",
        "project_uuid": projects["Bee watch"],
        "provider_uuid": customers["Provider Beta"],
        "query": "193.40.1",
        "restrict_member_access": True,
        "runtime_state": "Running",
        "service_manager_uuid": users["omanager"],
        "state": ["OK", "Erred"],
        "usage_based": True,
        "visible_to_username": "creator",
    }


def requested() -> list[str]:
    """Bookings that can be accepted or rejected: one order asks for each, and is being executed."""
    orders = [(order["resource"], order["state"]) for order in DATASET["orders"].values() if order["type"] == "Create"]
    return [
        dashed(uuid)
        for uuid, resource in DATASET["resources"].items()
        if resource["state"] == "Creating" and [state for booking, state in orders if booking == uuid] == ["executing"]
    ]


def drive(way: Way, address: str, token: str) -> dict[str, Any]:
    """The report of `drive.py`, run with the client of that version."""
    candidates = requested()
    task = {
        "base_url": address,
        "token": token,
        "headers": dict(way.headers),
        "parameters": parameters(),
        "accept": candidates[:2],
        "reject": candidates[2:4],
    }
    script = Path(__file__).parent / "drive.py"
    environment = {"PYTHONPATH": str(installed(way.version)), "NO_PROXY": "*"}
    finished = subprocess.run(
        [sys.executable, "-P", script],
        input=json.dumps(task),
        env=environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    report: dict[str, Any] = json.loads(finished.stdout)
    return report


@pytest.fixture(scope="session", params=WAYS, ids=[way.name for way in WAYS])
async def run(request: pytest.FixtureRequest, serve: Serve, tokens: dict[str, str]) -> AsyncIterator[Run]:
    way: Way = request.param
    async with serve(f"client_{way.name}", **way.settings) as address:
        yield Run(way, drive(way, address, tokens["staff"]))


@pytest.fixture(scope="session")
def bookings() -> dict[str, dict[str, Any]]:
    """The bookings of the data set by uuid, all of which staff see."""
    offerings = DATASET["offerings"]
    return {
        dashed(uuid): resource
        for uuid, resource in DATASET["resources"].items()
        if offerings[resource["offering"]]["type"] == BOOKING
    }


def test_client_raises_nothing(run: Run) -> None:
    assert run.report["raised"] == {}


def test_every_booking_decodes_to_what_is_stored(run: Run, bookings: dict[str, dict[str, Any]]) -> None:
    assert len(run.report["bookings"]) == len(bookings)
    for seen in run.report["bookings"]:
        stored = bookings[seen["uuid"]]
        slots = [(slot["start"], slot["end"], slot["backend_id"]) for slot in stored["slots"]]
        moments = [[_timestamp(start), _timestamp(end), name] for start, end, name in slots]
        assert seen["slots"] == sorted(moments)
        assert seen["created"] == _timestamp(stored["created"])
        assert seen["modified"] == _timestamp(stored["modified"])
        assert seen["offering_uuid"] == dashed(stored["offering"])
        for member in ("name", "state", "limits", "backend_metadata"):
            assert seen[member] == stored[member]


def test_retrieved_bookings_are_those_of_the_list(run: Run) -> None:
    assert run.report["retrieved"] == run.report["bookings"]


def test_every_way_to_list_finds_the_same(run: Run, bookings: dict[str, dict[str, Any]]) -> None:
    report = run.report
    uuids = [booking["uuid"] for booking in report["bookings"]]
    assert sorted(uuids) == sorted(bookings)
    assert report["first_page"] == uuids[:10]
    assert report["by_asyncio"] == uuids
    assert report["by_pages"] == uuids
    assert report["by_all"] == ([uuids, uuids] if run.way.version == NEWEST else [])


def test_count_needs_no_list(run: Run, bookings: dict[str, dict[str, Any]]) -> None:
    assert run.report["count"] == run.report["count_by_asyncio"] == len(bookings)


def test_all_documented_parameters_are_tried() -> None:
    assert list(parameters()) == [row["name"] for row in published("list_parameters")]


def test_every_parameter_finds_some_bookings_and_counts_as_many(run: Run, bookings: dict[str, Any]) -> None:
    sizes = {name: len(outcome["found"]) for name, outcome in run.report["parameters"].items()}
    assert {name for name, size in sizes.items() if not size} == set()
    counts = {name: outcome["count"] for name, outcome in run.report["parameters"].items()}
    paged = {"page": 10, "page_size": 5}
    assert {name: sizes[name] for name in paged} == paged
    for name in sizes.keys() - paged.keys():
        assert counts[name] in (sizes[name], None), name
    everything = {name for name, size in sizes.items() if size == len(bookings)}
    assert everything == {"field", "o", "offering_type"}


@pytest.fixture(scope="session")
def fields() -> list[str]:
    """The published fields of a booking."""
    return [row["name"] for row in published("booking_resource") if "." not in row["name"]]


def test_every_field_alone_is_answered_with_that_field(run: Run, fields: list[str]) -> None:
    for name in fields:
        shown = run.report["fields"][name]
        assert shown["listed"] == ([] if name == "service_settings_uuid" else [name])
        assert set(shown["retrieved"]) <= {name}


def test_fields_of_the_newer_contract_are_answered_too(run: Run, fields: list[str]) -> None:
    newer = run.report["fields"].keys() - set(fields)
    assert newer == (ADDED_FIELDS if run.way.version == NEWEST else set())
    for name in newer:
        assert run.report["fields"][name]["listed"] == [name]


def test_every_ordering_orders_all_bookings(run: Run, bookings: dict[str, dict[str, Any]]) -> None:
    orderings = run.report["orderings"]
    assert set(orderings) == {sign + key for key in ("name", "created", "type", "schedules") for sign in ("", "-")}
    for uuids in orderings.values():
        assert sorted(uuids) == sorted(bookings)
    names = [bookings[uuid]["name"] for uuid in orderings["name"]]
    assert names == sorted(names)
    moments = [_timestamp(bookings[uuid]["created"]) for uuid in orderings["-created"]]
    assert moments == sorted(moments, reverse=True)


def test_every_state_finds_the_bookings_in_it(run: Run, bookings: dict[str, dict[str, Any]]) -> None:
    states = {state: sorted(uuids) for state, uuids in run.report["states"].items()}
    assert states == {state: sorted(u for u, row in bookings.items() if row["state"] == state) for state in states}
    assert len(states) == 6


@pytest.mark.parametrize(("action", "state"), [("accept", "OK"), ("reject", "Terminated")])
def test_transition_is_done_and_answered_as_the_client_expects(run: Run, action: str, state: str) -> None:
    changed = run.report[action]
    assert changed["statuses"] == [200, 200]
    assert changed["states"] == [state, state]
    bookings = requested()[:2] if action == "accept" else requested()[2:4]
    orders = {order["resource"]: dashed(uuid) for uuid, order in DATASET["orders"].items()}
    if run.way.gets_order:
        assert changed["orders"] == [orders[UUID(booking).hex] for booking in bookings]
    else:
        assert changed["lengths"] == [0, 0]


async def test_key_with_two_schemes_is_taken_from_the_typescript_client(
    client: httpx.AsyncClient, tokens: dict[str, str]
) -> None:
    headers = {"Authorization": f"Bearer Token {tokens['staff']}"}
    response = await client.get("/api/booking-resources/", headers=headers)
    assert response.status_code == 200
    assert response.headers["X-Result-Count"] == "43"


def _timestamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()

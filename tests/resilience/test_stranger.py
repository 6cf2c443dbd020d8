"""Nothing tells a stranger that a foreign booking exists: without it, every answer is the same to the byte."""

import re
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import AsUser
from tests.orders.conftest import body, period
from tests.orders.test_visible import mix
from tests.resilience.questions import lists, questions
from tests.resilience.world import View, World

pytestmark = pytest.mark.slow

STRANGERS = [("outsider", 0), ("padmin", 0), ("powner2", 0), ("creator", 0), ("cowner", 1)]
"""Users who are strangers to some bookings, each with how rows are mixed."""
BOOKING = "/api/booking-resources/{}/"
ABOUT = [BOOKING, BOOKING + "?field=uuid", BOOKING + "history/"]
DONE = [BOOKING + "accept/", BOOKING + "reject/", "/api/marketplace-resources/{}/terminate/"]
ORDER = "/api/marketplace-orders/{}/"
DONE_TO_ORDERS = [ORDER + f"{action}/" for action in ("approve_by_consumer", "reject_by_consumer", "cancel")]
GONE = (
    "SET LOCAL session_replication_role = replica",  # history is for ever
    "DELETE FROM history WHERE resource_uuid = ANY(:uuids)",
    "SET LOCAL session_replication_role = origin",
    'DELETE FROM "order" WHERE resource_uuid = ANY(:uuids)',
    "DELETE FROM resource WHERE uuid = ANY(:uuids)",
)
OTHERS = (
    "UPDATE resource SET name = 'Something else', slug = 'else-1', description = 'x', backend_id = 'x', cost = 7, "
    "effective_id = 'x', attributes = '{}', error_message = 'x', modified = now() WHERE uuid = ANY(:uuids)"
)
ORDERS = "/api/marketplace-orders/"
SOON = period(0, 48)
CALENDARS = (
    "/api/marketplace-bookings/{}/",
    f"/api/booking-offerings/{{}}/free/?start={SOON['start']}&end={SOON['end']}",
)
MOST = 5
"""Foreign bookings that are asked for by their UUIDs."""
NOW = re.compile(rb"T\d\d:\d\d:\d\d\.000Z")
"""How windows that have begun are shown."""
Asked = tuple[str, str]
"""A method and an address."""


def foreign(world: World, view: View) -> list[UUID]:
    """Bookings that a user may not know of, and that nothing visible refers to."""
    ordered = {world.orders[uuid]["resource_uuid"] for uuid in view.orders}
    parents = {row["parent_uuid"] for row in world.resources.values()}
    offered = {uuid: world.offerings[row["offering_uuid"]] for uuid, row in world.resources.items()}
    every = {uuid for uuid, offering in offered.items() if offering["type"] == "Marketplace.Booking"}
    return sorted(every - view.known - ordered - parents)


def asked(world: World, uuids: Sequence[UUID]) -> list[Asked]:
    """All that can be asked about some of these bookings, the lists for the first of them."""
    uuids = uuids[:MOST]
    found = [each for path in lists() for each in questions(path, world, world.resources[uuids[0]])]
    orders = [row["uuid"] for uuid in uuids for row in world.orders_of(uuid)]
    about = [path.format(uuid) for path in ABOUT for uuid in uuids] + [ORDER.format(uuid) for uuid in orders]
    done = [path.format(uuid) for path in DONE for uuid in uuids]
    done += [path.format(uuid) for path in DONE_TO_ORDERS for uuid in orders]
    read = [("HEAD" if number % 4 == 3 else "GET", path) for number, path in enumerate(dict.fromkeys(found + about))]
    return read + [("POST", path) for path in done]


async def answers(client: AsyncClient, headers: dict[str, str], requests: Collection[Asked]) -> dict[Asked, Any]:
    """All that is answered: status, headers and body, but for the name that each request is given."""
    found = {}
    for way, path in requests:
        answer = await client.request(way, path, headers=headers)
        content = NOW.sub(b"now", answer.content)
        shown = sorted(header for header in answer.headers.multi_items() if header[0] != "x-request-id")
        found[way, path] = answer.status_code, shown, content
    return found


def different(before: dict[Asked, Any], after: dict[Asked, Any]) -> dict[Asked, Any]:
    """Where the two tell apart."""
    return {each: (before[each], after[each]) for each in before if before[each] != after[each]}


@pytest.mark.parametrize(("stranger", "seed"), STRANGERS)
async def test_answers_are_the_same_without_foreign_bookings(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection, stranger: str, seed: int
) -> None:
    await mix(rows, seed)
    world = await World.read(rows)
    uuids = foreign(world, world.view(stranger))
    assert uuids
    requests = asked(world, uuids)
    before = await answers(client, as_user(stranger), requests)
    for statement in GONE:
        await rows.execute(text(statement), {"uuids": uuids} if "uuids" in statement else {})
    assert different(before, await answers(client, as_user(stranger), requests)) == {}
    assert len(requests) > 200
    assert {status for status, _, _ in before.values()} >= {200, 404}


@pytest.mark.parametrize("stranger", ["cowner", "padmin"])
async def test_what_is_in_the_way_is_told_as_a_bare_period(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection, stranger: str
) -> None:
    """Whatever the booking is that is in the way, refusals, calendars and free time are the same to the byte."""
    taken = [body(period(hour, hour + 1)) for hour in (9, 11, 20)]
    for each in taken:
        assert (await client.post(ORDERS, json=each, headers=as_user("creator"))).status_code == 201
    world = await World.read(rows)
    uuids = sorted(set(world.resources) - world.view(stranger).bookings)
    paths = [path.format(uuid) for path in CALENDARS for uuid in sorted(world.view(stranger).calendars)]
    requests = [(way, path) for path in paths for way in ("GET", "HEAD")]
    refused = [(await client.post(ORDERS, json=each, headers=as_user(stranger))).content for each in taken]
    before = await answers(client, as_user(stranger), requests)
    await rows.execute(text(OTHERS), {"uuids": uuids})
    again = [(await client.post(ORDERS, json=each, headers=as_user(stranger))).content for each in taken]
    assert again == refused
    assert different(before, await answers(client, as_user(stranger), requests)) == {}
    assert all(b"is not available" in told and b"uuid" not in told for told in refused)

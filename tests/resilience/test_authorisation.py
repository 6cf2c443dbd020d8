"""Every role, every route, every object: what is answered is what the rule says, also where rows are mixed."""

from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import AsUser
from tests.dataset import USERS
from tests.orders.test_visible import mix
from tests.resilience.world import View, World

pytestmark = pytest.mark.slow

BOOKINGS, ORDERS = "/api/booking-resources/", "/api/marketplace-orders/"
CALLERS = [username for username, user in USERS.items() if user["is_active"]]
LISTS = {
    BOOKINGS: "bookings",
    ORDERS: "orders",
    "/api/marketplace-public-offerings/": "offerings",
    "/api/booking-offerings/": "provided",
    "/api/projects/": "projects",
    "/api/customers/": "customers",
    "/api/users/": "users",
}
"""Lists, each with what is on it."""
TABLES = {"bookings": "resource", "provided": "offering"}
BELOW = {
    "/api/booking-resources/{}/history/": ("resource", "bookings"),
    "/api/marketplace-bookings/{}/": ("offering", "calendars"),
    "/api/booking-offerings/{}/free/": ("offering", "calendars"),
    "/api/marketplace-public-offerings/{}/plans/": ("offering", "offerings"),
}
"""What is found below objects, each with the table of those, and to whom they have to be visible."""
ACTIONS = {
    f"{BOOKINGS}{{}}/accept/": ("resource", "bookings"),
    f"{BOOKINGS}{{}}/reject/": ("resource", "bookings"),
    "/api/marketplace-resources/{}/terminate/": ("resource", "known"),
    f"{ORDERS}{{}}/approve_by_consumer/": ("order", "orders"),
    f"{ORDERS}{{}}/reject_by_consumer/": ("order", "orders"),
    f"{ORDERS}{{}}/cancel/": ("order", "orders"),
}
NOT_DONE = {200, 400, 409}
"""What those may be told who may do it, and whom it is told to depends on states."""


@pytest.fixture(params=[0, 1], ids=["as recorded", "mixed"])
async def world(request: pytest.FixtureRequest, rows: AsyncConnection) -> World:
    """All rows, some of them changed by chance."""
    await mix(rows, request.param)
    read = await World.read(rows)
    read.callers = CALLERS[::2] if request.param else CALLERS
    return read


def _every(world: World, name: str) -> list[UUID]:
    return [row["uuid"] for row in world.tables[TABLES.get(name, name.rstrip("s"))]]


def _seen(view: View, name: str) -> set[UUID]:
    found: set[UUID] = getattr(view, name)
    return found


@pytest.mark.parametrize("path", LISTS)
async def test_lists_and_their_rows_are_those_of_the_rule(
    client: AsyncClient, as_user: AsUser, world: World, path: str
) -> None:
    for caller in world.callers:
        headers, expected = as_user(caller), {str(uuid) for uuid in _seen(world.view(caller), LISTS[path])}
        listed = await client.get(path, params={"page_size": 300, "field": "uuid"}, headers=headers)
        counted = await client.head(path, headers=headers)
        assert {row["uuid"] for row in listed.json()} == expected, caller
        assert len(listed.json()) == len(expected), caller
        assert {answer.headers["X-Result-Count"] for answer in (listed, counted)} == {str(len(expected))}, caller
        for uuid in map(str, _every(world, LISTS[path])):
            status = 200 if uuid in expected else 404
            way = "HEAD" if uuid[0] in "02468ace" else "GET"
            answer = await client.request(way, f"{path}{uuid}/?field=uuid", headers=headers)
            assert answer.status_code == status, (caller, uuid)
            assert (answer.content == b"") == (way == "HEAD")


async def test_tags_are_for_those_who_see_the_booking(client: AsyncClient, as_user: AsUser, world: World) -> None:
    """Who has somebody's tag is told no more by it; who sees the booking is told that it is the same."""
    tags = {}
    for uuid in _seen(world.view("staff"), "bookings"):
        answer = await client.get(f"{BOOKINGS}{uuid}/?field=uuid", headers=as_user("staff"))
        tags[uuid] = answer.headers["ETag"]
    for caller in world.callers:
        view = world.view(caller)
        for uuid, tag in tags.items():
            headers = {**as_user(caller), "If-None-Match": tag}
            answer = await client.get(f"{BOOKINGS}{uuid}/?field=uuid", headers=headers)
            assert answer.status_code == (304 if uuid in view.bookings else 404), (caller, uuid)
            refused = {**as_user(caller), "If-Match": '"1"'}
            answer = await client.post(f"{BOOKINGS}{uuid}/accept/", headers=refused)
            expected = 404 if uuid not in view.bookings else 412 if view.may("accept", uuid) else 403
            assert answer.status_code == expected, (caller, uuid)


@pytest.mark.parametrize("path", BELOW)
async def test_what_is_below_objects_is_for_those_who_see_them(
    client: AsyncClient, as_user: AsUser, world: World, path: str
) -> None:
    table, name = BELOW[path]
    for caller in world.callers:
        for uuid in _every(world, table):
            status = 200 if uuid in _seen(world.view(caller), name) else 404
            way = "HEAD" if str(uuid)[0] in "02468ace" else "GET"
            answer = await client.request(way, path.format(uuid), headers=as_user(caller))
            assert answer.status_code == status, (caller, uuid)


@pytest.mark.parametrize("way", ["GET", "POST", "DELETE"])
async def test_busy_slots_are_for_the_provider(client: AsyncClient, as_user: AsUser, world: World, way: str) -> None:
    for caller in world.callers:
        view = world.view(caller)
        for uuid in world.offerings:
            path = f"/api/booking-offerings/{uuid}/busy-slots/" + (f"{uuid}/" if way == "DELETE" else "")
            sent = {"start": "2029-01-02", "end": "2029-01-01"} if way == "POST" else None
            answer = await client.request(way, path, headers=as_user(caller), json=sent)
            granted = {"GET": 200, "POST": 400, "DELETE": 404}[way]
            expected = 404 if uuid not in view.calendars else granted if uuid in view.provided else 403
            assert answer.status_code == expected, (caller, uuid, answer.text)


@pytest.mark.parametrize("path", ACTIONS)
async def test_actions_are_for_those_who_may(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection, world: World, path: str
) -> None:
    table, name = ACTIONS[path]
    told = set()
    for caller in world.callers:
        view = world.view(caller)
        for uuid in _every(world, table):
            async with rows.begin_nested() as undone:
                answer = await client.post(path.format(uuid), headers=as_user(caller))
                await undone.rollback()
            booking = uuid if table == "resource" else world.orders[uuid]["resource_uuid"]
            may = uuid in _seen(view, name) and view.may(path.split("/")[-2], booking)
            expected = NOT_DONE if may else {403} if uuid in _seen(view, name) else {404}
            assert answer.status_code in expected, (caller, uuid, answer.text)
            told.add(answer.status_code)
    assert {200, 404} <= told

"""Which orders are listed to whom, in which order, and how many they are said to be: held against plain SQL."""

import itertools
from random import Random
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app import access
from tests.conftest import AsUser
from tests.dataset import USERS

pytestmark = pytest.mark.slow

URL = "/api/marketplace-orders/"
CALLERS = ("staff", "powner", "pmanager", "omanager", "powner2", "creator", "cowner", "padmin", "outsider", "solo")
VISIBLE = """
WITH held AS (
    SELECT role, coalesce(customer_uuid, project_uuid, offering_uuid) AS scope FROM role_grant
    WHERE user_uuid = :caller AND is_active AND (expiration_time IS NULL OR expiration_time > now())
)
SELECT shown.uuid::text FROM "order" AS shown
JOIN offering AS ordered ON ordered.uuid = shown.offering_uuid
JOIN resource ON resource.uuid = shown.resource_uuid
JOIN offering AS booked ON booked.uuid = resource.offering_uuid
JOIN project ON project.uuid = shown.project_uuid
WHERE {filters} AND CASE WHEN (SELECT is_staff FROM "user" WHERE uuid = :caller)
THEN ordered.type = 'Marketplace.Booking'
ELSE booked.type = 'Marketplace.Booking' AND (
    EXISTS (SELECT FROM held WHERE role IN ('CUSTOMER.OWNER', 'CUSTOMER.MANAGER') AND scope = booked.customer_uuid)
    OR EXISTS (SELECT FROM held WHERE role = 'OFFERING.MANAGER' AND scope = booked.uuid)
    OR EXISTS (SELECT FROM "order" AS creation WHERE creation.resource_uuid = resource.uuid
               AND creation.type = 'Create' AND creation.created_by_uuid = :caller)
) OR ordered.type = 'Marketplace.Booking' AND EXISTS (
    SELECT FROM held WHERE scope IN (project.uuid, project.customer_uuid)
) END ORDER BY {order}, shown.uuid
"""
ORDERS = {
    "created": "shown.created",
    "-created": "shown.created DESC",
    "state": "shown.state",
    "-state": "shown.state DESC",
}
FILTERS = {
    "": "true",
    "state=done&state=executing": "shown.state IN ('done', 'executing')",
    "type=Create": "shown.type = 'Create'",
    "type=Update&type=Terminate&state=done": "shown.type IN ('Update', 'Terminate') AND shown.state = 'done'",
    "customer_uuid={customer}": "project.customer_uuid = '{customer}'",
    "project_uuid={project}": "project.uuid = '{project}'",
    "offering_uuid={offering}": "ordered.uuid = '{offering}'",
    "resource_uuid={resource}": "resource.uuid = '{resource}'",
    "created=2024-06-01T00:00:00Z": "shown.created >= '2024-06-01T00:00:00Z'",
}
ASKED = [*(("", order) for order in ORDERS), *zip(FILTERS, itertools.cycle(ORDERS))]
ANY = {
    name: f'(SELECT uuid FROM "{name}" ORDER BY md5(uuid::text || :seed) LIMIT 1)'
    for name in ("customer", "project", "offering", "resource", "user", "order")
}
MIXED = [
    f'UPDATE "order" SET offering_uuid = {ANY["offering"]} WHERE uuid = {ANY["order"]}',
    f'UPDATE "order" SET project_uuid = {ANY["project"]} WHERE uuid = {ANY["order"]}',
    f'UPDATE "order" SET resource_uuid = {ANY["resource"]} WHERE uuid = {ANY["order"]}',
    f'UPDATE "order" SET created_by_uuid = {ANY["user"]} WHERE uuid = {ANY["order"]}',
    f"UPDATE \"order\" SET type = 'Update' WHERE uuid = {ANY['order']}",
    f"UPDATE offering SET customer_uuid = {ANY['customer']} WHERE uuid = {ANY['offering']}",
    f"UPDATE project SET customer_uuid = {ANY['customer']} WHERE uuid = {ANY['project']}",
    *(
        f"INSERT INTO role_grant (user_uuid, role, {scope}_uuid) SELECT {ANY['user']}, '{role}', {ANY[scope]} "
        "ON CONFLICT DO NOTHING"
        for scope in ("customer", "project", "offering")
        for role in ("CUSTOMER.OWNER", "OFFERING.MANAGER", "PROJECT.MEMBER", "OF.ANOTHER.KIND")
    ),
    "UPDATE offering SET type = CASE type WHEN 'Other' THEN 'Marketplace.Booking' ELSE 'Other' END "
    f"WHERE uuid = {ANY['offering']}",
]


async def mix(rows: AsyncConnection, seed: int) -> dict[str, Any]:
    """Changes so much that what an order says and what its booking says differ; some row of each table."""
    random = Random(seed)
    changes = [*MIXED, *random.choices(MIXED, k=60)] if seed else []
    for number, change in enumerate(changes):
        await rows.execute(text(change), {"seed": f"{seed}.{number}"})
    found = {name: await rows.scalar(text(f"SELECT {query}"), {"seed": str(seed)}) for name, query in ANY.items()}
    return {name: str(uuid) for name, uuid in found.items()}


@pytest.mark.parametrize("most_scopes", [access.MOST_SCOPES, 0])
@pytest.mark.parametrize("seed", range(3))
async def test_orders_are_those_of_the_rule(
    client: AsyncClient,
    as_user: AsUser,
    rows: AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    most_scopes: int,
) -> None:
    monkeypatch.setattr(access, "MOST_SCOPES", most_scopes)
    some = await mix(rows, seed)
    found: set[int] = set()
    for caller, (query, order) in itertools.product(CALLERS, ASKED):
        statement = VISIBLE.format(filters=FILTERS[query].format(**some), order=ORDERS[order])
        expected = list(await rows.scalars(text(statement), {"caller": USERS[caller]["uuid"]}))
        path = f"{URL}?{query.format(**some)}&o={order}&field=uuid&page_size="
        for page, uuids in (("300", expected), ("7&page=last", expected[(len(expected) - 1) // 7 * 7 :])):
            answer = await client.get(path + page, headers=as_user(caller))
            assert [each["uuid"] for each in answer.json()] == uuids, (caller, query, order)
            assert answer.headers["X-Result-Count"] == str(len(expected)), (caller, query)
        found.add(len(expected))
    assert len(found) > 5

"""What triggers keep on the order's row and in counters is what the tables say, whoever writes."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.embedded import Cluster
from tests.databases import filled

pytestmark = pytest.mark.slow

ANYBODY, NOBODY = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
WRONG = {
    "columns": """SELECT count(*) FROM "order" JOIN offering ON offering.uuid = "order".offering_uuid
        JOIN resource ON resource.uuid = resource_uuid JOIN offering AS booked ON booked.uuid = resource.offering_uuid
        JOIN project ON project.uuid = "order".project_uuid
        WHERE ("order".is_booking, "order".provider_uuid, booked_offering_uuid, consumer_uuid) IS DISTINCT FROM (
            offering.type = 'Marketplace.Booking',
            CASE booked.type WHEN 'Marketplace.Booking' THEN booked.customer_uuid END,
            CASE booked.type WHEN 'Marketplace.Booking' THEN booked.uuid END,
            project.customer_uuid
        )""",
    "counters": f"""WITH parties AS (
            SELECT coalesce(provider_uuid, '{NOBODY}') AS provider, coalesce(consumer_uuid, '{NOBODY}') AS consumer,
                is_booking, type, state FROM "order"
        ), counted AS (
            SELECT coalesce(provider, '{ANYBODY}'), coalesce(consumer, '{ANYBODY}'), is_booking, type, state, count(*)
            FROM parties GROUP BY is_booking, type, state, CUBE (provider, consumer)
        ), kept AS (
            SELECT provider_uuid, consumer_uuid, is_booking, type, state, sum(number)::bigint FROM order_count
            GROUP BY 1, 2, 3, 4, 5 HAVING sum(number) <> 0
        )
        SELECT (SELECT count(*) FROM (TABLE counted EXCEPT TABLE kept) AS missing)
        + (SELECT count(*) FROM (TABLE kept EXCEPT TABLE counted) AS extra)""",
}
SOME = '(SELECT uuid FROM "order" ORDER BY uuid OFFSET {n} LIMIT 1)'
BOOKING = f'(SELECT resource_uuid FROM "order" WHERE uuid = {SOME})'
OTHER = "(SELECT uuid FROM {table} ORDER BY uuid OFFSET {{n}} % 3 LIMIT 1)"
CHANGES = {
    "state": f"UPDATE \"order\" SET state = 'erred' WHERE uuid = {SOME}",
    "many states": "UPDATE \"order\" SET state = 'canceled' WHERE state IN ('executing', 'done')",
    "type": f"UPDATE \"order\" SET type = 'Restore' WHERE uuid = {SOME}",
    "text only": f"UPDATE \"order\" SET output = 'new' WHERE uuid = {SOME}",
    "offering": f'UPDATE "order" SET offering_uuid = {OTHER.format(table="offering")} WHERE uuid = {SOME}',
    "project": f'UPDATE "order" SET project_uuid = {OTHER.format(table="project")} WHERE uuid = {SOME}',
    "booking": f'UPDATE "order" SET resource_uuid = {OTHER.format(table="resource")} WHERE uuid = {SOME}',
    "offering of a booking": f"UPDATE resource SET offering_uuid = {OTHER.format(table='offering')}, state = 'Erred' "
    f"WHERE uuid = {BOOKING}",
    "customer of a project": f"UPDATE project SET customer_uuid = {OTHER.format(table='customer')} "
    f'WHERE uuid = (SELECT project_uuid FROM "order" WHERE uuid = {SOME})',
    "provider of an offering": f"UPDATE offering SET customer_uuid = {OTHER.format(table='customer')} "
    f"WHERE uuid = (SELECT offering_uuid FROM resource WHERE uuid = {BOOKING})",
    "no provider": "UPDATE offering SET customer_uuid = NULL "
    f"WHERE uuid = (SELECT offering_uuid FROM resource WHERE uuid = {BOOKING})",
    "type of an offering": "UPDATE offering SET type = CASE type WHEN 'Other' THEN 'Marketplace.Booking' ELSE 'Other' "
    f'END WHERE uuid = (SELECT offering_uuid FROM "order" WHERE uuid = {SOME})',
    "kept by hand": 'UPDATE "order" SET provider_uuid = NULL, booked_offering_uuid = NULL, consumer_uuid = NULL, '
    f"is_booking = NOT is_booking WHERE uuid = {SOME}",
    "added": 'INSERT INTO "order" (resource_uuid, offering_uuid, project_uuid, type, state, created_by_uuid) '
    "SELECT resource_uuid, offering_uuid, project_uuid, 'Update', 'done', created_by_uuid FROM \"order\" "
    f"WHERE uuid = {SOME}",
    "removed": 'DELETE FROM "order" WHERE uuid = (SELECT uuid FROM "order" WHERE NOT EXISTS '
    '(SELECT FROM history WHERE order_uuid = "order".uuid) ORDER BY uuid OFFSET {n} % 3 LIMIT 1)',
}


@pytest.fixture
async def connection(cluster: Cluster) -> AsyncIterator[AsyncConnection]:
    async with filled(cluster, "kept_orders") as database, database.transaction() as opened:
        yield opened
        await opened.rollback()


async def wrong(connection: AsyncConnection) -> dict[str, int]:
    return {name: found for name, query in WRONG.items() if (found := await connection.scalar(text(query)))}


async def test_loaded_orders_are_kept(connection: AsyncConnection) -> None:
    assert await wrong(connection) == {}
    assert await connection.scalar(text("SELECT count(*) FROM order_count")) > 0


@pytest.mark.parametrize("name", CHANGES)
async def test_each_change_is_followed(connection: AsyncConnection, name: str) -> None:
    changed = sum([(await connection.execute(text(CHANGES[name].format(n=n)))).rowcount for n in (0, 7, 20)])
    assert changed > 0
    assert await wrong(connection) == {}


@pytest.mark.parametrize("seed", range(5))
async def test_any_changes_are_followed(connection: AsyncConnection, seed: int) -> None:
    random = Random(seed)
    for name in random.choices(list(CHANGES), k=40):
        await connection.execute(text(CHANGES[name].format(n=random.randrange(40))))
        assert await wrong(connection) == {}, name


@pytest.mark.parametrize("name", ["no provider", "customer of a project", "offering of a booking"])
async def test_change_waits_for_an_order_that_is_being_added(cluster: Cluster, name: str) -> None:
    async with filled(cluster, "raced") as database:

        async def change() -> None:
            async with database.transaction() as rival:
                await rival.execute(text(CHANGES[name].format(n=7)))

        async with database.transaction() as adding:
            await adding.execute(text(CHANGES["added"].format(n=7)))
            changing = asyncio.create_task(change())
            done, _ = await asyncio.wait([changing], timeout=0.5)
            assert not done
        await changing
        async with database.transaction() as connection:
            assert await wrong(connection) == {}

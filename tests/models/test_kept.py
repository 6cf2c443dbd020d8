"""What triggers keep on the booking's row and in counters is what the tables say, whoever writes."""

from collections.abc import AsyncIterator
from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import Database
from app.embedded import Cluster
from tests.databases import filled

pytestmark = pytest.mark.slow

WRONG = {
    "offering": "SELECT count(*) FROM resource JOIN offering ON offering.uuid = resource.offering_uuid WHERE "
    "(provider_uuid, is_booking) IS DISTINCT FROM (customer_uuid, type = 'Marketplace.Booking')",
    "first start": "SELECT count(*) FROM resource WHERE first_start IS DISTINCT FROM "
    "(SELECT min(start) FROM slot WHERE resource_uuid = resource.uuid)",
    "searched": "SELECT count(*) FROM resource WHERE NOT starts_with(searched, concat(name, chr(31), slug)) OR EXISTS "
    "(SELECT FROM jsonb_each(backend_metadata) AS member (key, value), jsonb_path_query(value, '$[*]') AS address "
    "WHERE address <> 'null' AND (key LIKE '%_ips' OR key IN ('hypervisor_hostname', 'external_address')) "
    "<> (position(concat(chr(31), address #>> '{}', chr(31)) IN concat(searched, chr(31))) > 0))",
    "counters": "WITH counted AS (SELECT offering_uuid, coalesce(project_uuid, '00000000-0000-0000-0000-000000000000') "
    "AS project_uuid, state, count(*) AS number FROM resource "
    "GROUP BY GROUPING SETS ((offering_uuid, project_uuid, state), (offering_uuid, state))), "
    "kept AS (SELECT offering_uuid, project_uuid, state, number FROM booking_count WHERE number <> 0) "
    "SELECT (SELECT count(*) FROM (TABLE counted EXCEPT TABLE kept) AS missing) "
    "+ (SELECT count(*) FROM (TABLE kept EXCEPT TABLE counted) AS extra)",
    "totals": "SELECT count(*) FROM (SELECT state, sum(number)::bigint FROM booking_total GROUP BY state "
    "HAVING sum(number) <> 0) AS kept FULL JOIN (SELECT state, count(*) FROM resource WHERE is_booking GROUP BY state) "
    "AS counted USING (state) WHERE sum IS DISTINCT FROM count",
}
SOME = "(SELECT uuid FROM resource ORDER BY uuid OFFSET {n} LIMIT 1)"
OTHER = "(SELECT uuid FROM {table} ORDER BY uuid OFFSET {n} LIMIT 1)"
CHANGES = {
    "state": f"UPDATE resource SET state = 'Terminated' WHERE uuid = {SOME}",
    "many states": "UPDATE resource SET state = 'Erred' WHERE state = 'Creating'",
    "project": f"UPDATE resource SET project_uuid = {OTHER.format(table='project', n=0)} WHERE uuid = {SOME}",
    "name only": f"UPDATE resource SET name = 'new' WHERE uuid = {SOME}",
    "offering": f"UPDATE resource SET offering_uuid = {OTHER.format(table='offering', n=0)}, state = 'Erred' "
    f"WHERE uuid = {SOME}",
    "provider of an offering": f"UPDATE offering SET customer_uuid = {OTHER.format(table='customer', n=1)} "
    f"WHERE uuid = (SELECT offering_uuid FROM resource WHERE uuid = {SOME})",
    "no provider": f"UPDATE offering SET customer_uuid = NULL "
    f"WHERE uuid = (SELECT offering_uuid FROM resource WHERE uuid = {SOME})",
    "type of an offering": "UPDATE offering SET type = 'Other' "
    f"WHERE uuid = (SELECT offering_uuid FROM resource WHERE uuid = {SOME})",
    "slot added": 'INSERT INTO slot (resource_uuid, offering_uuid, live, start, "end", backend_id) '
    "SELECT uuid, offering_uuid, live, '1999-01-01Z', '1999-01-02Z', '' FROM resource "
    f"WHERE NOT live AND uuid = {SOME}",
    "slot moved": "UPDATE slot SET start = start - interval '1 minute' WHERE id = (SELECT max(id) FROM slot)",
    "slots removed": f"DELETE FROM slot WHERE resource_uuid = {SOME}",
    "addresses": "UPDATE resource SET backend_metadata = jsonb_build_object('external_ips', ARRAY['10.9.8.7', '::1'], "
    f"'hypervisor_hostname', 'node-7', 'runtime_state', 'idle') WHERE uuid = {SOME}",
    "kept by hand": f"UPDATE resource SET searched = 'nothing', provider_uuid = NULL, is_booking = false, version = 0 "
    f"WHERE uuid = {SOME}",
}


@pytest.fixture
async def connection(cluster: Cluster) -> AsyncIterator[AsyncConnection]:
    async with filled(cluster, "kept") as database, database.transaction() as opened:
        yield opened
        await opened.rollback()


async def wrong(connection: AsyncConnection) -> dict[str, int]:
    return {name: found for name, query in WRONG.items() if (found := await connection.scalar(text(query)))}


async def test_loaded_rows_are_kept(connection: AsyncConnection) -> None:
    assert await wrong(connection) == {}
    assert await connection.scalar(text("SELECT count(*) FROM booking_count")) > 0


@pytest.mark.parametrize("name", CHANGES)
async def test_each_change_is_followed(connection: AsyncConnection, name: str) -> None:
    for n in (0, 7, 20):
        await connection.execute(text(CHANGES[name].format(n=n)))
    assert await wrong(connection) == {}


@pytest.mark.parametrize("seed", range(5))
async def test_any_changes_are_followed(connection: AsyncConnection, seed: int) -> None:
    random = Random(seed)
    for name in random.choices(list(CHANGES), k=25):
        await connection.execute(text(CHANGES[name].format(n=random.randrange(40))))
    assert await wrong(connection) == {}


OWN = {
    "booking": "UPDATE resource SET name = name WHERE uuid = :uuid",
    "slot": "UPDATE slot SET backend_id = backend_id || 'x' WHERE resource_uuid = :uuid",
    "slot removed": "DELETE FROM slot WHERE resource_uuid = :uuid",
    "order": "UPDATE \"order\" SET output = 'x' WHERE resource_uuid = :uuid",
    "endpoint": "INSERT INTO resource_endpoint (resource_uuid, name, url) VALUES (:uuid, 'a', 'b')",
}
SHARED = {
    "organisation": "UPDATE customer SET name = 'x'",
    "project": "UPDATE project SET name = 'x'",
    "offering": "UPDATE offering SET name = 'x'",
    "user": "UPDATE \"user\" SET first_name = 'x'",
    "plan": "UPDATE plan SET name = 'x'",
    "price": "UPDATE plan_component SET price = 7",
    "component": "UPDATE offering_component SET billing_type = 'usage'",
    "kind": "UPDATE category SET title = 'x'",
    "image": "INSERT INTO media_file (name, content) VALUES ('x', 'y')",
}


@pytest.mark.parametrize("name", OWN)
async def test_version_changes_with_what_is_a_bookings_own(cluster: Cluster, name: str) -> None:
    async with filled(cluster, "version") as database:
        uuid = await scalar(database, 'SELECT resource_uuid FROM slot JOIN "order" USING (resource_uuid) LIMIT 1')
        query = "SELECT version FROM resource WHERE uuid = :uuid"
        before, others = (
            await scalar(database, query, uuid),
            await scalar(database, "SELECT sum(version) FROM resource"),
        )
        await scalar(database, OWN[name], uuid)
        after = await scalar(database, query, uuid)
        assert after != before
        assert await scalar(database, "SELECT sum(version) FROM resource") - after == others - before


@pytest.mark.parametrize("name", SHARED)
async def test_reference_version_changes_with_what_is_shared(cluster: Cluster, name: str) -> None:
    async with filled(cluster, "shared") as database:
        before = await scalar(database, "SELECT value FROM reference_version")
        await scalar(database, SHARED[name])
        assert await scalar(database, "SELECT value FROM reference_version") > before


async def scalar(database: Database, query: str, uuid: object = None) -> int:
    """The first value of the first row, if any, in a transaction of its own."""
    async with database.transaction() as connection:
        result = await connection.execute(text(query), {"uuid": uuid} if ":uuid" in query else {})
        row = result.first() if result.returns_rows else None
    return row[0] if row else 0

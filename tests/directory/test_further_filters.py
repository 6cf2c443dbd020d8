"""Further filters of what is looked up beside bookings and orders, held against what is shown."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import AsUser
from tests.dataset import USERS, uuid_of
from tests.oracle import OWNER, PEOPLE

ALPHA, BETA = (str(uuid_of("customers", name=name)) for name in ("Provider Alpha", "Provider Beta"))
MICROSCOPE = str(uuid_of("offerings", name="Microscope"))
TELESCOPE = str(uuid_of("offerings", name="Telescope"))
OFFERINGS, PROJECTS = "marketplace-public-offerings", "projects"
FILTERS: list[tuple[str, str, Any]] = [
    (OFFERINGS, "created=2024-01-01&created_before=2024-01-01T00:00:00Z", lambda row: row["name"] == "Microscope"),
    (OFFERINGS, f"customer=/api/customers/{ALPHA}/", lambda row: row["customer_uuid"] == ALPHA),
    (OFFERINGS, f"customer=/api/projects/{ALPHA}/", lambda row: False),
    (OFFERINGS, "description=NEEDLE_", lambda row: row["name"] == "Microscope"),
    (OFFERINGS, "has_terms_of_service=true", lambda row: row["name"] == "Microscope"),
    (OFFERINGS, "has_terms_of_service=false", lambda row: row["name"] != "Microscope"),
    (OFFERINGS, "modified=2024-01-01&modified_before=2024-01-01T00:00:00Z", lambda row: row["name"] == "Microscope"),
    (OFFERINGS, f"parent_uuid={MICROSCOPE}", lambda row: row["parent_uuid"] == MICROSCOPE),
    (OFFERINGS, "type=Marketplace.Booking,Other", lambda row: True),
    (OFFERINGS, "type=Other", lambda row: False),
    (OFFERINGS, f"uuid_list={MICROSCOPE},{TELESCOPE}", lambda row: row["uuid"] in (MICROSCOPE, TELESCOPE)),
    ("customers", "is_service_provider=true", lambda row: row["is_service_provider"]),
    ("customers", "is_service_provider=false", lambda row: not row["is_service_provider"]),
    (PROJECTS, "created=2024-01-01&created_before=2024-01-01T00:00:00Z", lambda row: row["name"] == "Bee watch"),
    (PROJECTS, "modified=2024-01-01&modified_before=2024-01-01T00:00:00Z", lambda row: row["name"] == "Bee watch"),
    (PROJECTS, f"customer={ALPHA}&customer={BETA}", lambda row: row["customer_uuid"] in (ALPHA, BETA)),
    (PROJECTS, "customer_abbreviation=needle_", lambda row: "NEEDLE_" in row["customer_abbreviation"]),
    (PROJECTS, "customer_native_name=needle_", lambda row: "NEEDLE_" in row["customer_native_name"]),
    (PROJECTS, "description=needle_", lambda row: row["name"] == "Bee watch"),
    ("users", "username_list=creator,powner,nobody", lambda row: row["username"] in ("creator", "powner")),
    ("users", "modified=2031-01-01", lambda row: row["username"] == "creator"),
]
MADE = [
    "UPDATE {} SET created = '2023-01-01Z', modified = '2023-01-01Z'",
    "UPDATE {} SET created = '2024-01-01Z', modified = '2024-01-01Z' WHERE name IN ('Microscope', 'Bee watch')",
    "UPDATE {} SET description = 'A NEEDLE_ is here' WHERE name IN ('Microscope', 'Bee watch')",
]


@pytest.fixture
async def told(rows: AsyncConnection) -> None:
    """Rows of which more can be told apart."""
    for table in ("offering", "project"):
        for change in MADE:
            await rows.execute(text(change.format(table)))
    terms = "CASE name WHEN 'Microscope' THEN 'Be kind.' ELSE '' END"
    await rows.execute(text(f"UPDATE offering SET terms_of_service = {terms}"))
    needles = "abbreviation = 'NEEDLE_', native_name = 'NEEDLE_'"
    await rows.execute(text(f"UPDATE customer SET {needles} WHERE name LIKE '%Gamma'"))
    await rows.execute(text("UPDATE \"user\" SET modified = '2031-01-01Z' WHERE username = 'creator'"))


async def listed(client: AsyncClient, headers: dict[str, str], name: str, query: str = "") -> list[dict[str, Any]]:
    answer = await client.get(f"/api/{name}/?page_size=300&{query}", headers=headers)
    assert answer.headers["X-Result-Count"] == str(len(answer.json())), answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(("name", "query", "holds"), FILTERS, ids=[f"{name} {query}" for name, query, _ in FILTERS])
async def test_rows_are_those_that_say_so(
    client: AsyncClient, as_user: AsUser, name: str, query: str, holds: Any
) -> None:
    every = await listed(client, as_user("staff"), name)
    found = [row["uuid"] for row in await listed(client, as_user("staff"), name, query)]
    assert found == [row["uuid"] for row in every if holds(row)]
    assert bool(found) == any(holds(row) for row in every)


@pytest.mark.parametrize("caller", ["staff", "powner", "cowner", "creator", "outsider"])
async def test_organisations_of_the_caller(client: AsyncClient, as_user: AsUser, caller: str) -> None:
    owned = {str(UUID(scope)) for role, scope in PEOPLE[caller].roles if role == OWNER}
    every = {row["uuid"] for row in await listed(client, as_user(caller), "customers")}
    for flag, expected in (("true", owned), ("false", every - owned)):
        found = await listed(client, as_user(caller), "customers", f"owned_by_current_user={flag}")
        assert {row["uuid"] for row in found} == expected


async def test_offerings_that_a_user_manages(client: AsyncClient, as_user: AsUser) -> None:
    managing = await listed(client, as_user("staff"), OFFERINGS, f"service_manager_uuid={USERS['omanager']['uuid']}")
    shared = await listed(client, as_user("staff"), OFFERINGS, "shared=true")
    held = {scope for role, scope in PEOPLE["omanager"].roles if role.startswith("OFFERING")}
    assert {row["uuid"] for row in managing} == {row["uuid"] for row in shared if row["uuid"].replace("-", "") in held}
    assert managing

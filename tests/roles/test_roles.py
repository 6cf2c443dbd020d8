"""Roles: which there are, what they carry, and how that gets there."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.transfer import load_dataset
from app.models import RolePermission
from app.models.enums import Permission, Role
from app.registry.repository import load_permissions
from app.registry.roles import STANDARD_ROLES
from tests.conftest import AsUser
from tests.dataset import DATASET

PATH = "/api/roles/"
FIELDS = ["uuid", "name", "description", "permissions", "is_system_role", "is_active", "users_count", "content_type"]


async def listed(client: AsyncClient, headers: dict[str, str], **parameters: Any) -> list[dict[str, Any]]:
    response = await client.get(PATH, params=parameters, headers=headers)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()
    return rows


async def carried(connection: AsyncConnection) -> set[tuple[str, str]]:
    found = await connection.execute(select(RolePermission.role, RolePermission.permission))
    return {(role, permission) for role, permission in found}


async def test_everybody_sees_every_role_and_what_it_carries(client: AsyncClient, as_user: AsUser) -> None:
    rows = await listed(client, as_user("outsider"))
    assert [row["name"] for row in rows] == sorted(Role)
    assert {tuple(row) for row in rows} == {tuple(FIELDS)}
    for row in rows:
        assert row["permissions"] == sorted(DATASET["role_permissions"].get(row["name"], []))
        assert row["content_type"] == row["name"].split(".")[0].lower()
        assert row["is_system_role"]
        assert row["description"]
        holders = {grant["user"] for grant in DATASET["user_roles"] if grant["role"] == row["name"]}
        assert row["users_count"] <= len(holders)
    assert {row["name"] for row in rows if row["users_count"]} >= {"CUSTOMER.OWNER", "PROJECT.MANAGER"}


async def test_role_is_found_by_its_uuid(client: AsyncClient, as_user: AsUser) -> None:
    for row in await listed(client, as_user("outsider")):
        response = await client.get(f"{PATH}{row['uuid']}/", headers=as_user("outsider"))
        assert response.json() == row
    response = await client.get(f"{PATH}{UUID(int=7)}/", headers=as_user("staff"))
    assert (response.status_code, response.json()) == (404, {"detail": "No Role matches the given query."})


async def test_role_of_ones_own_is_listed_too(client: AsyncClient, as_user: AsUser, rows: AsyncConnection) -> None:
    await rows.execute(insert(RolePermission).values(role="CUSTOMER.READER", permission="ORDER.LIST"))
    [own] = await listed(client, as_user("outsider"), is_system_role="false")
    assert (own["name"], own["permissions"], own["description"]) == ("CUSTOMER.READER", ["ORDER.LIST"], "")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"name": "owner"}, {"CUSTOMER.OWNER"}),
        ({"content_type": "offering"}, {"OFFERING.MANAGER"}),
        ({"content_type": "call"}, set()),
        ({"description": "who belongs"}, {"PROJECT.MANAGER"}),
        ({"query": "decides everything"}, {"CUSTOMER.OWNER"}),
        ({"query": "MEMBER"}, {"PROJECT.MEMBER"}),
        ({"is_active": "false"}, set()),
        ({"is_system_role": "false"}, set()),
        ({"is_active": "true", "is_system_role": "true", "include_concealed": "1"}, set(Role)),
        ({"available_for_customer": str(UUID(int=1))}, set(Role)),
    ],
)
async def test_roles_are_filtered(
    client: AsyncClient, as_user: AsUser, parameters: dict[str, str], expected: set[str]
) -> None:
    rows = await listed(client, as_user("outsider"), **parameters)
    assert {row["name"] for row in rows} == {str(name) for name in expected}
    counted = await client.head(PATH, params=parameters, headers=as_user("outsider"))
    assert counted.headers["X-Result-Count"] == str(len(expected))


@pytest.mark.parametrize("name", ["available_for_customer", "include_concealed", "is_active", "is_system_role", "o"])
async def test_bad_parameters_are_refused(client: AsyncClient, as_user: AsUser, name: str) -> None:
    response = await client.get(PATH, params={name: "?"}, headers=as_user("outsider"))
    assert response.status_code == 400
    assert list(response.json()) == [name]


@pytest.mark.parametrize("key", ["name", "scope", "origin", "is_active", "users_count"])
async def test_roles_are_ordered(client: AsyncClient, as_user: AsUser, key: str) -> None:
    field = {"scope": "content_type", "origin": "is_system_role"}.get(key, key)
    there = [row[field] for row in await listed(client, as_user("outsider"), o=key)]
    back = [row[field] for row in await listed(client, as_user("outsider"), o=f"-{key}")]
    assert there == sorted(there)
    assert back == there[::-1]


async def test_what_is_usual_is_stored_once_and_only_where_nothing_is(connection: AsyncConnection) -> None:
    usual = {(str(role), str(each)) for role, known in STANDARD_ROLES.items() for each in known.permissions}
    assert await load_permissions(connection) == len(usual)
    assert await carried(connection) == usual
    one = RolePermission.role == Role.PROJECT_ADMIN
    await connection.execute(delete(RolePermission).where(one))
    assert await load_permissions(connection) == 0
    assert await carried(connection) == {(role, each) for role, each in usual if role != Role.PROJECT_ADMIN}
    assert await load_permissions(connection, where_none=False) == len(STANDARD_ROLES[Role.PROJECT_ADMIN].permissions)
    assert await carried(connection) == usual


def test_owner_may_all_that_there_is_and_nobody_more() -> None:
    assert set(STANDARD_ROLES[Role.CUSTOMER_OWNER].permissions) == set(Permission)
    assert STANDARD_ROLES.keys() == set(Role)


async def test_file_says_what_its_roles_carry_while_nobody_holds_one(connection: AsyncConnection) -> None:
    """A dump is not mixed up with what `migrate` has stored before it was loaded."""
    await load_permissions(connection)
    data = {"role_permissions": {"CUSTOMER.OWNER": ["ORDER.APPROVE"]}}
    await load_dataset(connection, data)
    owner = select(RolePermission.permission).where(RolePermission.role == "CUSTOMER.OWNER")
    assert list(await connection.scalars(owner)) == ["ORDER.APPROVE"]
    others = select(func.count()).where(RolePermission.role != "CUSTOMER.OWNER")
    assert await connection.scalar(others)


async def test_file_only_adds_permissions_once_somebody_holds_a_role(rows: AsyncConnection) -> None:
    before = await carried(rows)
    await load_dataset(rows, {"role_permissions": {"CUSTOMER.OWNER": ["ORDER.LIST"]}})
    assert await carried(rows) == before | {("CUSTOMER.OWNER", "ORDER.LIST")}

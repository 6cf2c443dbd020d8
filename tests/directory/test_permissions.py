"""The caller is told the own roles: those in force, on what they are, and until when."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import AsUser
from tests.dataset import DATASET, USERS

ME = "/api/users/me/"
MEMBERS = ["role_name", "scope_type", "scope_uuid", "scope_name", "customer_uuid", "customer_name"]
MEMBERS += ["project_uuid", "resource_uuid", "expiration_time"]


def dashed(uuid: str | None) -> str | None:
    return uuid and str(UUID(uuid))


def expected(grant: dict[str, Any]) -> dict[str, Any]:
    """What is shown of a loaded role."""
    kind, scope = grant["scope_type"], DATASET[f"{grant['scope_type']}s"][grant["scope"]]
    customer = grant["scope"] if kind == "customer" else scope["customer"]
    return {
        "role_name": grant["role"],
        "scope_type": kind,
        "scope_uuid": dashed(grant["scope"]),
        "scope_name": scope["name"],
        "customer_uuid": dashed(customer),
        "customer_name": DATASET["customers"][customer]["name"],
        "project_uuid": dashed(grant["scope"]) if kind == "project" else None,
        "resource_uuid": None,
        "expiration_time": grant["expiration_time"],
    }


async def permissions(client: AsyncClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(ME, headers=headers)).json()["permissions"]
    return found


def key(permission: dict[str, Any]) -> tuple[str, str]:
    return permission["role_name"], permission["scope_uuid"]


@pytest.mark.parametrize("caller", ["staff", "powner", "pmanager", "exowner", "creator", "omanager", "outsider"])
async def test_permissions_are_the_roles_in_force(client: AsyncClient, as_user: AsUser, caller: str) -> None:
    grants = [grant for grant in DATASET["user_roles"] if grant["username"] == caller and grant["is_active"]]
    shown = await permissions(client, as_user(caller))
    assert sorted(shown, key=key) == sorted(map(expected, grants), key=key)
    assert [key(each)[0] for each in shown] == sorted(key(each)[0] for each in shown)
    assert all(list(each) == MEMBERS for each in shown)


async def test_role_ends_at_its_time(client: AsyncClient, as_user: AsUser, rows: AsyncConnection) -> None:
    for interval, shown in (("1 hour", 1), ("-1 second", 0)):
        await rows.execute(
            text(f"UPDATE role_grant SET expiration_time = now() + interval '{interval}' WHERE user_uuid = :user"),
            {"user": UUID(USERS["powner"]["uuid"])},
        )
        found = await permissions(client, as_user("powner"))
        assert len(found) == shown
        assert all(each["expiration_time"] for each in found)


async def test_others_are_not_told(client: AsyncClient, as_user: AsUser) -> None:
    for caller in ("staff", "creator"):
        users = (await client.get("/api/users/", headers=as_user(caller))).json()
        assert users
        assert all("permissions" not in user for user in users)


async def test_field_leaves_the_rest_out(client: AsyncClient, as_user: AsUser) -> None:
    answer = await client.get(f"{ME}?field=username&field=permissions", headers=as_user("creator"))
    assert list(answer.json()) == ["username", "permissions"]

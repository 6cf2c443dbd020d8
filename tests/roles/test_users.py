"""Roles that are given, changed and taken away by API: by whom, to whom, on what; and what is written down of it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Customer, RoleEvent, RoleGrant, RolePermission, User
from tests.conftest import AsUser
from tests.dataset import USERS, uuid_of

pytestmark = pytest.mark.usefixtures("usual")

ALPHA = f"/api/customers/{uuid_of('customers', name='Provider Alpha')}/"
GENOME = f"/api/projects/{uuid_of('projects', name='Genome study')}/"
MICROSCOPE = f"/api/marketplace-provider-offerings/{uuid_of('offerings', name='Microscope')}/"
OUTSIDER = str(UUID(USERS["outsider"]["uuid"]))
ROLE_ON = {ALPHA: "CUSTOMER.MANAGER", GENOME: "PROJECT.MEMBER", MICROSCOPE: "OFFERING.MANAGER"}
LATER = (datetime.now(UTC) + timedelta(days=9)).replace(microsecond=0).isoformat().replace("+00:00", "Z")
FORBIDDEN = (403, {"detail": "You do not have permission to perform this action."})
CLOSED = (400, ["Blocked or archived organization is not available."])
NOT_HELD = (400, {"non_field_errors": ["The user does not hold this role."]})

Post = Callable[..., Awaitable[Response]]


@pytest.fixture
def post(client: AsyncClient, as_user: AsUser) -> Post:
    """Asks for a role to be given, changed or taken away on something, as a user."""

    async def send(path: str, action: str, caller: str, **changes: Any) -> Response:
        body = {"role": ROLE_ON[path], "user": OUTSIDER, **changes}
        return await client.post(f"{path}{action}_user/", json=body, headers=as_user(caller))

    return send


def told(response: Response) -> tuple[int, Any]:
    """Status and body."""
    return response.status_code, response.json() if response.content else None


async def grants(rows: AsyncConnection, user: str = OUTSIDER) -> list[tuple[Any, ...]]:
    found = select(RoleGrant.role, RoleGrant.is_active, RoleGrant.expiration_time)
    return [tuple(row) for row in await rows.execute(found.where(RoleGrant.user_uuid == UUID(user)))]


async def listed(client: AsyncClient, path: str, headers: dict[str, str], **parameters: Any) -> list[dict[str, Any]]:
    response = await client.get(f"{path}list_users/", params={"page_size": 300, **parameters}, headers=headers)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()
    return rows


@pytest.mark.parametrize(("path", "owner"), [(ALPHA, "powner"), (GENOME, "cowner"), (MICROSCOPE, "powner")])
async def test_role_is_given_changed_and_taken_away(
    rows: AsyncConnection, client: AsyncClient, post: Post, as_user: AsUser, path: str, owner: str
) -> None:
    role = ROLE_ON[path]
    assert (await client.get(f"{path}list_users/", headers=as_user("outsider"))).status_code in (403, 404)
    assert told(await post(path, "add", owner)) == (201, {"expiration_time": None})
    assert told(await post(path, "add", owner)) == (400, {"non_field_errors": ["The user holds this role already."]})
    assert told(await post(path, "update", owner, expiration_time=LATER)) == (200, {"expiration_time": LATER})
    assert await grants(rows) == [(role, True, datetime.fromisoformat(LATER))]
    [shown] = await listed(client, path, as_user("outsider"), username="outsider")
    assert (shown["role_name"], shown["user_uuid"], shown["expiration_time"]) == (role, OUTSIDER, LATER)
    assert shown["created_by_uuid"] == str(UUID(USERS[owner]["uuid"]))
    assert told(await post(path, "delete", owner)) == (200, None)
    assert told(await post(path, "delete", owner)) == NOT_HELD
    assert told(await post(path, "update", owner)) == NOT_HELD
    assert await listed(client, path, as_user("staff"), username="outsider") == []
    assert (await post(path, "add", owner)).status_code == 201  # again
    assert await grants(rows) == [(role, True, None)]
    events = await rows.scalars(select(RoleEvent.action).order_by(RoleEvent.action))
    assert list(events) == ["granted", "granted", "changed", "revoked"]


async def test_role_works_at_once_and_no_longer_than_it_is_held(
    client: AsyncClient, post: Post, as_user: AsUser
) -> None:
    bookings = "/api/booking-resources/"
    assert (await client.get(bookings, headers=as_user("outsider"))).json() == []
    await post(ALPHA, "add", "powner", expiration_time=LATER)
    assert (await client.get(bookings, headers=as_user("outsider"))).json() != []
    await post(ALPHA, "delete", "powner")
    assert (await client.get(bookings, headers=as_user("outsider"))).json() == []


async def test_expired_role_is_not_held(rows: AsyncConnection, post: Post) -> None:
    await post(ALPHA, "add", "powner", expiration_time=LATER)
    own = RoleGrant.user_uuid == UUID(OUTSIDER)
    await rows.execute(update(RoleGrant).where(own).values(expiration_time=datetime(2020, 1, 1, tzinfo=UTC)))
    assert told(await post(ALPHA, "update", "powner", expiration_time=LATER)) == NOT_HELD
    assert (await post(ALPHA, "add", "powner")).status_code == 201


async def test_role_is_named_by_its_uuid_too(client: AsyncClient, post: Post, as_user: AsUser) -> None:
    [role] = (await client.get("/api/roles/", params={"name": "CUSTOMER.SUPPORT"}, headers=as_user("powner"))).json()
    for text in (role["uuid"], role["uuid"].replace("-", "")):
        assert (await post(ALPHA, "add", "powner", role=text)).status_code == 201
        [shown] = await listed(client, ALPHA, as_user("powner"), role=text)
        assert (shown["role_name"], shown["role_uuid"]) == ("CUSTOMER.SUPPORT", role["uuid"])
        assert (await post(ALPHA, "delete", "powner", role=text)).status_code == 200


@pytest.mark.parametrize("action", ["add", "update", "delete"])
@pytest.mark.parametrize(
    ("path", "user", "expected"),
    [
        (ALPHA, "pmanager", 403),
        (ALPHA, "powner2", 403),  # sees it by its shared offering
        (ALPHA, "outsider", 403),
        (GENOME, "padmin", 403),
        (GENOME, "outsider", 404),
        (GENOME, "powner", 403),  # sees it by its bookings
        (MICROSCOPE, "pmanager", 403),
        (MICROSCOPE, "omanager", 403),
        (MICROSCOPE, "creator", 403),
    ],
)
async def test_strangers_give_nothing(
    rows: AsyncConnection, post: Post, action: str, path: str, user: str, expected: int
) -> None:
    assert (await post(path, action, user)).status_code == expected
    assert await grants(rows) == []


@pytest.mark.parametrize("path", ROLE_ON)
async def test_staff_gives_everything(post: Post, path: str) -> None:
    for action in ("add", "update", "delete"):
        assert (await post(path, action, "staff")).status_code in (200, 201)


async def test_manager_of_a_project_says_who_belongs_to_it_and_owns_no_more(rows: AsyncConnection, post: Post) -> None:
    assert (await post(GENOME, "add", "creator", role="PROJECT.MANAGER")).status_code == 201
    await rows.execute(insert(RolePermission).values(role="PROJECT.LEAD", permission="ORDER.APPROVE"))
    assert told(await post(GENOME, "add", "creator", role="PROJECT.LEAD")) == FORBIDDEN
    assert (await post(GENOME, "add", "cowner", role="PROJECT.LEAD")).status_code == 201
    for action in ("update", "delete"):
        assert told(await post(GENOME, action, "creator", role="PROJECT.LEAD")) == FORBIDDEN


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"role": "PROJECT.MEMBER"}, {"role": ["PROJECT.MEMBER cannot be held on this."]}),
        ({"role": "CUSTOMER.KING"}, {"role": ["There is no such role."]}),
        ({"role": str(UUID(int=5))}, {"role": ["There is no such role."]}),
        ({"user": str(UUID(int=5))}, {"user": ["There is no such active user."]}),
        ({"expiration_time": "2020-01-01T00:00:00Z"}, {"expiration_time": ["Must be in the future."]}),
        ({"expiration_time": "9999-12-31T00:00:00Z"}, {"expiration_time": ["Must be in the years 2 to 9998."]}),
    ],
)
async def test_bad_grants_are_refused(rows: AsyncConnection, post: Post, changes: Any, refused: Any) -> None:
    assert told(await post(ALPHA, "add", "powner", **changes)) == (400, refused)
    assert await grants(rows) == []


async def test_inactive_user_is_given_nothing(rows: AsyncConnection, post: Post) -> None:
    await rows.execute(update(User).where(User.uuid == UUID(OUTSIDER)).values(is_active=False))
    assert told(await post(ALPHA, "add", "powner")) == (400, {"user": ["There is no such active user."]})


@pytest.mark.parametrize("closed", ["blocked", "archived"])
@pytest.mark.parametrize(("path", "owner"), [(ALPHA, "powner"), (GENOME, "cowner"), (MICROSCOPE, "powner")])
async def test_closed_organisation_gives_and_takes_nothing(
    rows: AsyncConnection, post: Post, path: str, owner: str, closed: str
) -> None:
    await post(path, "add", owner)
    await rows.execute(update(Customer).values({closed: True}))
    for action in ("add", "update", "delete"):
        assert told(await post(path, action, owner)) == CLOSED
    assert told(await post(path, "add", "staff")) == CLOSED
    assert (await post(path, "delete", "staff")).status_code == 200


async def test_members_and_support_see_who_holds_what(client: AsyncClient, as_user: AsUser) -> None:
    owners = await listed(client, ALPHA, as_user("support"), role="CUSTOMER.OWNER")
    assert [row["user_username"] for row in owners] == ["powner"]  # `exowner` was one
    assert await listed(client, ALPHA, as_user("pmanager"), role="CUSTOMER.OWNER") == owners
    assert "user_email" not in owners[0]
    assert "created" not in owners[0]  # nobody knows when
    own = await listed(client, ALPHA, as_user("powner"), role="CUSTOMER.OWNER")
    assert own[0]["user_email"] == USERS["powner"]["email"]
    for stranger in ("powner2", "creator"):
        response = await client.get(f"{ALPHA}list_users/", headers=as_user(stranger))
        assert told(response) == FORBIDDEN


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"username": "powner"}, ["powner"]),
        ({"search_string": "MANAGER"}, ["omanager", "pmanager"]),
        ({"user": str(UUID(USERS["pmanager"]["uuid"]))}, ["pmanager"]),
        ({"user_url": f"/api/users/{USERS['pmanager']['uuid']}/"}, ["pmanager"]),
        ({"role": "CUSTOMER.OWNER,CUSTOMER.MANAGER"}, ["omanager", "pmanager", "powner"]),
        ({"role": "CUSTOMER.SUPPORT"}, []),
        ({"user_slug": "powner"}, []),
        ({"native_name": "powner"}, []),
        ({"o": "-username"}, ["powner", "pmanager", "omanager"]),
        ({"o": ["role", "username"]}, ["omanager", "pmanager", "powner"]),
    ],
)
async def test_who_holds_what_is_filtered_and_ordered(
    client: AsyncClient, as_user: AsUser, parameters: Any, expected: list[str]
) -> None:
    rows = await listed(client, ALPHA, as_user("staff"), **parameters)
    assert [row["user_username"] for row in rows] == expected
    counted = await client.head(f"{ALPHA}list_users/", params=parameters, headers=as_user("staff"))
    assert counted.headers["X-Result-Count"] == str(len(expected))


async def test_what_is_written_down_stays(rows: AsyncConnection, post: Post) -> None:
    await post(ALPHA, "add", "powner")
    with pytest.raises(DBAPIError, match="append-only"):
        await rows.execute(delete(RoleEvent))

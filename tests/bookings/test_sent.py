"""What is sent of bookings is what their model would send, to the byte; be it read, or kept from the last time."""

from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import authenticate
from app.bookings.schemas import BOOKING_RESOURCES
from app.query.fieldset import Context
from tests.conftest import BASE_URL, AsUser
from tests.databases import OneTransaction
from tests.dataset import USERS

pytestmark = pytest.mark.slow

URL = "/api/booking-resources/"
FIELDS = tuple(BOOKING_RESOURCES.model.model_fields)
SIDES = ("staff", "support", "powner", "omanager", "creator")


async def modelled(rows: AsyncConnection, username: str, uuids: list[str], *fields: str) -> list[bytes]:
    """Each booking as the model sends what is read of it for that caller."""
    async with OneTransaction(rows).reading() as reader:
        caller = await authenticate(reader, USERS[username]["token"])
    found = await BOOKING_RESOURCES.read(rows, Context(caller, BASE_URL), map(UUID, uuids), fields)
    models = [BOOKING_RESOURCES.model.model_validate(found[UUID(uuid)]) for uuid in uuids]
    return [model.model_dump_json(exclude_unset=True).encode() for model in models]


async def listed(client: AsyncClient, headers: dict[str, str], *fields: str) -> bytes:
    """The body of a list of all that the caller sees."""
    query = "".join(f"&field={name}" for name in fields)
    response = await client.get(f"{URL}?page_size=300{query}", headers=headers)
    assert response.status_code == 200
    return response.content


async def uuids_of(client: AsyncClient, headers: dict[str, str]) -> list[str]:
    response = await client.get(f"{URL}?page_size=300&field=uuid", headers=headers)
    return [booking["uuid"] for booking in response.json()]


@pytest.mark.parametrize("username", USERS)
async def test_whole_bookings(client: AsyncClient, rows: AsyncConnection, as_user: AsUser, username: str) -> None:
    if not USERS[username]["is_active"]:
        assert (await client.get(URL, headers=as_user(username))).status_code == 401
        return
    uuids = await uuids_of(client, as_user(username))
    expected = await modelled(rows, username, uuids)
    for _ in ("read", "kept"):
        assert await listed(client, as_user(username)) == b"[%s]" % b",".join(expected)
    for uuid, one in zip(uuids, expected, strict=True):
        assert (await client.get(f"{URL}{uuid}/", headers=as_user(username))).content == one


@pytest.mark.parametrize("name", FIELDS)
async def test_each_field(client: AsyncClient, rows: AsyncConnection, as_user: AsUser, name: str) -> None:
    seen = 0
    for username in SIDES:
        uuids = await uuids_of(client, as_user(username))
        expected = await modelled(rows, username, uuids, name)
        for _ in ("read", "kept"):
            assert await listed(client, as_user(username), name) == b"[%s]" % b",".join(expected)
        seen += len(uuids)
    assert seen > 100


async def test_what_is_kept_for_one_is_not_sent_to_another(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    """Everybody in turn asks for the same bookings, so that each is served what was kept for those before."""
    for username in (*SIDES, *reversed(SIDES)):
        uuids = await uuids_of(client, as_user(username))
        expected = await modelled(rows, username, uuids)
        assert await listed(client, as_user(username)) == b"[%s]" % b",".join(expected)

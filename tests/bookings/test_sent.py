"""What is sent of bookings is what their model would send, to the byte; be it read, or kept from the last time."""

import re
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import authenticate
from app.bookings.schemas import BOOKING_RESOURCES
from app.query.fieldset import Context
from tests.conftest import BASE_URL, AsUser
from tests.databases import OneTransaction, statements
from tests.dataset import USERS, token_of

pytestmark = pytest.mark.slow

URL = "/api/booking-resources/"
FIELDS = tuple(BOOKING_RESOURCES.model.model_fields)
SIDES = ("staff", "support", "powner", "omanager", "creator")


async def modelled(rows: AsyncConnection, username: str, uuids: list[str], *fields: str) -> list[bytes]:
    """Each booking as the model sends what is read of it for that caller."""
    async with OneTransaction(rows).reading() as reader:
        caller = await authenticate(reader, token_of(username))
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


async def test_traceback_of_an_order_of_another_offering(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    """Orders come with their own offering, whose provider may be another than the booking's."""
    await rows.execute(
        text(
            "UPDATE \"order\" SET error_traceback = 'of another provider', offering_uuid = "
            "(SELECT uuid FROM offering "
            "WHERE customer_uuid IS DISTINCT FROM (SELECT provider_uuid FROM resource WHERE uuid = resource_uuid) "
            "LIMIT 1)"
        )
    )
    shown: dict[str, bool] = {}
    for username in (*SIDES, *reversed(SIDES)):
        uuids = await uuids_of(client, as_user(username))
        body = await listed(client, as_user(username))
        assert body == b"[%s]" % b",".join(await modelled(rows, username, uuids))
        shown[username] = b"of another provider" in body
    assert {*shown.values()} == {True, False}


async def test_whatever_is_shown_has_a_version(rows: AsyncConnection) -> None:
    """Each table that bookings are read from has a trigger that changes the booking's version, or that of all."""
    async with OneTransaction(rows).reading() as reader:
        caller = await authenticate(reader, token_of("staff"))
    uuids = (await rows.execute(text("SELECT uuid FROM resource WHERE is_booking"))).scalars().all()
    with statements(rows) as executed:
        await BOOKING_RESOURCES.read_fragments(rows, Context(caller, BASE_URL), uuids, FIELDS)
    read = {name for statement in executed for name in re.findall(r'(?:FROM|JOIN) "?([a-z_]+)', statement)}
    kept = await rows.execute(
        text(
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "JOIN pg_proc ON pg_proc.oid = tgfoid "
            "WHERE proname ~ '^keep_(resource$|version|reference_version|first_start)' "
            "GROUP BY relname HAVING bit_or(tgtype::integer) & 28 = 28"
        )
    )
    assert len(read) > 8
    assert read <= {*kept.scalars(), "resource"}

"""What an order is about can be retrieved at the order by whoever sees the order, and by nobody else."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.conftest import AsUser

ORDERS, RESOURCES = "/api/marketplace-orders/", "/api/marketplace-resources/"
CALLERS = ("staff", "powner", "omanager", "creator", "cowner", "padmin", "outsider")


async def orders(client: AsyncClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = await client.get(ORDERS, params={"page_size": 300}, headers=headers)
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.mark.parametrize("caller", CALLERS)
async def test_booking_and_offering_of_an_order_are_shown_to_whoever_sees_it(
    client: AsyncClient, as_user: AsUser, caller: str
) -> None:
    headers, every = as_user(caller), await orders(client, as_user("staff"))
    visible = {order["uuid"] for order in await orders(client, headers)}
    for order in every:
        path = f"{ORDERS}{order['uuid']}/"
        booking, offering = [await client.get(path + name, headers=headers) for name in ("resource/", "offering/")]
        if order["uuid"] not in visible:
            assert booking.json() == offering.json() == {"detail": "No Order matches the given query."}
            assert (booking.status_code, offering.status_code) == (404, 404)
            continue
        assert booking.json()["uuid"] == order["marketplace_resource_uuid"]
        assert booking.json()["url"].endswith(f"{RESOURCES}{order['marketplace_resource_uuid']}/")
        assert offering.json()["uuid"] == order["offering_uuid"]
        assert offering.json()["url"] == order["offering"]
    assert bool(visible) == (caller != "outsider")


@pytest.mark.parametrize("caller", CALLERS)
async def test_resource_is_the_booking_for_members_too(client: AsyncClient, as_user: AsUser, caller: str) -> None:
    headers = as_user(caller)
    known = {order["marketplace_resource_uuid"] for order in await orders(client, headers)}
    for booking in {order["marketplace_resource_uuid"] for order in await orders(client, as_user("staff"))}:
        shown = await client.get(f"{RESOURCES}{booking}/", headers=headers)
        own = await client.get(f"/api/booking-resources/{booking}/", headers=headers)
        assert (shown.status_code == 200) == (booking in known)
        if own.status_code == 200:
            assert list(shown.json()) == list(own.json())
            assert {**shown.json(), "url": ""} == {**own.json(), "url": ""}
        if shown.status_code == 200:
            assert (await client.get(shown.json()["url"], headers=headers)).json() == shown.json()
        else:
            assert shown.json() == {"detail": "No Resource matches the given query."}


@pytest.mark.parametrize("end", ["resource/", "offering/"])
async def test_field_chooses_what_is_shown(client: AsyncClient, as_user: AsUser, end: str) -> None:
    order = (await orders(client, as_user("cowner")))[0]
    answer = await client.get(f"{ORDERS}{order['uuid']}/{end}?field=uuid,url", headers=as_user("cowner"))
    assert set(answer.json()) == {"url", "uuid"}
    for path in (f"{ORDERS}nothing/{end}", f"{ORDERS}00000000-0000-4000-8000-000000000000/{end}"):
        unknown = await client.get(path, headers=as_user("staff"))
        assert (unknown.status_code, unknown.json()) == (404, {"detail": "No Order matches the given query."})

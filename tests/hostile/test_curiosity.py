"""Who asks whom one may not know of learns nothing. Rule: decision 32."""

import pytest
from httpx import AsyncClient

from tests.conftest import AsUser
from tests.dataset import BOOKINGS, USERS
from tests.oracle import PEOPLE, is_member, looks_up, scopes_of

LIST = "/api/booking-resources/"


def of_view(username: str, seen: set[str]) -> set[str]:
    return {b.uuid for b in BOOKINGS if b.uuid in seen and is_member(PEOPLE[username], scopes_of(b))}


async def listed(client: AsyncClient, headers: dict[str, str], **parameters: str) -> set[str]:
    answer = await client.get(LIST, params={"page_size": "300", "field": "uuid", **parameters}, headers=headers)
    counted = await client.head(LIST, params=parameters, headers=headers)
    assert answer.headers["X-Result-Count"] == counted.headers["X-Result-Count"] == str(len(answer.json()))
    return {row["uuid"] for row in answer.json()}


@pytest.mark.parametrize("caller", ["staff", "support", "powner", "omanager", "creator", "cowner", "outsider"])
async def test_view_of_another_is_told_to_those_who_may_look_the_other_up(
    client: AsyncClient, as_user: AsUser, caller: str
) -> None:
    headers = as_user(caller)
    users = await client.get("/api/users/", params={"page_size": "300"}, headers=headers)
    known = {row["username"] for row in users.json()}
    assert known == {name for name in USERS if looks_up(caller, name)}
    seen = await listed(client, headers)
    found = {name: await listed(client, headers, visible_to_username=name) for name in USERS}
    assert found == {name: of_view(name, seen) if name in known else set() for name in USERS}
    assert caller in ("staff", "support") or known < set(USERS), "else nothing is tried here"


async def test_some_view_would_have_been_told(client: AsyncClient, as_user: AsUser) -> None:
    headers = as_user("powner")
    users = await client.get("/api/users/", params={"page_size": "300"}, headers=headers)
    known = {row["username"] for row in users.json()}
    seen = await listed(client, headers)
    assert any(of_view(name, seen) for name in set(USERS) - known)

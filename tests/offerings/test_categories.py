"""Kinds of offerings: what is shown of them, how many offerings they have, and by what they are found."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import AsUser
from tests.dataset import DATASET, uuid_of

PATH, OFFERINGS = "/api/marketplace-categories/", "/api/marketplace-public-offerings/"
CALLERS = ("staff", "support", "powner", "omanager", "creator", "cowner", "outsider")
FIELDS = ["url", "uuid", "title", "description", "icon", "offering_count", "available_offerings_count"]

Rows = list[dict[str, Any]]


async def listed(client: AsyncClient, path: str, headers: dict[str, str], **parameters: Any) -> Rows:
    response = await client.get(path, params={"page_size": 300, **parameters}, headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["X-Result-Count"] == str(len(response.json()))
    found: Rows = response.json()
    return found


@pytest.mark.parametrize("caller", CALLERS)
async def test_everybody_sees_all_kinds(client: AsyncClient, as_user: AsUser, caller: str) -> None:
    rows = await listed(client, PATH, as_user(caller))
    loaded = {str(UUID(uuid)): row for uuid, row in DATASET["categories"].items()}
    assert [row["title"] for row in rows] == sorted(row["title"] for row in loaded.values())
    for row in rows:
        assert list(row) == FIELDS
        assert (row["title"], row["description"]) == (loaded[row["uuid"]]["title"], loaded[row["uuid"]]["description"])
        assert row["url"].endswith(f"{PATH}{row['uuid']}/")
        assert (await client.get(row["url"], headers=as_user(caller))).json() == row


@pytest.mark.parametrize("caller", CALLERS)
async def test_counts_are_those_of_the_offerings_that_the_caller_sees(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection, caller: str
) -> None:
    await rows.execute(text("UPDATE offering SET state = 'Paused' WHERE name = 'Telescope'"))
    await rows.execute(text("UPDATE offering SET state = 'Archived' WHERE name = 'Meeting room'"))
    for row in await listed(client, PATH, as_user(caller)):
        own = await listed(client, OFFERINGS, as_user(caller), category_uuid=row["uuid"])
        assert row["offering_count"] == len(own)
        active = [offering for offering in own if offering["state"] == "Active"]
        assert row["available_offerings_count"] == len(active)


@pytest.mark.parametrize("caller", ["staff", "creator", "outsider"])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"offering_name": "MICRO"},
        {"offering_name": "%"},
        {"customer_uuid": str(uuid_of("customers", name="Provider Alpha"))},
        {"customer_uuid": str(uuid_of("customers", name="Provider Beta")), "customers_offerings_state": "Active"},
        {"customers_offerings_state": ["Paused", "Archived"]},
        {"customers_offerings_state": "Draft", "offering_name": "o"},
    ],
    ids=str,
)
async def test_kinds_are_found_by_one_offering_that_the_caller_sees(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection, caller: str, asked: dict[str, Any]
) -> None:
    await rows.execute(text("UPDATE offering SET state = 'Paused' WHERE name = 'Telescope'"))
    await rows.execute(text("UPDATE offering SET state = 'Draft' WHERE name = 'Private lab'"))
    names = {"offering_name": "name", "customers_offerings_state": "state"}
    same = {names.get(name, name): value for name, value in asked.items()}
    offerings = await listed(client, OFFERINGS, as_user(caller), **same)
    kinds = {offering["category_uuid"] for offering in offerings}
    if not asked:
        kinds = {str(UUID(uuid)) for uuid in DATASET["categories"]}
    assert {row["uuid"] for row in await listed(client, PATH, as_user(caller), **asked)} == kinds


@pytest.mark.parametrize("shared", [True, False])
async def test_kinds_with_shared_offerings_and_the_others(client: AsyncClient, as_user: AsUser, shared: bool) -> None:
    kinds = {row["category_uuid"] for row in await listed(client, OFFERINGS, as_user("staff"), shared=True)}
    every = {row["uuid"] for row in await listed(client, PATH, as_user("staff"))}
    found = {row["uuid"] for row in await listed(client, PATH, as_user("staff"), has_shared=shared)}
    assert found == (kinds if shared else every - kinds)


async def test_kinds_are_found_by_title(client: AsyncClient, as_user: AsUser) -> None:
    some = (await listed(client, PATH, as_user("outsider")))[0]["title"]
    found = await listed(client, PATH, as_user("outsider"), title=some[1:-1].upper())
    assert some in [row["title"] for row in found]
    assert await listed(client, PATH, as_user("outsider"), title="_") == []
    backwards = await listed(client, PATH, as_user("outsider"), o="-title")
    assert [row["title"] for row in backwards] == sorted((row["title"] for row in backwards), reverse=True)


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("customer_uuid", "1", "Enter a valid UUID."),
        ("customers_offerings_state", "active", "Select a valid choice. active is not one of the available choices."),
        ("has_shared", "yes", "Must be a valid boolean."),
        ("offering_name", "\x00", "Null characters are not allowed."),
        ("o", "name", "Select a valid choice. name is not one of the available choices."),
    ],
)
async def test_bad_value_is_refused(
    client: AsyncClient, as_user: AsUser, parameter: str, value: str, message: str
) -> None:
    answer = await client.get(PATH, params={parameter: value}, headers=as_user("staff"))
    assert (answer.status_code, answer.json()) == (400, {parameter: [message]})


async def test_unknown_kind_is_not_found(client: AsyncClient, as_user: AsUser) -> None:
    answer = await client.get(f"{PATH}00000000-0000-4000-8000-000000000000/", headers=as_user("staff"))
    assert (answer.status_code, answer.json()) == (404, {"detail": "No Category matches the given query."})

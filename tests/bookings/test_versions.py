"""A provider decides on what he saw: entity tags."""

from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import AsUser

BOOKING = "/api/booking-resources/8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd/"


async def tag(client: AsyncClient, headers: Any, query: str = "") -> str:
    return (await client.get(BOOKING + query, headers=headers)).headers["ETag"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_unchanged_booking_is_not_sent_again(client: AsyncClient, as_user: AsUser, form: str) -> None:
    headers = as_user("powner")
    known = {"If-None-Match": form.format(await tag(client, headers))}
    answer = await client.get(BOOKING, headers=headers | known)
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"]


async def test_changed_booking_is_sent(client: AsyncClient, as_user: AsUser, rows: AsyncConnection) -> None:
    headers = as_user("powner")
    before = await tag(client, headers)
    await rows.execute(text("UPDATE offering SET name = 'Better microscope'"))
    answer = await client.get(BOOKING, headers=headers | {"If-None-Match": before})
    assert (answer.status_code, answer.json()["offering_name"]) == (200, "Better microscope")


async def test_tag_is_of_what_was_asked_for(client: AsyncClient, as_user: AsUser) -> None:
    assert await tag(client, as_user("powner")) != await tag(client, as_user("powner"), "?field=name")


@pytest.mark.parametrize("action", ["accept", "reject"])
@pytest.mark.parametrize("query", ["", "?field=name"])
async def test_decision_on_the_current_version_goes_ahead(
    client: AsyncClient, as_user: AsUser, action: str, query: str
) -> None:
    seen = {"If-Match": await tag(client, as_user("powner"), query)}
    assert (await client.post(f"{BOOKING}{action}/", headers=as_user("powner") | seen)).status_code == 200


@pytest.mark.parametrize("action", ["accept", "reject"])
async def test_decision_on_an_old_version_is_refused(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection, action: str
) -> None:
    seen = {"If-Match": await tag(client, as_user("powner"))}
    await rows.execute(text("UPDATE resource SET modified = modified + interval '1 second'"))
    answer = await client.post(f"{BOOKING}{action}/", headers=as_user("powner") | seen)
    assert (answer.status_code, answer.json()) == (
        412,
        {"detail": "It has changed since it was retrieved."},
    )
    assert (await client.get(BOOKING, headers=as_user("powner"))).json()["state"] == "Creating"


@pytest.mark.parametrize(("value", "status"), [("*", 200), ("", 200), ("nonsense", 412), ('W/"0-0"', 412)])
async def test_other_forms_of_if_match(client: AsyncClient, as_user: AsUser, value: str, status: int) -> None:
    answer = await client.post(f"{BOOKING}accept/", headers=as_user("powner") | {"If-Match": value})
    assert answer.status_code == status


async def test_stranger_is_told_nothing_of_versions(client: AsyncClient, as_user: AsUser) -> None:
    answer = await client.post(f"{BOOKING}accept/", headers=as_user("outsider") | {"If-Match": '"0-0"'})
    assert answer.status_code == 404

"""What the newest clients filter bookings by, of which the recorded data set has nothing."""

import json
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import AsUser
from tests.dataset import BOOKINGS

URL = "/api/booking-resources/"
EVERY = {booking.uuid for booking in BOOKINGS}
ONE, OTHER = BOOKINGS[0].uuid, BOOKINGS[1].uuid


@pytest.fixture
async def told(rows: AsyncConnection) -> None:
    """Two bookings of which more is told than of others."""
    metadata = {ONE: {"flavor_name": "m1.Large", "image_name": "Debian_12"}, OTHER: {"instance_name": None}}
    attributes = {ONE: {"size": 3, "tags": ["a", "b"], "of": {"x": 1, "y": 2}}, OTHER: {"size": 4, "tags": ["a"]}}
    for uuid in (ONE, OTHER):
        change = text(
            "UPDATE resource SET backend_metadata = CAST(:metadata AS jsonb), attributes = CAST(:attributes AS jsonb) "
            "WHERE uuid = CAST(:uuid AS uuid)"
        )
        given = {"metadata": json.dumps(metadata[uuid]), "attributes": json.dumps(attributes[uuid]), "uuid": uuid}
        await rows.execute(change, given)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("flavor_name", "LARGE", {ONE}),
        ("flavor_name", "small", set()),
        ("flavor_name", "%", set()),
        ("image_name", "n_1", {ONE}),
        ("image_name", "n-1", set()),
        ("is_attached", "true", {OTHER}),
        ("is_attached", "false", EVERY - {OTHER}),
        ("resource_attributes", {"size": 3}, {ONE}),
        ("resource_attributes", {"size": "3"}, set()),
        ("resource_attributes", {"size": [3, 4, 5]}, {ONE, OTHER}),
        ("resource_attributes", {"size": [3, 4], "of": {"y": 2}}, {ONE}),
        ("resource_attributes", {"size": [3, 4], "other": [None]}, set()),
        ("resource_attributes", {"size": []}, set()),
        ("resource_attributes", {"of": [{"x": 1, "y": 2}]}, {ONE}),
        ("resource_attributes", {"'; SELECT": ["\u2028"]}, set()),
        ("resource_attributes", {}, EVERY),
    ],
)
async def test_bookings_are_those_that_tell_so(
    client: AsyncClient, as_user: AsUser, name: str, value: Any, found: set[str]
) -> None:
    sent = value if isinstance(value, str) else json.dumps(value)
    answer = await client.get(URL, params={name: sent, "page_size": 300}, headers=as_user("staff"))
    assert {each["uuid"] for each in answer.json()} == found
    assert answer.headers["X-Result-Count"] == str(len(found))


@pytest.mark.parametrize("name", ["flavor_name=x", "image_name=x", "is_attached=true"])
async def test_nothing_is_found_where_nothing_is_told(client: AsyncClient, as_user: AsUser, name: str) -> None:
    answer = await client.get(f"{URL}?{name}", headers=as_user("staff"))
    assert (answer.status_code, answer.json(), answer.headers["X-Result-Count"]) == (200, [], "0")


async def test_what_providers_are_not_asked_about_is_left_out(client: AsyncClient, as_user: AsUser) -> None:
    early = {"pending-consumer", "pending-project", "pending-start-date"}
    hidden = {
        booking.uuid
        for booking in BOOKINGS
        if booking.row["state"] == "Creating" and any(order["state"] in early for order in booking.orders)
    }
    assert hidden
    for flag, expected in (("true", EVERY - hidden), ("false", EVERY)):
        parameters = {"visible_to_providers": flag, "page_size": "300"}
        answer = await client.get(URL, params=parameters, headers=as_user("staff"))
        assert {each["uuid"] for each in answer.json()} == expected
        assert answer.headers["X-Result-Count"] == str(len(expected))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("flavor_name", "\x00", "Null characters are not allowed."),
        ("image_name", "\x00", "Null characters are not allowed."),
        ("is_attached", "yes", "Must be a valid boolean."),
        ("visible_to_providers", "yes", "Must be a valid boolean."),
        *(("resource_attributes", value, "Enter a JSON object.") for value in ("{", "[]", "1", "null", '{"a": ' * 300)),
        ("resource_attributes", '{"a": "\\ud800"}', "Enter a JSON object."),
        ("resource_attributes", '{"a": "\\u0000"}', "Null characters are not allowed."),
        ("resource_attributes", '{"a": NaN}', "Numbers must be finite, and less than 1e300."),
    ],
)
async def test_bad_value_is_refused(client: AsyncClient, as_user: AsUser, name: str, value: str, message: str) -> None:
    answer = await client.get(URL, params={name: value}, headers=as_user("staff"))
    assert (answer.status_code, answer.json()) == (400, {name: [message]})

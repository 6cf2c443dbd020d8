"""Pages, orderings, headers and cost of the list."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.bookings.schemas import BookingResource
from app.models import Order, Resource, Slot, Token
from app.models.enums import OrderState, RequestType
from tests.conftest import AsUser
from tests.databases import statements
from tests.dataset import BOOKINGS, DATASET, Row, uuid_of

BASE = "http://waldur.example.com"
URL = "/api/booking-resources/"
BY_UUID = {booking.uuid: booking.row for booking in BOOKINGS}
INVALID_PAGE = {"detail": "Invalid page."}
CREATOR = uuid_of("users", username="creator")


async def add_bookings(rows: AsyncConnection, count: int, **values: Any) -> None:
    """Bookings like the first one, each with an order of `creator`, and with a slot that overlaps nothing."""
    pattern = (await rows.execute(select(Resource.__table__).where(Resource.name == "alpha scan"))).mappings().one()
    shared = {name: pattern[name] for name in ("offering_uuid", "project_uuid", "plan_uuid")}
    resource = {**shared, "name": "added", "slug": "added", "state": "OK", **values}
    uuids = (
        await rows.scalars(insert(Resource).returning(Resource.uuid), [dict(resource) for _ in range(count)])
    ).all()
    order = {**shared, "type": RequestType.CREATE, "state": OrderState.DONE, "created_by_uuid": CREATOR}
    await rows.execute(insert(Order), [{**order, "resource_uuid": uuid} for uuid in uuids])
    slot = {"offering_uuid": shared["offering_uuid"], "live": True, "backend_id": "added"}
    starts = [datetime(2040, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(count)]
    periods = [{"start": start, "end": start + timedelta(hours=1)} for start in starts]
    await rows.execute(
        insert(Slot), [{**slot, **period, "resource_uuid": uuid} for uuid, period in zip(uuids, periods, strict=True)]
    )


@pytest.fixture(autouse=True)
async def fresh_tokens(rows: AsyncConnection) -> None:
    """Tokens that were just used, so that no request writes their use down."""
    await rows.execute(update(Token).values(refreshed=datetime.now(UTC)))


@pytest.fixture
def staff(as_user: AsUser) -> dict[str, str]:
    headers: dict[str, str] = as_user("staff")
    return headers


@pytest.fixture
def powner(as_user: AsUser) -> dict[str, str]:
    headers: dict[str, str] = as_user("powner")
    return headers


@pytest.mark.parametrize(
    ("size", "rows_on_page"),
    [
        (None, 10),
        ("", 10),
        ("1", 1),
        ("7", 7),
        ("42", 42),
        ("43", 43),
        ("300", 43),
        ("301", 43),
        ("1" + "0" * 30, 43),
        ("0", 10),
        ("-1", 10),
        ("-300", 10),
        ("ten", 10),
        ("5.0", 10),
        ("1e1", 10),
        ("null", 10),
    ],
)
async def test_page_size(client: AsyncClient, staff: Row, size: str | None, rows_on_page: int) -> None:
    response = await client.get(URL, params={} if size is None else {"page_size": size}, headers=staff)
    assert (response.status_code, len(response.json())) == (200, rows_on_page)
    assert response.headers["X-Result-Count"] == "43"


async def test_page_has_at_most_300_bookings(client: AsyncClient, rows: AsyncConnection, staff: Row) -> None:
    await add_bookings(rows, 300)
    for size, found in (("299", 299), ("300", 300), ("301", 300), ("1000000", 300)):
        response = await client.get(URL, params={"page_size": size, "field": "uuid"}, headers=staff)
        assert len(response.json()) == found
        assert response.headers["X-Result-Count"] == "343"
    last = await client.get(URL, params={"page_size": "1000", "page": "2", "field": "uuid"}, headers=staff)
    assert len(last.json()) == 43


def links(number: int, last: int, before: str = "", after: str = "") -> str:
    """The header, spelled out: `before` and `after` are the other parameters on both sides of `page`."""

    def link(to: int, relation: str) -> str:
        parts = [part for part in (before, f"page={to}" if to > 1 else "", after) if part]
        return f'<{BASE}{URL}{"?" if parts else ""}{"&".join(parts)}>; rel="{relation}"'

    shown = [link(1, "first")]
    shown += [link(number - 1, "prev")] if number > 1 else []
    shown += [link(number + 1, "next")] if number < last else []
    return ", ".join([*shown, link(last, "last")])


LINKS = [
    ("", links(1, 5)),
    ("page=1", links(1, 5)),
    ("page=2", links(2, 5)),
    ("page=4", links(4, 5)),
    ("page=5", links(5, 5)),
    ("page=last", links(5, 5)),
    ("page=02", links(2, 5)),
    ("page_size=300", links(1, 1, after="page_size=300")),
    ("page_size=300&page=last", links(1, 1, after="page_size=300")),
    ("page_size=43&page=1", links(1, 1, after="page_size=43")),
    ("page_size=42&page=2", links(2, 2, after="page_size=42")),
    ("page_size=0", links(1, 5, after="page_size=0")),
    ("page=3&page_size=7", links(3, 7, after="page_size=7")),
    ("state=OK&page_size=3&o=-name&page=2", links(2, 4, before="o=-name", after="page_size=3&state=OK")),
    ("z=1&a=%C3%BC&page=2&name=", links(2, 5, before="a=%C3%BC&name=", after="z=1")),
    ("field=uuid&field=name&page=2", links(2, 5, before="field=uuid&field=name")),
    ("field=uuid,name", links(1, 5, before="field=uuid%2Cname")),
    ("name=%20", links(1, 5, before="name=+")),
    ("page=2&page=3", links(3, 5)),
    ("nonsense=%3C%3E%22%27%26", links(1, 5, before="nonsense=%3C%3E%22%27%26")),
    ("name=nothing", links(1, 1, before="name=nothing")),
    ("name=nothing&page=last", links(1, 1, before="name=nothing")),
]


@pytest.mark.parametrize(("query", "expected"), LINKS, ids=[query or "none" for query, _ in LINKS])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_links_keep_every_other_parameter(
    client: AsyncClient, staff: Row, method: str, query: str, expected: str
) -> None:
    response = await client.request(method, f"{URL}?{query}", headers=staff)
    assert (response.status_code, response.headers["Link"]) == (200, expected)


async def test_following_links_visits_every_page(client: AsyncClient, staff: Row) -> None:
    seen = []
    url: str | None = f"{URL}?page_size=4&field=uuid&state=OK&state=Creating"
    while url:
        response = await client.get(url, headers=staff)
        assert response.status_code == 200
        seen += [item["uuid"] for item in response.json()]
        url = next((link[1 : link.index(">")] for link in response.headers["Link"].split(", ") if "next" in link), None)
    assert len(seen) == len(set(seen)) == int(response.headers["X-Result-Count"])


@pytest.mark.parametrize(
    "page", ["0", "-1", "6", "x", "1.0", "last ", "LAST", "first", "1" + "0" * 30, "9" * 5000, "٣٤"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_page_that_does_not_exist(client: AsyncClient, staff: Row, method: str, page: str) -> None:
    response = await client.request(method, URL, params={"page": page}, headers=staff)
    assert response.status_code == 404
    assert method == "HEAD" or response.json() == INVALID_PAGE


@pytest.mark.parametrize("page", ["", "1", "last"])
async def test_empty_list_has_one_page(client: AsyncClient, as_user: AsUser, page: str) -> None:
    response = await client.get(URL, params={"page": page}, headers=as_user("outsider"))
    assert (response.status_code, response.json()) == (200, [])
    assert response.headers["X-Result-Count"] == "0"
    beyond = await client.get(URL, params={"page": "2"}, headers=as_user("outsider"))
    assert (beyond.status_code, beyond.json()) == (404, INVALID_PAGE)


@pytest.mark.parametrize("order", [None, "name", "-name", "created", "type", "-type", "schedules", "-schedules,type"])
async def test_pages_hold_every_booking_once_even_with_equal_names(
    client: AsyncClient, rows: AsyncConnection, staff: Row, order: str | None
) -> None:
    await rows.execute(update(Resource).values(name="same", created=datetime(2024, 1, 1, tzinfo=UTC)))
    given = {"field": "uuid", **({"o": order} if order else {})}
    whole = [item["uuid"] for item in (await client.get(URL, params={**given, "page_size": 300}, headers=staff)).json()]
    assert sorted(whole) == sorted(BY_UUID)
    for size in range(1, 8):
        walked: list[str] = []
        for page in range(1, -(-len(whole) // size) + 1):
            response = await client.get(URL, params={**given, "page_size": size, "page": page}, headers=staff)
            walked += [item["uuid"] for item in response.json()]
        assert walked == whole, size


def first_start(row: Row) -> str | None:
    return min((slot["start"] for slot in row["slots"]), key=datetime.fromisoformat, default=None)


KEYS: Row = {
    "name": lambda row: row["name"],
    "created": lambda row: datetime.fromisoformat(row["created"]),
    "type": lambda row: DATASET["offerings"][row["offering"]]["type"],
    "schedules": lambda row: datetime.fromisoformat(first_start(row) or "0001-01-01T00:00:00Z"),
}


def expected_order(keys: str) -> list[str]:
    """By plain stable sorts, the least significant key first; those without a slot last, both ways."""
    uuids = sorted(BY_UUID)
    for key in reversed(keys.split(",")):
        name = key.removeprefix("-")
        uuids.sort(key=lambda uuid: KEYS[name](BY_UUID[uuid]), reverse=key.startswith("-"))
        if name == "schedules":
            uuids.sort(key=lambda uuid: first_start(BY_UUID[uuid]) is None)
        elif key.startswith("-"):
            uuids.sort(key=lambda uuid: KEYS[name](BY_UUID[uuid]), reverse=True)
    return uuids


@pytest.mark.parametrize(
    "keys",
    [
        "name",
        "-name",
        "created",
        "-created",
        "type",
        "-type",
        "schedules",
        "-schedules",
        "type,name",
        "type,-schedules",
        "-type,-created",
        "name,-created",
        "-name,schedules",
        "schedules,-name",
    ],
)
async def test_orderings(client: AsyncClient, staff: Row, keys: str) -> None:
    for query in (f"o={keys}", "&".join(f"o={key}" for key in keys.split(","))):
        response = await client.get(f"{URL}?{query}&page_size=300&field=uuid", headers=staff)
        assert [item["uuid"] for item in response.json()] == expected_order(keys), query


@pytest.mark.parametrize("query", ["", "o=", "o=,"])
async def test_default_order_is_by_name(client: AsyncClient, staff: Row, query: str) -> None:
    response = await client.get(f"{URL}?{query}&page_size=300&field=uuid", headers=staff)
    assert [item["uuid"] for item in response.json()] == expected_order("name")


async def test_names_are_ordered_by_code_point(client: AsyncClient, staff: Row) -> None:
    response = await client.get(URL, params={"page_size": 300, "field": "name"}, headers=staff)
    names = [item["name"] for item in response.json()]
    assert names == sorted(names)
    assert names != sorted(names, key=str.lower)


async def test_bookings_without_slots_are_last_both_ways(client: AsyncClient, staff: Row) -> None:
    for order in ("schedules", "-schedules"):
        response = await client.get(URL, params={"o": order, "page_size": 300, "field": "slots"}, headers=staff)
        filled = [bool(item["slots"]) for item in response.json()]
        assert filled == sorted(filled, reverse=True)
        assert set(filled) == {True, False}


async def test_schedules_are_ordered_by_the_earliest_slot_as_a_point_in_time(
    client: AsyncClient, rows: AsyncConnection, staff: Row
) -> None:
    uuid = str(uuid_of("resources", name="alpha scan"))
    slot = {"resource_uuid": UUID(uuid), "offering_uuid": UUID(BY_UUID[uuid]["offering"]), "live": True}
    for start in ("2029-01-01T00:00:00+00:00", "2019-12-31T23:00:00-05:00"):
        begin = datetime.fromisoformat(start)
        await rows.execute(insert(Slot).values(**slot, start=begin, end=begin + timedelta(hours=1), backend_id="x"))
    response = await client.get(URL, params={"o": "schedules", "field": "uuid"}, headers=staff)
    assert response.json()[0] == {"uuid": uuid}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=OK",
        "page=2&page_size=5",
        "page=last",
        "name=nothing",
        "o=-created&field=uuid",
        "visible_to_username=x",
    ],
)
async def test_head_is_the_list_without_its_body(client: AsyncClient, powner: Row, query: str) -> None:
    listed = await client.get(f"{URL}?{query}", headers=powner)
    counted = await client.head(f"{URL}?{query}", headers=powner)
    assert (counted.status_code, counted.content) == (200, b"")
    for name in ("X-Result-Count", "Link"):
        assert counted.headers[name] == listed.headers[name]
    assert counted.headers["X-Result-Count"].isdecimal()


@pytest.mark.parametrize("query", ["paused=maybe", "state=", "o=x", "created=x"])
async def test_head_refuses_what_the_list_refuses(client: AsyncClient, powner: Row, query: str) -> None:
    assert (await client.head(f"{URL}?{query}", headers=powner)).status_code == 400


FOREIGN = re.compile(r"^/api/(?!booking-resources).*\{")
"""Paths that name something other than a booking; those are followed where links are."""


async def test_head_works_on_every_get(client: AsyncClient, staff: Row) -> None:
    document = (await client.get("/openapi.json")).json()
    uuid = next(iter(BY_UUID))
    own = [path for path, methods in document["paths"].items() if "get" in methods and not FOREIGN.search(path)]
    paths = [path.format(uuid=uuid) for path in own]
    assert len(paths) >= 5
    for path in [*paths, "/openapi.json"]:
        got, head = await client.get(path, headers=staff), await client.head(path, headers=staff)
        assert (got.status_code, head.status_code, head.content) == (200, 200, b""), path
        for name in ("X-Result-Count", "Link"):
            assert head.headers.get(name) == got.headers.get(name), path


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_head_works_on_the_documentation(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200
    assert (await client.head(path)).status_code == 200


async def test_trailing_slash_makes_no_difference(client: AsyncClient, staff: Row) -> None:
    uuid = str(uuid_of("resources", name="alpha scan"))
    for path in ("", f"{uuid}/", f"{uuid}/history/"):
        for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
            with_slash = await client.request(method, f"{URL}{path}", headers=staff)
            without = await client.request(method, f"{URL}{path}".removesuffix("/"), headers=staff)
            assert without.history == []
            assert (without.status_code, without.content) == (with_slash.status_code, with_slash.content)
            assert without.headers.get("Link") == with_slash.headers.get("Link")
    queried = await client.get("/api/booking-resources?state=OK&page_size=3&page=2", headers=staff)
    assert (queried.status_code, len(queried.json())) == (200, 3)
    assert (await client.post(f"{URL}{uuid}/accept", headers=staff)).status_code == 200
    assert (await client.post(f"{URL}{uuid}/accept/", headers=staff)).status_code == 409


async def cost(client: AsyncClient, rows: AsyncConnection, query: str, headers: Row) -> int:
    with statements(rows) as executed:
        response = await client.get(f"{URL}?{query}", headers=headers)
    assert response.status_code == 200
    assert executed
    return len(executed)


@pytest.mark.parametrize("caller", ["staff", "powner", "creator"])
async def test_number_of_statements_does_not_depend_on_the_number_of_rows(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, caller: str
) -> None:
    await add_bookings(rows, 100)
    await rows.execute(update(Order).where(Order.state == "done").values(created_by_uuid=CREATOR))
    headers = as_user(caller)
    assert await cost(client, rows, "page_size=1", headers) == await cost(client, rows, "page_size=100", headers) <= 10


async def test_no_field_costs_more_than_all_fields(client: AsyncClient, rows: AsyncConnection, powner: Row) -> None:
    whole = await cost(client, rows, "", powner)
    for name in BookingResource.model_fields:
        assert await cost(client, rows, f"field={name}", powner) <= whole, name


async def test_what_is_not_asked_for_is_not_read(client: AsyncClient, rows: AsyncConnection, powner: Row) -> None:
    everything, nothing_else = await cost(client, rows, "", powner), await cost(client, rows, "field=uuid", powner)
    assert nothing_else < everything
    assert await cost(client, rows, "field=uuid&field=name", powner) == nothing_else
    assert await cost(client, rows, "field=slots", powner) == nothing_else + 1
    with statements(rows) as executed:
        await client.get(f"{URL}?field=name", headers=powner)
    assert not any(f"resource.{column}" in executed[-1] for column in ("attributes", "backend_metadata", "report"))
    assert "JOIN" not in executed[-1]


async def test_head_reads_no_booking(client: AsyncClient, rows: AsyncConnection, powner: Row) -> None:
    with statements(rows) as executed:
        await client.head(URL, headers=powner)
    assert len(executed) == 2


async def test_number_of_rows_does_not_depend_on_fields(client: AsyncClient, powner: Row) -> None:
    whole = await client.get(f"{URL}?page_size=300", headers=powner)
    uuids = [item["uuid"] for item in whole.json()]
    for name in BookingResource.model_fields:
        response = await client.get(f"{URL}?page_size=300&field={name}&field=uuid", headers=powner)
        assert [item["uuid"] for item in response.json()] == uuids, name
        assert response.headers["X-Result-Count"] == whole.headers["X-Result-Count"], name


async def test_rows_without_relations_are_listed(client: AsyncClient, rows: AsyncConnection, staff: Row) -> None:
    await add_bookings(rows, 1, name="bare", plan_uuid=None)
    await rows.execute(update(Resource).values(plan_uuid=None, parent_uuid=None))
    response = await client.get(URL, params={"page_size": 300}, headers=staff)
    assert len(response.json()) == len(BY_UUID) + 1
    assert all(item["plan"] is None for item in response.json())


async def test_link_is_made_of_the_configured_address(client: AsyncClient, staff: Row) -> None:
    response = await client.get(URL, headers={**staff, "Host": "evil.example.org", "X-Forwarded-Host": "evil"})
    addresses = [link[1 : link.index(">")] for link in response.headers["Link"].split(", ")]
    assert {urlsplit(address).netloc for address in addresses} == {"waldur.example.com"}
    assert [parse_qs(urlsplit(address).query) for address in addresses] == [{}, {"page": ["2"]}, {"page": ["5"]}]


async def test_content_type_and_encoding_of_a_page(client: AsyncClient, staff: Row) -> None:
    response = await client.get(URL, params={"name": "emoji", "field": "name"}, headers=staff)
    assert response.headers["Content-Type"] == "application/json"
    assert response.content == '[{"name":"emoji 🔬"}]'.encode()


@pytest.mark.parametrize("username", ["staff", "powner", "creator"])
@pytest.mark.parametrize("order", ["name", "-created", "schedules", "-schedules", "type"])
async def test_pages_of_what_is_read_value_by_value_are_those_of_the_whole_list(
    client: AsyncClient, as_user: AsUser, username: str, order: str
) -> None:
    headers = as_user(username)
    several: dict[str, Any] = {"field": ["uuid", "offering_uuid", "customer_uuid"], "o": order}
    whole = (await client.get(URL, headers=headers, params={**several, "page_size": 300})).json()
    offerings = sorted({each["offering_uuid"] for each in whole})
    filters = [("offering_uuid", {*offerings[:2]}), ("offering_uuid", {*offerings})]
    filters += [("customer_uuid", {each["customer_uuid"]}) for each in whole[:1]]
    for name, values in filters:
        asked = {**several, name: ",".join([*values, *values]), "page_size": 3}
        asked = asked if name == "offering_uuid" else {**asked, name: min(values)}
        expected = [each["uuid"] for each in whole if each[name] in values]
        found = []
        for page in range(1, (len(expected) + 2) // 3 + 1):
            answer = await client.get(URL, headers=headers, params={**asked, "page": page})
            assert answer.headers["x-result-count"] == str(len(expected))
            found += [each["uuid"] for each in answer.json()]
        assert found == expected, (name, values)
        assert found

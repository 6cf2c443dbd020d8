"""By what orders are found, and in which order: held against plain SQL, and against what deciding on them answers."""

import itertools
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conftest import AsUser
from tests.dataset import USERS, uuid_of
from tests.orders.conftest import GENOME_STUDY, MICROSCOPE, Place, period
from tests.orders.test_visible import CALLERS, URL, VISIBLE, mix

UNKNOWN = "00000000-0000-4000-8000-000000000000"
BOOKED = "/api/marketplace-resources"
FILTERS = {
    "category_uuid={category}": "ordered.category_uuid = '{category}'",
    "created=2024-03-01&created_before=2024-06-01T00:00:00Z": "shown.created BETWEEN '2024-03-01Z' AND '2024-06-01Z'",
    "modified=2024-03-01&modified_before=2024-06-01": "shown.modified BETWEEN '2024-03-01Z' AND '2024-06-01Z'",
    "offering=/api/marketplace-provider-offerings/{offering}/": "ordered.uuid = '{offering}'",
    "offering={offering}": "ordered.uuid = '{offering}'",
    "offering=/api/projects/{offering}/": "false",
    "offering_slug=microscope&offering_slug=telescope,": "ordered.slug IN ('microscope', 'telescope')",
    "offering_slug=Microscope": "false",
    "offering_type=Marketplace.Booking": "ordered.type = 'Marketplace.Booking'",
    "offering_type=Other,Another": "ordered.type IN ('Other', 'Another')",
    "parent_offering_uuid={parent}": "ordered.parent_uuid = '{parent}'",
    "provider_uuid={provider}": "booked.customer_uuid = '{provider}' AND booked.type = 'Marketplace.Booking'",
    "provider_uuid={provider}&state=done": "booked.customer_uuid = '{provider}' AND shown.state = 'done'"
    " AND booked.type = 'Marketplace.Booking'",
    "query=SCAN": "resource.name || ' ' || resource.slug ILIKE '%scan%'",
    "query=genome": "(SELECT name FROM project WHERE uuid = resource.project_uuid) ILIKE '%genome%'"
    " OR resource.name || ' ' || resource.slug ILIKE '%genome%'",
    "query={order}": "resource.uuid = (SELECT resource_uuid FROM \"order\" WHERE uuid = '{order}')",
    "query={resource}": "resource.uuid = '{resource}'",
    "query=BK-1": "lower(resource.backend_id) = 'bk-1'",
    "query=%25": "position('%' in resource.name || resource.slug) > 0",
    f"resource={BOOKED}/{{resource}}/": "resource.uuid = '{resource}'",
    "resource=http://elsewhere.example.com/api/booking-resources/{resource}/": "resource.uuid = '{resource}'",
    "resource=/api/customers/{resource}/": "false",
    "resource_name=SCAN": "resource.name ILIKE '%scan%'",
    "service_manager_uuid={manager}": "ordered.shared AND EXISTS (SELECT FROM role_grant WHERE user_uuid = '{manager}'"
    " AND is_active AND (expiration_time IS NULL OR expiration_time > now()) AND offering_uuid = ordered.uuid)",
    "slug={slug}": "resource.slug = '{slug}'",
}
NULLS_LAST = ("consumer_reviewed_at", "cost")
ORDERS = {
    sign + name: f"shown.{name} {way} NULLS LAST" for name in NULLS_LAST for sign, way in (("", ""), ("-", "DESC"))
}
ASKED = [*zip(FILTERS, itertools.cycle(ORDERS)), *(("", order) for order in ORDERS)]


async def some_of(rows: AsyncConnection, seed: int) -> dict[str, Any]:
    """Values that some orders match, after changes."""
    found = await mix(rows, seed)
    await rows.execute(text("UPDATE \"order\" SET cost = (get_byte(uuid_send(uuid), 0) % 5) WHERE type = 'Create'"))
    found["provider"] = uuid_of("customers", name="Provider Alpha")
    found["manager"] = USERS["omanager"]["uuid"]
    one = "SELECT {} FROM offering WHERE {} IS NOT NULL AND type = 'Marketplace.Booking' ORDER BY 1 LIMIT 1"
    found["category"] = await rows.scalar(text(one.format("category_uuid", "category_uuid")))
    found["parent"] = await rows.scalar(text(one.format("parent_uuid", "parent_uuid")))
    found["slug"] = await rows.scalar(
        text('SELECT slug FROM resource JOIN "order" ON resource_uuid = resource.uuid LIMIT 1')
    )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_orders_are_those_of_the_filter(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection, seed: int
) -> None:
    some = await some_of(rows, seed)
    sizes: dict[str, int] = {}
    for caller, (query, order) in itertools.product(CALLERS, ASKED):
        condition = FILTERS.get(query, "true").format(**some)
        statement = VISIBLE.format(filters=f"({condition})", order=ORDERS[order])
        expected = list(await rows.scalars(text(statement), {"caller": USERS[caller]["uuid"]}))
        for page, uuids in (("300", expected), ("7&page=last", expected[(len(expected) - 1) // 7 * 7 :])):
            path = f"{URL}?{query.format(**some)}&o={order}&field=uuid&page_size={page}"
            answer = await client.get(path, headers=as_user(caller))
            assert [each["uuid"] for each in answer.json()] == uuids, (caller, query, order)
            assert answer.headers["X-Result-Count"] == str(len(expected)), (caller, query)
        sizes[query] = max(sizes.get(query, 0), len(expected))
    nothing = {query for query, condition in FILTERS.items() if condition == "false"}
    assert {query for query, size in sizes.items() if not size} - nothing <= {"offering_type=Other,Another"}


async def listed(client: AsyncClient, headers: dict[str, str], query: str) -> set[str]:
    answer = await client.get(f"{URL}?page_size=300&field=uuid&{query}", headers=headers)
    assert answer.headers["X-Result-Count"] == str(len(answer.json())), query
    return {each["uuid"] for each in answer.json()}


async def waiting(rows: AsyncConnection, place: Place) -> None:
    """Some orders that wait for the consumer, beside those that wait for a provider."""
    for hour, user in enumerate(("creator", "padmin", "cowner")):
        assert (await place(period(hour, hour + 1), user=user)).status_code in (201, 400)
    await rows.execute(text("UPDATE role_permission SET role = 'PROJECT.ADMIN' WHERE permission = 'ORDER.APPROVE'"))


FLAGS = {"can_approve_as_consumer": "pending-consumer", "can_approve_as_provider": "executing"}
DECIDING = ("staff", "powner", "omanager", "powner2", "creator", "cowner", "padmin", "outsider")


@pytest.mark.slow
@pytest.mark.parametrize("change", ["", "UPDATE customer SET blocked = true", "UPDATE customer SET archived = true"])
@pytest.mark.parametrize("flag", FLAGS)
async def test_what_can_be_approved_is_what_may_be(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection, place: Place, flag: str, change: str
) -> None:
    await waiting(rows, place)
    if change:
        await rows.execute(text(change))
    some = 0
    for caller in DECIDING:
        headers = as_user(caller)
        approvable = await listed(client, headers, f"{flag}=true")
        others = await listed(client, headers, f"{flag}=false")
        assert approvable | others == await listed(client, headers, "")
        assert not approvable & others
        in_state = await listed(client, headers, f"state={FLAGS[flag]}")
        assert approvable <= in_state
        some += len(approvable)
        for order in in_state:
            assert await is_approved(client, rows, headers, order) == (order in approvable), (caller, order)
    assert bool(some) == (not change)


async def is_approved(client: AsyncClient, rows: AsyncConnection, headers: dict[str, str], order: str) -> bool:
    """Whether the caller can agree to the order for the side that it waits for; nothing is left of it."""
    found = await rows.execute(text('SELECT resource_uuid, state FROM "order" WHERE uuid = :order'), {"order": order})
    booking, state = found.one()
    to_provider = f"/api/booking-resources/{booking}/accept/"
    nested = await rows.begin_nested()
    path = to_provider if state == "executing" else f"{URL}{order}/approve_by_consumer/"
    answer = await client.post(path, headers=headers)
    await nested.rollback()
    return answer.status_code == 200


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("can_approve_as_consumer", "yes", "Must be a valid boolean."),
        ("can_approve_as_provider", "2", "Must be a valid boolean."),
        ("category_uuid", "instruments", "Enter a valid UUID."),
        ("created_before", "yesterday", "Enter a valid date/time."),
        ("modified_before", "yesterday", "Enter a valid date/time."),
        ("offering_slug", "\x00", "Null characters are not allowed."),
        ("offering_type", "\x00", "Null characters are not allowed."),
        ("parent_offering_uuid", "1", "Enter a valid UUID."),
        ("provider_uuid", "1", "Enter a valid UUID."),
        ("query", "\x00", "Null characters are not allowed."),
        ("resource", "\x00", "Null characters are not allowed."),
        ("resource_name", "\x00", "Null characters are not allowed."),
        ("service_manager_uuid", "1", "Enter a valid UUID."),
        ("slug", "\x00", "Null characters are not allowed."),
        ("o", "modified", "Select a valid choice. modified is not one of the available choices."),
    ],
)
async def test_bad_value_is_refused(
    client: AsyncClient, as_user: AsUser, parameter: str, value: str, message: str
) -> None:
    answer = await client.get(URL, params={parameter: value}, headers=as_user("staff"))
    assert (answer.status_code, answer.json()) == (400, {parameter: [message]})


@pytest.mark.parametrize(
    "parameter", ["category_uuid", "parent_offering_uuid", "provider_uuid", "service_manager_uuid"]
)
async def test_unknown_uuid_finds_nothing(client: AsyncClient, as_user: AsUser, parameter: str) -> None:
    assert await listed(client, as_user("staff"), f"{parameter}={UNKNOWN}") == set()


async def test_new_order_is_found_by_all_that_it_says(client: AsyncClient, as_user: AsUser, place: Place) -> None:
    order = (await place(period(9, 10))).json()
    shown = (await client.get(f"{URL}{order['uuid']}/", headers=as_user("cowner"))).json()
    said = {
        name: shown[name] for name in ("category_uuid", "provider_uuid", "offering_type", "offering", "resource_name")
    }
    said |= {"project_uuid": GENOME_STUDY, "offering_uuid": MICROSCOPE, "resource": shown["marketplace_resource_uuid"]}
    query = "&".join(f"{name}={value}" for name, value in said.items())
    assert await listed(client, as_user("cowner"), query) == {order["uuid"]}

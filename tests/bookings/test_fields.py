"""Each field of a booking, held against a plain statement of its value over the recorded data set."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app import models
from app.bookings.schemas import BookingResource
from app.models import Customer, Offering, Order, User
from app.orders.schemas import OrderDetails
from tests.conftest import AsUser
from tests.dataset import BOOKINGS, DATASET, RESOURCES, Resource, Row, uuid_of
from tests.documentation import documented
from tests.oracle import IN_PROGRESS, standing
from tests.test_openapi import NEVER_NULL, NEVER_NULL_IN_ORDERS

Page = Callable[..., Awaitable[dict[str, Row]]]
BASE = "http://waldur.example.com"
URL = "/api/booking-resources/"
ABSENT = "<absent>"
CALLERS = ("staff", "support", "powner", "pmanager", "omanager", "powner2", "creator", "cowner", "padmin", "solo")
SEEING = ("staff", "powner", "pmanager", "omanager", "powner2", "creator", "cowner", "solo")


FIELDS = [row["name"] for row in documented("booking_resource") if "." not in row["name"]]
ORDER_FIELDS = [row["name"] for row in documented("order_details")]


def dashed(uuid: str | None) -> str | None:
    return None if uuid is None else str(UUID(uuid))


def user_url(uuid: str | None) -> str | None:
    return None if uuid is None else f"{BASE}/api/users/{dashed(uuid)}/"


def media_url(name: str) -> None:
    """No link is given to a file whose content is not stored, as of none in the data set."""


def full_name(uuid: str) -> str:
    user = DATASET["users"][uuid]
    return f"{user['first_name']} {user['last_name']}".strip()


def username_of(uuid: str | None) -> str | None:
    return None if uuid is None else str(DATASET["users"][uuid]["username"])


def name_of(uuid: str | None) -> str | None:
    return None if uuid is None else full_name(uuid)


def components_of(offering: str) -> list[tuple[str, Row]]:
    """The components of an offering by their keys, without what names the offering."""
    own = [
        (uuid, {name: value for name, value in row.items() if name != "offering"})
        for uuid, row in DATASET["offering_components"].items()
        if row["offering"] == offering
    ]
    return sorted(own, key=lambda each: str(each[1]["type"]))


class Case(Resource):
    """A booking as one caller should see it."""

    def __init__(self, uuid: str, username: str) -> None:
        super().__init__(uuid)
        self.standing = standing(username, self)
        self.provider: Row = DATASET["customers"][self.offering["customer"]]
        self.category: Row = DATASET["categories"][self.offering["category"]]
        self.parent_offering: Row | None = DATASET["offerings"].get(self.offering["parent"])
        self.parent: Row | None = DATASET["resources"].get(self.row["parent"])
        self.plan: Row | None = DATASET["plans"].get(self.row["plan"])
        self.consumer: Row = DATASET["customers"][self.project["customer"]]
        self.pending = [order for order in self.orders if order["state"] in IN_PROGRESS]

    @property
    def actions(self) -> list[str]:
        return self.standing.actions(self.row["state"], [order["state"] for order in self.creations])

    @property
    def can_terminate(self) -> bool:
        closed = self.consumer["blocked"] or self.consumer["archived"]
        settled = self.row["state"] in ("OK", "Erred") and not closed and not self.pending
        return settled and self.standing.may("terminate")

    @property
    def account(self) -> str | None:
        mine = [item for item in DATASET["offering_users"] if item["user"] == self.standing.person.uuid]
        return next((item["username"] for item in mine if item["offering"] == self.row["offering"]), None)


def of_creation(name: str, value: Callable[[Any], Any], missing: Any = ABSENT) -> Callable[[Case], Any]:
    """The value of a member of the creation order: absent without an order, `missing` if the member is null."""

    def read(case: Case) -> Any:
        if not case.creations:
            return ABSENT
        member = case.creations[0][name]
        return missing if member is None else value(member)

    return read


def of_plan(value: Callable[[Any], Any]) -> Callable[[Case], Any]:
    return lambda case: None if case.plan is None else value(case.plan)


def order_uuid(orders: list[Row]) -> str | None:
    return dashed(orders[0]["uuid"]) if orders else None


def offering_url(case: Case) -> str:
    return f"{BASE}/api/marketplace-public-offerings/{dashed(case.row['offering'])}/"


EXPECTED: dict[str, Callable[[Case], Any]] = {
    "offering": offering_url,
    "offering_name": lambda c: c.offering["name"],
    "offering_uuid": lambda c: dashed(c.row["offering"]),
    "offering_description": lambda c: c.offering["description"],
    "offering_image": lambda c: media_url(c.offering["image"]),
    "offering_thumbnail": lambda c: media_url(c.offering["thumbnail"]),
    "offering_type": lambda c: "Marketplace.Booking",
    "offering_shared": lambda c: c.offering["shared"],
    "offering_billable": lambda c: c.offering["billable"],
    "offering_plugin_options": lambda c: c.offering["plugin_options"],
    "provider_name": lambda c: c.provider["name"],
    "provider_uuid": lambda c: dashed(c.offering["customer"]),
    "provider_slug": lambda c: c.provider["slug"],
    "category_title": lambda c: c.category["title"],
    "category_uuid": lambda c: dashed(c.offering["category"]),
    "category_icon": lambda c: media_url(c.category["icon"]),
    "plan": lambda c: c.plan and f"{offering_url(c)}plans/{dashed(c.row['plan'])}/",
    "plan_unit": of_plan(lambda plan: plan["unit"]),
    "plan_name": of_plan(lambda plan: plan["name"]),
    "plan_uuid": lambda c: dashed(c.row["plan"]),
    "plan_description": of_plan(lambda plan: plan["description"]),
    "attributes": lambda c: c.row["attributes"],
    "limits": lambda c: c.row["limits"],
    "uuid": lambda c: c.uuid,
    "created": lambda c: c.row["created"],
    "modified": lambda c: c.row["modified"],
    "url": lambda c: f"{BASE}{URL}{c.uuid}/",
    "scope": lambda c: None,
    "description": lambda c: c.row["attributes"].get("description", ""),
    "state": lambda c: c.row["state"],
    "resource_uuid": lambda c: None,
    "backend_id": lambda c: c.row["backend_id"],
    "effective_id": lambda c: c.row["effective_id"],
    "resource_type": lambda c: None,
    "project": lambda c: f"{BASE}/api/projects/{dashed(c.row['project'])}/",
    "project_uuid": lambda c: dashed(c.row["project"]),
    "project_name": lambda c: c.project["name"],
    "project_description": lambda c: c.project["description"],
    "project_end_date": lambda c: c.project["end_date"],
    "project_end_date_requested_by": lambda c: user_url(c.project["end_date_requested_by"]),
    "customer_uuid": lambda c: dashed(c.project["customer"]),
    "customer_name": lambda c: c.consumer["name"],
    "offering_slug": lambda c: c.offering["slug"],
    "parent_offering_uuid": lambda c: dashed(c.offering["parent"]) or ABSENT,
    "parent_offering_name": lambda c: c.parent_offering["name"] if c.parent_offering else ABSENT,
    "parent_offering_slug": lambda c: c.parent_offering["slug"] if c.parent_offering else ABSENT,
    "parent_uuid": lambda c: dashed(c.row["parent"]) or ABSENT,
    "parent_name": lambda c: c.parent["name"] if c.parent else ABSENT,
    "backend_metadata": lambda c: c.row["backend_metadata"],
    "is_usage_based": lambda c: "usage" in c.billing,
    "is_limit_based": lambda c: False,
    "name": lambda c: c.row["name"],
    "slug": lambda c: c.row["slug"],
    "current_usages": lambda c: c.row["current_usages"],
    "can_terminate": lambda c: c.can_terminate,
    "report": lambda c: c.row["report"],
    "end_date": lambda c: c.row["end_date"],
    "end_date_requested_by": lambda c: user_url(c.row["end_date_requested_by"]),
    "username": lambda c: c.account,
    "limit_usage": lambda c: {},
    "downscaled": lambda c: c.row["downscaled"],
    "restrict_member_access": lambda c: c.row["restrict_member_access"],
    "paused": lambda c: c.row["paused"],
    "endpoints": lambda c: [{**item, "uuid": dashed(item["uuid"])} for item in c.row["endpoints"]],
    "error_message": lambda c: c.row["error_message"],
    "error_traceback": lambda c: c.row["error_traceback"] if c.standing.sees_tracebacks else "",
    "options": lambda c: c.row["options"],
    "available_actions": lambda c: c.actions,
    "last_sync": lambda c: c.row["created"],
    "order_in_progress": lambda c: order_uuid(c.pending),
    "creation_order": lambda c: order_uuid(c.creations),
    "service_settings_uuid": lambda c: ABSENT,
    "project_slug": lambda c: c.project["slug"],
    "customer_slug": lambda c: c.consumer["slug"],
    "user_requires_reconsent": lambda c: False,
    "renewal_date": lambda c: None,
    "created_by": of_creation("created_by", user_url),
    "created_by_username": of_creation("created_by", username_of),
    "created_by_full_name": of_creation("created_by", full_name),
    "consumer_reviewed_by": of_creation("consumer_reviewed_by", user_url, missing=None),
    "consumer_reviewed_by_username": of_creation("consumer_reviewed_by", username_of),
    "consumer_reviewed_by_full_name": of_creation("consumer_reviewed_by", full_name),
    "slots": lambda c: sorted(c.row["slots"], key=lambda slot: (slot["start"], slot["end"])),
    "project_start_date": lambda c: c.project["start_date"],
    "provider_description": lambda c: "",
    "project_effective_end_date": lambda c: c.project["end_date"],
    "resource_effective_end_date": lambda c: min(
        filter(None, (c.row["end_date"], c.project["end_date"])), default=None
    ),
    "project_is_in_grace_period": lambda c: False,
    "offering_backend_id": lambda c: c.offering.get("backend_id", ""),
    "end_date_updated_at": lambda c: None,
    "usage_limit_restriction": lambda c: "",
    "offering_state": lambda c: c.offering["state"],
    "offering_components": lambda c: [
        {**component, "uuid": dashed(uuid)} for uuid, component in components_of(c.row["offering"])
    ],
    "has_api_keys": lambda c: False,
    "offering_account_settings": lambda c: {},
}
"""What each field shows; of a nested order its uuid, since its own fields have a table of their own."""


def plan_member(order: Row, plan: str, member: str) -> Any:
    return DATASET["plans"][order[plan]][member] if order[plan] else None


EXPECTED_IN_ORDERS: dict[str, Callable[[Case, Row], Any]] = {
    "uuid": lambda c, o: dashed(o["uuid"]),
    "attributes": lambda c, o: o["attributes"],
    "limits": lambda c, o: o["limits"],
    "created": lambda c, o: o["created"],
    "modified": lambda c, o: o["modified"],
    "resource_uuid": lambda c, o: None,
    "resource_type": lambda c, o: None,
    "resource_name": lambda c, o: c.row["name"],
    "cost": lambda c, o: o["cost"],
    "state": lambda c, o: o["state"],
    "output": lambda c, o: o["output"],
    "marketplace_resource_uuid": lambda c, o: c.uuid,
    "error_message": lambda c, o: o["error_message"],
    "error_traceback": lambda c, o: o["error_traceback"] if c.standing.sees_tracebacks else ABSENT,
    "callback_url": lambda c, o: o["callback_url"],
    "completed_at": lambda c, o: o["activated"],
    "request_comment": lambda c, o: None,
    "attachment": lambda c, o: None,
    "type": lambda c, o: o["type"],
    "start_date": lambda c, o: None,
    "url": lambda c, o: f"{BASE}/api/marketplace-orders/{dashed(o['uuid'])}/",
    "consumer_reviewed_by": lambda c, o: username_of(o["consumer_reviewed_by"]),
    "consumer_reviewed_by_full_name": lambda c, o: name_of(o["consumer_reviewed_by"]),
    "consumer_reviewed_by_username": lambda c, o: username_of(o["consumer_reviewed_by"]),
    "consumer_reviewed_at": lambda c, o: o["consumer_reviewed_at"],
    "provider_reviewed_by": lambda c, o: username_of(o["provider_reviewed_by"]),
    "provider_reviewed_by_full_name": lambda c, o: name_of(o["provider_reviewed_by"]),
    "provider_reviewed_by_username": lambda c, o: username_of(o["provider_reviewed_by"]),
    "provider_reviewed_at": lambda c, o: o["provider_reviewed_at"],
    "created_by_username": lambda c, o: username_of(o["created_by"]),
    "created_by_full_name": lambda c, o: name_of(o["created_by"]),
    "created_by_civil_number": lambda c, o: None,
    "customer_name": lambda c, o: c.consumer["name"],
    "customer_uuid": lambda c, o: dashed(c.project["customer"]),
    "customer_slug": lambda c, o: c.consumer["slug"],
    "project_name": lambda c, o: c.project["name"],
    "project_uuid": lambda c, o: dashed(c.row["project"]),
    "project_description": lambda c, o: c.project["description"],
    "project_slug": lambda c, o: c.project["slug"],
    "old_plan_name": lambda c, o: plan_member(o, "old_plan", "name"),
    "new_plan_name": lambda c, o: plan_member(o, "plan", "name"),
    "old_plan_uuid": lambda c, o: dashed(o["old_plan"]),
    "new_plan_uuid": lambda c, o: dashed(o["plan"]),
    "old_cost_estimate": lambda c, o: c.row["cost"],
    "new_cost_estimate": lambda c, o: o["cost"],
    "can_terminate": lambda c, o: False,
    "termination_comment": lambda c, o: o["termination_comment"],
    "backend_id": lambda c, o: o["backend_id"],
    "issue": lambda c, o: None,
}
OFFERED = FIELDS[:21]
"""The fields in which bookings and orders describe their offering and plan."""
PRICES = {"fixed_price", "activation_price"}


def cases(username: str) -> dict[str, Case]:
    """The bookings that the caller sees, by their dashed uuids."""
    every = [Case(booking.hex, username) for booking in BOOKINGS]
    return {case.uuid: case for case in every if case.standing.sees}


def differences(shown: Row, expected: dict[str, Any]) -> Row:
    return {
        name: (shown.get(name, ABSENT), value) for name, value in expected.items() if shown.get(name, ABSENT) != value
    }


@pytest.fixture
def page(client: AsyncClient, as_user: AsUser) -> Page:
    """All bookings of a caller, by uuid."""

    async def fetch(username: str, query: str = "") -> dict[str, Row]:
        response = await client.get(f"{URL}?page_size=300&{query}", headers=as_user(username))
        assert response.status_code == 200, response.text
        items: list[Row] = response.json()
        return {item["uuid"]: item for item in items}

    return fetch


def test_tables_cover_every_documented_field() -> None:
    assert list(EXPECTED) == FIELDS == list(BookingResource.model_fields)
    assert {*OFFERED, *EXPECTED_IN_ORDERS, *PRICES} == set(ORDER_FIELDS)
    assert list(OrderDetails.model_fields) == ORDER_FIELDS


@pytest.mark.parametrize("username", CALLERS)
async def test_every_field_of_every_booking(page: Page, username: str) -> None:
    shown, expected = await page(username), cases(username)
    assert shown.keys() == expected.keys()
    assert bool(expected) == (username in SEEING)
    for uuid, item in shown.items():
        for name in ("order_in_progress", "creation_order"):
            item[name] = item[name] and item[name]["uuid"]
        assert differences(item, {name: value(expected[uuid]) for name, value in EXPECTED.items()}) == {}
        assert list(item) == [name for name in FIELDS if name in item]


@pytest.mark.parametrize("username", SEEING)
async def test_every_field_of_every_order(page: Page, username: str) -> None:
    expected = cases(username)
    for uuid, item in (await page(username)).items():
        case = expected[uuid]
        for shown, orders in ((item["creation_order"], case.creations), (item["order_in_progress"], case.pending)):
            if not orders:
                assert shown is None
                continue
            wanted = {name: value(case, orders[0]) for name, value in EXPECTED_IN_ORDERS.items()}
            offered = {name: item.get(name, ABSENT) for name in OFFERED}
            assert differences(shown, {**wanted, **offered}) == {}
            assert list(shown) == [name for name in ORDER_FIELDS if name in shown]
            assert PRICES & shown.keys() == (PRICES if orders[0]["plan"] else set())


async def test_prices_of_orders_are_those_of_their_plan(page: Page) -> None:
    items = (await page("staff")).values()
    orders = {item["name"]: item["creation_order"] for item in items}
    prices = {name: (orders[name]["fixed_price"], orders[name]["activation_price"]) for name in ("zz last", "tail-1")}
    assert prices == {"zz last": (5.0, 5.0), "tail-1": (0.0, 0.0)}


@pytest.mark.parametrize("username", SEEING)
async def test_what_clients_cannot_read_as_null_is_never_null(page: Page, username: str) -> None:
    for item in (await page(username)).values():
        assert [name for name in NEVER_NULL if item.get(name, ABSENT) is None] == []
        for order in (item["creation_order"], item["order_in_progress"]):
            assert [name for name in NEVER_NULL_IN_ORDERS if order and order.get(name, ABSENT) is None] == []


@pytest.mark.parametrize("username", ["staff", "creator"])
async def test_retrieve_shows_what_the_list_shows(
    client: AsyncClient, as_user: AsUser, page: Page, username: str
) -> None:
    for uuid, item in (await page(username)).items():
        for form in (uuid, UUID(uuid).hex, uuid.upper()):
            response = await client.get(f"{URL}{form}/", headers=as_user(username))
            assert (response.status_code, response.json()) == (200, item)


@pytest.mark.parametrize(
    "form", ["x", "1", "{0}0", "{0}-", "zz{0}", "00000000-0000-4000-8000-000000000000", "%00", "%ED%A0%80"]
)
async def test_what_is_no_booking_is_not_found(client: AsyncClient, as_user: AsUser, form: str) -> None:
    booking, machine = BOOKINGS[0].uuid, next(resource.hex for resource in RESOURCES if not resource.is_booking)
    for path in (form.format(booking), machine):
        response = await client.get(f"{URL}{path}/", headers=as_user("staff"))
        assert (response.status_code, response.json()) == (404, {"detail": "No Resource matches the given query."})


@pytest.mark.parametrize("username", ["support", "padmin", "outsider", "exowner"])
async def test_invisible_booking_is_not_found(client: AsyncClient, as_user: AsUser, username: str) -> None:
    assert cases(username) == {}
    for uuid in cases("staff"):
        response = await client.get(f"{URL}{uuid}/", headers=as_user(username))
        assert (response.status_code, response.json()) == (404, {"detail": "No Resource matches the given query."})


def narrowed(item: Row, names: set[str]) -> Row:
    return {name: value for name, value in item.items() if name in names}


async def items(client: AsyncClient, query: str, headers: Row) -> list[Row]:
    response = await client.get(f"{URL}?page_size=300&{query}", headers=headers)
    assert response.status_code == 200
    shown: list[Row] = response.json()
    return shown


async def test_each_field_alone(client: AsyncClient, as_user: AsUser) -> None:
    headers = as_user("powner")
    whole = await items(client, "", headers)
    for name in FIELDS:
        assert await items(client, f"field={name}", headers) == [narrowed(item, {name}) for item in whole], name


@pytest.mark.parametrize("seed", range(20))
async def test_any_fields_in_documented_order(client: AsyncClient, as_user: AsUser, seed: int) -> None:
    random = Random(seed)
    names = random.sample([*FIELDS, "unknown", "offering__name", "UUID", ""], random.randint(2, 30))
    headers, known = as_user("creator"), set(names) & set(FIELDS)
    whole = [narrowed(item, known or set(FIELDS)) for item in await items(client, "", headers)]
    forms = (
        "&".join(f"field={name}" for name in names),
        f"field={','.join(names)}",
        f"field={names[0]}&field={','.join(names[1:])}",
    )
    for form in forms:
        shown = await items(client, form, headers)
        assert shown == whole, form
        assert [list(item) for item in shown] == [list(item) for item in whole], form


@pytest.mark.parametrize(
    "query", ["field=", "field=unknown", "field=,", "field=slots.start", "field=Name&field=%00", "field=*"]
)
async def test_without_a_known_name_everything_is_shown(client: AsyncClient, as_user: AsUser, query: str) -> None:
    headers = as_user("creator")
    whole = await items(client, "", headers)
    assert await items(client, query, headers) == whole
    alone = await client.get(f"{URL}{whole[0]['uuid']}/?{query}", headers=headers)
    assert alone.json() == whole[0]


async def test_retrieve_shows_the_fields_asked_for(client: AsyncClient, as_user: AsUser) -> None:
    headers = as_user("powner")
    for item in await items(client, "", headers):
        for query, names in (
            ("field=slots&field=name,unknown", {"slots", "name"}),
            ("field=parent_uuid", {"parent_uuid"}),
        ):
            response = await client.get(f"{URL}{item['uuid']}/?{query}", headers=headers)
            assert response.json() == narrowed(item, names)


async def test_nested_orders_are_whole_whatever_is_asked_for(client: AsyncClient, as_user: AsUser) -> None:
    headers = as_user("staff")
    nested = ("creation_order", "order_in_progress")
    whole = await items(client, "", headers)
    for query in ("field=creation_order,order_in_progress", "field=uuid&field=creation_order&field=order_in_progress"):
        for item, full in zip(await items(client, query, headers), whole, strict=True):
            assert {name: item[name] for name in nested} == {name: full[name] for name in nested}
    assert sum(item["creation_order"] is not None for item in whole) > 30
    assert 0 < sum(item["order_in_progress"] is not None for item in whole) < len(whole)


async def test_civil_number_is_never_shown(client: AsyncClient, as_user: AsUser) -> None:
    numbers = [user["civil_number"] for user in DATASET["users"].values() if user["civil_number"]]
    text = (await client.get(f"{URL}?page_size=300", headers=as_user("staff"))).text
    assert numbers
    assert not any(number in text for number in numbers)


async def test_closed_organisation_makes_nothing_fail(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    before = await items(client, "field=can_terminate", as_user("staff"))
    assert any(item["can_terminate"] for item in before)
    for closed in ({"blocked": True, "archived": False}, {"blocked": False, "archived": True}):
        await rows.execute(update(Customer).values(**closed))
        after = await items(client, "field=can_terminate", as_user("staff"))
        assert after == [{"can_terminate": False}] * len(before)


async def test_offering_without_a_provider(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    whole = await items(client, "", as_user("staff"))
    await rows.execute(update(Offering).values(customer_uuid=None))
    for item, full in zip(await items(client, "", as_user("staff")), whole, strict=True):
        assert full.keys() - item.keys() == {f"provider_{name}" for name in ("name", "uuid", "slug", "description")}


async def test_last_sync_is_shown_when_there_was_one(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    await rows.execute(update(models.Resource).values(last_sync=models.Resource.modified))
    for item in await items(client, "field=last_sync,modified", as_user("staff")):
        assert item["last_sync"] == item["modified"]


@pytest.mark.parametrize(
    ("flags", "sees"),
    [({"is_support": False}, False), ({"is_support": True}, True), ({"is_staff": True}, True)],
    ids=repr,
)
async def test_where_it_failed_is_for_staff_and_support(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, flags: Row, sees: bool
) -> None:
    """Of a booking that the caller has asked for, of an offering the caller has nothing to do with."""
    uuid = uuid_of("resources", name="Day shift")
    caller = uuid_of("users", username="outsider")
    await rows.execute(update(Order).where(Order.resource_uuid == uuid).values(created_by_uuid=caller))
    await rows.execute(update(User).where(User.uuid == caller).values(**flags))
    shown = (await client.get(f"{URL}{uuid}/", headers=as_user("outsider"))).json()
    assert shown["error_message"] == "Backend is down"
    assert shown["error_traceback"] == ("Traceback: boom" if sees else "")
    assert shown["creation_order"].get("error_traceback", ABSENT) == ("Traceback: boom" if sees else ABSENT)


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ({}, ""),
        ({"description": None}, None),
        ({"description": "✓ ü"}, "✓ ü"),
        ({"description": 7}, "7"),
        ({"description": ""}, ""),
    ],
)
async def test_description_is_that_of_the_attributes(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, attributes: Row, shown: str | None
) -> None:
    await rows.execute(update(models.Resource).values(attributes=attributes, description="of the column"))
    for item in await items(client, "field=description", as_user("creator")):
        assert item == {"description": shown}


async def test_creation_order_is_the_oldest_and_nobody_without_one(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    await rows.execute(update(Order).values(type="Update"))
    names = {"created_by", "created_by_username", "created_by_full_name", "consumer_reviewed_by"}
    names |= {"consumer_reviewed_by_username", "consumer_reviewed_by_full_name"}
    for item in await items(client, "", as_user("staff")):
        assert item["creation_order"] is None
        assert not names & item.keys()

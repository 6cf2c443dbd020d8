"""The demo data set is whole, free of overlaps, the same for the same moment, and matches its own examples."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.commands.demo.catalogue import identifier
from app.commands.demo.dataset import (
    EXAMPLE_BOOKING,
    EXAMPLE_OFFERING,
    EXAMPLE_PROJECT,
    EXAMPLE_TO_ACCEPT,
    EXAMPLE_TO_REJECT,
    demo_dataset,
)
from tests.documentation import ADDED_FILTERS, documented

pytestmark = pytest.mark.slow

Row = dict[str, Any]
Dataset = dict[str, Any]

DOCUMENTED: Row = json.loads((Path(__file__).parents[3] / "app" / "document.json").read_text())
PARAMETERS: Row = DOCUMENTED["parameters"]
"""Examples by parameter, or by operation and parameter."""
OF_NO_BOOKING = {
    *("uuid", "resource_uuid", "busy_slot_uuid", "type", "start", "end", "duration"),
    *("Prefer", "If-Match", "Idempotency-Key"),
}
EXAMPLES = {name: value for name, value in PARAMETERS.items() if "." not in name and name not in OF_NO_BOOKING}
"""Examples for the parameters by which bookings are filtered, sorted and shown."""
OFFERING, PROJECT = identifier("offering", EXAMPLE_OFFERING), identifier("project", EXAMPLE_PROJECT)
CUSTOMER, PROVIDER = identifier("customer", "pollinators"), identifier("customer", "imaging-core")
ORDER = identifier("order", "confocal-microscope-bee-brains/Create")

STAMPS = {"created", "modified"}
KEYS = {
    "users": {"username", "first_name", "last_name", "email", "civil_number", "is_staff", "is_support", "is_active"},
    "customers": {"name", "slug", "abbreviation", "native_name", "blocked", "archived"} | STAMPS,
    "projects": {"name", "slug", "description", "customer", "start_date", "end_date", "end_date_requested_by"}
    | {"is_removed", "created", "modified"},
    "categories": {"title", "description", "icon"} | STAMPS,
    "offerings": {"name", "slug", "description", "type", "state", "shared", "billable", "plugin_options", "attributes"}
    | {"options", "terms_of_service", "paused_reason", "thumbnail", "image", "latitude", "longitude", "backend_id"}
    | {"customer", "category", "parent", "created", "modified"},
    "offering_components": {"offering", "type", "name", "billing_type", "measured_unit", "limit_period"}
    | {"limit_amount", "max_value", "min_value"},
    "plans": {"offering", "name", "description", "unit", "unit_price", "archived"} | STAMPS,
    "plan_components": {"plan", "component", "amount", "price"},
    "user_roles": {"username", "user", "role", "scope_type", "is_active", "expiration_time", "scope"},
    "offering_users": {"offering", "user", "username"},
    "resources": {"_id", "name", "slug", "description", "state", "attributes", "limits", "current_usages", "cost"}
    | {"backend_id", "effective_id", "backend_metadata", "report", "options", "end_date", "end_date_requested_by"}
    | {"downscaled", "restrict_member_access", "paused", "error_message", "error_traceback", "offering", "plan"}
    | {"project", "parent", "slots", "endpoints", "created", "modified"},
    "orders": {"_id", "resource", "offering", "project", "plan", "old_plan", "type", "state", "attributes", "limits"}
    | {"cost", "output", "error_message", "error_traceback", "activated", "created_by", "consumer_reviewed_by"}
    | {"consumer_reviewed_at", "provider_reviewed_by", "provider_reviewed_at", "callback_url", "termination_comment"}
    | {"backend_id", "created", "modified"},
}
BELONGINGS = {"offering": "offerings", "plan": "plans", "project": "projects"}
REFERENCES = {
    "projects": {"customer": "customers", "end_date_requested_by": "users"},
    "offerings": {"customer": "customers", "category": "categories", "parent": "offerings"},
    "offering_components": {"offering": "offerings"},
    "plans": {"offering": "offerings"},
    "plan_components": {"plan": "plans", "component": "offering_components"},
    "user_roles": {"user": "users"},
    "offering_users": {"offering": "offerings", "user": "users"},
    "resources": BELONGINGS | {"parent": "resources", "end_date_requested_by": "users"},
    "orders": BELONGINGS
    | {"resource": "resources", "old_plan": "plans", "created_by": "users"}
    | {"consumer_reviewed_by": "users", "provider_reviewed_by": "users"},
}
NULLABLE = {"parent", "plan", "old_plan", "end_date_requested_by", "consumer_reviewed_by", "provider_reviewed_by"}
MOMENTS = [
    datetime(2024, 2, 29, 0, 0, tzinfo=UTC),
    datetime(2025, 11, 23, 13, 37, 5, 123456, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
]


@pytest.fixture(params=MOMENTS, ids=str)
def now(request: pytest.FixtureRequest) -> datetime:
    moment: datetime = request.param
    return moment


@pytest.fixture
def dataset(now: datetime) -> Dataset:
    return demo_dataset(now)


def rows(dataset: Dataset, table: str) -> list[Row]:
    content = dataset[table]
    return list(content.values()) if isinstance(content, dict) else content


def creation_order(dataset: Dataset, uuid: str) -> Row:
    (order,) = (o for o in rows(dataset, "orders") if o["resource"] == uuid and o["type"] == "Create")
    return order


def periods(items: list[Row]) -> list[tuple[datetime, datetime]]:
    return [(datetime.fromisoformat(item["start"]), datetime.fromisoformat(item["end"])) for item in items]


def components(dataset: Dataset, offering: str) -> list[str]:
    return [row["billing_type"] for row in rows(dataset, "offering_components") if row["offering"] == offering]


def test_tables_are_those_of_the_load_format(dataset: Dataset) -> None:
    assert set(dataset) == {"_about", "role_permissions", "media_files", *KEYS}


@pytest.mark.parametrize("table", KEYS)
def test_rows_have_the_keys_of_the_load_format(dataset: Dataset, table: str) -> None:
    assert rows(dataset, table)
    assert all(set(row) == KEYS[table] for row in rows(dataset, table))


@pytest.mark.parametrize("table", REFERENCES)
def test_references_resolve(dataset: Dataset, table: str) -> None:
    for row in rows(dataset, table):
        for column, target in REFERENCES[table].items():
            assert row[column] in dataset[target] or (row[column] is None and column in NULLABLE)


def test_roles_are_granted_in_scopes_that_exist(dataset: Dataset) -> None:
    for grant in dataset["user_roles"]:
        assert grant["scope"] in dataset[f"{grant['scope_type']}s"]
        assert grant["role"] in dataset["role_permissions"]
        assert dataset["users"][grant["user"]]["username"] == grant["username"]


def test_there_is_a_user_for_each_role(dataset: Dataset) -> None:
    grants = {(grant["username"], grant["role"]) for grant in dataset["user_roles"] if grant["is_active"]}
    usernames = {user["username"] for user in rows(dataset, "users")}
    assert {"staff", "support", "stranger", "creator", *(username for username, _ in grants)} <= usernames
    assert {("provider-owner", "CUSTOMER.OWNER"), ("provider-manager", "CUSTOMER.MANAGER")} <= grants
    assert {("offering-manager", "OFFERING.MANAGER"), ("consumer-owner", "CUSTOMER.OWNER")} <= grants
    assert ("creator", "PROJECT.MANAGER") in grants
    assert {"staff", "support", "stranger"}.isdisjoint(username for username, _ in grants)
    assert identifier("user", "stranger") not in {order["created_by"] for order in rows(dataset, "orders")}


def test_the_demo_is_lively(dataset: Dataset, now: datetime) -> None:
    bookings = rows(dataset, "resources")
    states = Counter(booking["state"] for booking in bookings)
    orders = Counter((order["type"], order["state"]) for order in rows(dataset, "orders"))
    assert 180 <= len(bookings) <= 220
    assert set(states) == {"Creating", "OK", "Erred", "Updating", "Terminating", "Terminated"}
    assert states["OK"] >= 60
    assert orders["Create", "executing"] >= 25
    assert orders["Create", "pending-consumer"] >= 3
    assert orders["Create", "canceled"] >= 10
    starts = {slot["start"][:10] for booking in bookings for slot in booking["slots"]}
    for days in (-30, -15, 0, 15, 30):
        week = {(now + timedelta(days=days + offset)).date().isoformat() for offset in range(-3, 4)}
        assert starts & week
    assert now.date().isoformat() in starts
    creators = Counter(order["created_by"] for order in rows(dataset, "orders"))
    assert creators[identifier("user", "creator")] >= 50
    for column in ("endpoints", "report", "end_date", "options", "parent", "description", "limits", "current_usages"):
        assert any(booking[column] for booking in bookings), column
    assert any("external_ips" in booking["backend_metadata"] for booking in bookings)
    assert any(not booking["name"].isascii() for booking in bookings)


def test_offerings_differ(dataset: Dataset) -> None:
    offerings = rows(dataset, "offerings")
    assert len(offerings) == 12
    assert {offering["state"] for offering in offerings} == {"Active", "Paused"}
    assert {offering["shared"] for offering in offerings} == {True, False}
    assert any(offering["parent"] for offering in offerings)
    assert {row["billing_type"] for row in rows(dataset, "offering_components")} == {"usage", "fixed", "one", "limit"}
    assert {plan["unit"] for plan in rows(dataset, "plans")} == {"month", "half_month", "day", "hour", "quantity"}
    keys = [(row["offering"], row["type"]) for row in rows(dataset, "offering_components")]
    assert len(keys) == len(set(keys))


def test_live_bookings_of_an_offering_never_overlap(dataset: Dataset) -> None:
    for offering in dataset["offerings"]:
        taken = sorted(
            period
            for booking in rows(dataset, "resources")
            if booking["offering"] == offering and booking["state"] in ("Creating", "Updating", "OK")
            for period in periods(booking["slots"])
        )
        assert all(start < end for start, end in taken)
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(taken))


def test_slots_and_schedules_say_the_same_periods(dataset: Dataset) -> None:
    for booking in rows(dataset, "resources"):
        schedules = booking["attributes"]["schedules"]
        assert schedules
        assert all(set(item) == {"id", "start", "end"} for item in schedules)
        assert all(item[edge].endswith(":00.000Z") for item in schedules for edge in ("start", "end"))
        assert periods(booking["slots"]) == periods(schedules)


def test_slugs_and_names_of_slots_are_unique(dataset: Dataset) -> None:
    slugs = [booking["slug"] for booking in rows(dataset, "resources")]
    slots = [slot["backend_id"] for booking in rows(dataset, "resources") for slot in booking["slots"]]
    assert max(Counter(slugs + slots).values()) == 1


def test_bookings_lie_in_the_opening_windows(dataset: Dataset, now: datetime) -> None:
    for booking in rows(dataset, "resources"):
        ((opens, closes),) = periods(dataset["offerings"][booking["offering"]]["attributes"]["schedules"])
        assert closes > now + timedelta(days=365)
        assert all(opens <= start and end <= closes for start, end in periods(booking["slots"]))


def test_requests_are_for_the_future_and_a_paused_offering_has_none(dataset: Dataset, now: datetime) -> None:
    paused = {uuid for uuid, offering in dataset["offerings"].items() if offering["state"] == "Paused"}
    ends = [end for b in rows(dataset, "resources") if b["offering"] in paused for _, end in periods(b["slots"])]
    assert max(ends) < now
    starts = [start for b in rows(dataset, "resources") if b["state"] == "Creating" for start, _ in periods(b["slots"])]
    assert min(starts) > now


def test_orders_fit_the_state_of_their_booking(dataset: Dataset) -> None:
    expected = {
        "Creating": {("Create", "executing"), ("Create", "pending-consumer")},
        "OK": {("Create", "done")},
        "Erred": {("Create", "erred")},
        "Updating": {("Create", "done"), ("Update", "executing")},
        "Terminating": {("Create", "done"), ("Terminate", "executing")},
        "Terminated": {("Create", "done"), ("Terminate", "done"), ("Create", "canceled")},
    }
    for order in rows(dataset, "orders"):
        booking = dataset["resources"][order["resource"]]
        assert (order["type"], order["state"]) in expected[booking["state"]]
        assert [order[column] for column in ("offering", "plan", "project", "limits")] == [
            booking[column] for column in ("offering", "plan", "project", "limits")
        ]
        assert (order["activated"] is not None) == (order["state"] == "done")
        assert (order["consumer_reviewed_by"] is None) == (order["state"] == "pending-consumer")
        assert bool(order["termination_comment"]) == (order["type"] == "Terminate" or order["state"] == "canceled")


def test_what_has_happened_happened_in_order_and_before_now(dataset: Dataset, now: datetime) -> None:
    for row in [*rows(dataset, "resources"), *rows(dataset, "orders")]:
        assert row["created"] <= row["modified"]
        assert datetime.fromisoformat(row["modified"]) <= now
    for order in rows(dataset, "orders"):
        for column in ("activated", "consumer_reviewed_at", "provider_reviewed_at"):
            assert order[column] is None or order["created"] < order[column] <= order["modified"]
    for uuid, booking in dataset["resources"].items():
        assert booking["created"] == creation_order(dataset, uuid)["created"]
        assert booking["created"] < min(slot["start"] for slot in booking["slots"])


def test_the_same_moment_in_any_time_zone_gives_the_same_data(now: datetime) -> None:
    elsewhere = now.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert demo_dataset(now) == demo_dataset(now) == demo_dataset(elsewhere)


def test_names_and_uuids_do_not_depend_on_the_moment() -> None:
    first: Dataset = demo_dataset(MOMENTS[0])
    second: Dataset = demo_dataset(MOMENTS[1])
    for table in ("users", "customers", "projects", "offerings", "plans", "offering_components"):
        assert list(first[table]) == list(second[table])
    assert identifier("booking", EXAMPLES["slug"]) == EXAMPLE_BOOKING


def test_the_bookings_to_accept_and_reject_wait_for_a_decision(dataset: Dataset) -> None:
    assert len({EXAMPLE_BOOKING, EXAMPLE_TO_ACCEPT, EXAMPLE_TO_REJECT}) == 3
    for uuid in (EXAMPLE_TO_ACCEPT, EXAMPLE_TO_REJECT):
        assert dataset["resources"][uuid]["state"] == "Creating"
        assert creation_order(dataset, uuid)["state"] == "executing"


def matches(dataset: Dataset, uuid: str) -> dict[str, bool]:
    """Every example value held against one booking, by the documented meaning of its parameter."""
    booking = dataset["resources"][uuid]
    return {
        **_booking_matches(booking, EXAMPLES),
        **_offering_matches(dataset, booking, EXAMPLES),
        **_component_matches(components(dataset, booking["offering"]), EXAMPLES),
        **_consumer_matches(dataset, booking, EXAMPLES),
        "order_state": creation_order(dataset, uuid)["state"] in EXAMPLES["order_state"],
    }


def _booking_matches(booking: Row, wanted: Row) -> dict[str, bool]:
    equal = ("backend_id", "downscaled", "paused", "restrict_member_access", "slug")
    return {
        **{name: booking[name] == wanted[name] for name in equal},
        "created": booking["created"] >= wanted["created"],
        "modified": booking["modified"] >= wanted["modified"],
        "created_before": booking["created"] < wanted["created_before"],
        "modified_before": booking["modified"] < wanted["modified_before"],
        "flavor_name": wanted["flavor_name"] in booking["backend_metadata"].get("flavor_name", ""),
        "image_name": wanted["image_name"] in booking["backend_metadata"].get("image_name", ""),
        "is_attached": ("instance_name" in booking["backend_metadata"]) == wanted["is_attached"],
        "resource_attributes": json.loads(wanted["resource_attributes"]).items() <= booking["attributes"].items(),
        "visible_to_providers": wanted["visible_to_providers"] and booking["state"] != "Creating",
        "has_terminate_date": (booking["end_date"] is not None) == wanted["has_terminate_date"],
        "name": wanted["name"].lower() in booking["name"].lower(),
        "name_exact": booking["name"] == wanted["name_exact"],
        "plan_uuid": booking["plan"] == wanted["plan_uuid"],
        "query": wanted["query"].lower() in booking["name"].lower(),
        "runtime_state": booking["backend_metadata"].get("runtime_state") == wanted["runtime_state"],
        "state": booking["state"] in wanted["state"],
        "slot_start_after": any(slot["start"] >= wanted["slot_start_after"] for slot in booking["slots"]),
        "slot_start_before": any(slot["start"] < wanted["slot_start_before"] for slot in booking["slots"]),
    }


def _offering_matches(dataset: Dataset, booking: Row, wanted: Row) -> dict[str, bool]:
    uuid, offering = booking["offering"], dataset["offerings"][booking["offering"]]
    managers = [g["user"] for g in dataset["user_roles"] if g["is_active"] and g["scope"] == uuid]
    return {
        "category_uuid": offering["category"] == wanted["category_uuid"],
        "lexis_links_supported": ("heappe_url" in offering["plugin_options"]) == wanted["lexis_links_supported"],
        "offering": wanted["offering"] == f"/api/marketplace-public-offerings/{uuid}/",
        "offering_billable": offering["billable"] == wanted["offering_billable"],
        "offering_shared": offering["shared"] == wanted["offering_shared"],
        "offering_slug": offering["slug"] in wanted["offering_slug"],
        "offering_type": offering["type"] == wanted["offering_type"],
        "offering_uuid": uuid in wanted["offering_uuid"],
        "parent_offering_uuid": offering["parent"] == wanted["parent_offering_uuid"],
        "provider_uuid": offering["customer"] == wanted["provider_uuid"],
        "service_manager_uuid": offering["shared"] and wanted["service_manager_uuid"] in managers,
    }


def _component_matches(kinds: list[str], wanted: Row) -> dict[str, bool]:
    return {
        "component_count": len(kinds) == wanted["component_count"],
        "limit_component_count": kinds.count("limit") == wanted["limit_component_count"],
        "limit_based": ("limit" in kinds) == wanted["limit_based"],
        "usage_based": ("usage" in kinds) == wanted["usage_based"],
        "only_limit_based": (set(kinds) == {"limit"}) == wanted["only_limit_based"],
        "only_usage_based": (set(kinds) == {"usage"}) == wanted["only_usage_based"],
    }


def _consumer_matches(dataset: Dataset, booking: Row, wanted: Row) -> dict[str, bool]:
    project, provider = dataset["projects"][booking["project"]], dataset["offerings"][booking["offering"]]["customer"]
    customer = project["customer"]
    scopes = (booking["project"], customer)
    members = [g["username"] for g in dataset["user_roles"] if g["is_active"] and g["scope"] in scopes]
    return {
        "connected_customer_uuid": wanted["connected_customer_uuid"] in (customer, provider),
        "customer": wanted["customer"] == f"/api/customers/{customer}/",
        "customer_uuid": customer == wanted["customer_uuid"],
        "project_name": project["name"] == wanted["project_name"],
        "project_uuid": booking["project"] == wanted["project_uuid"],
        "visible_to_username": wanted["visible_to_username"] in members,
    }


def test_there_is_an_example_for_each_parameter(dataset: Dataset) -> None:
    shaping = {"field": ["uuid", "name", "state", "slots"], "o": ["name"], "page": 1, "page_size": 10}
    assert EXAMPLES.keys() - ADDED_FILTERS == {row["name"] for row in documented("list_parameters")}
    assert EXAMPLES.keys() >= ADDED_FILTERS
    assert {name: EXAMPLES[name] for name in shaping} == shaping
    assert matches(dataset, EXAMPLE_BOOKING).keys() | shaping.keys() == EXAMPLES.keys()


def test_the_examples_together_match_the_example_booking_only(dataset: Dataset) -> None:
    assert [name for name, match in matches(dataset, EXAMPLE_BOOKING).items() if not match] == []
    assert [uuid for uuid in dataset["resources"] if all(matches(dataset, uuid).values())] == [EXAMPLE_BOOKING]


def test_the_example_booking_is_well_made(dataset: Dataset, now: datetime) -> None:
    booking = dataset["resources"][EXAMPLE_BOOKING]
    assert booking["description"]
    assert booking["end_date_requested_by"] == identifier("user", "creator")
    assert date.fromisoformat(booking["end_date"]) > now.date()
    assert creation_order(dataset, EXAMPLE_BOOKING)["provider_reviewed_by"]


def of_operation(operation: str) -> Row:
    """The examples of one operation alone."""
    return {name.partition(".")[2]: value for name, value in PARAMETERS.items() if name.startswith(f"{operation}.")}


SHOWN_OFFERING = {"uuid": OFFERING, "plan_uuid": identifier("plan", f"{EXAMPLE_OFFERING}/Academic")} | {
    "category_uuid": identifier("category", "instruments"),
    "customer_uuid": PROVIDER,
}
SHOWN_PROVIDED = {name: value for name, value in SHOWN_OFFERING.items() if name != "plan_uuid"} | {
    "customer": f"/api/customers/{PROVIDER}/",
    "parent_uuid": identifier("offering", "light-microscopy"),
}
UUIDS_BY_OPERATION = {
    "booking_offerings": SHOWN_OFFERING,
    "marketplace_public_offerings": SHOWN_OFFERING
    | {"customer": f"/api/customers/{PROVIDER}/", "parent_uuid": identifier("offering", "light-microscopy")},
    "marketplace_public_offerings_plans": SHOWN_OFFERING,
    "marketplace_categories": {"uuid": identifier("category", "instruments"), "customer_uuid": PROVIDER},
    "customers": {"uuid": PROVIDER},
    "projects": {"uuid": PROJECT, "customer": [CUSTOMER], "customer_uuid": CUSTOMER},
    "users": {"uuid": identifier("user", "creator")},
    "users_me": {"uuid": identifier("user", "creator")},
}
"""What is looked up beside bookings."""
UUIDS = {
    **{f"{name}_{act}": row for name, row in UUIDS_BY_OPERATION.items() for act in ("list", "count", "retrieve")},
    **{f"marketplace_bookings_{action}": {"offering_uuid": OFFERING} for action in ("list", "count")},
    **{f"booking_offerings_busy_slots_{action}": {"uuid": OFFERING} for action in ("list", "create", "destroy")},
    "booking_offerings_changes_list": {"uuid": OFFERING},
    **{
        f"marketplace_orders_{act}": {"uuid": ORDER}
        for act in ("retrieve", "approve_by_consumer", "reject_by_consumer", "cancel")
    },
    **{f"marketplace_orders_{part}_retrieve": {"uuid": ORDER} for part in ("offering", "resource")},
    **{f"marketplace_provider_offerings_{act}": SHOWN_PROVIDED for act in ("list", "count")},
    **{f"marketplace_provider_offerings_{act}": {"uuid": OFFERING} for act in ("retrieve", "update_attributes")},
    **{f"booking_offerings_rules_{act}": {"uuid": OFFERING} for act in ("retrieve", "update")},
    "booking_offerings_free_list": {"uuid": OFFERING},
    "booking_offerings_usage_retrieve": {"uuid": OFFERING},
    "booking_resources_accept": {"uuid": EXAMPLE_TO_ACCEPT},
    "booking_resources_reject": {"uuid": EXAMPLE_TO_REJECT},
}


def test_uuids_of_examples_are_those_of_the_demo() -> None:
    found = {name.partition(".")[0]: of_operation(name.partition(".")[0]) for name in PARAMETERS if "." in name}
    uuids = {
        operation: {name: value for name, value in row.items() if name == "customer" or name.endswith("uuid")}
        for operation, row in found.items()
    }
    assert {operation: row for operation, row in uuids.items() if row} == UUIDS
    assert PARAMETERS["uuid"] == PARAMETERS["resource_uuid"] == EXAMPLE_BOOKING


def test_what_is_looked_up_is_as_the_examples_say(dataset: Dataset) -> None:
    """Offerings, customers, projects and users; each has the name, slug and so on by which it is to be found."""
    offering, customer = of_operation("booking_offerings_list"), of_operation("customers_list")
    project, user = of_operation("projects_list"), of_operation("users_list")
    for table, wanted in (("offerings", offering), ("customers", customer), ("projects", project)):
        row = dataset[table][wanted["uuid"]]
        assert (row["name"], row["slug"]) == (wanted["name_exact"], wanted["slug"])
        assert all(wanted[name].lower() in row["name"].lower() for name in ("name", "query"))
    row = dataset["offerings"][OFFERING]
    assert (row["customer"], row["category"]) == (offering["customer_uuid"], offering["category_uuid"])
    assert (row["shared"], row["billable"], [row["state"]]) == (offering["shared"], offering["billable"], ["Active"])
    assert offering["state"] == ["Active"]
    assert dataset["plans"][offering["plan_uuid"]]["offering"] == OFFERING
    row = dataset["customers"][PROVIDER]
    assert [row[name] for name in ("abbreviation", "archived", "native_name")] == ["NUIC", False, ""]
    assert [customer[name] for name in ("abbreviation", "archived", "native_name")] == ["NUIC", False, ""]
    row = dataset["projects"][PROJECT]
    assert ([row["customer"]], row["is_removed"]) == (project["customer"], project["is_removed"])
    assert project["customer_name"] in dataset["customers"][CUSTOMER]["name"]
    row = dataset["users"][user["uuid"]]
    assert (row["username"], user["query"]) == (user["username"], "creator")
    assert user["full_name"] in f"{row['first_name']} {row['last_name']}"


def test_example_order_can_be_sent_as_it_stands(dataset: Dataset) -> None:
    body = DOCUMENTED["bodies"]["marketplace_orders_create"]
    assert body["offering"] == f"/api/marketplace-public-offerings/{OFFERING}/"
    assert body["project"] == f"/api/projects/{PROJECT}/"
    assert dataset["orders"][ORDER]["resource"] == EXAMPLE_BOOKING
    ((opens, closes),) = periods(dataset["offerings"][OFFERING]["attributes"]["schedules"])
    assert all(opens <= start < end <= closes for start, end in periods(body["attributes"]["schedules"]))

"""Objects of the API become rows: with and without what they refer to, as of 2024 and of today."""

from typing import Any
from uuid import UUID

import pytest

from app.commands.importing.mapping import GUESSED, SHOWN, Dataset, derived
from app.commands.importing.reader import SourceError
from tests.commands.importing.fake import ADDRESS, at, booking, hexed, order


def dashed(name: str) -> str:
    return str(UUID(hexed(name)))


def mapped(item: dict[str, Any]) -> Dataset:
    data = Dataset()
    data.add_booking(item)
    return data


def test_booking_describes_all_that_it_refers_to() -> None:
    data = mapped(booking("scan", (8, 9)))
    row = data.tables["resources"][dashed("scan")]
    assert (row["offering"], row["project"], row["plan"]) == (dashed("microscope"), dashed("hive"), None)
    assert data.tables["offerings"][dashed("microscope")] == {
        **{"name": "Microscope", "type": "Marketplace.Booking", "customer": dashed("lab")},
        **{"category": dashed("tools"), "modified": GUESSED},
    }
    assert data.tables["projects"][dashed("hive")]["customer"] == dashed("bees")
    assert {row["name"] for row in data.tables["customers"].values()} == {"The Lab", "Bees"}
    ada = {"username": "ada", "first_name": "Ada", "last_name": "King", "modified": GUESSED}
    assert data.tables["users"] == {dashed("ada"): ada}


def test_creator_of_the_creation_order_is_that_of_the_booking() -> None:
    item = booking("scan")
    data = mapped({**item, "creation_order": order(item, old_cost_estimate=7.5, completed_at=at(3))})
    [row] = data.tables["orders"].values()
    assert (row["created_by"], row["resource"], row["activated"]) == (dashed("ada"), dashed("scan"), at(3))
    assert data.tables["resources"][dashed("scan")]["cost"] == 7.5


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"created_by_full_name": "Ada King"}, dashed("ada")),
        ({"created_by_username": "ada"}, dashed("ada")),
        ({"created_by_username": "bob", "created_by_full_name": "Ada King"}, derived("user", "bob")),
        ({"created_by_full_name": "Bob Ross"}, derived("name", "Bob Ross")),
        ({"created_by_full_name": ""}, derived("creator", dashed("order of scan"))),
    ],
)
def test_creator_of_another_order_is_found_by_name(named: dict[str, str], expected: str) -> None:
    item = booking("scan")
    data = mapped({**item, "order_in_progress": order(item, type="Update", **named)})
    [row] = data.tables["orders"].values()
    assert row["created_by"] == expected
    assert data.tables["users"][expected]["username"]


def test_users_without_a_visible_name_get_the_same_one_each_time() -> None:
    item = booking("scan", created_by_username=None, created_by_full_name=None)
    names = [[row["username"] for row in mapped(item).tables["users"].values()] for _ in range(2)]
    assert names == [[f"unknown-{hexed('ada')}"]] * 2


def test_reviewers_are_known_by_username() -> None:
    item = booking(
        "scan", consumer_reviewed_by=f"{ADDRESS}/api/users/{hexed('eve')}/", consumer_reviewed_by_username="eve"
    )
    data = mapped({**item, "creation_order": order(item, consumer_reviewed_by="eve", provider_reviewed_by="bob")})
    [row] = data.tables["orders"].values()
    assert row["consumer_reviewed_by"] == dashed("eve")
    assert row["provider_reviewed_by"] == derived("user", "bob")


def test_what_is_shown_replaces_what_was_guessed_and_stays() -> None:
    data = mapped(booking("scan"))
    data.show_project(dashed("hive"), {"uuid": hexed("hive"), "name": "Hive 2", "created": at(1), "end_date": None})
    data.show_customer(dashed("bees"), {"uuid": hexed("bees"), "name": "Bees", "blocked": True})
    data.show_user(dashed("ada"), {"uuid": hexed("ada"), "username": "ada", "first_name": "A.", "email": None})
    data.add_booking(booking("scan"))
    project, customer = data.tables["projects"][dashed("hive")], data.tables["customers"][dashed("bees")]
    assert (project["name"], project["modified"]) == ("Hive 2", at(1))
    assert (customer["blocked"], customer["modified"]) == (True, SHOWN)
    assert data.tables["users"][dashed("ada")]["first_name"] == "A."


def test_offering_brings_components_and_price_lists_of_either_form() -> None:
    data = mapped(booking("scan", is_usage_based=True))
    hours = {"uuid": hexed("hours"), "type": "hours", "name": "Hours", "billing_type": "usage"}
    setup = {"type": "setup", "name": "Setup", "billing_type": "one"}
    old = {
        "uuid": hexed("old"),
        "name": "Old",
        "unit": "hour",
        "prices": {"hours": 2.5, "?": 1},
        "quotas": {"hours": 3.0},
    }
    priced = [{"type": "setup", "amount": 1, "price": "4.00"}]
    new = {"uuid": hexed("new"), "name": "New", "unit": "day", "components": priced}
    shown = {"uuid": hexed("microscope"), "name": "Microscope", "components": [hours, setup, "?"], "plans": [old, new]}
    data.show_offering(dashed("microscope"), {**shown, "category_uuid": hexed("tools")})
    components = data.tables["offering_components"]
    assert {row["type"] for row in components.values()} == {"hours", "setup"}
    assert set(data.tables["plans"]) == {dashed("old"), dashed("new")}
    found = {
        (components[str(row["component"])]["type"], row["amount"], row["price"])
        for row in data.plan_components.values()
    }
    assert found == {("hours", 3, 2.5), ("setup", 1, "4.00")}


def test_window_that_is_open_is_the_same_each_time() -> None:
    data = mapped(booking("scan"))
    windows = [
        {"id": "open", "start": "2020-01-01T00:00:00.000Z"},
        {"id": "ahead", "start": "2999-01-01T00:00:00Z"},
        "?",
    ]
    data.show_offering(dashed("microscope"), {"created": "2019-01-01T00:00:00Z", "attributes": {"schedules": windows}})
    shown = [{"id": "open", "start": "2019-01-01T00:00:00Z"}, *windows[1:]]
    assert data.tables["offerings"][dashed("microscope")]["attributes"] == {"schedules": shown}


def test_parents_that_are_not_shown_are_no_bookings() -> None:
    data = mapped(booking("scan", parent_uuid=hexed("vm"), parent_name="VM", parent_offering_uuid=hexed("lab 2")))
    row = data.tables["resources"][dashed("scan")]
    data.add_parent(dashed("vm"), row)
    parent = data.tables["resources"][dashed("vm")]
    assert data.tables["offerings"][str(parent["offering"])]["type"] != "Marketplace.Booking"
    assert data.tables["offerings"][dashed("microscope")]["parent"] == dashed("lab 2")


@pytest.mark.parametrize(
    "missing", [{"uuid": None}, {"uuid": "x"}, {"offering_uuid": None}, {"project_uuid": ["x"]}, {"parent_uuid": 5}]
)
def test_booking_that_cannot_be_placed_is_named(missing: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match=next(iter(missing))):
        mapped(booking("scan", **missing))

"""Organisations, kinds, projects and offerings that are made by API."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Customer, Offering, Project
from tests.administration.conftest import (
    ALPHA,
    CLOSED,
    FORBIDDEN,
    GAMMA,
    INSTRUMENTS,
    OFFERINGS,
    UNKNOWN,
    Post,
    offering,
    told,
)
from tests.conftest import BASE_URL, AsUser
from tests.orders.conftest import body as request
from tests.orders.conftest import period

WINDOW = {"start": "2030-01-01T00:00:00Z", "end": "2031-01-01T00:00:00Z", "title": "open"}
COMPONENT = {"type": "hours", "name": "Hours", "billing_type": "usage", "measured_unit": "h"}
OVER = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}
BACKWARDS = {"start_date": "2031-01-02", "end_date": "2031-01-01"}
NUMBERED = {"name": "A", "article_code": "7"}
NOT_KEPT = ["This is not kept here; leave it out."]


async def test_staff_registers_an_organisation(client: AsyncClient, post: Post, as_user: AsUser) -> None:
    body = {
        "name": " Imaging Facility ",
        "native_name": "Kuvantaminen",
        "abbreviation": "IF",
        "email": "",
        "image": None,
    }
    made = await post("/api/customers/", "staff", body)
    assert made.status_code == 201
    row = made.json()
    assert (row["name"], row["slug"], row["native_name"]) == ("Imaging Facility", "imaging-facility", "Kuvantaminen")
    assert (row["abbreviation"], row["blocked"], row["archived"]) == ("IF", False, False)
    assert made.headers["Location"] == row["url"] == f"{BASE_URL}/api/customers/{row['uuid']}/"
    assert (await client.get(row["url"], headers=as_user("staff"))).json() == row


async def test_slugs_are_told_apart(post: Post) -> None:
    made = [(await post("/api/customers/", "staff", {"name": "Bee Lab"})).json()["slug"] for _ in range(3)]
    assert made == ["bee-lab", "bee-lab-2", "bee-lab-3"]
    assert (await post("/api/customers/", "staff", {"name": "ΣΣ"})).json()["slug"] == "customer"
    assert (await post("/api/customers/", "staff", {"name": "X", "slug": "own_One"})).json()["slug"] == "own_One"


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/customers/", {"name": "Own"}), ("/api/marketplace-categories/", {"title": "Own"})],
)
@pytest.mark.parametrize("user", ["powner", "support", "outsider"])
async def test_only_staff_registers_organisations_and_kinds(post: Post, path: str, body: Any, user: str) -> None:
    assert told(await post(path, user, body)) == FORBIDDEN


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({}, {"name": ["This field is required."]}),
        ({"name": "  "}, {"name": ["This field may not be blank."]}),
        ({"name": "x" * 151}, {"name": ["Ensure this field has no more than 150 characters."]}),
        ({"name": "a\0"}, {"name": ["Null characters are not allowed."]}),
        ({"name": "A", "email": "a@b.c", "vat_code": "1"}, {"email": NOT_KEPT, "vat_code": NOT_KEPT}),
        ({"name": "A", "whatever": 1}, {"whatever": NOT_KEPT}),
    ],
)
async def test_bad_organisations_are_refused(post: Post, body: Any, refused: Any) -> None:
    assert told(await post("/api/customers/", "staff", body)) == (400, refused)


async def test_staff_adds_a_kind(post: Post) -> None:
    made = await post("/api/marketplace-categories/", "staff", {"title": "Boats", "description": "Floating"})
    row = made.json()
    url = f"{BASE_URL}/api/marketplace-categories/{row['uuid']}/"
    expected = {"url": url, "uuid": row["uuid"], "title": "Boats", "description": "Floating", "icon": None}
    assert (made.status_code, row) == (201, expected)
    body = offering(category=url)
    assert (await post(OFFERINGS, "powner", body)).json()["category_title"] == "Boats"


async def test_owner_adds_a_project(client: AsyncClient, post: Post, as_user: AsUser) -> None:
    body = {
        "name": "Moths",
        "customer": f"/api/customers/{GAMMA}/",
        "description": "At night.",
        "end_date": "2031-05-01",
    }
    made = await post("/api/projects/", "cowner", body)
    assert made.status_code == 201, made.text
    row = made.json()
    assert (row["name"], row["slug"], row["customer_uuid"]) == ("Moths", "moths", GAMMA)
    assert (row["description"], row["start_date"], row["end_date"]) == ("At night.", None, "2031-05-01")
    assert row["end_date_requested_by"] == (await client.get("/api/users/me/", headers=as_user("cowner"))).json()["url"]
    assert (await client.get(made.headers["Location"], headers=as_user("cowner"))).json() == row


@pytest.mark.parametrize(
    ("user", "changes", "expected"),
    [
        ("creator", {}, FORBIDDEN),  # sees the organisation by his projects, and is no owner
        ("powner", {}, FORBIDDEN),
        ("outsider", {}, (400, {"customer": UNKNOWN})),
        ("cowner", {"customer": "/api/projects/x/"}, (400, {"customer": UNKNOWN})),
        ("cowner", {"customer": str(UUID(int=9))}, (400, {"customer": UNKNOWN})),
        (
            "cowner",
            {"start_date": "2031-01-02", "end_date": "2031-01-01"},
            (400, {"end_date": ["Must not be before start_date."]}),
        ),
        ("cowner", {"is_industry": True}, (400, {"is_industry": NOT_KEPT})),
    ],
)
async def test_projects_that_are_not_made(
    rows: AsyncConnection, post: Post, user: str, changes: Any, expected: Any
) -> None:
    body = {"name": "Moths", "customer": f"/api/customers/{GAMMA}/", **changes}
    assert told(await post("/api/projects/", user, body)) == expected
    assert await rows.scalar(select(func.count()).where(Project.name == "Moths")) == 0


async def test_owner_adds_an_offering_with_plans_and_components(
    client: AsyncClient, post: Post, as_user: AsUser
) -> None:
    plans = [
        {"name": "Academic", "unit": "hour", "unit_price": "12.5", "prices": {"hours": "2.25"}, "quotas": {"hours": 3}},
        {"name": "Industry", "unit_price": 40, "billing_mode": "inherit"},
    ]
    limit = {"type": "disk", "name": "Disk", "billing_type": "limit", "limit_period": "month", "limit_amount": 5}
    body = offering(
        description="Whole brains.",
        attributes={"schedules": [WINDOW]},
        components=[COMPONENT, limit | {"max_value": 4, "min_value": 1}],
        plans=plans,
        shared=False,
        billable=False,
        plugin_options={"auto_approve_in_service_provider_projects": True},
        latitude=59,
        longitude=24.75,
        backend_id="LS-1",
        getting_started="",
    )
    made = await post(OFFERINGS, "powner", body)
    assert made.status_code == 201, made.text
    row = made.json()
    assert made.headers["Location"] == row["url"] == f"{BASE_URL}{OFFERINGS}{row['uuid']}/"
    assert (row["state"], row["slug"], row["warnings"]) == ("Draft", "light-sheet", [])
    assert (row["category_uuid"], row["customer_uuid"], row["type"]) == (INSTRUMENTS, ALPHA, "Marketplace.Booking")
    for name in ("description", "attributes", "shared", "billable", "plugin_options", "latitude", "longitude"):
        assert row[name] == body[name]
    kept = {item["type"]: {name: item[name] for name in limit} for item in row["components"] if item["type"] == "disk"}
    assert kept == {"disk": limit}
    academic, industry = row["plans"]
    assert (academic["unit"], academic["unit_price"], academic["prices"]) == (
        "hour",
        "12.5000000000",
        {"disk": 0, "hours": 2.25},
    )
    assert academic["quotas"] == {"disk": 0, "hours": 3}
    assert (industry["unit"], industry["unit_price"], industry["prices"]["hours"]) == ("day", "40.0000000000", 0)
    own = (await client.get(f"/api/booking-offerings/{row['uuid']}/", headers=as_user("powner"))).json()
    assert {name: own[name] for name in own if name not in ("url", "googlecalendar")} == {
        name: row[name] for name in own if name not in ("url", "googlecalendar")
    }


@pytest.mark.parametrize(
    "windows",
    [{}, {"schedules": []}, {"schedules": [OVER]}],
)
async def test_offering_that_is_never_open_says_so_when_it_is_made_and_put_up(post: Post, windows: Any) -> None:
    message = "It has no opening windows that are still to come, so nobody can book it."
    row = (await post(OFFERINGS, "powner", offering(attributes=windows))).json()
    assert row["warnings"] == [message]
    active = (await post(f"{OFFERINGS}{row['uuid']}/activate/", "powner")).json()
    assert active == {"detail": f"The offering may be booked. {message}", "state": "Active"}


@pytest.mark.parametrize(
    ("user", "changes", "expected"),
    [
        ("pmanager", {}, FORBIDDEN),
        ("omanager", {}, FORBIDDEN),
        ("powner2", {}, FORBIDDEN),
        ("powner", {"customer": str(UUID(int=9))}, (400, {"customer": UNKNOWN})),
        ("powner", {"customer": None}, (400, {"customer": ["Input should be a valid string"]})),
        ("powner", {"category": str(UUID(int=9))}, (400, {"category": UNKNOWN})),
        ("powner", {"category": "x", "customer": "x"}, (400, {"category": UNKNOWN, "customer": UNKNOWN})),
        ("powner", {"type": "Marketplace.Basic"}, (400, {"type": ["Input should be 'Marketplace.Booking'"]})),
        ("powner", {"vendor_details": "Zeiss"}, (400, {"vendor_details": NOT_KEPT})),
        (
            "powner",
            {"plans": [NUMBERED]},
            (400, {"plans": [f"0.article_code: {NOT_KEPT[0]}"]}),
        ),
        (
            "powner",
            {"components": [COMPONENT, COMPONENT], "plans": [{"name": "A", "prices": {"days": 1}}]},
            (
                400,
                {
                    "components": ["There is more than one component of type hours."],
                    "plans": ["0: There is no component of type days."],
                },
            ),
        ),
        (
            "powner",
            {"attributes": {"schedules": [WINDOW, WINDOW | {"end": WINDOW["start"]}, 7]}},
            (
                400,
                {
                    "attributes": [
                        "schedules: Window 2: end must be after start.",
                        "schedules: Window 3: must be an object with start and end.",
                    ]
                },
            ),
        ),
        ("powner", {"attributes": {"schedules": {}}}, (400, {"attributes": ["schedules: Must be a list of windows."]})),
        (
            "powner",
            {"attributes": {"schedules": [{}] * 1001}},
            (400, {"attributes": ["schedules: There are more than 1000 windows."]}),
        ),
    ],
)
async def test_offerings_that_are_not_made(
    rows: AsyncConnection, post: Post, user: str, changes: Any, expected: Any
) -> None:
    assert told(await post(OFFERINGS, user, offering(**changes))) == expected
    assert await rows.scalar(select(func.count()).where(Offering.name == "Light sheet")) == 0


@pytest.mark.parametrize("closed", ["blocked", "archived"])
async def test_closed_organisation_makes_nothing(rows: AsyncConnection, post: Post, closed: str) -> None:
    await rows.execute(update(Customer).values({closed: True}))
    project = {"name": "Moths", "customer": f"/api/customers/{GAMMA}/"}
    for user in ("cowner", "staff"):
        assert told(await post("/api/projects/", user, project)) == CLOSED
    for user in ("powner", "staff"):
        assert told(await post(OFFERINGS, user, offering())) == CLOSED


async def test_request_for_an_offering_without_windows_is_told_so(post: Post) -> None:
    made = (await post(OFFERINGS, "powner", offering())).json()
    await post(f"{OFFERINGS}{made['uuid']}/activate/", "powner")
    answer = await post("/api/marketplace-orders/", "cowner", request(period(9, 10)) | {"offering": made["url"]})
    start, end = period(9, 10).values()
    message = f"Time period from {start} to {end} is not available for selected offering."
    never = "It has no opening windows that are still to come, so nobody can book it."
    assert told(answer) == (400, [f"{message} {never}"])

"""Offerings and their plans: what is shown to consumers and to providers, and by what they are found."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Offering, Order, Plan, RoleGrant
from app.models.enums import OfferingState
from tests.conftest import AsUser
from tests.dataset import DATASET, uuid_of
from tests.oracle import PEOPLE, Scopes, Standing

PUBLIC, PROVIDED = "/api/marketplace-public-offerings/", "/api/booking-offerings/"
COMMON = ["url", "uuid", "created", "name", "slug", "description", "customer", "customer_uuid", "customer_name"]
COMMON += ["category_uuid", "category_title", "attributes", "components", "plugin_options", "state", "thumbnail"]
COMMON += ["plans", "type", "shared", "billable", "paused_reason", "latitude", "longitude", "image", "parent_uuid"]
COMMON += ["parent_name"]
FIELDS = {
    PUBLIC: [*COMMON, "google_calendar_is_public", "google_calendar_link"],
    PROVIDED: [*COMMON, "googlecalendar"],
}
PLAN = ["url", "uuid", "name", "description", "archived", "unit_price", "unit", "components", "prices", "quotas"]
BOOKING = "Marketplace.Booking"
_PLANS = select(Plan).join(Offering).where(Offering.type == BOOKING).order_by(Plan.uuid).limit(1)
_ORDERS = select(Order).join(Offering).where(Offering.type == BOOKING).order_by(Order.uuid).limit(1)
CALLERS = ("staff", "support", "powner", "omanager", "creator", "cowner", "outsider")


def without_windows(row: dict[str, Any]) -> dict[str, Any]:
    """The row without what changes with the clock."""
    return {name: {} if name == "attributes" else value for name, value in row.items()}


async def listed(client: AsyncClient, path: str, headers: dict[str, str], **parameters: Any) -> list[dict[str, Any]]:
    response = await client.get(path, params={"page_size": 300, **parameters}, headers=headers)
    assert response.status_code == 200, response.text
    return [without_windows(row) for row in response.json()]


@pytest.fixture(scope="module")
def bookable() -> dict[str, dict[str, Any]]:
    """Loaded offerings of bookings, by dashed uuid."""
    return {str(UUID(uuid)): row for uuid, row in DATASET["offerings"].items() if row["type"] == BOOKING}


@pytest.mark.parametrize("path", [PUBLIC, PROVIDED])
async def test_fields_are_the_published_ones(client: AsyncClient, as_user: AsUser, path: str) -> None:
    rows = await listed(client, path, as_user("staff"))
    assert {tuple(row) for row in rows} == {tuple(FIELDS[path])}
    assert {tuple(plan) for row in rows for plan in row["plans"]} == {tuple(PLAN)}


@pytest.mark.parametrize("path", [PUBLIC, PROVIDED])
async def test_offering_is_as_it_was_loaded(
    client: AsyncClient, as_user: AsUser, bookable: dict[str, Any], path: str
) -> None:
    found = {row["uuid"]: row for row in await listed(client, path, as_user("staff"))}
    assert found.keys() == bookable.keys()
    for uuid, loaded in bookable.items():
        row = found[uuid]
        same = ("name", "slug", "description", "type", "shared", "billable", "state", "plugin_options", "paused_reason")
        for name in (*same, "latitude", "longitude"):
            assert row[name] == loaded[name]
        assert row["url"].endswith(f"{path}{uuid}/")
        assert row["category_title"] == DATASET["categories"][loaded["category"]]["title"]
        assert row["customer_name"] == DATASET["customers"][loaded["customer"]]["name"]
        parts = [c for c in DATASET["offering_components"].values() if str(UUID(c["offering"])) == uuid]
        assert [c["type"] for c in row["components"]] == sorted(c["type"] for c in parts)
        plans = [p for p in DATASET["plans"].values() if str(UUID(p["offering"])) == uuid and not p["archived"]]
        assert {p["name"] for p in row["plans"]} == {p["name"] for p in plans}


async def test_own_offering_has_an_empty_calendar(client: AsyncClient, as_user: AsUser) -> None:
    for row in await listed(client, PROVIDED, as_user("staff")):
        assert row["googlecalendar"] == {"backend_id": None, "public": False, "http_link": ""}


@pytest.mark.parametrize("path", [PUBLIC, PROVIDED])
@pytest.mark.parametrize("caller", CALLERS)
async def test_listed_is_found_and_anything_else_is_not(
    client: AsyncClient, as_user: AsUser, path: str, caller: str
) -> None:
    own = {row["uuid"]: row for row in await listed(client, path, as_user(caller))}
    for row in await listed(client, path, as_user("staff")):
        response = await client.get(f"{path}{row['uuid']}/", headers=as_user(caller))
        if row["uuid"] in own:
            assert without_windows(response.json()) == own[row["uuid"]]
        else:
            assert response.status_code == 404


@pytest.mark.parametrize("caller", ["support", "powner", "omanager", "creator", "cowner", "outsider"])
async def test_own_offerings_are_those_of_the_providers_side(
    client: AsyncClient, as_user: AsUser, bookable: dict[str, Any], caller: str
) -> None:
    around = {uuid: Scopes(offering=UUID(uuid).hex, provider=row["customer"]) for uuid, row in bookable.items()}
    expected = {uuid for uuid, scopes in around.items() if Standing(PEOPLE[caller], scopes).provides}
    assert {row["uuid"] for row in await listed(client, PROVIDED, as_user(caller))} == expected
    assert expected <= {row["uuid"] for row in await listed(client, PUBLIC, as_user(caller))}


@pytest.mark.parametrize("state", list(OfferingState))
@pytest.mark.parametrize("shared", [True, False])
async def test_outsider_sees_what_is_shared_and_may_be_booked(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, state: OfferingState, shared: bool
) -> None:
    await rows.execute(update(Offering).values(state=state, shared=shared))
    found = await listed(client, PUBLIC, as_user("outsider"))
    assert bool(found) == (shared and state in (OfferingState.ACTIVE, OfferingState.PAUSED))


async def test_private_offering_is_shown_to_members_of_its_organisation(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, bookable: dict[str, Any]
) -> None:
    uuid, offering = next(iter(bookable.items()))
    await rows.execute(update(Offering).values(shared=False, state=OfferingState.ACTIVE))
    assert (await client.get(f"{PUBLIC}{uuid}/", headers=as_user("outsider"))).status_code == 404
    user = uuid_of("users", username="outsider")
    grant = {"user_uuid": user, "role": "CUSTOMER.SUPPORT", "customer_uuid": UUID(offering["customer"])}
    await rows.execute(insert(RoleGrant).values(grant))
    assert (await client.get(f"{PUBLIC}{uuid}/", headers=as_user("outsider"))).status_code == 200
    assert (await client.get(f"{PROVIDED}{uuid}/", headers=as_user("outsider"))).status_code == 404


async def test_booked_offering_is_shown_in_any_state(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    await rows.execute(update(Offering).values(state=OfferingState.ARCHIVED, shared=False))
    bookings = await client.get("/api/booking-resources/?page_size=300", headers=as_user("creator"))
    booked = {row["offering_uuid"] for row in bookings.json()}
    orders = await client.get("/api/marketplace-orders/?page_size=300", headers=as_user("creator"))
    booked |= {row["offering_uuid"] for row in orders.json()}
    assert booked
    assert {row["uuid"] for row in await listed(client, PUBLIC, as_user("creator"))} == booked


async def test_offering_of_another_type_is_never_shown(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, bookable: dict[str, Any]
) -> None:
    uuid = next(iter(bookable))
    await rows.execute(update(Offering).where(Offering.uuid == UUID(uuid)).values(type="OpenStack.Instance"))
    for caller in ("staff", "powner", "creator"):
        for path in (PUBLIC, PROVIDED, f"{PUBLIC}{uuid}/plans/"):
            shown = path if path.endswith("/plans/") else f"{path}{uuid}/"
            assert (await client.get(shown, headers=as_user(caller))).status_code == 404


async def test_only_windows_that_are_still_to_come_are_shown(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, bookable: dict[str, Any]
) -> None:
    now = datetime.now(UTC)
    times = {name: f"{now + timedelta(days=days):%Y-%m-%dT%H:%M:%S}.000Z" for name, days in DAYS.items()}
    stored = {
        "note": "kept",
        "schedules": [
            {"id": "over", "start": times["long ago"], "end": times["yesterday"]},
            {"id": "open", "start": times["yesterday"], "end": times["tomorrow"], "title": "kept"},
            {"id": "later", "start": times["tomorrow"], "end": times["next week"]},
            {"id": "odd", "start": "soon", "end": None},
            "odd",
        ],
    }
    await rows.execute(update(Offering).values(attributes=stored))
    shown = (await client.get(f"{PUBLIC}{next(iter(bookable))}/", headers=as_user("staff"))).json()["attributes"]
    assert shown["note"] == "kept"
    opened, later, *odd = shown["schedules"]
    assert [later, *odd] == stored["schedules"][2:]
    assert opened | {"start": times["yesterday"]} == stored["schedules"][1]
    assert opened["start"].endswith(".000Z")
    assert timedelta(seconds=-2) < datetime.fromisoformat(opened["start"]) - now < timedelta(seconds=30)
    assert (await rows.execute(select(Offering.attributes).limit(1))).scalar_one() == stored


DAYS = {"long ago": -9, "yesterday": -1, "tomorrow": 1, "next week": 7}


@pytest.mark.parametrize("schedules", [None, {}, "always", 7])
async def test_odd_schedules_are_shown_as_they_are(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, schedules: Any
) -> None:
    await rows.execute(update(Offering).values(attributes={"schedules": schedules}))
    shown = (await client.get(PUBLIC, params={"field": "attributes"}, headers=as_user("staff"))).json()
    assert {str(row["attributes"]) for row in shown} == {str({"schedules": schedules})}


@pytest.mark.parametrize("path", [PUBLIC, PROVIDED])
async def test_filters_select_what_they_say(client: AsyncClient, as_user: AsUser, path: str) -> None:
    """The result of a filter is that of the same condition in Python over all rows."""
    every = await listed(client, path, as_user("staff"))
    conditions: list[tuple[dict[str, Any], Any]] = []
    for row in every:
        part = row["name"][1:5]
        conditions += [
            ({"name": part.upper()}, lambda r, part=part: part.lower() in r["name"].lower()),
            ({"query": part.upper()}, lambda r, part=part: part.lower() in f"{r['name']}\n{r['slug']}".lower()),
            ({"query": row["slug"]}, lambda r, slug=row["slug"]: slug in r["slug"] or slug in r["name"].lower()),
            *(
                ({parameter: row[member]}, lambda r, member=member, value=row[member]: r[member] == value)
                for parameter, member in [
                    ("name_exact", "name"),
                    ("slug", "slug"),
                    ("customer_uuid", "customer_uuid"),
                    ("category_uuid", "category_uuid"),
                    ("state", "state"),
                ]
            ),
        ]
    conditions += [
        ({name: flag}, lambda r, name=name, flag=flag: r[name] == flag)
        for name in ("shared", "billable")
        for flag in (True, False)
    ]
    conditions.append(({"state": ["Active", "Paused"]}, lambda r: r["state"] in ("Active", "Paused")))
    conditions.append(({"name": "%"}, lambda r: "%" in r["name"]))
    for parameters, condition in conditions:
        found = await listed(client, path, as_user("staff"), **parameters)
        assert found == [row for row in every if condition(row)], parameters


@pytest.mark.parametrize("path", [PUBLIC, PROVIDED])
@pytest.mark.parametrize(
    "parameters", [{"state": "active"}, {"customer_uuid": "x"}, {"category_uuid": "x"}, {"shared": "x"}, {"o": "x"}]
)
async def test_bad_parameter_is_told(
    client: AsyncClient, as_user: AsUser, path: str, parameters: dict[str, str]
) -> None:
    response = await client.get(path, params=parameters, headers=as_user("staff"))
    assert response.status_code == 400
    assert response.json().keys() == parameters.keys()


@pytest.mark.parametrize("path", [PUBLIC, PROVIDED])
async def test_order_can_be_chosen(client: AsyncClient, as_user: AsUser, path: str) -> None:
    for name in ("name", "created"):
        forth = [row[name] for row in await listed(client, path, as_user("staff"), o=name)]
        back = [row[name] for row in await listed(client, path, as_user("staff"), o=f"-{name}")]
        assert forth == sorted(forth)
        assert back == sorted(forth, reverse=True)


@pytest.mark.parametrize("path", [PUBLIC, PROVIDED])
async def test_head_counts(client: AsyncClient, as_user: AsUser, bookable: dict[str, Any], path: str) -> None:
    counted = await client.head(path, headers=as_user("staff"))
    assert (counted.status_code, counted.content) == (200, b"")
    assert counted.headers["X-Result-Count"] == str(len(bookable))
    uuid = next(iter(bookable))
    for further in ("", "plans/") if path == PUBLIC else ("",):
        response = await client.head(f"{path}{uuid}/{further}", headers=as_user("staff"))
        assert (response.status_code, response.content) == (200, b"")


async def test_every_field_can_be_asked_for_alone(client: AsyncClient, as_user: AsUser) -> None:
    for field in COMMON:
        rows = await listed(client, PUBLIC, as_user("staff"), field=field)
        assert {tuple(row) for row in rows} == {(field,)}


async def test_plan_is_as_it_was_loaded(client: AsyncClient, as_user: AsUser, bookable: dict[str, Any]) -> None:
    for uuid, loaded in DATASET["plans"].items():
        offering = str(UUID(loaded["offering"]))
        if offering not in bookable:
            continue
        path = f"{PUBLIC}{offering}/plans/{UUID(uuid)}/"
        response = await client.get(path, headers=as_user("staff"))
        assert response.status_code == 200
        plan = response.json()
        assert list(plan) == PLAN
        assert plan["url"].endswith(path)
        for name in ("name", "description", "unit", "archived"):
            assert plan[name] == loaded[name]
        assert plan["unit_price"] == f"{float(loaded['unit_price']):.10f}"
        priced = {
            DATASET["offering_components"][part["component"]]["type"]: part
            for part in DATASET["plan_components"]
            if part["plan"] == uuid
        }
        assert plan["prices"] == {kind: float(part["price"]) for kind, part in priced.items()}
        assert plan["quotas"] == {kind: part["amount"] for kind, part in priced.items()}
        assert [(c["type"], c["price"]) for c in plan["components"]] == sorted(
            (kind, f"{float(part['price']):.10f}") for kind, part in priced.items()
        )


async def test_archived_plan_is_not_listed_but_found(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, bookable: dict[str, Any]
) -> None:
    plan = (await rows.execute(_PLANS)).one()
    await rows.execute(update(Plan).where(Plan.uuid == plan.uuid).values(archived=True))
    path = f"{PUBLIC}{plan.offering_uuid}/plans/"
    assert str(plan.uuid) not in {row["uuid"] for row in await listed(client, path, as_user("staff"))}
    offering = (await client.get(f"{PUBLIC}{plan.offering_uuid}/", headers=as_user("staff"))).json()
    assert offering["plans"] == await listed(client, path, as_user("staff"))
    found = await client.get(f"{path}{plan.uuid}/", headers=as_user("staff"))
    assert (found.status_code, found.json()["archived"]) == (200, True)


async def test_plan_is_found_with_its_own_offering_only(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, bookable: dict[str, Any]
) -> None:
    plan = (await rows.execute(_PLANS)).one()
    other = next(uuid for uuid in bookable if UUID(uuid) != plan.offering_uuid)
    for path in (f"{other}/plans/{plan.uuid}", f"{plan.offering_uuid}/plans/nothing", f"nothing/plans/{plan.uuid}"):
        assert (await client.get(f"{PUBLIC}{path}/", headers=as_user("staff"))).status_code == 404


async def test_plans_of_a_hidden_offering_are_not_found(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    await rows.execute(update(Offering).values(shared=False))
    plan = (await rows.execute(_PLANS)).one()
    path = f"{PUBLIC}{plan.offering_uuid}/plans/"
    for hidden in (path, f"{path}{plan.uuid}/"):
        assert (await client.get(hidden, headers=as_user("outsider"))).status_code == 404


@pytest.mark.parametrize("path", [PUBLIC, PROVIDED])
async def test_what_is_not_there_is_not_found(client: AsyncClient, as_user: AsUser, path: str) -> None:
    for uuid in ("nowhere", "00000000-0000-4000-8000-000000000000"):
        response = await client.get(f"{path}{uuid}/", headers=as_user("staff"))
        assert (response.status_code, response.json()) == (404, {"detail": "No Offering matches the given query."})


@pytest.mark.parametrize("path", [PUBLIC, PROVIDED])
async def test_nobody_is_answered_without_a_token(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401


@pytest.mark.parametrize("path", [PUBLIC, PROVIDED])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_can_be_changed(client: AsyncClient, as_user: AsUser, path: str, method: str) -> None:
    response = await client.request(method, path, headers=as_user("staff"))
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_order_alone_makes_an_offering_visible(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    """To a member of the project, who sees the order but not the booking."""
    order = (await rows.execute(_ORDERS)).one()
    await rows.execute(update(Offering).values(shared=False, state=OfferingState.ARCHIVED))
    path = f"{PUBLIC}{order.offering_uuid}/"
    assert (await client.get(path, headers=as_user("outsider"))).status_code == 404
    user = uuid_of("users", username="outsider")
    grant = {"user_uuid": user, "role": "PROJECT.MEMBER", "project_uuid": order.project_uuid}
    await rows.execute(insert(RoleGrant).values(grant))
    assert (await client.get(path, headers=as_user("outsider"))).status_code == 200

"""A request can always be ended; a decision for the consumer changes nothing but requests (decisions 30 and 31)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import History, Order, Resource
from app.models.enums import OrderState, RequestType, ResourceState
from tests.conftest import AsUser
from tests.orders.conftest import Place, period

pytestmark = pytest.mark.slow

WAITING = ("pending-consumer", "pending-project", "pending-start-date", "pending-provider", "executing")
FAR_AHEAD = (datetime.now(UTC) + timedelta(days=5000)).date().isoformat()


async def standing(rows: AsyncConnection, booking: str) -> tuple[str, list[str], int]:
    """State of a booking and of its orders, and how many changes its history tells of."""
    state = (await rows.execute(select(Resource.state).where(Resource.uuid == booking))).scalar_one()
    orders = await rows.execute(select(Order.state).where(Order.resource_uuid == booking).order_by(Order.created))
    changes = await rows.execute(select(func.count(History.uuid)).where(History.resource_uuid == booking))
    return state, list(orders.scalars()), changes.scalar_one()


@pytest.mark.parametrize("waits_for", WAITING)
@pytest.mark.parametrize("user", ["creator", "powner", "omanager", "staff"])
async def test_request_is_rejected_whatever_it_waits_for(
    place: Place, client: AsyncClient, as_user: AsUser, rows: AsyncConnection, user: str, waits_for: str
) -> None:
    order = (await place(period(9, 10), user="creator")).json()
    booking = order["marketplace_resource_uuid"]
    await rows.execute(update(Order).where(Order.uuid == order["uuid"]).values(state=OrderState(waits_for)))
    path = f"/api/booking-resources/{booking}/"
    headers = as_user(user) | {"Prefer": "return=representation"}
    answer = await client.post(f"{path}reject/", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"order_uuid": order["uuid"]})
    assert await standing(rows, booking) == ("Terminated", ["canceled"], 1)
    assert (await place(period(9, 10))).status_code == 201


async def test_request_with_a_distant_day_holds_nothing_for_ever(
    place: Place, client: AsyncClient, as_user: AsUser, rows: AsyncConnection
) -> None:
    order = (await place(period(9, 10), start_date=FAR_AHEAD)).json()
    assert order["state"] == "pending-start-date"
    answer = await client.post(
        f"/api/booking-resources/{order['marketplace_resource_uuid']}/reject/", headers=as_user("powner")
    )
    assert answer.status_code == 200
    assert (await place(period(9, 10))).status_code == 201


@pytest.mark.parametrize("waits_for", WAITING)
@pytest.mark.parametrize(
    ("user", "status"), [("creator", 200), ("cowner", 200), ("staff", 200), ("powner", 403), ("outsider", 404)]
)
async def test_order_is_canceled_by_its_creator_and_the_consumer(
    place: Place, client: AsyncClient, as_user: AsUser, rows: AsyncConnection, user: str, status: int, waits_for: str
) -> None:
    order = (await place(period(9, 10), user="creator")).json()
    await rows.execute(update(Order).where(Order.uuid == order["uuid"]).values(state=OrderState(waits_for)))
    answer = await client.post(f"/api/marketplace-orders/{order['uuid']}/cancel/", headers=as_user(user))
    assert answer.status_code == status
    after = ("Terminated", ["canceled"], 1) if status == 200 else ("Creating", [waits_for], 0)
    assert await standing(rows, order["marketplace_resource_uuid"]) == after
    again = await client.post(f"/api/marketplace-orders/{order['uuid']}/cancel/", headers=as_user("staff"))
    assert again.status_code == (409 if status == 200 else 200)


DECISIONS = ("approve_by_consumer", "reject_by_consumer", "cancel")


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("kind", ["Update", "Terminate"])
@pytest.mark.parametrize("state", ["OK", "Creating"])
async def test_order_of_another_type_is_not_decided_on(
    place: Place, client: AsyncClient, as_user: AsUser, rows: AsyncConnection, decision: str, kind: str, state: str
) -> None:
    order = (await place(period(9, 10), user="creator")).json()
    booking = order["marketplace_resource_uuid"]
    await rows.execute(update(Resource).where(Resource.uuid == booking).values(state=ResourceState(state)))
    await rows.execute(update(Order).where(Order.uuid == order["uuid"]).values(type=RequestType(kind)))
    answer = await client.post(f"/api/marketplace-orders/{order['uuid']}/{decision}/", headers=as_user("staff"))
    assert (answer.status_code, answer.json()) == (400, ["Only a request for a new booking is decided on here."])
    assert await standing(rows, booking) == (state, ["pending-consumer"], 0)


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("state", ["OK", "Updating", "Erred", "Terminated"])
async def test_history_tells_of_no_change_that_was_none(
    place: Place, client: AsyncClient, as_user: AsUser, rows: AsyncConnection, decision: str, state: str
) -> None:
    order = (await place(period(9, 10), user="creator")).json()
    booking = order["marketplace_resource_uuid"]
    await rows.execute(update(Resource).where(Resource.uuid == booking).values(state=ResourceState(state)))
    answer = await client.post(f"/api/marketplace-orders/{order['uuid']}/{decision}/", headers=as_user("cowner"))
    assert (answer.status_code, answer.json()) == (409, {"detail": "Valid states for operation: Creating."})
    assert await standing(rows, booking) == (state, ["pending-consumer"], 0)


@pytest.mark.parametrize("decision", ["reject_by_consumer", "cancel"])
async def test_no_order_is_left_behind(
    place: Place, client: AsyncClient, as_user: AsUser, rows: AsyncConnection, decision: str
) -> None:
    order = (await place(period(9, 10), user="creator")).json()
    copied = (await rows.execute(select(Order.__table__).where(Order.uuid == order["uuid"]))).mappings().one()
    await rows.execute(insert(Order).values({**copied, "uuid": uuid4(), "state": OrderState.PENDING_PROJECT}))
    answer = await client.post(f"/api/marketplace-orders/{order['uuid']}/{decision}/", headers=as_user("cowner"))
    assert answer.status_code == 200
    state, orders, changes = await standing(rows, order["marketplace_resource_uuid"])
    ended = "rejected" if decision == "reject_by_consumer" else "canceled"
    assert (state, sorted(orders), changes) == ("Terminated", sorted([ended, "canceled"]), 1)

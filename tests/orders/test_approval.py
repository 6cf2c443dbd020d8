"""Where the creator of a request may not approve it, somebody of the consumer does; then it waits for its day."""

from datetime import UTC, datetime, timedelta

import pytest
from httpx import AsyncClient
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Project
from tests.conftest import AsUser
from tests.orders.conftest import Place, period


async def test_consumer_is_asked_when_the_creator_may_not_decide(
    place: Place, client: AsyncClient, as_user: AsUser
) -> None:
    order = (await place(period(9, 10), user="creator")).json()
    assert (order["state"], order["consumer_reviewed_by"]) == ("pending-consumer", None)
    path = f"/api/marketplace-orders/{order['uuid']}/"
    booking = f"/api/booking-resources/{order['marketplace_resource_uuid']}/"
    assert (await client.post(f"{booking}accept/", headers=as_user("powner"))).status_code == 400
    assert (await client.post(f"{path}approve_by_consumer/", headers=as_user("creator"))).status_code == 403
    assert (await client.post(f"{path}approve_by_consumer/", headers=as_user("outsider"))).status_code == 404
    assert (await client.post(f"{path}approve_by_consumer/", headers=as_user("cowner"))).status_code == 200
    again = await client.post(f"{path}approve_by_consumer/", headers=as_user("cowner"))
    assert (again.status_code, again.json()) == (409, {"detail": "Valid states for operation: pending-consumer."})
    assert (await client.get(path, headers=as_user("creator"))).json()["consumer_reviewed_by"] == "cowner"
    assert (await client.post(f"{booking}accept/", headers=as_user("powner"))).status_code == 200


async def test_consumer_turns_a_request_down(place: Place, client: AsyncClient, as_user: AsUser) -> None:
    order = (await place(period(9, 10), user="creator")).json()
    path = f"/api/marketplace-orders/{order['uuid']}/"
    assert (await client.post(f"{path}reject_by_consumer/", headers=as_user("cowner"))).status_code == 200
    assert (await client.get(path, headers=as_user("creator"))).json()["state"] == "rejected"
    booking = f"/api/booking-resources/{order['marketplace_resource_uuid']}/"
    assert (await client.get(booking, headers=as_user("creator"))).json()["state"] == "Terminated"
    [change] = (await client.get(f"{booking}history/", headers=as_user("creator"))).json()
    assert (change["from_state"], change["to_state"], change["user_username"]) == ("Creating", "Terminated", "cowner")
    assert (await place(period(9, 10))).status_code == 201


@pytest.mark.parametrize("decision", ["approve_by_consumer", "reject_by_consumer", "cancel"])
async def test_decision_is_answered_without_a_body(
    place: Place, client: AsyncClient, as_user: AsUser, decision: str
) -> None:
    order = (await place(period(9, 10), user="creator")).json()
    answer = await client.post(f"/api/marketplace-orders/{order['uuid']}/{decision}/", headers=as_user("cowner"))
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("project_starts", "order_starts", "state"),
    [
        (None, None, "executing"),
        (-1, -1, "executing"),
        (0, 0, "executing"),
        (1, None, "pending-project"),
        (1, 1, "pending-project"),
        (0, 1, "pending-start-date"),
    ],
)
@pytest.mark.parametrize("creator", ["cowner", "creator"])
async def test_approved_order_waits_for_its_project_and_its_day(
    place: Place,
    client: AsyncClient,
    as_user: AsUser,
    rows: AsyncConnection,
    creator: str,
    project_starts: int | None,
    order_starts: int | None,
    state: str,
) -> None:
    """Whether the creator may approve it, or the consumer's owner does so later; days are counted from today."""
    first, second = (
        None if days is None else datetime.now(UTC).date() + timedelta(days=days)
        for days in (project_starts, order_starts)
    )
    await rows.execute(update(Project).values(start_date=first))
    start_date = second and second.isoformat()
    order = (await place(period(9, 10), user=creator, start_date=start_date)).json()
    path = f"/api/marketplace-orders/{order['uuid']}/"
    if creator != "cowner":
        assert order["state"] == "pending-consumer"
        assert (await client.post(f"{path}approve_by_consumer/", headers=as_user("cowner"))).status_code == 200
    assert (await client.get(path, headers=as_user("cowner"))).json()["state"] == state

"""How bookings end: terminated, or expired before anybody decided."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.bookings.expiry import expire_pending
from app.embedded import Cluster
from app.models import History, Offering, Order, Resource, Slot
from app.models.enums import LIVE_STATES, OrderState, ResourceState
from tests.conftest import AsUser
from tests.databases import OneTransaction, filled

ACCEPTED = "25dda1ba-a0eb-0f1b-970a-bd6da2a3c216"
WAITING = "8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd"
TERMINATE = "/api/marketplace-resources/{}/terminate/"


@pytest.fixture(autouse=True)
async def nothing_going_on(rows: AsyncConnection) -> None:
    """The accepted booking has no order that has not ended."""
    await rows.execute(update(Order).where(Order.resource_uuid == ACCEPTED).values(state=OrderState.DONE))


async def test_termination_frees_the_slots_and_is_recorded(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection
) -> None:
    body = {"attributes": {"termination_comment": "no longer needed"}}
    answer = await client.post(TERMINATE.format(ACCEPTED), json=body, headers=as_user("cowner"))
    assert answer.status_code == 200
    [order] = (await rows.execute(select(Order).where(Order.uuid == answer.json()["order_uuid"]))).all()
    assert (order.type, order.state, order.termination_comment) == ("Terminate", "done", "no longer needed")
    assert (await rows.execute(select(Slot.live).where(Slot.resource_uuid == ACCEPTED))).scalars().all() == [False]
    [change] = (await rows.execute(select(History).where(History.resource_uuid == ACCEPTED))).all()
    assert (change.from_state, change.to_state, change.comment) == ("OK", "Terminated", "no longer needed")


@pytest.mark.parametrize(
    ("user", "state", "status"),
    [
        ("staff", "OK", 200),
        ("powner", "OK", 200),
        ("cowner", "Erred", 200),
        ("creator", "OK", 200),
        ("padmin", "OK", 404),
        ("pmanager", "OK", 403),
        ("outsider", "OK", 404),
        ("powner", "Creating", 409),
        ("powner", "Terminated", 409),
        ("powner", "Updating", 409),
    ],
)
async def test_who_may_terminate_what(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection, user: str, state: str, status: int
) -> None:
    await rows.execute(update(Resource).where(Resource.uuid == ACCEPTED).values(state=ResourceState(state)))
    before = await client.get(f"/api/booking-resources/{ACCEPTED}/?field=can_terminate", headers=as_user(user))
    answer = await client.post(TERMINATE.format(ACCEPTED), headers=as_user(user))
    assert answer.status_code == status
    if before.status_code == 200:
        assert before.json()["can_terminate"] == (status == 200)
    if status == 409:
        assert answer.json() == {"detail": "Valid states for operation: OK, Erred."}


async def test_second_termination_is_refused(client: AsyncClient, as_user: AsUser) -> None:
    statuses = [(await client.post(TERMINATE.format(ACCEPTED), headers=as_user("staff"))).status_code for _ in range(2)]
    assert statuses == [200, 409]


async def test_pending_order_and_closed_consumer_are_told(
    client: AsyncClient, as_user: AsUser, rows: AsyncConnection
) -> None:
    await rows.execute(update(Order).where(Order.resource_uuid == ACCEPTED).values(state=OrderState.EXECUTING))
    answer = await client.post(TERMINATE.format(ACCEPTED), headers=as_user("staff"))
    assert (answer.status_code, answer.json()) == (400, ["Pending order for resource already exists."])
    await rows.execute(text("UPDATE customer SET blocked = true"))
    answer = await client.post(TERMINATE.format(ACCEPTED), headers=as_user("staff"))
    assert (answer.status_code, answer.json()) == (400, ["Blocked or archived organization is not available."])


async def _with_slots(rows: AsyncConnection, *hours: tuple[float, float]) -> None:
    now = datetime.now(UTC)
    [booking] = (await rows.execute(select(Resource).where(Resource.uuid == WAITING))).all()
    for start, end in hours:
        values = {"start": now + timedelta(hours=start), "end": now + timedelta(hours=end), "backend_id": "b"}
        fixed = {"resource_uuid": WAITING, "offering_uuid": booking.offering_uuid, "live": booking.live}
        await rows.execute(insert(Slot).values(**fixed, **values))


@pytest.mark.parametrize(
    ("hours", "expires"),
    [
        ([(-2, -1)], True),
        ([(-1, 1)], True),
        ([(-2, -1), (1, 2)], False),
        ([(1, 2), (-2, -1)], False),
        ([(1, 2)], False),
        ([], False),
    ],
    ids=["past", "begun", "one ahead", "one ahead, given first", "ahead", "without slots"],
)
async def test_request_expires_when_its_last_slot_has_begun(rows: AsyncConnection, hours: Any, expires: bool) -> None:
    await rows.execute(update(Resource).where(Resource.uuid != WAITING).values(state=ResourceState.ERRED))
    await _with_slots(rows, *hours)
    expired = await expire_pending(OneTransaction(rows))
    assert [str(uuid) for uuid in expired] == ([WAITING] if expires else [])
    [booking] = (await rows.execute(select(Resource).where(Resource.uuid == WAITING))).all()
    assert booking.state == ("Terminated" if expires else "Creating")
    changes = (await rows.execute(select(History).where(History.resource_uuid == WAITING))).all()
    told = [(change.user_uuid, change.comment, change.to_state) for change in changes]
    assert told == ([(None, "expired", "Terminated")] if expires else [])
    [order] = (await rows.execute(select(Order).where(Order.resource_uuid == WAITING))).all()
    assert (order.state, order.termination_comment) == (("canceled", "expired") if expires else ("executing", None))


async def test_bad_row_does_not_stop_the_rest(cluster: Cluster) -> None:
    """A trigger refuses one of the bookings; all others expire."""
    trigger = f"""
        CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF OLD.uuid = '{WAITING}' THEN RAISE 'stays'; END IF; RETURN NEW; END $$"""
    async with filled(cluster, "expiry") as database:
        async with database.transaction() as connection:
            bookings = (
                await connection.execute(
                    select(Resource.uuid, Resource.offering_uuid, Resource.live)
                    .join(Offering, Offering.uuid == Resource.offering_uuid)
                    .where(Resource.state.in_([s for s in LIVE_STATES if s == "Creating"]))
                )
            ).all()
            for day, booking in enumerate(bookings):
                start = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day)
                values = {"start": start, "end": start + timedelta(hours=1), "backend_id": "b", "live": True}
                fixed = {"resource_uuid": booking.uuid, "offering_uuid": booking.offering_uuid}
                await connection.execute(insert(Slot).values(**fixed, **values))
            await connection.execute(text(trigger))
            await connection.execute(
                text("CREATE TRIGGER stay BEFORE UPDATE ON resource FOR EACH ROW EXECUTE FUNCTION stay()")
            )
        expired = {str(uuid) for uuid in await expire_pending(database)}
    assert expired == {str(booking.uuid) for booking in bookings} - {WAITING}

"""What is done once a day is done, by one replica."""

import asyncio
import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from pydantic import SecretStr
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config import Settings
from app.daily import USUAL_TIME, day, seconds_until, working_daily
from app.database import Database, connected
from app.database.locks import Lock
from app.embedded import Cluster
from app.models import IdempotencyKey, Order, Project, Resource, Slot, Token, User
from app.models.enums import OrderState, RequestType
from tests.conftest import AsUser
from tests.databases import OneTransaction, address, filled

HOUR = timedelta(hours=1)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
WAITING = "8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd"


async def test_one_replica_works_at_a_time(recorded: Database, rows: AsyncConnection) -> None:
    async with recorded.transaction() as other:
        await other.execute(text(f"SELECT pg_advisory_xact_lock({Lock.DAILY_WORK})"))
        assert await day(OneTransaction(rows)) is False
    assert await day(OneTransaction(rows)) is True


@pytest.mark.parametrize("state", ["pending-project", "pending-start-date"])
@pytest.mark.parametrize(("starts", "state_after"), [(date(2025, 1, 1), "executing"), (date(2099, 1, 1), None)])
async def test_order_goes_on_when_its_day_has_come(
    rows: AsyncConnection, state: str, starts: date, state_after: str | None
) -> None:
    mine = Order.resource_uuid == WAITING
    await rows.execute(update(Order).where(mine).values(state=OrderState(state), start_date=starts))
    await rows.execute(update(Project).values(start_date=starts))
    await day(OneTransaction(rows))
    after = (await rows.execute(select(Order.state).where(mine))).scalar_one()
    assert after == (state_after or state)


@pytest.mark.parametrize(("now", "hours"), [(9, 1), (10, 24), (11, 23)])
def test_next_time_of_day(now: int, hours: int) -> None:
    assert seconds_until(time(10), datetime(2026, 1, 1, now, tzinfo=UTC)) == hours * 3600


@pytest.mark.parametrize(("at", "expected"), [(time(8), (time(8), True)), (None, (USUAL_TIME, False))])
async def test_work_is_done_at_its_time(
    recorded: Database, monkeypatch: pytest.MonkeyPatch, at: time | None, expected: tuple[time, bool]
) -> None:
    waits = iter([0.0, 3600.0])
    done: list[Any] = []

    def wait(at: time, now: datetime) -> float:
        done.append(at)
        return next(waits)

    async def work(database: Database, *, expire: bool) -> bool:
        done.append(expire)
        return True

    monkeypatch.setattr("app.daily.seconds_until", wait)
    monkeypatch.setattr("app.daily.day", work)
    async with working_daily(recorded, at):
        for _ in range(3):
            async with recorded.transaction() as connection:
                await connection.execute(text("SELECT 1"))
    assert done == [*expected, expected[0]], "the time, the work, and the time again"


@pytest.mark.parametrize("expire", [True, False])
async def test_requests_expire_unless_that_is_switched_off(rows: AsyncConnection, expire: bool) -> None:
    [booking] = (
        await rows.execute(select(Resource.offering_uuid, Resource.live).where(Resource.uuid == WAITING))
    ).all()
    slot = {"start": LONG_AGO, "end": LONG_AGO + HOUR, "backend_id": "", **booking._asdict()}
    await rows.execute(insert(Slot).values(resource_uuid=WAITING, **slot))
    await day(OneTransaction(rows), expire=expire)
    state = (await rows.execute(select(Resource.state).where(Resource.uuid == WAITING))).scalar_one()
    assert state == ("Terminated" if expire else "Creating")


class Ahead(datetime):
    """A clock that is wrong by 600 days."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) + timedelta(days=600)


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of this machine is 600 days ahead of that of the database."""
    for name, module in list(sys.modules.items()):
        if name.startswith("app.") and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", Ahead)


@pytest.mark.usefixtures("ahead")
async def test_clock_of_the_machine_decides_nothing(rows: AsyncConnection) -> None:
    """Nothing expires, starts or is forgotten that has not come by the clock of PostgreSQL."""
    soon, mine = datetime.now(UTC) + timedelta(days=300), Order.resource_uuid == WAITING
    [booking] = (
        await rows.execute(select(Resource.offering_uuid, Resource.live).where(Resource.uuid == WAITING))
    ).all()
    slot = {"start": soon, "end": soon + HOUR, "backend_id": "", **booking._asdict()}
    await rows.execute(insert(Slot).values(resource_uuid=WAITING, **slot))
    waits = {"state": OrderState.PENDING_START_DATE, "start_date": soon.date()}
    await rows.execute(update(Order).where(mine).values(waits))
    user = (await rows.execute(select(User.uuid).limit(1))).scalar_one()
    answer = {"user_uuid": user, "key": "k", "fingerprint": "", "status": 201, "body": {}}
    await rows.execute(insert(IdempotencyKey).values(answer))
    await day(OneTransaction(rows))
    assert (await rows.execute(select(Resource.state).where(Resource.uuid == WAITING))).scalar_one() == "Creating"
    assert (await rows.execute(select(Order.state).where(mine))).scalar_one() == "pending-start-date"
    assert (await rows.execute(select(IdempotencyKey.key))).scalars().all() == ["k"]


@pytest.mark.usefixtures("ahead")
async def test_token_expires_by_the_clock_of_the_database(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    await rows.execute(update(Token).values(expires=datetime.now(UTC) + timedelta(days=300)))
    assert (await client.get("/api/booking-resources/", headers=as_user("staff"))).status_code == 200


async def test_much_is_done_in_batches(rows: AsyncConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("app.daily", "app.bookings.expiry"):
        monkeypatch.setattr(f"{module}.AT_ONCE", 2)
    waiting = select(Resource.uuid, Resource.offering_uuid, Resource.live).where(Resource.state == "Creating")
    bookings = (await rows.execute(waiting)).all()
    assert len(bookings) > 4
    await rows.execute(delete(Slot).where(Slot.resource_uuid.in_([booking.uuid for booking in bookings])))
    for number, booking in enumerate(bookings):
        start = LONG_AGO + number * HOUR
        own = {"resource_uuid": booking.uuid, "offering_uuid": booking.offering_uuid, "live": booking.live}
        await rows.execute(insert(Slot).values(start=start, end=start + HOUR, backend_id="", **own))
    user = (await rows.execute(select(User.uuid).limit(1))).scalar_one()
    answer = {"user_uuid": user, "fingerprint": "", "status": 201, "body": {}, "created": LONG_AGO}
    await rows.execute(insert(IdempotencyKey).values([{"key": str(number), **answer} for number in range(5)]))
    await day(OneTransaction(rows))
    assert (await rows.execute(waiting)).all() == []
    assert (await rows.execute(select(IdempotencyKey.key))).all() == []


async def test_many_orders_start_in_batches(rows: AsyncConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.daily.AT_ONCE", 2)
    asking = select(Resource.uuid).where(Resource.state == "Creating")
    due = update(Order).where(Order.resource_uuid.in_(asking), Order.type == RequestType.CREATE)
    put = due.values(state=OrderState.PENDING_START_DATE, start_date=date(2025, 1, 1)).returning(Order.uuid)
    orders = (await rows.execute(put)).scalars().all()
    assert len(orders) > 4
    await rows.execute(update(Project).values(start_date=None))
    await day(OneTransaction(rows), expire=False)
    states = (await rows.execute(select(Order.state).where(Order.uuid.in_(orders)))).scalars()
    assert set(states) == {OrderState.EXECUTING}


async def test_work_that_fails_is_tried_again(recorded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []
    done = asyncio.Event()

    async def work(database: Database, *, expire: bool) -> bool:
        tries.append("tried")
        if len(tries) < 3:
            raise RuntimeError
        done.set()
        return True

    monkeypatch.setattr("app.daily.seconds_until", lambda *_: 3600.0 if tries else 0.0)
    monkeypatch.setattr("app.daily.PAUSE", 0)
    monkeypatch.setattr("app.daily.day", work)
    async with asyncio.timeout(5), working_daily(recorded, time(8)):
        await done.wait()
    assert len(tries) == 3


async def test_work_may_take_longer_than_a_transaction_may_stand_idle(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dawdle(_: Database) -> list[UUID]:
        await asyncio.sleep(1.5)
        return []

    async with filled(cluster, "idle") as database:
        settings = Settings(database_url=SecretStr(address(database)), database_idle_timeout=0.7)
    monkeypatch.setattr("app.daily.expire_pending", dawdle)
    async with connected(settings, serving=True) as database:
        assert await day(database)


async def test_project_that_begins_leaves_orders_that_wait_for_their_own_day(rows: AsyncConnection) -> None:
    mine = Order.resource_uuid == WAITING
    await rows.execute(update(Order).where(mine).values(state=OrderState.PENDING_PROJECT, start_date=date(2099, 1, 1)))
    await rows.execute(update(Project).values(start_date=date(2025, 1, 1)))
    await day(OneTransaction(rows))
    assert (await rows.execute(select(Order.state).where(mine))).scalar_one() == "pending-start-date"

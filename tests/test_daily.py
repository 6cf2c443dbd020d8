"""What is done once a day is done, by one replica."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.daily import USUAL_TIME, day, seconds_until, working_daily
from app.database import Database
from app.locks import Lock
from app.models import Order, Project, Resource, Slot
from app.models.enums import OrderState
from tests.databases import OneTransaction

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


async def test_project_that_begins_leaves_orders_that_wait_for_their_own_day(rows: AsyncConnection) -> None:
    mine = Order.resource_uuid == WAITING
    await rows.execute(update(Order).where(mine).values(state=OrderState.PENDING_PROJECT, start_date=date(2099, 1, 1)))
    await rows.execute(update(Project).values(start_date=date(2025, 1, 1)))
    await day(OneTransaction(rows))
    assert (await rows.execute(select(Order.state).where(mine))).scalar_one() == "pending-start-date"

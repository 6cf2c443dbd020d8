"""What is done once a day is done, by one replica."""

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.daily import LEADER, day, seconds_until, working_daily
from app.database import Database
from app.models import Order, Project
from app.models.enums import OrderState
from tests.databases import OneTransaction

WAITING = "8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd"


async def test_one_replica_works_at_a_time(recorded: Database, rows: AsyncConnection) -> None:
    async with recorded.transaction() as other:
        await other.execute(text(f"SELECT pg_advisory_xact_lock({LEADER})"))
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


async def test_work_is_done_at_its_time(recorded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = iter([0.0, 3600.0])
    done: list[Database] = []

    async def work(database: Database) -> bool:
        done.append(database)
        return True

    monkeypatch.setattr("app.daily.seconds_until", lambda at, now: next(waits))
    monkeypatch.setattr("app.daily.day", work)
    async with working_daily(recorded, time(10)):
        for _ in range(3):
            await recorded_turn(recorded)
    assert done == [recorded]


async def recorded_turn(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("SELECT 1"))


async def test_nothing_is_done_when_switched_off(recorded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[time] = []

    def wait(at: time, now: datetime) -> float:
        called.append(at)
        return 3600.0

    monkeypatch.setattr("app.daily.seconds_until", wait)
    async with working_daily(recorded, None):
        await recorded_turn(recorded)
    assert called == []

"""PostgreSQL has the last word on a request: what it refuses is told as a conflict; a deadlock is tried once more."""

from typing import Any

import pytest
from asyncpg import DeadlockDetectedError
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Resource
from app.orders import repository, service
from app.slots.conflicts import Holder
from app.slots.repository import holders
from tests.orders.conftest import Place, period


async def nothing(*_: object, **__: object) -> list[Holder]:
    """What a check finds that looked before a rival was there."""
    return []


async def bookings(rows: AsyncConnection) -> int:
    return (await rows.execute(select(func.count()).select_from(Resource))).scalar_one()


async def test_rival_that_came_after_the_check_is_told_as_any_other(
    place: Place, rows: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = (await place(period(9, 10))).json()["marketplace_resource_uuid"]
    before = await bookings(rows)
    look = [nothing, holders]
    monkeypatch.setattr(service, "holders", lambda *given, **more: look.pop(0)(*given, **more))
    answer = await place(period(9.5, 11))
    assert answer.status_code == 400
    text, explained = answer.json()
    assert text.endswith("is not available. Other booking request exists.")
    assert explained == {"conflicts": [{**period(9, 10), "uuid": booking, "state": "Creating"}]}
    assert await bookings(rows) == before


async def test_rival_that_is_gone_again_is_told_without_periods(
    place: Place, rows: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place(period(9, 10))
    before = await bookings(rows)
    monkeypatch.setattr(service, "holders", nothing)
    answer = await place(period(9.5, 11))
    start, end = period(9.5, 11).values()
    expected = [f"Time period from {start} to {end} is not available.", {"conflicts": []}]
    assert (answer.status_code, answer.json()) == (400, expected)
    assert await bookings(rows) == before


@pytest.mark.parametrize(("deadlocks", "status"), [(1, 201), (2, 503)])
async def test_deadlock_is_tried_once_more(
    place: Place, rows: AsyncConnection, monkeypatch: pytest.MonkeyPatch, deadlocks: int, status: int
) -> None:
    before, store, victims = await bookings(rows), repository.store, iter(range(deadlocks))

    async def sometimes(*given: Any, **values: Any) -> Any:
        stored = await store(*given, **values)
        if next(victims, None) is not None:
            raise DeadlockDetectedError
        return stored

    monkeypatch.setattr(repository, "store", sometimes)
    answer = await place(period(9, 10))
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert await bookings(rows) == before + (status == 201)

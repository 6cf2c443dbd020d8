"""What a provider changes while a request waits for its turn decides on that request."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Any

import pytest
from asyncpg import Connection
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import text

from app.config import Settings
from app.database import Database
from app.database.locks import Lock
from app.embedded import Cluster
from tests.conftest import BASE_URL
from tests.databases import address, filled, other
from tests.dataset import key_of
from tests.orders.conftest import DAY, MICROSCOPE, body, period

OWN = f"/api/marketplace-provider-offerings/{MICROSCOPE}/"
RULES = f"/api/booking-offerings/{MICROSCOPE}/rules/"
OPEN = {"schedules": [period(-48, 480)]}
ELSEWHEN = {"schedules": [period(33, 36)]}
HELD = f"SELECT pg_advisory_xact_lock(hashtextextended('{MICROSCOPE}', {int(Lock.PERIODS)}))"
WAITING = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())"
)
STORED = text("SELECT count(*) FROM resource WHERE name = 'Bee brains'")
CHANGES: dict[str, tuple[str, str, Any, str]] = {
    "hours": ("POST", f"{OWN}update_attributes/", ELSEWHEN, "is not available for selected offering."),
    "rules": ("PUT", RULES, {"max": "PT15M"}, "(rule max)"),
    "turnaround": ("PUT", RULES, {"max_open_per_user": 1, "turnaround": "PT1H"}, "(rule max_open_per_user)"),
    "pause": ("POST", f"{OWN}pause/", {"paused_reason": "Laser"}, "Offering is not available."),
    "archive": ("POST", f"{OWN}archive/", None, "Object does not exist."),
}


@pytest.fixture
async def served(cluster: Cluster, application: FastAPI, settings: Settings) -> AsyncIterator[Database]:
    """The recorded data in a database of their own, in which the application commits."""
    async with filled(cluster, "meanwhile") as database:
        application.state.settings, application.state.database = settings, database
        yield database


@pytest.fixture
async def staff(application: FastAPI, served: Database) -> AsyncIterator[AsyncClient]:
    headers = key_of("staff")
    async with AsyncClient(transport=ASGITransport(application), base_url=BASE_URL, headers=headers) as client:
        yield client


async def in_turn(served: Database, *calls: Awaitable[Response]) -> list[Response]:
    """The answers of calls, each of which has read what it needs and waits for its turn before the next one begins."""
    async with other(address(served)) as holder:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute(HELD)
        tasks = []
        for number, call in enumerate(calls, start=1):
            tasks.append(asyncio.ensure_future(call))
            await queue(holder, number)
        await transaction.commit()
        return await asyncio.wait_for(asyncio.gather(*tasks), 30)


async def queue(holder: Connection, number: int) -> None:
    async with asyncio.timeout(10):
        while await holder.fetchval(WAITING) < number:  # noqa: ASYNC110 - a server has no event for it
            await asyncio.sleep(0.01)


def place(client: AsyncClient, *periods: dict[str, str]) -> Awaitable[Response]:
    return client.post("/api/marketplace-orders/", json=body(*periods))


async def stored(database: Database) -> int:
    async with database.transaction() as connection:
        return int((await connection.execute(STORED)).scalar_one())


@pytest.mark.parametrize("what", CHANGES)
async def test_request_that_waits_is_decided_by_what_was_changed(
    staff: AsyncClient, served: Database, what: str
) -> None:
    method, path, content, refusal = CHANGES[what]
    before = await stored(served)
    changed, placed = await in_turn(
        served, staff.request(method, path, json=content), place(staff, period(9, 10), period(11, 12))
    )
    assert changed.status_code == 200, changed.text
    assert (placed.status_code, refusal in placed.text) == (400, True), placed.text
    assert await stored(served) == before


async def test_request_that_came_first_is_told_to_who_changes_hours(staff: AsyncClient, served: Database) -> None:
    placed, changed = await in_turn(
        served,
        place(staff, period(9, 10)),
        staff.post(f"{OWN}update_attributes/", json=ELSEWHEN),
    )
    assert placed.status_code == 201, placed.text
    outside = {each["uuid"] for each in changed.json()["outside"]}
    assert placed.json()["marketplace_resource_uuid"] in outside


async def test_request_that_new_hours_allow_is_stored_by_new_rules(staff: AsyncClient, served: Database) -> None:
    """It was possible by what was, and is by what is; what it holds is by what is."""
    changed, placed = await in_turn(served, staff.put(RULES, json={"turnaround": "PT1H"}), place(staff, period(9, 10)))
    assert (changed.status_code, placed.status_code) == (200, 201), placed.text
    held = text("SELECT held_until FROM slot WHERE resource_uuid = :uuid")
    async with served.transaction() as connection:
        found = await connection.scalar(held, {"uuid": placed.json()["marketplace_resource_uuid"]})
    assert found == DAY + timedelta(hours=11)


async def test_every_booking_is_within_the_hours_or_told(staff: AsyncClient, served: Database) -> None:
    """Hours are closed and opened again and again while others book, without any order."""
    told: set[str] = set()

    async def book(hour: int) -> Response:
        await asyncio.sleep(0.02 * (hour % 7))
        return await place(staff, period(hour, hour + 1))

    for first in range(0, 60, 10):
        assert (await staff.post(f"{OWN}update_attributes/", json=OPEN)).status_code == 200
        bookings = [asyncio.ensure_future(book(hour)) for hour in range(first, first + 10)]
        await asyncio.sleep(0.07)
        changed = (await staff.post(f"{OWN}update_attributes/", json={"schedules": []})).json()
        told |= {each["uuid"] for each in changed["outside"]}
        answers = await asyncio.gather(*bookings)
        assert {answer.status_code for answer in answers} <= {201, 400}
        placed = {answer.json()["marketplace_resource_uuid"] for answer in answers if answer.status_code == 201}
        assert placed <= told

"""While one caller asks for much, others are answered: what is much is left to PostgreSQL, or bounded."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.repository import MOST_PERIODS
from app.models import Offering
from tests.conftest import AsUser
from tests.orders.conftest import MICROSCOPE

pytestmark = pytest.mark.slow

SLOTS = 100_000
PATIENCE = 0.5
START = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
FREE = f"/api/booking-offerings/{MICROSCOPE}/free/"
TAKEN = f"/api/marketplace-bookings/{MICROSCOPE}/"


@pytest.fixture(autouse=True)
async def much(rows: AsyncConnection) -> None:
    """An offering that is open for ever, of which 100,000 periods are taken: two minutes of each five."""
    endless = {"schedules": [{"start": "2024-01-01T00:00:00Z", "end": "9998-12-31T23:59:59Z"}]}
    await rows.execute(update(Offering).where(Offering.uuid == MICROSCOPE).values(attributes=endless))
    filled = """
        INSERT INTO busy_slot (offering_uuid, "start", "end") SELECT :offering, begun, begun + interval '2 min'
        FROM generate_series(0, :last) AS number,
        LATERAL (SELECT CAST(:start AS timestamptz) + number * interval '5 min' AS begun) AS at
    """
    await rows.execute(text(filled), {"offering": MICROSCOPE, "last": SLOTS - 1, "start": START})
    await rows.execute(text("ANALYZE busy_slot"))


async def longest_wait(client: AsyncClient, work: Awaitable[Response]) -> tuple[Response, float]:
    """What comes of the work, and how long others waited at most for the service to say that it lives."""
    task = asyncio.ensure_future(work)
    longest = 0.0
    while not task.done():
        begun = perf_counter()
        await asyncio.sleep(0.001)  # where the request would wait for its turn
        assert (await client.get("/health/live")).status_code == 200
        longest = max(longest, perf_counter() - begun)
    return await task, longest


@pytest.mark.parametrize("path", [FREE, TAKEN], ids=["free", "taken"])
async def test_others_are_answered_meanwhile(client: AsyncClient, as_user: AsUser, path: str) -> None:
    span = {"start": START.isoformat(), "end": (START + timedelta(days=366)).isoformat()}
    waits = []
    for _ in range(3):  # the machine may be busy with something else
        answer, longest = await longest_wait(client, client.get(path, params=span, headers=as_user("powner")))
        waits.append(longest)
    assert (answer.status_code, len(answer.json())) == (200, MOST_PERIODS)
    assert int(answer.headers["X-Result-Count"]) >= SLOTS
    assert min(waits) < PATIENCE
    again, _ = await longest_wait(client, client.head(path, params=span, headers=as_user("powner")))
    assert again.headers["X-Result-Count"] == answer.headers["X-Result-Count"]

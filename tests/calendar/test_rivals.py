"""Requests and busy slots for the same time, all at once: one of them gets it."""

import asyncio

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from app.config import Settings
from app.database import Database
from app.embedded import Cluster
from tests.conftest import BASE_URL, AsUser
from tests.databases import address, engine_on, filled
from tests.orders.conftest import MICROSCOPE, body, period

ROUNDS = 12
BOTH = text(
    "SELECT count(*) FROM slot AS s JOIN busy_slot AS b ON b.offering_uuid = s.offering_uuid"
    ' AND s.live AND tstzrange(s.start, s."end") && tstzrange(b.start, b."end")'
)


async def test_time_is_never_booked_and_busy(
    application: FastAPI, cluster: Cluster, settings: Settings, as_user: AsUser
) -> None:
    async with filled(cluster, "busy_rivals") as recorded:
        engine = engine_on(address(recorded), pool_size=8, max_overflow=0)
        database = Database(engine)
        application.state.settings, application.state.database = settings, database
        async with AsyncClient(transport=ASGITransport(application), base_url=BASE_URL) as client:

            async def rival(number: int, hour: int) -> int:
                wanted, busy = period(hour, hour + 1), f"/api/booking-offerings/{MICROSCOPE}/busy-slots/"
                if number % 2:
                    sent = await client.post(busy, json=wanted, headers=as_user("powner"))
                else:
                    sent = await client.post("/api/marketplace-orders/", json=body(wanted), headers=as_user("cowner"))
                return sent.status_code

            for hour in range(ROUNDS):
                answers = await asyncio.gather(*(rival(number, hour) for number in range(hour, hour + 6)))
                assert set(answers) <= {201, 400}
                assert sum(answer == 201 for answer in answers) in (1, 3), "one request, or all busy slots"
        async with database.transaction() as connection:
            assert (await connection.execute(BOTH)).scalar_one() == 0
        await engine.dispose()

"""Retries with an Idempotency-Key do no harm."""

import pytest
from httpx import AsyncClient
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import Database
from app.database.locks import Lock
from app.models import IdempotencyKey, Order
from tests.conftest import AsUser
from tests.dataset import uuid_of
from tests.orders.conftest import Place, body, period


async def _orders(rows: AsyncConnection) -> int:
    return (await rows.execute(select(func.count(Order.uuid)))).scalar_one()


async def test_retry_gets_the_same_answer_and_places_nothing(place: Place, rows: AsyncConnection) -> None:
    before = await _orders(rows)
    answers = [await place(period(9, 10), headers={"Idempotency-Key": "a"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert {answer.headers["Location"] for answer in answers} == {answers[0].json()["url"]}
    assert await _orders(rows) == before + 1


async def test_key_of_another_request_is_refused(place: Place) -> None:
    await place(period(9, 10), headers={"Idempotency-Key": "a"})
    answer = await place(period(11, 12), headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json()) == (
        422,
        {"detail": "This Idempotency-Key was used for another request."},
    )


async def test_users_do_not_share_keys(place: Place) -> None:
    first = await place(period(9, 10), headers={"Idempotency-Key": "a"})
    second = await place(period(11, 12), user="creator", headers={"Idempotency-Key": "a"})
    assert (first.status_code, second.status_code) == (201, 201)


async def test_refused_request_may_be_tried_again(place: Place, client: AsyncClient, as_user: AsUser) -> None:
    rival = (await place(period(9, 10))).json()["marketplace_resource_uuid"]
    key = {"Idempotency-Key": "b"}
    assert (await place(period(9, 10), headers=key)).status_code == 400
    await client.post(f"/api/booking-resources/{rival}/reject/", headers=as_user("cowner"))
    assert (await place(period(9, 10), headers=key)).status_code == 201


async def test_key_is_forgotten_after_a_day(place: Place, rows: AsyncConnection) -> None:
    await place(period(9, 10), headers={"Idempotency-Key": "a"})
    await rows.execute(update(IdempotencyKey).values(created=text("now() - interval '25 hours'")))
    assert (await place(period(11, 12), headers={"Idempotency-Key": "a"})).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "k" * 256, "a\tb"])
async def test_impossible_key_is_refused(place: Place, key: str) -> None:
    answer = await place(period(9, 10), headers={"Idempotency-Key": key})
    assert (answer.status_code, list(answer.json())) == (400, ["Idempotency-Key"])


async def test_request_in_flight_is_told(place: Place, recorded: Database) -> None:
    user = uuid_of("users", username="cowner")
    async with recorded.transaction() as other:
        await other.execute(text(f"SELECT pg_advisory_xact_lock(hashtextextended('{user}a', {Lock.RETRY}))"))
        answer = await place(period(9, 10), headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": "A request with this Idempotency-Key is being processed."},
    )


async def test_without_a_key_each_request_counts(place: Place, rows: AsyncConnection) -> None:
    before = await _orders(rows)
    assert [(await place(period(hour, hour + 1))).status_code for hour in (9, 10)] == [201, 201]
    assert await _orders(rows) == before + 2
    assert body()["attributes"]["schedules"] == []

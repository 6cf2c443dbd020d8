"""A blocked or archived organisation agrees to nothing, and can still refuse. Rule: decision 69."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Customer
from tests.conftest import AsUser
from tests.dataset import DATASET
from tests.orders.conftest import GENOME_STUDY, MICROSCOPE, Place, period

CLOSED = (400, ["Blocked or archived organization is not available."])
CONSUMER = UUID(DATASET["projects"][UUID(GENOME_STUDY).hex]["customer"])
PROVIDER = UUID(DATASET["offerings"][UUID(MICROSCOPE).hex]["customer"])


class Parties:
    """A request of a creator who may not approve it, and what both sides do about it."""

    def __init__(self, client: AsyncClient, as_user: AsUser, rows: AsyncConnection, order: dict[str, Any]) -> None:
        self.client, self.as_user, self.rows = client, as_user, rows
        self.order = f"/api/marketplace-orders/{order['uuid']}/"
        self.booking = f"/api/booking-resources/{order['marketplace_resource_uuid']}/"

    async def post(self, path: str, user: str) -> Response:
        return await self.client.post(path, headers=self.as_user(user))

    async def approve(self) -> tuple[int, Any]:
        answer = await self.post(f"{self.order}approve_by_consumer/", "cowner")
        return answer.status_code, answer.json() if answer.content else None

    async def accept(self, user: str = "powner") -> tuple[int, Any]:
        answer = await self.post(f"{self.booking}accept/", user)
        return answer.status_code, answer.json() if answer.content else None

    async def actions(self) -> list[str]:
        answer = await self.client.get(self.booking, headers=self.as_user("powner"))
        found: list[str] = answer.json()["available_actions"]
        return found

    async def close(self, customer: UUID, how: str, value: bool = True) -> None:
        await self.rows.execute(update(Customer).where(Customer.uuid == customer).values({how: value}))


@pytest.fixture
async def parties(place: Place, client: AsyncClient, as_user: AsUser, rows: AsyncConnection) -> Parties:
    return Parties(client, as_user, rows, (await place(period(9, 10), user="creator")).json())


@pytest.mark.parametrize("how", ["blocked", "archived"])
async def test_closed_consumer_does_not_approve(parties: Parties, how: str) -> None:
    await parties.close(CONSUMER, how)
    assert await parties.approve() == CLOSED
    await parties.close(CONSUMER, how, False)
    assert await parties.approve() == (200, None)


@pytest.mark.parametrize("how", ["blocked", "archived"])
async def test_closed_provider_does_not_accept(parties: Parties, how: str) -> None:
    await parties.approve()
    await parties.close(PROVIDER, how)
    assert await parties.accept() == await parties.accept("staff") == CLOSED
    assert await parties.actions() == ["reject"]
    await parties.close(PROVIDER, how, False)
    assert await parties.actions() == ["accept", "reject"]
    assert await parties.accept() == (200, None)


@pytest.mark.parametrize(
    ("path", "user"),
    [("{0.booking}reject/", "powner"), ("{0.order}reject_by_consumer/", "cowner"), ("{0.order}cancel/", "creator")],
)
async def test_refusing_stays_open(parties: Parties, path: str, user: str) -> None:
    for customer in (CONSUMER, PROVIDER):
        await parties.close(customer, "blocked")
    assert (await parties.post(path.format(parties), user)).status_code == 200


async def test_closed_consumer_asks_for_nothing(parties: Parties, place: Place) -> None:
    await parties.close(CONSUMER, "blocked")
    answer = await place(period(12, 13))
    assert (answer.status_code, answer.json()) == (400, ["Blocked organization is not available."])

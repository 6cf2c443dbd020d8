"""Requests for periods of the recorded microscope, which is open from 2024 to 2031."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.conftest import AsUser

MICROSCOPE = "a3e17d95-5ea9-4a7d-9d58-3b91206987aa"
GENOME_STUDY = "c4959024-e19e-0dc0-5e28-d9fe9cd46389"
DAY = (datetime.now(UTC) + timedelta(days=30)).replace(hour=0, minute=0, second=0, microsecond=0)

Place = Callable[..., Awaitable[Response]]


def period(start: float, end: float) -> dict[str, str]:
    """Hours of a day a month ahead, as a request gives them."""
    return {
        name: (DAY + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
        for name, hours in (("start", start), ("end", end))
    }


def body(*periods: dict[str, str], **changes: Any) -> dict[str, Any]:
    return {
        "offering": f"/api/marketplace-public-offerings/{MICROSCOPE}/",
        "project": f"/api/projects/{GENOME_STUDY}/",
        "attributes": {"name": "Bee brains", "schedules": list(periods)},
        **changes,
    }


@pytest.fixture
def place(client: AsyncClient, as_user: AsUser) -> Place:
    """Asks for periods, as the consumer's owner unless another user is named."""

    async def ask(*periods: dict[str, str], user: str = "cowner", headers: Any = None, **changes: Any) -> Response:
        sent = body(*periods, **changes)
        return await client.post("/api/marketplace-orders/", json=sent, headers=as_user(user) | (headers or {}))

    return ask

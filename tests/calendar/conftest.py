"""Calendars of the recorded offerings, and what is asked of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.conftest import AsUser
from tests.orders.conftest import MICROSCOPE, place

__all__ = ["place"]

Ask = Callable[..., Awaitable[Response]]
OFFERINGS = {
    "Microscope": MICROSCOPE,
    "Meeting room": "ba9ce85a-cab4-b0cd-f6e8-6325ac172cd7",
    "Private lab": "d3338196-5db1-3199-2999-3ae64a96f195",
    "Spectrometer": "a4c9f53c-837f-f9b9-d936-cc3db2d693b9",
    "Plain VM": "cf2917fa-1f98-5e2b-ba76-c42adfbdc68c",
    "none": "00000000-0000-4000-8000-000000000000",
}


@pytest.fixture
def ask(client: AsyncClient, as_user: AsUser) -> Ask:
    """Calls a path below `/api/` as a user, staff unless another one is named."""

    async def call(path: str, user: str = "staff", method: str = "GET", **options: Any) -> Response:
        return await client.request(method, f"/api/{path}", headers=as_user(user), **options)

    return call

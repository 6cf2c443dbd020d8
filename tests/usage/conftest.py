"""An offering with requests that ended in every way, and what is asked about it."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.calendar.conftest import Ask, ask
from tests.conftest import AsUser
from tests.orders.conftest import place

__all__ = ["ask", "place"]


@pytest.fixture
def ask_for(client: AsyncClient, as_user: AsUser) -> Ask:
    """Gets a path below `/api/` with that header `Accept`, as staff unless another user is named."""

    async def call(path: str, accept: str, user: str = "staff", **options: Any) -> Response:
        return await client.get(f"/api/{path}", headers=as_user(user) | {"Accept": accept}, **options)

    return call

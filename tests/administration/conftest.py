"""The recorded world, in which roles allow what is usual."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.repository import load_permissions
from tests.conftest import AsUser
from tests.dataset import uuid_of

ALPHA = str(uuid_of("customers", name="Provider Alpha"))
GAMMA = str(uuid_of("customers", name="Consumer Gamma"))
INSTRUMENTS = str(uuid_of("categories", title="Instruments"))
MICROSCOPE = str(uuid_of("offerings", name="Microscope"))
OFFERINGS = "/api/marketplace-provider-offerings/"
CLOSED = (400, ["Blocked or archived organization is not available."])
FORBIDDEN = (403, {"detail": "You do not have permission to perform this action."})
UNKNOWN = ["Invalid hyperlink - Object does not exist."]

Post = Callable[..., Awaitable[Response]]


@pytest.fixture(autouse=True)
async def usual(rows: AsyncConnection) -> None:
    """Roles allow what `migrate` stores."""
    await load_permissions(rows, where_none=False)


@pytest.fixture
def post(client: AsyncClient, as_user: AsUser) -> Post:
    """Sends a body to a path, as a user."""

    async def send(path: str, user: str, body: Any = None) -> Response:
        return await client.post(path, json=body, headers=as_user(user))

    return send


def told(response: Response) -> tuple[int, Any]:
    """Status and body."""
    return response.status_code, response.json() if response.content else None


def offering(**changes: Any) -> dict[str, Any]:
    """What is said of a new offering of Alpha."""
    return {
        "name": "Light sheet",
        "category": f"/api/marketplace-categories/{INSTRUMENTS}/",
        "customer": f"/api/customers/{ALPHA}/",
        "type": "Marketplace.Booking",
        **changes,
    }

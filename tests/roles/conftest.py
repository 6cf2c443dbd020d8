"""The recorded world, in which roles allow what is usual."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.repository import load_permissions


@pytest.fixture
async def usual(rows: AsyncConnection) -> None:
    """Roles allow what `migrate` stores."""
    await load_permissions(rows, where_none=False)

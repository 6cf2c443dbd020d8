"""Second queries for what a booking has several of: one statement each, whatever the number of bookings."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import ResourceEndpoint, Slot
from app.orders.schemas import ORDER_DETAILS
from app.query.fieldset import Context, several

load_slots = several(
    Slot.resource_uuid,
    select(Slot.start, Slot.end, Slot.backend_id),
    Slot.start,
    Slot.end,
    Slot.id,
)
"""Slots by booking, earliest first."""
load_endpoints = several(
    ResourceEndpoint.resource_uuid,
    select(ResourceEndpoint.uuid, ResourceEndpoint.name, ResourceEndpoint.url),
    ResourceEndpoint.position,
    ResourceEndpoint.uuid,
)
"""Endpoints by booking, in the order in which they were given."""


async def load_orders(connection: AsyncConnection, context: Context, uuids: Iterable[UUID]) -> Mapping[UUID, object]:
    """Orders by their own uuid, whole."""
    return await ORDER_DETAILS.read(connection, context, uuids)

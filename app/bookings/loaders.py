"""Second queries for what a booking has several of: one statement each, whatever the number of bookings."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.fieldset import Context
from app.models import ResourceEndpoint, Slot
from app.orders.schemas import ORDER_DETAILS

_GIVEN = bindparam("uuids", type_=ARRAY(Uuid()))
_SLOTS = (
    select(Slot.resource_uuid, Slot.start, Slot.end, Slot.backend_id)
    .where(Slot.resource_uuid == any_(_GIVEN))
    .order_by(Slot.start, Slot.end, Slot.id)
)
_ENDPOINTS = (
    select(ResourceEndpoint.resource_uuid, ResourceEndpoint.uuid, ResourceEndpoint.name, ResourceEndpoint.url)
    .where(ResourceEndpoint.resource_uuid == any_(_GIVEN))
    .order_by(ResourceEndpoint.position, ResourceEndpoint.uuid)
)


async def _grouped(connection: AsyncConnection, statement: Any, uuids: Collection[UUID]) -> dict[UUID, list[Any]]:
    groups: dict[UUID, list[Any]] = defaultdict(list)
    for row in (await connection.execute(statement, {"uuids": list(uuids)})).mappings():
        item = dict(row)
        groups[item.pop("resource_uuid")].append(item)
    return groups


async def load_slots(connection: AsyncConnection, _: Context, uuids: Collection[UUID]) -> Mapping[UUID, Any]:
    """Slots by booking, earliest first."""
    return await _grouped(connection, _SLOTS, uuids)


async def load_endpoints(connection: AsyncConnection, _: Context, uuids: Collection[UUID]) -> Mapping[UUID, Any]:
    """Endpoints by booking, in the order in which they were given."""
    return await _grouped(connection, _ENDPOINTS, uuids)


async def load_orders(connection: AsyncConnection, context: Context, uuids: Collection[UUID]) -> Mapping[UUID, Any]:
    """Orders by their own uuid, whole."""
    return await ORDER_DETAILS.read(connection, context, uuids)

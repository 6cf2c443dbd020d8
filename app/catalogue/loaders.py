"""Second queries for what an offering or a plan has several of: as many statements, whatever the number of rows."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.fieldset import Context
from app.models import OfferingComponent, Plan, PlanComponent

_GIVEN = bindparam("uuids", type_=ARRAY(Uuid()))
_COMPONENTS = (
    select(
        OfferingComponent.offering_uuid,
        OfferingComponent.uuid,
        OfferingComponent.billing_type,
        OfferingComponent.type,
        OfferingComponent.name,
        OfferingComponent.measured_unit,
        OfferingComponent.limit_period,
        OfferingComponent.limit_amount,
        OfferingComponent.max_value,
        OfferingComponent.min_value,
    )
    .where(OfferingComponent.offering_uuid == any_(_GIVEN))
    .order_by(OfferingComponent.type, OfferingComponent.uuid)
)
_PRICES = (
    select(
        PlanComponent.plan_uuid,
        OfferingComponent.type,
        OfferingComponent.name,
        OfferingComponent.measured_unit,
        PlanComponent.amount,
        PlanComponent.price,
    )
    .join(OfferingComponent, OfferingComponent.uuid == PlanComponent.component_uuid)
    .where(PlanComponent.plan_uuid == any_(_GIVEN))
    .order_by(OfferingComponent.type, OfferingComponent.uuid)
)
_CURRENT = (
    select(Plan.offering_uuid, Plan.uuid)
    .where(Plan.offering_uuid == any_(_GIVEN), Plan.archived.is_(False))
    .order_by(Plan.name, Plan.uuid)
)


async def _grouped(
    connection: AsyncConnection, statement: Any, uuids: Collection[UUID], key: str
) -> dict[UUID, list[dict[str, Any]]]:
    groups: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in (await connection.execute(statement, {"uuids": list(uuids)})).mappings():
        item = dict(row)
        groups[item.pop(key)].append(item)
    return groups


async def load_components(connection: AsyncConnection, _: Context, uuids: Collection[UUID]) -> Mapping[UUID, Any]:
    """What each offering is charged by."""
    return await _grouped(connection, _COMPONENTS, uuids, "offering_uuid")


async def load_prices(connection: AsyncConnection, _: Context, uuids: Collection[UUID]) -> Mapping[UUID, Any]:
    """Prices and amounts of components by plan."""
    return await _grouped(connection, _PRICES, uuids, "plan_uuid")


async def current_plans(connection: AsyncConnection, uuids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Plans by offering, without those that can no longer be chosen."""
    found = await _grouped(connection, _CURRENT, uuids, "offering_uuid")
    return {offering: [plan["uuid"] for plan in plans] for offering, plans in found.items()}

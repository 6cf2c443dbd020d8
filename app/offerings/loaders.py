"""Second queries for what an offering or a plan has several of: as many statements, whatever the number of rows."""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.models import Offering, OfferingComponent, Plan, PlanComponent
from app.query.fieldset import Context, Loader, several

load_components = several(
    OfferingComponent.offering_uuid,
    select(
        OfferingComponent.uuid,
        OfferingComponent.billing_type,
        OfferingComponent.type,
        OfferingComponent.name,
        OfferingComponent.measured_unit,
        OfferingComponent.limit_period,
        OfferingComponent.limit_amount,
        OfferingComponent.max_value,
        OfferingComponent.min_value,
    ),
    OfferingComponent.type,
    OfferingComponent.uuid,
)
"""What each offering is charged by."""
load_prices = several(
    PlanComponent.plan_uuid,
    select(
        OfferingComponent.type,
        OfferingComponent.name,
        OfferingComponent.measured_unit,
        PlanComponent.amount,
        PlanComponent.price,
    ).join(OfferingComponent, OfferingComponent.uuid == PlanComponent.component_uuid),
    OfferingComponent.type,
    OfferingComponent.uuid,
)
"""Prices and amounts of components by plan."""
load_current_plans = several(
    Plan.offering_uuid, select(Plan.uuid).where(Plan.archived.is_(False)), Plan.name, Plan.uuid
)
"""Plans by offering, without those that can no longer be chosen."""


def counting(condition: Callable[[Caller], ColumnElement[bool]]) -> Loader:
    """A loader of how many offerings of each kind meet the condition, which depends on the caller."""

    async def load(connection: AsyncConnection, context: Context, uuids: Iterable[UUID]) -> Mapping[UUID, int]:
        own = Offering.category_uuid.in_(list(uuids)), condition(context.caller)
        counts = select(Offering.category_uuid, func.count()).where(*own).group_by(Offering.category_uuid)
        return {row[0]: row[1] for row in await connection.execute(counts)}

    return load

"""Second queries for what an offering or a plan has several of: as many statements, whatever the number of rows."""

from sqlalchemy import select

from app.models import OfferingComponent, Plan, PlanComponent
from app.query.fieldset import several

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

"""What is counted or picked from the rows that belong to a booking."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from app.models import OfferingComponent, Resource, Slot
from app.models.enums import BillingType

LAST_START: ColumnElement[datetime] = (
    select(func.max(Slot.start)).where(Slot.resource_uuid == Resource.uuid).correlate(Resource).scalar_subquery()
)
"""The start of the booking's last slot; null without slots."""


def components(*billing: BillingType) -> ColumnElement[int]:
    """How many components the booking's offering has; of the given billing types only, if any are given."""
    of_type = [OfferingComponent.billing_type.in_(billing)] if billing else []
    return (
        select(func.count(OfferingComponent.uuid))
        .where(OfferingComponent.offering_uuid == Resource.offering_uuid, *of_type)
        .correlate_except(OfferingComponent)
        .scalar_subquery()
    )

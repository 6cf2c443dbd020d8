"""What a booking is related to, by the names of the roles, and how each is reached."""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import aliased

from app.kit.fieldset import CALLER
from app.kit.joins import Relations
from app.models import History, Offering, OfferingComponent, OfferingUser, Order, Plan, Project, Resource, Slot, User
from app.models.enums import IN_PROGRESS_STATES, BillingType, OrderState, RequestType
from app.offerings.relations import OFFERING_RELATIONS
from app.orders.relations import Consumer, ConsumerReviewer, CreatedBy

ParentOffering = aliased(Offering, name="parent_offering")
Parent = aliased(Resource, name="parent")


def _oldest_order(name: str, *conditions: ColumnElement[bool]) -> Any:
    oldest = select(Order).where(Order.resource_uuid == Resource.uuid, *conditions).order_by(Order.created, Order.uuid)
    return aliased(Order, oldest.limit(1).correlate(Resource).lateral(name), name=name)


CreationOrder = _oldest_order("creation_order", Order.type == RequestType.CREATE)
OrderInProgress = _oldest_order("order_in_progress", Order.state.in_(IN_PROGRESS_STATES))

RELATIONS: Relations = {
    Offering: Offering.uuid == Resource.offering_uuid,
    **OFFERING_RELATIONS,
    ParentOffering: ParentOffering.uuid == Offering.parent_uuid,
    Plan: Plan.uuid == Resource.plan_uuid,
    Project: Project.uuid == Resource.project_uuid,
    Consumer: Consumer.uuid == Project.customer_uuid,
    Parent: Parent.uuid == Resource.parent_uuid,
    OfferingUser: and_(OfferingUser.offering_uuid == Resource.offering_uuid, OfferingUser.user_uuid == CALLER),
    CreationOrder: true(),
    CreatedBy: CreatedBy.uuid == CreationOrder.created_by_uuid,
    ConsumerReviewer: ConsumerReviewer.uuid == CreationOrder.consumer_reviewed_by_uuid,
    OrderInProgress: true(),
}

Actor = aliased(User, name="actor")
"""Who changed a booking."""
HISTORY_RELATIONS: Relations = {Actor: Actor.uuid == History.user_uuid}


def components(*billing: BillingType) -> ColumnElement[int]:
    """How many components the booking's offering has; of the given billing types only, if any are given."""
    of_type = [OfferingComponent.billing_type.in_(billing)] if billing else []
    return (
        select(func.count(OfferingComponent.uuid))
        .where(OfferingComponent.offering_uuid == Resource.offering_uuid, *of_type)
        .correlate(Resource)
        .scalar_subquery()
    )


def creations(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """How many orders ask for the booking; of those that meet the conditions only."""
    return (
        select(func.count(Order.uuid))
        .where(Order.resource_uuid == Resource.uuid, Order.type == RequestType.CREATE, *conditions)
        .correlate(Resource)
        .scalar_subquery()
    )


EXECUTING = Order.state == OrderState.EXECUTING
OWN = Order.created_by_uuid == CALLER

FIRST_START: ColumnElement[Any] = (
    select(func.min(Slot.start)).where(Slot.resource_uuid == Resource.uuid).correlate(Resource).scalar_subquery()
)
"""The start of the booking's earliest slot; null without slots."""

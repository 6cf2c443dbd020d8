"""What bookings, orders and history are related to, by the names of the roles, and how each is reached."""

from sqlalchemy import ColumnElement, case, func, select, true
from sqlalchemy.orm import aliased

from app.models import (
    Category,
    Customer,
    History,
    Offering,
    OfferingChange,
    Order,
    Plan,
    Project,
    Resource,
    User,
)
from app.models.enums import IN_PROGRESS_STATES, RequestType
from app.query.joins import Relations

Provider = aliased(Customer, name="provider")
"""The organisation that offers."""
Consumer = aliased(Customer, name="consumer")
"""The organisation that books."""
ParentOffering = aliased(Offering, name="parent_offering")
Parent = aliased(Resource, name="parent")
CreatedBy = aliased(User, name="created_by")
ConsumerReviewer = aliased(User, name="consumer_reviewer")
ProviderReviewer = aliased(User, name="provider_reviewer")
OldPlan = aliased(Plan, name="old_plan")
Actor = aliased(User, name="actor")
"""Who changed a booking, or an offering."""


def _oldest_order(name: str, *conditions: ColumnElement[bool]) -> type[Order]:
    oldest = select(Order).where(Order.resource_uuid == Resource.uuid, *conditions).order_by(Order.created, Order.uuid)
    return aliased(Order, oldest.limit(1).correlate(Resource).lateral(name), name=name)


CreationOrder = _oldest_order("creation_order", Order.type == RequestType.CREATE)
OrderInProgress = _oldest_order("order_in_progress", Order.state.in_(IN_PROGRESS_STATES))

OFFERING_RELATIONS: Relations = {
    Provider: Provider.uuid == Offering.customer_uuid,
    Category: Category.uuid == Offering.category_uuid,
    ParentOffering: ParentOffering.uuid == Offering.parent_uuid,
}
BOOKING_RELATIONS: Relations = {
    Offering: Offering.uuid == Resource.offering_uuid,
    **OFFERING_RELATIONS,
    Plan: Plan.uuid == Resource.plan_uuid,
    Project: Project.uuid == Resource.project_uuid,
    Consumer: Consumer.uuid == Project.customer_uuid,
    Parent: Parent.uuid == Resource.parent_uuid,
    CreationOrder: true(),
    CreatedBy: CreatedBy.uuid == CreationOrder.created_by_uuid,
    ConsumerReviewer: ConsumerReviewer.uuid == CreationOrder.consumer_reviewed_by_uuid,
    OrderInProgress: true(),
}
ORDER_RELATIONS: Relations = {
    Offering: Offering.uuid == Order.offering_uuid,
    **OFFERING_RELATIONS,
    Plan: Plan.uuid == Order.plan_uuid,
    OldPlan: OldPlan.uuid == Order.old_plan_uuid,
    Resource: Resource.uuid == Order.resource_uuid,
    Project: Project.uuid == Order.project_uuid,
    Consumer: Consumer.uuid == Project.customer_uuid,
    CreatedBy: CreatedBy.uuid == Order.created_by_uuid,
    ConsumerReviewer: ConsumerReviewer.uuid == Order.consumer_reviewed_by_uuid,
    ProviderReviewer: ProviderReviewer.uuid == Order.provider_reviewed_by_uuid,
}
HISTORY_RELATIONS: Relations = {Actor: Actor.uuid == History.user_uuid}
CHANGE_RELATIONS: Relations = {Actor: Actor.uuid == OfferingChange.user_uuid}


def full_name(person: type[User]) -> ColumnElement[str]:
    """First and last name, without outer blanks."""
    return func.btrim(func.concat(person.first_name, " ", person.last_name))


def full_name_or_null(person: type[User]) -> ColumnElement[str | None]:
    """The full name, or null where there is nobody."""
    return case((person.uuid.is_not(None), full_name(person)))

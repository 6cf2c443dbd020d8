"""What an order is related to, and how each is reached."""

from sqlalchemy.orm import aliased

from app.kit.joins import Relations
from app.models import Customer, Offering, Order, Plan, Project, Resource, User
from app.offerings.relations import OFFERING_RELATIONS

Consumer = aliased(Customer, name="consumer")
"""The organisation that books."""
CreatedBy = aliased(User, name="created_by")
ConsumerReviewer = aliased(User, name="consumer_reviewer")
ProviderReviewer = aliased(User, name="provider_reviewer")
OldPlan = aliased(Plan, name="old_plan")

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

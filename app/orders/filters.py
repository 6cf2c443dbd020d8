"""What orders can be looked up by."""

from typing import Annotated

from app.api.parameters import Moment, Uuid, UuidList, choice
from app.models import Order, Project
from app.models.enums import OrderState, RequestType
from app.query.filtering import FilterSet, equals, one_of, since, where

States = list[Annotated[OrderState, choice(OrderState)]]
Types = list[Annotated[RequestType, choice(RequestType)]]


class OrderFilters(FilterSet):
    """What a list of orders can be filtered by."""

    created: Moment = where(since(Order.created), "Created after")
    customer_uuid: Uuid = where(equals(Project.customer_uuid), "Organisation that books.")
    modified: Moment = where(since(Order.modified), "Modified after")
    offering_uuid: UuidList = where(one_of(Order.offering_uuid), "Multiple values may be separated by commas.")
    project_uuid: Uuid = where(equals(Order.project_uuid), "Project that the booking is for.")
    resource_uuid: Uuid = where(equals(Order.resource_uuid), "Booking.")
    state: States = where(one_of(Order.state), "How far the order is; several may be given.")
    type: Types = where(one_of(Order.type), "What is asked for; several may be given.")

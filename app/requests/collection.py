"""Orders of bookings, as those concerned look them up."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from app.errors import NotFound
from app.kit.collection import Collection
from app.kit.filtering import FilterSet, where
from app.kit.parameters import Moment, Uuid, UuidList, one_of
from app.models import Order, Project
from app.models.enums import OrderState, RequestType
from app.orders.schemas import ORDER_DETAILS
from app.requests.permissions import visible_to

States = list[Annotated[OrderState, BeforeValidator(one_of(OrderState))]]
Types = list[Annotated[RequestType, BeforeValidator(one_of(RequestType))]]


def _equals(column: Any) -> Any:
    return lambda value: column == value


def _one_of(column: Any) -> Any:
    return lambda values: column.in_(values)


class OrderFilters(FilterSet):
    """What a list of orders can be filtered by."""

    created: Moment = where(lambda moment: Order.created >= moment, "Created after")
    customer_uuid: Uuid = where(_equals(Project.customer_uuid), "Organisation that books.")
    modified: Moment = where(lambda moment: Order.modified >= moment, "Modified after")
    offering_uuid: UuidList = where(_one_of(Order.offering_uuid), "Multiple values may be separated by commas.")
    project_uuid: Uuid = where(_equals(Order.project_uuid), "Project that the booking is for.")
    resource_uuid: Uuid = where(_equals(Order.resource_uuid), "Booking.")
    state: States = where(_one_of(Order.state), "How far the order is; several may be given.")
    type: Types = where(_one_of(Order.type), "What is asked for; several may be given.")


def _not_found() -> NotFound:
    return NotFound("No Order matches the given query.")


ORDERS = Collection(
    ORDER_DETAILS,
    visible_to,
    {"created": Order.created.expression, "state": Order.state.expression},
    "created",
    _not_found,
)

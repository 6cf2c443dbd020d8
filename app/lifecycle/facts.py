"""What decides over a change of a booking, read in one statement."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from app.columns import CALLER
from app.models import Offering, Order, Project, Resource
from app.models.enums import UNDECIDED_STATES, OrderState, RequestType, ResourceState
from app.relations import Consumer, OrderInProgress

_EXECUTING = Order.state == OrderState.EXECUTING
_UNDECIDED = Order.state.in_(UNDECIDED_STATES)
_OWN = Order.created_by_uuid == CALLER


def _creations(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """How many orders ask for the booking; of those that meet the conditions only."""
    return (
        select(func.count(Order.uuid))
        .where(Order.resource_uuid == Resource.uuid, Order.type == RequestType.CREATE, *conditions)
        .correlate(Resource)
        .scalar_subquery()
    )


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A booking, as far as it matters to whoever would change it. Each member says from which column it is read."""

    uuid: Annotated[UUID, Resource.uuid]
    state: Annotated[ResourceState, Resource.state]
    offering: Annotated[UUID, Resource.offering_uuid]
    provider: Annotated[UUID | None, Offering.customer_uuid]
    project: Annotated[UUID, Resource.project_uuid]
    consumer: Annotated[UUID, Project.customer_uuid]
    consumer_closed: Annotated[bool, or_(Consumer.blocked, Consumer.archived)]
    order_in_progress: Annotated[UUID | None, OrderInProgress.uuid]
    creations_undecided: Annotated[int, _creations(_UNDECIDED)]
    creations_executing: Annotated[int, _creations(_EXECUTING)]
    creations_own: Annotated[int, _creations(_OWN)]
    creations_own_executing: Annotated[int, _creations(_OWN, _EXECUTING)]

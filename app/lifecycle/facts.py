"""What decides over a change of a booking, read in one statement."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, false, func, or_, select

from app.models import Offering, Order, Project, Resource
from app.models.enums import UNDECIDED_STATES, OrderState, RequestType, ResourceState
from app.relations import Consumer, OrderInProgress, Provider

_CREATIONS = (
    select(Order.created_by_uuid)
    .where(Order.resource_uuid == Resource.uuid, Order.type == RequestType.CREATE)
    .correlate(Resource)
)


def _creators(*conditions: ColumnElement[bool]) -> ColumnElement[list[UUID]]:
    """Who placed the orders that ask for the booking; of those that meet the conditions only."""
    return func.array(_CREATIONS.where(*conditions).scalar_subquery(), type_=ARRAY(Uuid()))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A booking, as far as it matters to whoever would change it. Each member says from which column it is read.

    The last three name the creator of each order that asks for the booking; has not ended; is executing.
    """

    uuid: Annotated[UUID, Resource.uuid]
    state: Annotated[ResourceState, Resource.state]
    offering: Annotated[UUID, Resource.offering_uuid]
    provider: Annotated[UUID | None, Offering.customer_uuid]
    project: Annotated[UUID, Resource.project_uuid]
    consumer: Annotated[UUID, Project.customer_uuid]
    consumer_closed: Annotated[bool, or_(Consumer.blocked, Consumer.archived)]
    provider_closed: Annotated[bool, func.coalesce(or_(Provider.blocked, Provider.archived), false())]
    order_in_progress: Annotated[UUID | None, OrderInProgress.uuid]
    creators: Annotated[list[UUID], _creators()]
    undecided_creators: Annotated[list[UUID], _creators(Order.state.in_(UNDECIDED_STATES))]
    executing_creators: Annotated[list[UUID], _creators(Order.state == OrderState.EXECUTING)]

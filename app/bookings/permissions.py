"""Who may see a booking, and who may do what to it. Sources: decisions 18 to 21 of the contract."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from app.auth import Caller
from app.bookings.relations import EXECUTING, OWN, OrderInProgress, creations
from app.models import Offering, Order, Project, Resource
from app.models.enums import BOOKING_OFFERING_TYPE, Permission, RequestType, ResourceState, Role
from app.orders.relations import Consumer

TERMINABLE_STATES = (ResourceState.OK, ResourceState.ERRED)


@dataclass(frozen=True)
class Facts:
    """What the predicates look at; each member is read from the column of the same name in FACTS."""

    state: ResourceState
    offering: UUID
    provider: UUID | None
    project: UUID
    consumer: UUID
    consumer_closed: bool
    order_in_progress: UUID | None
    creations_executing: int
    creations_own: int
    creations_own_executing: int


FACTS: dict[str, Any] = {
    "state": Resource.state,
    "offering": Resource.offering_uuid,
    "provider": Offering.customer_uuid,
    "project": Resource.project_uuid,
    "consumer": Project.customer_uuid,
    "consumer_closed": or_(Consumer.blocked, Consumer.archived),
    "order_in_progress": OrderInProgress.uuid,
    "creations_executing": creations(EXECUTING),
    "creations_own": creations(OWN),
    "creations_own_executing": creations(OWN, EXECUTING),
}


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """Bookings that the caller may know of: staff all; the provider's side its own; everybody what they asked for."""
    booked = select(Offering.uuid).where(Offering.type == BOOKING_OFFERING_TYPE)
    if caller.is_staff:
        return Resource.offering_uuid.in_(booked)
    provided = booked.where(
        or_(
            Offering.customer_uuid.in_(caller.holding(Role.CUSTOMER_OWNER, Role.CUSTOMER_MANAGER)),
            Offering.uuid.in_(caller.holding(Role.OFFERING_MANAGER)),
        )
    )
    asked_for = (
        select(Order.resource_uuid)
        .join(Offering, Offering.uuid == Order.offering_uuid)
        .where(
            Order.type == RequestType.CREATE,
            Order.created_by_uuid == caller.uuid,
            Offering.type == BOOKING_OFFERING_TYPE,
        )
    )
    return or_(Resource.offering_uuid.in_(provided), Resource.uuid.in_(asked_for))


def is_creator(_: Caller, facts: Facts) -> bool:
    """Whether the caller asked for the booking; where one order decides, that very order."""
    if facts.creations_executing == 1:
        return facts.creations_own_executing == 1
    return facts.creations_own > 0


def may_accept(caller: Caller, facts: Facts) -> bool:
    """Staff, or the permission on the offering or its provider; a role at the consumer does not count."""
    return caller.is_staff or caller.may(Permission.ACCEPT_BOOKING, facts.offering, facts.provider)


def may_reject(caller: Caller, facts: Facts) -> bool:
    """Staff, the creator (withdrawing), or the permission on the offering, provider, project or consumer."""
    scopes = (facts.offering, facts.provider, facts.project, facts.consumer)
    return caller.is_staff or is_creator(caller, facts) or caller.may(Permission.REJECT_BOOKING, *scopes)


def decides_for_provider(caller: Caller, facts: Facts) -> bool:
    """Whether a decision of the caller is the provider's, rather than the consumer's withdrawal."""
    if is_creator(caller, facts):
        return False
    return caller.is_staff or caller.may(Permission.REJECT_BOOKING, facts.offering, facts.provider)


def may_terminate(caller: Caller, facts: Facts) -> bool:
    """Staff, or the permission on the project, the consumer or the provider."""
    scopes = (facts.project, facts.consumer, facts.provider)
    return caller.is_staff or caller.may(Permission.TERMINATE_RESOURCE, *scopes)


def can_terminate(caller: Caller, facts: Facts) -> bool:
    """Whether the caller may, and the booking is settled, of an open organisation, and nothing else is going on."""
    settled = facts.state in TERMINABLE_STATES and facts.order_in_progress is None
    return settled and not facts.consumer_closed and may_terminate(caller, facts)


def terminable_by(caller: Caller) -> ColumnElement[bool]:
    """Bookings of which the caller may know in order to end them: visible ones, and those of one's own projects."""
    own = select(Project.uuid).where(or_(Project.uuid.in_(caller.scopes), Project.customer_uuid.in_(caller.scopes)))
    booked = select(Offering.uuid).where(Offering.type == BOOKING_OFFERING_TYPE)
    return or_(visible_to(caller), and_(Resource.project_uuid.in_(own), Resource.offering_uuid.in_(booked)))

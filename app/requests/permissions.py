"""Who may see an order, and who may decide on it for the consumer."""

from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from app.auth import Caller
from app.bookings.permissions import visible_to as booking_visible_to
from app.models import Offering, Order, Project, Resource
from app.models.enums import BOOKING_OFFERING_TYPE, Permission


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """Orders of visible bookings, and those of projects and organisations in which the caller has a role."""
    if caller.is_staff:
        return Order.offering_uuid.in_(select(Offering.uuid).where(Offering.type == BOOKING_OFFERING_TYPE))
    members = select(Project.uuid).where(or_(Project.uuid.in_(caller.scopes), Project.customer_uuid.in_(caller.scopes)))
    booked = select(Offering.uuid).where(Offering.type == BOOKING_OFFERING_TYPE)
    return or_(
        Order.resource_uuid.in_(select(Resource.uuid).where(booking_visible_to(caller))),
        Order.project_uuid.in_(members) & Order.offering_uuid.in_(booked),
    )


def may_approve(caller: Caller, project: UUID, consumer: UUID) -> bool:
    """Staff, or the permission to approve orders in the project or its organisation."""
    return caller.is_staff or caller.may(Permission.APPROVE_ORDER, project, consumer)


def may_reject(caller: Caller, project: UUID, consumer: UUID) -> bool:
    """Staff, or the permission to reject orders in the project or its organisation."""
    return caller.is_staff or caller.may(Permission.REJECT_ORDER, project, consumer)

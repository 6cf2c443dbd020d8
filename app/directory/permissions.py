"""Who may look up what: whoever is shown a link may follow it, and members see what is theirs."""

from typing import Any

from sqlalchemy import ColumnElement, or_, select, true, union

from app.auth import Caller
from app.bookings.permissions import visible_to as booking_visible_to
from app.catalogue.permissions import visible_to as offering_visible_to
from app.models import Customer, History, Offering, Order, Project, Resource, User
from app.requests.permissions import visible_to as order_visible_to


def _sees_all(caller: Caller) -> bool:
    return caller.is_staff or caller.is_support


def customer_visible_to(caller: Caller) -> ColumnElement[bool]:
    """Organisations in which the caller has a role, and those that visible projects and offerings name."""
    if _sees_all(caller):
        return true()
    shown: Any = union(
        select(Project.customer_uuid).where(project_visible_to(caller)),
        select(Offering.customer_uuid).where(offering_visible_to(caller)),
    )
    return or_(Customer.uuid.in_(caller.scopes), Customer.uuid.in_(shown))


def project_visible_to(caller: Caller) -> ColumnElement[bool]:
    """Projects in which, or in whose organisation, the caller has a role, or that visible bookings and orders name."""
    if _sees_all(caller):
        return true()
    shown = union(
        select(Resource.project_uuid).where(booking_visible_to(caller)),
        select(Order.project_uuid).where(order_visible_to(caller)),
    )
    return or_(Project.uuid.in_(caller.scopes), Project.customer_uuid.in_(caller.scopes), Project.uuid.in_(shown))


def user_visible_to(caller: Caller) -> ColumnElement[bool]:
    """The caller, and users that visible bookings, their history, orders and projects name."""
    if _sees_all(caller):
        return true()
    return or_(User.uuid == caller.uuid, User.uuid.in_(_named(caller)))


def _named(caller: Caller) -> Any:
    booking, order = booking_visible_to(caller), order_visible_to(caller)
    history = select(History.user_uuid).join(Resource, Resource.uuid == History.resource_uuid)
    orders = (Order.created_by_uuid, Order.consumer_reviewed_by_uuid, Order.provider_reviewed_by_uuid)
    return union(
        *(select(column).where(order) for column in orders),
        select(Resource.end_date_requested_by_uuid).where(booking),
        select(Project.end_date_requested_by_uuid).where(project_visible_to(caller)),
        history.where(booking),
    )

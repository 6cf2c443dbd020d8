"""Who may look up which offerings: those one may book, provides, or is shown by a booking or an order."""

from sqlalchemy import ColumnElement, and_, or_, select

from app.auth import Caller
from app.bookings.permissions import visible_to as booking_visible_to
from app.models import Offering, Order, Resource
from app.models.enums import BOOKING_OFFERING_TYPE, Role
from app.offerings.permissions import orderable_by
from app.requests.permissions import visible_to as order_visible_to

_BOOKABLE = Offering.type == BOOKING_OFFERING_TYPE


def provided_by(caller: Caller) -> ColumnElement[bool]:
    """Offerings on whose provider's side the caller is, in any state; staff are on every side."""
    if caller.is_staff:
        return _BOOKABLE
    provider = Offering.customer_uuid.in_(caller.holding(Role.CUSTOMER_OWNER, Role.CUSTOMER_MANAGER))
    return and_(_BOOKABLE, or_(provider, Offering.uuid.in_(caller.holding(Role.OFFERING_MANAGER))))


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """Offerings that the caller may book or provides, and in any state those of visible bookings and orders."""
    if caller.is_staff:
        return _BOOKABLE
    booked = select(Resource.offering_uuid).where(booking_visible_to(caller))
    ordered = select(Order.offering_uuid).where(order_visible_to(caller))
    named = and_(_BOOKABLE, or_(Offering.uuid.in_(booked), Offering.uuid.in_(ordered)))
    return or_(orderable_by(caller), provided_by(caller), named)

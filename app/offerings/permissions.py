"""Who is on the provider's side of an offering."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from app.auth import Caller
from app.models import Offering, Project
from app.models.enums import BOOKING_OFFERING_TYPE, OfferingState, Role


def provides(caller: Caller, offering: UUID, provider: UUID | None) -> bool:
    """Whether the caller owns or manages the provider, or manages the offering."""
    if offering in caller.holding(Role.OFFERING_MANAGER):
        return True
    return provider is not None and provider in caller.holding(Role.CUSTOMER_OWNER, Role.CUSTOMER_MANAGER)


def orderable_by(caller: Caller) -> ColumnElement[bool]:
    """Offerings that the caller may book: shared ones, and private ones of organisations in which one has a role."""
    bookable = and_(
        Offering.type == BOOKING_OFFERING_TYPE, Offering.state.in_((OfferingState.ACTIVE, OfferingState.PAUSED))
    )
    if caller.is_staff:
        return bookable
    member = select(Project.customer_uuid).where(Project.uuid.in_(caller.scopes))
    own = or_(Offering.customer_uuid.in_(caller.scopes), Offering.customer_uuid.in_(member))
    return and_(bookable, or_(Offering.shared, Offering.uuid.in_(caller.scopes), own))


def sees_tracebacks(caller: Caller, offering: UUID, provider: UUID | None) -> bool:
    """Staff, support and the provider's side see where something failed; others see only that it did."""
    return caller.is_staff or caller.is_support or provides(caller, offering, provider)

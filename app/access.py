"""Who may see what: one condition for each kind of row. Source: decisions 18 to 21.

Whoever is shown a link may follow it: what a visible booking or order names is visible too.
"""

from collections.abc import Callable, Hashable
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, any_, or_, select, true, union

from app.auth import Caller
from app.columns import Expression, Scope
from app.models import Category, Customer, History, MediaFile, Offering, Order, Project, Resource, User
from app.models.enums import BOOKING_OFFERING_TYPE, OfferingState, RequestType, Role

_IS_BOOKABLE = Offering.type == BOOKING_OFFERING_TYPE
_BOOKABLE = select(Offering.uuid).where(_IS_BOOKABLE)
MOST_SCOPES = 16
_PROVIDER_ROLES = (Role.CUSTOMER_OWNER, Role.CUSTOMER_MANAGER)


def provides(caller: Caller, offering: UUID, provider: UUID | None) -> bool:
    """Whether the caller owns or manages the provider, or manages the offering."""
    return offering in caller.holding(Role.OFFERING_MANAGER) or provider in caller.holding(*_PROVIDER_ROLES)


def manages(caller: Caller, offering: UUID, provider: UUID | None) -> bool:
    """Staff and the provider's side: they see who has booked, and say when the offering is busy."""
    return caller.is_staff or provides(caller, offering, provider)


def sees_tracebacks(caller: Caller, offering: UUID, provider: UUID | None) -> bool:
    """Staff, support and the provider's side see where something failed; others see only that it did."""
    return caller.is_support or manages(caller, offering, provider)


def traceback_audience(caller: Caller) -> Hashable:
    """Callers of whom this is the same see the same tracebacks, whatever the offering: see `sees_tracebacks`."""
    if caller.is_staff or caller.is_support:
        return "all"
    return caller.holding(*_PROVIDER_ROLES), caller.holding(Role.OFFERING_MANAGER)


def _provided_by(caller: Caller) -> ColumnElement[bool]:
    """`provides`, of the offering in a query."""
    manager = Offering.uuid.in_(caller.holding(Role.OFFERING_MANAGER))
    return or_(Offering.customer_uuid.in_(caller.holding(*_PROVIDER_ROLES)), manager)


def has_member(caller: Caller) -> ColumnElement[bool]:
    """Whether the caller has a role in the project of a query, or in its organisation."""
    return or_(Project.uuid.in_(caller.scopes), Project.customer_uuid.in_(caller.scopes))


def _own_projects(caller: Caller) -> Select[UUID]:
    return select(Project.uuid).where(has_member(caller))


def _asked_for(user: Expression) -> ColumnElement[bool]:
    orders = select(Order.resource_uuid).where(Order.type == RequestType.CREATE, Order.created_by_uuid == user)
    return Resource.uuid.in_(orders)


_BOOKINGS: dict[str, Callable[[Expression], ColumnElement[bool]]] = {
    "all": lambda _: Resource.is_booking.expression,
    "of provider": lambda uuid: and_(Resource.is_booking, Resource.provider_uuid == uuid),
    "of providers": lambda uuids: and_(Resource.is_booking, Resource.provider_uuid == any_(uuids)),
    "of offering": lambda uuid: and_(Resource.is_booking, Resource.offering_uuid == uuid),
    "of offerings": lambda uuids: and_(Resource.is_booking, Resource.offering_uuid == any_(uuids)),
    "asked for by": lambda uuid: and_(Resource.is_booking, _asked_for(uuid)),
}
"""What makes a booking visible, each of which is read along an index."""


def booking_scopes(caller: Caller) -> list[Scope]:
    """Staff see all, the provider's side its own, everybody what they asked for; any of them suffices."""
    if caller.is_staff:
        return [Scope("all", _BOOKINGS["all"], None)]
    providers = _each("of provider", caller.holding(*_PROVIDER_ROLES))
    offerings = _each("of offering", caller.holding(Role.OFFERING_MANAGER))
    return [*providers, *offerings, Scope("asked for by", _BOOKINGS["asked for by"], caller.uuid)]


def _each(kind: str, uuids: frozenset[UUID]) -> list[Scope]:
    """A scope for each uuid; beyond some, one for all."""
    if len(uuids) > MOST_SCOPES:
        return [Scope(f"{kind}s", _BOOKINGS[f"{kind}s"], sorted(uuids))]
    return [Scope(kind, _BOOKINGS[kind], uuid) for uuid in sorted(uuids)]


def visible_bookings(caller: Caller) -> ColumnElement[bool]:
    """Bookings that the caller may know of."""
    return or_(*(scope.condition for scope in booking_scopes(caller)))


def known_bookings(caller: Caller) -> ColumnElement[bool]:
    """Visible bookings, and those of the caller's own projects, of which one may know in order to end them."""
    own = and_(Resource.project_uuid.in_(_own_projects(caller)), Resource.is_booking)
    return or_(visible_bookings(caller), own)


def visible_orders(caller: Caller) -> ColumnElement[bool]:
    """Orders of visible bookings, and those of the caller's own projects."""
    is_bookable = Order.offering_uuid.in_(_BOOKABLE)
    if caller.is_staff:
        return is_bookable
    of_visible = Order.resource_uuid.in_(select(Resource.uuid).where(visible_bookings(caller)))
    return or_(of_visible, and_(Order.project_uuid.in_(_own_projects(caller)), is_bookable))


def orderable_offerings(caller: Caller) -> ColumnElement[bool]:
    """Offerings that the caller may book: shared ones, and private ones of organisations in which one has a role."""
    offered = and_(_IS_BOOKABLE, Offering.state.in_((OfferingState.ACTIVE, OfferingState.PAUSED)))
    if caller.is_staff:
        return offered
    member = select(Project.customer_uuid).where(Project.uuid.in_(caller.scopes))
    own = or_(Offering.customer_uuid.in_(caller.scopes), Offering.customer_uuid.in_(member))
    return and_(offered, or_(Offering.shared, Offering.uuid.in_(caller.scopes), own))


def provided_offerings(caller: Caller) -> ColumnElement[bool]:
    """Offerings on whose provider's side the caller is, in any state; staff are on every side."""
    return _IS_BOOKABLE if caller.is_staff else and_(_IS_BOOKABLE, _provided_by(caller))


def visible_calendars(caller: Caller) -> ColumnElement[bool]:
    """Offerings of which the caller may see when they are taken: those one may book, and those one provides."""
    return or_(orderable_offerings(caller), provided_offerings(caller))


def visible_offerings(caller: Caller) -> ColumnElement[bool]:
    """Offerings that the caller may book or provides, and in any state those of visible bookings and orders."""
    if caller.is_staff:
        return _IS_BOOKABLE
    booked = Offering.uuid.in_(select(Resource.offering_uuid).where(visible_bookings(caller)))
    ordered = Offering.uuid.in_(select(Order.offering_uuid).where(visible_orders(caller)))
    return or_(visible_calendars(caller), and_(_IS_BOOKABLE, or_(booked, ordered)))


def visible_media(caller: Caller) -> ColumnElement[bool]:
    """Icons, and images of visible offerings."""
    images = [
        select(image).where(visible_offerings(caller)) for image in (Offering.image_uuid, Offering.thumbnail_uuid)
    ]
    return or_(*(MediaFile.uuid.in_(shown) for shown in (select(Category.icon_uuid), *images)))


def _looks_up_all(caller: Caller) -> bool:
    return caller.is_staff or caller.is_support


def visible_projects(caller: Caller) -> ColumnElement[bool]:
    """The caller's own projects, and those that visible bookings and orders name."""
    if _looks_up_all(caller):
        return true()
    named = union(
        select(Resource.project_uuid).where(visible_bookings(caller)),
        select(Order.project_uuid).where(visible_orders(caller)),
    )
    return or_(has_member(caller), Project.uuid.in_(named))


def visible_customers(caller: Caller) -> ColumnElement[bool]:
    """Organisations in which the caller has a role, and those that visible projects and offerings name."""
    if _looks_up_all(caller):
        return true()
    projects: Select[UUID | None] = select(Project.customer_uuid).where(visible_projects(caller))
    named = union(projects, select(Offering.customer_uuid).where(visible_offerings(caller)))
    return or_(Customer.uuid.in_(caller.scopes), Customer.uuid.in_(named))


def visible_users(caller: Caller) -> ColumnElement[bool]:
    """The caller, and users that visible bookings, their history, orders and projects name."""
    if _looks_up_all(caller):
        return true()
    return or_(User.uuid == caller.uuid, User.uuid.in_(_named_users(caller)))


def _named_users(caller: Caller) -> CompoundSelect[UUID | None]:
    bookings, orders = visible_bookings(caller), visible_orders(caller)
    history = select(History.user_uuid).join(Resource, Resource.uuid == History.resource_uuid)
    created: Select[UUID | None] = select(Order.created_by_uuid).where(orders)
    return union(
        created,
        select(Order.consumer_reviewed_by_uuid).where(orders),
        select(Order.provider_reviewed_by_uuid).where(orders),
        select(Resource.end_date_requested_by_uuid).where(bookings),
        select(Project.end_date_requested_by_uuid).where(visible_projects(caller)),
        history.where(bookings),
    )

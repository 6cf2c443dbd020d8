"""Who may see what: one condition for each kind of row. Source: decisions 18 to 21.

Whoever is shown a link may follow it: what a visible booking or order names is visible too.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from app.auth import Caller
from app.columns import Expression, Scope
from app.database.prepared import among
from app.models import BookingCount, Category, Customer, History, MediaFile, Offering, Order, Project, Resource, User
from app.models.enums import BOOKING_OFFERING_TYPE, OfferingState, RequestType, Role

_IS_BOOKABLE = Offering.type == BOOKING_OFFERING_TYPE
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
    return _is_member(_scopes(caller))


def _scopes(caller: Caller) -> Expression:
    """A parameter, the same in all statements, and its value."""
    kind: TypeEngine[Any] = ARRAY(Uuid())
    return bindparam("scopes", list(caller.scopes), type_=kind)


def _is_member(scopes: Expression) -> ColumnElement[bool]:
    return or_(among(Project.uuid, scopes), among(Project.customer_uuid, scopes))


_Creation = aliased(Order, name="creation")
"""An order for a new booking."""


def _asked_for(booking: Expression, user: Expression) -> ColumnElement[bool]:
    """By an array, of whose length the planner thinks little, so that it begins with the orders whatever else is asked.

    It takes all projects for equally busy, and would rather read all bookings of the busiest.
    """
    own = _Creation.type == RequestType.CREATE, _Creation.created_by_uuid == user
    orders = select(_Creation.resource_uuid).where(*own).scalar_subquery()
    return booking == any_(func.array(orders, type_=ARRAY(Uuid())))


_Conditions: TypeAlias = Mapping[str, Callable[[Expression], ColumnElement[bool]]]
_BOOKINGS: _Conditions = {
    "all": lambda _: Resource.is_booking.expression,
    "of provider": lambda uuid: and_(Resource.is_booking, Resource.provider_uuid == uuid),
    "of providers": lambda uuids: and_(Resource.is_booking, Resource.provider_uuid == any_(uuids)),
    "of offering": lambda uuid: and_(Resource.is_booking, Resource.offering_uuid == uuid),
    "of offerings": lambda uuids: and_(Resource.is_booking, Resource.offering_uuid == any_(uuids)),
    "asked for by": lambda uuid: and_(Resource.is_booking, _asked_for(Resource.uuid, uuid)),
    "of a project of": lambda uuids: and_(
        Resource.is_booking, Resource.project_uuid.in_(select(Project.uuid).where(_is_member(uuids)))
    ),
}
"""What makes a booking visible, each of which is read along an index."""


def booking_scopes(caller: Caller) -> list[Scope]:
    """Staff see all, the provider's side its own, everybody what they asked for; any of them suffices."""
    if caller.is_staff:
        return [Scope("all", _BOOKINGS["all"], None)]
    providers = _each(_BOOKINGS, "of provider", caller.holding(*_PROVIDER_ROLES))
    offerings = _each(_BOOKINGS, "of offering", caller.holding(Role.OFFERING_MANAGER))
    return [*providers, *offerings, _own(caller)]


def _own(caller: Caller) -> Scope:
    return Scope("asked for by", _BOOKINGS["asked for by"], caller.uuid, few=True)


def _each(conditions: _Conditions, kind: str, uuids: frozenset[UUID]) -> list[Scope]:
    """A scope for each uuid; beyond some, one for all."""
    if len(uuids) > MOST_SCOPES:
        return [Scope(f"{kind}s", conditions[f"{kind}s"], sorted(uuids))]
    return [Scope(kind, conditions[kind], uuid) for uuid in sorted(uuids)]


def visible_bookings(caller: Caller) -> ColumnElement[bool]:
    """Bookings that the caller may know of."""
    return or_(*(scope.condition for scope in booking_scopes(caller)))


def scopes_of_one(caller: Caller) -> list[Scope]:
    """The same as `booking_scopes`, for reading a single booking: by its own orders, not by all that a caller placed.

    The planner, too, then knows that they are few, and need not plan for each caller anew.
    """
    return [
        Scope("asked for by", _asked_for_one, scope.value) if scope.build is _BOOKINGS["asked for by"] else scope
        for scope in booking_scopes(caller)
    ]


def _asked_for_one(user: Expression) -> ColumnElement[bool]:
    own = _Creation.type == RequestType.CREATE, _Creation.created_by_uuid == user
    return and_(Resource.is_booking, exists().where(_Creation.resource_uuid == Resource.uuid, *own))


def known_scopes(caller: Caller) -> list[Scope]:
    """Visible bookings, and those of the caller's own projects, of which one may know in order to end them."""
    return [*scopes_of_one(caller), Scope("of a project of", _BOOKINGS["of a project of"], list(caller.scopes))]


_ORDERS: _Conditions = {
    "all": lambda _: Order.is_booking.expression,
    "of provider": lambda uuid: Order.provider_uuid == uuid,
    "of providers": lambda uuids: Order.provider_uuid == any_(uuids),
    "of consumer": lambda uuid: and_(Order.is_booking, Order.consumer_uuid == uuid),
    "of consumers": lambda uuids: and_(Order.is_booking, Order.consumer_uuid == any_(uuids)),
    "of offering": lambda uuid: Order.booked_offering_uuid == uuid,
    "of offerings": lambda uuids: Order.booked_offering_uuid == any_(uuids),
    "of project": lambda uuid: and_(Order.is_booking, Order.project_uuid == uuid),
    "of projects": lambda uuids: and_(Order.is_booking, Order.project_uuid == any_(uuids)),
    "asked for by": lambda uuid: and_(Order.booked_offering_uuid.is_not(None), _asked_for(Order.resource_uuid, uuid)),
}
"""What makes an order visible, each of which is read along an index."""


def order_scopes(caller: Caller) -> list[Scope]:
    """Staff see all orders for bookings; others those of visible bookings, and those of their own projects.

    Scopes that counters know come first: each is counted without what is in those before it.
    """
    if caller.is_staff:
        return [Scope("all", _ORDERS["all"], None)]
    return [
        *_each(_ORDERS, "of provider", caller.holding(*_PROVIDER_ROLES)),
        *_each(_ORDERS, "of consumer", caller.customers),
        *_each(_ORDERS, "of offering", caller.holding(Role.OFFERING_MANAGER)),
        *_each(_ORDERS, "of project", caller.projects),
        Scope("asked for by", _ORDERS["asked for by"], caller.uuid),
    ]


def visible_orders(caller: Caller) -> ColumnElement[bool]:
    """Orders of visible bookings, and those of the caller's own projects."""
    return or_(*(scope.condition for scope in order_scopes(caller)))


def orderable_offerings(caller: Caller) -> ColumnElement[bool]:
    """Offerings that the caller may book: shared ones, and private ones of organisations in which one has a role."""
    offered = and_(_IS_BOOKABLE, Offering.state.in_((OfferingState.ACTIVE, OfferingState.PAUSED)))
    if caller.is_staff:
        return offered
    scopes = _scopes(caller)
    member = select(Project.customer_uuid).where(among(Project.uuid, scopes))
    own = or_(among(Offering.customer_uuid, scopes), Offering.customer_uuid.in_(member))
    return and_(offered, or_(Offering.shared, among(Offering.uuid, scopes), own))


def provided_offerings(caller: Caller) -> ColumnElement[bool]:
    """Offerings on whose provider's side the caller is, in any state; staff are on every side."""
    return _IS_BOOKABLE if caller.is_staff else and_(_IS_BOOKABLE, _provided_by(caller))


def visible_calendars(caller: Caller) -> ColumnElement[bool]:
    """Offerings of which the caller may see when they are taken: those one may book, and those one provides."""
    return or_(orderable_offerings(caller), provided_offerings(caller))


def visible_offerings(caller: Caller) -> ColumnElement[bool]:
    """Offerings that the caller may book or provides, and in any state those of visible bookings and orders.

    What the others name is looked up only if there is one that is neither.
    """
    if caller.is_staff:
        return _IS_BOOKABLE
    booked = _within([_own(caller)], select(Resource.offering_uuid))
    ordered = _within(order_scopes(caller), select(Order.offering_uuid))
    named = Offering.uuid.in_(union(*booked, *ordered))
    return or_(visible_calendars(caller), and_(_IS_BOOKABLE, named))


def _within(scopes: Sequence[Scope], *statements: Select[Any]) -> list[Select[Any]]:
    """What the statements find within each scope, read along its index: all of it by any of the scopes is slow."""
    return [statement.where(scope.condition) for statement in statements for scope in scopes]


def visible_media(caller: Caller) -> ColumnElement[bool]:
    """Icons, and images of visible offerings."""
    images = [
        select(image).where(visible_offerings(caller)) for image in (Offering.image_uuid, Offering.thumbnail_uuid)
    ]
    return or_(*(MediaFile.uuid.in_(shown) for shown in (select(Category.icon_uuid), *images)))


def _looks_up_all(caller: Caller) -> bool:
    return caller.is_staff or caller.is_support


def visible_projects(caller: Caller) -> ColumnElement[bool]:
    """The caller's own projects, and those that visible bookings and orders name.

    What orders name is looked up only if there are projects that are neither the caller's nor known to counters.
    """
    if _looks_up_all(caller):
        return true()
    foreign = [scope for scope in order_scopes(caller) if scope.kind not in _OF_MEMBERS]
    own = _within([_own(caller)], select(Resource.project_uuid))
    named = union(*own, *_within(foreign, select(Order.project_uuid)))
    return or_(has_member(caller), Project.uuid.in_(_booking_projects(caller)), Project.uuid.in_(named))


_OF_MEMBERS = ("of consumer", "of consumers", "of project", "of projects")
"""Orders of projects whose member, or whose organisation's, the caller is."""


def _booking_projects(caller: Caller) -> Select[UUID]:
    """Projects with bookings on whose provider's side the caller is, which counters know."""
    counted = select(BookingCount.project_uuid).join(Offering, Offering.uuid == BookingCount.offering_uuid)
    return counted.where(BookingCount.number > 0, _IS_BOOKABLE, _provided_by(caller))


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
    placed = [exists().where(Order.created_by_uuid == User.uuid, scope.condition) for scope in order_scopes(caller)]
    return or_(User.uuid == caller.uuid, *placed, User.uuid.in_(_named_users(caller)))


def _named_users(caller: Caller) -> CompoundSelect[UUID | None]:
    """All but those who placed orders; orders and history are walked through, if there are others at all."""
    reviewers = func.unnest(array([Order.consumer_reviewed_by_uuid, Order.provider_reviewed_by_uuid]))
    ended = select(Resource.end_date_requested_by_uuid).where(Resource.end_date_requested_by_uuid.is_not(None))
    history = select(History.user_uuid).join(Resource, Resource.uuid == History.resource_uuid)
    return union(
        *_within(order_scopes(caller), select(reviewers)),
        *_within(booking_scopes(caller), ended, history),
        select(Project.end_date_requested_by_uuid).where(visible_projects(caller)),
    )

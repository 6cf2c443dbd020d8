"""What orders can be looked up by."""

from typing import Annotated
from uuid import UUID

from pydantic import PrivateAttr
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    and_,
    any_,
    bindparam,
    exists,
    or_,
    select,
    true,
    types,
    union,
)
from sqlalchemy.orm import aliased

from app.api.parameters import Flag, Moment, PlainText, Text, TextList, Uuid, UuidList, choice, uuid_in_path
from app.auth import Caller
from app.columns import Expression
from app.conditions import QUERY_UUID, is_found, managed_by, searched
from app.database import Database
from app.models import Offering, Order, Project, Resource
from app.models.enums import OrderState, Permission, RequestType, ResourceState
from app.query.filtering import FilterSet, Values, contains, equals, one_of, part_of, since, until, where
from app.relations import Consumer, Provider

OfferingUrl = Annotated[
    UUID | None, uuid_in_path("marketplace-provider-offerings", "marketplace-public-offerings"), PlainText
]
ResourceUrl = Annotated[UUID | None, uuid_in_path("marketplace-resources", "booking-resources"), PlainText]
States = list[Annotated[OrderState, choice(OrderState)]]
Types = list[Annotated[RequestType, choice(RequestType)]]

_DECISIONS = {"can_approve_as_consumer", "can_approve_as_provider"}
_Booking = aliased(Resource, name="found")
_Asking = aliased(Order, name="asking")
_Other = aliased(Order, name="other")


def _is_granted(permission: Permission, *scopes: Expression) -> ColumnElement[bool]:
    """Whether the caller holds the permission on any of the scopes; see `OrderFilters.values`."""
    granted = bindparam(permission.value, type_=ARRAY(types.Uuid()), required=False)
    return or_(
        bindparam("is_staff", type_=types.Boolean(), required=False), *(scope == any_(granted) for scope in scopes)
    )


def _waits(state: OrderState, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the order is in that state, and asks for a booking that is still to be decided on."""
    creating = Resource.state == ResourceState.CREATING
    return and_(Order.state == state, Order.type == RequestType.CREATE, creating, *conditions)


def _approvable_by_consumer(flag: bool) -> ColumnElement[bool]:
    allowed = _is_granted(Permission.APPROVE_ORDER, Order.project_uuid, Order.consumer_uuid)
    open_ = and_(Consumer.blocked.is_(False), Consumer.archived.is_(False))
    waits = _waits(OrderState.PENDING_CONSUMER, open_, allowed)
    return waits if flag else waits.is_not(true())


def _approvable_by_provider(flag: bool) -> ColumnElement[bool]:
    allowed = _is_granted(Permission.ACCEPT_BOOKING, Order.booked_offering_uuid, Order.provider_uuid)
    open_ = or_(Provider.blocked, Provider.archived).is_not(true())
    another = exists().where(
        _Other.resource_uuid == Order.resource_uuid,
        _Other.uuid != Order.uuid,
        _Other.type == RequestType.CREATE,
        _Other.state == OrderState.EXECUTING,
    )
    waits = _waits(OrderState.EXECUTING, open_, allowed, ~another.correlate(Order))
    return waits if flag else waits.is_not(true())


def _query(part: Expression) -> ColumnElement[bool]:
    """The orders of a booking that is meant; by the uuid of one of them too, or by the name of its project.

    Each way to find it is read along an index of its own.
    """
    named = aliased(Project, name="named")
    of_project = select(_Booking.uuid).join(named, named.uuid == _Booking.project_uuid)
    meant = union(
        select(_Booking.uuid).where(is_found(_Booking, part)),
        select(_Asking.resource_uuid).where(_Asking.uuid == QUERY_UUID),
        of_project.where(contains(named.name, part)),
    )
    return Order.resource_uuid.in_(meant)


def _managed_by(uuid: UUID) -> ColumnElement[bool]:
    return managed_by(uuid, Order.offering_uuid)


class OrderFilters(FilterSet):
    """What a list of orders can be filtered by."""

    refused = frozenset({"was_auto_approved"})
    _caller: Caller | None = PrivateAttr(default=None)

    can_approve_as_consumer: Flag = where(
        _approvable_by_consumer, "The caller may agree to it for the consumer now.", planned_anew=True
    )
    can_approve_as_provider: Flag = where(
        _approvable_by_provider, "The caller may accept the booking that it asks for now.", planned_anew=True
    )
    category_uuid: Uuid = where(equals(Offering.category_uuid), "Kind of the offering.", planned_anew=True)
    created: Moment = where(since(Order.created), "Created after")
    created_before: Moment = where(until(Order.created), "Created before or then.", extension=True)
    customer_uuid: Uuid = where(equals(Order.consumer_uuid), "Organisation that books.")
    modified: Moment = where(since(Order.modified), "Modified after", planned_anew=True)
    modified_before: Moment = where(
        until(Order.modified), "Modified before or then.", extension=True, planned_anew=True
    )
    offering: OfferingUrl = where(equals(Order.offering_uuid), "Offering: URL, path or UUID.")
    offering_slug: TextList = where(one_of(Offering.slug), "Multiple values may be separated by commas.")
    offering_type: TextList = where(one_of(Offering.type), "Type of the offering; bookings have `Marketplace.Booking`.")
    offering_uuid: UuidList = where(one_of(Order.offering_uuid), "Multiple values may be separated by commas.")
    parent_offering_uuid: Uuid = where(equals(Offering.parent_uuid), "Parent of the offering.", planned_anew=True)
    project_uuid: Uuid = where(equals(Order.project_uuid), "Project that the booking is for.")
    provider_uuid: Uuid = where(equals(Order.provider_uuid), "Organisation that offers.")
    query: Text = where(
        _query,
        "Search by UUID of the order, and by UUID, name, slug, IDs, addresses or project of the booking.",
        prepare=searched,
        planned_anew=True,
    )
    resource: ResourceUrl = where(equals(Order.resource_uuid), "Booking: URL, path or UUID.")
    resource_name: Text = where(
        part_of(Resource.name), "Part of the booking's name, in any case.", extension=True, planned_anew=True
    )
    resource_uuid: Uuid = where(equals(Order.resource_uuid), "Booking.")
    service_manager_uuid: Uuid = where(_managed_by, "Service Manager UUID")
    slug: Text = where(equals(Resource.slug), "Short name of the booking, to the letter.", extension=True)
    state: States = where(one_of(Order.state), "How far the order is; several may be given.")
    type: Types = where(one_of(Order.type), "What is asked for; several may be given.")

    async def resolve(self, database: Database, caller: Caller) -> None:
        """Remembers who asks, for what the caller may decide."""
        self._caller = caller

    def values(self) -> Values:
        """What a statement of this shape takes, with what the caller may decide."""
        found = super().values()
        if self._caller is None or not _DECISIONS & self.model_fields_set:
            return found
        granted = {
            permission.value: sorted(self._caller.permissions.get(permission, ()))
            for permission in (Permission.APPROVE_ORDER, Permission.ACCEPT_BOOKING)
        }
        return {**found, **granted, "is_staff": self._caller.is_staff}

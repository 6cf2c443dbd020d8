"""The documented parameters of the list: one entry each, with type, condition and meaning; and the orderings."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, bindparam, exists, func, or_

from app.api.parameters import (
    Exact,
    Flag,
    Moment,
    Number,
    PlainText,
    Text,
    TextList,
    Uuid,
    UuidList,
    choice,
    uuid_in_path,
)
from app.auth import GRANT_HOLDS
from app.bookings.aggregates import components
from app.columns import Expression
from app.models import Offering, Order, Project, Resource, RoleGrant, Slot, User
from app.models.enums import BillingType, OrderState, ResourceState
from app.query.filtering import FilterSet, Values, contains, equals, one_of, part_of, pattern, since, until, where
from app.query.ordering import Orderings
from app.values import uuid_or_none

CustomerUrl = Annotated[UUID | None, uuid_in_path("customers"), PlainText]
OfferingUrl = Annotated[
    UUID | None, uuid_in_path("marketplace-provider-offerings", "marketplace-public-offerings"), PlainText
]
States = list[Annotated[ResourceState, choice(ResourceState)]]
OrderStates = list[Annotated[OrderState, choice(OrderState)]]

ORDERINGS: Orderings = {
    "name": Resource.name.collate("C"),
    "created": Resource.created,
    "type": Offering.type,
    "schedules": Resource.first_start,
}


def _connected_to(uuid: UUID) -> ColumnElement[bool]:
    return or_(Project.customer_uuid == uuid, Resource.provider_uuid == uuid)


def _has_order(states: list[OrderState]) -> ColumnElement[bool]:
    return exists().where(Order.resource_uuid == Resource.uuid, Order.state.in_(states)).correlate(Resource)


def _has_slot(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Slot.resource_uuid == Resource.uuid, *conditions).correlate(Resource)


def _starts_before(moment: datetime) -> ColumnElement[bool]:
    return Slot.start < moment


def _has_components(*billing: BillingType) -> Callable[[bool], ColumnElement[bool]]:
    return lambda flag: (components(*billing) > 0) == flag


def _only_components(billing: BillingType) -> Callable[[bool], ColumnElement[bool]]:
    only = and_(components() > 0, components() == components(billing))
    return lambda flag: only == flag


def _count_is(*billing: BillingType) -> Callable[[object], ColumnElement[bool]]:
    return lambda number: components(*billing) == number


def _whole(name: str, number: Decimal) -> Values:
    """The number, or none if nothing can be counted by it."""
    return {name: int(number) if abs(number) < 2**31 and number == number.to_integral_value() else None}


def _query(part: Expression) -> ColumnElement[bool]:
    """A booking by its uuid, or by a text in its name, slug, ids or addresses. Rule: contract, 4.10."""
    whole = func.lower(bindparam("query_whole", type_=String, required=False))
    return or_(
        contains(Resource.searched, part),
        func.lower(Resource.backend_id) == whole,
        func.lower(Resource.effective_id) == whole,
        Resource.uuid == bindparam("query_uuid", required=False),
    )


def _searched(name: str, value: str) -> Values:
    return {name: pattern(value), "query_whole": value, "query_uuid": uuid_or_none(value)}


def _active_grant(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(GRANT_HOLDS, *conditions)


def _managed_by(uuid: UUID) -> ColumnElement[bool]:
    held = _active_grant(RoleGrant.user_uuid == uuid, RoleGrant.offering_uuid == Resource.offering_uuid)
    return and_(Offering.shared, held)


def _visible_to(username: str) -> ColumnElement[bool]:
    """The consumer's side of visibility: users with a role in the project or its customer, and all staff."""
    scope = or_(RoleGrant.project_uuid == Resource.project_uuid, RoleGrant.customer_uuid == Project.customer_uuid)
    held = _active_grant(RoleGrant.user_uuid == User.uuid, scope).correlate_except(RoleGrant)
    return exists().where(User.username == username, or_(User.is_staff, User.is_support, held)).correlate_except(User)


class BookingFilters(FilterSet):
    """What a list of bookings can be filtered by; all that are given must hold."""

    backend_id: Text = where(equals(Resource.backend_id), "Backend ID")
    category_uuid: Uuid = where(equals(Offering.category_uuid), "Kind of the offering.")
    component_count: Number = where(_count_is(), "Filter by exact number of components", prepare=_whole)
    connected_customer_uuid: Uuid = where(_connected_to, "Organisation that offers, or that books.")
    created: Moment = where(since(Resource.created), "Created after")
    created_before: Moment = where(until(Resource.created), "Created before or then.", extension=True)
    customer: CustomerUrl = where(equals(Project.customer_uuid), "Organisation that books: URL, path or UUID.")
    customer_uuid: Uuid = where(equals(Project.customer_uuid), "Organisation that books.")
    downscaled: Flag = where(equals(Resource.downscaled), "The provider has reduced what the booking gives.")
    has_terminate_date: Flag = where(equals(Resource.end_date.is_not(None)), "Has termination date")
    lexis_links_supported: Flag = where(equals(Offering.plugin_options.has_key("heappe_url")), "LEXIS links supported")
    limit_based: Flag = where(_has_components(BillingType.LIMIT), "Filter by limit-based offerings")
    limit_component_count: Number = where(
        _count_is(BillingType.LIMIT), "Filter by exact number of limit-based components", prepare=_whole
    )
    modified: Moment = where(since(Resource.modified), "Modified after")
    modified_before: Moment = where(until(Resource.modified), "Modified before or then.", extension=True)
    name: Text = where(part_of(Resource.name), "Part of the name, in any case.", planned_anew=True)
    name_exact: Exact = where(equals(Resource.name), "The name, to the letter.")
    offering: OfferingUrl = where(equals(Resource.offering_uuid), "Offering: URL, path or UUID.")
    offering_billable: Flag = where(equals(Offering.billable), "Use of the offering is invoiced.")
    offering_shared: Flag = where(equals(Offering.shared), "Offering shared")
    offering_slug: TextList = where(one_of(Offering.slug), "Multiple values may be separated by commas.")
    offering_type: Text = where(equals(Offering.type), "Type of the offering; bookings have `Marketplace.Booking`.")
    offering_uuid: UuidList = where(one_of(Resource.offering_uuid), "Multiple values may be separated by commas.")
    only_limit_based: Flag = where(
        _only_components(BillingType.LIMIT), "Filter resources with only limit-based components"
    )
    only_usage_based: Flag = where(
        _only_components(BillingType.USAGE), "Filter resources with only usage-based components"
    )
    order_state: OrderStates = where(
        _has_order, "State of any order of the booking.", extension=True, empty_is_value=True
    )
    parent_offering_uuid: Uuid = where(equals(Offering.parent_uuid), "Parent of the offering.")
    paused: Flag = where(equals(Resource.paused), "The provider has paused the booking.")
    plan_uuid: Uuid = where(equals(Resource.plan_uuid), "Plan of the booking.")
    project_name: Text = where(equals(Project.name), "Name of the project, to the letter.")
    project_uuid: Uuid = where(equals(Resource.project_uuid), "Project that the booking is for.")
    provider_uuid: Uuid = where(equals(Resource.provider_uuid), "Organisation that offers.")
    query: Text = where(
        _query,
        "Search by resource UUID, name, slug, backend ID, effective ID, IPs or hypervisor",
        prepare=_searched,
        planned_anew=True,
    )
    restrict_member_access: Flag = where(
        equals(Resource.restrict_member_access), "Members of the project have no access."
    )
    runtime_state: Text = where(equals(Resource.backend_metadata["runtime_state"].astext), "Runtime state")
    service_manager_uuid: Uuid = where(_managed_by, "Service Manager UUID")
    slug: Text = where(equals(Resource.slug), "Short name of the booking, to the letter.", extension=True)
    slot_start_after: Moment = where(
        since(Slot.start),
        "Has a slot that starts then or later.",
        extension=True,
        within=_has_slot,
        planned_anew=True,
    )
    slot_start_before: Moment = where(
        _starts_before,
        "Has a slot that starts earlier; with `slot_start_after`, one that does both.",
        extension=True,
        within=_has_slot,
        planned_anew=True,
    )
    state: States = where(one_of(Resource.state), "State of the booking; several may be given.", empty_is_value=True)
    usage_based: Flag = where(_has_components(BillingType.USAGE), "Filter by usage-based offerings")
    visible_to_username: Text = where(_visible_to, "Visible to username")

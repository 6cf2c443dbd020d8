"""The documented parameters of the list: one entry each, with type, condition and meaning; and the orderings."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field
from sqlalchemy import ColumnElement, and_, exists, false, func, literal_column, or_, select

from app.bookings.relations import FIRST_START, components
from app.kit.filtering import Condition, FilterSet, contains, where
from app.kit.parameters import (
    Exact,
    Flag,
    Moment,
    Number,
    PlainText,
    Text,
    TextList,
    Uuid,
    UuidList,
    one_of,
    uuid_in_path,
    uuid_or_none,
)
from app.models import Offering, Order, Project, Resource, RoleGrant, Slot, User
from app.models.enums import BillingType, OrderState, ResourceState

CustomerUrl = Annotated[UUID | None, uuid_in_path("customers"), PlainText]
OfferingUrl = Annotated[
    UUID | None, uuid_in_path("marketplace-provider-offerings", "marketplace-public-offerings"), PlainText
]
States = list[Annotated[ResourceState, BeforeValidator(one_of(ResourceState))]]
OrderStates = list[Annotated[OrderState, BeforeValidator(one_of(OrderState))]]

ORDERINGS: dict[str, ColumnElement[Any]] = {
    "name": Resource.name.collate("C"),
    "created": Resource.created.expression,
    "type": Offering.type.expression,
    "schedules": FIRST_START,
}
ADDRESSES = ("external_ips", "internal_ips", "hypervisor_hostname", "router_fixed_ips", "external_address")
"""Members of backend_metadata that `query` looks into."""


def _equals(column: Any) -> Any:
    return lambda value: column == value


def _one_of(column: Any) -> Any:
    return lambda values: column.in_(values)


def _contains(column: Any) -> Any:
    return lambda value: contains(column, value)


def _from(column: Any) -> Any:
    return lambda moment: column >= moment


def _until(column: Any) -> Any:
    return lambda moment: column <= moment


def _connected_to(uuid: UUID) -> ColumnElement[bool]:
    return or_(Project.customer_uuid == uuid, Offering.customer_uuid == uuid)


def _has_order(states: list[OrderState]) -> ColumnElement[bool]:
    return exists().where(Order.resource_uuid == Resource.uuid, Order.state.in_(states)).correlate(Resource)


def _has_slot(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Slot.resource_uuid == Resource.uuid, *conditions).correlate(Resource)


def _has_components(*billing: BillingType) -> Any:
    return lambda flag: (components(*billing) > 0) == flag


def _only_components(billing: BillingType) -> Any:
    only = and_(components() > 0, components() == components(billing))
    return lambda flag: only == flag


def _count_is(*billing: BillingType) -> Any:
    def condition(number: Any) -> ColumnElement[bool]:
        whole = number == number.to_integral_value() and abs(number) < 2**31
        return components(*billing) == int(number) if whole else false()

    return condition


def _referred(column: Any) -> Any:
    return lambda uuid: false() if uuid is None else column == uuid


def _query(value: str) -> ColumnElement[bool]:
    """A booking by its uuid, or by a text in its name, slug, ids or addresses. Rule: reference, 2.2."""
    matches = [
        contains(Resource.name, value),
        contains(Resource.slug, value),
        func.lower(Resource.backend_id) == func.lower(value),
        func.lower(Resource.effective_id) == func.lower(value),
        *(_address_contains(name, value) for name in ADDRESSES),
    ]
    if uuid := uuid_or_none(value):
        matches.append(Resource.uuid == uuid)
    return or_(*matches)


def _address_contains(name: str, value: str) -> ColumnElement[bool]:
    members = func.jsonb_path_query(Resource.backend_metadata[name], literal_column("'$[*]'")).column_valued(
        f"{name}_member"
    )
    return exists(select(members).where(contains(members.op("#>>")(literal_column("'{}'")), value)).correlate(Resource))


def _active_grant(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    unexpired = or_(RoleGrant.expiration_time.is_(None), RoleGrant.expiration_time > func.now())
    return exists().where(RoleGrant.is_active, unexpired, *conditions)


def _managed_by(uuid: UUID) -> ColumnElement[bool]:
    held = _active_grant(RoleGrant.user_uuid == uuid, RoleGrant.offering_uuid == Resource.offering_uuid)
    return and_(Offering.shared, held)


def _visible_to(username: str) -> ColumnElement[bool]:
    """The consumer's side of visibility: users with a role in the project or its customer, and all staff."""
    scope = or_(RoleGrant.project_uuid == Resource.project_uuid, RoleGrant.customer_uuid == Project.customer_uuid)
    held = _active_grant(RoleGrant.user_uuid == User.uuid, scope).correlate(User, Resource, Project)
    return exists().where(User.username == username, or_(User.is_staff, User.is_support, held))


class SlotCondition(Condition):
    """A condition on slots of a booking."""


def _of_slot(build: Any, description: str) -> Any:
    schema = SlotCondition(build, empty_is_value=False)
    return Field(default=None, description=f"{description} (An extension.)", json_schema_extra=schema)


class BookingFilters(FilterSet):
    """What a list of bookings can be filtered by; all that are given must hold."""

    backend_id: Text = where(_equals(Resource.backend_id), "Backend ID")
    category_uuid: Uuid = where(_equals(Offering.category_uuid), "Kind of the offering.")
    component_count: Number = where(_count_is(), "Filter by exact number of components")
    connected_customer_uuid: Uuid = where(_connected_to, "Organisation that offers, or that books.")
    created: Moment = where(_from(Resource.created), "Created after")
    created_before: Moment = where(_until(Resource.created), "Created before or then.", extension=True)
    customer: CustomerUrl = where(_referred(Project.customer_uuid), "Organisation that books: URL, path or UUID.")
    customer_uuid: Uuid = where(_equals(Project.customer_uuid), "Organisation that books.")
    downscaled: Flag = where(_equals(Resource.downscaled), "The provider has reduced what the booking gives.")
    has_terminate_date: Flag = where(_equals(Resource.end_date.is_not(None)), "Has termination date")
    lexis_links_supported: Flag = where(_equals(Offering.plugin_options.has_key("heappe_url")), "LEXIS links supported")
    limit_based: Flag = where(_has_components(BillingType.LIMIT), "Filter by limit-based offerings")
    limit_component_count: Number = where(
        _count_is(BillingType.LIMIT), "Filter by exact number of limit-based components"
    )
    modified: Moment = where(_from(Resource.modified), "Modified after")
    modified_before: Moment = where(_until(Resource.modified), "Modified before or then.", extension=True)
    name: Text = where(_contains(Resource.name), "Part of the name, in any case.")
    name_exact: Exact = where(_equals(Resource.name), "The name, to the letter.")
    offering: OfferingUrl = where(_referred(Resource.offering_uuid), "Offering: URL, path or UUID.")
    offering_billable: Flag = where(_equals(Offering.billable), "Use of the offering is invoiced.")
    offering_shared: Flag = where(_equals(Offering.shared), "Offering shared")
    offering_slug: TextList = where(_one_of(Offering.slug), "Multiple values may be separated by commas.")
    offering_type: Text = where(_equals(Offering.type), "Type of the offering; bookings have `Marketplace.Booking`.")
    offering_uuid: UuidList = where(_one_of(Resource.offering_uuid), "Multiple values may be separated by commas.")
    only_limit_based: Flag = where(
        _only_components(BillingType.LIMIT), "Filter resources with only limit-based components"
    )
    only_usage_based: Flag = where(
        _only_components(BillingType.USAGE), "Filter resources with only usage-based components"
    )
    order_state: OrderStates = where(
        _has_order, "State of any order of the booking.", extension=True, empty_is_value=True
    )
    parent_offering_uuid: Uuid = where(_equals(Offering.parent_uuid), "Parent of the offering.")
    paused: Flag = where(_equals(Resource.paused), "The provider has paused the booking.")
    plan_uuid: Uuid = where(_equals(Resource.plan_uuid), "Plan of the booking.")
    project_name: Text = where(_equals(Project.name), "Name of the project, to the letter.")
    project_uuid: Uuid = where(_equals(Resource.project_uuid), "Project that the booking is for.")
    provider_uuid: Uuid = where(_equals(Offering.customer_uuid), "Organisation that offers.")
    query: Text = where(_query, "Search by resource UUID, name, slug, backend ID, effective ID, IPs or hypervisor")
    restrict_member_access: Flag = where(
        _equals(Resource.restrict_member_access), "Members of the project have no access."
    )
    runtime_state: Text = where(_equals(Resource.backend_metadata["runtime_state"].astext), "Runtime state")
    service_manager_uuid: Uuid = where(_managed_by, "Service Manager UUID")
    slug: Text = where(_equals(Resource.slug), "Short name of the booking, to the letter.", extension=True)
    slot_start_after: Moment = _of_slot(_from(Slot.start), "Has a slot that starts then or later.")
    slot_start_before: Moment = _of_slot(
        lambda moment: Slot.start < moment,
        "Has a slot that starts earlier; with `slot_start_after`, one that does both.",
    )
    state: States = where(_one_of(Resource.state), "State of the booking; several may be given.", empty_is_value=True)
    usage_based: Flag = where(_has_components(BillingType.USAGE), "Filter by usage-based offerings")
    visible_to_username: Text = where(_visible_to, "Visible to username")

    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions of the parameters that were given; those on slots must hold of one and the same slot."""
        given = [(getattr(self, name), each) for name, each in self._table() if name in self.model_fields_set]
        others = [each.build(value) for value, each in given if not isinstance(each, SlotCondition)]
        of_slot = [each.build(value) for value, each in given if isinstance(each, SlotCondition)]
        return [*others, _has_slot(*of_slot)] if of_slot else others

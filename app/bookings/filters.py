"""The documented parameters of the list: one entry each, with type, condition and meaning; and the orderings."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import PrivateAttr
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    String,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.access import visible_users
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
from app.api.wire import JsonText
from app.auth import GRANT_HOLDS, Caller
from app.bookings.aggregates import components
from app.columns import Expression, Statement
from app.conditions import is_found, managed_by, searched
from app.database import Database
from app.models import Offering, Order, Project, Resource, RoleGrant, Slot, User
from app.models.enums import BillingType, OrderState, ResourceState
from app.orders.filters import OfferingUrl
from app.query.filtering import (
    FilterSet,
    Spread,
    Values,
    contains,
    equals,
    listed,
    one_of,
    part_of,
    pattern,
    since,
    until,
    where,
)
from app.query.ordering import Orderings
from app.values import JsonObject

CustomerUrl = Annotated[UUID | None, uuid_in_path("customers"), PlainText]
States = list[Annotated[ResourceState, choice(ResourceState)]]
OrderStates = list[Annotated[OrderState, choice(OrderState)]]

_NOT_FOR_PROVIDERS = [OrderState.PENDING_CONSUMER, OrderState.PENDING_PROJECT, OrderState.PENDING_START_DATE]

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
    """The number, or none if nothing can be counted by it. (Comparing is exact; `abs` overflows.)"""
    return {name: int(number) if -(2**31) < number < 2**31 and number == number.to_integral_value() else None}


def _is_visible_to_provider(flag: bool) -> ColumnElement[bool]:
    return not_(and_(Resource.state == ResourceState.CREATING, _has_order(_NOT_FOR_PROVIDERS))) if flag else true()


def _named(part: Expression) -> ColumnElement[bool]:
    """A part of the name, which is found by the index of all that is searched; the planner need not guess it twice."""
    return and_(contains(Resource.searched, part), func.coalesce(contains(Resource.name, part), false()))


def _part(name: str, value: str) -> Values:
    return {name: pattern(value)}


def _has_backend_id(value: Expression) -> ColumnElement[bool]:
    """The id to the letter, by the index of ids in any case."""
    return and_(func.lower(Resource.backend_id) == func.lower(value), Resource.backend_id == value)


def _has_attributes(_: object) -> ColumnElement[bool]:
    """Whether each member that is asked for is among the attributes; of a list, one of its items."""
    one, several = (cast(bindparam(name, type_=String, required=False), JSONB) for name in ("members", "choices"))
    asked = func.jsonb_each(several).table_valued("key", "value", name="asked")
    given = func.jsonb_build_array(Resource.attributes[asked.c.key])
    fails = not_(and_(Resource.attributes.has_key(asked.c.key), cast(asked.c.value, JSONB).contains(given)))
    return and_(Resource.attributes.contains(one), ~exists().where(fails).select_from(asked).correlate(Resource))


def _asked(name: str, value: JsonObject) -> Values:
    """A list stands for any of its items; anything else for itself."""
    choices = {key: each for key, each in value.items() if isinstance(each, list)}
    members = {key: each for key, each in value.items() if key not in choices}
    return {"members": json.dumps(members), "choices": json.dumps(choices)}


def _managed_by(uuid: UUID) -> ColumnElement[bool]:
    return managed_by(uuid, Resource.offering_uuid)


def _query(part: Expression) -> ColumnElement[bool]:
    return is_found(Resource, part)


_UUIDS = ARRAY(Resource.__table__.c.project_uuid.type)
_SEES_ALL = bindparam("viewer_sees_all", type_=Boolean, required=False)
_PROJECTS = bindparam("viewer_projects", type_=_UUIDS, required=False)


def _visible_to(_: str) -> ColumnElement[bool]:
    """The consumer's side of visibility: bookings for the projects of `_view_of`."""
    return or_(_SEES_ALL, Resource.project_uuid == any_(_PROJECTS))


def _view_of(username: str, caller: Caller) -> Statement:
    """Whether a user whom the caller may look up is staff, and all projects with a role in them or their customers."""
    own = [GRANT_HOLDS, RoleGrant.user_uuid == User.uuid]
    projects = select(RoleGrant.project_uuid).where(*own, RoleGrant.project_uuid.is_not(None)).correlate(User)
    customers = select(RoleGrant.customer_uuid).where(*own).correlate(User)
    of_customers = select(Project.uuid).where(Project.customer_uuid.in_(customers)).correlate(User)
    held = func.array(union(projects, of_customers).scalar_subquery(), type_=_UUIDS)
    staff = or_(User.is_staff, User.is_support)
    return select(staff, held).where(User.username == username, visible_users(caller))


_OF_CUSTOMER = Spread(
    Resource.project_uuid, lambda customer: select(Project.uuid).where(Project.customer_uuid == customer)
)


class BookingFilters(FilterSet):
    """What a list of bookings can be filtered by; all that are given must hold."""

    _viewer: Values = PrivateAttr(default_factory=lambda: {"viewer_sees_all": False, "viewer_projects": []})
    """What the user sees that `visible_to_username` names; nothing, if the caller may not look that user up."""

    backend_id: Text = where(_has_backend_id, "Backend ID")
    category_uuid: Uuid = where(equals(Offering.category_uuid), "Kind of the offering.")
    component_count: Number = where(_count_is(), "Filter by exact number of components", prepare=_whole)
    connected_customer_uuid: Uuid = where(_connected_to, "Organisation that offers, or that books.", planned_anew=True)
    created: Moment = where(since(Resource.created), "Created after")
    created_before: Moment = where(until(Resource.created), "Created before or then.", extension=True)
    customer: CustomerUrl = where(
        equals(Project.customer_uuid), "Organisation that books: URL, path or UUID.", spread=_OF_CUSTOMER
    )
    customer_uuid: Uuid = where(equals(Project.customer_uuid), "Organisation that books.", spread=_OF_CUSTOMER)
    downscaled: Flag = where(equals(Resource.downscaled), "The provider has reduced what the booking gives.")
    flavor_name: Text = where(
        part_of(Resource.backend_metadata["flavor_name"].astext),
        "Part of `backend_metadata.flavor_name`, in any case.",
        extension=True,
    )
    has_terminate_date: Flag = where(equals(Resource.end_date.is_not(None)), "Has termination date")
    image_name: Text = where(
        part_of(Resource.backend_metadata["image_name"].astext),
        "Part of `backend_metadata.image_name`, in any case.",
        extension=True,
    )
    is_attached: Flag = where(
        equals(Resource.backend_metadata.has_key("instance_name")),
        "Has `backend_metadata.instance_name`.",
        extension=True,
    )
    lexis_links_supported: Flag = where(equals(Offering.plugin_options.has_key("heappe_url")), "LEXIS links supported")
    limit_based: Flag = where(_has_components(BillingType.LIMIT), "Filter by limit-based offerings")
    limit_component_count: Number = where(
        _count_is(BillingType.LIMIT), "Filter by exact number of limit-based components", prepare=_whole
    )
    modified: Moment = where(since(Resource.modified), "Modified after")
    modified_before: Moment = where(until(Resource.modified), "Modified before or then.", extension=True)
    name: Text = where(_named, "Part of the name, in any case.", prepare=_part, planned_anew=True)
    name_exact: Exact = where(equals(Resource.name.collate("C")), "The name, to the letter.")
    offering: OfferingUrl = where(equals(Resource.offering_uuid), "Offering: URL, path or UUID.")
    offering_billable: Flag = where(equals(Offering.billable), "Use of the offering is invoiced.")
    offering_shared: Flag = where(equals(Offering.shared), "Offering shared")
    offering_slug: TextList = where(one_of(Offering.slug), "Multiple values may be separated by commas.")
    offering_type: Text = where(equals(Offering.type), "Type of the offering; bookings have `Marketplace.Booking`.")
    offering_uuid: UuidList = where(
        one_of(Resource.offering_uuid),
        "Multiple values may be separated by commas.",
        spread=Spread(Resource.offering_uuid, listed),
    )
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
    project_name: Text = where(equals(Project.name), "Name of the project, to the letter.", planned_anew=True)
    project_uuid: Uuid = where(equals(Resource.project_uuid), "Project that the booking is for.")
    provider_uuid: Uuid = where(equals(Resource.provider_uuid), "Organisation that offers.")
    query: Text = where(
        _query,
        "Search by resource UUID, name, slug, backend ID, effective ID, IPs or hypervisor",
        prepare=searched,
        planned_anew=True,
    )
    resource_attributes: JsonText = where(
        _has_attributes,
        "Members of `attributes` as a JSON object; a list stands for any of its items.",
        extension=True,
        prepare=_asked,
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
    visible_to_providers: Flag = where(
        _is_visible_to_provider, "Leaves out what the provider is not yet asked about.", extension=True
    )
    visible_to_username: Text = where(_visible_to, "Visible to username", planned_anew=True)

    async def resolve(self, database: Database, caller: Caller) -> None:
        """Finds what the user sees whose view is asked for; nothing, if there is none to look up (decision 32)."""
        if self.visible_to_username is not None:
            async with database.transaction(snapshot=True) as connection:
                row = (await connection.execute(_view_of(self.visible_to_username, caller))).one_or_none()
            if row is not None:
                self._viewer = dict(zip(self._viewer, row, strict=True))

    def values(self) -> Values:
        """What a statement of this shape takes, with what the user sees whose view is asked for."""
        return super().values() | (self._viewer if "visible_to_username" in self.model_fields_set else {})

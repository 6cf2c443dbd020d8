"""The rows of many bookings, as they are copied into the tables; each class names the columns that it fills.

What the database fills by itself, by defaults, generated columns and triggers, is not named.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from app.models.enums import (
    BillingType,
    BillingUnit,
    OfferingState,
    OrderState,
    RequestType,
    ResourceState,
)


class UserRow(NamedTuple):
    """Somebody who asks, or decides."""

    uuid: UUID
    username: str
    first_name: str
    last_name: str
    email: str
    is_staff: bool = False


class CustomerRow(NamedTuple):
    """An organisation."""

    uuid: UUID
    name: str
    slug: str
    abbreviation: str


class ProjectRow(NamedTuple):
    """A project of an organisation."""

    uuid: UUID
    customer_uuid: UUID
    name: str
    slug: str


class CategoryRow(NamedTuple):
    """A kind of offering."""

    uuid: UUID
    title: str


class OfferingRow(NamedTuple):
    """Something to book."""

    uuid: UUID
    customer_uuid: UUID
    category_uuid: UUID
    name: str
    slug: str
    type: str
    state: OfferingState
    attributes: str


class ComponentRow(NamedTuple):
    """What an offering is charged by."""

    uuid: UUID
    offering_uuid: UUID
    type: str
    name: str
    billing_type: BillingType
    measured_unit: str


class PlanRow(NamedTuple):
    """The price of an offering."""

    uuid: UUID
    offering_uuid: UUID
    name: str
    unit: BillingUnit
    unit_price: Decimal


class PlanComponentRow(NamedTuple):
    """The price of a component."""

    plan_uuid: UUID
    component_uuid: UUID
    amount: int
    price: Decimal


class GrantRow(NamedTuple):
    """A role of a user in an organisation or a project."""

    user_uuid: UUID
    role: str
    customer_uuid: UUID | None = None
    project_uuid: UUID | None = None


class ResourceRow(NamedTuple):
    """A booking."""

    uuid: UUID
    created: datetime
    modified: datetime
    offering_uuid: UUID
    plan_uuid: UUID | None
    project_uuid: UUID
    name: str
    slug: str
    description: str
    state: ResourceState
    attributes: str
    cost: Decimal | None
    backend_id: str
    backend_metadata: str
    end_date: date | None
    end_date_requested_by_uuid: UUID | None
    downscaled: bool
    restrict_member_access: bool
    paused: bool
    error_message: str


class SlotRow(NamedTuple):
    """A booked period."""

    resource_uuid: UUID
    offering_uuid: UUID
    live: bool
    start: datetime
    end: datetime
    backend_id: str


class EndpointRow(NamedTuple):
    """An address of what is booked."""

    uuid: UUID
    resource_uuid: UUID
    name: str
    url: str


class OrderRow(NamedTuple):
    """A request about a booking."""

    uuid: UUID
    created: datetime
    modified: datetime
    resource_uuid: UUID
    offering_uuid: UUID
    project_uuid: UUID
    plan_uuid: UUID | None
    type: RequestType
    state: OrderState
    attributes: str
    cost: Decimal | None
    completed_at: datetime | None
    created_by_uuid: UUID
    consumer_reviewed_by_uuid: UUID | None
    consumer_reviewed_at: datetime | None
    provider_reviewed_by_uuid: UUID | None
    provider_reviewed_at: datetime | None
    termination_comment: str | None


class HistoryRow(NamedTuple):
    """A change of a booking's state."""

    uuid: UUID
    resource_uuid: UUID
    order_uuid: UUID
    user_uuid: UUID | None
    created: datetime
    from_state: ResourceState
    to_state: ResourceState


TABLES: dict[type[NamedTuple], str] = {
    UserRow: "user",
    CustomerRow: "customer",
    ProjectRow: "project",
    CategoryRow: "category",
    OfferingRow: "offering",
    ComponentRow: "offering_component",
    PlanRow: "plan",
    PlanComponentRow: "plan_component",
    GrantRow: "role_grant",
    ResourceRow: "resource",
    SlotRow: "slot",
    EndpointRow: "resource_endpoint",
    OrderRow: "order",
    HistoryRow: "history",
}
"""The table of each, in an order in which no row refers to a later one."""

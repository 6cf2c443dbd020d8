"""The fields of a booking, 83 published ones first: one line each, with type, origin and meaning."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func

from app.access import sees_tracebacks
from app.api.wire import Comment, Url
from app.bookings.aggregates import components
from app.bookings.loaders import load_endpoints, load_orders, load_slots
from app.lifecycle.facts import Facts
from app.lifecycle.transitions import SHOWN, TERMINATE
from app.links import BOOKING, ORDER, PROJECT, USER
from app.models import History, Offering, Project, Resource
from app.models.enums import BillingType, OfferingState, ResourceState
from app.offerings.loaders import load_components
from app.offerings.schemas import OfferedFields, OfferingComponent
from app.orders.schemas import OrderDetails
from app.query.fieldset import ABSENT, Context, Fieldset, View, column, computed, constant, judged, link, related
from app.relations import (
    BOOKING_RELATIONS,
    HISTORY_RELATIONS,
    Actor,
    Consumer,
    ConsumerReviewer,
    CreatedBy,
    CreationOrder,
    OrderInProgress,
    Parent,
    ParentOffering,
    Provider,
    full_name,
)
from app.values import JsonObject


class BookingSlot(BaseModel):
    """A booked period, half-open: `start` belongs to it, `end` does not."""

    start: datetime = Field(description="First moment of the period.")
    end: datetime = Field(description="First moment after the period.")
    backend_id: str = Field(description="ID of the period in a calendar.")


class NestedEndpoint(BaseModel):
    """Where a booked thing is reached."""

    uuid: UUID = Field(description="UUID of the endpoint.")
    name: str = Field(description="Name of the endpoint.")
    url: str = Field(description="Address of the endpoint.")


class ReportSection(BaseModel):
    """A section of the provider's report."""

    header: str = Field(description="Heading of the section.")
    body: str = Field(description="Text of the section.")


def _description(_: Context, attributes: JsonObject) -> str | None:
    description = attributes.get("description", "")
    return description if description is None else str(description)


def _account(context: Context, offering: UUID) -> str | None:
    return context.caller.accounts.get(offering)


def _available_actions(context: Context, facts: Facts) -> list[str]:
    return [transition.name for transition in SHOWN if transition.is_possible(context.caller, facts)]


def _can_terminate(context: Context, facts: Facts) -> bool:
    return TERMINATE.is_possible(context.caller, facts)


def _traceback(context: Context, offering: UUID, provider: UUID | None, traceback: str) -> str:
    return traceback if sees_tracebacks(context.caller, offering, provider) else ""


def _if_there(_: Context, person: UUID | None, name: str) -> object:
    return ABSENT if person is None else name


def _undescribed(_: Context, provider: UUID | None) -> object:
    return ABSENT if provider is None else ""


def _name_or_null(_: Context, person: UUID | None, name: str) -> str | None:
    return None if person is None else name


def _reviewer(context: Context, order: UUID | None, reviewer: UUID | None) -> object:
    if order is None:
        return ABSENT
    return None if reviewer is None else context.url(USER, reviewer)


class BookingResource(OfferedFields):
    """A booking. Fields without a value are null where the type says so, and otherwise left out."""

    attributes: JsonObject = column(Resource.attributes, "What was ordered, as sent: name, schedules, ...")
    limits: JsonObject = column(Resource.limits, "Amount by component.")
    uuid: UUID = column(Resource.uuid, "UUID of the booking.")
    created: datetime = column(Resource.created, "When the booking was requested.")
    modified: datetime = column(Resource.modified, "When the booking last changed.")
    url: Url = link(BOOKING, Resource.uuid, description="The booking itself.")
    scope: str | None = constant(None, "Always null: a booking has no object in another system.")
    description: str | None = computed(
        _description, Resource.attributes, description="What the consumer wrote: `attributes.description`."
    )
    state: ResourceState = column(Resource.state, "What has become of the booking.")
    resource_uuid: UUID | None = constant(None, "Always null, as `scope`; the booking's own UUID is `uuid`.")
    backend_id: str = column(Resource.backend_id, "ID of the booking in another system.")
    effective_id: str = column(Resource.effective_id, "ID of the booking at a remote provider.")
    resource_type: str | None = constant(None, "Always null, as `scope`.")
    project: Url = link(PROJECT, Project.uuid, description="The project that the booking is for.")
    project_uuid: UUID = column(Project.uuid, "UUID of the project.")
    project_name: str = column(Project.name, "Name of the project.")
    project_description: str = column(Project.description, "Description of the project.")
    project_end_date: date | None = column(
        Project.end_date,
        "The date is inclusive. Once reached, all project resource will be scheduled for termination.",
    )
    project_end_date_requested_by: Url | None = link(
        USER, Project.end_date_requested_by_uuid, description="Who asked for the project to end then."
    )
    customer_uuid: UUID = column(Project.customer_uuid, "UUID of the organisation that books.")
    customer_name: str = column(Consumer.name, "Name of the organisation that books.")
    offering_slug: str = column(Offering.slug, "Slug of the offering.")
    parent_offering_uuid: UUID = column(ParentOffering.uuid, "UUID of the parent offering, if any.", optional=True)
    parent_offering_name: str = column(ParentOffering.name, "Name of the parent offering, if any.", optional=True)
    parent_offering_slug: str = column(ParentOffering.slug, "Slug of the parent offering, if any.", optional=True)
    parent_uuid: UUID = column(Parent.uuid, "UUID of the parent resource, if any.", optional=True)
    parent_name: str = column(Parent.name, "Name of the parent resource, if any.", optional=True)
    backend_metadata: JsonObject = column(Resource.backend_metadata, "What the provider's system tells of the booking.")
    is_usage_based: bool = column(components(BillingType.USAGE) > 0, "The offering has a component charged by usage.")
    is_limit_based: bool = constant(False, "Always false: limits of bookings cannot be changed.")
    name: str = column(Resource.name, "Name of the booking; may be empty.")
    slug: str = column(Resource.slug, "Short name of the booking; not unique.")
    current_usages: JsonObject = column(Resource.current_usages, "Last reported usage by component.")
    can_terminate: bool = judged(_can_terminate, Facts, "Whether the caller may terminate the booking now.")
    report: list[ReportSection] | None = column(Resource.report, "The provider's report.")
    end_date: date | None = column(
        Resource.end_date, "The date is inclusive. Once reached, a resource will be scheduled for termination."
    )
    end_date_requested_by: Url | None = link(
        USER, Resource.end_date_requested_by_uuid, description="Who asked for the booking to end then."
    )
    username: str | None = computed(
        _account, Resource.offering_uuid, description="Name of the caller's account at the offering.", per_caller=True
    )
    limit_usage: JsonObject = constant({}, "Always empty: bookings have no limits.")
    downscaled: bool = column(Resource.downscaled, "The provider has reduced what the booking gives.")
    restrict_member_access: bool = column(Resource.restrict_member_access, "Members of the project have no access.")
    paused: bool = column(Resource.paused, "The provider has paused the booking.")
    endpoints: list[NestedEndpoint] = related(load_endpoints, Resource.uuid, [], "Where the booked thing is reached.")
    error_message: str = column(Resource.error_message, "What went wrong.")
    error_traceback: str = computed(
        _traceback,
        Resource.offering_uuid,
        Offering.customer_uuid,
        Resource.error_traceback,
        description="Where it went wrong; empty for all but staff, support and the provider's side.",
    )
    options: Any = column(Resource.options, "Choices made when booking; null without any.")
    available_actions: list[str] = judged(_available_actions, Facts, "What the caller may do now: `accept`, `reject`.")
    last_sync: datetime = column(
        func.coalesce(Resource.last_sync, Resource.created), "When the provider's system was last asked."
    )
    order_in_progress: OrderDetails | None = related(
        load_orders, OrderInProgress.uuid, None, "The oldest order that has not ended."
    )
    creation_order: OrderDetails | None = related(
        load_orders, CreationOrder.uuid, None, "The oldest order that asked for the booking."
    )
    service_settings_uuid: UUID = constant(ABSENT, "Never there: offerings of bookings have no such settings.")
    project_slug: str = column(Project.slug, "Slug of the project.")
    customer_slug: str = column(Consumer.slug, "Slug of the organisation that books.")
    user_requires_reconsent: bool = constant(
        False, "Check if the current user needs to re-consent for this resource's offering."
    )
    renewal_date: JsonObject | None = constant(None, "Always null: bookings are not renewed.")
    created_by: Url = link(USER, CreationOrder.created_by_uuid, description="Who asked for the booking.", optional=True)
    created_by_username: str = column(CreatedBy.username, "Username of that user.", optional=True)
    created_by_full_name: str = computed(
        _if_there, CreatedBy.uuid, full_name(CreatedBy), description="Full name of that user."
    )
    consumer_reviewed_by: Url | None = computed(
        _reviewer,
        CreationOrder.uuid,
        CreationOrder.consumer_reviewed_by_uuid,
        description="Who approved the request for the consumer.",
    )
    consumer_reviewed_by_username: str = column(ConsumerReviewer.username, "Username of that user.", optional=True)
    consumer_reviewed_by_full_name: str = computed(
        _if_there, ConsumerReviewer.uuid, full_name(ConsumerReviewer), description="Full name of that user."
    )
    slots: list[BookingSlot] = related(load_slots, Resource.uuid, [], "The booked periods, earliest first.")
    project_start_date: date | None = column(Project.start_date, "First day of the project. (An extension.)")
    provider_description: str = computed(
        _undescribed,
        Provider.uuid,
        description="Always empty: organisations are not described here. (An extension.)",
    )
    project_effective_end_date: date | None = column(
        Project.end_date, "Last day of the project, which has no days of grace. (An extension.)"
    )
    resource_effective_end_date: date | None = column(
        func.least(Resource.end_date, Project.end_date),
        "Last day of the booking or of its project, whichever comes first. (An extension.)",
    )
    project_is_in_grace_period: bool = constant(False, "Always false: projects have no days of grace. (An extension.)")
    offering_backend_id: str = column(Offering.backend_id, "ID of the offering in another system. (An extension.)")
    end_date_updated_at: datetime | None = constant(
        None, "Always null: when `end_date` was set is not kept. (An extension.)"
    )
    usage_limit_restriction: str = constant("", "Always empty: usage restricts no booking. (An extension.)")
    offering_state: OfferingState = column(Offering.state, "Whether the offering may be booked. (An extension.)")
    offering_components: list[OfferingComponent] = related(
        load_components, Resource.offering_uuid, [], "What the offering is charged by. (An extension.)"
    )
    has_api_keys: bool = constant(False, "Always false: bookings have no keys. (An extension.)")
    offering_account_settings: JsonObject = constant(
        {}, "Always empty: offerings make no accounts for bookings. (An extension.)"
    )


BOOKING_RESOURCES = View(BookingResource, Resource, BOOKING_RELATIONS)


class BookingEvent(Fieldset):
    """One change of a booking's state. Without a user, the service itself made the change."""

    uuid: UUID = column(History.uuid, "UUID of the change.")
    created: datetime = column(History.created, "When it happened.")
    user: Url | None = link(USER, History.user_uuid, description="Who did it.")
    user_username: str | None = column(Actor.username, "Username of that user.")
    user_full_name: str | None = computed(
        _name_or_null, Actor.uuid, full_name(Actor), description="Full name of that user."
    )
    from_state: ResourceState = column(History.from_state, "State before.")
    to_state: ResourceState = column(History.to_state, "State after.")
    comment: str | None = column(History.comment, "The reason that was given.")
    order: Url | None = link(ORDER, History.order_uuid, description="The order that the change ended.")


HISTORY = View(BookingEvent, History, HISTORY_RELATIONS)


class Rejection(BaseModel):
    """Why a booking is rejected; the whole body is optional."""

    provider_rejection_comment: Comment | None = Field(
        default=None, description="The reason, for the consumer.", examples=["The instrument is being serviced."]
    )


class TerminationAttributes(BaseModel):
    """Particulars of a termination."""

    termination_comment: Comment | None = Field(default=None, description="Why the booking ends.")


class Termination(BaseModel):
    """A termination; the whole body is optional."""

    attributes: TerminationAttributes = Field(default_factory=TerminationAttributes, description="Particulars.")


class BookingOrderUUID(BaseModel):
    """Which order a transition ended."""

    order_uuid: UUID = Field(description="UUID of the order.")

"""What a request says, and the documented fields of an order: as bookings show it, and as its creator gets it."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from sqlalchemy import ColumnElement, Float, case, cast, func, select

from app.access import sees_tracebacks
from app.api.wire import Comment, Cost, DescribedAs, StorableJson, StorableValue, Url, WebAddress
from app.columns import Expression
from app.links import ORDER, PROJECT, USER
from app.models import Offering, OfferingComponent, Order, Plan, PlanComponent, Project, Resource
from app.models.enums import BillingType, OrderState, RequestType
from app.offerings.schemas import OfferedFields
from app.orders.rules import LONGEST_NAME, MOST_PERIODS
from app.query.fieldset import ABSENT, Context, View, column, computed, constant, link
from app.relations import (
    ORDER_RELATIONS,
    Consumer,
    ConsumerReviewer,
    CreatedBy,
    OldPlan,
    ProviderReviewer,
    full_name,
    full_name_or_null,
)
from app.values import NO_NULL, JsonObject

_NAME = {"type": ["string", "null"], "maxLength": LONGEST_NAME, "pattern": NO_NULL}


class IssueReference(BaseModel):
    """A ticket about an order."""

    key: str = Field(description="Key of the ticket.")
    uuid: UUID = Field(description="UUID of the ticket.")


def _price(kind: RequestType, billing: BillingType, amount: Expression) -> ColumnElement[float]:
    """The sum over the plan's components of one billing type, for orders of one kind; else 0. Rule: contract, 8.6."""
    total = (
        select(func.coalesce(func.sum(amount), 0))
        .select_from(PlanComponent)
        .join(OfferingComponent, OfferingComponent.uuid == PlanComponent.component_uuid)
        .where(PlanComponent.plan_uuid == Order.plan_uuid, OfferingComponent.billing_type == billing)
        .correlate(Order)
        .scalar_subquery()
    )
    return cast(case((Order.type == kind, total), else_=0), Float)


def _with_plan(_: Context, plan: UUID | None, *prices: float) -> object:
    return ABSENT if plan is None else sum(prices)


def _traceback(context: Context, offering: UUID, provider: UUID | None, traceback: str) -> object:
    return traceback if sees_tracebacks(context.caller, offering, provider) else ABSENT


class OrderDetails(OfferedFields):
    """What was asked for, by whom, and how it ended."""

    attributes: Any = column(Order.attributes, "What was ordered, as sent.")
    limits: JsonObject = column(Order.limits, "Ordered amount by component.")
    uuid: UUID = column(Order.uuid, "UUID of the order.")
    created: datetime = column(Order.created, "When the order was placed.")
    modified: datetime = column(Order.modified, "When the order last changed.")
    resource_uuid: UUID | None = constant(None, "Always null: a booking has no object in another system.")
    resource_type: str | None = constant(None, "Always null, as `resource_uuid`.")
    resource_name: str = column(Resource.name, "Name of the booking.")
    cost: Cost | None = column(Order.cost, "What the order costs.")
    state: OrderState = column(Order.state, "How far the order is.")
    output: str = column(Order.output, "What processing the order printed.")
    marketplace_resource_uuid: UUID = column(Resource.uuid, "UUID of the booking.")
    error_message: str = column(Order.error_message, "Why the order failed.")
    error_traceback: str = computed(
        _traceback,
        Order.offering_uuid,
        Offering.customer_uuid,
        Order.error_traceback,
        description="Where it failed; absent for all but staff, support and the provider's side.",
    )
    callback_url: str | None = column(Order.callback_url, "Where a browser is sent afterwards.")
    completed_at: datetime | None = column(Order.completed_at, "When the order was done.")
    request_comment: str | None = column(Order.request_comment, "What the consumer said.")
    attachment: Url | None = constant(None, "Always null: orders carry no files.")
    type: RequestType = column(Order.type, "What is asked for.")
    start_date: date | None = column(Order.start_date, "Not to be processed before this day.")
    url: Url = link(ORDER, Order.uuid, description="The order itself.")
    consumer_reviewed_by: str | None = column(ConsumerReviewer.username, "Who decided for the consumer: a username.")
    consumer_reviewed_by_full_name: str | None = column(full_name_or_null(ConsumerReviewer), "Full name of that user.")
    consumer_reviewed_by_username: str | None = column(ConsumerReviewer.username, "Username of that user.")
    consumer_reviewed_at: datetime | None = column(Order.consumer_reviewed_at, "When that user decided.")
    provider_reviewed_by: str | None = column(ProviderReviewer.username, "Who decided for the provider: a username.")
    provider_reviewed_by_full_name: str | None = column(full_name_or_null(ProviderReviewer), "Full name of that user.")
    provider_reviewed_by_username: str | None = column(ProviderReviewer.username, "Username of that user.")
    provider_reviewed_at: datetime | None = column(Order.provider_reviewed_at, "When that user decided.")
    created_by_username: str = column(CreatedBy.username, "Who placed the order.")
    created_by_full_name: str = column(full_name(CreatedBy), "Full name of that user.")
    created_by_civil_number: str | None = constant(None, "Always null: personal data is not shown.")
    customer_name: str = column(Consumer.name, "The organisation that books.")
    customer_uuid: UUID = column(Consumer.uuid, "UUID of that organisation.")
    customer_slug: str = column(Consumer.slug, "Slug of that organisation.")
    project_name: str = column(Project.name, "The project that the booking is for.")
    project_uuid: UUID = column(Project.uuid, "UUID of that project.")
    project_description: str = column(Project.description, "Description of that project.")
    project_slug: str = column(Project.slug, "Slug of that project.")
    old_plan_name: str | None = column(OldPlan.name, "The plan before the change.")
    new_plan_name: str | None = column(Plan.name, "The plan after the change.")
    old_plan_uuid: UUID | None = column(OldPlan.uuid, "UUID of the plan before the change.")
    new_plan_uuid: UUID | None = column(Plan.uuid, "UUID of the plan after the change.")
    old_cost_estimate: Cost | None = column(Resource.cost, "What the booking cost before the change.")
    new_cost_estimate: Cost | None = column(Order.cost, "What it costs after the change.")
    can_terminate: bool = constant(False, "Always false: a request is withdrawn by rejecting the booking.")
    fixed_price: float = computed(
        _with_plan,
        Plan.uuid,
        _price(RequestType.CREATE, BillingType.FIXED, PlanComponent.price * PlanComponent.amount),
        description="Fixed price per unit of the plan; absent without a plan.",
    )
    activation_price: float = computed(
        _with_plan,
        Plan.uuid,
        _price(RequestType.CREATE, BillingType.ONE_TIME, PlanComponent.price),
        _price(RequestType.UPDATE, BillingType.ON_PLAN_SWITCH, PlanComponent.price),
        description="Price that is due once; absent without a plan.",
    )
    termination_comment: str | None = column(Order.termination_comment, "Why the request was rejected, or ended.")
    backend_id: str = column(Order.backend_id, "ID of the order in another system.")
    issue: IssueReference | None = constant(None, "Always null: there is no ticket system.")


ORDER_DETAILS = View(OrderDetails, Order, ORDER_RELATIONS)


class ScheduledPeriod(BaseModel):
    """A period that is asked for. Other members are kept as they are."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, StorableValue]

    start: datetime = Field(description="First moment of the period, with seconds and an offset or Z; in the future.")
    end: datetime = Field(description="First moment after the period, with seconds and an offset or Z.")


class BookingAttributes(BaseModel):
    """What is asked for. Other members are kept as they are."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, StorableValue]

    schedules: list[ScheduledPeriod] = Field(
        min_length=1,
        max_length=MOST_PERIODS,
        description="The periods, each inside an opening window of the offering; they may touch, not overlap.",
    )
    name: Annotated[str | None, WithJsonSchema(_NAME)] = Field(default="", description="Name of the booking.")
    description: StorableValue = Field(default="", description="What the booking is for.")
    end_date: StorableValue = Field(default=None, description="Day on which the booking is to end, as YYYY-MM-DD.")


class OrderCreateRequest(BaseModel):
    """A request for a booking."""

    model_config = ConfigDict(strict=True)

    offering: Comment = Field(description="The offering: its URL or path, as `marketplace-public-offerings` shows it.")
    project: Comment = Field(description="The project that the booking is for: its URL or path.")
    attributes: Annotated[StorableJson, DescribedAs(BookingAttributes)] = Field(
        description="The periods, the name, and whatever else is to be kept with the booking."
    )
    plan: Comment | None = Field(default=None, description="The price list: its URL or path.")
    limits: Annotated[JsonObject, WithJsonSchema({"type": "object", "maxProperties": 0})] | None = Field(
        default=None, description="Must be empty: bookings have no limits."
    )
    accepting_terms_of_service: bool | None = Field(
        default=None, description="Needed where the offering has terms of service."
    )
    callback_url: WebAddress | None = Field(
        default=None, description="Where a browser is sent afterwards: an http or https URL."
    )
    request_comment: Comment | None = Field(default=None, description="A word to those who decide.")
    type: Annotated[RequestType, WithJsonSchema({"type": "string", "const": RequestType.CREATE})] = Field(
        default=RequestType.CREATE, description="Always `Create` here."
    )
    start_date: date | None = Field(default=None, description="Not to be processed before this day.")


class OrderCreate(OfferedFields):
    """An order as its creator gets it."""

    uuid: UUID = column(Order.uuid, "UUID of the order.")
    created: datetime = column(Order.created, "When the order was placed.")
    modified: datetime = column(Order.modified, "When the order last changed.")
    attributes: Any = column(Order.attributes, "What was ordered, as sent.")
    limits: JsonObject = column(Order.limits, "Ordered amount by component.")
    resource_uuid: UUID | None = constant(None, "Always null: a booking has no object in another system.")
    resource_type: str | None = constant(None, "Always null, as `resource_uuid`.")
    resource_name: str = column(Resource.name, "Name of the booking.")
    cost: Cost | None = column(Order.cost, "What the order costs.")
    state: OrderState = column(Order.state, "How far the order is.")
    output: str = column(Order.output, "What processing the order printed.")
    marketplace_resource_uuid: UUID = column(Resource.uuid, "UUID of the booking.")
    error_message: str = column(Order.error_message, "Why the order failed.")
    callback_url: str | None = column(Order.callback_url, "Where a browser is sent afterwards.")
    completed_at: datetime | None = column(Order.completed_at, "When the order was done.")
    request_comment: str | None = column(Order.request_comment, "What the consumer said.")
    attachment: Url | None = constant(None, "Always null: orders carry no files.")
    type: RequestType = column(Order.type, "What is asked for.")
    start_date: date | None = column(Order.start_date, "Not to be processed before this day.")
    url: Url = link(ORDER, Order.uuid, description="The order itself.")
    created_by: Url = link(USER, Order.created_by_uuid, description="Who placed the order.")
    created_by_username: str = column(CreatedBy.username, "Username of that user.")
    created_by_full_name: str = column(full_name(CreatedBy), "Full name of that user.")
    consumer_reviewed_by: Url | None = link(
        USER, Order.consumer_reviewed_by_uuid, description="Who decided for the consumer."
    )
    consumer_reviewed_at: datetime | None = column(Order.consumer_reviewed_at, "When that user decided.")
    consumer_reviewed_by_username: str | None = column(ConsumerReviewer.username, "Username of that user.")
    consumer_reviewed_by_full_name: str | None = column(full_name_or_null(ConsumerReviewer), "Full name of that user.")
    project: Url = link(PROJECT, Project.uuid, description="The project that the booking is for.")
    project_uuid: UUID = column(Project.uuid, "UUID of that project.")
    project_name: str = column(Project.name, "Name of that project.")
    project_description: str = column(Project.description, "Description of that project.")
    customer_name: str = column(Consumer.name, "The organisation that books.")
    customer_uuid: UUID = column(Consumer.uuid, "UUID of that organisation.")


ORDER_CREATE = View(OrderCreate, Order, ORDER_RELATIONS)

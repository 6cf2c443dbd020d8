"""What a request says, and what is answered: the documented fields of an order that has been placed."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.kit.fieldset import View, column, constant, link
from app.kit.wire import NO_NULL, Comment, Cost, DescribedAs, FreeForm, StorableJson, StorableValue, Url
from app.links import ORDER, PROJECT, USER
from app.models import Order, Project, Resource
from app.models.enums import OrderState, RequestType
from app.offerings.schemas import OfferedFields
from app.orders.relations import ORDER_RELATIONS, Consumer, ConsumerReviewer, CreatedBy
from app.orders.schemas import full_name, full_name_or_null
from app.requests.rules import LONGEST_NAME, MOST_PERIODS

_NAME = {"type": ["string", "null"], "maxLength": LONGEST_NAME, "pattern": NO_NULL}


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
    limits: Annotated[FreeForm, WithJsonSchema({"type": "object", "maxProperties": 0})] | None = Field(
        default=None, description="Must be empty: bookings have no limits."
    )
    accepting_terms_of_service: bool | None = Field(
        default=None, description="Needed where the offering has terms of service."
    )
    callback_url: Comment | None = Field(default=None, description="Where a browser is sent afterwards.")
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
    limits: FreeForm = column(Order.limits, "Ordered amount by component.")
    resource_uuid: UUID | None = constant(lambda: None, "Always null: a booking has no object in another system.")
    resource_type: str | None = constant(lambda: None, "Always null, as `resource_uuid`.")
    resource_name: str = column(Resource.name, "Name of the booking.")
    cost: Cost | None = column(Order.cost, "What the order costs.")
    state: OrderState = column(Order.state, "How far the order is.")
    output: str = column(Order.output, "What processing the order printed.")
    marketplace_resource_uuid: UUID = column(Resource.uuid, "UUID of the booking.")
    error_message: str = column(Order.error_message, "Why the order failed.")
    callback_url: str | None = column(Order.callback_url, "Where a browser is sent afterwards.")
    completed_at: datetime | None = column(Order.completed_at, "When the order was done.")
    request_comment: str | None = column(Order.request_comment, "What the consumer said.")
    attachment: Url | None = constant(lambda: None, "Always null: orders carry no files.")
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

"""The rows of a file, table by table: which keys they have, which may be left out, and what they are stored as.

Fields are named after the columns that they fill; in the file, references lack the `_uuid` at the end (`offering`).
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID, uuid5

from pydantic import Field, model_validator

from app.commands.transfer.row import (
    DatedRow,
    EndpointRow,
    IdentifiedRow,
    NamedRow,
    PeriodRow,
    Record,
    Row,
    SlotRow,
    TokenRow,
)
from app.commands.transfer.values import (
    Content,
    Coordinate,
    Day,
    FileName,
    Flag,
    JsonObject,
    JsonObjectOrNull,
    Moment,
    Price,
    ReportOrNull,
    Text,
    Text50,
    Text100,
    Text150,
    Text255,
    Text500,
    TokenKey,
    Username,
    UuidText,
    Whole,
    storable,
)
from app.keys import digest
from app.models import enums
from app.slots.periods import scheduled


class CustomerRow(NamedRow):
    table = "customer"

    abbreviation: Text = ""
    native_name: Text = ""
    blocked: Flag = False
    archived: Flag = False


class UserRow(DatedRow):
    """`token` is the key of a token, in the clear, for files written by hand."""

    table = "user"

    username: Username
    first_name: Text = ""
    last_name: Text = ""
    email: Text = ""
    civil_number: Text | None = None
    is_staff: Flag = False
    is_support: Flag = False
    is_active: Flag = True
    token_lifetime: Annotated[Whole, Field(ge=0)] | None = None
    token: TokenKey | None = None
    tokens: tuple[TokenRow, ...] = ()

    def records(self) -> Iterator[tuple[str, Record]]:
        yield from super().records()
        for token in self.tokens:
            yield "token", {"user_uuid": self.uuid, **token.__dict__}
        if self.token is not None:
            known = digest(self.token)
            if known not in {token.digest for token in self.tokens}:
                values = {"uuid": uuid5(self.uuid, known), "digest": known, "name": ""}
                yield "token", {"user_uuid": self.uuid, **values}


class MediaFileRow(IdentifiedRow):
    """Without `size`, it is that of the content."""

    table = "media_file"

    name: FileName
    mime_type: Text = ""
    content: Content | None = None
    size: Whole | None = None

    @model_validator(mode="after")
    def _with_size(self) -> Self:
        if self.size is None:
            self.size = len(self.content or b"")
        return self


class ProjectRow(NamedRow):
    table = "project"

    name: Text500
    customer_uuid: UuidText
    description: Text = ""
    start_date: Day | None = None
    end_date: Day | None = None
    end_date_requested_by_uuid: UuidText | None = None
    is_removed: Flag = False


class CategoryRow(DatedRow):
    """`icon` is the name of a media file, or empty."""

    table = "category"

    title: Text
    description: Text = ""
    icon: Text = ""


class OfferingRow(NamedRow):
    """`thumbnail` and `image` are names of media files, or empty."""

    table = "offering"

    customer_uuid: UuidText | None = None
    category_uuid: UuidText
    parent_uuid: UuidText | None = None
    description: Text = ""
    type: Text100 = enums.BOOKING_OFFERING_TYPE
    state: enums.OfferingState = enums.OfferingState.ACTIVE
    shared: Flag = True
    billable: Flag = True
    plugin_options: JsonObject = "{}"
    attributes: JsonObject = "{}"
    options: JsonObject = "{}"
    terms_of_service: Text = ""
    paused_reason: Text = ""
    thumbnail: Text = ""
    image: Text = ""
    rules: JsonObject = "{}"
    rules_changed: Moment | None = None
    latitude: Coordinate | None = None
    longitude: Coordinate | None = None
    backend_id: Text = ""


class OfferingComponentRow(IdentifiedRow):
    table = "offering_component"

    offering_uuid: UuidText
    type: Text50
    name: Text
    billing_type: enums.BillingType
    measured_unit: Text = ""
    limit_period: enums.LimitPeriod | None = None
    limit_amount: Whole | None = None
    max_value: Whole | None = None
    min_value: Whole | None = None


class PlanRow(DatedRow):
    table = "plan"

    offering_uuid: UuidText
    name: Text
    description: Text = ""
    unit: enums.BillingUnit
    unit_price: Price = Decimal(0)
    archived: Flag = False


class PlanComponentRow(Row):
    table = "plan_component"

    plan_uuid: UuidText
    component_uuid: UuidText
    amount: Whole = 0
    price: Price = Decimal(0)


class OfferingUserRow(Row):
    table = "offering_user"

    offering_uuid: UuidText
    user_uuid: UuidText
    username: Text | None = None


class OfferingChangeRow(IdentifiedRow):
    table = "offering_change"

    offering_uuid: UuidText
    user_uuid: UuidText | None = None
    created: Moment | None = None
    subject: enums.Subject
    before: JsonObject
    after: JsonObject


class BusySlotRow(PeriodRow, IdentifiedRow):
    """Time that the provider keeps free: no live booking may be in it."""

    table = "busy_slot"

    offering_uuid: UuidText
    comment: Text = ""
    backend_id: Text255 | None = None
    created: Moment | None = None
    created_by_uuid: UuidText | None = None


class ResourceRow(NamedRow):
    """A booking. Without `attributes`, they are made of its name and slots; without slots, those of its schedules."""

    table = "resource"

    name: Text150
    offering_uuid: UuidText
    plan_uuid: UuidText | None = None
    project_uuid: UuidText
    parent_uuid: UuidText | None = None
    description: Text = ""
    state: enums.ResourceState
    attributes: JsonObject | None = None
    limits: JsonObject = "{}"
    current_usages: JsonObject = "{}"
    cost: Price | None = None
    backend_id: Text255 = ""
    effective_id: Text255 = ""
    backend_metadata: JsonObject = "{}"
    report: ReportOrNull = None
    options: JsonObjectOrNull = None
    end_date: Day | None = None
    end_date_requested_by_uuid: UuidText | None = None
    downscaled: Flag = False
    restrict_member_access: Flag = False
    paused: Flag = False
    error_message: Text = ""
    error_traceback: Text = ""
    last_sync: Moment | None = None
    slots: tuple[SlotRow, ...] = ()
    endpoints: tuple[EndpointRow, ...] = ()

    @model_validator(mode="after")
    def _with_attributes(self) -> Self:
        if self.attributes is None:
            periods = [{"start": slot.start.isoformat(), "end": slot.end.isoformat()} for slot in self.slots]
            self.attributes = storable({"name": self.name, "schedules": periods})
        elif not self.slots and '"schedules"' in self.attributes:
            asked = [each for each in scheduled(json.loads(self.attributes)) if each.is_storable]
            self.slots = tuple(SlotRow.model_construct(start=each.start, end=each.end) for each in asked)
        return self

    def records(self) -> Iterator[tuple[str, Record]]:
        yield from super().records()
        booking = {"resource_uuid": self.uuid}
        for position, endpoint in enumerate(self.endpoints):
            uuid = endpoint.uuid or self._derived("endpoint", position)
            yield "resource_endpoint", {**booking, **endpoint.__dict__, "uuid": uuid, "position": position}
        held = {**booking, "offering_uuid": self.offering_uuid, "live": self.state in enums.LIVE_STATES}
        for position, slot in enumerate(self.slots):
            name = slot.backend_id or f"booking_{self._derived('slot', position).hex}"
            yield "slot", {**held, **slot.__dict__, "backend_id": name, "position": position}

    def _derived(self, kind: str, position: int) -> UUID:
        """The same each time, so that loading the file again changes nothing."""
        return uuid5(self.uuid, f"{kind}/{position}")


class OrderRow(DatedRow):
    table = "order"

    resource_uuid: UuidText
    offering_uuid: UuidText
    project_uuid: UuidText
    plan_uuid: UuidText | None = None
    old_plan_uuid: UuidText | None = None
    type: enums.RequestType
    state: enums.OrderState
    attributes: JsonObject = "{}"
    limits: JsonObject = "{}"
    cost: Price | None = None
    output: Text = ""
    error_message: Text = ""
    error_traceback: Text = ""
    completed_at: Moment | None = Field(default=None, alias="activated")
    created_by_uuid: UuidText
    consumer_reviewed_by_uuid: UuidText | None = None
    consumer_reviewed_at: Moment | None = None
    provider_reviewed_by_uuid: UuidText | None = None
    provider_reviewed_at: Moment | None = None
    callback_url: Text | None = None
    request_comment: Text | None = None
    start_date: Day | None = None
    termination_comment: Text | None = None
    backend_id: Text = ""


class HistoryRow(IdentifiedRow):
    table = "history"

    resource_uuid: UuidText
    order_uuid: UuidText | None = None
    user_uuid: UuidText | None = None
    created: Moment | None = None
    from_state: enums.ResourceState
    to_state: enums.ResourceState
    comment: Text | None = None

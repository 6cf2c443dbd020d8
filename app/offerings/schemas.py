"""Offerings: one line for each field, of their own lists and of what bookings and orders show of them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel
from sqlalchemy import select

from app.api.wire import AnyStorableJson, Url
from app.columns import Expression
from app.links import BOOKING_OFFERING, CUSTOMER, MEDIA, PLAN, PROVIDER_OFFERING, PUBLIC_OFFERING
from app.models import Category, MediaFile, Plan
from app.models import Offering as Row
from app.models import OfferingChange as Change
from app.models.enums import BillingType, BillingUnit, LimitPeriod, OfferingState, ResourceState, Subject
from app.offerings.loaders import load_components
from app.offerings.plans import BasePublicPlan, load_plans
from app.query.fieldset import Context, Fieldset, View, column, computed, constant, link, related
from app.relations import (
    CHANGE_RELATIONS,
    OFFERING_RELATIONS,
    Actor,
    ParentOffering,
    Provider,
    full_name_or_null,
)
from app.slots.periods import moment
from app.values import JsonObject

MOST_OUTSIDE = 100
"""How many periods outside new hours are told of."""


def _media(context: Context, uuid: UUID | None, stored: bool) -> str | None:
    return context.url(MEDIA, uuid) if uuid and (stored or context.directory_base_url) else None


def media_link(uuid: Expression, description: str) -> Any:
    """The URL of a media file; null without one, and where nobody could answer with its content."""
    content = MediaFile.content.is_not(None)
    stored = select(MediaFile.uuid).where(MediaFile.uuid == uuid, content).correlate_except(MediaFile).exists()
    return computed(_media, uuid, stored, description=description)


class OfferedFields(Fieldset):
    """What was booked or ordered: the first 21 documented fields of both."""

    offering: Url = link(PUBLIC_OFFERING, Row.uuid, description="The offering, as its consumers see it.")
    offering_name: str = column(Row.name, "Name of the offering.")
    offering_uuid: UUID = column(Row.uuid, "UUID of the offering.")
    offering_description: str = column(Row.description, "Description of the offering.")
    offering_image: Url | None = media_link(Row.image_uuid, "Image of the offering.")
    offering_thumbnail: Url | None = media_link(Row.thumbnail_uuid, "Small image of the offering.")
    offering_type: str = column(Row.type, "Always `Marketplace.Booking`.")
    offering_shared: bool = column(Row.shared, "Accessible to all customers.")
    offering_billable: bool = column(Row.billable, "Purchase and usage is invoiced.")
    offering_plugin_options: Any = column(
        Row.plugin_options, "Public data used by specific plugin, such as storage mode for OpenStack."
    )
    provider_name: str = column(Provider.name, "Name of the organisation that offers.", optional=True)
    provider_uuid: UUID = column(Provider.uuid, "UUID of the organisation that offers.", optional=True)
    provider_slug: str = column(Provider.slug, "Slug of the organisation that offers.", optional=True)
    category_title: str = column(Category.title, "Kind of the offering.")
    category_uuid: UUID = column(Category.uuid, "UUID of the offering's kind.")
    category_icon: Url | None = media_link(Category.icon_uuid, "Icon of the offering's kind.")
    plan: Url | None = link(PLAN, Row.uuid, Plan.uuid, description="The price list that applies, if any.")
    plan_unit: BillingUnit | None = column(Plan.unit, "What a price of the plan is for.")
    plan_name: str | None = column(Plan.name, "Name of the plan.")
    plan_uuid: UUID | None = column(Plan.uuid, "UUID of the plan.")
    plan_description: str | None = column(Plan.description, "Description of the plan.")


class OfferingComponent(BaseModel):
    """What an offering is charged by."""

    uuid: UUID = Field(description="UUID of the component.")
    billing_type: BillingType = Field(description="How it is charged.")
    type: str = Field(description="Its key, the same in plans, limits and usage.")
    name: str = Field(description="Its name.")
    measured_unit: str = Field(description="What an amount of it is counted in.")
    limit_period: LimitPeriod | None = Field(description="The period that a limit covers.")
    limit_amount: int | None = Field(description="The most that may be used in that period.")
    max_value: int | None = Field(description="The most that may be ordered.")
    min_value: int | None = Field(description="The least that may be ordered.")


_NO_CALENDAR = {"backend_id": None, "public": False, "http_link": ""}


class GoogleCalendar(BaseModel):
    """A calendar elsewhere that shows the bookings of an offering."""

    backend_id: str | None = Field(description="ID of the calendar.")
    public: bool = Field(description="Whether everybody may read it.")
    http_link: str = Field(description="Where it is read; empty without one.")


def _attributes(_: Context, attributes: JsonObject) -> JsonObject:
    """The attributes, of whose windows only what is still to come is shown. Rule: contract, 9.2."""
    schedules = attributes.get("schedules")
    if not isinstance(schedules, list):
        return attributes
    now = datetime.now(UTC)
    return attributes | {"schedules": [_ahead(window, now) for window in schedules if not _is_over(window, now)]}


def _is_over(window: object, now: datetime) -> bool:
    end = moment(window.get("end")) if isinstance(window, dict) else None
    return end is not None and end <= now


def _ahead(window: object, now: datetime) -> object:
    if not isinstance(window, dict):
        return window
    start = moment(window.get("start"))
    return window if start is None or start >= now else window | {"start": f"{now:%Y-%m-%dT%H:%M:%S}.000Z"}


class _OfferingFields(Fieldset):
    url: Url = link(PUBLIC_OFFERING, Row.uuid, description="The offering itself.")
    uuid: UUID = column(Row.uuid, "UUID of the offering.")
    created: datetime = column(Row.created, "When it was registered.")
    name: str = column(Row.name, "Name of the offering.")
    slug: str = column(Row.slug, "Its short name.")
    description: str = column(Row.description, "What it is.")
    customer: Url | None = link(CUSTOMER, Row.customer_uuid, description="The organisation that offers.")
    customer_uuid: UUID | None = column(Row.customer_uuid, "UUID of that organisation.")
    customer_name: str | None = column(Provider.name, "Name of that organisation.")
    category_uuid: UUID = column(Row.category_uuid, "UUID of its kind.")
    category_title: str = column(Category.title, "Its kind.")
    attributes: JsonObject = computed(
        _attributes,
        Row.attributes,
        description="`schedules`: the windows in which it may be booked, as far as they are still to come.",
    )
    components: list[OfferingComponent] = related(load_components, Row.uuid, [], "What it is charged by.")
    plugin_options: JsonObject = column(Row.plugin_options, "Rules for booking it.")
    state: OfferingState = column(Row.state, "Whether it may be booked.")
    thumbnail: Url | None = media_link(Row.thumbnail_uuid, "Small image of it.")
    plans: list[BasePublicPlan] = related(load_plans, Row.uuid, [], "Price lists to choose from.")
    type: str = column(Row.type, "Always `Marketplace.Booking`.")
    shared: bool = column(Row.shared, "Accessible to all customers.")
    billable: bool = column(Row.billable, "Purchase and usage is invoiced.")
    paused_reason: str = column(Row.paused_reason, "Why it may not be booked for now.")
    latitude: float | None = column(Row.latitude, "Degrees north of the equator.")
    longitude: float | None = column(Row.longitude, "Degrees east of Greenwich.")
    image: Url | None = media_link(Row.image_uuid, "Image of it.")
    parent_uuid: UUID | None = column(Row.parent_uuid, "UUID of the offering that it is a part of.")
    parent_name: str | None = column(ParentOffering.name, "Name of the offering that it is a part of.")


class PublicOfferingDetails(_OfferingFields):
    """A bookable thing, as its consumers see it."""

    google_calendar_is_public: bool | None = constant(None, "Always null: it is shown in no other calendar.")
    google_calendar_link: str | None = constant(None, "Always null: it is shown in no other calendar.")


class Offering(_OfferingFields):
    """A bookable thing, as its provider sees it."""

    url: Url = link(BOOKING_OFFERING, Row.uuid, description="The offering itself.")
    googlecalendar: GoogleCalendar = constant(_NO_CALENDAR, "Always empty: it is shown in no other calendar.")


class ProviderOfferingDetails(_OfferingFields):
    """A bookable thing, as its provider changes it."""

    url: Url = link(PROVIDER_OFFERING, Row.uuid, description="The offering itself.")
    attributes: JsonObject = column(
        Row.attributes, "`schedules`: the windows in which it may be booked, whole and as they are stored."
    )
    backend_id: str = column(Row.backend_id, "ID of it in another system.")
    google_calendar_is_public: bool | None = constant(None, "Always null: it is shown in no other calendar.")
    google_calendar_link: str | None = constant(None, "Always null: it is shown in no other calendar.")


class OfferingAttributesRequest(RootModel[AnyStorableJson]):
    """All attributes of an offering; `schedules` has the windows in which it may be booked."""

    model_config = ConfigDict(json_schema_extra={"type": "object"})


class OutsideSlot(BaseModel):
    """A period of a live booking that is not within the hours of its offering."""

    model_config = ConfigDict(from_attributes=True)

    uuid: UUID = Field(description="UUID of the booking.")
    name: str = Field(description="Name of the booking.")
    state: ResourceState = Field(description="State of the booking.")
    start: datetime = Field(description="The first moment that belongs to the period.")
    end: datetime = Field(description="The first moment that no longer belongs to it.")


class ChangedAttributes(BaseModel):
    """What does not fit with attributes that were changed."""

    outside: list[OutsideSlot] = Field(
        description=f"Periods of live bookings that are not within the new hours, and stay; the first {MOST_OUTSIDE}."
    )
    outside_count: int = Field(description="How many such periods there are.")


class OfferingChange(Fieldset):
    """One change of what an offering is booked by."""

    uuid: UUID = column(Change.uuid, "UUID of the change.")
    created: datetime = column(Change.created, "When it happened.")
    user_username: str | None = column(Actor.username, "Username of who did it.")
    user_full_name: str | None = column(full_name_or_null(Actor), "Full name of that user.")
    subject: Subject = column(Change.subject, "What was changed: its attributes, or its rules.")
    before: JsonObject = column(Change.before, "All of it before.")
    after: JsonObject = column(Change.after, "All of it after.")


CHANGE_VIEW = View(OfferingChange, Change, CHANGE_RELATIONS)
PUBLIC_OFFERING_VIEW = View(PublicOfferingDetails, Row, OFFERING_RELATIONS)
OFFERING_VIEW = View(Offering, Row, OFFERING_RELATIONS)
PROVIDER_OFFERING_VIEW = View(ProviderOfferingDetails, Row, OFFERING_RELATIONS)

"""Offerings: one line for each field of those that clients of the published API read."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app import models
from app.bookings.relations import ParentOffering
from app.catalogue.loaders import load_components
from app.catalogue.plans import BasePublicPlan, load_plans
from app.kit.fieldset import Context, Fieldset, View, column, computed, constant, link, related
from app.kit.joins import Relations
from app.kit.periods import moment
from app.kit.wire import FreeForm, Url
from app.links import BOOKING_OFFERING, CUSTOMER, PUBLIC_OFFERING
from app.models.enums import BillingType, LimitPeriod, OfferingState
from app.offerings.relations import OFFERING_RELATIONS, Provider
from app.offerings.schemas import media_link


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


class GoogleCalendar(BaseModel):
    """A calendar elsewhere that shows the bookings of an offering."""

    backend_id: str | None = Field(description="ID of the calendar.")
    public: bool = Field(description="Whether everybody may read it.")
    http_link: str = Field(description="Where it is read; empty without one.")


def _nothing() -> None:
    return None


def _no_calendar() -> dict[str, Any]:
    return {"backend_id": None, "public": False, "http_link": ""}


def _attributes(_: Context, attributes: FreeForm) -> FreeForm:
    """The attributes, of whose windows only what is still to come is shown. Rule: reference, 7.5."""
    schedules = attributes.get("schedules")
    if not isinstance(schedules, list):
        return attributes
    now = datetime.now(UTC)
    return attributes | {"schedules": [_ahead(window, now) for window in schedules if not _is_over(window, now)]}


def _is_over(window: Any, now: datetime) -> bool:
    end = moment(window.get("end")) if isinstance(window, dict) else None
    return end is not None and end <= now


def _ahead(window: Any, now: datetime) -> Any:
    start = moment(window.get("start")) if isinstance(window, dict) else None
    return window if start is None or start >= now else window | {"start": f"{now:%Y-%m-%dT%H:%M:%S}.000Z"}


class _OfferingFields(Fieldset):
    url: Url = link(PUBLIC_OFFERING, models.Offering.uuid, description="The offering itself.")
    uuid: UUID = column(models.Offering.uuid, "UUID of the offering.")
    created: datetime = column(models.Offering.created, "When it was registered.")
    name: str = column(models.Offering.name, "Name of the offering.")
    slug: str = column(models.Offering.slug, "Its short name.")
    description: str = column(models.Offering.description, "What it is.")
    customer: Url | None = link(CUSTOMER, models.Offering.customer_uuid, description="The organisation that offers.")
    customer_uuid: UUID | None = column(models.Offering.customer_uuid, "UUID of that organisation.")
    customer_name: str | None = column(Provider.name, "Name of that organisation.")
    category_uuid: UUID = column(models.Offering.category_uuid, "UUID of its kind.")
    category_title: str = column(models.Category.title, "Its kind.")
    attributes: FreeForm = computed(
        _attributes,
        models.Offering.attributes,
        description="`schedules`: the windows in which it may be booked, as far as they are still to come.",
    )
    components: list[OfferingComponent] = related(load_components, models.Offering.uuid, list, "What it is charged by.")
    plugin_options: FreeForm = column(models.Offering.plugin_options, "Rules for booking it.")
    state: OfferingState = column(models.Offering.state, "Whether it may be booked.")
    thumbnail: Url | None = media_link(models.Offering.thumbnail_uuid, "Small image of it.")
    plans: list[BasePublicPlan] = related(load_plans, models.Offering.uuid, list, "Price lists to choose from.")
    type: str = column(models.Offering.type, "Always `Marketplace.Booking`.")
    shared: bool = column(models.Offering.shared, "Accessible to all customers.")
    billable: bool = column(models.Offering.billable, "Purchase and usage is invoiced.")
    paused_reason: str = column(models.Offering.paused_reason, "Why it may not be booked for now.")
    latitude: float | None = column(models.Offering.latitude, "Degrees north of the equator.")
    longitude: float | None = column(models.Offering.longitude, "Degrees east of Greenwich.")
    image: Url | None = media_link(models.Offering.image_uuid, "Image of it.")
    parent_uuid: UUID | None = column(models.Offering.parent_uuid, "UUID of the offering that it is a part of.")
    parent_name: str | None = column(ParentOffering.name, "Name of the offering that it is a part of.")


class PublicOfferingDetails(_OfferingFields):
    """A bookable thing, as its consumers see it."""

    google_calendar_is_public: bool | None = constant(_nothing, "Always null: it is shown in no other calendar.")
    google_calendar_link: str | None = constant(_nothing, "Always null: it is shown in no other calendar.")


class Offering(_OfferingFields):
    """A bookable thing, as its provider sees it."""

    url: Url = link(BOOKING_OFFERING, models.Offering.uuid, description="The offering itself.")
    googlecalendar: GoogleCalendar = constant(_no_calendar, "Always empty: it is shown in no other calendar.")


_RELATIONS: Relations = {
    **OFFERING_RELATIONS,
    ParentOffering: ParentOffering.uuid == models.Offering.parent_uuid,
}
PUBLIC_OFFERING_VIEW = View(PublicOfferingDetails, models.Offering, _RELATIONS)
OFFERING_VIEW = View(Offering, models.Offering, _RELATIONS)

"""The fields by which bookings and orders describe their offering and plan."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.kit.fieldset import Context, Fieldset, column, computed, link
from app.kit.wire import Url
from app.links import MEDIA, PLAN, PUBLIC_OFFERING
from app.models import Category, MediaFile, Offering, Plan
from app.models.enums import BillingUnit
from app.offerings.relations import Provider


def _media(context: Context, uuid: UUID | None, stored: bool) -> str | None:
    return context.url(MEDIA, uuid) if uuid and (stored or context.directory_base_url) else None


def media_link(uuid: Any, description: str) -> Any:
    """The URL of a media file; null without one, and where nobody could answer with its content."""
    content = MediaFile.content.is_not(None)
    stored = select(MediaFile.uuid).where(MediaFile.uuid == uuid, content).correlate_except(MediaFile).exists()
    return computed(_media, uuid, stored, description=description)


class OfferedFields(Fieldset):
    """What was booked or ordered: the first 21 documented fields of both."""

    offering: Url = link(PUBLIC_OFFERING, Offering.uuid, description="The offering, as its consumers see it.")
    offering_name: str = column(Offering.name, "Name of the offering.")
    offering_uuid: UUID = column(Offering.uuid, "UUID of the offering.")
    offering_description: str = column(Offering.description, "Description of the offering.")
    offering_image: Url | None = media_link(Offering.image_uuid, "Image of the offering.")
    offering_thumbnail: Url | None = media_link(Offering.thumbnail_uuid, "Small image of the offering.")
    offering_type: str = column(Offering.type, "Always `Marketplace.Booking`.")
    offering_shared: bool = column(Offering.shared, "Accessible to all customers.")
    offering_billable: bool = column(Offering.billable, "Purchase and usage is invoiced.")
    offering_plugin_options: Any = column(
        Offering.plugin_options, "Public data used by specific plugin, such as storage mode for OpenStack."
    )
    provider_name: str = column(Provider.name, "Name of the organisation that offers.", optional=True)
    provider_uuid: UUID = column(Provider.uuid, "UUID of the organisation that offers.", optional=True)
    provider_slug: str = column(Provider.slug, "Slug of the organisation that offers.", optional=True)
    category_title: str = column(Category.title, "Kind of the offering.")
    category_uuid: UUID = column(Category.uuid, "UUID of the offering's kind.")
    category_icon: Url | None = media_link(Category.icon_uuid, "Icon of the offering's kind.")
    plan: Url | None = link(PLAN, Offering.uuid, Plan.uuid, description="The price list that applies, if any.")
    plan_unit: BillingUnit | None = column(Plan.unit, "What a price of the plan is for.")
    plan_name: str | None = column(Plan.name, "Name of the plan.")
    plan_uuid: UUID | None = column(Plan.uuid, "UUID of the plan.")
    plan_description: str | None = column(Plan.description, "Description of the plan.")

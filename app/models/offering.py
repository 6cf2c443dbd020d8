"""Bookable things."""

from typing import Any
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Dated, Identified, enum_type, refers_to
from app.models.enums import OfferingState


class Offering(Identified, Dated, Base):
    """What a provider lends out; `attributes.schedules` holds the windows in which it may be booked."""

    __tablename__ = "offering"

    customer_uuid: Mapped[UUID | None] = mapped_column(refers_to("customer.uuid"), index=True)
    category_uuid: Mapped[UUID] = mapped_column(refers_to("category.uuid"), index=True)
    parent_uuid: Mapped[UUID | None] = mapped_column(refers_to("offering.uuid"), index=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(String(255), index=True)
    description: Mapped[str] = mapped_column(default="", server_default="")
    type: Mapped[str] = mapped_column(String(100), index=True)
    state: Mapped[OfferingState] = mapped_column(enum_type(OfferingState, "offering_state"))
    shared: Mapped[bool] = mapped_column(default=True, server_default="true")
    billable: Mapped[bool] = mapped_column(default=True, server_default="true")
    plugin_options: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    options: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    terms_of_service: Mapped[str] = mapped_column(default="", server_default="")
    paused_reason: Mapped[str] = mapped_column(default="", server_default="")
    thumbnail_uuid: Mapped[UUID | None] = mapped_column(refers_to("media_file.uuid"))
    image_uuid: Mapped[UUID | None] = mapped_column(refers_to("media_file.uuid"))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    backend_id: Mapped[str] = mapped_column(default="", server_default="")

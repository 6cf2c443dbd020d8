"""What can be booked, what it costs, and when it cannot be booked."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Dated, Identified, enum_type, owned_by, refers_to
from app.models.enums import BillingType, BillingUnit, LimitPeriod, OfferingState, Subject
from app.values import JsonObject


class Category(Identified, Dated, Base):
    """A kind of offering, such as instruments or rooms."""

    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    icon_uuid: Mapped[UUID | None] = mapped_column(refers_to("media_file.uuid"))


class Offering(Identified, Dated, Base):
    """What a provider lends out; `attributes.schedules` holds the windows in which it may be booked."""

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
    plugin_options: Mapped[JsonObject] = mapped_column(server_default="{}")
    attributes: Mapped[JsonObject] = mapped_column(server_default="{}")
    options: Mapped[JsonObject] = mapped_column(server_default="{}")
    terms_of_service: Mapped[str] = mapped_column(default="", server_default="")
    paused_reason: Mapped[str] = mapped_column(default="", server_default="")
    thumbnail_uuid: Mapped[UUID | None] = mapped_column(refers_to("media_file.uuid"))
    image_uuid: Mapped[UUID | None] = mapped_column(refers_to("media_file.uuid"))
    rules: Mapped[JsonObject] = mapped_column(server_default="{}")
    rules_changed: Mapped[datetime | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    backend_id: Mapped[str] = mapped_column(default="", server_default="")


class OfferingComponent(Identified, Base):
    """One thing that an offering is charged by, such as hours or gigabytes."""

    __table_args__ = (UniqueConstraint("offering_uuid", "type"),)

    offering_uuid: Mapped[UUID] = mapped_column(owned_by("offering.uuid"))
    type: Mapped[str] = mapped_column(String(50))
    name: Mapped[str]
    billing_type: Mapped[BillingType] = mapped_column(enum_type(BillingType, "billing_type"))
    measured_unit: Mapped[str] = mapped_column(default="", server_default="")
    limit_period: Mapped[LimitPeriod | None] = mapped_column(enum_type(LimitPeriod, "limit_period"))
    limit_amount: Mapped[int | None]
    max_value: Mapped[int | None]
    min_value: Mapped[int | None]


class Plan(Identified, Dated, Base):
    """A price list of an offering; `unit_price` is for one `unit`."""

    offering_uuid: Mapped[UUID] = mapped_column(owned_by("offering.uuid"), index=True)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    unit: Mapped[BillingUnit] = mapped_column(enum_type(BillingUnit, "billing_unit"))
    unit_price: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    archived: Mapped[bool] = mapped_column(default=False, server_default="false")


class PlanComponent(Base):
    """What one component costs in one plan, and how much of it is included."""

    plan_uuid: Mapped[UUID] = mapped_column(owned_by("plan.uuid"), primary_key=True)
    component_uuid: Mapped[UUID] = mapped_column(owned_by("offering_component.uuid"), primary_key=True, index=True)
    amount: Mapped[int] = mapped_column(default=0, server_default="0")
    price: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")


class OfferingUser(Identified, Base):
    """The name by which an offering knows a user; shown as `username` of a booking to that user."""

    __table_args__ = (UniqueConstraint("offering_uuid", "user_uuid"),)

    offering_uuid: Mapped[UUID] = mapped_column(owned_by("offering.uuid"))
    user_uuid: Mapped[UUID] = mapped_column(owned_by("user.uuid"), index=True)
    username: Mapped[str | None]


class BusySlot(Identified, Base):
    """A period, half-open, that the provider keeps free of bookings, for maintenance and the like."""

    __table_args__ = (
        CheckConstraint('"start" < "end"', name="start_before_end"),
        Index("ix_busy_slot_period", "offering_uuid", text('tstzrange("start", "end")'), postgresql_using="gist"),
    )

    offering_uuid: Mapped[UUID] = mapped_column(owned_by("offering.uuid"))
    start: Mapped[datetime]
    end: Mapped[datetime]
    comment: Mapped[str] = mapped_column(default="", server_default="")
    backend_id: Mapped[str | None] = mapped_column(String(255))
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))


class OfferingChange(Identified, Base):
    """One change of what an offering is booked by: what was and what is, by whom, and when. Rows are only added."""

    __table_args__ = (Index("ix_offering_change_offering_uuid_created", "offering_uuid", "created", "uuid"),)

    offering_uuid: Mapped[UUID] = mapped_column(refers_to("offering.uuid"))
    user_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    subject: Mapped[Subject] = mapped_column(enum_type(Subject, "offering_subject"))
    before: Mapped[JsonObject]
    after: Mapped[JsonObject]


class MediaFile(Identified, Base):
    """A file, shown to clients as `/api/media/{uuid}/` if its content is stored here; `size` is in bytes."""

    name: Mapped[str] = mapped_column(unique=True)
    mime_type: Mapped[str] = mapped_column(default="", server_default="")
    size: Mapped[int] = mapped_column(default=0, server_default="0")
    content: Mapped[bytes | None]

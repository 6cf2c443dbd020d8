"""What an offering is charged by."""

from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, enum_type, owned_by
from app.models.enums import BillingType, LimitPeriod


class OfferingComponent(Identified, Base):
    """One thing that an offering is charged by, such as hours or gigabytes."""

    __tablename__ = "offering_component"
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

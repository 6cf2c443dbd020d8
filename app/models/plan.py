"""Prices of offerings."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Dated, Identified, enum_type, owned_by
from app.models.enums import BillingUnit


class Plan(Identified, Dated, Base):
    """A price list of an offering; `unit_price` is for one `unit`."""

    __tablename__ = "plan"

    offering_uuid: Mapped[UUID] = mapped_column(owned_by("offering.uuid"), index=True)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    unit: Mapped[BillingUnit] = mapped_column(enum_type(BillingUnit, "billing_unit"))
    unit_price: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    archived: Mapped[bool] = mapped_column(default=False, server_default="false")

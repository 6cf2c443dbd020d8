"""Prices of components within a plan."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, owned_by


class PlanComponent(Base):
    """What one component costs in one plan, and how much of it is included."""

    __tablename__ = "plan_component"

    plan_uuid: Mapped[UUID] = mapped_column(owned_by("plan.uuid"), primary_key=True)
    component_uuid: Mapped[UUID] = mapped_column(owned_by("offering_component.uuid"), primary_key=True, index=True)
    amount: Mapped[int] = mapped_column(default=0, server_default="0")
    price: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")

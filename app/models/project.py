"""Projects of consumer organisations."""

from datetime import date
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Dated, Identified, refers_to


class Project(Identified, Dated, Base):
    """What a booking is for. A removed project still shows its data in its bookings."""

    __tablename__ = "project"

    customer_uuid: Mapped[UUID] = mapped_column(refers_to("customer.uuid"), index=True)
    name: Mapped[str] = mapped_column(index=True)
    slug: Mapped[str] = mapped_column(String(255), index=True)
    description: Mapped[str] = mapped_column(default="", server_default="")
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    end_date_requested_by_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    is_removed: Mapped[bool] = mapped_column(default=False, server_default="false")

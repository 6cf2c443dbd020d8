"""Time in which an offering cannot be booked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, owned_by, refers_to


class BusySlot(Identified, Base):
    """A period, half-open, that the provider keeps free of bookings, for maintenance and the like."""

    __tablename__ = "busy_slot"
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

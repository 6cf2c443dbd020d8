"""Booked periods, and the constraint that keeps them apart."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

NO_OVERLAP = "ex_slot_no_overlap"
"""The constraint by which PostgreSQL refuses overlapping slots of two live bookings of one offering."""


class Slot(Base):
    """One booked period, half-open: `start` belongs to it, `end` does not.

    `offering_uuid` and `live` repeat the booking's. The foreign key compares them and carries each change of the
    booking over, so a slot can neither claim to be free while its booking is live nor stay taken afterwards.
    """

    __tablename__ = "slot"
    __table_args__ = (
        ForeignKeyConstraint(
            ["resource_uuid", "offering_uuid", "live"],
            ["resource.uuid", "resource.offering_uuid", "resource.live"],
            name="fk_slot_resource",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        CheckConstraint('"start" < "end"', name="start_before_end"),
        ExcludeConstraint(
            ("offering_uuid", "="),
            ("resource_uuid", "<>"),
            (text('tstzrange("start", "end")'), "&&"),
            name=NO_OVERLAP,
            using="gist",
            where=text("live"),
        ),
        Index("ix_slot_resource_uuid_start", "resource_uuid", "start"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    resource_uuid: Mapped[UUID]
    offering_uuid: Mapped[UUID]
    live: Mapped[bool]
    start: Mapped[datetime]
    end: Mapped[datetime]
    backend_id: Mapped[str] = mapped_column(String(255))

"""What happened to bookings; rows are only ever added."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, enum_type, refers_to
from app.models.enums import ResourceState


class History(Identified, Base):
    """One change of a booking's state. Without a user, the service itself made the change."""

    __tablename__ = "history"
    __table_args__ = (Index("ix_history_resource_uuid_created", "resource_uuid", "created", "uuid"),)

    resource_uuid: Mapped[UUID] = mapped_column(refers_to("resource.uuid"))
    order_uuid: Mapped[UUID | None] = mapped_column(refers_to("order.uuid"))
    user_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    from_state: Mapped[ResourceState] = mapped_column(enum_type(ResourceState, "resource_state"))
    to_state: Mapped[ResourceState] = mapped_column(enum_type(ResourceState, "resource_state"))
    comment: Mapped[str | None]

"""Where a booked thing is reached."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, owned_by


class ResourceEndpoint(Identified, Base):
    """A named address of a booked thing; `position` keeps the order in which they were given."""

    __tablename__ = "resource_endpoint"

    resource_uuid: Mapped[UUID] = mapped_column(owned_by("resource.uuid"), index=True)
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    name: Mapped[str]
    url: Mapped[str]

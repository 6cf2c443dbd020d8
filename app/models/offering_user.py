"""Accounts of users at offerings."""

from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, owned_by


class OfferingUser(Identified, Base):
    """The name by which an offering knows a user; shown as `username` of a booking to that user."""

    __tablename__ = "offering_user"
    __table_args__ = (UniqueConstraint("offering_uuid", "user_uuid"),)

    offering_uuid: Mapped[UUID] = mapped_column(owned_by("offering.uuid"))
    user_uuid: Mapped[UUID] = mapped_column(owned_by("user.uuid"), index=True)
    username: Mapped[str | None]

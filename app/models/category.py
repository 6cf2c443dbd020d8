"""Kinds of offerings."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Dated, Identified, refers_to


class Category(Identified, Dated, Base):
    """A kind of offering, such as instruments or rooms."""

    __tablename__ = "category"

    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    icon_uuid: Mapped[UUID | None] = mapped_column(refers_to("media_file.uuid"))
